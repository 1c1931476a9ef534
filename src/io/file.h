/* SPDX-License-Identifier: MIT */
/* file.h - streams whose descriptor a child process or sendfile may be given as it is. */
#ifndef LEAT_IO_FILE_INSIDE_H
#define LEAT_IO_FILE_INSIDE_H

#include <leat/io/file.h>

bool io_is_file(const leat_io *io);

#endif
