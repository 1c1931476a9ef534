/* SPDX-License-Identifier: MIT */
/*
 * timer_many_test.c - timers in numbers: no time at all, again and again; many waiters, many who
 * reset; short ones among long ones that keep changing.
 */
#include "golike.h"

/* TestZeroTimer: one that is due at once strikes, whatever has just been stopped beside it. */
T_TEST(a_timer_of_no_time_strikes_every_time, .timeout_ms = 60000)
{
    leat_timer *again = leat_timer_make(LEAT_HOUR);
    leat_timer *beside = leat_timer_make(LEAT_HOUR);

    for (long i = t_scale(20000); i > 0; i--) {
        leat_time_chan c = leat_after(i % 2);
        T_TRUE(leat_timer_reset(beside, LEAT_HOUR + i));
        T_TRUE(leat_recv(c, NULL));
        leat_chan_free(c);
        leat_timer_reset(again, i % 3 - 1);
        T_TRUE(leat_recv(leat_timer_chan(again), NULL));
    }
    T_FALSE(leat_timer_stop(again));
    T_TRUE(leat_timer_stop(beside));
    leat_timer_free(again);
    leat_timer_free(beside);
}

/* TestAfterTick: so many in a row take so long at least. */
T_TEST(ten_spans_in_a_row_take_ten_times_as_long)
{
    leat_duration begin = leat_now(), last = begin, at;

    for (int i = 0; i < 10; i++) {
        leat_time_chan c = leat_after(2 * LEAT_MILLISECOND);
        T_TRUE(leat_recv(c, &at));
        T_GE(at - last, 2 * LEAT_MILLISECOND);
        leat_chan_free(c);
        last = at;
    }
    T_GE(leat_now() - begin, 20 * LEAT_MILLISECOND);
}

/* TestOverflowPeriodRuntimeTimer: a period that leads beyond the end of time. */
T_TEST(a_ticker_of_the_longest_period_is_in_nobodys_way)
{
    leat_ticker *longest = leat_ticker_make(LEAT_FOREVER), *t = leat_ticker_make(1);

    for (int i = 0; i < 50; i++)
        T_EQ(leat_select(leat_case_recv(leat_ticker_chan(longest), NULL),
                         leat_case_recv(leat_ticker_chan(t), NULL)),
             1);
    leat_ticker_reset(longest, LEAT_FOREVER - 1);
    T_TRUE(leat_recv(leat_ticker_chan(t), NULL));
    T_FALSE(leat_try_recv(leat_ticker_chan(longest), NULL));
    leat_ticker_reset(longest, 1);
    T_TRUE(leat_recv(leat_ticker_chan(longest), NULL));
    leat_ticker_free(longest);
    leat_ticker_free(t);
}

/* TestMultiWakeupTimer: whoever is woken resets it for the next; no strike is lost or doubled. */
static void tn_pass_on(leat_timer *t, atomic_int *left, leat_done_chan over)
{
    for (;;) {
        bool open;
        if (leat_select(leat_case_recv(leat_timer_chan(t), NULL),
                        leat_case_recv_ok(over, NULL, &open)) == 1)
            return;
        if (atomic_fetch_sub(left, 1) == 1) {
            leat_close(over);
            return;
        }
        T_FALSE(leat_timer_reset(t, (leat_duration)(t_rand() % 3) * LEAT_MICROSECOND));
    }
}

T_TEST(many_wait_for_one_timer_and_each_strike_wakes_one, .timeout_ms = 60000)
{
    leat_scoped_chan(leat_done_chan, over, 0);
    leat_timer *t = leat_timer_make(LEAT_MICROSECOND);
    atomic_int left = (int)t_scale(3000);
    leat_waitgroup wg = {0};

    for (int i = 0; i < 20; i++)
        leat_waitgroup_go(&wg, tn_pass_on, t, &left, over);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&left), 0);
    T_FALSE(leat_try_recv(leat_timer_chan(t), NULL));
    T_FALSE(leat_timer_stop(t));
    leat_timer_free(t);
}

/* TestTimerStopStress: stopped long before its time, from everywhere: never called. */
static void tn_never(void)
{
    T_FAIL("a function ran though it was stopped in time");
}

static void tn_arm_and_stop(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        leat_timer *t = leat_after_func(LEAT_HOUR, tn_never);
        if (i % 3 == 0)
            leat_yield();
        T_TRUE(leat_timer_stop(t));
        T_FALSE(leat_timer_stop(t));
        leat_timer_free(t);
    }
}

T_TEST(functions_stopped_in_time_are_never_called)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < 100; i++)
        leat_waitgroup_go(&wg, tn_arm_and_stop, t_scale(100));
    leat_waitgroup_wait(&wg);
}

/* TestConcurrentTimerReset, ...ResetStop: all at one timer, which works afterwards. */
static void tn_reset(leat_timer *t, long rounds, bool stops)
{
    for (long i = 0; i < rounds; i++) {
        leat_timer_reset(t, LEAT_HOUR + (leat_duration)(t_rand() % LEAT_HOUR));
        if (stops && i % 2)
            leat_timer_stop(t);
    }
}

static void tn_count(atomic_int *n)
{
    golike_note(n);
}

static void tn_reset_by_many(bool stops)
{
    leat_waitgroup wg = {0};
    atomic_int n = 0;
    leat_timer *t = leat_after_func(LEAT_HOUR, tn_count, &n);

    for (int i = 0; i < 16; i++)
        leat_waitgroup_go(&wg, tn_reset, t, t_scale(1000), stops);
    leat_waitgroup_wait(&wg);
    leat_timer_reset(t, 0);
    golike_await(&n, 1);
    T_FALSE(leat_timer_stop(t));
    T_EQ(atomic_load(&n), 1);
    leat_timer_free(t);
    golike_alone();
}

T_TEST(a_timer_that_many_reset_strikes_once_at_last)
{
    tn_reset_by_many(false);
}

T_TEST(a_timer_that_many_reset_and_stop_strikes_once_at_last)
{
    tn_reset_by_many(true);
}

/* TestLongAdjustTimers: what is far away moves all the time and keeps nobody waiting. */
static void tn_move_far_ones(atomic_int *stop)
{
    enum { FAR = 50 };
    leat_timer *far[FAR];

    for (int i = 0; i < FAR; i++)
        far[i] = leat_timer_make(LEAT_HOUR);
    for (int i = 0; !atomic_load(stop); i = (i + 1) % FAR) {
        if (i % 5)
            T_TRUE(leat_timer_reset(far[i], LEAT_HOUR + (leat_duration)(t_rand() % LEAT_HOUR)));
        else
            leat_yield();
    }
    for (int i = 0; i < FAR; i++) {
        T_TRUE(leat_timer_stop(far[i]));
        leat_timer_free(far[i]);
    }
}

T_TEST(short_timers_strike_among_long_ones_that_keep_moving, .timeout_ms = 60000)
{
    leat_waitgroup wg = {0};
    atomic_int stop = 0;
    leat_ticker *t = leat_ticker_make(50 * LEAT_MICROSECOND);

    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, tn_move_far_ones, &stop);
    for (int i = 0; i < 100; i++) {
        T_TRUE(leat_recv(leat_ticker_chan(t), NULL));
        leat_duration before = leat_now();
        leat_sleep(LEAT_MICROSECOND);
        T_GE(leat_now() - before, LEAT_MICROSECOND);
    }
    golike_note(&stop);
    leat_waitgroup_wait(&wg);
    leat_ticker_free(t);
}
