/* SPDX-License-Identifier: MIT */
/* clock.h - the monotonic clock in nanoseconds; the policy seam (sched/policy.h) may replace it. */
#ifndef LEAT_OS_CLOCK_H
#define LEAT_OS_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_read(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static inline int64_t os_now(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

/* A few milliseconds coarse and four times cheaper. */
static inline int64_t os_now_coarse(void)
{
    return clock_read(CLOCK_MONOTONIC_COARSE);
}

#endif
