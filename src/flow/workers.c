/* SPDX-License-Identifier: MIT */
/*
 * workers.c - a pool: tasks for a bounded number of goroutines, with a backlog.
 *
 * PICTURE   submit --room--> [ held, held, held ] --when running < limit--> goroutines
 *
 * A worker that fetches tasks from a queue is what a scheduler already has. Here a task is a
 * goroutine from the start, captured and counted but not made ready: a record of 256 bytes and
 * no stack. Whoever ends makes the next one ready. So a task keeps its place of creation in
 * dumps, and a stack that one leaves is the one the next begins on.
 *
 * INVARIANTS (workers_check)
 *   K1  running <= limit unless the limit was lowered; held tasks only while running >= limit.
 *   K2  room counts running and held tasks: its size is limit + backlog.
 *   K3  The wait group is told last: after that the pool may be gone.
 *
 * EVERY ACCEPTED TASK RUNS, in the order of acceptance, also when the context is over: a C++
 *   task owns what it captured, and one that is dropped silently surprises in C as well.
 *
 * REJECTED  Threads of work that live as long as the pool: a limit that falls has to find and
 *   stop one, one that rises has to start one, and each costs a stack while it has no task.
 *
 * PROOF tests/api/pattern_workers_test.c
 */
#include <leat/pattern/workers.h>

#include <leat/context.h>

#include "flow/semaphore.h"
#include "flow/workers.h"
#include "os/mem.h"
#include "sched/sched.h"

struct leat_workers {
    struct joiner joiner;
    leat_workers_opts opts;
    leat_ctx *ctx;
    leat_waitgroup work;
    leat_semaphore room;
    spinlock lock;
    int limit;       /* lock */
    int running;     /* lock */
    int64_t waiting; /* lock: length of the list */
    struct g *first; /* lock: held tasks, oldest first */
    struct g *last;  /* lock */
    int err;         /* atomic: the first since the last drain */
};

static inline void pool_lock(leat_workers *w)
{
    spin_lock(&w->lock, LEAT__RANK_LEAF);
}

static inline void pool_unlock(leat_workers *w)
{
    spin_unlock(&w->lock, LEAT__RANK_LEAF);
}

/* Lock held: the tasks whose turn it is, as a chain. */
static struct g *pool_due(leat_workers *w)
{
    struct g *chain = w->first, *end = NULL;

    while (w->first && w->running < w->limit) {
        end = w->first;
        w->first = end->next;
        w->running++;
        w->waiting--;
    }
    if (!end)
        return NULL;
    end->next = NULL;
    return chain;
}

static void pool_start(struct g *g)
{
    while (g) {
        struct g *next = g->next;
        sched_start(g);
        g = next;
    }
}

static void pool_error(leat_workers *w, int err)
{
    int none = 0;

    if (cas(&w->err, &none, err) && w->opts.on_error == LEAT_WORKERS_STOP)
        leat_ctx_cancel_cause(w->ctx, err, leat_strerror(err));
    if (w->opts.report)
        w->opts.report(err, w->opts.report_arg);
}

static void pool_task_ended(struct joiner *j, int result)
{
    leat_workers *w = container_of(j, leat_workers, joiner);

    if (result < 0 && result != SCHED_EXITED)
        pool_error(w, result);
    pool_lock(w);
    w->running--;
    struct g *due = pool_due(w);
    pool_unlock(w);
    pool_start(due);
    leat_semaphore_release(&w->room, 1);
    leat_waitgroup_done(&w->work);
}

static void pool_accept(leat_workers *w, struct g *g)
{
    leat_waitgroup_add(&w->work, 1);
    g->next = NULL;
    pool_lock(w);
    if (w->first)
        w->last->next = g;
    else
        w->first = g;
    w->last = g;
    w->waiting++;
    struct g *due = pool_due(w);
    pool_unlock(w);
    pool_start(due);
    sched_poll(m_self());
}

static int pool_submit(void (*fn)(void), const leat_site *site, leat_workers *w,
                       const struct limit *limit, void *spawner)
{
    int err = semaphore_acquire_captured(&w->room, limit);

    if (!err)
        pool_accept(w, sched_spawn_held(fn, site, &w->joiner, spawner));
    return err;
}

int leat__workers_commit(void (*fn)(void), const leat_site *site, leat_workers *w)
{
    struct limit limit = limit_ctx(w->ctx);

    return pool_submit(fn, site, w, &limit, __builtin_return_address(0));
}

int leat__workers_commit_ctx(void (*fn)(void), const leat_site *site, leat_workers *w,
                             leat_ctx *ctx)
{
    struct limit limit = limit_both(ctx, w->ctx);

    return pool_submit(fn, site, w, &limit, __builtin_return_address(0));
}

int leat__workers_commit_try(void (*fn)(void), const leat_site *site, leat_workers *w)
{
    int err = leat_ctx_err(w->ctx);

    if (err)
        return err;
    if (!leat_semaphore_try_acquire(&w->room, 1))
        return -EBUSY;
    pool_accept(w, sched_spawn_held(fn, site, &w->joiner, __builtin_return_address(0)));
    return 0;
}

leat_workers *leat_workers_make(const leat_workers_opts *opts)
{
    leat_workers *w = leat__need(leat__alloc(sizeof(*w)), "a pool of workers");

    if (opts)
        w->opts = *opts;
    w->joiner.ended = pool_task_ended;
    w->ctx = leat_ctx_with_cancel(w->opts.parent);
    w->limit = w->opts.workers > 0 ? w->opts.workers : leat_procs(0);
    leat_semaphore_init(&w->room, w->limit + w->opts.backlog);
    return w;
}

int leat_workers_drain(leat_workers *w)
{
    leat_waitgroup_wait(&w->work);
    return exchange(&w->err, 0);
}

int leat_workers_drain_ctx(leat_ctx *ctx, leat_workers *w)
{
    int err = leat_waitgroup_wait_ctx(ctx, &w->work);

    return err ? err : leat_workers_drain(w);
}

int leat_workers_drain_until(leat_workers *w, leat_duration deadline)
{
    int err = leat_waitgroup_wait_until(&w->work, deadline);

    return err ? err : leat_workers_drain(w);
}

void leat_workers_free(leat_workers *w)
{
    if (!w)
        return;
    leat_workers_drain(w);
    leat_ctx_free(w->ctx);
    leat__free(w);
}

void leat_workers_resize(leat_workers *w, int n)
{
    pool_lock(w);
    w->limit = n > 0 ? n : 0;
    struct g *due = pool_due(w);
    pool_unlock(w);
    leat_semaphore_resize(&w->room, (n > 0 ? n : 0) + w->opts.backlog);
    pool_start(due);
}

leat_ctx *leat_workers_ctx(leat_workers *w)
{
    return w->ctx;
}

int leat_workers_running(leat_workers *w)
{
    pool_lock(w);
    int n = w->running;
    pool_unlock(w);
    return n;
}

int64_t leat_workers_waiting(leat_workers *w)
{
    pool_lock(w);
    int64_t n = w->waiting;
    pool_unlock(w);
    return n;
}

const char *workers_check(leat_workers *w)
{
    const char *bad = NULL;

    pool_lock(w);
    int64_t n = 0;
    for (const struct g *g = w->first; g; g = g->next)
        n++;
    if (n != w->waiting)
        bad = "a pool miscounts its backlog";
    if (n > 0 && w->running < w->limit)
        bad = "a task of a pool waits though its turn has come";
    pool_unlock(w);
    return bad;
}
