/* SPDX-License-Identifier: MIT */
/*
 * ours_test.c - misuse of what leat has and Go has not, in the words of the page of each call; and
 * the misuse of a wait group, which needs two at once.
 */
#include "../api/sched_util.h"

/* ---- threads ---- */

static void waits(void)
{
    leat_select_none();
}

static void ends_its_thread(void)
{
    pthread_exit(NULL);
}

static void has_its_thread_cancelled(void)
{
    pthread_cancel(pthread_self());
    pthread_testcancel();
}

#define ENDS_A_THREAD                                                                        \
    .expect_exit = 2, .expect_stderr = {"fatal error: leat: pthread_exit or pthread_cancel " \
                                        "on a goroutine; return, or leat_exit\n"}

T_TEST(pthread_exit_on_a_goroutine, ENDS_A_THREAD)
{
    leat_go(ends_its_thread);
    leat_select_none();
}

T_TEST(pthread_cancel_on_a_goroutine, ENDS_A_THREAD)
{
    leat_go(has_its_thread_cancelled);
    leat_select_none();
}

T_TEST(pthread_exit_in_main, ENDS_A_THREAD)
{
    leat_go(waits);
    leat_yield();
    pthread_exit(NULL);
}

static void *exits_by_leat(void *unused)
{
    leat_exit();
    return unused;
}

T_TEST(leat_exit_on_a_foreign_thread, .expect_exit = 2,
       .expect_stderr = {"fatal error: leat: leat_exit on a thread that is no goroutine\n"})
{
    util_join(util_thread(exits_by_leat, NULL));
}

/* ---- calls ---- */

T_TEST(blocking_of_no_function, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"fatal error: leat: leat_blocking of a NULL function\n",
                         "goroutine 1 [running]:"})
{
    int (*volatile nothing)(void) = NULL;

    leat_blocking(nothing);
}

T_TEST(unpin_without_a_pin, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"panic: leat: unpin of a goroutine that is not pinned\n"})
{
    leat_pin();
    leat_unpin();
    leat_unpin();
}

static void is_deferred(void *count)
{
    ++*(int *)count;
}

/* A goto out of a block runs what it deferred; only a call by hand can be out of order. */
T_TEST(deferred_calls_out_of_order, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"fatal error: leat: deferred calls run out of order"})
{
    static leat__defer first, second;
    static int count;

    leat__defer_push(&first, is_deferred, &count);
    leat__defer_push(&second, is_deferred, &count);
    leat__defer_run(&first);
}

/* ---- select ---- */

T_TEST(two_defaults, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"panic: leat_select: multiple default cases\n"})
{
    leat_select(leat_case_default, leat_case_default);
}

T_TEST(a_case_of_no_kind, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"panic: leat_select: case 1 is of no known kind\n"})
{
    leat_case cases[2];

    memset(cases, 0, sizeof(cases));
    cases[0] = leat_case_default;
    memset(&cases[1], 0x7f, sizeof(cases[1]));
    leat_select_n(cases, 2);
}

/* ---- wait groups: best effort, so the moment is made and not hoped for ---- */

static void waits_for(leat_waitgroup *wg)
{
    leat_waitgroup_wait(wg);
}

/* As an Add does that is between its two halves when somebody begins to wait. */
T_TEST(add_beside_wait, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {"panic: sync: WaitGroup misuse: Add called concurrently with Wait\n"})
{
    static leat_waitgroup wg;

    leat_waitgroup_add(&wg, 1);
    leat_go(waits_for, &wg);
    while ((uint32_t)__atomic_load_n(&wg.leat__state, __ATOMIC_SEQ_CST) == 0)
        leat_yield();
    __atomic_sub_fetch(&wg.leat__state, UINT64_C(1) << 32, __ATOMIC_SEQ_CST);
    leat_waitgroup_add(&wg, 1);
}

/* The waiter is woken and has not run yet when the group is used again. */
static void is_done_and_used_again(leat_waitgroup *wg)
{
    leat_waitgroup_done(wg);
    leat_waitgroup_add(wg, 1);
}

T_TEST(reuse_before_wait_has_returned, .procs = {1}, .modes = "!hostile", .expect_exit = 2,
       .expect_stderr = {"panic: sync: WaitGroup is reused before previous Wait has returned\n",
                         "goroutine 1 [running]:"})
{
    static leat_waitgroup groups[1000]; /* a preemption in between loses one */

    for (int i = 0; i < 1000; i++) {
        leat_waitgroup_add(&groups[i], 1);
        leat_go(is_done_and_used_again, &groups[i]);
        leat_waitgroup_wait(&groups[i]);
    }
}
