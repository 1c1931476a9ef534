/* SPDX-License-Identifier: MIT */
/*
 * alive_test.c - what is no deadlock: somebody outside the goroutines may still come. The fatal
 * cases are in tests/death.
 *
 * Each test blocks every goroutine for a while, long enough for a detector that is wrong to
 * speak up; that it ends at all is the assertion.
 */
#include "sched_util.h"

static const useconds_t A_WHILE = 50000;

static void *sends_later(void *c)
{
    usleep(A_WHILE);
    leat_send((leat_int_chan)c, 1);
    return NULL;
}

T_TEST(a_thread_that_has_not_called_leat_yet_may_still_send)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    pthread_t t = util_thread(sends_later, c);

    T_TRUE(leat_recv(c, NULL));
    util_join(t);
    leat_chan_free(c);
}

static void *sends_twice(void *c)
{
    leat_send((leat_int_chan)c, 1);
    usleep(A_WHILE);
    leat_send((leat_int_chan)c, 2);
    return NULL;
}

T_TEST(a_thread_that_has_called_leat_may_send_again)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    pthread_t t = util_thread(sends_twice, c);
    int v = 0;

    T_TRUE(leat_recv(c, &v));
    T_TRUE(leat_recv(c, &v));
    T_EQ(v, 2);
    util_join(t);
    leat_chan_free(c);
}

static void *is_blocked_in_leat(void *c)
{
    T_TRUE(leat_recv((leat_int_chan)c, NULL));
    return NULL;
}

static void sleeps_and_sends(leat_int_chan c)
{
    leat_sleep(A_WHILE * LEAT_MICROSECOND);
    leat_send(c, 1);
}

T_TEST(a_pending_sleep_is_no_deadlock)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go(sleeps_and_sends, c);
    T_TRUE(leat_recv(c, NULL));
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_chan_free(c);
}

T_TEST(a_pending_timer_is_no_deadlock)
{
    leat_time_chan c = leat_after(A_WHILE * LEAT_MICROSECOND);
    leat_int_chan never = leat_chan_make(leat_int_chan, 0);

    T_EQ(leat_select(leat_case_recv(never, NULL), leat_case_recv(c, NULL)), 1);
    T_EQ(leat_select(leat_case_recv(never, NULL),
                     leat_case_timeout(A_WHILE * LEAT_MICROSECOND)),
         1);
    leat_chan_free(c);
    leat_chan_free(never);
}

static int sleeps_in_c(void)
{
    return usleep(A_WHILE);
}

static void blocks_and_sends(leat_int_chan c)
{
    T_EQ(leat_blocking(sleeps_in_c), 0);
    leat_send(c, 1);
}

static void blocks_silently_and_sends(leat_int_chan c)
{
    T_EQ(sleeps_in_c(), 0);
    leat_send(c, 1);
}

T_TEST(a_blocking_call_is_no_deadlock)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go(blocks_and_sends, c);
    T_TRUE(leat_recv(c, NULL));
    leat_go(blocks_silently_and_sends, c);
    T_TRUE(leat_recv(c, NULL));
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_chan_free(c);
}

static void waits_locked(leat_int_chan c)
{
    leat_lock_thread();
    T_TRUE(leat_recv(c, NULL));
    leat_unlock_thread();
}

T_TEST(locked_goroutines_waiting_for_a_sleeper_are_no_deadlock)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};

    for (int i = 0; i < 3; i++) {
        leat_waitgroup_go(&wg, waits_locked, c);
        leat_waitgroup_go(&wg, sleeps_and_sends, c);
    }
    leat_waitgroup_wait(&wg);
    leat_chan_free(c);
}

T_TEST(a_thread_blocked_in_leat_beside_a_sleeper_is_no_deadlock)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    pthread_t t = util_thread(is_blocked_in_leat, c);

    leat_go(sleeps_and_sends, c);
    util_join(t);
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_chan_free(c);
}
