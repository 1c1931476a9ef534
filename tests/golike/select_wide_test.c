/* SPDX-License-Identifier: MIT */
/* select_wide_test.c - many cases, cases made at run time, cases in order of priority. */
#include "golike.h"

#include <stdlib.h>

#define WIDE_BASE(c) ((leat_chan_base *)(void *)(c))

/* Twenty cases written out: more than any fixed array a runtime might like to have. */
T_TEST(twenty_cases_in_one_select)
{
    leat_int_chan c[20];
    int v = 0;

    for (int i = 0; i < 20; i++)
        c[i] = leat_chan_make(leat_int_chan, 1);
    for (int ready = 0; ready < 20; ready++) {
        leat_send(c[ready], ready + 50);
        int k = leat_select(leat_case_recv(c[0], &v), leat_case_recv(c[1], &v),
                            leat_case_recv(c[2], &v), leat_case_recv(c[3], &v),
                            leat_case_recv(c[4], &v), leat_case_recv(c[5], &v),
                            leat_case_recv(c[6], &v), leat_case_recv(c[7], &v),
                            leat_case_recv(c[8], &v), leat_case_recv(c[9], &v),
                            leat_case_recv(c[10], &v), leat_case_recv(c[11], &v),
                            leat_case_recv(c[12], &v), leat_case_recv(c[13], &v),
                            leat_case_recv(c[14], &v), leat_case_recv(c[15], &v),
                            leat_case_recv(c[16], &v), leat_case_recv(c[17], &v),
                            leat_case_recv(c[18], &v), leat_case_recv(c[19], &v));
        T_EQ(k, ready);
        T_EQ(v, ready + 50);
    }
    for (int i = 0; i < 20; i++)
        leat_chan_free(c[i]);
}

/* One goroutine waits in n channels at once; whichever is served must be the one reported. */
static void wide_recv_any(leat_int_chan *c, int n, int rounds, leat_int_chan out)
{
    leat_case *cases = calloc((size_t)n, sizeof *cases);
    int v;

    for (int i = 0; i < n; i++)
        cases[i] = (leat_case){.kind = LEAT_CASE_RECV, .chan = WIDE_BASE(c[i]), .elem = &v};
    for (int round = 0; round < rounds; round++) {
        int k = leat_select_n(cases, (size_t)n);
        T_EQ(v, k * 3 + 1);
        leat_send(out, k);
    }
    free(cases);
}

static void wide_recv_check(int n)
{
    leat_int_chan *c = calloc((size_t)n, sizeof *c), out = leat_chan_make(leat_int_chan, 0);
    const int rounds = 50;

    for (int i = 0; i < n; i++)
        c[i] = leat_chan_make(leat_int_chan, 0);
    leat_go(wide_recv_any, c, n, rounds, out);
    for (int round = 0; round < rounds; round++) {
        int k = (int)(t_rand() % (uint64_t)n), got;
        leat_send(c[k], k * 3 + 1);
        T_TRUE(leat_recv(out, &got));
        T_EQ(got, k);
    }
    for (int i = 0; i < n; i++) {
        T_FALSE(leat_try_send(c[i], 0));
        leat_chan_free(c[i]);
    }
    leat_chan_free(out);
    free(c);
}

T_TEST(select_n_of_a_hundred_receives)
{
    wide_recv_check(100);
}

T_TEST(select_n_of_a_thousand_receives)
{
    wide_recv_check(1000);
}

static void wide_send_any(leat_int_chan *c, int n, int rounds, leat_int_chan out)
{
    leat_case *cases = calloc((size_t)n, sizeof *cases);
    int *values = calloc((size_t)n, sizeof *values);

    for (int i = 0; i < n; i++) {
        values[i] = i * 5 + 2;
        cases[i] = (leat_case){.kind = LEAT_CASE_SEND,
                               .chan = WIDE_BASE(c[i]),
                               .elem = &values[i]};
    }
    for (int round = 0; round < rounds; round++)
        leat_send(out, leat_select_n(cases, (size_t)n));
    free(cases);
    free(values);
}

T_TEST(select_n_of_a_thousand_sends)
{
    const int n = 1000, rounds = 50;
    leat_int_chan *c = calloc((size_t)n, sizeof *c), out = leat_chan_make(leat_int_chan, 0);

    for (int i = 0; i < n; i++)
        c[i] = leat_chan_make(leat_int_chan, 0);
    leat_go(wide_send_any, c, n, rounds, out);
    for (int round = 0; round < rounds; round++) {
        int k = (int)(t_rand() % (uint64_t)n), got, v;
        T_TRUE(leat_recv(c[k], &v));
        T_EQ(v, k * 5 + 2);
        T_TRUE(leat_recv(out, &got));
        T_EQ(got, k);
    }
    for (int i = 0; i < n; i++)
        leat_chan_free(c[i]);
    leat_chan_free(out);
    free(c);
}

/* S6, reflect.Select: each direction, nil channels, default and timeout, made at run time. */
T_TEST(select_n_takes_every_kind_of_case)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1), done = leat_chan_make(leat_int_chan, 0);
    int out = 7, in = 0;
    bool ok = false;
    leat_case cases[] = {
        {.kind = LEAT_CASE_RECV, .chan = NULL},
        {.kind = LEAT_CASE_SEND, .chan = WIDE_BASE(c), .elem = &out},
        {.kind = LEAT_CASE_RECV, .chan = WIDE_BASE(done), .elem = &in, .ok = &ok},
        {.kind = LEAT_CASE_DEFAULT},
    };

    T_EQ(leat_select_n(cases, 4), 1);
    T_EQ(leat_select_n(cases, 4), 3);
    cases[1].kind = LEAT_CASE_RECV;
    cases[1].elem = &in;
    cases[1].ok = &ok;
    T_EQ(leat_select_n(cases, 4), 1);
    T_TRUE(ok);
    T_EQ(in, 7);
    cases[3] = (leat_case){.kind = LEAT_CASE_TIMEOUT, .timeout = LEAT_MICROSECOND};
    T_EQ(leat_select_n(cases, 4), 3);
    T_EQ(in, 7);
    leat_close(done);
    T_EQ(leat_select_n(cases, 4), 2);
    T_FALSE(ok);
    T_EQ(in, 0);
    leat_chan_free(c);
    leat_chan_free(done);
}

/* The untyped calls do what the typed macros do; they are what bindings are made of. */
T_TEST(untyped_channels_work_like_typed_ones)
{
    leat_chan_base *c = leat_chan_base_make(sizeof(double), 2);
    double v = 2.5, got = 0;
    bool open = false;

    T_EQ(leat_chan_base_cap(c), 2);
    leat_chan_base_send(c, &v);
    v = 3.5;
    T_TRUE(leat_chan_base_try_send(c, &v));
    T_FALSE(leat_chan_base_try_send(c, &v));
    T_EQ(leat_chan_base_len(c), 2);
    T_TRUE(leat_chan_base_recv(c, &got));
    T_EQ(got, 2.5);
    T_TRUE(leat_chan_base_try_recv(c, &got, &open));
    T_TRUE(open);
    T_EQ(got, 3.5);
    T_FALSE(leat_chan_base_try_recv(c, &got, &open));
    T_TRUE(open);
    leat_chan_base_close(c);
    T_FALSE(leat_chan_base_try_recv(c, &got, &open));
    T_FALSE(open);
    T_FALSE(leat_chan_base_recv(c, &got));
    T_EQ(got, 0.0);
    leat_chan_base_free(c);
}

/* Priority: the first ready case wins every time, in each place of the list. */
T_TEST(select_ordered_takes_the_first_that_is_ready)
{
    leat_int_chan a = leat_chan_make(leat_int_chan, 1), b = leat_chan_make(leat_int_chan, 1);
    leat_int_chan nil = NULL, never = leat_chan_make(leat_int_chan, 0);

    leat_close(a);
    leat_close(b);
    for (int i = 0; i < 200; i++) {
        T_EQ(leat_select_ordered(leat_case_recv(a, NULL), leat_case_recv(b, NULL)), 0);
        T_EQ(leat_select_ordered(leat_case_recv(nil, NULL), leat_case_recv(never, NULL),
                                 leat_case_recv(b, NULL), leat_case_recv(a, NULL)),
             2);
        T_EQ(leat_select_ordered(leat_case_recv(never, NULL), leat_case_default), 1);
        leat_case cases[] = {{.kind = LEAT_CASE_RECV, .chan = WIDE_BASE(never)},
                             {.kind = LEAT_CASE_RECV, .chan = WIDE_BASE(b)},
                             {.kind = LEAT_CASE_RECV, .chan = WIDE_BASE(a)}};
        T_EQ(leat_select_ordered_n(cases, 3), 1);
    }
    leat_chan_free(a);
    leat_chan_free(b);
    leat_chan_free(never);
}

static void wide_send_one(leat_int_chan c, int v)
{
    leat_send(c, v);
}

T_TEST(select_ordered_waits_when_nothing_is_ready)
{
    leat_int_chan a = leat_chan_make(leat_int_chan, 0), b = leat_chan_make(leat_int_chan, 0);
    int v;

    for (int i = 0; i < 50; i++) {
        leat_go(wide_send_one, i % 2 ? a : b, i);
        T_EQ(leat_select_ordered(leat_case_recv(a, &v), leat_case_recv(b, &v)), 1 - i % 2);
        T_EQ(v, i);
    }
    leat_chan_free(a);
    leat_chan_free(b);
}

T_TEST(select_ordered_of_nothing_blocks, GOLIKE_BLOCKS("select"))
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0), nil = NULL;
    leat_select_ordered(leat_case_recv(c, NULL), leat_case_send(nil, 1));
}

/* Big values in many cases: each is kept until the select is over, none beyond the next. */
struct wide_kib {
    int number;
    char rest[1020];
};
typedef leat_chan(struct wide_kib) wide_kib_chan;

static void wide_send_kibs(wide_kib_chan a, wide_kib_chan b, int n)
{
    for (int i = 0; i < n; i++)
        leat_select(leat_case_send(a, (struct wide_kib){.number = i, .rest = "a"}),
                    leat_case_send(b, (struct wide_kib){.number = i, .rest = "b"}));
}

T_TEST(selects_in_a_loop_with_values_of_a_kibibyte)
{
    const int n = (int)t_scale(20000);
    wide_kib_chan a = leat_chan_make(wide_kib_chan, 0), b = leat_chan_make(wide_kib_chan, 3);
    struct wide_kib got;
    int64_t sum = 0;

    leat_go(wide_send_kibs, a, b, n);
    for (int i = 0; i < n; i++) {
        int k = leat_select(leat_case_recv(a, &got), leat_case_recv(b, &got));
        T_EQ(got.rest[0], k ? 'b' : 'a');
        T_EQ(got.rest[1019], 0);
        sum += got.number;
    }
    T_EQ(sum, (int64_t)n * (n - 1) / 2);
    golike_alone();
    leat_chan_free(a);
    leat_chan_free(b);
}
