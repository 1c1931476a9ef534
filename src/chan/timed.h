/* SPDX-License-Identifier: MIT */
/* timed.h - what a leat_timer and a leat_ticker are. The essays: timed.c, after_func.c. */
#ifndef LEAT_CHAN_TIMED_H
#define LEAT_CHAN_TIMED_H

#include <leat/time.h>

#include "chan/chan.h"
#include "time/timer.h"

/* Attached to its channel; of a timer that calls a function, the head of struct after_func. */
struct leat_timer {
    struct timer alarm;
    leat_chan_base *chan; /* NULL: it calls a function */
    int64_t when;         /* chan's lock, atomic to read: when it strikes; INT64_MAX: never */
    int64_t period;       /* chan's lock; 0: it strikes once */
};

/* A ticker is a timer with a period; two types keep their users from mixing them up. */
struct leat_ticker {
    struct leat_timer timer;
};

bool after_func_stop(leat_timer *t);
bool after_func_reset(leat_timer *t, int64_t when);
void after_func_free(leat_timer *t);

const char *timed_check(leat_timer *t);

#endif
