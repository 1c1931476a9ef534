/* SPDX-License-Identifier: MIT */
/*
 * leat/mutex.h - mutual exclusion.
 *
 *     static leat_mutex lock;
 *
 *     leat_mutex_lock(&lock);
 *     total += n;
 *     leat_mutex_unlock(&lock);
 *
 * The zero value is an unlocked mutex; nothing is to be destroyed.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_MUTEX_H
#define LEAT_MUTEX_H

#include <leat/base.h>
#include <leat/go.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A lock that one goroutine holds at a time; not owned, not recursive, barging but fair. */
typedef struct leat_mutex {
    uint32_t leat__state; /* opaque */
    uint32_t leat__sema;
} leat_mutex;

/**
 * Lock a mutex, waiting until it is free.
 *
 * It is not recursive: who holds it and locks again waits for ever. A goroutine that has
 * waited long is given the lock before those that have just come.
 *
 * Go         m.Lock()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled: see leat_mutex_lock_ctx.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the mutex must live until it is unlocked.
 * Ordering   what precedes an unlock happens before the later lock returns.
 * Param      m       a mutex.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_mutex_unlock, leat_lock_guard, leat_mutex_trylock
 * Since      0.1
 */
LEAT_API void leat_mutex_lock(leat_mutex *m);

/**
 * Lock a mutex unless a context ends before.
 *
 * Go         none: Go's locks cannot be given up on.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with the context's error; at once, without trying, when that is over already.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the mutex must live until it is unlocked; the context until this returns.
 * Ordering   as leat_mutex_lock when it locked.
 * Param      ctx     a context, or NULL for none.
 * Param      m       a mutex.
 * Returns    0 when it is locked, else -ECANCELED or -ETIMEDOUT, and it is not.
 * Fatal      never.
 * See        leat_mutex_lock, leat_mutex_unlock, leat_mutex_lock_until
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_mutex_lock_ctx(leat_ctx *ctx, leat_mutex *m);

/**
 * Lock a mutex unless a time comes before.
 *
 * Go         none: Go's locks cannot be given up on.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with -ETIMEDOUT at the deadline; at once, without trying, when that has
 *            passed already.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the mutex must live until it is unlocked.
 * Ordering   as leat_mutex_lock when it locked.
 * Param      m        a mutex.
 * Param      deadline when to give up, as leat_now reads it.
 * Returns    0 when it is locked, else -ETIMEDOUT, and it is not.
 * Fatal      never.
 * See        leat_mutex_lock, leat_mutex_unlock, leat_mutex_lock_ctx
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_mutex_lock_until(leat_mutex *m, leat_duration deadline);

/**
 * Lock a mutex if that needs no wait.
 *
 * Go         m.TryLock()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_mutex_lock when it locked.
 * Ordering   as leat_mutex_lock when it locked; none when not.
 * Param      m       a mutex.
 * Returns    whether it is locked now, by the caller.
 * Fatal      never.
 * See        leat_mutex_lock
 * Since      0.1
 */
LEAT_API bool leat_mutex_trylock(leat_mutex *m);

/**
 * Unlock a mutex; whoever locked it.
 *
 * Go         m.Unlock()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the mutex is not touched once another has it.
 * Ordering   what precedes it happens before the later lock returns.
 * Param      m       a mutex.
 * Returns    nothing.
 * Fatal      "sync: unlock of unlocked mutex".
 * See        leat_mutex_lock
 * Since      0.1
 */
LEAT_API void leat_mutex_unlock(leat_mutex *m);

/* What the macros expand to. */
LEAT_API void leat__mutex_lock_slow(leat_mutex *m);
LEAT_API void leat__mutex_unlock_slow(leat_mutex *m);
LEAT_API void leat__mutex_scope_end(void *m);

/* Not 0 while the short ways below may not be taken: the program runs under ThreadSanitizer, or
 * a goroutine shall yield at the end of its next leat call. */
LEAT_API extern uint32_t leat__attention;

/* A free mutex is locked, and one that nobody waits for unlocked, without a call: the call would
 * cost as much as what Go's inlined fast path does altogether. The bodies serve for inlining
 * alone; the functions themselves are the library's. */
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_THREAD__) && !defined(LEAT__TSAN)
extern inline __attribute__((gnu_inline)) void leat_mutex_lock(leat_mutex *m)
{
    uint32_t state = 0; /* free */

    if (__builtin_expect(__atomic_load_n(&leat__attention, __ATOMIC_RELAXED) != 0 ||
                             !__atomic_compare_exchange_n(&m->leat__state, &state, 1, 0,
                                                          __ATOMIC_ACQUIRE, __ATOMIC_RELAXED),
                         0))
        leat__mutex_lock_slow(m);
}

extern inline __attribute__((gnu_inline)) void leat_mutex_unlock(leat_mutex *m)
{
    uint32_t state = 1; /* locked, and nobody waits */

    if (__builtin_expect(__atomic_load_n(&leat__attention, __ATOMIC_RELAXED) != 0 ||
                             !__atomic_compare_exchange_n(&m->leat__state, &state, 0, 0,
                                                          __ATOMIC_RELEASE, __ATOMIC_RELAXED),
                         0))
        leat__mutex_unlock_slow(m);
}
#endif

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

/* The operand locks, and the end of the block, or leat_exit, calls `end` with it. */
#define LEAT__GUARD(id, end, locked)                                                   \
    leat__defer LEAT__CAT(leat__guard_, id) __attribute__((cleanup(leat__defer_run))); \
    leat__defer_push(&LEAT__CAT(leat__guard_, id), end, locked)

static inline void *leat__mutex_guard(leat_mutex *m)
{
    leat_mutex_lock(m);
    return m;
}

/**
 * Lock a mutex until the end of the block, however that is left.
 *
 *     leat_lock_guard(&table->lock);
 *
 * It is a declaration; leat_exit unlocks as well.
 *
 * Go         m.Lock(); defer m.Unlock()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the mutex must live until the end of the block.
 * Ordering   as leat_mutex_lock and leat_mutex_unlock.
 * Param      m       a leat_mutex *, evaluated once.
 * Returns    nothing: it is a declaration.
 * Fatal      "sync: unlock of unlocked mutex" when somebody else has unlocked it.
 * See        leat_mutex_lock, leat_defer
 * Since      0.1
 */
#define leat_lock_guard(m) LEAT__GUARD(__COUNTER__, leat__mutex_scope_end, leat__mutex_guard(m))

#endif /* !__cplusplus */

#endif
