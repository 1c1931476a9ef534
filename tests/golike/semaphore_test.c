/* SPDX-License-Identifier: MIT */
/* semaphore_test.c - weighted semaphores: order, trying, giving up, what nobody may starve. */
#include "golike.h"

#include <leat/context.h>
#include <leat/semaphore.h>

#include "flow/semaphore.h"

static void sm_await_waiting(leat_semaphore *s, int64_t n)
{
    while (semaphore_waiting(s) != n)
        leat_yield();
}

/* TestWeighted */

struct sm_hammered {
    leat_semaphore s;
    atomic_int inside;
};

static void sm_hammer(struct sm_hammered *h, int n, long loops)
{
    for (long i = 0; i < loops; i++) {
        leat_semaphore_acquire(&h->s, n);
        int now = atomic_fetch_add(&h->inside, n) + n;
        T_LE(now, 8);
        if (i % 5 == 0)
            leat_yield();
        atomic_fetch_sub(&h->inside, n);
        leat_semaphore_release(&h->s, n);
    }
}

T_TEST(no_more_is_held_than_there_is_under_load)
{
    struct sm_hammered h = {.s = LEAT_SEMAPHORE(8)};
    leat_waitgroup wg = {0};

    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, sm_hammer, &h, i + 1, t_scale(2000));
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&h.inside), 0);
    T_EQ(semaphore_held(&h.s), 0);
    T_EQ(semaphore_waiting(&h.s), 0);
    T_TRUE(leat_semaphore_try_acquire(&h.s, 8));
}

/* TestWeightedPanic */

T_TEST(release_of_what_was_not_acquired_panics,
       GOLIKE_PANICS("semaphore: released more than held"))
{
    leat_semaphore s = LEAT_SEMAPHORE(1);
    leat_semaphore_release(&s, 1);
}

T_TEST(release_of_more_than_is_held_panics, GOLIKE_PANICS("semaphore: released more than held"))
{
    leat_semaphore s = LEAT_SEMAPHORE(10);
    leat_semaphore_acquire(&s, 3);
    leat_semaphore_release(&s, 4);
}

T_TEST(a_negative_weight_panics, GOLIKE_PANICS("semaphore: negative weight"))
{
    leat_semaphore s = LEAT_SEMAPHORE(10);
    leat_semaphore_acquire(&s, -1);
}

/* TestWeightedTryAcquire */

T_TEST(try_acquire_takes_what_there_is_and_no_more)
{
    leat_semaphore s = LEAT_SEMAPHORE(2);

    leat_semaphore_acquire(&s, 1);
    T_TRUE(leat_semaphore_try_acquire(&s, 1));
    T_FALSE(leat_semaphore_try_acquire(&s, 1));
    leat_semaphore_release(&s, 2);
    T_TRUE(leat_semaphore_try_acquire(&s, 1));
    leat_semaphore_acquire(&s, 1);
    T_FALSE(leat_semaphore_try_acquire(&s, 1));
}

/* TestWeightedAcquire */

static int sm_acquire_soon(leat_semaphore *s)
{
    return leat_semaphore_acquire_until(s, 1, leat_now() + 10 * LEAT_MILLISECOND);
}

T_TEST(acquire_takes_what_there_is_and_waits_for_more)
{
    leat_semaphore s = LEAT_SEMAPHORE(2);

    leat_semaphore_acquire(&s, 1);
    T_ERR(leat_semaphore_acquire_until(&s, 1, leat_now() + LEAT_HOUR), 0);
    T_ERR(sm_acquire_soon(&s), -ETIMEDOUT);
    leat_semaphore_release(&s, 2);
    T_ERR(leat_semaphore_acquire_until(&s, 1, leat_now() + LEAT_HOUR), 0);
    leat_semaphore_acquire(&s, 1);
    T_ERR(sm_acquire_soon(&s), -ETIMEDOUT);
}

/* SM1: a limit that is over is an error even if the tokens are there. */
T_TEST(a_limit_that_is_over_fails_though_tokens_are_free)
{
    leat_semaphore s = LEAT_SEMAPHORE(2);
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);

    T_ERR(leat_semaphore_acquire_ctx(ctx, &s, 1), 0);
    leat_ctx_cancel(ctx);
    T_ERR(leat_semaphore_acquire_ctx(ctx, &s, 1), -ECANCELED);
    T_ERR(leat_semaphore_acquire_until(&s, 1, leat_now() - 1), -ETIMEDOUT);
    T_EQ(semaphore_held(&s), 1);
    leat_ctx_free(ctx);
}

/* TestWeightedDoesntBlockIfTooBig */

static void sm_acquire_ctx(leat_ctx *ctx, leat_semaphore *s, int64_t n, int want)
{
    T_ERR(leat_semaphore_acquire_ctx(ctx, s, n), want);
}

static void sm_acquire_and_release(leat_semaphore *s, long loops)
{
    for (long i = 0; i < loops; i++) {
        leat_semaphore_acquire(s, 1);
        leat_semaphore_release(s, 1);
    }
}

T_TEST(one_that_asks_for_more_than_there_is_holds_nobody_up)
{
    leat_semaphore s = LEAT_SEMAPHORE(2);
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_waitgroup big = {0}, small = {0};

    leat_waitgroup_go(&big, sm_acquire_ctx, ctx, &s, 3, -ECANCELED);
    sm_await_waiting(&s, 1);
    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&small, sm_acquire_and_release, &s, t_scale(1000));
    leat_waitgroup_wait(&small);
    T_EQ(semaphore_waiting(&s), 1);
    leat_ctx_cancel(ctx);
    leat_waitgroup_wait(&big);
    T_TRUE(leat_semaphore_try_acquire(&s, 2));
    leat_ctx_free(ctx);
}

/* TestLargeAcquireDoesntStarve */

static void sm_keep_taking(leat_semaphore *s, atomic_int *stop)
{
    leat_semaphore_acquire(s, 1);
    while (!atomic_load(stop)) {
        leat_yield();
        leat_semaphore_release(s, 1);
        leat_semaphore_acquire(s, 1);
    }
    leat_semaphore_release(s, 1);
}

T_TEST(small_requests_do_not_starve_a_large_one)
{
    const int n = 8;
    leat_semaphore s = LEAT_SEMAPHORE(8);
    leat_waitgroup wg = {0};
    atomic_int stop = 0;

    for (int i = 0; i < n; i++)
        leat_waitgroup_go(&wg, sm_keep_taking, &s, &stop);
    golike_turns();
    for (int round = 0; round < 20; round++) {
        leat_semaphore_acquire(&s, n);
        T_EQ(semaphore_held(&s), n);
        leat_semaphore_release(&s, n);
    }
    golike_note(&stop);
    leat_waitgroup_wait(&wg);
}

/* SM2: who comes later is not served first, though there would be enough for it. */
T_TEST(try_acquire_fails_while_a_larger_request_waits)
{
    leat_semaphore s = LEAT_SEMAPHORE(4);
    leat_waitgroup wg = {0};

    leat_semaphore_acquire(&s, 2);
    leat_waitgroup_go(&wg, sm_acquire_ctx, (leat_ctx *)NULL, &s, 3, 0);
    sm_await_waiting(&s, 1);
    T_FALSE(leat_semaphore_try_acquire(&s, 1));
    leat_semaphore_release(&s, 2);
    leat_waitgroup_wait(&wg);
    T_EQ(semaphore_held(&s), 3);
}

static void sm_acquire_in_turn(leat_semaphore *s, int64_t n, int place, int *order,
                               atomic_int *served)
{
    leat_semaphore_acquire(s, n);
    order[atomic_fetch_add(served, 1)] = place;
    leat_semaphore_release(s, n);
}

T_TEST(waiters_are_served_in_order_of_arrival)
{
    enum { WAITERS = 20 };
    leat_semaphore s = LEAT_SEMAPHORE(3);
    leat_waitgroup wg = {0};
    int order[WAITERS];
    atomic_int served = 0;

    leat_semaphore_acquire(&s, 3);
    for (int i = 0; i < WAITERS; i++) {
        leat_waitgroup_go(&wg, sm_acquire_in_turn, &s, 3, i, order, &served);
        sm_await_waiting(&s, i + 1);
    }
    leat_semaphore_release(&s, 3);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < WAITERS; i++)
        T_EQ(order[i], i);
}

/* TestAllocCancelDoesntStarve */

T_TEST(a_large_request_that_is_cancelled_lets_those_behind_it_through)
{
    leat_semaphore s = LEAT_SEMAPHORE(10);
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_waitgroup large = {0}, small = {0};

    leat_semaphore_acquire(&s, 1);
    leat_waitgroup_go(&large, sm_acquire_ctx, ctx, &s, 10, -ECANCELED);
    sm_await_waiting(&s, 1);
    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&small, sm_acquire_ctx, (leat_ctx *)NULL, &s, 3, 0);
    sm_await_waiting(&s, 4);
    leat_ctx_cancel(ctx);
    leat_waitgroup_wait(&large);
    leat_waitgroup_wait(&small);
    T_EQ(semaphore_held(&s), 10);
    leat_ctx_free(ctx);
}

T_TEST(a_large_request_that_times_out_lets_those_behind_it_through)
{
    leat_semaphore s = LEAT_SEMAPHORE(10);
    leat_waitgroup small = {0};

    leat_semaphore_acquire(&s, 1);
    for (int round = 0; round < 3; round++) {
        leat_waitgroup_go(&small, sm_acquire_ctx, (leat_ctx *)NULL, &s, 3, 0);
        T_ERR(leat_semaphore_acquire_until(&s, 10, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    }
    leat_waitgroup_wait(&small);
    T_EQ(semaphore_held(&s), 10);
}

/* TestWeightedAcquireCanceled (#63615): a cancel that meets a release loses no token. */

static void sm_release(leat_semaphore *s, int64_t n)
{
    leat_semaphore_release(s, n);
}

static void sm_acquire_or_not(leat_ctx *ctx, leat_semaphore *s, atomic_int *got)
{
    int err = leat_semaphore_acquire_ctx(ctx, s, 2);

    T_TRUE(err == 0 || err == -ECANCELED);
    if (err == 0)
        golike_note(got);
}

T_TEST(a_cancel_that_meets_a_release_loses_no_token)
{
    const long rounds = t_scale(3000);

    for (long i = 0; i < rounds; i++) {
        leat_semaphore s = LEAT_SEMAPHORE(2);
        leat_ctx *ctx = leat_ctx_with_cancel(NULL);
        leat_waitgroup wg = {0};
        atomic_int got = 0;
        leat_semaphore_acquire(&s, 2);
        leat_waitgroup_go(&wg, sm_acquire_or_not, ctx, &s, &got);
        sm_await_waiting(&s, 1);
        leat_waitgroup_go(&wg, sm_release, &s, 2);
        leat_ctx_cancel(ctx);
        leat_waitgroup_wait(&wg);
        T_EQ(semaphore_held(&s), 2 * atomic_load(&got));
        T_TRUE(semaphore_check(&s) == NULL);
        leat_ctx_free(ctx);
    }
}

/* What Go has not: a size that changes. */

T_TEST(resizing_lets_through_who_now_fits_and_holds_back_the_rest)
{
    leat_semaphore s = {0};
    leat_waitgroup five = {0}, three = {0};

    leat_waitgroup_go(&five, sm_acquire_ctx, (leat_ctx *)NULL, &s, 5, 0);
    sm_await_waiting(&s, 1);
    leat_waitgroup_go(&three, sm_acquire_ctx, (leat_ctx *)NULL, &s, 3, 0);
    sm_await_waiting(&s, 2);
    leat_semaphore_resize(&s, 4);
    leat_waitgroup_wait(&three);
    T_EQ(semaphore_waiting(&s), 1);
    leat_semaphore_resize(&s, 7);
    T_EQ(semaphore_waiting(&s), 1);
    leat_semaphore_release(&s, 1);
    leat_waitgroup_wait(&five);
    leat_semaphore_resize(&s, 2);
    leat_semaphore_release(&s, 5);
    T_FALSE(leat_semaphore_try_acquire(&s, 1));
    leat_semaphore_release(&s, 1);
    T_TRUE(leat_semaphore_try_acquire(&s, 1));
    T_TRUE(semaphore_check(&s) == NULL);
}

T_TEST(the_zero_semaphore_grants_nothing, GOLIKE_BLOCKS("semaphore.Acquire"))
{
    leat_semaphore s = {0};

    T_FALSE(leat_semaphore_try_acquire(&s, 1));
    T_TRUE(leat_semaphore_try_acquire(&s, 0));
    leat_semaphore_acquire(&s, 1);
}

/* The one who is let through frees the semaphore while the releaser may still be inside. */
static void sm_take_and_free(leat_semaphore *s, leat_waitgroup *wg)
{
    leat_semaphore_acquire(s, 1);
    *s = (leat_semaphore)LEAT_SEMAPHORE(-1);
    leat_waitgroup_done(wg);
}

T_TEST(a_semaphore_may_go_as_soon_as_it_was_acquired)
{
    const long rounds = t_scale(5000);

    for (long i = 0; i < rounds; i++) {
        leat_semaphore s = LEAT_SEMAPHORE(1);
        leat_waitgroup wg = {0};
        leat_waitgroup_add(&wg, 1);
        leat_semaphore_acquire(&s, 1);
        leat_go(sm_take_and_free, &s, &wg);
        if (i % 2)
            sm_await_waiting(&s, 1);
        leat_semaphore_release(&s, 1);
        leat_waitgroup_wait(&wg);
        T_EQ(s.leat__size, -1);
    }
}

/* MM: a release is before the acquire that it lets through. */
static void sm_count_up(leat_semaphore *s, long *n, long loops)
{
    for (long i = 0; i < loops; i++) {
        leat_semaphore_acquire(s, 1);
        *n += 1;
        leat_semaphore_release(s, 1);
    }
}

T_TEST(a_semaphore_of_one_is_a_lock)
{
    leat_semaphore s = LEAT_SEMAPHORE(1);
    leat_waitgroup wg = {0};
    const long loops = t_scale(5000);
    long n = 0;

    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, sm_count_up, &s, &n, loops);
    leat_waitgroup_wait(&wg);
    T_EQ(n, 4 * loops);
}
