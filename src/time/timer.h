/* SPDX-License-Identifier: MIT */
/*
 * timer.h - something to do at a time: the runtime's timers.
 *
 * The caller owns the memory. The function runs on a thread that holds a proc, in the scheduler:
 * it must be short and must not block. A `detached` timer is over before its function is called
 * and may vanish inside it; any other must be stopped, or seen to have fired, before its memory
 * goes: timer_stop waits for a function that is just running.
 */
#ifndef LEAT_TIME_TIMER_H
#define LEAT_TIME_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct p;
struct m;

enum timer_state {
    TIMER_IDLE,
    TIMER_ARMED,
    TIMER_FIRING,
};

struct timer {
    int64_t when; /* heap's lock */
    void (*fn)(void *arg);
    void *arg;
    struct p *p;    /* whose heap */
    uint32_t index; /* heap's lock: place in the heap */
    uint32_t state; /* atomic: enum timer_state; heap's lock to leave ARMED */
    bool detached;
};

void timer_start(struct m *m, struct timer *t, int64_t when, void (*fn)(void *), void *arg);
/* False: it has fired (and its function has returned) or was not armed. */
bool timer_stop(struct timer *t);

#endif
