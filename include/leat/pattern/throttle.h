/* SPDX-License-Identifier: MIT */
/*
 * leat/pattern/throttle.h - admission: so many at work, so many waiting, so long at most.
 *
 *     static leat_throttle db = {.limit = 8, .backlog = 32, .timeout = 2 * LEAT_SECOND};
 *
 *     int err = leat_throttle_do(&db, query, conn, sql);
 *     if (err == -EBUSY)
 *         return "503 come back later";
 *
 * It protects what is behind it: beyond the limit callers wait, beyond the backlog they are
 * turned away at once, and who has waited too long is turned away too, because its own caller
 * will not wait any longer either.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_PATTERN_THROTTLE_H
#define LEAT_PATTERN_THROTTLE_H

#include <leat/base.h>
#include <leat/group.h>
#include <leat/semaphore.h>
#include <leat/sync.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Who may pass; set the first three, and leave them alone after the first use. */
typedef struct leat_throttle {
    int64_t limit;         /* callers at work at once; 0 lets nobody pass */
    int64_t backlog;       /* callers that may wait */
    leat_duration timeout; /* how long one may wait; 0: as long as it takes */
    leat_once leat__once;  /* opaque */
    leat_semaphore leat__slots;
    int64_t leat__waiting;
} leat_throttle;

/**
 * Pass a throttle, waiting if need be.
 *
 * Go         chi's middleware.ThrottleBacklog
 * Blocks     while the limit is reached: the calling goroutine only; on a thread that leat did
 *            not create, the thread.
 * Cancel     cannot be cancelled, but has its timeout; leat_throttle_enter_ctx can.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  a place is the caller's when it returns 0: leat_throttle_leave.
 * Ordering   what precedes a leave happens before the enter that it lets pass returns.
 * Param      t       a throttle.
 * Returns    0; -EBUSY when too many wait already, -ETIMEDOUT after too long a wait.
 * Fatal      never.
 * See        leat_throttle_leave, leat_throttle_do
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_throttle_enter(leat_throttle *t);

/**
 * Pass a throttle unless a context ends first.
 *
 * Go         chi's middleware.ThrottleBacklog, with the request's context.
 * Blocks     while the limit is reached: the calling goroutine only; on a thread that leat did
 *            not create, the thread.
 * Cancel     when ctx is over, and after the throttle's timeout.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  a place is the caller's when it returns 0: leat_throttle_leave.
 * Ordering   as leat_throttle_enter; an error comes after what the canceller did before.
 * Param      ctx     a context; NULL is the background.
 * Param      t       a throttle.
 * Returns    0; -EBUSY when too many wait already, -ETIMEDOUT after too long a wait, or what
 *            leat_ctx_err says.
 * Fatal      never.
 * See        leat_throttle_enter
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_throttle_enter_ctx(leat_ctx *ctx, leat_throttle *t);

/**
 * Leave a throttle that was passed; the next may enter.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives the place up.
 * Ordering   what precedes it happens before the enter that it lets pass returns.
 * Param      t       a throttle.
 * Returns    nothing.
 * Fatal      "semaphore: released more than held", without an enter before it.
 * See        leat_throttle_enter
 * Since      0.2
 */
LEAT_API void leat_throttle_leave(leat_throttle *t);

/* What the macros expand to. */
LEAT_API int leat__throttle_begin(leat_ctx *ctx, leat_throttle *t, leat__defer *end);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

#define LEAT__THROTTLE_DO(id, ctx, t, ...)                                                 \
    __extension__({                                                                        \
        LEAT__CHECK_INT(__VA_ARGS__);                                                      \
        leat__defer LEAT__CAT(leat__end_, id);                                             \
        int LEAT__CAT(leat__r_, id) = leat__throttle_begin((ctx), (t),                     \
                                                           &LEAT__CAT(leat__end_, id));    \
        if (LEAT__CAT(leat__r_, id) == 0) {                                                \
            LEAT__CAT(leat__r_, id) = (LEAT__FIRST(__VA_ARGS__))(LEAT__REST(__VA_ARGS__)); \
            leat__defer_run(&LEAT__CAT(leat__end_, id));                                   \
        }                                                                                  \
        LEAT__CAT(leat__r_, id);                                                           \
    })

/**
 * Call a function between entering and leaving a throttle.
 *
 * Go         chi's middleware.ThrottleBacklog
 * Blocks     while the limit is reached, as leat_throttle_enter.
 * Cancel     cannot be cancelled; leat_throttle_do_ctx can.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its operands until it returns.
 * Ordering   as leat_throttle_enter and leat_throttle_leave.
 * Param      t       a throttle, a leat_throttle *.
 * Param      fn      what to call; it returns an int. leat_exit in it leaves the throttle too.
 * Param      args    its arguments, evaluated only if it is called.
 * Returns    what fn returned, or what leat_throttle_enter did.
 * Fatal      never.
 * See        leat_throttle_enter
 * Since      0.2
 */
#define leat_throttle_do(t, ...) LEAT__THROTTLE_DO(__COUNTER__, (leat_ctx *)0, t, __VA_ARGS__)

/**
 * Call a function inside a throttle unless a context ends first.
 *
 * Go         chi's middleware.ThrottleBacklog, with the request's context.
 * Blocks     while the limit is reached, as leat_throttle_enter.
 * Cancel     when ctx is over, if it still waits.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its operands until it returns.
 * Ordering   as leat_throttle_enter and leat_throttle_leave.
 * Param      ctx     a context; NULL is the background.
 * Param      t       a throttle, a leat_throttle *.
 * Param      fn      what to call; it returns an int. leat_exit in it leaves the throttle too.
 * Param      args    its arguments, evaluated only if it is called.
 * Returns    what fn returned, or what leat_throttle_enter_ctx did.
 * Fatal      never.
 * See        leat_throttle_do
 * Since      0.2
 */
#define leat_throttle_do_ctx(ctx, t, ...) LEAT__THROTTLE_DO(__COUNTER__, ctx, t, __VA_ARGS__)

#endif /* !__cplusplus */

#endif
