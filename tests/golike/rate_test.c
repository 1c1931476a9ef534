/* SPDX-License-Identifier: MIT */
/* rate_test.c - limiters at given times, reservations, waits; things done sometimes.
 *
 * T(0) to T(9) are a tenth of a second apart, so at 10 a second one token comes from each to the
 * next. No case but those of waiting looks at a clock.
 */
#include "golike.h"

#include <leat/context.h>
#include <leat/rate.h>

#include <math.h>
#include <stdlib.h>

#define T(i) (1000 * LEAT_SECOND + (i)*100 * LEAT_MILLISECOND)

/* TestLimit */
T_TEST(no_number_is_the_infinite_rate)
{
    T_FALSE(LEAT_RATE_INF == 10.0);
    T_TRUE(LEAT_RATE_INF == LEAT_RATE_INF);
    T_TRUE(LEAT_RATE_INF > 1e300);
}

/* TestEvery */
T_TEST(every_is_the_inverse_of_the_interval)
{
    static const struct {
        leat_duration interval;
        double limit;
    } cases[] = {
        {1, 1e9},
        {LEAT_MICROSECOND, 1e6},
        {LEAT_MILLISECOND, 1e3},
        {10 * LEAT_MILLISECOND, 100},
        {100 * LEAT_MILLISECOND, 10},
        {LEAT_SECOND, 1},
        {2 * LEAT_SECOND, 0.5},
        {2500 * LEAT_MILLISECOND, 0.4},
        {4 * LEAT_SECOND, 0.25},
        {10 * LEAT_SECOND, 0.1},
        {INT64_MAX, 1.0 / 9.2e9},
    };

    T_TRUE(leat_rate_every(0) == LEAT_RATE_INF);
    T_TRUE(leat_rate_every(-1) == LEAT_RATE_INF);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        T_LE(fabs(leat_rate_every(cases[i].interval) / cases[i].limit - 1), 0.01);
}

/* A table of allow_at: the time, how many, whether, and what is left afterwards. */
struct rt_allow {
    int at;
    int64_t n;
    bool ok;
    double left;
};

static void rt_run(leat_limiter *l, const struct rt_allow *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct rt_allow *s = &steps[i];
        if (leat_limiter_allow_at(l, T(s->at), s->n) != s->ok)
            T_FAIL("step %zu: allow_at(%d, %d) is not %d", i, s->at, (int)s->n, s->ok);
        T_LE(fabs(leat_limiter_tokens_at(l, T(s->at)) - s->left), 1e-6);
    }
}
#define RT_RUN(l, steps) rt_run(l, steps, sizeof(steps) / sizeof((steps)[0]))

/* TestLimiterBurst1 */
T_TEST(a_burst_of_one_allows_one_at_a_time)
{
    static const struct rt_allow steps[] = {
        {0, 1, true, 0},  {0, 1, false, 0}, {0, 1, false, 0}, {1, 1, true, 0},
        {1, 1, false, 0}, {1, 1, false, 0}, {2, 2, false, 1}, {2, 1, true, 0},
        {2, 1, false, 0}, {2, 1, false, 0},
    };
    leat_limiter l = LEAT_LIMITER(10, 1);

    RT_RUN(&l, steps);
}

/* TestLimiterBurst3 */
T_TEST(a_burst_of_three_allows_three_and_fills_up_again)
{
    static const struct rt_allow steps[] = {
        {0, 2, true, 1},  {0, 2, false, 1}, {0, 1, true, 0}, {0, 1, false, 0}, {1, 4, false, 1},
        {2, 1, true, 1},  {3, 1, true, 1},  {4, 1, true, 1}, {4, 1, true, 0},  {4, 1, false, 0},
        {4, 1, false, 0}, {9, 3, true, 0},  {9, 0, true, 0},
    };
    leat_limiter l = LEAT_LIMITER(10, 3);

    RT_RUN(&l, steps);
}

/* TestLimiterJumpBackwards */
T_TEST(time_that_goes_backwards_adds_no_tokens)
{
    static const struct rt_allow steps[] = {
        {1, 1, true, 2},  {0, 1, true, 1},  {0, 1, true, 0},  {0, 1, false, 0},
        {0, 1, false, 0}, {1, 1, true, 0},  {1, 1, false, 0}, {1, 1, false, 0},
        {2, 1, true, 0},  {2, 1, false, 0}, {2, 1, false, 0},
    };
    leat_limiter l = LEAT_LIMITER(10, 3);

    RT_RUN(&l, steps);
}

/* TestLimiter_noTruncationErrors */
T_TEST(a_full_bucket_is_not_truncated)
{
    leat_limiter l = LEAT_LIMITER(0.7692307692307693, 1);

    T_TRUE(leat_limiter_allow(&l));
}

/* TestSimultaneousRequests */
static void rt_allow_once(leat_limiter *l, atomic_int *allowed)
{
    if (leat_limiter_allow_at(l, T(0), 1))
        golike_note(allowed);
}

T_TEST(of_fifteen_at_once_a_burst_of_five_allows_exactly_five)
{
    leat_limiter l = LEAT_LIMITER(1, 5);
    leat_waitgroup wg = {0};
    atomic_int allowed = 0;

    for (int i = 0; i < 15; i++)
        leat_waitgroup_go(&wg, rt_allow_once, &l, &allowed);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&allowed), 5);
}

/* TestLongRunningQPS */
T_TEST(over_a_long_time_the_rate_is_what_was_asked_for)
{
    const double rate = 100, burst = 100;
    leat_limiter l = LEAT_LIMITER(100, 100);
    leat_duration t = T(0), end = T(0) + 50 * LEAT_SECOND;
    double allowed = 0;

    while (t < end) {
        allowed += leat_limiter_allow_at(&l, t, 1);
        t += (leat_duration)(t_rand() % (uint64_t)(4 * LEAT_MILLISECOND));
    }
    double ideal = burst + rate * (double)(t - T(0)) / 1e9;
    T_LE(allowed, ideal + 1);
    T_GE(allowed, 0.999 * ideal);
}

/* Reservations: a script of what is done at which times, and when its effect is due. */

enum { RT_NEVER = -1, RT_STEPS = 8 };

struct rt_step {
    enum { RT_END, RT_TAKE, RT_ALLOW, RT_BACK, RT_LIMIT, RT_BURST } what;
    int at;
    int64_t n; /* how many; the new limit or burst; which step is cancelled */
    int then;  /* when it is due; whether it is allowed */
};

static leat_reservation rt_reserve(leat_limiter *l, int at, int64_t n, int act)
{
    leat_reservation r = leat_limiter_reserve_at(l, T(at), n);

    T_EQ(r.ok, act >= 0);
    if (r.ok) {
        T_LE(llabs(r.at - T(act)), 1000);
        leat_duration d = leat_reservation_delay_from(&r, T(at));
        T_LE(llabs(d - (act > at ? T(act) - T(at) : 0)), 1000);
    } else {
        T_EQ(leat_reservation_delay_from(&r, T(at)), LEAT_FOREVER);
    }
    return r;
}

static void rt_play(int64_t limit, int64_t burst, const struct rt_step *steps)
{
    leat_limiter l;
    leat_reservation taken[RT_STEPS];

    leat_limiter_init(&l, (double)limit, burst);
    for (int i = 0; i < RT_STEPS && steps[i].what != RT_END; i++) {
        const struct rt_step *s = &steps[i];
        switch (s->what) {
        case RT_TAKE:
            taken[i] = rt_reserve(&l, s->at, s->n, s->then);
            break;
        case RT_ALLOW:
            T_EQ(leat_limiter_allow_at(&l, T(s->at), s->n), s->then);
            break;
        case RT_BACK:
            leat_reservation_cancel_at(&taken[s->n], T(s->at));
            break;
        case RT_LIMIT:
            leat_limiter_set_limit_at(&l, T(s->at), (double)s->n);
            T_TRUE(leat_limiter_limit(&l) == (double)s->n);
            break;
        default:
            leat_limiter_set_burst_at(&l, T(s->at), s->n);
            T_EQ(leat_limiter_burst(&l), s->n);
        }
    }
}

#define RT_TEST(name, limit, burst, ...)                                 \
    T_TEST(name)                                                         \
    {                                                                    \
        static const struct rt_step steps[RT_STEPS + 1] = {__VA_ARGS__}; \
        rt_play(limit, burst, steps);                                    \
    }

/* TestSimpleReserve */
RT_TEST(a_reservation_says_when, 10, 2, {RT_TAKE, 0, 2, 0}, {RT_TAKE, 0, 2, 2},
        {RT_TAKE, 3, 2, 4})

/* TestMix */
RT_TEST(reservations_and_allow_share_the_tokens, 10, 2, {RT_TAKE, 0, 3, RT_NEVER},
        {RT_TAKE, 0, 2, 0}, {RT_ALLOW, 1, 2, false}, {RT_TAKE, 1, 2, 2},
        {RT_ALLOW, 2, 1, false}, {RT_ALLOW, 3, 1, true})

/* TestCancelInvalid */
RT_TEST(cancelling_what_was_never_to_be_changes_nothing, 10, 2, {RT_TAKE, 0, 2, 0},
        {RT_TAKE, 0, 3, RT_NEVER}, {RT_BACK, 0, 1, 0}, {RT_TAKE, 0, 2, 2})

/* TestCancelLast */
RT_TEST(cancelling_the_last_gives_all_its_tokens_back, 10, 2, {RT_TAKE, 0, 2, 0},
        {RT_TAKE, 0, 2, 2}, {RT_BACK, 1, 1, 0}, {RT_TAKE, 1, 2, 2})

/* TestCancelTooLate */
RT_TEST(cancelling_after_its_time_changes_nothing, 10, 2, {RT_TAKE, 0, 2, 0},
        {RT_TAKE, 0, 2, 2}, {RT_BACK, 3, 1, 0}, {RT_TAKE, 3, 2, 4})

/* TestCancel0Tokens */
RT_TEST(cancelling_gives_nothing_back_when_all_was_reserved_after_it, 10, 2, {RT_TAKE, 0, 2, 0},
        {RT_TAKE, 0, 1, 1}, {RT_TAKE, 0, 1, 2}, {RT_BACK, 0, 1, 0}, {RT_TAKE, 0, 1, 3})

/* TestCancel1Token */
RT_TEST(cancelling_gives_back_what_was_not_reserved_after_it, 10, 2, {RT_TAKE, 0, 2, 0},
        {RT_TAKE, 0, 2, 2}, {RT_TAKE, 0, 1, 3}, {RT_BACK, 2, 1, 0}, {RT_TAKE, 2, 2, 4})

/* TestCancelMulti */
RT_TEST(cancelling_several_counts_those_that_remain, 10, 4, {RT_TAKE, 0, 4, 0},
        {RT_TAKE, 0, 3, 3}, {RT_TAKE, 0, 1, 4}, {RT_TAKE, 0, 1, 5}, {RT_BACK, 1, 3, 0},
        {RT_BACK, 1, 1, 0}, {RT_TAKE, 1, 3, 5})

/* What has been cancelled last was the last no more: the one before it is. */
RT_TEST(cancelling_from_the_last_on_gives_all_tokens_back, 10, 2, {RT_TAKE, 0, 2, 0},
        {RT_TAKE, 0, 2, 2}, {RT_TAKE, 0, 2, 4}, {RT_BACK, 2, 2, 0}, {RT_BACK, 2, 1, 0},
        {RT_TAKE, 2, 2, 2})

/* TestReserveJumpBack */
RT_TEST(reserving_at_an_earlier_time_waits_for_what_was_taken, 10, 2, {RT_TAKE, 1, 2, 1},
        {RT_TAKE, 0, 1, 1}, {RT_TAKE, 2, 2, 3})

/* TestReserveJumpBackCancel */
RT_TEST(cancelling_at_an_earlier_time_gives_back_as_much, 10, 2, {RT_TAKE, 1, 2, 1},
        {RT_TAKE, 1, 2, 3}, {RT_TAKE, 1, 1, 4}, {RT_BACK, 0, 1, 0}, {RT_TAKE, 1, 2, 4})

/* TestReserveSetLimit */
RT_TEST(a_new_limit_counts_from_its_time_on, 5, 2, {RT_TAKE, 0, 2, 0}, {RT_TAKE, 0, 2, 4},
        {RT_LIMIT, 2, 10, 0}, {RT_TAKE, 2, 1, 4})

/* TestReserveSetBurst */
RT_TEST(a_new_burst_counts_from_its_time_on, 5, 2, {RT_TAKE, 0, 2, 0}, {RT_TAKE, 0, 2, 4},
        {RT_BURST, 3, 4, 0}, {RT_TAKE, 0, 4, 9})

/* TestReserveSetLimitCancel */
RT_TEST(a_reservation_is_cancelled_at_the_rate_it_was_made_at, 5, 2, {RT_TAKE, 0, 2, 0},
        {RT_TAKE, 0, 2, 4}, {RT_LIMIT, 2, 10, 0}, {RT_BACK, 2, 1, 0}, {RT_TAKE, 2, 2, 3})

/* TestReserveMax, TestWaitTimeout: what would be too late fails at once and takes nothing. */
T_TEST(a_wait_that_would_be_too_late_fails_at_once_and_takes_nothing)
{
    leat_limiter l = LEAT_LIMITER(1.0 / 3600, 3);

    T_ERR(leat_limiter_wait_until(&l, 2, leat_now() + LEAT_SECOND), 0);
    double before = leat_limiter_tokens(&l);
    T_ERR(leat_limiter_wait_until(&l, 2, leat_now() + LEAT_MINUTE), -ETIMEDOUT);
    T_ERR(leat_limiter_wait_until(&l, 1, leat_now() - 1), -ETIMEDOUT);
    T_GE(leat_limiter_tokens(&l), before);
    T_ERR(leat_limiter_wait_until(&l, 1, leat_now() + LEAT_MINUTE), 0);
    T_LT(leat_limiter_tokens(&l), 0.5);
}

/* TestWaitTimeout with the deadline of a context. */
T_TEST(a_wait_beyond_the_deadline_of_its_context_fails_at_once)
{
    leat_limiter l = LEAT_LIMITER(1.0 / 3600, 1);
    leat_ctx *ctx = leat_ctx_with_timeout(NULL, LEAT_MINUTE);

    T_ERR(leat_limiter_wait_ctx(ctx, &l, 1), 0);
    T_ERR(leat_limiter_wait_ctx(ctx, &l, 1), -ETIMEDOUT);
    T_ERR(leat_ctx_err(ctx), 0);
    leat_ctx_free(ctx);
}

/* TestWaitSimple */
T_TEST(a_wait_is_for_a_context_that_lives_and_a_burst_that_suffices)
{
    leat_limiter l = LEAT_LIMITER(1000, 3);
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);

    T_ERR(leat_limiter_wait_ctx(ctx, &l, 4), -EINVAL);
    T_ERR(leat_limiter_wait_ctx(ctx, &l, 3), 0);
    leat_duration before = leat_now();
    T_ERR(leat_limiter_wait_ctx(ctx, &l, 3), 0);
    T_ERR(leat_limiter_wait(&l), 0);
    T_GE(leat_now() - before, 2 * LEAT_MILLISECOND);
    leat_ctx_cancel(ctx);
    T_ERR(leat_limiter_wait_ctx(ctx, &l, 1), -ECANCELED);
    leat_ctx_free(ctx);
}

/* TestWaitCancel */
static void rt_wait(leat_ctx *ctx, leat_limiter *l, int64_t n, int want)
{
    T_ERR(leat_limiter_wait_ctx(ctx, l, n), want);
}

T_TEST(a_wait_that_is_cancelled_gives_its_tokens_back)
{
    leat_limiter l = LEAT_LIMITER(1.0 / 3600, 3);
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_waitgroup wg = {0};

    T_ERR(leat_limiter_wait_ctx(ctx, &l, 2), 0);
    leat_waitgroup_go(&wg, rt_wait, ctx, &l, 3, -ECANCELED);
    while (leat_limiter_tokens(&l) > 0)
        leat_yield();
    T_LT(leat_limiter_tokens(&l), -1.5);
    leat_ctx_cancel(ctx);
    leat_waitgroup_wait(&wg);
    T_TRUE(leat_limiter_allow(&l));
    leat_ctx_free(ctx);
}

/* TestWaitInf */
T_TEST(without_a_limit_nothing_waits_whatever_the_burst)
{
    leat_limiter l = LEAT_LIMITER(LEAT_RATE_INF, 0);

    for (int i = 0; i < 1000; i++)
        T_ERR(leat_limiter_wait_ctx(NULL, &l, 1000000), 0);
    T_TRUE(leat_limiter_allow(&l));
    leat_reservation r = leat_limiter_reserve(&l);
    T_TRUE(r.ok);
    T_EQ(leat_reservation_delay(&r), 0);
    leat_reservation_cancel(&r);
}

/* TestZeroLimit */
T_TEST(a_limit_of_nothing_allows_its_burst_and_no_more)
{
    leat_limiter l = LEAT_LIMITER(0, 1), zero = {0};

    T_TRUE(leat_limiter_allow(&l));
    T_FALSE(leat_limiter_allow(&l));
    T_FALSE(leat_limiter_allow(&zero));
    T_ERR(leat_limiter_wait(&zero), -EINVAL);
    leat_limiter_init(&zero, 10, 2);
    T_TRUE(leat_limiter_allow_at(&zero, leat_now(), 2));
}

/* TestSetAfterZeroLimit */
T_TEST(a_limit_that_is_raised_from_nothing_counts)
{
    leat_limiter l = LEAT_LIMITER(0, 1);

    T_TRUE(leat_limiter_allow_at(&l, T(0), 1));
    T_FALSE(leat_limiter_allow_at(&l, T(5), 1));
    leat_limiter_set_limit_at(&l, T(5), 10);
    T_FALSE(leat_limiter_allow_at(&l, T(5), 1));
    T_TRUE(leat_limiter_allow_at(&l, T(6), 1));
}

/* TestTinyLimit */
T_TEST(a_tiny_limit_does_not_overflow)
{
    leat_limiter l = LEAT_LIMITER(1e-10, 1);

    T_TRUE(leat_limiter_allow(&l));
    T_FALSE(leat_limiter_allow(&l));
    T_ERR(leat_limiter_wait_until(&l, 1, leat_now() + LEAT_HOUR), -ETIMEDOUT);
    leat_reservation r = leat_limiter_reserve(&l);
    T_TRUE(r.ok);
    T_EQ(leat_reservation_delay(&r), LEAT_FOREVER);
}

/* Sometimes. */

static void rt_count(int *n)
{
    ++*n;
}

static int rt_sometimes(leat_sometimes s, int times)
{
    int n = 0;

    for (int i = 0; i < times; i++)
        leat_sometimes_do(&s, rt_count, &n);
    return n;
}

/* TestSometimesZero */
T_TEST(a_zero_sometimes_does_it_once)
{
    T_EQ(rt_sometimes((leat_sometimes){0}, 1000), 1);
}

/* TestSometimesMax */
T_TEST(a_sometimes_of_the_largest_numbers_does_not_overflow)
{
    T_EQ(rt_sometimes((leat_sometimes){.first = INT64_MAX}, 1000), 1000);
    T_EQ(rt_sometimes((leat_sometimes){.every = INT64_MAX}, 1000), 1);
    T_EQ(rt_sometimes((leat_sometimes){.interval = INT64_MAX}, 1000), 1);
}

/* TestSometimesNegative */
T_TEST(a_sometimes_of_negative_numbers_is_the_zero_one)
{
    T_EQ(rt_sometimes((leat_sometimes){.first = -1}, 1000), 1);
    T_EQ(rt_sometimes((leat_sometimes){.every = -1}, 1000), 1);
    T_EQ(rt_sometimes((leat_sometimes){.interval = -1}, 1000), 1);
}

/* RT5: any of the three is enough. */
T_TEST(a_sometimes_does_what_any_of_its_numbers_asks_for)
{
    T_EQ(rt_sometimes((leat_sometimes){.first = 3}, 100), 3);
    T_EQ(rt_sometimes((leat_sometimes){.every = 2}, 100), 50);
    T_EQ(rt_sometimes((leat_sometimes){.first = 4, .every = 50}, 100), 5);
    T_EQ(rt_sometimes((leat_sometimes){.interval = 1}, 2), 2);
}

static void rt_exit_sometimes(leat_sometimes *s, atomic_int *n)
{
    leat_sometimes_do(s, golike_note, n);
    leat_sometimes_do(s, leat_exit);
    T_FAIL("it was skipped");
}

T_TEST(a_sometimes_is_free_again_after_an_exit_in_it)
{
    leat_sometimes s = {.every = 1};
    leat_waitgroup wg = {0};
    atomic_int n = 0;

    for (int i = 0; i < 10; i++)
        leat_waitgroup_go(&wg, rt_exit_sometimes, &s, &n);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&n), 10);
}

static void rt_again(leat_sometimes *s)
{
    int n = 0;
    leat_sometimes_do(s, rt_count, &n);
}

T_TEST(a_sometimes_that_calls_itself_is_a_deadlock, GOLIKE_BLOCKS("sync.Mutex.Lock"))
{
    static leat_sometimes s = {.every = 1};

    leat_sometimes_do(&s, rt_again, &s);
}
