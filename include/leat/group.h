/* SPDX-License-Identifier: MIT */
/*
 * leat/group.h - goroutines that work on one thing: wait for all, keep the first error.
 *
 *     static int fetch(leat_ctx *ctx, const char *url) { ... }      // 0 or a negative errno
 *
 *     leat_group g = {0};
 *     leat_ctx *ctx = leat_group_with_ctx(&g, parent);
 *     for (int i = 0; i < n; i++)
 *         leat_group_go(&g, fetch, ctx, urls[i]);
 *     int err = leat_group_wait(&g);           // the first error; it has cancelled ctx
 *     leat_ctx_free(ctx);
 *
 * The zero value is a group without a context and without a limit. None may be copied after its
 * first use; none needs a destroy, and one may go as soon as the last wait has returned.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_GROUP_H
#define LEAT_GROUP_H

#include <leat/base.h>
#include <leat/go.h>
#include <leat/semaphore.h>
#include <leat/sync.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Goroutines that are waited for together, and the first error among them. */
typedef struct leat_group {
    void *leat__ended; /* opaque */
    leat_waitgroup leat__work;
    leat_ctx *leat__ctx;
    int leat__err;
    int leat__active;
    bool leat__limited;
    leat_semaphore leat__slots;
} leat_group;

/**
 * Give a group a context that its first error cancels.
 *
 * The context also ends with its parent, and when leat_group_wait has returned for the first
 * time. leat_ctx_cause tells the error. Call it before the first leat_group_go.
 *
 * Go         g, ctx := errgroup.WithContext(parent)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the context is the caller's: leat_ctx_free, after the last wait of the group.
 * Ordering   none.
 * Param      g       a group.
 * Param      parent  a context; NULL is the background.
 * Returns    the context, never NULL.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_scoped_group, leat_group_ctx
 * Since      0.2
 */
LEAT_API leat_ctx *leat_group_with_ctx(leat_group *g, leat_ctx *parent);

/**
 * Give the context of a group.
 *
 * Go         none: WithContext returned it.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it from whoever called leat_group_with_ctx.
 * Ordering   none.
 * Param      g       a group.
 * Returns    the context; NULL, the background, for a group that was given none.
 * Fatal      never.
 * See        leat_group_with_ctx
 * Since      0.2
 */
LEAT_API leat_ctx *leat_group_ctx(const leat_group *g);

/**
 * Limit how many goroutines of a group run at once.
 *
 * leat_group_go then waits while there are so many. With a limit of 0 it waits for ever.
 *
 * Go         g.SetLimit(n)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      g       a group.
 * Param      n       how many; negative is no limit.
 * Returns    nothing.
 * Fatal      "errgroup: modify limit while N goroutines in the group are still active".
 * See        leat_group_go, leat_group_try_go
 * Since      0.2
 */
LEAT_API void leat_group_set_limit(leat_group *g, int n);

/**
 * Wait until all goroutines of a group have ended, and give the first error.
 *
 * With a context it ends that too. The error remains: a group does one thing once.
 *
 * Go         g.Wait()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled: cancel the context and the goroutines end.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; it must live until the last wait has returned.
 * Ordering   the end of each goroutine of the group happens before this returns.
 * Param      g       a group.
 * Returns    0, or the negative result that a goroutine returned first.
 * Fatal      never.
 * See        leat_group_go
 * Since      0.2
 */
LEAT_API int leat_group_wait(leat_group *g);

/**
 * Wait until all goroutines of a group have ended, unless a context ends first.
 *
 * When it gives up nothing has changed: the goroutines go on, the group must live, and it can be
 * waited for again. leat_group_err tells the two apart where the results are the same.
 *
 * Go         none: g.Wait cannot be given up.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over; one that is over already is an error at once.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; it must live until a wait has returned that did not give up.
 * Ordering   as leat_group_wait; when it gives up, what the canceller did before is before it.
 * Param      ctx     a context; NULL is the background.
 * Param      g       a group.
 * Returns    what leat_group_wait returns, or what leat_ctx_err says of ctx.
 * Fatal      never.
 * See        leat_group_wait, leat_group_err
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_group_wait_ctx(leat_ctx *ctx, leat_group *g);

/**
 * Wait until all goroutines of a group have ended, unless that takes too long.
 *
 * Go         none: g.Wait cannot be given up.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     at the deadline; one that has passed is an error at once.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_group_wait_ctx.
 * Ordering   as leat_group_wait when it did not give up; none otherwise.
 * Param      g       a group.
 * Param      deadline when to give up, as leat_now counts.
 * Returns    what leat_group_wait returns, or -ETIMEDOUT.
 * Fatal      never.
 * See        leat_group_wait_ctx, leat_now
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_group_wait_until(leat_group *g, leat_duration deadline);

/**
 * Give the first error of a group so far.
 *
 * Go         none: g.Wait() gives it at the end.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none: others of the group may still run.
 * Param      g       a group.
 * Returns    0, or the negative result that a goroutine returned first.
 * Fatal      never.
 * See        leat_group_wait
 * Since      0.2
 */
LEAT_API int leat_group_err(const leat_group *g);

/* What the macros expand to. */
LEAT_API void leat__group_commit(void (*fn)(void), const leat_site *site, leat_group *g);
LEAT_API int leat__group_commit_try(void (*fn)(void), const leat_site *site, leat_group *g);
LEAT_API int leat__group_commit_ctx(void (*fn)(void), const leat_site *site, leat_group *g,
                                    leat_ctx *ctx);
LEAT_API leat_group *leat__group_scope(leat_group *g, leat_ctx *parent);
LEAT_API void leat__group_scope_end(void *g);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

/* A goroutine's result is taken from where an int is returned: nothing else may be there. */
#define LEAT__CHECK_INT(...)                                                                  \
    LEAT__QUIET                                                                               \
    _Static_assert(__builtin_types_compatible_p(                                              \
                       __typeof__((LEAT__FIRST(__VA_ARGS__))(LEAT__REST(__VA_ARGS__))), int), \
                   "leat: the function must return int: 0 or a negative errno");              \
    LEAT__LOUD

#define LEAT__GROUP_GO(id, commit, tail, ...)    \
    __extension__({                              \
        LEAT__CHECK_INT(__VA_ARGS__);            \
        LEAT__GO(id, commit, tail, __VA_ARGS__); \
    })

#define LEAT__SCOPED_GROUP(id, name, parent)                                           \
    leat_group name = {0};                                                             \
    leat__defer LEAT__CAT(leat__scope_, id) __attribute__((cleanup(leat__defer_run))); \
    leat__defer_push(&LEAT__CAT(leat__scope_, id), leat__group_scope_end,              \
                     leat__group_scope(&name, parent))

/**
 * Start a goroutine of a group.
 *
 *     leat_group_go(&g, fetch, ctx, url);
 *
 * If the group has a limit it first waits until fewer run. The first negative result is kept
 * for leat_group_wait, and ends the group's context. A goroutine of the group may start others
 * in it, and so may others as long as one runs. One that leaves by leat_exit has no error.
 *
 * Go         g.Go(func() error { return f(x) })
 * Blocks     while the limit is reached: the calling goroutine only; on a thread that leat did
 *            not create, the thread.
 * Cancel     cannot be cancelled; leat_group_go_ctx can.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the arguments are copied, before it waits; the group must live until the wait has
 *            returned.
 * Ordering   what precedes the call happens before fn begins; the end of fn happens before the
 *            wait returns, and with a limit of n before the n-th start after it.
 * Param      g       a group.
 * Param      fn      what to call: a function or a pointer to one that returns an int, 0 or a
 *                    negative errno.
 * Param      args    its arguments, as for leat_go.
 * Returns    nothing.
 * Fatal      "go of nil func value"; out of memory, with a text that says what to raise.
 * See        leat_group_wait, leat_group_try_go, leat_go
 * Since      0.2
 */
#define leat_group_go(g, ...) \
    LEAT__GROUP_GO(__COUNTER__, leat__group_commit, (, (g)), __VA_ARGS__)

/**
 * Start a goroutine of a group unless a context ends before there is room for it.
 *
 * Go         none: g.Go cannot be given up.
 * Blocks     while the limit is reached: the calling goroutine only; on a thread that leat did
 *            not create, the thread.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_group_go.
 * Ordering   as leat_group_go when it started one.
 * Param      ctx     a context; NULL is the background.
 * Param      g       a group.
 * Param      fn      as for leat_group_go.
 * Param      args    its arguments, as for leat_go.
 * Returns    0; or what leat_ctx_err says, and nothing was started.
 * Fatal      as leat_group_go.
 * See        leat_group_go
 * Since      0.2
 */
#define leat_group_go_ctx(ctx, g, ...) \
    LEAT__GROUP_GO(__COUNTER__, leat__group_commit_ctx, (, (g), (ctx)), __VA_ARGS__)

/**
 * Start a goroutine of a group if its limit allows it now.
 *
 * Go         g.TryGo(func() error { return f(x) })
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_group_go.
 * Ordering   as leat_group_go when it started one.
 * Param      g       a group.
 * Param      fn      as for leat_group_go.
 * Param      args    its arguments, evaluated in any case.
 * Returns    whether it was started.
 * Fatal      as leat_group_go.
 * See        leat_group_go
 * Since      0.2
 */
#define leat_group_try_go(g, ...) \
    (LEAT__GROUP_GO(__COUNTER__, leat__group_commit_try, (, (g)), __VA_ARGS__) == 0)

/**
 * Declare a group whose goroutines end before the block does.
 *
 *     {
 *         leat_scoped_group(g, ctx);
 *         leat_group_go(&g, fetch, leat_group_ctx(&g), url);
 *         leat_group_go(&g, fetch, leat_group_ctx(&g), mirror);
 *     }                                      // both have ended here
 *
 * The group has a context, a child of the parent, that its first error cancels and that goes
 * with the block. However the block is left, it waits for the goroutines first; leat_exit does
 * as well. Call leat_group_wait in it to learn the error.
 *
 * Go         none; g, ctx := errgroup.WithContext(parent); defer g.Wait()
 * Blocks     at the end of the block, as leat_group_wait.
 * Cancel     cancel the group's context, and the goroutines end.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the block holds the group and its context.
 * Ordering   the end of each goroutine of the group happens before the block ends.
 * Param      name    the name of the leat_group, which it declares.
 * Param      parent  a context; NULL is the background.
 * Returns    nothing: it is a declaration.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_group_wait, leat_group_with_ctx
 * Since      0.2
 */
#define leat_scoped_group(name, parent) LEAT__SCOPED_GROUP(__COUNTER__, name, parent)

#endif /* !__cplusplus */

#endif
