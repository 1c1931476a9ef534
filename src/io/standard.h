/* SPDX-License-Identifier: MIT */
/* standard.h - whether a stream is one of the three that are always there. */
#ifndef LEAT_IO_STANDARD_INSIDE_H
#define LEAT_IO_STANDARD_INSIDE_H

#include <leat/io/standard.h>

bool io_is_standard(const leat_io *io);

#endif
