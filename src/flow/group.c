/* SPDX-License-Identifier: MIT */
/*
 * group.c - goroutines that work on one thing: Go's errgroup, and a scope.
 *
 * PICTURE   group: [ wait group | first error | context | slots, a semaphore ]
 *              ^ every goroutine of it tells its result here, as its last act
 *
 * A group is a wait group that hears results. The result needs no wrapper around the user's
 * function: the goroutine's entry hands it to the joiner (sched.h), which is the group itself.
 *
 * INVARIANTS
 *   Q1  A goroutine of a limited group holds one slot from before its start to after its end.
 *   Q2  The error is set once, before the context is cancelled: who sees the one finds the other.
 *   Q3  The wait group is told last: after that the group may be gone.
 *
 * A CAPTURE DOES NOT SURVIVE A WAIT  The captured arguments lie in the thread's spare record,
 *   and while this goroutine waits for a slot others capture there, or it continues on another
 *   thread. So a call that has to wait takes the arguments with it and puts them into the spare
 *   record of the thread it wakes on. They are evaluated before the wait, as Go's are.
 *
 * ERRORS  are negative results; what else a function returns is no error. A panic is not
 *   propagated: it ends the process in the goroutine that has it, with that one's stack, which is
 *   what Go returned to after a year of doing otherwise.
 *
 * PROOF tests/golike/errgroup_test.c
 */
#include "flow/group.h"

#include <leat/context.h>

#include "base/fatal.h"
#include "flow/semaphore.h"
#include "sched/sched.h"

_Static_assert(offsetof(leat_group, leat__ended) == offsetof(struct joiner, ended) &&
                   sizeof(void *) == sizeof(((struct joiner *)0)->ended),
               "a group is a joiner");

void group_fail(leat_group *g, int err)
{
    int none = 0;

    if (cas(&g->leat__err, &none, err) && g->leat__ctx)
        leat_ctx_cancel_cause(g->leat__ctx, err, leat_strerror(err));
}

static void group_task_ended(struct joiner *j, int result)
{
    leat_group *g = (leat_group *)(void *)j;

    if (result < 0 && result != SCHED_EXITED)
        group_fail(g, result);
    if (g->leat__limited)
        leat_semaphore_release(&g->leat__slots, 1);
    fetch_sub(&g->leat__active, 1);
    leat_waitgroup_done(&g->leat__work);
}

static void group_start(void (*fn)(void), const leat_site *site, leat_group *g, void *spawner)
{
    struct joiner *j = (struct joiner *)(void *)g;

    store_relaxed(&j->ended, group_task_ended);
    fetch_add(&g->leat__active, 1);
    leat_waitgroup_add(&g->leat__work, 1);
    sched_start(sched_spawn_held(fn, site, j, spawner));
    sched_poll(m_self());
}

static int group_slot(leat_group *g, const struct limit *limit)
{
    if (!g->leat__limited)
        return limit_over(limit);
    return semaphore_acquire_captured(&g->leat__slots, limit);
}

void leat__group_commit(void (*fn)(void), const leat_site *site, leat_group *g)
{
    struct limit limit = limit_none();

    group_slot(g, &limit);
    group_start(fn, site, g, __builtin_return_address(0));
}

int leat__group_commit_ctx(void (*fn)(void), const leat_site *site, leat_group *g,
                           leat_ctx *ctx)
{
    struct limit limit = limit_ctx(ctx);
    int err = group_slot(g, &limit);

    if (!err)
        group_start(fn, site, g, __builtin_return_address(0));
    return err;
}

int leat__group_commit_try(void (*fn)(void), const leat_site *site, leat_group *g)
{
    if (g->leat__limited && !leat_semaphore_try_acquire(&g->leat__slots, 1))
        return -EAGAIN;
    group_start(fn, site, g, __builtin_return_address(0));
    return 0;
}

leat_ctx *leat_group_with_ctx(leat_group *g, leat_ctx *parent)
{
    g->leat__ctx = leat_ctx_with_cancel(parent);
    return g->leat__ctx;
}

leat_ctx *leat_group_ctx(const leat_group *g)
{
    return g->leat__ctx;
}

void leat_group_set_limit(leat_group *g, int n)
{
    int active = load_seq(&g->leat__active);

    if (active)
        leat__panic("errgroup: modify limit while %d goroutines in the group are still active",
                    active);
    g->leat__limited = n >= 0;
    leat_semaphore_init(&g->leat__slots, n < 0 ? 0 : n);
}

/* All have ended, or the wait for it was given up with an error. */
static int group_waited(leat_group *g, int err)
{
    if (err)
        return err;
    if (g->leat__ctx)
        leat_ctx_cancel(g->leat__ctx);
    return leat_group_err(g);
}

int leat_group_wait(leat_group *g)
{
    leat_waitgroup_wait(&g->leat__work);
    return group_waited(g, 0);
}

int leat_group_wait_ctx(leat_ctx *ctx, leat_group *g)
{
    return group_waited(g, leat_waitgroup_wait_ctx(ctx, &g->leat__work));
}

int leat_group_wait_until(leat_group *g, leat_duration deadline)
{
    return group_waited(g, leat_waitgroup_wait_until(&g->leat__work, deadline));
}

int leat_group_err(const leat_group *g)
{
    return load_relaxed(&g->leat__err);
}

leat_group *leat__group_scope(leat_group *g, leat_ctx *parent)
{
    leat_group_with_ctx(g, parent);
    return g;
}

void leat__group_scope_end(void *arg)
{
    leat_group *g = arg;

    leat_group_wait(g);
    leat_ctx_free(g->leat__ctx);
}
