/* SPDX-License-Identifier: MIT */
/*
 * timed_test.c - waits that end by a timer race with what they wait for, while everything is
 * stolen: each wait ends exactly once, by exactly one of the two, and no value is lost between.
 */
#include "../api/sched_util.h"

struct tally {
    atomic_long sent, send_timeouts, received, receive_timeouts;
    atomic_long sum_sent, sum_received;
};

static leat_duration short_time(void)
{
    return (leat_duration)(t_rand() % (40 * LEAT_MICROSECOND));
}

static void sends_or_gives_up(leat_int_chan c, struct tally *t, long rounds)
{
    for (int i = 1; i <= rounds; i++) {
        if (leat_select(leat_case_send(c, i), leat_case_timeout(short_time())) == 0) {
            atomic_fetch_add(&t->sent, 1);
            atomic_fetch_add(&t->sum_sent, i);
        } else {
            atomic_fetch_add(&t->send_timeouts, 1);
        }
    }
}

static void receives_or_gives_up(leat_int_chan c, struct tally *t, atomic_bool *stop)
{
    while (!atomic_load(stop)) {
        int v = 0;
        if (leat_select(leat_case_recv(c, &v), leat_case_timeout(short_time())) == 0) {
            T_GT(v, 0);
            atomic_fetch_add(&t->received, 1);
            atomic_fetch_add(&t->sum_received, v);
        } else {
            T_EQ(v, 0);
            atomic_fetch_add(&t->receive_timeouts, 1);
        }
    }
}

static void timed_traffic(int64_t cap)
{
    enum { EACH = 6 };
    static struct tally t;
    long rounds = t_scale(1500);
    leat_int_chan c = leat_chan_make(leat_int_chan, cap);
    leat_waitgroup senders = {0}, receivers = {0};
    atomic_bool stop = false;
    int v = 0;

    memset(&t, 0, sizeof(t));
    for (int i = 0; i < EACH; i++) {
        leat_waitgroup_go(&senders, sends_or_gives_up, c, &t, rounds);
        leat_waitgroup_go(&receivers, receives_or_gives_up, c, &t, &stop);
    }
    leat_waitgroup_wait(&senders);
    atomic_store(&stop, true);
    leat_waitgroup_wait(&receivers);
    while (leat_try_recv(c, &v)) {
        atomic_fetch_add(&t.received, 1);
        atomic_fetch_add(&t.sum_received, v);
    }
    T_EQ(atomic_load(&t.sent) + atomic_load(&t.send_timeouts), EACH * rounds);
    T_EQ(atomic_load(&t.sent), atomic_load(&t.received));
    T_EQ(atomic_load(&t.sum_sent), atomic_load(&t.sum_received));
    leat_chan_free(c);
}

T_TEST(timed_waits_on_an_unbuffered_channel_balance, .timeout_ms = 60000)
{
    timed_traffic(0);
}

T_TEST(timed_waits_on_a_buffered_channel_balance, .timeout_ms = 60000)
{
    timed_traffic(3);
}

static void sleeps_and_computes(long rounds, atomic_long *done)
{
    for (long i = 0; i < rounds; i++) {
        leat_duration d = short_time(), before = leat_now();
        leat_sleep(d);
        T_GE(leat_now() - before, d);
        for (volatile int k = 0; k < 200; k++)
            ;
    }
    atomic_fetch_add(done, 1);
}

static void burns(atomic_bool *stop)
{
    while (!atomic_load(stop))
        ;
}

static void blocks_briefly(atomic_bool *stop)
{
    while (!atomic_load(stop))
        usleep(300);
}

/* Timers are armed on procs that get stuck, and must be fired by others. */
T_TEST(sleepers_on_procs_that_get_stuck_all_wake, .timeout_ms = 60000)
{
    leat_waitgroup sleepers = {0}, nuisances = {0};
    atomic_long done = 0;
    atomic_bool stop = false;

    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&nuisances, blocks_briefly, &stop);
    leat_waitgroup_go(&nuisances, burns, &stop);
    for (int i = 0; i < 40; i++)
        leat_waitgroup_go(&sleepers, sleeps_and_computes, t_scale(50), &done);
    leat_waitgroup_wait(&sleepers);
    T_EQ(atomic_load(&done), 40);
    atomic_store(&stop, true);
    leat_waitgroup_wait(&nuisances);
}

/* The value and the deadline at about the same moment, over and over. */
static void sends_after(leat_int_chan c, leat_duration d)
{
    leat_sleep(d);
    leat_send(c, 1);
}

T_TEST(a_value_at_its_deadline_is_received_or_still_there)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);
    long got = 0, late = 0;

    for (long i = t_scale(1500); i > 0; i--) {
        leat_duration d = short_time();
        leat_go(sends_after, c, d);
        if (leat_select(leat_case_recv(c, NULL), leat_case_timeout(d)) == 0) {
            got++;
        } else {
            T_TRUE(leat_recv(c, NULL)); /* not lost: it comes a little later */
            late++;
        }
    }
    T_EQ(got + late, t_scale(1500));
    T_EQ(leat_len(c), 0);
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_chan_free(c);
}

T_TEST(timers_of_a_proc_that_goes_away_still_fire)
{
    atomic_long done = 0;
    leat_waitgroup wg = {0};

    for (long round = t_scale(20); round > 0; round--) {
        leat_procs(8);
        for (int i = 0; i < 32; i++)
            leat_waitgroup_go(&wg, sleeps_and_computes, 3L, &done);
        leat_procs(1 + (int)(t_rand() % 2));
        leat_waitgroup_wait(&wg);
    }
    T_EQ(atomic_load(&done), 32 * t_scale(20));
}
