/* SPDX-License-Identifier: MIT */
/* file.h - streams whose descriptor a child process or sendfile may be given as it is. */
#ifndef LEAT_IO_FILE_INSIDE_H
#define LEAT_IO_FILE_INSIDE_H

#include <leat/io/file.h>

bool io_is_file(const leat_io *io);
/* Hold a file's descriptor open and its place, as a read does: the descriptor, or why not. */
int file_hold(leat_io *io, const leat_limit *limit);
void file_release(leat_io *io);

#endif
