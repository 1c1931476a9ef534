/* SPDX-License-Identifier: MIT */
/* select_core_test.c - select among others: fairness, choice, torture, twice the same channel. */
#include "golike.h"

#include <stdlib.h>

static void sel_trade_with_itself(leat_int_chan c, int me, int cap, long rounds)
{
    for (long i = 0; i < rounds; i++) {
        int v = -1, k;

        if (me == 0 || i % 2 == 0)
            k = leat_select(leat_case_send(c, me), leat_case_recv(c, &v));
        else
            k = leat_select(leat_case_recv(c, &v), leat_case_send(c, me));
        if (v == -1)
            continue;
        T_TRUE(v == 0 || v == 1);
        if (cap == 0)
            T_NE(v, me);
        else
            T_EQ(k, me == 0 || i % 2 == 0);
    }
}

/* Two of them, so that each has a partner; without a buffer nobody may meet himself. */
T_TEST(a_select_on_both_directions_of_a_channel_never_matches_itself)
{
    const long rounds = t_scale(20000);

    for (int cap = 0; cap <= 10; cap += 10) {
        leat_int_chan c = leat_chan_make(leat_int_chan, cap);
        leat_waitgroup wg = {0};

        leat_waitgroup_go(&wg, sel_trade_with_itself, c, 0, cap, rounds);
        leat_waitgroup_go(&wg, sel_trade_with_itself, c, 1, cap, rounds);
        leat_waitgroup_wait(&wg);
        if (cap == 0)
            T_EQ(leat_len(c), 0);
        leat_chan_free(c);
    }
}

/* TestSelectStress: plain and selecting senders and receivers on the same four channels. */
enum { STRESS_CHANS = 4 };

static void stress_send(leat_int_chan c, int n)
{
    for (int i = 0; i < n; i++)
        leat_send(c, 1);
}

static void stress_recv(leat_int_chan c, int n, atomic_long *sum)
{
    for (int i = 0; i < n; i++) {
        int v = 0;
        T_TRUE(leat_recv(c, &v));
        atomic_fetch_add_explicit(sum, v, memory_order_relaxed);
    }
}

/* Nils out each channel that has had its n, as Go's programs do. */
static void stress_select_send(leat_int_chan *c, int n)
{
    leat_int_chan left[STRESS_CHANS];
    int sent[STRESS_CHANS] = {0};

    for (int i = 0; i < STRESS_CHANS; i++)
        left[i] = c[i];
    for (int i = 0; i < STRESS_CHANS * n; i++) {
        int k = leat_select(leat_case_send(left[3], 10), leat_case_send(left[2], 10),
                            leat_case_send(left[0], 10), leat_case_send(left[1], 10));
        static const int which[] = {3, 2, 0, 1};
        if (++sent[which[k]] == n)
            left[which[k]] = NULL;
        T_LE(sent[which[k]], n);
    }
}

static void stress_select_recv(leat_int_chan *c, int n, atomic_long *sum)
{
    leat_int_chan left[STRESS_CHANS];
    int got[STRESS_CHANS] = {0};

    for (int i = 0; i < STRESS_CHANS; i++)
        left[i] = c[i];
    for (int i = 0; i < STRESS_CHANS * n; i++) {
        int v = 0;
        int k = leat_select(leat_case_recv(left[0], &v), leat_case_recv(left[1], &v),
                            leat_case_recv(left[2], &v), leat_case_recv(left[3], &v));
        if (++got[k] == n)
            left[k] = NULL;
        T_LE(got[k], n);
        atomic_fetch_add_explicit(sum, v, memory_order_relaxed);
    }
}

T_TEST(plain_and_selecting_senders_and_receivers_keep_exact_counts, .timeout_ms = 60000)
{
    static const int caps[STRESS_CHANS] = {0, 0, 2, 3};
    const int n = (int)t_scale(10000);
    leat_int_chan c[STRESS_CHANS];
    leat_waitgroup wg = {0};
    atomic_long sum = 0;

    for (int i = 0; i < STRESS_CHANS; i++)
        c[i] = leat_chan_make(leat_int_chan, caps[i]);
    for (int i = 0; i < STRESS_CHANS; i++) {
        leat_waitgroup_go(&wg, stress_send, c[i], n);
        leat_waitgroup_go(&wg, stress_recv, c[i], n, &sum);
    }
    leat_waitgroup_go(&wg, stress_select_send, c, n);
    leat_waitgroup_go(&wg, stress_select_recv, c, n, &sum);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&sum), 11L * STRESS_CHANS * n);
    for (int i = 0; i < STRESS_CHANS; i++) {
        T_EQ(leat_len(c[i]), 0);
        leat_chan_free(c[i]);
    }
}

/* Ten sigmas off a half: once in 10^22 runs by chance. */
T_TEST(select_chooses_evenly_among_ready_cases)
{
    enum { TRIALS = 10000, TEN_SIGMA = 500 };
    leat_int_chan a = leat_chan_make(leat_int_chan, TRIALS);
    leat_int_chan b = leat_chan_make(leat_int_chan, TRIALS);
    leat_int_chan never = leat_chan_make(leat_int_chan, 0);
    leat_int_chan nil = NULL;
    int count[5] = {0};

    for (int i = 0; i < TRIALS; i++) {
        leat_send(a, i);
        leat_send(b, i);
    }
    for (int i = 0; i < TRIALS; i++)
        count[leat_select(leat_case_recv(never, NULL), leat_case_recv(a, NULL),
                          leat_case_recv(nil, NULL), leat_case_recv(b, NULL),
                          leat_case_send(never, 1))]++;
    T_EQ(count[1] + count[3], TRIALS);
    T_GT(count[1], TRIALS / 2 - TEN_SIGMA);
    T_LT(count[1], TRIALS / 2 + TEN_SIGMA);
    leat_chan_free(a);
    leat_chan_free(b);
    leat_chan_free(never);
}

/* Five ready cases, each expected a fifth: sigma of 10000 trials is 40. */
T_TEST(select_chooses_evenly_among_five_ready_cases)
{
    enum { TRIALS = 10000, WAYS = 5, TEN_SIGMA = 400 };
    leat_int_chan c[WAYS];
    int count[WAYS] = {0};

    for (int i = 0; i < WAYS; i++) {
        c[i] = leat_chan_make(leat_int_chan, 1);
        leat_close(c[i]);
    }
    for (int i = 0; i < TRIALS; i++)
        count[leat_select(leat_case_recv(c[0], NULL), leat_case_recv(c[1], NULL),
                          leat_case_recv(c[2], NULL), leat_case_recv(c[3], NULL),
                          leat_case_recv(c[4], NULL), leat_case_default)]++;
    for (int i = 0; i < WAYS; i++) {
        T_GT(count[i], TRIALS / WAYS - TEN_SIGMA);
        T_LT(count[i], TRIALS / WAYS + TEN_SIGMA);
        leat_chan_free(c[i]);
    }
}

static void sel_tally_bits(leat_int_chan c, int n, int *ones, leat_done_chan done)
{
    for (int i = 0; i < n; i++) {
        int v;
        T_TRUE(leat_recv(c, &v));
        *ones += v;
    }
    leat_send(done, LEAT_UNIT);
}

T_TEST(a_select_of_two_sends_to_one_channel_sends_both_values)
{
    enum { BITS = 1000 };

    for (int cap = 0; cap <= BITS; cap += BITS) {
        leat_int_chan c = leat_chan_make(leat_int_chan, cap);
        leat_done_chan done = leat_chan_make(leat_done_chan, 0);
        int ones = 0;

        leat_go(sel_tally_bits, c, BITS, &ones, done);
        for (int i = 0; i < BITS; i++)
            leat_select(leat_case_send(c, 1), leat_case_send(c, 0));
        leat_recv(done, NULL);
        T_GT(ones, BITS / 10);
        T_LT(ones, BITS - BITS / 10);
        leat_chan_free(c);
        leat_chan_free(done);
    }
}

/* TestChanSendInterface, of what C has for it: pointers to objects, and objects. */
struct sel_thing {
    const char *name;
    int64_t number;
    void *self;
};
typedef leat_chan(struct sel_thing *) sel_thing_ptr_chan;
typedef leat_chan(struct sel_thing) sel_thing_chan;

T_TEST(pointers_and_structs_go_through_select_whole)
{
    sel_thing_ptr_chan pointers = leat_chan_make(sel_thing_ptr_chan, 1);
    sel_thing_chan things = leat_chan_make(sel_thing_chan, 1);
    struct sel_thing thing = {"x", INT64_MIN, &thing}, got = {0}, *at = NULL;

    T_EQ(leat_select(leat_case_send(pointers, &thing), leat_case_default), 0);
    T_EQ(leat_select(leat_case_send(pointers, &thing), leat_case_default), 1);
    T_EQ(leat_select(leat_case_send(pointers, (void *)0), leat_case_recv(pointers, &at)), 1);
    T_EQ(at, &thing);

    T_EQ(leat_select(leat_case_send(things, thing), leat_case_default), 0);
    T_EQ(leat_select(leat_case_send(things, (struct sel_thing){0}), leat_case_default), 1);
    T_EQ(leat_select(leat_case_recv(things, &got), leat_case_default), 0);
    T_STREQ(got.name, "x");
    T_EQ(got.number, INT64_MIN);
    T_EQ(got.self, &thing);
    leat_chan_free(pointers);
    leat_chan_free(things);
}

/* TestSelectDuplicateChannel: whoever leaves the queue twice must not take a stranger along. */
static void dup_wait_many_times(leat_int_chan c, leat_int_chan wake, leat_int_chan done)
{
    int k = leat_select(leat_case_recv(c, NULL), leat_case_recv(c, NULL),
                        leat_case_recv(wake, NULL), leat_case_recv(c, NULL));
    T_EQ(k, 2);
    leat_send(done, 9);
}

static void dup_recv(leat_int_chan c, leat_int_chan done)
{
    int v;
    T_TRUE(leat_recv(c, &v));
    leat_send(done, v);
}

T_TEST(leaving_a_queue_one_stood_in_three_times_keeps_the_others_in_it)
{
    for (int before = 0; before < 3; before++) {
        for (int after = 0; after < 3; after++) {
            leat_int_chan c = leat_chan_make(leat_int_chan, 0);
            leat_int_chan wake = leat_chan_make(leat_int_chan, 0);
            leat_int_chan done = leat_chan_make(leat_int_chan, 0);
            int v, sum = 0;

            for (int i = 0; i < before; i++)
                leat_go(dup_recv, c, done);
            golike_turns();
            leat_go(dup_wait_many_times, c, wake, done);
            golike_turns();
            for (int i = 0; i < after; i++)
                leat_go(dup_recv, c, done);
            golike_turns();
            leat_send(wake, 7);
            T_TRUE(leat_recv(done, &v));
            T_EQ(v, 9);
            for (int i = 0; i < before + after; i++) {
                leat_send(c, 1 << i);
                T_TRUE(leat_recv(done, &v));
                sum += v;
            }
            T_EQ(sum, (1 << (before + after)) - 1);
            T_FALSE(leat_try_send(c, 1));
            leat_chan_free(c);
            leat_chan_free(wake);
            leat_chan_free(done);
        }
    }
}
