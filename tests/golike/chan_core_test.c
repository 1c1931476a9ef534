/* SPDX-License-Identifier: MIT */
/* chan_core_test.c - a channel alone: blocking, order, closing, losing nothing, length. */
#include "golike.h"

#include <stdlib.h>

enum { CORE_MAX_CAP = 64, CORE_SENDERS = 4, CORE_EACH = 1000 };

static void core_recv_and_note(leat_int_chan c, atomic_int *moved)
{
    T_TRUE(leat_recv(c, NULL));
    golike_note(moved);
}

static void core_select_recv_and_note(leat_int_chan c, atomic_int *moved)
{
    bool ok = false;
    T_EQ(leat_select(leat_case_recv_ok(c, NULL, &ok)), 0);
    T_TRUE(ok);
    golike_note(moved);
}

static void core_send_and_note(leat_int_chan c, atomic_int *moved)
{
    leat_send(c, 0);
    golike_note(moved);
}

static void core_select_send_and_note(leat_int_chan c, atomic_int *moved)
{
    T_EQ(leat_select(leat_case_send(c, 0)), 0);
    golike_note(moved);
}

static void core_check_empty_blocks(leat_int_chan c)
{
    atomic_int moved = 0;
    int v = 7;

    leat_go(core_recv_and_note, c, &moved);
    leat_go(core_select_recv_and_note, c, &moved);
    golike_turns();
    T_EQ(atomic_load(&moved), 0);
    T_FALSE(leat_try_recv(c, &v));
    T_EQ(v, 7);
    T_EQ(leat_select(leat_case_recv(c, &v), leat_case_default), 1);
    T_EQ(v, 7);
    leat_send(c, 0);
    leat_send(c, 0);
    golike_await(&moved, 2);
}

static void core_check_full_blocks(leat_int_chan c, int cap)
{
    atomic_int moved = 0;

    for (int i = 0; i < cap; i++)
        leat_send(c, i);
    leat_go(core_send_and_note, c, &moved);
    leat_go(core_select_send_and_note, c, &moved);
    golike_turns();
    T_EQ(atomic_load(&moved), 0);
    T_EQ(leat_len(c), cap);
    T_FALSE(leat_try_send(c, 0));
    T_EQ(leat_select(leat_case_send(c, 0), leat_case_default), 1);
    for (int i = 0; i < cap + 2; i++)
        T_TRUE(leat_recv(c, NULL));
    golike_await(&moved, 2);
    T_EQ(leat_len(c), 0);
}

T_TEST(recv_on_empty_and_send_on_full_block_but_their_try_forms_do_not)
{
    int step = t_scale(100) >= 100 ? 1 : 7;

    for (int cap = 0; cap <= CORE_MAX_CAP; cap += step) {
        leat_int_chan c = leat_chan_make(leat_int_chan, cap);
        core_check_empty_blocks(c);
        core_check_full_blocks(c, cap);
        leat_chan_free(c);
    }
}

T_TEST(close_keeps_what_is_queued_then_gives_zero_and_false)
{
    for (int cap = 0; cap <= CORE_MAX_CAP; cap++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, cap);
        int v;

        for (int i = 0; i < cap; i++)
            leat_send(c, i + 1);
        leat_close(c);
        T_EQ(leat_len(c), cap);
        for (int i = 0; i < cap; i++) {
            v = -1;
            T_TRUE(leat_recv(c, &v));
            T_EQ(v, i + 1);
        }
        for (int i = 0; i < 3; i++) {
            v = -1;
            T_FALSE(leat_recv(c, &v));
            T_EQ(v, 0);
            bool ok = true;
            v = -1;
            T_EQ(leat_select(leat_case_recv_ok(c, &v, &ok)), 0);
            T_FALSE(ok);
            T_EQ(v, 0);
        }
        leat_chan_free(c);
    }
}

static void core_recv_closed(leat_int_chan c, atomic_int *woken)
{
    int v = 5;
    T_FALSE(leat_recv(c, &v));
    T_EQ(v, 0);
    golike_note(woken);
}

static void core_select_closed(leat_int_chan c, leat_int_chan never, atomic_int *woken)
{
    int v = 5;
    bool ok = true;
    T_EQ(leat_select(leat_case_recv(never, NULL), leat_case_recv_ok(c, &v, &ok)), 1);
    T_FALSE(ok);
    T_EQ(v, 0);
    golike_note(woken);
}

T_TEST(close_wakes_every_blocked_receiver)
{
    for (int cap = 0; cap < 3; cap++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, cap);
        leat_int_chan never = leat_chan_make(leat_int_chan, 0);
        atomic_int woken = 0;

        for (int i = 0; i < 20; i++) {
            leat_go(core_recv_closed, c, &woken);
            leat_go(core_select_closed, c, never, &woken);
        }
        golike_turns();
        T_EQ(atomic_load(&woken), 0);
        leat_close(c);
        golike_await(&woken, 40);
        leat_chan_free(c);
        leat_chan_free(never);
    }
}

static void core_send_hundred(leat_int_chan c)
{
    for (int i = 0; i < 100; i++)
        leat_send(c, i);
}

T_TEST(a_hundred_values_arrive_in_order)
{
    for (int cap = 0; cap <= CORE_MAX_CAP; cap += 3) {
        leat_int_chan c = leat_chan_make(leat_int_chan, cap);
        leat_go(core_send_hundred, c);
        for (int i = 0; i < 100; i++) {
            int v;
            T_TRUE(leat_recv(c, &v));
            T_EQ(v, i);
        }
        leat_chan_free(c);
    }
}

static void core_send_range(leat_int_chan c, int first, int n)
{
    for (int i = first; i < first + n; i++)
        leat_send(c, i);
}

/* Counts how often each value came, for itself: receivers share nothing. */
static void core_tally(leat_int_chan c, int n, int *seen)
{
    for (int i = 0; i < n; i++) {
        int v;
        T_TRUE(leat_recv(c, &v));
        seen[v]++;
    }
}

T_TEST(four_senders_and_four_receivers_lose_and_repeat_nothing)
{
    const int each = (int)t_scale(CORE_EACH), all = each * CORE_SENDERS;
    const int caps[] = {0, 1, 3, 10, 100};

    for (size_t k = 0; k < sizeof caps / sizeof *caps; k++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, caps[k]);
        int *seen = calloc((size_t)all * CORE_SENDERS, sizeof *seen);
        leat_waitgroup wg = {0};

        for (int i = 0; i < CORE_SENDERS; i++) {
            leat_waitgroup_go(&wg, core_send_range, c, i * each, each);
            leat_waitgroup_go(&wg, core_tally, c, each, seen + i * all);
        }
        leat_waitgroup_wait(&wg);
        for (int v = 0; v < all; v++) {
            int times = 0;
            for (int i = 0; i < CORE_SENDERS; i++)
                times += seen[i * all + v];
            T_EQ(times, 1);
        }
        T_EQ(leat_len(c), 0);
        free(seen);
        leat_chan_free(c);
    }
}

T_TEST(len_and_cap_count_what_is_queued)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 10);

    T_EQ(leat_len(c), 0);
    T_EQ(leat_cap(c), 10);
    for (int round = 0; round < 25; round++) {
        for (int i = 1; i <= 7; i++) {
            leat_send(c, i);
            T_EQ(leat_len(c), i);
        }
        for (int i = 6; i >= 0; i--) {
            leat_recv(c, NULL);
            T_EQ(leat_len(c), i);
        }
        T_EQ(leat_cap(c), 10);
    }
    leat_chan_free(c);
}

static void core_send_next(leat_int_chan c, atomic_int *turn, int i)
{
    golike_await(turn, i);
    golike_note(turn);
    leat_send(c, i);
}

/* C4: the receiver takes the head, the blocked sender's value goes to the tail. */
T_TEST(a_blocked_sender_queues_behind_the_full_buffer)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 3);
    atomic_int turn = 3;
    int v;

    for (int i = 0; i < 3; i++)
        leat_send(c, i);
    leat_go(core_send_next, c, &turn, 3);
    golike_turns();
    for (int i = 0; i < 4; i++) {
        T_TRUE(leat_recv(c, &v));
        T_EQ(v, i);
    }
    leat_chan_free(c);
}

/* C3: either side of an unbuffered channel may be there first. */
T_TEST(an_unbuffered_pair_meets_whoever_comes_first)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    atomic_int moved = 0;

    for (int i = 0; i < 100; i++) {
        atomic_store(&moved, 0);
        leat_go(core_send_and_note, c, &moved);
        if (i % 2)
            golike_turns();
        T_TRUE(leat_recv(c, NULL));
        golike_await(&moved, 1);

        atomic_store(&moved, 0);
        leat_go(core_recv_and_note, c, &moved);
        if (i % 2)
            golike_turns();
        leat_send(c, 0);
        golike_await(&moved, 1);
    }
    leat_chan_free(c);
}

/* TestMultiConsumer: what went in comes out, counted and summed, after a cascade of closes. */
enum { MULTI_WORKERS = 23, MULTI_ITEMS = 271828 };

static const int multi_steps[] = {2, 3, 7, 13, 17, 29, 31, 47, 59, 61, 73};
enum { MULTI_STEPS = sizeof multi_steps / sizeof *multi_steps };

static void multi_work(leat_int_chan q, leat_int_chan r)
{
    leat_range(v, q) {
        if (multi_steps[(unsigned)v % MULTI_STEPS] == v)
            leat_yield();
        leat_send(r, v);
    }
}

static void multi_feed(leat_int_chan q, long n, int64_t *sum)
{
    for (long i = 0; i < n; i++) {
        int v = multi_steps[i % MULTI_STEPS];
        *sum += v;
        leat_send(q, v);
    }
    leat_close(q);
}

static void multi_close_after(leat_waitgroup *workers, leat_int_chan r)
{
    leat_waitgroup_wait(workers);
    leat_close(r);
}

T_TEST(twenty_three_consumers_deliver_every_item, .timeout_ms = 60000)
{
    const long n = t_scale(MULTI_ITEMS);
    leat_int_chan q = leat_chan_make(leat_int_chan, MULTI_WORKERS * 3);
    leat_int_chan r = leat_chan_make(leat_int_chan, MULTI_WORKERS * 3);
    leat_waitgroup workers = {0}, rest = {0};
    int64_t expected = 0, sum = 0;
    long count = 0;

    for (int i = 0; i < MULTI_WORKERS; i++)
        leat_waitgroup_go(&workers, multi_work, q, r);
    leat_waitgroup_go(&rest, multi_feed, q, n, &expected);
    leat_waitgroup_go(&rest, multi_close_after, &workers, r);
    leat_range(v, r) {
        count++;
        sum += v;
    }
    leat_waitgroup_wait(&rest);
    T_EQ(count, n);
    T_EQ(sum, expected);
    leat_chan_free(q);
    leat_chan_free(r);
}
