/* SPDX-License-Identifier: MIT */
/* queue_test.c - the queues of waiters: first come first served, one case fires, none is left.
 *
 * PICTURE  A chain of goroutines in which each comes to the channel only when the one before
 *   has been served shows order without asking who is blocked. Where arrival itself must be
 *   known, the arriving order is fixed by turns on one proc (golike_turns).
 */
#include "golike.h"

#include <stdlib.h>

enum { QUEUE_CHAIN = 100 };

T_TEST(a_buffer_is_first_in_first_out)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 10);

    for (int lap = 0; lap < 7; lap++) {
        for (int i = 0; i < 10 - lap; i++)
            leat_send(c, lap * 100 + i);
        for (int i = 0; i < 10 - lap; i++) {
            int v;
            T_TRUE(leat_recv(c, &v));
            T_EQ(v, lap * 100 + i);
        }
    }
    leat_chan_free(c);
}

static void queue_link(leat_int_chan c, int expected, leat_int_chan in, leat_int_chan out)
{
    int v;
    leat_recv(in, NULL);
    T_TRUE(leat_recv(c, &v));
    T_EQ(v, expected);
    leat_send(out, 1);
}

T_TEST(a_chain_of_receivers_is_served_in_order)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_int_chan link[QUEUE_CHAIN + 1];

    for (int i = 0; i <= QUEUE_CHAIN; i++)
        link[i] = leat_chan_make(leat_int_chan, 0);
    for (int i = 0; i < QUEUE_CHAIN; i++)
        leat_go(queue_link, c, i, link[i], link[i + 1]);
    leat_send(link[0], 0);
    for (int i = 0; i < QUEUE_CHAIN; i++)
        leat_send(c, i);
    leat_recv(link[QUEUE_CHAIN], NULL);
    for (int i = 0; i <= QUEUE_CHAIN; i++)
        leat_chan_free(link[i]);
    leat_chan_free(c);
}

static void queue_send_own(leat_int_chan c, int v)
{
    leat_send(c, v);
}

static void queue_select_send_own(leat_int_chan c, leat_int_chan never, int v)
{
    T_EQ(leat_select(leat_case_recv(never, NULL), leat_case_send(c, v)), 1);
}

/* C5: blocked senders, plain and selecting, are served in the order in which they came. */
T_TEST(blocked_senders_are_served_in_order_of_arrival, .procs = {1})
{
    for (int cap = 0; cap < 3; cap++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, cap);
        leat_int_chan never = leat_chan_make(leat_int_chan, 0);

        for (int i = 0; i < 20; i++) {
            if (i % 3)
                leat_go(queue_send_own, c, i);
            else
                leat_go(queue_select_send_own, c, never, i);
            golike_turns();
        }
        for (int i = 0; i < 20; i++) {
            int v;
            T_TRUE(leat_recv(c, &v));
            T_EQ(v, i);
        }
        golike_alone();
        leat_chan_free(c);
        leat_chan_free(never);
    }
}

static void queue_recv_own(leat_int_chan c, int expected, atomic_int *served)
{
    int v;
    T_TRUE(leat_recv(c, &v));
    T_EQ(v, expected);
    golike_note(served);
}

static void queue_select_recv_own(leat_int_chan c, leat_int_chan never, int expected,
                                  atomic_int *served)
{
    int v;
    T_EQ(leat_select(leat_case_recv(never, NULL), leat_case_recv(c, &v)), 1);
    T_EQ(v, expected);
    golike_note(served);
}

T_TEST(blocked_receivers_are_served_in_order_of_arrival, .procs = {1})
{
    for (int cap = 0; cap < 3; cap++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, cap);
        leat_int_chan never = leat_chan_make(leat_int_chan, 0);
        atomic_int served = 0;

        for (int i = 0; i < 20; i++) {
            if (i % 3)
                leat_go(queue_recv_own, c, i, &served);
            else
                leat_go(queue_select_recv_own, c, never, i, &served);
            golike_turns();
        }
        for (int i = 0; i < 20; i++)
            leat_send(c, i);
        golike_await(&served, 20);
        leat_chan_free(c);
        leat_chan_free(never);
    }
}

/* doubleselect: one sender that selects over four channels, four receivers, one merged stream. */
enum { DOUBLE_WAYS = 4, DOUBLE_SENDS = 100000 };

static void double_send(leat_int_chan *c, int n)
{
    for (int i = 0; i < n; i++)
        leat_select(leat_case_send(c[0], i), leat_case_send(c[1], i), leat_case_send(c[2], i),
                    leat_case_send(c[3], i));
    for (int i = 0; i < DOUBLE_WAYS; i++)
        leat_close(c[i]);
}

static void double_forward(leat_int_chan from, leat_int_chan to)
{
    leat_range(v, from)
        leat_send(to, v);
    leat_send(to, -1);
}

T_TEST(a_select_sends_each_value_on_one_channel_only, .timeout_ms = 60000)
{
    const int n = (int)t_scale(DOUBLE_SENDS);
    leat_int_chan c[DOUBLE_WAYS], all = leat_chan_make(leat_int_chan, 0);
    unsigned char *seen = calloc((size_t)n, 1);
    int ended = 0;

    for (int i = 0; i < DOUBLE_WAYS; i++) {
        c[i] = leat_chan_make(leat_int_chan, 0);
        leat_go(double_forward, c[i], all);
    }
    leat_go(double_send, c, n);
    while (ended < DOUBLE_WAYS) {
        int v;
        T_TRUE(leat_recv(all, &v));
        if (v < 0)
            ended++;
        else
            T_EQ(seen[v]++, 0);
    }
    for (int i = 0; i < n; i++)
        T_EQ(seen[i], 1);
    free(seen);
    for (int i = 0; i < DOUBLE_WAYS; i++)
        leat_chan_free(c[i]);
    leat_chan_free(all);
}

/* select6: the case that lost must have left its queue, wherever in the queue it stood. */
static void stale_loser(leat_int_chan c, leat_int_chan wake, leat_int_chan gone, bool sends)
{
    int k = sends ? leat_select(leat_case_send(c, -1), leat_case_recv(wake, NULL))
                  : leat_select(leat_case_recv(c, NULL), leat_case_recv(wake, NULL));
    T_EQ(k, 1);
    leat_send(gone, 1);
}

static void stale_recv(leat_int_chan c, leat_int_chan out)
{
    int v;
    T_TRUE(leat_recv(c, &v));
    leat_send(out, v);
}

static void stale_check(int others, int position, bool sends)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_int_chan wake = leat_chan_make(leat_int_chan, 0);
    leat_int_chan out = leat_chan_make(leat_int_chan, 0);
    int v, sum = 0;

    for (int i = 0; i <= others; i++) {
        if (i == position)
            leat_go(stale_loser, c, wake, out, sends);
        else if (sends)
            leat_go(queue_send_own, c, 1 << i);
        else
            leat_go(stale_recv, c, out);
        golike_turns();
    }
    leat_send(wake, 1);
    T_TRUE(leat_recv(out, &v));
    T_EQ(v, 1);
    for (int i = 0; i <= others; i++) {
        if (i == position)
            continue;
        if (!sends)
            leat_send(c, 1 << i);
        T_TRUE(leat_recv(sends ? c : out, &v));
        sum += v;
    }
    T_EQ(sum, ((1 << (others + 1)) - 1) & ~(1 << position));
    T_FALSE(leat_try_send(c, 1));
    T_FALSE(leat_try_recv(c, &v));
    leat_chan_free(c);
    leat_chan_free(wake);
    leat_chan_free(out);
}

T_TEST(a_case_that_lost_leaves_no_waiter_behind)
{
    for (int others = 0; others <= 4; others++)
        for (int position = 0; position <= others; position++) {
            stale_check(others, position, false);
            stale_check(others, position, true);
        }
}
