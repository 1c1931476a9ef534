/* SPDX-License-Identifier: MIT */
/* copying.h - a copy of one stream into another, for those who ask which side has failed. */
#ifndef LEAT_IO_COPYING_H
#define LEAT_IO_COPYING_H

#include <leat/io/copy.h>

struct copying {
    leat_io *to, *from;
    int64_t left; /* INT64_MAX: all there is */
    int64_t done; /* written */
    const leat_limit *limit;
    bool writing; /* an error is the writing side's */
};

int64_t copy_run(struct copying *c); /* what was written, or -errno */

#endif
