/* SPDX-License-Identifier: MIT */
/*
 * Creation: groups, one, a million, a tree over channels and a tree of forks.
 *
 * Cold is the first time in a process, warm the second: the difference is memory that the
 * runtime has to fetch from the kernel once.
 */
#include <leat.h>

#include "groups.h"

static long bench_spawned; /* atomic: bodies that ran in a checking pass */

static void spawn_nothing(void)
{
}

static void spawn_counted(void)
{
    __atomic_fetch_add(&bench_spawned, 1, __ATOMIC_RELAXED);
}

static void spawn_groups(long groups, int size, void (*body)(void))
{
    for (long i = 0; i < groups; i++) {
        leat_waitgroup wg = {0};
        for (int j = 0; j < size; j++)
            leat_waitgroup_go(&wg, body);
        leat_waitgroup_wait(&wg);
    }
}

static void spawn_row(const char *row, long total, int size)
{
    bench_spawned = 0;
    spawn_groups(100, size, spawn_counted);
    BENCH_CHECK(bench_spawned == 100 * size);
    int64_t start = bench_now();
    spawn_groups(total / size, size, spawn_nothing);
    bench_report_since(row, start, total / size * size);
}

void bench_spawn(void)
{
    spawn_row("spawn_100", bench_count(4000000), 100);
    spawn_row("spawn_1", bench_count(1000000), 1);
}

static void million_row(const char *row)
{
    long n = bench_count(1000000);
    leat_waitgroup wg = {0};
    bench_spawned = 0;
    int64_t start = bench_now();
    for (long i = 0; i < n; i++)
        leat_waitgroup_go(&wg, spawn_counted);
    leat_waitgroup_wait(&wg);
    bench_report_since(row, start, n);
    BENCH_CHECK(bench_spawned == n);
}

void bench_million(void)
{
    million_row("million_cold");
    million_row("million_warm");
}

static void skynet_node(leat_int64_chan out, int64_t num, int64_t size)
{
    if (size == 1) {
        leat_send(out, num);
        return;
    }
    leat_int64_chan in = leat_chan_make(leat_int64_chan, 0);
    for (int64_t i = 0; i < 10; i++)
        leat_go(skynet_node, in, num + i * (size / 10), size / 10);
    int64_t sum = 0, v;
    for (int i = 0; i < 10; i++) {
        leat_recv(in, &v);
        sum += v;
    }
    leat_chan_free(in);
    leat_send(out, sum);
}

static void skynet_row(const char *row)
{
    int64_t size = bench_scale < 100 ? 10000 : 1000000, sum = 0;
    int64_t start = bench_now();
    leat_int64_chan out = leat_chan_make(leat_int64_chan, 0);
    leat_go(skynet_node, out, 0, size);
    leat_recv(out, &sum);
    leat_chan_free(out);
    bench_report(row, (double)(bench_now() - start) / 1e6, "ms");
    BENCH_CHECK(sum == size * (size - 1) / 2);
}

void bench_skynet(void)
{
    skynet_row("skynet_cold");
    skynet_row("skynet_warm");
}

/* The forked half runs at once; what follows the fork is what another processor may steal. */
static void fib_fork(long n, long *out)
{
    if (n < 2) {
        *out = n;
        return;
    }
    long x, y;
    leat_waitgroup wg = {0};
    leat_waitgroup_fork(&wg, fib_fork, n - 1, &x);
    fib_fork(n - 2, &y);
    leat_waitgroup_wait(&wg);
    *out = x + y;
}

void bench_fib(void)
{
    long n = bench_scale < 100 ? 20 : 32, result = 0, forks = 0;
    for (long i = 0, a = 1, b = 1; i <= n; i++, b += a, a = b - a)
        forks = a - 1; /* fib(n + 1) - 1 */
    fib_fork(15, &result);
    int64_t start = bench_now();
    fib_fork(n, &result);
    bench_report_since("fib", start, forks);
    BENCH_CHECK(result == (n == 20 ? 6765 : 2178309));
    BENCH_CHECK(forks == (n == 20 ? 10945 : 3524577));
}
