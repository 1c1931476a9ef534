/* SPDX-License-Identifier: MIT */
/*
 * chan_unbounded_test.c - channels without a limit: what Go's users ask for and do not have. All
 * that holds of a buffered channel holds, but that no send ever waits.
 */
#include "golike.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

typedef struct ub_pair {
    long a, b;
} ub_pair;
typedef leat_chan(ub_pair) ub_pair_chan;
typedef struct ub_big {
    char byte[20000];
} ub_big;
typedef leat_chan(ub_big) ub_big_chan;
typedef struct ub_aligned {
    _Alignas(256) int n;
} ub_aligned;
typedef leat_chan(ub_aligned) ub_aligned_chan;

T_TEST(a_hundred_thousand_values_wait_in_order)
{
    const long n = t_scale(100000);
    leat_scoped_chan(ub_pair_chan, c, LEAT_UNBOUNDED);
    ub_pair got;

    T_EQ(leat_cap(c), INT64_MAX);
    for (long i = 0; i < n; i++) {
        leat_send(c, (ub_pair){i, -i});
        T_EQ(leat_len(c), i + 1);
    }
    for (long i = 0; i < n; i++) {
        T_TRUE(leat_recv(c, &got));
        T_EQ(got.a, i);
        T_EQ(got.b, -i);
        T_EQ(leat_len(c), n - i - 1);
    }
    T_FALSE(leat_try_recv(c, &got));
}

/* Up and down at random, so that chunks fill, drain and are used again. */
T_TEST(any_sequence_of_sends_and_receives_keeps_the_order)
{
    leat_scoped_chan(leat_size_chan, c, LEAT_UNBOUNDED);
    size_t sent = 0, received = 0, got;

    for (long i = t_scale(3000); i > 0; i--) {
        size_t burst = t_rand() % 1500;
        bool up = t_rand() % 2;
        for (; burst > 0; burst--) {
            if (up) {
                T_TRUE(leat_try_send(c, sent));
                sent++;
            } else if (leat_try_recv(c, &got)) {
                T_EQ(got, received);
                received++;
            } else {
                T_EQ(received, sent);
                break;
            }
        }
        T_EQ(leat_len(c), (int64_t)(sent - received));
    }
}

T_TEST(elements_of_any_size_and_alignment)
{
    leat_scoped_chan(ub_big_chan, big, LEAT_UNBOUNDED);
    leat_scoped_chan(ub_aligned_chan, aligned, LEAT_UNBOUNDED);
    leat_scoped_chan(leat_done_chan, nothing, LEAT_UNBOUNDED);
    static ub_big value;
    ub_aligned a = {0};

    for (int i = 0; i < 50; i++) {
        memset(value.byte, i, sizeof(value.byte));
        leat_send(big, value);
        leat_send(aligned, (ub_aligned){i});
        leat_send(nothing, LEAT_UNIT);
    }
    T_EQ(leat_len(nothing), 50);
    for (int i = 0; i < 50; i++) {
        T_TRUE(leat_recv(big, &value));
        T_EQ(value.byte[0], i);
        T_EQ(value.byte[sizeof(value.byte) - 1], i);
        T_TRUE(leat_recv(aligned, &a));
        T_EQ(a.n, i);
        T_TRUE(leat_recv(nothing, NULL));
    }
    T_FALSE(leat_try_recv(nothing, NULL));
}

T_TEST(close_keeps_what_waits)
{
    leat_scoped_chan(leat_int_chan, c, LEAT_UNBOUNDED);
    int v = -1, n = 0;

    for (int i = 0; i < 3000; i++)
        leat_send(c, i);
    leat_close(c);
    leat_range(w, c)
        T_EQ(w, n++);
    T_EQ(n, 3000);
    T_FALSE(leat_recv(c, &v));
    T_EQ(v, 0);
}

T_TEST(a_send_on_a_closed_one_panics, GOLIKE_PANICS("send on closed channel"))
{
    leat_int_chan c = leat_chan_make(leat_int_chan, LEAT_UNBOUNDED);

    leat_close(c);
    leat_send(c, 1);
}

static void ub_receiver(leat_int_chan c, long n, atomic_int *sum)
{
    for (long i = 0; i < n; i++) {
        int v = 0;
        T_TRUE(leat_recv(c, &v));
        atomic_fetch_add(sum, v);
    }
}

static void ub_sender(leat_int_chan c, long n)
{
    for (long i = 0; i < n; i++)
        leat_send(c, 1);
}

T_TEST(many_senders_and_receivers_lose_nothing)
{
    const long n = t_scale(20000);
    leat_scoped_chan(leat_int_chan, c, LEAT_UNBOUNDED);
    leat_waitgroup wg = {0};
    atomic_int sum = 0;

    for (int i = 0; i < 4; i++) {
        leat_waitgroup_go(&wg, ub_receiver, c, n, &sum);
        leat_waitgroup_go(&wg, ub_sender, c, n);
    }
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&sum), 4 * n);
    T_EQ(leat_len(c), 0);
}

/* Waiting receivers are served first come first served, and select knows the kind. */
static void ub_take(leat_int_chan c, leat_int_chan out)
{
    int v = 0;

    T_EQ(leat_select(leat_case_recv(c, &v), leat_case_timeout(LEAT_HOUR)), 0);
    leat_send(out, v);
}

T_TEST(select_sends_and_receives_on_it)
{
    leat_scoped_chan(leat_int_chan, c, LEAT_UNBOUNDED);
    leat_scoped_chan(leat_int_chan, full, 0);
    leat_scoped_chan(leat_int_chan, out, 10);
    int sum = 0, v = 0;

    T_EQ(leat_select(leat_case_recv(c, &v), leat_case_default), 1);
    for (int i = 0; i < 10; i++)
        leat_go(ub_take, c, out);
    golike_turns();
    for (int i = 0; i < 2000; i++) /* a send is always ready, even without a default */
        T_EQ(leat_select(leat_case_send(full, 1), leat_case_send(c, i)), 1);
    for (int i = 0; i < 10; i++) {
        T_TRUE(leat_recv(out, &v));
        sum += v;
    }
    T_EQ(sum, 45);
    T_EQ(leat_len(c), 1990);
    T_EQ(leat_select(leat_case_send(full, 1), leat_case_recv(c, &v)), 1);
    T_EQ(v, 10);
    golike_alone();
}

/* What a backlog took goes back as it drains, not only with the channel. */
T_TEST(memory_is_given_back_while_it_drains, .modes = "plain", .procs = {1, 2})
{
    enum { N = 200000 };
    leat_scoped_chan(ub_pair_chan, c, LEAT_UNBOUNDED);
    size_t before = mallinfo2().uordblks;

    for (int i = 0; i < N; i++)
        leat_send(c, (ub_pair){i, i});
    size_t full = mallinfo2().uordblks - before;
    T_GE(full, N * sizeof(ub_pair));
    T_LE(full, N * sizeof(ub_pair) * 5 / 4);
    for (int i = 0; i < N - 10; i++)
        T_TRUE(leat_recv(c, NULL));
    T_LE(mallinfo2().uordblks - before, 20000u);
}

/* What does not fit into an int64 is out of range as ever. */
T_TEST(neighbours_of_its_number_are_no_capacity, GOLIKE_PANICS("makechan: size out of range"))
{
    volatile int64_t near = LEAT_UNBOUNDED + 1;

    leat_chan_make(leat_int_chan, near);
}

T_TEST(untyped_ones_work_the_same)
{
    leat_chan_base *c = leat_chan_base_make(3, LEAT_UNBOUNDED);
    char got[4] = "";

    for (int i = 0; i < 5000; i++)
        leat_chan_base_send(c, i % 2 ? "abc" : "xyz");
    for (int i = 0; i < 5000; i++) {
        T_TRUE(leat_chan_base_recv(c, got));
        T_STREQ(got, i % 2 ? "abc" : "xyz");
    }
    for (int i = 0; i < 5000; i++)
        leat_chan_base_send(c, "abc"); /* and are freed with it */
    leat_chan_base_free(c);
}
