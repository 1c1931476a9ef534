/* SPDX-License-Identifier: MIT */
/* after.h - points of time relative to now. */
#ifndef LEAT_TIME_AFTER_H
#define LEAT_TIME_AFTER_H

#include <stdint.h>

#include "sched/sched.h"

/* The time `d` from now; a sum that does not fit is the end of time. */
static inline int64_t time_after(int64_t d)
{
    int64_t now = sched_now();

    return d > INT64_MAX - 1 - now ? INT64_MAX - 1 : now + d;
}

#endif
