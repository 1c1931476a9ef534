/* SPDX-License-Identifier: MIT */
/* once_value_test.c - values computed once: one call, one result, for all. */
#include "golike.h"

typedef leat_once_value(int) ov_int;

static int ov_compute(int *calls, int result)
{
    ++*calls;
    return result;
}

/* TestOnceValue. */
T_TEST(the_function_is_called_once_and_its_result_kept)
{
    ov_int o = {.leat__result = 0};
    int calls = 0;

    for (int i = 0; i < 10; i++)
        T_EQ(leat_once_get(&o, ov_compute, &calls, 40 + i), 40);
    T_EQ(calls, 1);
}

static int ov_slow(leat_int_chan hold, atomic_int *calls)
{
    golike_note(calls);
    leat_recv(hold, NULL);
    return 7;
}

static void ov_caller(ov_int *o, leat_int_chan hold, atomic_int *calls, atomic_int *returned)
{
    T_EQ(leat_once_get(o, ov_slow, hold, calls), 7);
    golike_note(returned);
}

T_TEST(all_who_come_meanwhile_wait_for_the_result)
{
    ov_int o = {.leat__result = 0};
    leat_int_chan hold = leat_chan_make(leat_int_chan, 0);
    atomic_int calls = 0, returned = 0;

    for (int i = 0; i < 20; i++)
        leat_go(ov_caller, &o, hold, &calls, &returned);
    golike_turns();
    T_EQ(atomic_load(&returned), 0);
    leat_send(hold, 1);
    golike_await(&returned, 20);
    T_EQ(atomic_load(&calls), 1);
    golike_alone();
    leat_chan_free(hold);
}

/* TestOnceValues: more than one result is a struct. */
struct ov_pair {
    const char *text;
    double number;
};

static struct ov_pair ov_make_pair(void)
{
    return (struct ov_pair){"pi", 3.14};
}

static leat_once_value(struct ov_pair) ov_static;

T_TEST(a_struct_holds_several_results)
{
    T_STREQ(leat_once_get(&ov_static, ov_make_pair).text, "pi");
    T_EQ(leat_once_get(&ov_static, ov_make_pair).number, 3.14);
}

/* TestOnceFuncGoexit: not called twice, and nobody waits for ever. */
static int ov_leaves(int *calls)
{
    ++*calls;
    leat_exit();
}

static void ov_leaver(ov_int *o, int *calls)
{
    (void)leat_once_get(o, ov_leaves, calls);
    T_FAIL("came back");
}

T_TEST(leat_exit_in_the_function_leaves_zero)
{
    ov_int o = {.leat__result = 0};
    leat_waitgroup wg = {0};
    int calls = 0;

    leat_waitgroup_go(&wg, ov_leaver, &o, &calls);
    leat_waitgroup_wait(&wg);
    T_EQ(leat_once_get(&o, ov_leaves, &calls), 0);
    T_EQ(calls, 1);
}

/* TestOnceValuePanic: a panic ends the program here, with its text. */
static int ov_panics(void)
{
    leat_panic("once value: %s", "no");
}

T_TEST(a_panic_in_the_function_ends_the_program, GOLIKE_PANICS("once value: no"))
{
    ov_int o = {.leat__result = 0};
    (void)leat_once_get(&o, ov_panics);
}
