/* SPDX-License-Identifier: MIT */
/*
 * source.h - where goroutines become ready from outside: timers, and the kernel's descriptors.
 *
 * The scheduler knows no timer and no socket. A source tells it, per proc, when it next wants to
 * run, and runs when that time has come, on any thread that holds a proc. It readies goroutines
 * by sched_ready. `due` is read without locks by thieves, sysmon and sleepers, so it is one
 * atomic word in the proc (struct p, next_due).
 *
 * The poller tells what the kernel has to say of descriptors. Asking it and handing out what it
 * said are two steps, so that a sleeping thread can get itself a proc in between.
 */
#ifndef LEAT_SCHED_SOURCE_H
#define LEAT_SCHED_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "os/poller.h"

struct g;
struct p;

struct leat__source {
    bool (*run)(struct p *p, int64_t now); /* what of proc p is due first, at `now` or earlier;
                                              false: nothing is */
    void (*proc_init)(struct p *p);        /* a new proc exists */
    const char *(*check)(struct p *p);     /* its invariants; NULL when they hold */
};

/* The timers' source; registered by the time room before the first proc is made. */
extern const struct leat__source *leat__timer_source;

struct leat__poller {
    void (*wait)(struct poller_news *events, int64_t until); /* 0: do not sleep */
    void (*interrupt)(void);                                 /* whoever sleeps there returns */
    struct g *(*ready)(const struct poller_news *events);    /* goroutines to make ready, linked
                                                                by `next`, in order */
    bool (*awaited)(void); /* does anybody wait for a descriptor? */
};

/* Atomic; NULL until there is a descriptor for the first time. */
extern const struct leat__poller *leat__poller;

#endif
