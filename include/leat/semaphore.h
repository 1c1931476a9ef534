/* SPDX-License-Identifier: MIT */
/*
 * leat/semaphore.h - weighted semaphores, first come first served.
 *
 *     static leat_semaphore memory = LEAT_SEMAPHORE(512);      // megabytes
 *
 *     leat_semaphore_acquire(&memory, 100);
 *     decode(image);
 *     leat_semaphore_release(&memory, 100);
 *
 * Those who wait are served in the order in which they came: small requests do not overtake a
 * large one, so the large one is not starved. One that gives up lets those behind it through.
 * The zero value is a semaphore of size 0, which grants nothing. None may be copied after its
 * first use; none needs a destroy.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_SEMAPHORE_H
#define LEAT_SEMAPHORE_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** So many tokens, of which each holder has some; see LEAT_SEMAPHORE. */
typedef struct leat_semaphore {
    int64_t leat__size; /* opaque */
    int64_t leat__held;
    void *leat__queues[4];
    uint32_t leat__lock;
} leat_semaphore;

/**
 * Initialise a semaphore where it is defined.
 *
 *     static leat_semaphore slots = LEAT_SEMAPHORE(10);
 *
 * Go         semaphore.NewWeighted(size)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   as an initialiser, of static objects too.
 * Ownership  none.
 * Ordering   none.
 * Param      size    how many tokens there are.
 * Returns    an initialiser.
 * Fatal      never.
 * See        leat_semaphore_init
 * Since      0.2
 */
#define LEAT_SEMAPHORE(size)                   \
    {                                          \
        (size), 0, {NULL, NULL, NULL, NULL}, 0 \
    }

/**
 * Initialise a semaphore that was not initialised where it is defined.
 *
 * Go         semaphore.NewWeighted(size)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; there is nothing to destroy.
 * Ordering   none: let nobody use it yet.
 * Param      s       memory for a semaphore.
 * Param      size    how many tokens there are.
 * Returns    nothing.
 * Fatal      never.
 * See        LEAT_SEMAPHORE, leat_semaphore_resize
 * Since      0.2
 */
LEAT_API void leat_semaphore_init(leat_semaphore *s, int64_t size);

/**
 * Take tokens from a semaphore, waiting until there are enough.
 *
 * One that asks for more than the semaphore's size waits for ever, or until
 * leat_semaphore_resize; it holds nobody else up.
 *
 * Go         sem.Acquire(context.Background(), n)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled; leat_semaphore_acquire_ctx can.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the tokens are the caller's, or whom it gives them to: leat_semaphore_release.
 * Ordering   what precedes a release happens before the acquires that it lets through return.
 * Param      s       a semaphore.
 * Param      n       how many tokens.
 * Returns    nothing.
 * Fatal      "semaphore: negative weight".
 * See        leat_semaphore_release, leat_semaphore_try_acquire
 * Since      0.2
 */
LEAT_API void leat_semaphore_acquire(leat_semaphore *s, int64_t n);

/**
 * Take tokens from a semaphore unless a context ends first.
 *
 * A context that is over already is an error even if the tokens are there.
 *
 * Go         sem.Acquire(ctx, n)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_semaphore_acquire when it succeeds; nothing was taken otherwise.
 * Ordering   as leat_semaphore_acquire; an error comes after what the canceller did before.
 * Param      ctx     a context; NULL is the background.
 * Param      s       a semaphore.
 * Param      n       how many tokens.
 * Returns    0, or what leat_ctx_err says: -ECANCELED, -ETIMEDOUT.
 * Fatal      "semaphore: negative weight".
 * See        leat_semaphore_acquire, leat_semaphore_acquire_until
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_semaphore_acquire_ctx(leat_ctx *ctx, leat_semaphore *s,
                                                       int64_t n);

/**
 * Take tokens from a semaphore unless that takes too long.
 *
 * Go         sem.Acquire with a context of context.WithDeadline.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     at the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_semaphore_acquire when it succeeds; nothing was taken otherwise.
 * Ordering   as leat_semaphore_acquire when it succeeds; none otherwise.
 * Param      s       a semaphore.
 * Param      n       how many tokens.
 * Param      deadline when to give up, as leat_now counts.
 * Returns    0 or -ETIMEDOUT.
 * Fatal      "semaphore: negative weight".
 * See        leat_semaphore_acquire_ctx, leat_now
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_semaphore_acquire_until(leat_semaphore *s, int64_t n,
                                                         leat_duration deadline);

/**
 * Take tokens from a semaphore if that needs no wait.
 *
 * It fails while others wait, even if there are enough for it: they were first.
 *
 * Go         sem.TryAcquire(n)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_semaphore_acquire when it succeeds.
 * Ordering   as leat_semaphore_acquire when it succeeds; none otherwise.
 * Param      s       a semaphore.
 * Param      n       how many tokens.
 * Returns    whether it took them.
 * Fatal      "semaphore: negative weight".
 * See        leat_semaphore_acquire
 * Since      0.2
 */
LEAT_API bool leat_semaphore_try_acquire(leat_semaphore *s, int64_t n);

/**
 * Give tokens back to a semaphore.
 *
 * Not all that one took need be given back at once, nor by who took them.
 *
 * Go         sem.Release(n)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the semaphore is not touched once another has the tokens.
 * Ordering   what precedes it happens before the acquires that it lets through return.
 * Param      s       a semaphore.
 * Param      n       how many tokens.
 * Returns    nothing.
 * Fatal      "semaphore: released more than held", "semaphore: negative weight".
 * See        leat_semaphore_acquire
 * Since      0.2
 */
LEAT_API void leat_semaphore_release(leat_semaphore *s, int64_t n);

/**
 * Change how many tokens a semaphore has.
 *
 * With fewer than are held it grants nothing until enough have been given back.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   what precedes it happens before the acquires that it lets through return.
 * Param      s       a semaphore.
 * Param      size    the new number of tokens.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_semaphore_init
 * Since      0.2
 */
LEAT_API void leat_semaphore_resize(leat_semaphore *s, int64_t size);

#ifdef __cplusplus
}
#endif

#endif
