/* SPDX-License-Identifier: MIT */
/*
 * leat/sync.h - wait groups, mutexes and once.
 *
 *     leat_waitgroup wg = {0};
 *     for (int i = 0; i < n; i++)
 *         leat_waitgroup_go(&wg, work, i);
 *     leat_waitgroup_wait(&wg);
 *
 * The zero value of every type is ready for use, static or automatic; none needs a destroy.
 * None may be copied after its first use. An object may go as soon as the call that waited on
 * it has returned: whoever released it touches it no more.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_SYNC_H
#define LEAT_SYNC_H

#include <leat/base.h>
#include <leat/go.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Counts goroutines that work, for others that wait until they are done. */
typedef struct leat_waitgroup {
    uint64_t leat__state; /* opaque */
} leat_waitgroup;

/** A lock that one goroutine holds at a time; not owned, not recursive, barging but fair. */
typedef struct leat_mutex {
    uint32_t leat__state; /* opaque */
    uint32_t leat__sema;
} leat_mutex;

/** Something that is to be done exactly once. */
typedef struct leat_once {
    uint32_t leat__done; /* opaque */
    leat_mutex leat__mutex;
} leat_once;

/**
 * Add to the number of things that a wait group waits for.
 *
 * Add before starting what will call leat_waitgroup_done; an increase from zero must happen
 * before the wait. leat_waitgroup_go does both and is rarely wrong.
 *
 * Go         wg.Add(delta)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; it must live until the last wait has returned.
 * Ordering   what precedes an add that reaches zero happens before the waits that it releases
 *            return.
 * Param      wg      a wait group.
 * Param      delta   how many more, or less when negative.
 * Returns    nothing.
 * Fatal      "sync: negative WaitGroup counter", "sync: WaitGroup misuse: Add called
 *            concurrently with Wait".
 * See        leat_waitgroup_done, leat_waitgroup_go
 * Since      0.1
 */
LEAT_API void leat_waitgroup_add(leat_waitgroup *wg, int delta);

/**
 * Tell a wait group that one of its things is done.
 *
 * Go         wg.Done()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; it is not touched once a wait was released.
 * Ordering   what precedes it happens before the waits that it releases return.
 * Param      wg      a wait group.
 * Returns    nothing.
 * Fatal      "sync: negative WaitGroup counter".
 * See        leat_waitgroup_add, leat_waitgroup_wait
 * Since      0.1
 */
LEAT_API void leat_waitgroup_done(leat_waitgroup *wg);

/**
 * Wait until nothing is left of what a wait group waits for.
 *
 * With a count of zero it returns at once. Any number may wait. When it has returned the wait
 * group may be used again, or go.
 *
 * Go         wg.Wait()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; it must live until the last wait has returned.
 * Ordering   what precedes each leat_waitgroup_done, or the end of each goroutine of
 *            leat_waitgroup_go, happens before this returns.
 * Param      wg      a wait group.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_waitgroup_go, leat_waitgroup_done
 * Since      0.1
 */
LEAT_API void leat_waitgroup_wait(leat_waitgroup *wg);

/**
 * Lock a mutex, waiting until it is free.
 *
 * It is not recursive: who holds it and locks again waits for ever. A goroutine that has
 * waited long is given the lock before those that have just come.
 *
 * Go         m.Lock()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled.
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
LEAT_API void leat__waitgroup_commit(void (*fn)(void), const leat_site *site,
                                     leat_waitgroup *wg);
LEAT_API void leat__waitgroup_fork(void (*fn)(void), const leat_site *site, leat_waitgroup *wg);
LEAT_API bool leat__once_slow(leat_once *o, leat__defer *d);
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

static inline bool leat__once_done(const leat_once *o)
{
    return __atomic_load_n(&o->leat__done, __ATOMIC_ACQUIRE) != 0;
}

#ifndef __cplusplus

#define LEAT__ONCE_DO(id, o, ...)                                                      \
    do {                                                                               \
        leat_once *LEAT__CAT(leat__once_, id) = (o);                                   \
        leat__defer LEAT__CAT(leat__end_, id);                                         \
        if (!leat__once_done(LEAT__CAT(leat__once_, id)) &&                            \
            leat__once_slow(LEAT__CAT(leat__once_, id), &LEAT__CAT(leat__end_, id))) { \
            (void)(LEAT__FIRST(__VA_ARGS__))(LEAT__REST(__VA_ARGS__));                 \
            leat__defer_run(&LEAT__CAT(leat__end_, id));                               \
        }                                                                              \
    } while (0)

static inline void *leat__mutex_guard(leat_mutex *m)
{
    leat_mutex_lock(m);
    return m;
}

#define LEAT__LOCK_GUARD(id, m)                                                        \
    leat__defer LEAT__CAT(leat__guard_, id) __attribute__((cleanup(leat__defer_run))); \
    leat__defer_push(&LEAT__CAT(leat__guard_, id), leat__mutex_scope_end, leat__mutex_guard(m))

/**
 * Start a goroutine that a wait group waits for.
 *
 *     leat_waitgroup_go(&wg, fetch, url);
 *
 * The group counts it from now until it ends, by return or by leat_exit. A goroutine of the
 * group may start others in it.
 *
 * Go         wg.Go(func() { f(x) })
 * Blocks     no.
 * Cancel     a goroutine ends by itself: give it a channel to watch.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the arguments are copied; the wait group must live until the wait has returned.
 * Ordering   what precedes the call happens before fn begins; the end of fn happens before the
 *            wait returns.
 * Param      wg      a wait group.
 * Param      fn      what to call: a function or a pointer to one that returns nothing or a
 *                    scalar, which is dropped.
 * Param      args    its arguments, as for leat_go.
 * Returns    nothing.
 * Fatal      "go of nil func value"; out of memory, with a text that says what to raise.
 * See        leat_waitgroup_wait, leat_waitgroup_fork, leat_go
 * Since      0.1
 */
#define leat_waitgroup_go(wg, ...) \
    LEAT__GO(__COUNTER__, leat__waitgroup_commit, (, (wg)), __VA_ARGS__)

/**
 * Run a function in a new goroutine now, and let another processor take the caller over.
 *
 *     leat_waitgroup_fork(&wg, sort, left);
 *     sort(right);
 *     leat_waitgroup_wait(&wg);
 *
 * The form for fork and join: the child runs first, as a call would, and the caller is left
 * where an idle processor can take it. When none does, it continues here after the child: that
 * costs little more than the call. The caller may therefore continue on another thread. One
 * that may not (goroutine 1, a pinned one, a thread that leat did not create) goes on at once,
 * as after leat_waitgroup_go.
 *
 * Go         wg.Go, but the child runs first.
 * Blocks     while the child runs and nobody takes the caller over.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the arguments are copied; the wait group must live until the wait has returned.
 * Ordering   what precedes the call happens before fn begins; the end of fn happens before the
 *            wait returns.
 * Param      wg      a wait group.
 * Param      fn      what to call: a function or a pointer to one that returns nothing or a
 *                    scalar, which is dropped.
 * Param      args    its arguments, as for leat_go.
 * Returns    nothing.
 * Fatal      "go of nil func value"; out of memory, with a text that says what to raise.
 * See        leat_waitgroup_go, leat_waitgroup_wait
 * Since      0.1
 */
#define leat_waitgroup_fork(wg, ...) \
    LEAT__GO(__COUNTER__, leat__waitgroup_fork, (, (wg)), __VA_ARGS__)

/**
 * Call a function unless this once has called one before.
 *
 *     static leat_once once;
 *     leat_once_do(&once, load_tables);
 *
 * Who comes while the first call runs waits for its end. A function that calls leat_exit
 * counts as done. A function that does the same once again waits for itself.
 *
 * Go         once.Do(func() { f(x) })
 * Blocks     while another is inside; the calling goroutine only; on a thread that leat did
 *            not create, the thread.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its operands until it returns.
 * Ordering   the end of the one call happens before every leat_once_do of it returns.
 * Param      o       a leat_once *.
 * Param      fn      what to call; a result is dropped.
 * Param      args    its arguments, evaluated only if it is called.
 * Returns    nothing: it is a statement.
 * Fatal      never.
 * See        leat_mutex_lock
 * Since      0.1
 */
#define leat_once_do(o, ...) LEAT__ONCE_DO(__COUNTER__, o, __VA_ARGS__)

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
#define leat_lock_guard(m) LEAT__LOCK_GUARD(__COUNTER__, m)

#endif /* !__cplusplus */

#endif
