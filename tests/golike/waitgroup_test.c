/* SPDX-License-Identifier: MIT */
/* waitgroup_test.c - wait groups: nobody is let go early, nobody is left, misuse is named. */
#include "golike.h"

#include <string.h>

enum { WG_MANY = 16 };

static void wg_pass(leat_waitgroup *first, leat_waitgroup *second, leat_int_chan exited)
{
    leat_waitgroup_done(first);
    leat_waitgroup_wait(second);
    leat_send(exited, 1);
}

/* Two groups, the second held open: who waits for it must not have passed. Eight times over. */
T_TEST(nobody_passes_a_wait_before_the_last_done_and_groups_are_reusable)
{
    leat_waitgroup first = {0}, second = {0};
    leat_int_chan exited = leat_chan_make(leat_int_chan, WG_MANY);

    for (int lap = 0; lap < 8; lap++) {
        leat_waitgroup_add(&first, WG_MANY);
        leat_waitgroup_add(&second, WG_MANY);
        for (int i = 0; i < WG_MANY; i++)
            leat_go(wg_pass, &first, &second, exited);
        leat_waitgroup_wait(&first);
        for (int i = 0; i < WG_MANY; i++) {
            T_FALSE(leat_try_recv(exited, NULL));
            if (i % 4 == 0)
                golike_turns();
            leat_waitgroup_done(&second);
        }
        for (int i = 0; i < WG_MANY; i++)
            T_TRUE(leat_recv(exited, NULL));
    }
    leat_chan_free(exited);
}

T_TEST(wait_on_a_group_of_nobody_returns_at_once)
{
    leat_waitgroup wg = {0};
    static leat_waitgroup at_rest;

    leat_waitgroup_wait(&wg);
    leat_waitgroup_wait(&at_rest);
    leat_waitgroup_add(&wg, 3);
    leat_waitgroup_add(&wg, -3);
    leat_waitgroup_wait(&wg);
    leat_waitgroup_add(&wg, 0);
    leat_waitgroup_wait(&wg);
}

static void wg_wait_and_note(leat_waitgroup *wg, atomic_int *released)
{
    leat_waitgroup_wait(wg);
    golike_note(released);
}

T_TEST(one_done_releases_every_waiter)
{
    leat_waitgroup wg = {0};
    atomic_int released = 0;

    leat_waitgroup_add(&wg, 1);
    for (int i = 0; i < 50; i++)
        leat_go(wg_wait_and_note, &wg, &released);
    golike_turns();
    T_EQ(atomic_load(&released), 0);
    leat_waitgroup_done(&wg);
    golike_await(&released, 50);
    leat_waitgroup_wait(&wg);
}

static void wg_add_one(leat_waitgroup *wg, atomic_int *n)
{
    atomic_fetch_add(n, 1);
    leat_waitgroup_done(wg);
}

/* TestWaitGroupRace: done twice while somebody waits; the wait must not end after the first. */
T_TEST(a_wait_ends_after_the_last_done_and_not_before)
{
    const long rounds = t_scale(20000);

    for (long i = 0; i < rounds; i++) {
        leat_waitgroup wg = {0};
        atomic_int n = 0;

        leat_waitgroup_add(&wg, 1);
        leat_go(wg_add_one, &wg, &n);
        leat_waitgroup_add(&wg, 1);
        leat_go(wg_add_one, &wg, &n);
        leat_waitgroup_wait(&wg);
        T_EQ(atomic_load(&n), 2);
    }
}

static void wg_count(atomic_int *n)
{
    atomic_fetch_add(n, 1);
}

T_TEST(waitgroup_go_adds_runs_and_is_done)
{
    leat_waitgroup wg = {0};
    atomic_int n = 0;

    for (int i = 0; i < 100; i++)
        leat_waitgroup_go(&wg, wg_count, &n);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&n), 100);
}

static void wg_tree(leat_waitgroup *wg, int depth, atomic_int *leaves)
{
    if (depth == 0) {
        golike_note(leaves);
        return;
    }
    leat_waitgroup_go(wg, wg_tree, wg, depth - 1, leaves);
    leat_waitgroup_go(wg, wg_tree, wg, depth - 1, leaves);
}

T_TEST(tasks_may_start_tasks_in_their_own_group)
{
    leat_waitgroup wg = {0};
    atomic_int leaves = 0;

    leat_waitgroup_go(&wg, wg_tree, &wg, 9, &leaves);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&leaves), 512);
}

T_TEST(tasks_may_fork_tasks_in_their_own_group)
{
    leat_waitgroup wg = {0};
    atomic_int n = 0;

    for (int i = 0; i < 100; i++)
        leat_waitgroup_fork(&wg, wg_count, &n);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&n), 100);
}

static void wg_exit_early(atomic_int *n)
{
    golike_note(n);
    leat_exit();
}

/* W2: leat_exit in the function still counts as done. */
T_TEST(a_task_that_exits_is_done)
{
    leat_waitgroup wg = {0};
    atomic_int n = 0;

    for (int i = 0; i < 20; i++)
        leat_waitgroup_go(&wg, wg_exit_early, &n);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&n), 20);
}

/* Releasers must not touch the group once the wait has returned: its memory is reused here. */
static void wg_use_frame(int tasks)
{
    struct {
        unsigned char before[64];
        leat_waitgroup wg;
        unsigned char after[64];
    } frame;
    atomic_int n = 0;

    memset(&frame, 0, sizeof frame);
    for (int i = 0; i < tasks; i++)
        leat_waitgroup_go(&frame.wg, wg_count, &n);
    leat_waitgroup_wait(&frame.wg);
    memset(&frame, 0xa5, sizeof frame);
    leat_yield();
    T_EQ(atomic_load(&n), tasks);
    for (size_t i = 0; i < sizeof frame; i++)
        T_EQ(((unsigned char *)&frame)[i], 0xa5);
}

static void wg_use_frames(long rounds)
{
    for (long i = 0; i < rounds; i++)
        wg_use_frame(1 + (int)(i % 5));
}

T_TEST(a_group_on_the_stack_may_go_as_soon_as_wait_returns)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, wg_use_frames, t_scale(5000));
    leat_waitgroup_wait(&wg);
}

/* Misuse. */

T_TEST(done_without_add_panics, GOLIKE_PANICS("sync: negative WaitGroup counter"))
{
    leat_waitgroup wg = {0};
    leat_waitgroup_done(&wg);
}

T_TEST(done_too_often_panics, GOLIKE_PANICS("sync: negative WaitGroup counter"))
{
    leat_waitgroup wg = {0};
    leat_waitgroup_add(&wg, 1);
    leat_waitgroup_done(&wg);
    leat_waitgroup_done(&wg);
}

T_TEST(a_negative_add_below_zero_panics, GOLIKE_PANICS("sync: negative WaitGroup counter"))
{
    leat_waitgroup wg = {0};
    leat_waitgroup_add(&wg, 2);
    leat_waitgroup_add(&wg, -3);
}

T_TEST(wait_without_done_is_a_deadlock, GOLIKE_BLOCKS("sync.WaitGroup.Wait"))
{
    leat_waitgroup wg = {0};
    leat_waitgroup_add(&wg, 1);
    leat_waitgroup_wait(&wg);
}

static void wg_waits_again(leat_waitgroup *wg)
{
    for (;;)
        leat_waitgroup_wait(wg);
}

/* It is let go, and before it has looked the group is in use again. With one proc that is so the
 * first time, with more it comes to that. */
T_TEST(a_group_used_again_before_its_wait_has_returned_panics, .expect_exit = 2,
       .expect_stderr = {"panic: sync: WaitGroup is reused before previous Wait has returned\n",
                         "[running]:", "created by "})
{
    static leat_waitgroup wg;

    leat_waitgroup_add(&wg, 1);
    leat_go(wg_waits_again, &wg);
    for (;;) {
        leat_yield();
        leat_waitgroup_done(&wg);
        leat_waitgroup_add(&wg, 1);
    }
}
