/* SPDX-License-Identifier: MIT */
/*
 * exit_test.c - leat_exit ends one goroutine: what it had deferred runs, latest first.
 */
#include "sched_util.h"

struct record {
    int order[16];
    int n;
};

struct step {
    struct record *record;
    int number;
};

static void notes(struct step *s)
{
    s->record->order[s->record->n++] = s->number;
}

static __attribute__((noinline)) void goes_deeper(struct record *r)
{
    struct step third = {r, 3};
    leat_defer(notes, &third);
    leat_yield();
    leat_exit();
}

static void exits_deep(struct record *r, leat_waitgroup *wg)
{
    struct step first = {r, 1}, second = {r, 2};
    leat_defer(leat_waitgroup_done, wg);
    leat_defer(notes, &first);
    {
        struct step gone = {r, 9};
        leat_defer(notes, &gone);
    }
    leat_defer(notes, &second);
    goes_deeper(r);
    T_FAIL("leat_exit returned");
}

T_TEST(exit_runs_deferred_calls_of_all_frames_latest_first)
{
    struct record r = {{0}, 0};
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 1);
    leat_go(exits_deep, &r, &wg);
    leat_waitgroup_wait(&wg);
    static const int want[] = {9, 3, 2, 1};
    T_EQ(r.n, 4);
    T_MEMEQ(r.order, want, sizeof(want));
}

static void returns_early(struct record *r, bool early)
{
    struct step one = {r, 1}, two = {r, 2};
    leat_defer(notes, &one);
    if (early)
        return;
    leat_defer(notes, &two);
}

T_TEST(deferred_calls_run_when_their_block_is_left)
{
    struct record r = {{0}, 0};

    returns_early(&r, true);
    T_EQ(r.n, 1);
    returns_early(&r, false);
    static const int want[] = {1, 2, 1};
    T_EQ(r.n, 3);
    T_MEMEQ(r.order, want, sizeof(want));
}

T_TEST(a_defer_in_a_loop_runs_each_time_round)
{
    struct record r = {{0}, 0};
    struct step step = {&r, 0};

    for (int i = 0; i < 6; i++) {
        step.number = i;
        leat_defer(notes, &step);
        if (i == 1)
            continue;
        if (i == 4)
            break;
        T_EQ(r.n, i);
    }
    T_EQ(r.n, 5);
    T_EQ(r.order[4], 4);
}

static void exits_holding(leat_mutex *m, leat_waitgroup *wg)
{
    leat_defer(leat_waitgroup_done, wg);
    leat_lock_guard(m);
    leat_exit();
}

T_TEST(exit_unlocks_what_guards_hold)
{
    leat_mutex m = {0};
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 1);
    leat_go(exits_holding, &m, &wg);
    leat_waitgroup_wait(&wg);
    T_TRUE(leat_mutex_trylock(&m));
    leat_mutex_unlock(&m);
}

static void exits_with_channel(leat_waitgroup *wg)
{
    leat_defer(leat_waitgroup_done, wg);
    leat_scoped_chan(leat_int_chan, c, 3);
    leat_send(c, 1);
    leat_exit();
}

T_TEST(exit_frees_scoped_channels)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 1);
    leat_go(exits_with_channel, &wg); /* the leak check of asan builds is the assertion */
    leat_waitgroup_wait(&wg);
}

static void just_exits(void)
{
    leat_exit();
}

T_TEST(waitgroup_go_counts_a_goroutine_that_exits)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < 10; i++)
        leat_waitgroup_go(&wg, just_exits);
    leat_waitgroup_wait(&wg);
}

static void exits_in_once(leat_once *once, atomic_long *runs)
{
    leat_once_do(once, just_exits);
    atomic_fetch_add(runs, 1); /* only who did not run it gets here */
}

T_TEST(a_once_whose_function_exits_is_done)
{
    leat_once once = {0};
    leat_waitgroup wg = {0};
    atomic_long passed = 0;

    for (int i = 0; i < 5; i++)
        leat_waitgroup_go(&wg, exits_in_once, &once, &passed);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&passed), 4);
}

static void parks(leat_int_chan c)
{
    leat_send(c, 7);
}

static void parks_in_defer(leat_int_chan c)
{
    leat_defer(parks, c);
    leat_exit();
}

T_TEST(a_deferred_call_may_block)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    int v = 0;

    leat_go(parks_in_defer, c);
    T_TRUE(leat_recv(c, &v));
    T_EQ(v, 7);
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_chan_free(c);
}

static void exits_process(int *status)
{
    exit(*status);
}

static void waits_then_exits_process(leat_done_chan main_is_gone, int *status)
{
    leat_recv(main_is_gone, NULL);
    leat_yield();
    exits_process(status);
}

static void closes(leat_done_chan c)
{
    leat_close(c);
}

T_TEST(others_go_on_after_main_has_exited, .expect_exit = 5)
{
    static int status = 5;
    leat_done_chan gone = leat_chan_make(leat_done_chan, 0);

    leat_go(waits_then_exits_process, gone, &status);
    leat_defer(closes, gone);
    leat_exit();
}

T_TEST(main_exit_with_nobody_left_is_a_deadlock, .expect_exit = 2,
       .expect_stderr = "fatal error: no goroutines (main called runtime.Goexit) - deadlock!")
{
    leat_exit();
}

static void yields_a_while(void)
{
    for (int i = 0; i < 100; i++)
        leat_yield();
}

T_TEST(main_exit_is_a_deadlock_once_the_others_have_ended, .expect_exit = 2,
       .expect_stderr = "fatal error: no goroutines (main called runtime.Goexit) - deadlock!")
{
    for (int i = 0; i < 20; i++)
        leat_go(yields_a_while);
    leat_exit();
}

static void tells(const char *text)
{
    fputs(text, stderr);
}

T_TEST(main_exit_runs_what_main_deferred, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {"main deferred this\n", "no goroutines (main called runtime.Goexit)"})
{
    leat_defer(tells, "main deferred this\n");
    leat_exit();
}

static void sleeps_then_ends(void)
{
    leat_sleep(20 * LEAT_MILLISECOND);
}

T_TEST(main_exit_waits_for_sleepers_before_it_is_a_deadlock, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = "fatal error: no goroutines (main called runtime.Goexit) - deadlock!")
{
    leat_go(sleeps_then_ends);
    leat_exit();
}
