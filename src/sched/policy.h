/* SPDX-License-Identifier: MIT */
/*
 * policy.h - every free choice of the scheduler, replaceable by tests and the explorer.
 *
 * NULL means the built-in choice. `choose` picks one of n (a victim, a ready select case);
 * `preempt` is asked at the end of leat calls whether to yield there; `clock` is leat_now's and
 * the timers' clock. They run inside the scheduler: no blocking, no leat calls.
 */
#ifndef LEAT_SCHED_POLICY_H
#define LEAT_SCHED_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/util.h"

struct leat__policy {
    uint32_t (*choose)(uint32_t n);
    bool (*preempt)(void);
    int64_t (*clock)(void);
};

extern struct leat__policy leat__policy LEAT__OURS;

#endif
