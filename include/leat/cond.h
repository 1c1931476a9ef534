/* SPDX-License-Identifier: MIT */
/*
 * leat/cond.h - wait until what a lock guards has changed.
 *
 *     leat_mutex_lock(&q->lock);
 *     while (q->n == 0)
 *         leat_cond_wait(&q->filled, &q->lock);
 *     item = q->items[--q->n];
 *     leat_mutex_unlock(&q->lock);
 *
 * The first to wait is the first that a signal wakes. Nobody wakes without a signal; the loop is
 * there because another may have taken the lock in between.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_COND_H
#define LEAT_COND_H

#include <leat/mutex.h>
#include <leat/rwmutex.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where goroutines wait for a change of what a lock guards. */
typedef struct leat_cond {
    uint32_t leat__lock; /* opaque */
    const void *leat__self;
    void *leat__first, *leat__last;
} leat_cond;

/** Any lock, as a pair of functions: what leat_cond_wait_locker unlocks and locks again. */
typedef struct leat_locker {
    void (*lock)(void *what);
    void (*unlock)(void *what);
    void *what;
} leat_locker;

/**
 * Unlock a mutex, wait for a signal, lock it again.
 *
 * Nobody who signals after the mutex was unlocked misses the caller.
 *
 * Go         c.Wait(), where the mutex is c.L
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled: see leat_cond_wait_ctx.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows both; the condition must live until every wait on it has returned.
 * Ordering   what precedes the signal happens before this returns, as does what precedes the
 *            last unlock of the mutex.
 * Param      c       a condition.
 * Param      m       a mutex that the caller holds.
 * Returns    nothing.
 * Fatal      "sync: unlock of unlocked mutex", "sync.Cond is copied".
 * See        leat_cond_signal, leat_cond_broadcast, leat_cond_wait_locker
 * Since      0.2
 */
LEAT_API void leat_cond_wait(leat_cond *c, leat_mutex *m);

/**
 * Wait for a signal unless a context ends before.
 *
 * The mutex is locked again whatever the result. A signal is never lost on one that gives up:
 * it wakes the next.
 *
 * Go         none: Go's conditions cannot be given up on.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with the context's error; at once, without unlocking, when that is over
 *            already. Locking the mutex again is not cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows all; the condition must live until every wait on it has returned.
 * Ordering   as leat_cond_wait when it returns 0.
 * Param      ctx     a context, or NULL for none.
 * Param      c       a condition.
 * Param      m       a mutex that the caller holds.
 * Returns    0 when it was signalled, else -ECANCELED or -ETIMEDOUT.
 * Fatal      as leat_cond_wait.
 * See        leat_cond_wait, leat_cond_wait_until
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_cond_wait_ctx(leat_ctx *ctx, leat_cond *c, leat_mutex *m);

/**
 * Wait for a signal unless a time comes before.
 *
 * The mutex is locked again whatever the result. A signal is never lost on one that gives up:
 * it wakes the next.
 *
 * Go         none: Go's conditions cannot be given up on.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with -ETIMEDOUT at the deadline; at once, without unlocking, when that has
 *            passed already. Locking the mutex again is not cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows both; the condition must live until every wait on it has returned.
 * Ordering   as leat_cond_wait when it returns 0.
 * Param      c        a condition.
 * Param      m        a mutex that the caller holds.
 * Param      deadline when to give up, as leat_now reads it.
 * Returns    0 when it was signalled, else -ETIMEDOUT.
 * Fatal      as leat_cond_wait.
 * See        leat_cond_wait, leat_cond_wait_ctx
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_cond_wait_until(leat_cond *c, leat_mutex *m,
                                                 leat_duration deadline);

/**
 * Wait for a signal under a lock of another kind.
 *
 *     leat_cond_wait_locker(&changed, leat_rwmutex_rlocker(&lock));
 *
 * Go         c.Wait(), where c.L is any Locker
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled: see leat_cond_wait_locker_ctx.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows both; the condition must live until every wait on it has returned.
 * Ordering   as leat_cond_wait.
 * Param      c       a condition.
 * Param      l       a lock that the caller holds.
 * Returns    nothing.
 * Fatal      as leat_cond_wait; what the lock's own functions find wrong.
 * See        leat_cond_wait, leat_cond_wait_locker_ctx, leat_rwmutex_rlocker
 * Since      0.2
 */
LEAT_API void leat_cond_wait_locker(leat_cond *c, leat_locker l);

/**
 * Wait for a signal under a lock of another kind, unless a context ends before.
 *
 * Go         none: Go's conditions cannot be given up on.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with the context's error; at once, without unlocking, when that is over
 *            already. Locking again cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_cond_wait_locker; the context must live until this returns.
 * Ordering   as leat_cond_wait when it was signalled.
 * Param      ctx     a context, or NULL for none.
 * Param      c       a condition.
 * Param      l       a lock that the caller holds, and holds again when this returns.
 * Returns    0 when it was signalled, else -ECANCELED or -ETIMEDOUT.
 * Fatal      as leat_cond_wait_locker.
 * See        leat_cond_wait_locker, leat_cond_wait_ctx
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_cond_wait_locker_ctx(leat_ctx *ctx, leat_cond *c,
                                                      leat_locker l);

/**
 * Wait for a signal under a lock of another kind, unless a time comes before.
 *
 * Go         none: Go's conditions cannot be given up on.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with -ETIMEDOUT at the deadline; at once, without unlocking, when that has
 *            passed already. Locking again has no limit.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_cond_wait_locker.
 * Ordering   as leat_cond_wait when it was signalled.
 * Param      c       a condition.
 * Param      l       a lock that the caller holds, and holds again when this returns.
 * Param      deadline when to give up, as leat_now reads it.
 * Returns    0 when it was signalled, else -ETIMEDOUT.
 * Fatal      as leat_cond_wait_locker.
 * See        leat_cond_wait_locker, leat_cond_wait_until
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_cond_wait_locker_until(leat_cond *c, leat_locker l,
                                                        leat_duration deadline);

/**
 * Wake the one that has waited longest, if somebody waits.
 *
 * The caller may hold the mutex, or not.
 *
 * Go         c.Signal()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the condition is not touched once the woken one may run.
 * Ordering   what precedes it happens before the wait that it wakes returns.
 * Param      c       a condition.
 * Returns    nothing.
 * Fatal      "sync.Cond is copied".
 * See        leat_cond_broadcast, leat_cond_wait
 * Since      0.2
 */
LEAT_API void leat_cond_signal(leat_cond *c);

/**
 * Wake all that wait at this moment.
 *
 * The caller may hold the mutex, or not.
 *
 * Go         c.Broadcast()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the condition is not touched once one of the woken may run.
 * Ordering   what precedes it happens before the waits that it wakes return.
 * Param      c       a condition.
 * Returns    nothing.
 * Fatal      "sync.Cond is copied".
 * See        leat_cond_signal, leat_cond_wait
 * Since      0.2
 */
LEAT_API void leat_cond_broadcast(leat_cond *c);

/**
 * Make a locker of a mutex.
 *
 * Go         a *sync.Mutex as a sync.Locker
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the mutex must live as long as the locker is used.
 * Ordering   none; its functions order as leat_mutex_lock and leat_mutex_unlock.
 * Param      m       a mutex.
 * Returns    the locker.
 * Fatal      never.
 * See        leat_cond_wait_locker, leat_rwmutex_locker
 * Since      0.2
 */
LEAT_API leat_locker leat_mutex_locker(leat_mutex *m);

/**
 * Make a locker of a reader-writer lock that locks for writing.
 *
 * Go         a *sync.RWMutex as a sync.Locker
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the lock must live as long as the locker is used.
 * Ordering   none; its functions order as leat_rwmutex_lock and leat_rwmutex_unlock.
 * Param      rw      a reader-writer lock.
 * Returns    the locker.
 * Fatal      never.
 * See        leat_cond_wait_locker, leat_rwmutex_rlocker
 * Since      0.2
 */
LEAT_API leat_locker leat_rwmutex_locker(leat_rwmutex *rw);

/**
 * Make a locker of a reader-writer lock that locks for reading.
 *
 * Go         rw.RLocker()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the lock must live as long as the locker is used.
 * Ordering   none; its functions order as leat_rwmutex_rlock and leat_rwmutex_runlock.
 * Param      rw      a reader-writer lock.
 * Returns    the locker.
 * Fatal      never.
 * See        leat_cond_wait_locker, leat_rwmutex_locker
 * Since      0.2
 */
LEAT_API leat_locker leat_rwmutex_rlocker(leat_rwmutex *rw);

#ifdef __cplusplus
}
#endif

#endif
