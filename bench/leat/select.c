/* SPDX-License-Identifier: MIT */
/*
 * Select: four ready, none ready with a default, blocking over four, and a ping-pong whose both
 * sides wait for a second case that never comes.
 */
#include <leat.h>

#include "groups.h"

#define SELECT_FILL 256 /* values in each of four channels; half of them are taken by select */

static void select_fill(leat_int64_chan *c, int64_t *in)
{
    for (int i = 0; i < 4 * SELECT_FILL; i++) {
        leat_send(c[i % 4], i);
        *in += i;
    }
}

static void select_drain(leat_int64_chan *c, int64_t *out)
{
    int64_t v;
    for (int i = 0; i < 4; i++)
        while (leat_try_recv(c[i], &v))
            *out += v;
}

/* With half of 1024 values taken at random, no channel runs empty: all four are ready. */
static void select_ready(void)
{
    leat_int64_chan c[4];
    long rounds = bench_count(1000000) / (2 * SELECT_FILL) + 1;
    int64_t in = 0, out = 0, spent = 0, v = 0;
    for (int i = 0; i < 4; i++)
        c[i] = leat_chan_make(leat_int64_chan, SELECT_FILL);
    for (long r = 0; r < rounds; r++) {
        select_fill(c, &in);
        int64_t start = bench_now();
        for (int i = 0; i < 2 * SELECT_FILL; i++) {
            leat_select(leat_case_recv(c[0], &v), leat_case_recv(c[1], &v),
                        leat_case_recv(c[2], &v), leat_case_recv(c[3], &v));
            out += v;
        }
        spent += bench_now() - start;
        select_drain(c, &out);
    }
    bench_report("select_ready4", (double)spent / (double)(rounds * 2 * SELECT_FILL), "ns");
    BENCH_CHECK(in == out);
    for (int i = 0; i < 4; i++)
        leat_chan_free(c[i]);
}

static void select_default(void)
{
    leat_int64_chan c[4];
    long n = bench_count(4000000), defaults = 0;
    int64_t v;
    for (int i = 0; i < 4; i++)
        c[i] = leat_chan_make(leat_int64_chan, 0);
    int64_t start = bench_now();
    for (long i = 0; i < n; i++) {
        int chosen = leat_select(leat_case_recv(c[0], &v), leat_case_recv(c[1], &v),
                                 leat_case_recv(c[2], &v), leat_case_recv(c[3], &v),
                                 leat_case_default);
        defaults += chosen == 4;
    }
    bench_report_since("select_default4", start, n);
    BENCH_CHECK(defaults == n);
    for (int i = 0; i < 4; i++)
        leat_chan_free(c[i]);
}

static void select_feed(leat_int64_chan *c, long n)
{
    for (long i = 0; i < n; i++)
        leat_send(c[i % 4], i);
}

static void select_block(void)
{
    leat_int64_chan c[4];
    long n = bench_count(1000000);
    int64_t sum = 0, v = 0;
    leat_waitgroup wg = {0};
    for (int i = 0; i < 4; i++)
        c[i] = leat_chan_make(leat_int64_chan, 0);
    int64_t start = bench_now();
    leat_waitgroup_go(&wg, select_feed, c, n);
    for (long i = 0; i < n; i++) {
        leat_select(leat_case_recv(c[0], &v), leat_case_recv(c[1], &v),
                    leat_case_recv(c[2], &v), leat_case_recv(c[3], &v));
        sum += v;
    }
    leat_waitgroup_wait(&wg);
    bench_report_since("select_block4", start, n);
    BENCH_CHECK(sum == (int64_t)n * (n - 1) / 2);
    for (int i = 0; i < 4; i++)
        leat_chan_free(c[i]);
}

static void select_pong(leat_int64_chan in, leat_int64_chan out, leat_int64_chan quit, long n)
{
    int64_t v = 0, q;
    for (long i = 0; i < n; i++) {
        leat_select(leat_case_recv(in, &v), leat_case_recv(quit, &q));
        leat_select(leat_case_send(out, v + 1), leat_case_recv(quit, &q));
    }
}

static void select_pingpong(void)
{
    leat_int64_chan out = leat_chan_make(leat_int64_chan, 0);
    leat_int64_chan in = leat_chan_make(leat_int64_chan, 0);
    leat_int64_chan quit = leat_chan_make(leat_int64_chan, 0);
    leat_waitgroup wg = {0};
    long n = bench_count(1000000);
    int64_t v = 0, q;
    int64_t start = bench_now();
    leat_waitgroup_go(&wg, select_pong, out, in, quit, n);
    for (long i = 0; i < n; i++) {
        leat_select(leat_case_send(out, i), leat_case_recv(quit, &q));
        leat_select(leat_case_recv(in, &v), leat_case_recv(quit, &q));
        BENCH_CHECK(v == i + 1);
    }
    leat_waitgroup_wait(&wg);
    bench_report_since("select_pingpong2", start, n);
    leat_chan_free(out);
    leat_chan_free(in);
    leat_chan_free(quit);
}

void bench_select(void)
{
    select_ready();
    select_default();
    select_block();
    select_pingpong();
}
