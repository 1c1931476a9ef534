/* SPDX-License-Identifier: MIT */
/*
 * leat/sync.h - wait groups and once, and with them all of Go's package sync: mutexes,
 * conditions, pools, maps, barriers.
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

#include <leat/barrier.h>
#include <leat/cond.h>
#include <leat/go.h>
#include <leat/map.h>
#include <leat/mutex.h>
#include <leat/pool.h>
#include <leat/rwmutex.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Counts goroutines that work, for others that wait until they are done. */
typedef struct leat_waitgroup {
    uint64_t leat__state; /* opaque */
} leat_waitgroup;

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
 * Fatal      "sync: WaitGroup is reused before previous Wait has returned".
 * See        leat_waitgroup_go, leat_waitgroup_done, leat_waitgroup_wait_ctx
 * Since      0.1
 */
LEAT_API void leat_waitgroup_wait(leat_waitgroup *wg);

/**
 * Wait for a wait group unless a context ends before.
 *
 * What it waits for goes on: after an error the wait group must live until another wait has
 * returned without one.
 *
 * Go         none: Go's wait groups cannot be given up on.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with the context's error; at once, without looking at the group, when that is
 *            over already.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows both; the wait group must live until a wait has returned 0.
 * Ordering   as leat_waitgroup_wait when it returns 0.
 * Param      ctx     a context, or NULL for none.
 * Param      wg      a wait group.
 * Returns    0 when nothing is left of what it waits for, else -ECANCELED or -ETIMEDOUT.
 * Fatal      as leat_waitgroup_wait.
 * See        leat_waitgroup_wait, leat_waitgroup_wait_until
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_waitgroup_wait_ctx(leat_ctx *ctx, leat_waitgroup *wg);

/**
 * Wait for a wait group unless a time comes before.
 *
 * What it waits for goes on: after an error the wait group must live until another wait has
 * returned without one.
 *
 * Go         none: Go's wait groups cannot be given up on.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with -ETIMEDOUT at the deadline; at once, without looking at the group, when
 *            that has passed already.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; the wait group must live until a wait has returned 0.
 * Ordering   as leat_waitgroup_wait when it returns 0.
 * Param      wg       a wait group.
 * Param      deadline when to give up, as leat_now reads it.
 * Returns    0 when nothing is left of what it waits for, else -ETIMEDOUT.
 * Fatal      as leat_waitgroup_wait.
 * See        leat_waitgroup_wait, leat_waitgroup_wait_ctx
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_waitgroup_wait_until(leat_waitgroup *wg,
                                                      leat_duration deadline);

/* What the macros expand to. */
LEAT_API void leat__waitgroup_commit(void (*fn)(void), const leat_site *site,
                                     leat_waitgroup *wg);
LEAT_API void leat__waitgroup_fork(void (*fn)(void), const leat_site *site, leat_waitgroup *wg);
LEAT_API bool leat__once_slow(leat_once *o, leat__defer *d);

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

#define LEAT__ONCE_VALUE(T)         \
    struct {                        \
        leat_once leat__once;       \
        __typeof__(T) leat__result; \
    }

#define LEAT__ONCE_GET(id, o, ...)                                                  \
    __extension__({                                                                 \
        __typeof__(o) LEAT__CAT(leat__value_, id) = (o);                            \
        leat__defer LEAT__CAT(leat__end_, id);                                      \
        if (!leat__once_done(&LEAT__CAT(leat__value_, id)->leat__once) &&           \
            leat__once_slow(&LEAT__CAT(leat__value_, id)->leat__once,               \
                            &LEAT__CAT(leat__end_, id))) {                          \
            LEAT__CAT(leat__value_, id)->leat__result = (LEAT__FIRST(__VA_ARGS__))( \
                LEAT__REST(__VA_ARGS__));                                           \
            leat__defer_run(&LEAT__CAT(leat__end_, id));                            \
        }                                                                           \
        LEAT__CAT(leat__value_, id)->leat__result;                                  \
    })

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
 * Call a function unless this one has been called before, and give its result.
 *
 *     static leat_once_value(struct table *) table;
 *     struct table *t = leat_once_get(&table, load_table, "words");
 *
 * As leat_once_do, and the result is kept. If the function leaves by leat_exit it is zero.
 *
 * Go         sync.OnceValue(f)()
 * Blocks     while another is inside; the calling goroutine only; on a thread that leat did
 *            not create, the thread.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its operands until it returns; the result is copied.
 * Ordering   the end of the one call happens before every leat_once_get of it returns.
 * Param      o       a pointer to a leat_once_value.
 * Param      fn      what to call; its result converts to the type of the value.
 * Param      args    its arguments, evaluated only if it is called.
 * Returns    what the one call returned.
 * Fatal      never.
 * See        leat_once_value, leat_once_do
 * Since      0.2
 */
#define leat_once_get(o, ...) LEAT__ONCE_GET(__COUNTER__, o, __VA_ARGS__)

#endif /* !__cplusplus */

/**
 * Name the type of a value that is computed once.
 *
 * Two such types are different types in C, even of the same T: give it a typedef to share it.
 *
 * Go         what sync.OnceValue returns
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   where a type may stand.
 * Ownership  none.
 * Ordering   none.
 * Param      T       a type that can be assigned.
 * Returns    a type; its zero value is ready.
 * Fatal      never.
 * See        leat_once_get
 * Since      0.2
 */
#define leat_once_value(T) LEAT__ONCE_VALUE(T)

#endif
