/* SPDX-License-Identifier: MIT */
/* select_form_test.c - select as a statement: its switch, its break, results that are dropped. */
#include "golike.h"

/* select7: three ways to receive and drop, three ways to send; each pair must meet. */
static void form_recv_plain(leat_int_chan c, leat_int_chan never)
{
    (void)never;
    leat_recv(c, NULL);
}

static void form_recv_select(leat_int_chan c, leat_int_chan never)
{
    (void)never;
    leat_select(leat_case_recv(c, NULL));
}

static void form_recv_select_two(leat_int_chan c, leat_int_chan never)
{
    switch (leat_select(leat_case_recv(c, NULL), leat_case_recv(never, NULL))) {
    case 1:
        T_FAIL("received from a channel that nobody sends to");
    }
}

static void form_send_plain(leat_int_chan c, leat_int_chan never)
{
    (void)never;
    leat_send(c, 1);
}

static void form_send_select(leat_int_chan c, leat_int_chan never)
{
    (void)never;
    leat_select(leat_case_send(c, 1));
}

static void form_send_select_two(leat_int_chan c, leat_int_chan never)
{
    switch (leat_select(leat_case_send(c, 1), leat_case_send(never, 1))) {
    case 1:
        T_FAIL("sent to a channel that nobody receives from");
    }
}

typedef void form_end(leat_int_chan c, leat_int_chan never);

T_TEST(every_way_to_send_meets_every_way_to_receive)
{
    static form_end *const recvs[] = {form_recv_plain, form_recv_select, form_recv_select_two};
    static form_end *const sends[] = {form_send_plain, form_send_select, form_send_select_two};

    for (int pair = 0; pair < 18; pair++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, 0);
        leat_int_chan never = leat_chan_make(leat_int_chan, 0);
        leat_int_chan nowhere = leat_chan_make(leat_int_chan, 0);
        leat_waitgroup wg = {0};
        form_end *send = sends[pair % 3], *recv = recvs[pair / 3 % 3];

        leat_waitgroup_go(&wg, pair < 9 ? recv : send, c, never);
        golike_turns();
        (pair < 9 ? send : recv)(c, nowhere);
        leat_waitgroup_wait(&wg);
        leat_chan_free(nowhere);
        leat_chan_free(c);
        leat_chan_free(never);
    }
}

/* select8: C's own break, continue, goto and return, since the statement is C's own switch. */
T_TEST(break_leaves_the_select_and_not_the_loop)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);
    int after = 0, bodies = 0;

    for (int i = 0; i < 10; i++) {
        switch (leat_select(leat_case_send(c, i), leat_case_default)) {
        case 0:
            bodies++;
            if (i >= 0)
                break;
            bodies += 100;
            break;
        case 1:
            leat_recv(c, NULL);
            break;
        }
        after++;
    }
    T_EQ(after, 10);
    T_EQ(bodies, 5);
    leat_chan_free(c);
}

T_TEST(continue_in_a_select_continues_the_loop_around_it)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 10);
    int after = 0;

    for (int i = 0; i < 10; i++) {
        switch (leat_select(leat_case_send(c, i))) {
        case 0:
            if (i % 2)
                continue;
        }
        after++;
    }
    T_EQ(after, 5);
    leat_chan_free(c);
}

static int form_return_from_select(leat_int_chan c)
{
    int v;
    for (;;) {
        switch (leat_select(leat_case_recv(c, &v), leat_case_default)) {
        case 0:
            return v;
        case 1:
            goto empty;
        }
    }
empty:
    return -1;
}

T_TEST(return_and_goto_leave_a_select)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);

    leat_send(c, 5);
    T_EQ(form_return_from_select(c), 5);
    T_EQ(form_return_from_select(c), -1);
    leat_chan_free(c);
}

/* Selects nest, in bodies and in operands; hidden names must not clash. */
static leat_int_chan form_pick(leat_int_chan a, leat_int_chan b)
{
    leat_int_chan nil = NULL;
    return leat_select(leat_case_recv(a, NULL), leat_case_recv(nil, NULL)) == 0 ? b : a;
}

T_TEST(selects_nest_in_bodies_and_in_operands)
{
    leat_int_chan a = leat_chan_make(leat_int_chan, 2), b = leat_chan_make(leat_int_chan, 2);
    int v = 0, w = 0;

    leat_send(a, 1);
    leat_send(b, 2);
    leat_send(b, 3);
    switch (leat_select(leat_case_recv(form_pick(a, b), &v))) {
    case 0:
        switch (leat_select(leat_case_recv(a, NULL), leat_case_recv(b, &w))) {
        case 1:
            break;
        default:
            T_FAIL("received from an empty channel");
        }
        break;
    default:
        T_FAIL("no such case");
    }
    T_EQ(v, 2);
    T_EQ(w, 3);
    leat_chan_free(a);
    leat_chan_free(b);
}

/* The result of a select may be used as any int is; braces and commas are no trouble. */
typedef struct form_pair {
    int x, y;
} form_pair;
typedef leat_chan(form_pair) form_pair_chan;

T_TEST(a_select_is_an_expression)
{
    form_pair_chan c = leat_chan_make(form_pair_chan, 1);
    form_pair got = {0};

    int first = leat_select(leat_case_send(c, (form_pair){3, 4}));
    T_EQ(first + leat_select(leat_case_default, leat_case_send(c, (form_pair){5, 6})), 0);
    T_EQ(10 * leat_select(leat_case_default, leat_case_recv(c, &got)), 10);
    T_EQ(got.x, 3);
    T_EQ(got.y, 4);
    leat_chan_free(c);
}

/* S1's other half, in C: a channel operand is read once, though the variable changes. */
static void form_recv_and_count(leat_int_chan c, atomic_int *got)
{
    leat_recv(c, NULL);
    golike_note(got);
}

T_TEST(a_waiting_select_keeps_to_the_channels_it_was_given, .procs = {1})
{
    leat_int_chan first = leat_chan_make(leat_int_chan, 0);
    leat_int_chan second = leat_chan_make(leat_int_chan, 0);
    leat_int_chan variable = first;
    atomic_int got = 0;

    leat_go(form_recv_and_count, variable, &got);
    golike_turns();
    variable = second;
    T_FALSE(leat_try_send(variable, 1));
    T_TRUE(leat_try_send(first, 1));
    golike_await(&got, 1);
    leat_chan_free(first);
    leat_chan_free(second);
}

/* issue8158, issue19182: who only reads or adds atomically never parks, and stops nobody. */
static void form_set(atomic_int *flag)
{
    golike_note(flag);
}

static void form_spin(atomic_int *stop, atomic_int *stopped)
{
    while (!atomic_load_explicit(stop, memory_order_relaxed))
        continue;
    golike_note(stopped);
}

T_TEST(a_loop_without_calls_does_not_keep_the_others_from_running)
{
    atomic_int flag = 0, stop = 0, stopped = 0;

    leat_go(form_set, &flag);
    while (!atomic_load_explicit(&flag, memory_order_relaxed))
        continue;
    leat_go(form_spin, &stop, &stopped);
    leat_sleep(LEAT_MILLISECOND);
    golike_note(&stop);
    golike_await(&stopped, 1);
}

/* issue9321: a clock read in a loop that never parks must move. */
T_TEST(the_clock_moves_in_a_loop_that_never_parks)
{
    leat_duration start = leat_now(), last = start;

    while (last - start < 2 * LEAT_MILLISECOND) {
        leat_duration t = leat_now();
        T_GE(t, last);
        last = t;
    }
}
