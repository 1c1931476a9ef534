/* SPDX-License-Identifier: MIT */
/*
 * leat/pattern/workers.h - a pool: tasks for a bounded number of goroutines, with a backlog.
 *
 *     leat_workers *pool = leat_workers_make(&(leat_workers_opts){.workers = 4, .backlog = 100});
 *     for (int i = 0; i < n; i++)
 *         leat_workers_submit(pool, resize_image, paths[i], 800);
 *     int err = leat_workers_drain(pool);
 *     leat_workers_free(pool);
 *
 * A task is a call, captured as leat_go does it; each runs in a goroutine of its own when its
 * turn comes, in the order of submission. A task that waits its turn has no stack yet.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_PATTERN_WORKERS_H
#define LEAT_PATTERN_WORKERS_H

#include <leat/base.h>
#include <leat/group.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A pool of workers; leat_workers_make makes one. */
typedef struct leat_workers leat_workers;

/** What the first error of a task does. */
enum leat_workers_policy {
    LEAT_WORKERS_GO_ON, /* nothing: leat_workers_drain tells it */
    LEAT_WORKERS_STOP,  /* ends the pool's context: nothing more is accepted */
};

/** How a pool is made; zero means the default. */
typedef struct leat_workers_opts {
    int workers;                        /* tasks at once; 0: as many as leat_procs(0) */
    int64_t backlog;                    /* tasks that may wait; 0: none, submit waits */
    leat_ctx *parent;                   /* of the pool's context; NULL: the background */
    enum leat_workers_policy on_error;  /* what an error does */
    void (*report)(int err, void *arg); /* called with each error, by its goroutine */
    void *report_arg;
} leat_workers_opts;

/**
 * Make a pool of workers.
 *
 * Go         none; a channel of tasks and some goroutines, or ants.NewPool
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the pool is the caller's: leat_workers_free. The options are copied.
 * Ordering   none.
 * Param      opts    how; NULL is the defaults.
 * Returns    the pool, never NULL.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_workers_submit, leat_workers_free
 * Since      0.2
 */
LEAT_API leat_workers *leat_workers_make(const leat_workers_opts *opts);

/**
 * Wait for all tasks of a pool and free it.
 *
 * Nobody may submit any more. To hurry, end leat_workers_ctx before, which the tasks watch.
 *
 * Go         none.
 * Blocks     until all tasks are done: the calling goroutine only; on a thread that leat did
 *            not create, the thread.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler; not by a task.
 * Ownership  takes the pool, and frees its context.
 * Ordering   the end of each task happens before this returns.
 * Param      w       a pool, or NULL. NULL does nothing.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_workers_make, leat_workers_drain
 * Since      0.2
 */
LEAT_API void leat_workers_free(leat_workers *w);

/**
 * Wait until all tasks that were submitted to a pool are done.
 *
 * The pool goes on: submit again as you like.
 *
 * Go         wg.Wait() of the tasks.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled: end leat_workers_ctx, which the tasks watch.
 * Callable   goroutine or any other thread. Not from a signal handler; not by a task.
 * Ownership  borrows it.
 * Ordering   the end of each task happens before this returns.
 * Param      w       a pool.
 * Returns    0, or the first negative result of a task since the last drain.
 * Fatal      never.
 * See        leat_workers_submit
 * Since      0.2
 */
LEAT_API int leat_workers_drain(leat_workers *w);

/**
 * Wait until all tasks of a pool are done, unless a context ends first.
 *
 * When it gives up nothing has changed, and what went wrong so far is kept for the next drain.
 *
 * Go         none.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over; one that is over already is an error at once.
 * Callable   goroutine or any other thread. Not from a signal handler; not by a task.
 * Ownership  borrows it.
 * Ordering   as leat_workers_drain; when it gives up, what the canceller did before is before it.
 * Param      ctx     a context; NULL is the background.
 * Param      w       a pool.
 * Returns    what leat_workers_drain returns, or what leat_ctx_err says of ctx.
 * Fatal      never.
 * See        leat_workers_drain, leat_workers_running
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_workers_drain_ctx(leat_ctx *ctx, leat_workers *w);

/**
 * Wait until all tasks of a pool are done, unless that takes too long.
 *
 * Go         none.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     at the deadline; one that has passed is an error at once.
 * Callable   goroutine or any other thread. Not from a signal handler; not by a task.
 * Ownership  borrows it.
 * Ordering   as leat_workers_drain when it did not give up; none otherwise.
 * Param      w       a pool.
 * Param      deadline when to give up, as leat_now counts.
 * Returns    what leat_workers_drain returns, or -ETIMEDOUT.
 * Fatal      never.
 * See        leat_workers_drain_ctx, leat_now
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_workers_drain_until(leat_workers *w, leat_duration deadline);

/**
 * Change how many tasks of a pool run at once.
 *
 * With fewer than run now, none starts until enough have ended. 0 halts the pool.
 *
 * Go         none; pool.Tune(n) of ants
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      w       a pool.
 * Param      n       how many; less than 0 is 0.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_workers_make
 * Since      0.2
 */
LEAT_API void leat_workers_resize(leat_workers *w, int n);

/**
 * Give the context of a pool, for its tasks to watch.
 *
 * It ends with its parent, with leat_ctx_cancel, and at the first error if the pool stops then.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the pool's: do not free it.
 * Ordering   none.
 * Param      w       a pool.
 * Returns    the context, never NULL.
 * Fatal      never.
 * See        leat_workers_submit
 * Since      0.2
 */
LEAT_API leat_ctx *leat_workers_ctx(leat_workers *w);

/**
 * Count the tasks of a pool that run.
 *
 * Go         pool.Running() of ants
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none: the number may be old when it returns.
 * Param      w       a pool.
 * Returns    the number.
 * Fatal      never.
 * See        leat_workers_waiting
 * Since      0.2
 */
LEAT_API int leat_workers_running(leat_workers *w);

/**
 * Count the tasks of a pool that wait for their turn.
 *
 * Go         pool.Waiting() of ants
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none: the number may be old when it returns.
 * Param      w       a pool.
 * Returns    the number, without those whose submit still waits.
 * Fatal      never.
 * See        leat_workers_running
 * Since      0.2
 */
LEAT_API int64_t leat_workers_waiting(leat_workers *w);

/* What the macros expand to. */
LEAT_API int leat__workers_commit(void (*fn)(void), const leat_site *site, leat_workers *w);
LEAT_API int leat__workers_commit_ctx(void (*fn)(void), const leat_site *site, leat_workers *w,
                                      leat_ctx *ctx);
LEAT_API int leat__workers_commit_try(void (*fn)(void), const leat_site *site, leat_workers *w);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

/**
 * Give a pool a task, waiting while its backlog is full.
 *
 * What was accepted runs, whatever happens to the context meanwhile: it has to look.
 *
 * Go         tasks <- func() error { return f(x) }
 * Blocks     while the backlog is full: the calling goroutine only; on a thread that leat did
 *            not create, the thread.
 * Cancel     when the pool's context is over; leat_workers_submit_ctx also with another.
 * Callable   goroutine or any other thread. Not from a signal handler. A task that submits to
 *            its own pool waits for itself when the pool is full.
 * Ownership  the arguments are copied; what pointers point to must live until the task is done.
 * Ordering   what precedes the call happens before the task begins; the end of the task happens
 *            before leat_workers_drain returns.
 * Param      w       a pool.
 * Param      fn      what to call: a function or a pointer to one that returns an int, 0 or a
 *                    negative errno.
 * Param      args    its arguments, as for leat_go.
 * Returns    0; or what leat_ctx_err says of the pool's context, and it was not accepted.
 * Fatal      "go of nil func value"; out of memory, with a text that says what to raise.
 * See        leat_workers_submit_ctx, leat_workers_try_submit, leat_workers_drain
 * Since      0.2
 */
#define leat_workers_submit(w, ...) \
    LEAT__GROUP_GO(__COUNTER__, leat__workers_commit, (, (w)), __VA_ARGS__)

/**
 * Give a pool a task, unless a context ends before there is room for it.
 *
 * Go         select { case tasks <- f: case <-ctx.Done(): }
 * Blocks     while the backlog is full: the calling goroutine only; on a thread that leat did
 *            not create, the thread.
 * Cancel     when ctx or the pool's context is over, whichever is first; at once when one is.
 * Callable   as leat_workers_submit.
 * Ownership  as leat_workers_submit; both contexts must live until this returns.
 * Ordering   as leat_workers_submit when it was accepted.
 * Param      ctx     a context; NULL is the background.
 * Param      w       a pool.
 * Param      fn      as for leat_workers_submit.
 * Param      args    its arguments, evaluated in any case.
 * Returns    0; or what leat_ctx_err says of the context that was over, and it was not accepted.
 * Fatal      as leat_workers_submit.
 * See        leat_workers_submit, leat_workers_ctx
 * Since      0.2
 */
#define leat_workers_submit_ctx(ctx, w, ...) \
    LEAT__GROUP_GO(__COUNTER__, leat__workers_commit_ctx, (, (w), (ctx)), __VA_ARGS__)

/**
 * Give a pool a task if it has room for it now.
 *
 * Go         select { case tasks <- f: default: }
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_workers_submit.
 * Ordering   as leat_workers_submit when it was accepted.
 * Param      w       a pool.
 * Param      fn      as for leat_workers_submit.
 * Param      args    its arguments, evaluated in any case.
 * Returns    0; -EBUSY when the backlog is full, or what leat_ctx_err says of the pool's
 *            context.
 * Fatal      as leat_workers_submit.
 * See        leat_workers_submit
 * Since      0.2
 */
#define leat_workers_try_submit(w, ...) \
    LEAT__GROUP_GO(__COUNTER__, leat__workers_commit_try, (, (w)), __VA_ARGS__)

#endif /* !__cplusplus */

#endif
