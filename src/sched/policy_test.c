/* SPDX-License-Identifier: MIT */
/*
 * policy_test.c - the scheduler's free choices, made by a test instead.
 *
 * Hooks are asked on every thread of the runtime; what a case counts is what they were asked on
 * the thread of goroutine 1.
 */
#define _GNU_SOURCE 1
#include "sched/policy.h"

#include <leat.h>
#include <pthread.h>
#include <sched.h>

#include "os/clock.h"
#include "sched/sched.h"
#include "t.h"

static struct g *policy_me; /* goroutine 1 */

/* ---- preempt ---- */

static long policy_asked, policy_yields; /* atomic */
static bool policy_answer;

static bool policy_preempt(void)
{
    if (tls_m()->cur != policy_me)
        return false;
    fetch_add(&policy_asked, 1);
    return policy_answer;
}

static void policy_sink(enum leat__event_kind kind, uint64_t id, uint64_t arg)
{
    (void)arg;
    if (kind == LEAT__EV_YIELD && id == 1)
        fetch_add(&policy_yields, 1);
}

static void policy_calls(leat_int64_chan c, long n)
{
    int64_t got = 0;

    for (long i = 0; i < n; i++) {
        T_TRUE(leat_try_send(c, 7));
        T_TRUE(leat_try_recv(c, &got));
        T_FALSE(leat_try_recv(c, &got));
        leat_send(c, 8);
        T_TRUE(leat_recv(c, &got));
        T_EQ(got, 8);
        T_EQ(leat_select(leat_case_recv(c, &got), leat_case_default), 1);
    }
}

T_TEST(a_call_yields_where_the_hook_says_so)
{
    enum { CALLS = 6 };
    leat_int64_chan c = leat_chan_make(leat_int64_chan, 1);
    long n = t_scale(200);

    policy_me = g_self();
    store_seq(&leat__event_sink_now, policy_sink);
    leat__policy.preempt = policy_preempt;
    policy_answer = true;
    policy_calls(c, n);
    T_GE(policy_yields, n * CALLS); /* each call, and sysmon's own wishes */
    T_GE(policy_yields, policy_asked);

    policy_answer = false;
    policy_asked = policy_yields = 0;
    policy_calls(c, n);
    T_GE(policy_asked + policy_yields, n * CALLS);
    leat__policy.preempt = NULL;
    store_seq(&leat__event_sink_now, NULL);
    leat_chan_free(c);
}

/* ---- clock ---- */

static int64_t policy_time; /* atomic */

static int64_t policy_clock(void)
{
    return load_seq(&policy_time);
}

static void policy_set_clock(void)
{
    store_seq(&policy_time, os_now());
    leat__policy.clock = policy_clock;
}

enum { POLICY_SLEEPERS = 5 };

static int policy_woken; /* atomic */

static void policy_sleeper(int64_t until)
{
    leat_sleep(until - leat_now());
    T_GE(leat_now(), until);
    fetch_add(&policy_woken, 1);
}

T_TEST(hours_pass_when_the_clock_says_so)
{
    policy_set_clock();
    int64_t start = leat_now();
    T_EQ(start, load_seq(&policy_time));
    for (int i = POLICY_SLEEPERS; i > 0; i--)
        leat_go(policy_sleeper, start + i * LEAT_HOUR);
    for (int i = 0; i < 100; i++)
        leat_yield();
    T_EQ(load_seq(&policy_woken), 0);
    for (int i = 1; i <= POLICY_SLEEPERS; i++) {
        store_seq(&policy_time, start + i * LEAT_HOUR - 1);
        for (int k = 0; k < 100; k++)
            leat_yield();
        T_EQ(load_seq(&policy_woken), i - 1); /* not a nanosecond too early */
        store_seq(&policy_time, start + i * LEAT_HOUR);
        while (load_seq(&policy_woken) < i)
            leat_yield();
        T_EQ(load_seq(&policy_woken), i);
    }
    leat__policy.clock = NULL;
}

static bool policy_over; /* atomic */

static void *policy_hands(void *arg)
{
    (void)arg;
    while (!load_seq(&policy_over)) {
        fetch_add(&policy_time, LEAT_MINUTE);
        sched_yield();
    }
    return NULL;
}

T_TEST(who_sleeps_idle_is_woken_by_it_too)
{
    pthread_t hands;

    policy_set_clock();
    int64_t start = leat_now();
    T_EQ(pthread_create(&hands, NULL, policy_hands, NULL), 0);
    for (int i = 0; i < 3; i++)
        leat_sleep(LEAT_HOUR);
    T_GE(leat_now() - start, 3 * LEAT_HOUR);
    int64_t got = 0;
    leat_int64_chan never = leat_chan_make(leat_int64_chan, 0);
    T_EQ(leat_select(leat_case_recv(never, &got), leat_case_timeout(LEAT_HOUR)), 1);
    T_GE(leat_now() - start, 4 * LEAT_HOUR);
    store_seq(&policy_over, true);
    T_EQ(pthread_join(hands, NULL), 0);
    leat_chan_free(never);
    leat__policy.clock = NULL;
}
