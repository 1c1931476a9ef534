/* SPDX-License-Identifier: MIT */
/*
 * Yield and channels: the switch alone, then the switch with a value.
 *
 * The goroutines of a row run once before the clock starts, so that the row measures switches
 * and not the first touch of stacks; creation has rows of its own.
 */
#include <leat.h>

#include "groups.h"

static long bench_yields; /* atomic: yields made */

static void yield_times(long times)
{
    for (long i = 0; i < times; i++)
        leat_yield();
    __atomic_fetch_add(&bench_yields, times, __ATOMIC_RELAXED);
}

static void yield_among(int goroutines, long times)
{
    leat_waitgroup wg = {0};
    for (int i = 0; i < goroutines; i++)
        leat_waitgroup_go(&wg, yield_times, times);
    leat_waitgroup_wait(&wg);
}

void bench_yield(void)
{
    static const struct {
        const char *name;
        int goroutines;
    } rows[] = {{"yield_2", 2}, {"yield_100", 100}, {"yield_10000", 10000}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int n = rows[i].goroutines;
        long times = bench_count(4000000) / n;
        yield_among(n, 2);
        bench_yields = 0;
        int64_t start = bench_now();
        yield_among(n, times);
        bench_report_since(rows[i].name, start, times * n);
        BENCH_CHECK(bench_yields == times * n);
    }
}

static void pong(leat_int64_chan in, leat_int64_chan out, long times)
{
    for (long i = 0; i < times; i++) {
        int64_t v;
        leat_recv(in, &v);
        leat_send(out, v + 1);
    }
}

static void ping(long times)
{
    leat_int64_chan out = leat_chan_make(leat_int64_chan, 0);
    leat_int64_chan in = leat_chan_make(leat_int64_chan, 0);
    leat_waitgroup wg = {0};
    leat_waitgroup_go(&wg, pong, out, in, times);
    for (long i = 0; i < times; i++) {
        int64_t v;
        leat_send(out, i);
        leat_recv(in, &v);
        BENCH_CHECK(v == i + 1);
    }
    leat_waitgroup_wait(&wg);
    leat_chan_free(out);
    leat_chan_free(in);
}

static void ping_pairs(int pairs, long times)
{
    leat_waitgroup wg = {0};
    for (int i = 0; i < pairs; i++)
        leat_waitgroup_go(&wg, ping, times);
    leat_waitgroup_wait(&wg);
}

void bench_pingpong(void)
{
    long total = bench_count(1000000);

    ping_pairs(1, 10);
    int64_t start = bench_now();
    ping_pairs(1, total);
    bench_report_since("pingpong_1", start, total);

    ping_pairs(100, 10);
    start = bench_now();
    ping_pairs(100, total / 100);
    bench_report_since("pingpong_100", start, total / 100 * 100);
}

static int64_t bench_stream_sum; /* atomic: of all values received */

static void stream_producer(leat_int64_chan c, long first, long n)
{
    for (long i = first; i < first + n; i++)
        leat_send(c, i);
}

static void stream_consumer(leat_int64_chan c, long n)
{
    int64_t sum = 0, v;
    for (long i = 0; i < n; i++) {
        leat_recv(c, &v);
        sum += v;
    }
    __atomic_fetch_add(&bench_stream_sum, sum, __ATOMIC_RELAXED);
}

static void stream(const char *row, int64_t cap, int pairs, long total)
{
    leat_int64_chan c = leat_chan_make(leat_int64_chan, cap);
    leat_waitgroup wg = {0};
    long each = total / pairs;
    bench_stream_sum = 0;
    int64_t start = bench_now();
    for (int i = 0; i < pairs; i++) {
        leat_waitgroup_go(&wg, stream_producer, c, i * each, each);
        leat_waitgroup_go(&wg, stream_consumer, c, each);
    }
    leat_waitgroup_wait(&wg);
    if (row)
        bench_report_since(row, start, each * pairs);
    int64_t n = each * pairs;
    BENCH_CHECK(bench_stream_sum == n * (n - 1) / 2);
    leat_chan_free(c);
}

void bench_buffered(void)
{
    long total = bench_count(4000000);
    stream(NULL, 128, 4, 1000);
    stream("buffered_1x1", 128, 1, total);
    stream("buffered_4x4", 128, 4, total);
    stream("stream_1x1", 0, 1, total / 2);
}

static void sieve_numbers(leat_int_chan out)
{
    for (int i = 2;; i++)
        leat_send(out, i);
}

static void sieve_filter(leat_int_chan in, leat_int_chan out, int prime)
{
    for (;;) {
        int v;
        leat_recv(in, &v);
        if (v % prime)
            leat_send(out, v);
    }
}

/* The filters stay behind, parked, as in every prime sieve: a process measures one. */
void bench_sieve(void)
{
    int primes = bench_scale < 100 ? 200 : 2000, prime = 0;
    int64_t start = bench_now();
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_go(sieve_numbers, c);
    for (int i = 0; i < primes; i++) {
        leat_recv(c, &prime);
        leat_int_chan next = leat_chan_make(leat_int_chan, 0);
        leat_go(sieve_filter, c, next, prime);
        c = next;
    }
    bench_report("sieve", (double)(bench_now() - start) / 1e6, "ms");
    BENCH_CHECK(prime == (primes == 2000 ? 17389 : 1223));
}
