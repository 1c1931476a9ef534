/* SPDX-License-Identifier: MIT */
/* limit.c - see limit.h. */
#include "park/limit.h"

#include "time/timer.h"

struct limited {
    struct g *g;
    struct watch watch;
    bool watched;
};

/* Claim g's wake-up for an error; false: a waker has it. */
static bool win_early(struct g *g, int err)
{
    uint32_t none = 0;

    return cas(&g->u.wait.fired, &none, LIMIT_FIRED | (uint32_t)-err);
}

static void limit_cancelled(struct watch *w, int err)
{
    struct g *g = container_of(w, struct limited, watch)->g;
    bool won = win_early(g, err);

    if (won)
        san_release(&g->u.wait.edge);
    watch_let_go(w);
    if (won)
        sched_ready(g);
}

static void limit_timed_out(void *arg)
{
    struct g *g = arg;

    if (win_early(g, -ETIMEDOUT))
        sched_ready(g);
}

static void park_until(struct g *g, enum wait_reason why, void *object, int64_t deadline)
{
    struct timer t = {.state = TIMER_IDLE};

    timer_start(m_self(), &t, deadline, limit_timed_out, g);
    sched_park(g, why, object);
    timer_stop(&t);
}

/* A foreign thread waits for its time itself. */
static void thread_park_until(struct g *g, enum wait_reason why, void *object, int64_t deadline)
{
    g->u.wait.object = object;
    store_relaxed(&g->u.wait.reason, why);
    if (!sched_thread_park(g, deadline) && !win_early(g, -ETIMEDOUT))
        sched_thread_park(g, INT64_MAX); /* won at the last moment: the wake is coming */
}

static void park_with(struct g *g, enum wait_reason why, void *object, int64_t deadline)
{
    if (deadline == INT64_MAX)
        sched_park(g, why, object);
    else if (g->flags & G_FOREIGN)
        thread_park_until(g, why, object, deadline);
    else
        park_until(g, why, object, deadline);
}

/* False: it is over already, and has ended the wait: nobody will wake us, nor has to. */
static bool watch_begin(struct limited *me, struct g *g, struct cancel *c)
{
    *me = (struct limited){.g = g, .watch = {.fire = limit_cancelled}};
    me->watched = c && cancel_watch(c, &me->watch);
    return !c || me->watched || !win_early(g, cancel_err(c));
}

static void watch_end(struct limited *me, struct cancel *c)
{
    if (me->watched)
        cancel_unwatch(c, &me->watch);
}

int limit_park_limited(struct g *g, enum wait_reason why, void *object, const struct limit *l)
{
    struct limited first, second;
    bool waits = watch_begin(&first, g, l->cancel);

    if (!watch_begin(&second, g, l->also))
        waits = false;
    if (waits)
        park_with(g, why, object, l->deadline);
    else
        store_relaxed(&g->status, G_RUNNING);
    watch_end(&first, l->cancel);
    watch_end(&second, l->also);
    uint32_t fired = load_acquire(&g->u.wait.fired);
    if (!(fired & LIMIT_FIRED))
        return 0;
    san_acquire(&g->u.wait.edge);
    return -(int)(fired & ~LIMIT_FIRED);
}
