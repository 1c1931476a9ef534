/* SPDX-License-Identifier: MIT */
/*
 * timer.h - something to do at a time: the runtime's timers.
 *
 * The caller owns the memory. The function runs on a thread that holds a proc, in the scheduler:
 * it must be short and must not block; it may arm its timer again. A `detached` timer is over
 * before its function is called and may vanish inside it; any other must be stopped, or seen to
 * have fired, before its memory goes: timer_stop waits for a function that is just running.
 *
 * Calls that arm one timer must not meet each other: its owner's lock, if it has several users,
 * keeps them apart. The function, and those that only disarm, may come at any time.
 */
#ifndef LEAT_TIME_TIMER_H
#define LEAT_TIME_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct p;
struct m;

enum {
    TIMER_IDLE = 0,
    TIMER_ARMED = 1,  /* it is in a heap */
    TIMER_FIRING = 2, /* added once for each thread that took it out and is not back from fn */
};

struct timer {
    int64_t when; /* heap's lock */
    void (*fn)(void *arg);
    void *arg;
    struct p *p;    /* atomic: in whose heap it is, or was last */
    uint32_t index; /* heap's lock: place in the heap */
    uint32_t state; /* atomic; the heap's lock to change TIMER_ARMED */
    bool detached;
};

void timer_start(struct m *m, struct timer *t, int64_t when, void (*fn)(void *), void *arg);
/* False: it has fired (and its function has returned) or was not armed. Not from fn itself. */
bool timer_stop(struct timer *t);

/* The parts, for callers that hold a lock which fn takes: nothing here waits. What timer_arm and
 * timer_move return goes to timer_announce once that lock is dropped. */
struct p *timer_arm(struct m *m, struct timer *t, int64_t when); /* fn and arg are set */
struct p *timer_move(struct m *m, struct timer *t, int64_t when, bool *was_armed);
bool timer_disarm(struct timer *t); /* its function may still be about to run */
void timer_announce(struct p *p);

#endif
