/* SPDX-License-Identifier: MIT */
/*
 * limit.h - waits that can end early: because a context is over, or at a time.
 *
 * To wait on a queue of your own with a limit:
 *
 *     limit_begin(g);                      before a waker can find you
 *     (enqueue a waiter that has to be won, under the object's lock: waiter.selecting = true)
 *     err = limit_park(g, reason, object, &limit);
 *     if (err)
 *         (nobody has won you: take the waiter off the queue, under the object's lock)
 *
 * PROTOCOL  A waker, the canceller and the timer compete for g->u.wait.fired; one wins and makes
 *   g ready, the others leave it alone (waiter.h, W3). So a wake-up is either received (0) or was
 *   never sent to this waiter: a waker that loses goes on to the next one. limit_park returns
 *   when neither the canceller nor the timer will touch anything of this frame again. It does
 *   not touch a context that has woken it: that may be gone.
 * ORDERING  An error from a context comes after what its canceller did before. A time orders
 *   nothing. What a waker orders is the object's business, as without a limit.
 */
#ifndef LEAT_PARK_LIMIT_H
#define LEAT_PARK_LIMIT_H

#include <errno.h>
#include <stdint.h>

#include "arch/sanitize.h"
#include "park/cancel.h"
#include "sched/sched.h"

struct limit {
    struct cancel *cancel; /* NULL: none */
    int64_t deadline;      /* as sched_now; INT64_MAX: none */
    struct cancel *also;   /* as well; NULL, unless there is a first one */
};

/* What a winner of g->u.wait.fired leaves there: a waker 1 + its index, others an error. */
#define LIMIT_FIRED UINT32_C(0x80000000)

static inline struct limit limit_none(void)
{
    return (struct limit){.deadline = INT64_MAX};
}

static inline struct limit limit_until(int64_t deadline)
{
    return (struct limit){.deadline = deadline};
}

/* Every context begins with a pointer to what it is cancelled by, NULL: nothing. */
static inline struct limit limit_ctx(leat_ctx *ctx)
{
    return (struct limit){.cancel = ctx ? *(struct cancel **)(void *)ctx : NULL,
                          .deadline = INT64_MAX};
}

/* Whichever is over first. For one that has not got two. */
static inline void limit_add(struct limit *l, struct cancel *c)
{
    *(l->cancel ? &l->also : &l->cancel) = c;
}

static inline struct limit limit_both(leat_ctx *ctx, leat_ctx *other)
{
    struct limit l = limit_ctx(ctx);

    limit_add(&l, limit_ctx(other).cancel);
    return l;
}

static inline bool limit_is_none(const struct limit *l)
{
    return !l->cancel && l->deadline == INT64_MAX;
}

/* Is it over now? 0, -ECANCELED or -ETIMEDOUT. */
static inline int limit_over(const struct limit *l)
{
    int err = l->cancel ? cancel_err(l->cancel) : 0;

    if (!err && l->also)
        err = cancel_err(l->also);
    if (!err && l->deadline != INT64_MAX && sched_now() >= l->deadline)
        err = -ETIMEDOUT;
    return err;
}

static inline void limit_begin(struct g *g)
{
    san_reset(&g->u.wait.edge);
    store_relaxed(&g->u.wait.fired, 0);
    store_relaxed(&g->status, G_WAITING);
}

int limit_park_limited(struct g *g, enum wait_reason why, void *object, const struct limit *l);

/* 0: a waker has won, and left 1 + an index in g->u.wait.fired. Else the error. */
static inline int limit_park(struct g *g, enum wait_reason why, void *object,
                             const struct limit *l)
{
    if (!limit_is_none(l))
        return limit_park_limited(g, why, object, l);
    sched_park(g, why, object);
    return 0;
}

#endif
