/* SPDX-License-Identifier: MIT */
/*
 * source.h - where goroutines become ready from outside: timers now, sockets later.
 *
 * The scheduler knows no timer and no socket. A source tells it, per proc, when it next wants to
 * run, and runs when that time has come, on any thread that holds a proc. It readies goroutines
 * by sched_ready. `due` is read without locks by thieves, sysmon and sleepers, so it is one
 * atomic word in the proc (struct p, next_due).
 */
#ifndef LEAT_SCHED_SOURCE_H
#define LEAT_SCHED_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct p;

struct leat__source {
    bool (*run)(struct p *p, int64_t now); /* what of proc p is due first, at `now` or earlier;
                                              false: nothing is */
    void (*proc_init)(struct p *p);        /* a new proc exists */
    const char *(*check)(struct p *p);     /* its invariants; NULL when they hold */
};

/* The timers' source; registered by the time room before the first proc is made. */
extern const struct leat__source *leat__timer_source;

#endif
