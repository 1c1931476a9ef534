/* SPDX-License-Identifier: MIT */
/* chan_life_test.c - range over a channel, and how a channel's life ends.
 *
 * PICTURE  Two rules are tested, under ASan above all. A channel may be freed as soon as the
 *   operation that was the last has returned on the freeing side, although its partner may be
 *   still on its way out of the call. And with references, whoever drops the last one frees,
 *   whatever the order.
 */
#include "golike.h"

static leat_int_chan life_filled(int n)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, n);
    for (int i = 0; i < n; i++)
        leat_send(c, i);
    leat_close(c);
    return c;
}

T_TEST(range_gives_every_value_then_ends)
{
    for (int n = 0; n < 20; n++) {
        leat_int_chan c = life_filled(n);
        int expected = 0;
        leat_range(v, c)
            T_EQ(v, expected++);
        T_EQ(expected, n);
        leat_chan_free(c);
    }
}

T_TEST(break_ends_a_range_and_leaves_the_rest)
{
    leat_int_chan c = life_filled(10);
    int turns = 0;

    leat_range(v, c) {
        turns++;
        if (v == 3)
            break;
    }
    T_EQ(turns, 4);
    T_EQ(leat_len(c), 6);
    leat_chan_free(c);
}

T_TEST(continue_goes_on_with_the_next_value)
{
    leat_int_chan c = life_filled(10);
    int sum = 0;

    leat_range(v, c) {
        if (v % 2)
            continue;
        sum += v;
    }
    T_EQ(sum, 0 + 2 + 4 + 6 + 8);
    T_EQ(leat_len(c), 0);
    leat_chan_free(c);
}

static int life_find(leat_int_chan c, int wanted)
{
    int before = 0;
    leat_range(v, c) {
        if (v == wanted)
            return before;
        before++;
    }
    return -1;
}

T_TEST(return_leaves_a_range)
{
    leat_int_chan c = life_filled(10);
    T_EQ(life_find(c, 4), 4);
    T_EQ(life_find(c, 9), 4);
    T_EQ(life_find(c, 1), -1);
    leat_chan_free(c);
}

T_TEST(ranges_nest)
{
    int pairs = 0;
    leat_int_chan outer = life_filled(5);

    leat_range(a, outer) {
        leat_int_chan inner = life_filled(a);
        leat_range(b, inner) {
            if (b == 3)
                break;
            if (b == 1)
                continue;
            pairs++;
        }
        leat_chan_free(inner);
    }
    T_EQ(pairs, 0 + 1 + 1 + 2 + 2);
    leat_chan_free(outer);
}

static void life_send(leat_int_chan c)
{
    leat_send(c, 1);
}

/* The sender may still be inside leat_send when the receiver has the value and frees. */
T_TEST(a_channel_may_be_freed_right_after_the_last_recv)
{
    const long rounds = t_scale(50000);

    for (long i = 0; i < rounds; i++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, 0);
        leat_go(life_send, c);
        T_TRUE(leat_recv(c, NULL));
        leat_chan_free(c);
    }
}

static void life_recv(leat_int_chan c)
{
    T_TRUE(leat_recv(c, NULL));
}

T_TEST(a_channel_may_be_freed_right_after_an_unbuffered_send)
{
    const long rounds = t_scale(50000);

    for (long i = 0; i < rounds; i++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, 0);
        leat_go(life_recv, c);
        leat_send(c, 1);
        leat_chan_free(c);
    }
}

static void life_close(leat_int_chan c)
{
    leat_close(c);
}

T_TEST(a_channel_may_be_freed_right_after_the_close_was_seen)
{
    const long rounds = t_scale(50000);

    for (long i = 0; i < rounds; i++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, 0);
        leat_go(life_close, c);
        T_FALSE(leat_recv(c, NULL));
        leat_chan_free(c);
    }
}

/* Of two channels in a select, the one that lost may go at once too. */
T_TEST(channels_may_be_freed_right_after_a_select)
{
    const long rounds = t_scale(50000);

    for (long i = 0; i < rounds; i++) {
        leat_int_chan a = leat_chan_make(leat_int_chan, 0);
        leat_int_chan b = leat_chan_make(leat_int_chan, 0);
        leat_go(life_send, i % 2 ? a : b);
        T_EQ(leat_select(leat_case_recv(a, NULL), leat_case_recv(b, NULL)), i % 2 ? 0 : 1);
        leat_chan_free(a);
        leat_chan_free(b);
    }
}

static void life_use_and_unref(leat_int_chan c)
{
    leat_send(c, 1);
    leat_chan_unref(c);
}

T_TEST(the_last_reference_frees_whoever_drops_it)
{
    const long rounds = t_scale(5000);

    for (long i = 0; i < rounds; i++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, i % 2 ? 4 : 0);
        for (int k = 0; k < 4; k++)
            leat_go(life_use_and_unref, leat_chan_ref(c));
        for (int k = 0; k < 4; k++)
            T_TRUE(leat_recv(c, NULL));
        leat_chan_unref(c);
    }
}

T_TEST(ref_returns_the_channel_and_null_needs_no_care)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);

    T_EQ(leat_chan_ref(c), c);
    leat_chan_unref(c);
    leat_send(c, 3);
    T_EQ(leat_len(c), 1);
    leat_chan_unref(c);
    leat_chan_free((leat_int_chan)NULL);
}

static int life_scoped(int n)
{
    leat_scoped_chan(leat_int_chan, c, n);
    for (int i = 0; i < n; i++)
        leat_send(c, i);
    if (n == 3)
        return (int)leat_len(c);
    leat_close(c);
    int sum = 0;
    leat_range(v, c)
        sum += v;
    return sum;
}

/* ASan's leak check tells whether they were freed. */
T_TEST(a_scoped_channel_ends_with_its_block)
{
    T_EQ(life_scoped(3), 3);
    T_EQ(life_scoped(5), 10);
    for (int i = 0; i < 3; i++) {
        leat_scoped_chan(leat_int_chan, c, 1);
        leat_send(c, i);
    }
}

/* Channels of channels (C11): the same channel comes out, compared as pointers. */
typedef leat_chan(leat_int_chan) life_chan_chan;

static void life_serve(life_chan_chan requests)
{
    leat_range(reply, requests)
        leat_send(reply, 42);
}

T_TEST(channels_are_values_and_go_through_channels)
{
    life_chan_chan requests = leat_chan_make(life_chan_chan, 1);
    leat_int_chan reply = leat_chan_make(leat_int_chan, 0), back = NULL;
    int v;

    leat_send(requests, reply);
    T_TRUE(leat_recv(requests, &back));
    T_EQ(back, reply);
    leat_go(life_serve, requests);
    for (int i = 0; i < 10; i++) {
        leat_send(requests, reply);
        T_TRUE(leat_recv(reply, &v));
        T_EQ(v, 42);
    }
    leat_close(requests);
    golike_alone();
    leat_chan_free(requests);
    leat_chan_free(reply);
}

static void life_block(leat_int_chan c)
{
    leat_recv(c, NULL);
}

T_TEST(freeing_a_channel_with_waiters_is_fatal, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"fatal error: leat: free of a channel with goroutines waiting on it\n",
                         "goroutine 1 [running]:"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_go(life_block, c);
    golike_turns();
    leat_chan_free(c);
}
