/* SPDX-License-Identifier: MIT */
/*
 * Twins of the scheduler benchmarks of Go's own runtime tests, under their names.
 */
#include "go_twins.h"

static void twin_chain(leat_waitgroup *wg, long left)
{
    if (left == 0)
        leat_waitgroup_done(wg);
    else
        leat_go(twin_chain, wg, left - 1);
}

static void twin_chains(const char *row, int chains, long n)
{
    leat_waitgroup wg = {0};
    leat_waitgroup_add(&wg, chains);
    int64_t start = bench_now();
    for (int i = 0; i < chains; i++)
        leat_go(twin_chain, &wg, n / chains);
    leat_waitgroup_wait(&wg);
    bench_report_since(row, start, n);
}

static void twin_captured(const long *a, const long *b, long *sum)
{
    __atomic_fetch_add(sum, *a + *b, __ATOMIC_RELAXED);
}

static void twin_capture(long n)
{
    long a = 1, b = 2, sum = 0;
    int64_t start = bench_now();
    for (long i = 0; i < n; i++) {
        leat_waitgroup wg = {0};
        for (int j = 0; j < 4; j++)
            leat_waitgroup_go(&wg, twin_captured, &a, &b, &sum);
        leat_waitgroup_wait(&wg);
    }
    bench_report_since("go/CreateGoroutinesCapture", start, n);
    BENCH_CHECK(sum == 12 * n);
}

static void twin_nothing(void)
{
}

static void twin_single(long n)
{
    leat_waitgroup wg = {0};
    int64_t start = bench_now();
    for (long i = 0; i < n; i++)
        leat_waitgroup_go(&wg, twin_nothing);
    leat_waitgroup_wait(&wg);
    bench_report_since("go/CreateGoroutinesSingle", start, n);
}

static void twin_hog(leat_done_chan stop)
{
    while (!leat_try_recv(stop, NULL))
        leat_yield();
}

static void twin_hogged_pong(leat_int_chan in, leat_int_chan out, long n)
{
    for (long i = 0; i < n; i++) {
        leat_recv(in, NULL);
        leat_send(out, 1);
    }
}

/* One processor, a ping-pong, and a third goroutine that never blocks. */
static void twin_ping_pong_hog(long n)
{
    int procs = leat_procs(1);
    leat_done_chan stop = leat_chan_make(leat_done_chan, 0);
    leat_int_chan out = leat_chan_make(leat_int_chan, 0);
    leat_int_chan in = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};
    leat_waitgroup_go(&wg, twin_hog, stop);
    leat_waitgroup_go(&wg, twin_hogged_pong, out, in, n);
    int64_t start = bench_now();
    for (long i = 0; i < n; i++) {
        leat_send(out, 0);
        leat_recv(in, NULL);
    }
    bench_report_since("go/PingPongHog", start, n);
    leat_send(stop, LEAT_UNIT);
    leat_waitgroup_wait(&wg);
    leat_chan_free(stop);
    leat_chan_free(out);
    leat_chan_free(in);
    leat_procs(procs);
}

#define TWIN_MATRIX 128
#define TWIN_LEAF   8

typedef struct twin_block {
    int lo[3], hi[3]; /* rows, columns, depth of a product */
} twin_block;

static double twin_a[TWIN_MATRIX][TWIN_MATRIX];
static double twin_b[TWIN_MATRIX][TWIN_MATRIX];
static double twin_c[TWIN_MATRIX][TWIN_MATRIX];

static void twin_matmult_leaf(const twin_block *t)
{
    for (int i = t->lo[0]; i < t->hi[0]; i++)
        for (int j = t->lo[1]; j < t->hi[1]; j++)
            for (int k = t->lo[2]; k < t->hi[2]; k++)
                twin_c[i][j] += twin_a[i][k] * twin_b[k][j];
}

/* Halves the longest side; the halves of rows or columns run concurrently. */
static void twin_matmult(const twin_block *t, leat_done_chan done)
{
    int longest = 0;
    for (int d = 1; d < 3; d++)
        if (t->hi[d] - t->lo[d] > t->hi[longest] - t->lo[longest])
            longest = d;
    if (t->hi[longest] - t->lo[longest] < TWIN_LEAF) {
        twin_matmult_leaf(t);
    } else {
        twin_block low = *t, high = *t;
        low.hi[longest] = high.lo[longest] = (t->lo[longest] + t->hi[longest]) / 2;
        if (longest == 2) {
            twin_matmult(&low, NULL);
            twin_matmult(&high, NULL);
        } else {
            leat_done_chan half = leat_chan_make(leat_done_chan, 1);
            leat_go(twin_matmult, &low, half);
            twin_matmult(&high, NULL);
            leat_recv(half, NULL);
            leat_chan_free(half);
        }
    }
    if (done)
        leat_send(done, LEAT_UNIT);
}

static void twin_matrices(int rounds)
{
    twin_block all = {.lo = {0}, .hi = {TWIN_MATRIX, TWIN_MATRIX, TWIN_MATRIX}};
    for (int i = 0; i < TWIN_MATRIX; i++) {
        for (int j = 0; j < TWIN_MATRIX; j++) {
            twin_a[i][j] = i + j;
            twin_b[i][j] = i - j;
        }
    }
    int64_t start = bench_now();
    for (int i = 0; i < rounds; i++)
        twin_matmult(&all, NULL);
    bench_report("go/Matmult", (double)(bench_now() - start) / 1e6 / rounds, "ms");
    double want = 0;
    for (int k = 0; k < TWIN_MATRIX; k++)
        want += (3.0 + k) * (k - 5.0);
    BENCH_CHECK(twin_c[3][5] == want * rounds);
}

void bench_go_sched(void)
{
    long n = bench_count(1000000);
    twin_chains("go/CreateGoroutines", 1, n);
    twin_chains("go/CreateGoroutinesParallel", leat_procs(0), n);
    twin_capture(n / 4);
    twin_single(n);
    twin_ping_pong_hog(n / 4);
    twin_matrices(10);
}
