/* SPDX-License-Identifier: MIT */
/*
 * process_exit_test.c - exit() from anywhere: the status is kept, atexit handlers run, nobody
 * is waited for. What happens when main returns is main_returns.c's, a program of its own.
 */
#include "sched_util.h"

static void says_goodbye(void)
{
    fputs("atexit ran\n", stdout);
    fflush(stdout);
}

static void exits_with(int status)
{
    exit(status);
}

static void blocks_for_ever(void)
{
    leat_select_none();
}

static void computes_for_ever(atomic_long *rounds)
{
    for (;;)
        atomic_fetch_add(rounds, 1);
}

T_TEST(exit_from_a_goroutine_keeps_the_status, .expect_exit = 7, .expect_stdout = "atexit ran")
{
    atexit(says_goodbye);
    leat_go(exits_with, 7);
    blocks_for_ever();
}

T_TEST(exit_does_not_wait_for_blocked_goroutines, .expect_exit = 3,
       .expect_stdout = "atexit ran")
{
    atexit(says_goodbye);
    for (int i = 0; i < 50; i++)
        leat_go(blocks_for_ever);
    leat_yield();
    exit(3);
}

T_TEST(exit_does_not_wait_for_computing_goroutines, .expect_exit = 4,
       .expect_stdout = "atexit ran")
{
    static atomic_long rounds;

    atexit(says_goodbye);
    leat_go(computes_for_ever, &rounds);
    util_await_quietly(&rounds, 1000); /* parked, main might wait for that one's thread */
    exit(4);
}

static void exits_when_told(atomic_long *ready, atomic_long *go)
{
    atomic_fetch_add(ready, 1);
    util_await(go, 1);
    exit(6);
}

T_TEST(a_second_exit_waits_for_the_first, .expect_exit = 6)
{
    static atomic_long ready, go;

    atexit(says_goodbye);
    for (int i = 0; i < 8; i++)
        leat_go(exits_when_told, &ready, &go);
    util_await(&ready, 8);
    atomic_store(&go, 1);
    blocks_for_ever();
}

static void *exits_from_thread(void *unused)
{
    (void)unused;
    exit(8);
}

T_TEST(exit_from_a_foreign_thread_keeps_the_status, .expect_exit = 8,
       .expect_stdout = "atexit ran")
{
    atexit(says_goodbye);
    leat_go(blocks_for_ever);
    util_thread(exits_from_thread, NULL);
    blocks_for_ever();
}

static void exits_at_once(int status)
{
    _exit(status);
}

T_TEST(an_immediate_exit_runs_no_handlers, .procs = {1, 8}, .expect_exit = 9)
{
    leat_go(exits_at_once, 9);
    blocks_for_ever();
}

static leat_mutex held_at_exit;

static void locks_at_exit(void)
{
    T_TRUE(leat_mutex_trylock(&held_at_exit));
    leat_mutex_unlock(&held_at_exit);
    says_goodbye();
}

T_TEST(atexit_handlers_may_use_what_does_not_block, .expect_exit = 0, .ends_process = true,
       .expect_stdout = "atexit ran")
{
    leat_mutex_lock(&held_at_exit);
    atexit(locks_at_exit);
    leat_mutex_unlock(&held_at_exit);
    leat_go(exits_with, 0);
    blocks_for_ever();
}

static __attribute__((destructor)) void notes_end(void)
{
    if (getenv("LEAT_TEST_NOTES_END"))
        says_goodbye();
}

T_TEST(destructors_run_after_goroutines_were_used, .procs = {1, 8}, .expect_exit = 11,
       .env = {"LEAT_TEST_NOTES_END=1"}, .expect_stdout = "atexit ran")
{
    leat_go(blocks_for_ever);
    leat_yield();
    exit(11);
}
