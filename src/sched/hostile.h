/* SPDX-License-Identifier: MIT */
/*
 * hostile.h - the schedule of the hostile build: what is only likely to work shall fail there.
 *
 * WAKE-UPS  Whoever is woken goes to the global queue, and a thread does not take from there
 *   what has parked on it: after every wake-up a goroutine continues on another thread, so an
 *   address of a thread-local variable kept across a call is wrong at once. A thread that is
 *   offered nothing else gives in after HOSTILE_REFUSALS looks, because the others may be stuck
 *   in C code; with one proc it takes what there is. What is new starts anywhere, half of it from
 *   the `next` slot, which wake-ups do not use.
 * YIELDS  One leat call of eight yields before it returns, if no test decides that
 *   (policy.h, preempt).
 * WINDOWS  Where one thread has done the first half of what the other threads must see whole (a
 *   goroutine is on its queue and nobody woken, a proc given back and the queues not yet looked
 *   at), it is held up once in a while, as a busy machine would: hostile_window.
 *
 * Every other function is called under `if (LEAT__HOSTILE && ...)`: other builds have none of it.
 *
 * PROOF  hostile_test.c.
 */
#ifndef LEAT_SCHED_HOSTILE_H
#define LEAT_SCHED_HOSTILE_H

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/rand.h"
#include "sched/sched.h"

enum {
    HOSTILE_REFUSALS = 128, /* in less, a busy machine does not get round to another thread */
    HOSTILE_LOOK_AT = 16,   /* from the head of the global queue */
    HOSTILE_YIELDS = 8,     /* calls for one yield */
    HOSTILE_WINDOWS = 128,  /* for one that stays open */
    HOSTILE_OPEN_NS = 50000,
};

static inline void hostile_window(void)
{
    static uint64_t passed; /* atomic */

    if (!LEAT__HOSTILE)
        return;
    uint64_t state = (fetch_add(&passed, 1) + 1) * UINT64_C(0x9e3779b97f4a7c15);
    if (rand_below(&state, HOSTILE_WINDOWS) == 0)
        syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &(struct timespec){0, HOSTILE_OPEN_NS},
                NULL); /* never parks */
}

static inline bool hostile_yields(struct m *m)
{
    return rand_below(&m->random, HOSTILE_YIELDS) == 0;
}

static inline bool hostile_has_run(const struct g *g)
{
    return g && g->stack;
}

/* Shall g, just made ready, go through the global queue? */
static inline bool hostile_goes_global(struct m *m, const struct g *g)
{
    return hostile_has_run(g) || rand_below(&m->random, 2) == 0;
}

static inline bool hostile_stays(const struct g *g, const struct m *m)
{
    return g->stack && !g->home && load_relaxed(&g->u.wait.left) == m;
}

/* Lock held, the global queue is not empty: one of it for the thread that holds p, or NULL. */
static inline struct g *hostile_take(struct p *p)
{
    struct g *before = NULL, *g = sched.global_head;

    if (sched.limit > 1 && hostile_stays(g, p->m) && p->refused++ < HOSTILE_REFUSALS) {
        for (int i = 0; g && i < HOSTILE_LOOK_AT && hostile_stays(g, p->m); i++) {
            before = g;
            g = g->next;
        }
        if (!g || hostile_stays(g, p->m))
            return NULL;
    } else {
        p->refused = 0;
    }
    if (before)
        before->next = g->next;
    else
        sched.global_head = g->next;
    if (!g->next)
        sched.global_tail = before;
    store_relaxed(&sched.nglobal, sched.nglobal - 1);
    return g;
}

#endif
