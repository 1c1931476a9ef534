/* SPDX-License-Identifier: MIT */
/*
 * timed_test.c - timers' channels on a clock of the test's: every time in here is exact.
 *
 * The heap's alarms ring as soon as some thread looks at the clock, at any instruction of the
 * test; what is asserted holds whether or not they have.
 */
#include "chan/timed.h"

#include <leat.h>

#include "t.h"

static int64_t timed_virtual = 1000; /* atomic: the time */

static int64_t timed_clock(void)
{
    return load_seq(&timed_virtual);
}

static void timed_pass(int64_t d)
{
    fetch_add(&timed_virtual, d);
}

static void timed_begin(void)
{
    leat_id();
    leat__policy.clock = timed_clock;
}

static void timed_end(void)
{
    leat__policy.clock = NULL;
}

/* The channel has one value, the time `when`, and no other. */
static void timed_gives(leat_time_chan c, int64_t when)
{
    leat_duration got = 0;
    bool open = false;

    T_TRUE(leat_try_recv_ok(c, &got, &open));
    T_TRUE(open);
    T_EQ(got, when);
    T_EQ(leat_select(leat_case_recv(c, &got), leat_case_default), 1);
}

static void timed_is_silent(leat_time_chan c)
{
    T_FALSE(leat_try_recv(c, NULL));
    T_EQ(leat_select(leat_case_recv(c, NULL), leat_case_default), 1);
}

static void timed_sound(leat_timer *t)
{
    T_EQ(leat_len(leat_timer_chan(t)), 0);
    T_EQ(leat_cap(leat_timer_chan(t)), 0);
    T_STREQ(timed_check(t), NULL);
}

/* ---- one goroutine ---- */

T_TEST(a_timer_strikes_once_at_its_time)
{
    timed_begin();
    int64_t now = timed_clock();
    leat_timer *t = leat_timer_make(10);
    leat_time_chan c = leat_timer_chan(t);

    timed_is_silent(c);
    timed_pass(9);
    timed_is_silent(c);
    timed_sound(t);
    timed_pass(1);
    timed_sound(t);
    timed_gives(c, now + 10);
    timed_pass(1000);
    timed_is_silent(c);
    T_FALSE(leat_timer_stop(t));
    timed_sound(t);
    leat_timer_free(t);
    timed_end();
}

/* T2: whoever comes late gets the time of the expiry. */
T_TEST(the_value_is_the_time_of_expiry_not_of_receipt)
{
    timed_begin();
    int64_t now = timed_clock();
    leat_time_chan a = leat_after(5), b = leat_tick(7);

    timed_pass(100);
    timed_gives(a, now + 5);
    timed_gives(b, now + 7);
    leat_chan_free(a);
    leat_chan_free(b);
    timed_end();
}

T_TEST(stop_takes_back_what_nobody_has_received)
{
    timed_begin();
    leat_timer *t = leat_timer_make(10);
    leat_time_chan c = leat_timer_chan(t);

    T_TRUE(leat_timer_stop(t)); /* before its time */
    T_FALSE(leat_timer_stop(t));
    timed_pass(20);
    timed_is_silent(c);
    T_FALSE(leat_timer_reset(t, 10));
    timed_pass(20);
    T_TRUE(leat_timer_stop(t)); /* after it, and nobody has looked */
    timed_is_silent(c);
    T_FALSE(leat_timer_reset(t, 10));
    timed_pass(20);
    for (int i = 0; i < 50; i++)
        leat_yield(); /* the alarm may well have rung: the value stands in the slot */
    T_TRUE(leat_timer_stop(t));
    timed_is_silent(c);
    T_FALSE(leat_timer_stop(t));
    timed_sound(t);
    leat_timer_free(t);
    timed_end();
}

T_TEST(reset_takes_back_what_nobody_has_received)
{
    timed_begin();
    leat_timer *t = leat_timer_make(10);
    leat_time_chan c = leat_timer_chan(t);

    for (int i = 0; i < 20; i++) {
        timed_pass(i % 2 ? 20 : 0);
        if (i % 4 > 1)
            leat_yield();
        T_TRUE(leat_timer_reset(t, 10 + i));
        timed_is_silent(c);
        timed_sound(t);
    }
    int64_t now = timed_clock();
    T_TRUE(leat_timer_reset(t, 10));
    timed_pass(10);
    timed_gives(c, now + 10);
    T_FALSE(leat_timer_reset(t, 10));
    timed_pass(10);
    timed_gives(c, now + 20);
    T_FALSE(leat_timer_reset(t, -5)); /* is now */
    timed_gives(c, now + 20);
    leat_timer_free(t);
    timed_end();
}

T_TEST(a_ticker_keeps_its_rhythm_and_drops_what_nobody_takes)
{
    timed_begin();
    int64_t now = timed_clock();
    leat_ticker *t = leat_ticker_make(10);
    leat_time_chan c = leat_ticker_chan(t);

    for (int i = 1; i <= 5; i++) {
        timed_pass(10);
        timed_sound(&t->timer);
        timed_gives(c, now + 10 * i);
    }
    timed_pass(35); /* 60, 70 and 80 were due: the first stands for all */
    timed_gives(c, now + 60);
    timed_pass(4);
    timed_is_silent(c);
    timed_pass(1);
    timed_gives(c, now + 90);
    leat_ticker_reset(t, 3);
    timed_is_silent(c);
    timed_pass(3);
    leat_yield();
    leat_ticker_reset(t, 100); /* what had struck does not count */
    timed_is_silent(c);
    timed_pass(100);
    timed_gives(c, now + 193);
    timed_pass(100);
    leat_ticker_stop(t);
    timed_is_silent(c);
    timed_pass(1000);
    timed_is_silent(c);
    leat_ticker_reset(t, 7);
    timed_pass(7);
    timed_gives(c, now + 1300);
    timed_sound(&t->timer);
    leat_ticker_free(t);
    timed_end();
}

/* T8: what does not fit is the end of time. */
T_TEST(spans_that_do_not_fit_never_strike)
{
    timed_begin();
    leat_timer *t = leat_timer_make(LEAT_FOREVER);
    leat_ticker *tick = leat_ticker_make(INT64_MAX - 5);

    timed_pass(INT64_MAX / 2);
    timed_is_silent(leat_timer_chan(t));
    timed_is_silent(leat_ticker_chan(tick));
    T_TRUE(leat_timer_reset(t, INT64_MAX - 1));
    timed_is_silent(leat_timer_chan(t));
    T_TRUE(leat_timer_stop(t));
    leat_timer_free(t);
    leat_ticker_free(tick);
    timed_end();
}

/* A ticker of one nanosecond must not keep the machine awake for nobody. */
T_TEST(a_ticker_that_nobody_listens_to_sleeps, .procs = {1})
{
    timed_begin();
    leat_ticker *t = leat_ticker_make(1);

    timed_pass(100);
    while (load_acquire(&t->timer.chan->count) == 0)
        leat_yield();
    T_EQ(load_acquire(&t->timer.alarm.state), (uint32_t)TIMER_IDLE);
    T_TRUE(leat_try_recv(leat_ticker_chan(t), NULL));
    T_EQ(load_acquire(&t->timer.alarm.state), (uint32_t)TIMER_ARMED);
    leat_ticker_free(t);
    timed_end();
}

/* ---- those who wait ---- */

static uint32_t timed_waiting(leat_time_chan c)
{
    leat_chan_base *base = (leat_chan_base *)(void *)c;
    uint32_t n = 0;

    spin_lock(&base->lock, LEAT__RANK_CHAN);
    for (const struct waiter *w = base->receivers.first; w; w = w->next)
        n++;
    spin_unlock(&base->lock, LEAT__RANK_CHAN);
    return n;
}

static uint32_t timed_got; /* atomic */

static void timed_receiver(leat_time_chan c, int64_t when)
{
    leat_duration got = 0;

    T_TRUE(leat_recv(c, &got));
    if (when > 0)
        T_EQ(got, when);
    fetch_add(&timed_got, 1);
}

static void timed_await(uint32_t n)
{
    while (load_seq(&timed_got) < n)
        leat_yield();
}

T_TEST(an_imminent_reset_wakes_who_waits_for_a_distant_time)
{
    timed_begin();
    leat_timer *t = leat_timer_make(LEAT_HOUR);
    leat_time_chan c = leat_timer_chan(t);

    leat_go(timed_receiver, c, timed_clock() + 5);
    while (timed_waiting(c) < 1)
        leat_yield();
    T_TRUE(leat_timer_reset(t, 5));
    T_EQ(timed_waiting(c), 1u);
    T_EQ(timed_got, 0u);
    timed_pass(5);
    timed_await(1);
    T_FALSE(leat_timer_stop(t));
    leat_timer_free(t);
    timed_end();
}

T_TEST(two_wait_and_one_gets_the_value)
{
    timed_begin();
    leat_timer *t = leat_timer_make(10);
    leat_time_chan c = leat_timer_chan(t);

    for (int i = 0; i < 2; i++)
        leat_go(timed_receiver, c, (int64_t)0);
    while (timed_waiting(c) < 2)
        leat_yield();
    timed_pass(10);
    timed_await(1);
    for (int i = 0; i < 100; i++)
        leat_yield();
    T_EQ(load_seq(&timed_got), 1u);
    T_EQ(timed_waiting(c), 1u);
    T_FALSE(leat_timer_stop(t)); /* it has been received */
    T_FALSE(leat_timer_reset(t, 10));
    timed_pass(10);
    timed_await(2);
    leat_timer_free(t);
    timed_end();
}

T_TEST(waiters_of_a_ticker_are_served_one_a_tick)
{
    enum { N = 6 };
    timed_begin();
    leat_ticker *t = leat_ticker_make(10);
    leat_time_chan c = leat_ticker_chan(t);

    for (int i = 0; i < N; i++)
        leat_go(timed_receiver, c, (int64_t)0);
    while (timed_waiting(c) < N)
        leat_yield();
    for (uint32_t i = 1; i <= N; i++) {
        timed_pass(10);
        timed_await(i);
        for (int k = 0; k < 20; k++)
            leat_yield();
        T_EQ(load_seq(&timed_got), i);
        T_STREQ(timed_check(&t->timer), NULL);
    }
    leat_ticker_free(t);
    timed_end();
}

/* ---- everything at once ---- */

struct timed_storm {
    leat_timer *t;
    long struck, taken_back; /* atomic */
    uint32_t over;           /* atomic */
};

/* With one hand on the timer, every value is either received or taken back. */
static void timed_storm_receiver(struct timed_storm *s)
{
    while (!load_seq(&s->over))
        if (leat_try_recv(leat_timer_chan(s->t), NULL))
            fetch_add(&s->struck, 1);
        else
            leat_yield();
}

static void timed_storm_checker(struct timed_storm *s)
{
    while (!load_seq(&s->over)) {
        T_STREQ(timed_check(s->t), NULL);
        leat_yield();
    }
}

T_TEST(each_arming_strikes_or_is_taken_back)
{
    struct timed_storm s = {.t = leat_timer_make(LEAT_HOUR)};
    leat_waitgroup wg = {0};
    long armed = 1, rounds = t_scale(20000);

    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&wg, timed_storm_receiver, &s);
    leat_waitgroup_go(&wg, timed_storm_checker, &s);
    for (long i = 0; i < rounds; i++) {
        leat_duration d = (leat_duration)(t_rand() % 3) * 500;
        bool stop = t_rand() % 4 == 0;
        if (stop ? leat_timer_stop(s.t) : leat_timer_reset(s.t, d))
            s.taken_back++;
        armed += !stop;
        if (t_rand() % 8 == 0)
            leat_yield();
    }
    if (leat_timer_stop(s.t))
        s.taken_back++;
    long struck = load_seq(&s.struck); /* nothing strikes after a stop but what was received */
    store_seq(&s.over, 1);
    leat_waitgroup_wait(&wg);
    T_LE(struck, s.struck);
    T_EQ(s.struck + s.taken_back, armed);
    leat_timer_free(s.t);
}
