/* SPDX-License-Identifier: MIT */
/*
 * deadlock_test.c - when no goroutine can ever run again the program says so, names who waits
 * for what, and ends with status 2. What is no deadlock is in tests/api/alive_test.c.
 */
#include "../api/sched_util.h"

#define DEADLOCK "fatal error: all goroutines are asleep - deadlock!"

T_TEST(a_receive_nobody_answers, .expect_exit = 2,
       .expect_stderr = {DEADLOCK "\n\ngoroutine 1 [chan receive]:\n"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_recv(c, NULL);
}

T_TEST(a_send_nobody_takes, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {DEADLOCK "\n\ngoroutine 1 [chan send]:\n"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);

    leat_send(c, 1);
    leat_send(c, 2);
}

T_TEST(a_nil_channel_received_from, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {DEADLOCK "\n\ngoroutine 1 [chan receive (nil chan)]:\n"})
{
    leat_int_chan c = NULL;

    leat_recv(c, NULL);
}

T_TEST(a_nil_channel_sent_to, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {DEADLOCK "\n\ngoroutine 1 [chan send (nil chan)]:\n"})
{
    leat_int_chan c = NULL;

    leat_send(c, 1);
}

T_TEST(a_select_without_cases, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {DEADLOCK "\n\ngoroutine 1 [select (no cases)]:\n"})
{
    leat_select_none();
}

T_TEST(a_select_of_nil_channels, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {DEADLOCK "\n\ngoroutine 1 [select (no cases)]:\n"})
{
    leat_int_chan c = NULL;

    leat_select(leat_case_recv(c, NULL), leat_case_send(c, 1));
}

T_TEST(a_select_nobody_answers, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {DEADLOCK "\n\ngoroutine 1 [select]:\n"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_select(leat_case_recv(c, NULL), leat_case_send(c, 1));
}

T_TEST(a_mutex_locked_twice, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {DEADLOCK "\n\ngoroutine 1 [sync.Mutex.Lock]:\n"})
{
    leat_mutex m = {0};

    leat_mutex_lock(&m);
    leat_mutex_lock(&m);
}

T_TEST(a_wait_group_nobody_finishes, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {DEADLOCK "\n\ngoroutine 1 [sync.WaitGroup.Wait]:\n"})
{
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 1);
    leat_waitgroup_wait(&wg);
}

static void calls_once_again(leat_once *once)
{
    leat_once_do(once, calls_once_again, once);
}

T_TEST(a_once_that_calls_itself, .procs = {1, 8}, .expect_exit = 2, .expect_stderr = DEADLOCK)
{
    leat_once once = {0};

    leat_once_do(&once, calls_once_again, &once);
}

static void receives(leat_int_chan c)
{
    leat_recv(c, NULL);
}

static void sends(leat_int_chan c)
{
    leat_send(c, 1);
}

static void everybody_waits(void)
{
    leat_int_chan a = leat_chan_make(leat_int_chan, 0);
    leat_int_chan b = leat_chan_make(leat_int_chan, 0);
    leat_mutex m = {0};

    for (int i = 0; i < 3; i++) {
        leat_go(receives, a);
        leat_go(sends, b);
    }
    leat_mutex_lock(&m);
    leat_mutex_lock(&m);
}

T_TEST(every_goroutine_is_shown_with_its_reason)
{
    static struct util_output out;

    util_capture(everybody_waits, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, "^" DEADLOCK "$");
    UTIL_MATCH(&out, "^goroutine 1 \\[sync\\.Mutex\\.Lock\\]:$");
    T_EQ(util_count(out.text, "[chan receive]:"), 3);
    T_EQ(util_count(out.text, "[chan send]:"), 3);
    T_EQ(util_count(out.text, "goroutine 1 [sync.Mutex.Lock]:"), 1);
}

static void locks_its_thread_and_waits(leat_int_chan c)
{
    leat_lock_thread();
    leat_recv(c, NULL);
}

T_TEST(goroutines_locked_to_threads_deadlock_too, .expect_exit = 2,
       .expect_stderr = {DEADLOCK, "locked to thread]:"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go(locks_its_thread_and_waits, c);
    leat_recv(c, NULL);
}

T_TEST(a_locked_main_deadlocks_too, .expect_exit = 2,
       .expect_stderr = {DEADLOCK, "goroutine 1 [chan receive, locked to thread]:"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_lock_thread();
    leat_recv(c, NULL);
}

static void ends(void)
{
    leat_yield();
}

static void sleeps_a_little(leat_duration d)
{
    leat_sleep(d);
}

T_TEST(deadlock_is_found_when_the_last_goroutine_ends, .expect_exit = 2,
       .expect_stderr = DEADLOCK)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    for (int i = 0; i < 50; i++)
        leat_go(ends);
    leat_recv(c, NULL);
}

T_TEST(deadlock_is_found_when_the_last_timer_has_fired, .expect_exit = 2,
       .expect_stderr = DEADLOCK)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    for (int i = 0; i < 10; i++)
        leat_go(sleeps_a_little, i * LEAT_MILLISECOND);
    leat_recv(c, NULL);
}

T_TEST(deadlock_is_found_though_a_select_had_a_timer, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {DEADLOCK, "goroutine 1 [chan receive]:"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go(sends, c);
    leat_select(leat_case_recv(c, NULL), leat_case_timeout(LEAT_HOUR));
    leat_recv(c, NULL);
}

static void *thread_ends(void *c)
{
    leat_send((leat_int_chan)c, 1);
    return NULL;
}

T_TEST(deadlock_is_found_when_the_last_thread_has_ended, .modes = "!tsan", .expect_exit = 2,
       .expect_stderr = DEADLOCK)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    pthread_t t = util_thread(thread_ends, c);

    leat_recv(c, NULL);
    util_join(t);
    leat_recv(c, NULL);
}

static int blocks_in_c(void)
{
    return usleep(5000);
}

static void blocks_then_ends(void)
{
    leat_blocking(blocks_in_c);
}

static void blocks_silently_then_ends(void)
{
    blocks_in_c();
}

T_TEST(deadlock_is_found_when_the_last_blocking_call_has_ended, .expect_exit = 2,
       .expect_stderr = DEADLOCK)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go(blocks_then_ends);
    leat_go(blocks_silently_then_ends);
    leat_recv(c, NULL);
}

static void main_leaves_others_waiting(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go(receives, c);
    leat_exit();
}

T_TEST(main_exited_and_the_rest_waits)
{
    static struct util_output out;

    util_capture(main_leaves_others_waiting, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, "^fatal error: .*deadlock!$");
    UTIL_MATCH(&out, "^goroutine [0-9]+ \\[chan receive\\]:$");
    UTIL_NO_MATCH(&out, "^goroutine 1 ");
}
