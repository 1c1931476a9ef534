/* SPDX-License-Identifier: MIT */
/*
 * ticker_test.c - tickers: rhythm, loss, reset, stop. To the instant: src/chan/timed_test.c.
 */
#include "golike.h"

/* TestTicker, TestTick: so many ticks take so long at least, before and after a reset. */
static void tk_count(leat_ticker *t, leat_duration period, int n)
{
    leat_duration begin = leat_now(), last = 0, tick = 0;

    for (int i = 0; i < n; i++) {
        T_TRUE(leat_recv(leat_ticker_chan(t), &tick));
        T_LE(tick, leat_now());
        T_GE(tick - last, period);
        last = tick;
    }
    T_GE(last - begin, (n - 1) * period); /* one may have been on its way already */
}

T_TEST(ten_ticks_take_ten_periods_also_after_a_reset)
{
    leat_ticker *t = leat_ticker_make(2 * LEAT_MILLISECOND);

    tk_count(t, 2 * LEAT_MILLISECOND, 10);
    leat_ticker_reset(t, 4 * LEAT_MILLISECOND);
    tk_count(t, 4 * LEAT_MILLISECOND, 10);
    leat_ticker_stop(t);
    T_EQ(leat_select(leat_case_recv(leat_ticker_chan(t), NULL),
                     leat_case_timeout(20 * LEAT_MILLISECOND)),
         1);
    leat_ticker_free(t);
}

/* T6: a slow receiver finds one tick, not all that were due. */
T_TEST(a_slow_receiver_finds_one_tick)
{
    leat_ticker *t = leat_ticker_make(LEAT_HOUR);
    leat_duration first = 0, second = 0;

    leat_ticker_reset(t, 50 * LEAT_MICROSECOND);
    leat_sleep(5 * LEAT_MILLISECOND);
    T_TRUE(leat_recv(leat_ticker_chan(t), &first));
    leat_duration taken = leat_now();
    T_TRUE(leat_recv(leat_ticker_chan(t), &second));
    T_GT(second, first + 50 * LEAT_MICROSECOND); /* those between are lost */
    T_GE(second, taken - 50 * LEAT_MICROSECOND);
    T_EQ((second - first) % (50 * LEAT_MICROSECOND), 0); /* the rhythm stays */
    leat_ticker_free(t);
}

/* TestTeardown: made and stopped in a row, the last one still works. */
T_TEST(tickers_come_and_go)
{
    for (int i = 0; i < 30; i++) {
        leat_ticker *t = leat_ticker_make(LEAT_MILLISECOND / 4);
        T_TRUE(leat_recv(leat_ticker_chan(t), NULL));
        leat_ticker_stop(t);
        leat_ticker_free(t);
    }
}

T_TEST(the_ticker_of_tick_ends_with_its_channel)
{
    leat_time_chan c = leat_tick(LEAT_MILLISECOND / 4);
    int n = 0;

    leat_range(at, c) {
        T_LE(at, leat_now());
        if (++n == 5)
            break;
    }
    leat_chan_free(c);
    T_TRUE(leat_tick(0) == NULL);
    T_TRUE(leat_tick(-1) == NULL);
}

/* TestTickerStress, TestTickerConcurrentStress. */
static void tk_storm(leat_ticker **t, int n, long rounds)
{
    for (long i = 0; i < rounds; i++) {
        leat_ticker *one = t[t_rand() % (uint64_t)n];
        switch (t_rand() % 5) {
        case 0:
            leat_ticker_stop(one);
            break;
        case 1:
            leat_ticker_reset(one, LEAT_HOUR);
            break;
        case 2:
            leat_ticker_reset(one, 1 + (leat_duration)(t_rand() % 1000));
            break;
        default:
            leat_select(leat_case_recv(leat_ticker_chan(one), NULL),
                        leat_case_timeout(10 * LEAT_MICROSECOND));
            break;
        }
    }
}

T_TEST(tickers_bear_stop_reset_and_receive_from_all_sides, .timeout_ms = 60000)
{
    enum { N = 8 };
    leat_ticker *t[N];
    leat_waitgroup wg = {0};

    for (int i = 0; i < N; i++)
        t[i] = leat_ticker_make(1 + i * LEAT_MICROSECOND);
    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, tk_storm, t, (int)N, t_scale(2000));
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < N; i++) {
        leat_ticker_reset(t[i], LEAT_MICROSECOND);
        T_TRUE(leat_recv(leat_ticker_chan(t[i]), NULL));
        leat_ticker_stop(t[i]);
        T_FALSE(leat_try_recv(leat_ticker_chan(t[i]), NULL));
        leat_ticker_free(t[i]);
    }
}

static void tk_takes(leat_time_chan c, atomic_int *left)
{
    while (atomic_fetch_sub(left, 1) > 0)
        T_TRUE(leat_recv(c, NULL));
}

T_TEST(many_receivers_share_the_ticks_of_one_ticker)
{
    leat_ticker *t = leat_ticker_make(20 * LEAT_MICROSECOND);
    atomic_int left = 200;
    leat_waitgroup wg = {0};

    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, tk_takes, leat_ticker_chan(t), &left);
    leat_waitgroup_wait(&wg);
    leat_ticker_free(t);
}

/* T6, T7. */
T_TEST(a_ticker_of_no_period_panics, GOLIKE_PANICS("non-positive interval for NewTicker"))
{
    leat_ticker_make(0);
}

T_TEST(a_ticker_of_a_negative_period_panics,
       GOLIKE_PANICS("non-positive interval for NewTicker"))
{
    leat_ticker_make(-1);
}

T_TEST(reset_to_no_period_panics, GOLIKE_PANICS("non-positive interval for Ticker.Reset"))
{
    leat_ticker_reset(leat_ticker_make(1), 0);
}

T_TEST(reset_of_no_ticker_panics, GOLIKE_PANICS("time: Reset called on uninitialized Ticker"))
{
    leat_ticker_reset(NULL, 1);
}

T_TEST(stop_and_free_of_no_ticker_do_nothing)
{
    leat_ticker_stop(NULL);
    leat_ticker_free(NULL);
}
