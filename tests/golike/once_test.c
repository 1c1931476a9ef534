/* SPDX-License-Identifier: MIT */
/* once_test.c - once: one runs it, all see it done, and nobody passes before. */
#include "golike.h"

static void once_increment(int *n)
{
    ++*n;
}

static void once_run(leat_once *o, int *n)
{
    leat_once_do(o, once_increment, n);
    T_EQ(*n, 1);
}

T_TEST(ten_goroutines_run_it_once_and_all_see_it_done)
{
    const long rounds = t_scale(5000);

    for (long i = 0; i < rounds; i++) {
        leat_once o = {0};
        leat_waitgroup wg = {0};
        int n = 0;

        for (int k = 0; k < 10; k++)
            leat_waitgroup_go(&wg, once_run, &o, &n);
        leat_waitgroup_wait(&wg);
        T_EQ(n, 1);
    }
}

static void once_hold(leat_int_chan hold, int *n)
{
    leat_recv(hold, NULL);
    *n = 5;
}

static void once_caller(leat_once *o, leat_int_chan hold, int *n, atomic_int *returned)
{
    leat_once_do(o, once_hold, hold, n);
    T_EQ(*n, 5);
    golike_note(returned);
}

/* O1: the others wait until the function has returned, not only until it has begun. */
T_TEST(nobody_returns_before_the_function_has)
{
    leat_once o = {0};
    leat_int_chan hold = leat_chan_make(leat_int_chan, 0);
    atomic_int returned = 0;
    int n = 0;

    for (int i = 0; i < 20; i++)
        leat_go(once_caller, &o, hold, &n, &returned);
    golike_turns();
    T_EQ(atomic_load(&returned), 0);
    leat_send(hold, 1);
    golike_await(&returned, 20);
    leat_chan_free(hold);
}

static void once_store(int *where, int value)
{
    *where = value;
}

T_TEST(only_the_first_calls_arguments_count)
{
    leat_once o = {0};
    int v = 0;

    for (int i = 1; i < 10; i++)
        leat_once_do(&o, once_store, &v, i);
    T_EQ(v, 1);
}

static void once_nothing(void)
{
}

static void once_inner(leat_once *inner, int *n)
{
    leat_once_do(inner, once_increment, n);
}

T_TEST(one_once_may_run_another)
{
    leat_once outer = {0}, inner = {0}, third = {0};
    int n = 0;

    leat_once_do(&outer, once_inner, &inner, &n);
    leat_once_do(&inner, once_increment, &n);
    leat_once_do(&third, once_nothing);
    leat_once_do(&third, once_increment, &n);
    T_EQ(n, 1);
}

/* Go's Goexit inside f: nobody runs it again, and nobody is left waiting. */
static void once_leave(leat_int_chan hold, int *n)
{
    leat_recv(hold, NULL);
    ++*n;
    leat_exit();
}

static void once_leaver(leat_once *o, leat_int_chan hold, int *n, atomic_int *passed)
{
    leat_once_do(o, once_leave, hold, n);
    T_EQ(*n, 1);
    golike_note(passed);
}

T_TEST(leat_exit_in_the_function_counts_as_done)
{
    leat_once o = {0};
    leat_int_chan hold = leat_chan_make(leat_int_chan, 0);
    atomic_int passed = 0;
    int n = 0;

    for (int i = 0; i < 10; i++)
        leat_go(once_leaver, &o, hold, &n, &passed);
    golike_turns();
    leat_send(hold, 1);
    golike_await(&passed, 9);
    golike_alone();
    T_EQ(atomic_load(&passed), 9);
    leat_once_do(&o, once_leave, hold, &n);
    T_EQ(n, 1);
    leat_chan_free(hold);
}

static void once_again(leat_once *o)
{
    leat_once_do(o, once_nothing);
}

T_TEST(a_once_that_runs_itself_is_a_deadlock, .expect_exit = 2,
       .expect_stderr = {"fatal error: all goroutines are asleep - deadlock!\n",
                         "goroutine 1 ["})
{
    leat_once o = {0};
    leat_once_do(&o, once_again, &o);
}

static void once_panic(void)
{
    leat_panic("once: %d went wrong", 3);
}

T_TEST(a_panic_in_the_function_ends_the_program, GOLIKE_PANICS("once: 3 went wrong"))
{
    leat_once o = {0};
    leat_once_do(&o, once_panic);
}
