/* SPDX-License-Identifier: MIT */
/*
 * timer_api_test.c - timers: stop, reset, order, storms. What they promise to the instant is
 * asserted on a clock of the test's own, in src/chan/timed_test.c; here time is real, so only
 * lower bounds and what holds at any speed.
 */
#include "golike.h"

#include <stdlib.h>

/* TestAfter, TestSleep: not earlier. */
T_TEST(a_timer_never_strikes_early)
{
    for (int i = 0; i < 20; i++) {
        leat_duration d = (leat_duration)(t_rand() % (5 * LEAT_MILLISECOND));
        leat_duration before = leat_now(), struck = 0;
        leat_timer *t = leat_timer_make(d);
        T_TRUE(leat_recv(leat_timer_chan(t), &struck));
        T_GE(leat_now() - before, d);
        T_GE(struck, before + d);
        T_LE(struck, leat_now());
        leat_timer_free(t);
    }
}

/* TestSleepZeroDeadlock: no time at all, while timers come and go. */
static void tm_make_many(atomic_int *stop)
{
    while (!atomic_load(stop)) {
        leat_time_chan c = leat_after(1);
        leat_yield();
        leat_chan_free(c);
    }
}

T_TEST(sleeps_of_no_time_beside_timers_go_on)
{
    leat_waitgroup wg = {0};
    atomic_int stop = 0;

    leat_waitgroup_go(&wg, tm_make_many, &stop);
    for (long i = t_scale(5000); i > 0; i--) {
        leat_sleep(0);
        leat_sleep(1);
    }
    golike_note(&stop);
    leat_waitgroup_wait(&wg);
}

/* TestOverflowSleep, TestOverflowPeriod. */
T_TEST(the_longest_span_is_far_away_and_the_shortest_is_past)
{
    leat_time_chan late = leat_after(LEAT_FOREVER), soon = leat_after(INT64_MIN);

    T_EQ(leat_select(leat_case_recv(late, NULL), leat_case_recv(soon, NULL)), 1);
    T_FALSE(leat_try_recv(late, NULL));
    leat_chan_free(late);
    leat_chan_free(soon);
}

/* TestAfterStop. */
T_TEST(what_has_been_stopped_never_strikes)
{
    leat_timer *t = leat_timer_make(5 * LEAT_MILLISECOND);
    leat_time_chan c = leat_timer_chan(t);

    T_TRUE(leat_timer_stop(t));
    T_FALSE(leat_timer_stop(t));
    T_EQ(leat_select(leat_case_recv(c, NULL), leat_case_timeout(20 * LEAT_MILLISECOND)), 1);
    leat_timer_free(t);
}

/* TestReset. */
T_TEST(reset_extends_says_whether_it_was_active_and_revives)
{
    leat_duration before = leat_now(), struck = 0;
    leat_timer *t = leat_timer_make(LEAT_HOUR);

    T_TRUE(leat_timer_reset(t, 20 * LEAT_MILLISECOND));
    T_TRUE(leat_timer_reset(t, 30 * LEAT_MILLISECOND));
    T_TRUE(leat_recv(leat_timer_chan(t), &struck));
    T_GE(struck - before, 30 * LEAT_MILLISECOND);
    T_FALSE(leat_timer_reset(t, LEAT_MILLISECOND));
    T_TRUE(leat_recv(leat_timer_chan(t), NULL));
    T_FALSE(leat_timer_reset(t, LEAT_HOUR));
    T_TRUE(leat_timer_stop(t));
    T_FALSE(leat_timer_reset(t, LEAT_MILLISECOND));
    T_TRUE(leat_recv(leat_timer_chan(t), NULL));
    leat_timer_free(t);
}

/* TestAfterQueuing: slots in any order, they strike sorted. */
static void tm_await_slot(int slot, leat_duration unit, leat_int_chan order)
{
    leat_time_chan c = leat_after(slot * unit);

    T_TRUE(leat_recv(c, NULL));
    leat_chan_free(c);
    leat_send(order, slot);
}

static bool tm_sorted(leat_duration unit)
{
    static const int slots[] = {5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0};
    leat_scoped_chan(leat_int_chan, order, 13);
    bool sorted = true;
    int last = -1, slot;

    for (int i = 0; i < 13; i++)
        leat_go(tm_await_slot, slots[i], unit, order);
    for (int i = 0; i < 13; i++) {
        T_TRUE(leat_recv(order, &slot));
        sorted &= slot >= last;
        last = slot;
    }
    golike_alone();
    return sorted;
}

/* How far apart is apart enough depends on the machine: wider and wider, and then it must be. */
T_TEST(timers_made_in_any_order_strike_in_order, .timeout_ms = 60000)
{
    leat_duration unit = 2 * LEAT_MILLISECOND;

    while (!tm_sorted(unit)) {
        unit *= 2;
        T_LE(unit, 2 * LEAT_SECOND);
    }
}

/* TestStopResult, TestResetResult: two equal timers, one is received from. */
static void tm_two(long rounds, bool reset)
{
    for (long i = 0; i < rounds; i++) {
        leat_timer *t[2] = {leat_timer_make(LEAT_MILLISECOND / 4),
                            leat_timer_make(LEAT_MILLISECOND / 4)};
        int first = leat_select(leat_case_recv(leat_timer_chan(t[0]), NULL),
                                leat_case_recv(leat_timer_chan(t[1]), NULL));
        leat_timer *other = t[1 - first];
        bool active = reset ? leat_timer_reset(other, LEAT_HOUR) : leat_timer_stop(other);
        T_TRUE(active); /* nobody has received from it */
        T_FALSE(leat_try_recv(leat_timer_chan(other), NULL));
        T_FALSE(leat_timer_stop(t[first]));
        T_EQ(leat_timer_stop(other), reset);
        leat_timer_free(t[0]);
        leat_timer_free(t[1]);
    }
}

static void tm_two_by_many(bool reset)
{
    leat_waitgroup wg = {0};

    for (long i = t_scale(1000); i > 0; i--)
        leat_waitgroup_go(&wg, tm_two, 20L, reset);
    leat_waitgroup_wait(&wg);
}

T_TEST(stop_of_one_of_two_equal_timers_leaves_nothing_to_receive, .timeout_ms = 60000)
{
    tm_two_by_many(false);
}

T_TEST(reset_of_one_of_two_equal_timers_leaves_nothing_to_receive, .timeout_ms = 60000)
{
    tm_two_by_many(true);
}

/* TestChan: as good as unbuffered. */
T_TEST(len_and_cap_of_a_timers_channel_are_none)
{
    leat_timer *t = leat_timer_make(0);
    leat_time_chan c = leat_timer_chan(t);

    for (int i = 0; i < 200; i++) {
        T_EQ(leat_len(c), 0);
        T_EQ(leat_cap(c), 0);
        leat_yield();
    }
    T_TRUE(leat_recv(c, NULL));
    leat_timer_free(t);
}

T_TEST(a_timer_strikes_a_thread_that_leat_did_not_make)
{
    leat_timer *t = leat_timer_make(LEAT_MILLISECOND);

    T_TRUE(leat_blocking(leat_chan_base_recv, (leat_chan_base *)(void *)leat_timer_chan(t),
                         (void *)NULL));
    T_FALSE(leat_timer_stop(t));
    leat_timer_free(t);
}

/* TestTimerGC: what has been given back is out of the clock, whoever holds the channel. */
T_TEST(a_freed_timer_does_not_strike_though_its_channel_lives)
{
    leat_timer *t = leat_timer_make(LEAT_MILLISECOND);
    leat_time_chan c = leat_chan_ref(leat_timer_chan(t));

    leat_timer_free(t);
    T_EQ(leat_select(leat_case_recv(c, NULL), leat_case_timeout(10 * LEAT_MILLISECOND)), 1);
    leat_chan_unref(c);
    leat_timer_free(NULL);
}

static void tm_frees(leat_timer *t, atomic_int *n)
{
    leat_timer_free(t);
    golike_note(n);
}

T_TEST(anybody_may_free_a_timer_that_is_just_striking)
{
    const int rounds = (int)t_scale(3000);
    atomic_int n = 0;

    for (int i = 0; i < rounds; i++) {
        leat_timer *t = leat_timer_make((leat_duration)(t_rand() % 20) * LEAT_MICROSECOND);
        leat_go(tm_frees, t, &n);
        if (i % 64 == 0)
            leat_yield();
    }
    golike_await(&n, rounds);
}

/* TestTimerStopStress, TestAdjustTimers, TestTimerModifiedEarlier, TestMultiWakeup*: the heap
 * under everything at once. */
static void tm_storm(leat_timer **t, int n, long rounds)
{
    for (long i = 0; i < rounds; i++) {
        leat_timer *one = t[t_rand() % (uint64_t)n];
        switch (t_rand() % 6) {
        case 0:
            leat_timer_stop(one);
            break;
        case 1:
            leat_timer_reset(one, LEAT_HOUR);
            break;
        case 2:
        case 3:
            leat_timer_reset(one, (leat_duration)(t_rand() % 100) * LEAT_MICROSECOND);
            break;
        case 4:
            leat_try_recv(leat_timer_chan(one), NULL);
            break;
        default:
            leat_select(leat_case_recv(leat_timer_chan(one), NULL),
                        leat_case_timeout(10 * LEAT_MICROSECOND));
            break;
        }
    }
}

T_TEST(timers_bear_stop_reset_and_receive_from_all_sides, .timeout_ms = 60000)
{
    enum { N = 20 };
    leat_timer *t[N];
    leat_waitgroup wg = {0};

    for (int i = 0; i < N; i++)
        t[i] = leat_timer_make(LEAT_HOUR);
    for (int i = 0; i < 16; i++)
        leat_waitgroup_go(&wg, tm_storm, t, (int)N, t_scale(2000));
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < N; i++) {
        leat_timer_stop(t[i]);
        T_FALSE(leat_try_recv(leat_timer_chan(t[i]), NULL));
        leat_timer_free(t[i]);
    }
}

/* MM24: as the send of a channel. ThreadSanitizer must have nothing to say here. */
static void tm_writes_and_resets(leat_timer *t, int *x, leat_duration d)
{
    *x = 1;
    leat_timer_reset(t, d);
}

T_TEST(what_was_written_before_a_reset_is_seen_by_the_receiver)
{
    for (int i = 0; i < 60; i++) {
        leat_timer *t = leat_timer_make(LEAT_HOUR);
        int x = 0;
        leat_go(tm_writes_and_resets, t, &x, i % 3 * 50 * LEAT_MICROSECOND);
        if (i % 2)
            T_TRUE(leat_recv(leat_timer_chan(t), NULL));
        else
            while (!leat_try_recv(leat_timer_chan(t), NULL))
                leat_yield();
        T_EQ(x, 1);
        leat_timer_free(t);
    }
    golike_alone();
}

/* A timer that is brought forward wakes who sleeps for it, however late it stood before. */
T_TEST(a_timer_brought_forward_is_not_waited_out)
{
    for (int i = 0; i < 50; i++) {
        leat_timer *far = leat_timer_make(LEAT_HOUR), *t = leat_timer_make(LEAT_HOUR);
        T_TRUE(leat_timer_reset(t, 100 * LEAT_MICROSECOND));
        T_TRUE(leat_recv(leat_timer_chan(t), NULL));
        leat_timer_free(t);
        leat_timer_free(far);
    }
}

T_TEST(a_million_timers_are_nothing_special, .timeout_ms = 60000)
{
    const long n = t_scale(1000000);
    leat_timer **t = malloc((size_t)n * sizeof(leat_timer *));

    T_TRUE(t);
    for (long i = 0; i < n; i++)
        t[i] = leat_timer_make(LEAT_HOUR + (leat_duration)(t_rand() % LEAT_HOUR));
    for (long i = 0; i < n; i += 2)
        T_TRUE(leat_timer_reset(t[i], (leat_duration)(t_rand() % LEAT_SECOND)));
    for (long i = 0; i < n; i += 2)
        T_TRUE(i % 4 ? leat_timer_stop(t[i]) : leat_recv(leat_timer_chan(t[i]), NULL));
    for (long i = 0; i < n; i++)
        leat_timer_free(t[i]);
    free(t);
}

/* T7: C's uninitialised timer is none. */
T_TEST(stop_of_no_timer_panics, GOLIKE_PANICS("time: Stop called on uninitialized Timer"))
{
    leat_timer_stop(NULL);
}

T_TEST(reset_of_no_timer_panics, GOLIKE_PANICS("time: Reset called on uninitialized Timer"))
{
    leat_timer_reset(NULL, 1);
}

/* What Go's compiler refuses: the channel is receive-only. */
T_TEST(nobody_else_sends_on_a_timers_channel, GOLIKE_PANICS("send on a timer's channel"))
{
    leat_send(leat_after(LEAT_HOUR), 1);
}

T_TEST(nobody_tries_to_send_on_a_timers_channel, GOLIKE_PANICS("send on a timer's channel"))
{
    leat_try_send(leat_after(LEAT_HOUR), 1);
}

T_TEST(nobody_selects_a_send_on_a_timers_channel, GOLIKE_PANICS("send on a timer's channel"))
{
    leat_select(leat_case_send(leat_after(LEAT_HOUR), 1), leat_case_default);
}

T_TEST(nobody_closes_a_timers_channel, GOLIKE_PANICS("close of a timer's channel"))
{
    leat_close(leat_tick(LEAT_HOUR));
}

T_TEST(a_stopped_timer_keeps_nobody_alive, GOLIKE_BLOCKS("chan receive"))
{
    leat_timer *t = leat_timer_make(LEAT_HOUR);

    T_TRUE(leat_timer_stop(t));
    leat_recv(leat_timer_chan(t), NULL);
}
