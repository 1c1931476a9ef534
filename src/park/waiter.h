/* SPDX-License-Identifier: MIT */
/*
 * waiter.h - one goroutine's (or thread's) place in one queue.
 *
 * PICTURE   queue: first -> w <-> w <-> w <- last      w.g is who waits, w on its stack
 *
 * INVARIANTS
 *   W1  a waiter is on at most one queue; the queue's lock guards its links.
 *   W2  whoever takes a waiter off its queue to wake it, and wins it, calls sched_ready(w->g)
 *       exactly once and touches neither w nor the object afterwards: w lives on the stack of
 *       the one that wakes, and the object may be freed by it.
 *   W3  a waiter that is one of several (select) is won by moving g->u.wait.fired from 0 to 1.
 *       A loser is skipped; its owner takes it off the queue itself.
 *   W4  waiters of one select on the same channel are twins, in a ring. Who wins one takes the
 *       others off their queues under the same lock, because their owner may not come back to
 *       that channel: W2.
 */
#ifndef LEAT_PARK_WAITER_H
#define LEAT_PARK_WAITER_H

#include "sched/sched.h"

struct waiter {
    struct waiter *next, *prev;
    struct waiter *twin; /* W4: the next of the ring; NULL: it is the only one */
    struct g *g;
    void *elem; /* what to send, or where to receive; NULL discards */
    uint32_t elem_size;
    uint16_t index; /* which case of a select */
    bool selecting; /* one of several */
    bool sends;     /* of a select: which of the channel's queues it stands in */
    bool queued;    /* is on a queue; its lock */
    bool ok;        /* set by the waker: a value was passed (false: closed) */
};

struct waitq {
    struct waiter *first, *last;
};

static inline void waitq_push(struct waitq *q, struct waiter *w)
{
    w->next = NULL;
    w->prev = q->last;
    if (q->last)
        q->last->next = w;
    else
        q->first = w;
    q->last = w;
    w->queued = true;
}

static inline void waitq_remove(struct waitq *q, struct waiter *w)
{
    if (!w->queued)
        return;
    if (w->prev)
        w->prev->next = w->next;
    else
        q->first = w->next;
    if (w->next)
        w->next->prev = w->prev;
    else
        q->last = w->prev;
    w->queued = false;
}

/* Win the waiter for waking; `winner` is noted for a select. */
static inline bool waiter_win(struct waiter *w)
{
    uint32_t none = 0;

    return !w->selecting || cas(&w->g->u.wait.fired, &none, 1 + (uint32_t)w->index);
}

/* Take the first waiter that can be won. */
static inline struct waiter *waitq_pop(struct waitq *q)
{
    struct waiter *w;

    while ((w = q->first)) {
        waitq_remove(q, w);
        if (waiter_win(w))
            return w;
    }
    return NULL;
}

#endif
