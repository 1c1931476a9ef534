/* SPDX-License-Identifier: MIT */
/*
 * leat/barrier.h - barriers, where a group meets again and again, and latches, which open once.
 *
 *     static leat_barrier step = LEAT_BARRIER(4);      // four goroutines
 *     compute(mine);
 *     if (leat_barrier_wait(&step))
 *         swap_buffers();                               // one of the four
 *
 *     leat_latch ready = LEAT_LATCH(1);
 *     leat_go(serve, &ready);                           // ... leat_latch_count_down(&ready, 1)
 *     leat_latch_wait(&ready);
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_BARRIER_H
#define LEAT_BARRIER_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A meeting point of a fixed number of goroutines; of none or one, nobody waits. */
typedef struct leat_barrier {
    uint32_t leat__parties; /* opaque */
    uint64_t leat__state;
} leat_barrier;

/** A count that goes down to zero, where it stays; the zero value is open. */
typedef struct leat_latch {
    uint64_t leat__state; /* opaque */
} leat_latch;

#define LEAT_BARRIER(parties) \
    {                         \
        (parties), 0          \
    }
#define LEAT_LATCH(count)           \
    {                               \
        (uint64_t)(uint32_t)(count) \
    }

/**
 * Make a barrier where an initialiser cannot stand.
 *
 * LEAT_BARRIER(parties) initialises at a definition.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread, while nobody else uses it.
 * Ownership  none: there is nothing to destroy.
 * Ordering   none.
 * Param      b       a barrier.
 * Param      parties how many meet there.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_barrier_wait
 * Since      0.2
 */
LEAT_API void leat_barrier_init(leat_barrier *b, uint32_t parties);

/**
 * Make a latch where an initialiser cannot stand.
 *
 * LEAT_LATCH(count) initialises at a definition.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread, while nobody else uses it.
 * Ownership  none: there is nothing to destroy.
 * Ordering   none.
 * Param      l       a latch.
 * Param      count   how many times it has to be counted down.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_latch_wait, leat_latch_count_down
 * Since      0.2
 */
LEAT_API void leat_latch_init(leat_latch *l, uint32_t count);

/**
 * Wait until all parties have come.
 *
 * The last to come does not wait, and lets the others go; from then on the barrier waits for the
 * next round.
 *
 * Go         none.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled: see leat_barrier_wait_ctx.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; it must live until every wait has returned.
 * Ordering   what precedes each wait of a round happens before every one of them returns.
 * Param      b       a barrier.
 * Returns    true for the one that came last, false for the others.
 * Fatal      never.
 * See        leat_barrier_init
 * Since      0.2
 */
LEAT_API bool leat_barrier_wait(leat_barrier *b);

/**
 * Wait for all parties unless a context ends before.
 *
 * One that gives up has not come: the others wait for somebody in its place.
 *
 * Go         none.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with the context's error; at once, without counting, when that is over
 *            already.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows both; the barrier must live until every wait has returned.
 * Ordering   as leat_barrier_wait when it does not fail.
 * Param      ctx     a context, or NULL for none.
 * Param      b       a barrier.
 * Returns    1 for the one that came last, 0 for the others, else -ECANCELED or -ETIMEDOUT.
 * Fatal      never.
 * See        leat_barrier_wait, leat_barrier_wait_until
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_barrier_wait_ctx(leat_ctx *ctx, leat_barrier *b);

/**
 * Wait for all parties unless a time comes before.
 *
 * One that gives up has not come: the others wait for somebody in its place.
 *
 * Go         none.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with -ETIMEDOUT at the deadline; at once, without counting, when that has
 *            passed already.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; the barrier must live until every wait has returned.
 * Ordering   as leat_barrier_wait when it does not fail.
 * Param      b        a barrier.
 * Param      deadline when to give up, as leat_now reads it.
 * Returns    1 for the one that came last, 0 for the others, else -ETIMEDOUT.
 * Fatal      never.
 * See        leat_barrier_wait, leat_barrier_wait_ctx
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_barrier_wait_until(leat_barrier *b, leat_duration deadline);

/**
 * Count a latch down.
 *
 * Go         none; wg.Done() is near.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; it is not touched once a wait was released.
 * Ordering   what precedes it happens before the waits that it releases return.
 * Param      l       a latch.
 * Param      n       by how much.
 * Returns    nothing.
 * Fatal      "leat: latch counted down below zero".
 * See        leat_latch_wait, leat_latch_is_open
 * Since      0.2
 */
LEAT_API void leat_latch_count_down(leat_latch *l, uint32_t n);

/**
 * Say whether a latch has reached zero.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   as leat_latch_wait when it is open; none when not.
 * Param      l       a latch.
 * Returns    whether nobody would wait for it.
 * Fatal      never.
 * See        leat_latch_wait
 * Since      0.2
 */
LEAT_API bool leat_latch_is_open(leat_latch *l);

/**
 * Wait until a latch has reached zero.
 *
 * Go         none.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled: see leat_latch_wait_ctx.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; it must live until every wait has returned.
 * Ordering   what precedes each count down happens before this returns.
 * Param      l       a latch.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_latch_count_down
 * Since      0.2
 */
LEAT_API void leat_latch_wait(leat_latch *l);

/**
 * Wait for a latch unless a context ends before.
 *
 * Go         none.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with the context's error; at once, without looking at the latch, when that is
 *            over already.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows both; the latch must live until a wait has returned 0.
 * Ordering   as leat_latch_wait when it returns 0.
 * Param      ctx     a context, or NULL for none.
 * Param      l       a latch.
 * Returns    0 when it has reached zero, else -ECANCELED or -ETIMEDOUT.
 * Fatal      never.
 * See        leat_latch_wait, leat_latch_wait_until
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_latch_wait_ctx(leat_ctx *ctx, leat_latch *l);

/**
 * Wait for a latch unless a time comes before.
 *
 * Go         none.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with -ETIMEDOUT at the deadline; at once, without looking at the latch, when
 *            that has passed already.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; the latch must live until a wait has returned 0.
 * Ordering   as leat_latch_wait when it returns 0.
 * Param      l        a latch.
 * Param      deadline when to give up, as leat_now reads it.
 * Returns    0 when it has reached zero, else -ETIMEDOUT.
 * Fatal      never.
 * See        leat_latch_wait, leat_latch_wait_ctx
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_latch_wait_until(leat_latch *l, leat_duration deadline);

#ifdef __cplusplus
}
#endif

#endif
