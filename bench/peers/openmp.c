/* SPDX-License-Identifier: MIT */
/*
 * bench-openmp: OpenMP tasks in the rows that fork and join. Its tasks cannot wait for a
 * channel: skynet returns sums instead of sending them.
 */
#include <omp.h>

#include "../bench.h"

long bench_scale = 100;

static long omp_fib_fork(long n)
{
    if (n < 2)
        return n;
    long x, y;
#pragma omp task shared(x)
    x = omp_fib_fork(n - 1);
    y = omp_fib_fork(n - 2);
#pragma omp taskwait
    return x + y;
}

static void omp_fib_row(void)
{
    bool full = bench_scale >= 100;
    long n = full ? 32 : 20, result = 0;
    int64_t start = bench_now();
#pragma omp parallel
#pragma omp single
    result = omp_fib_fork(n);
    bench_report_since("fib", start, full ? 3524577 : 10945);
    BENCH_CHECK(result == (full ? 2178309 : 6765));
}

static int64_t omp_skynet_node(int64_t num, int64_t size)
{
    int64_t sums[10], sum = 0;
    if (size == 1)
        return num;
    for (int64_t i = 0; i < 10; i++) {
#pragma omp task shared(sums)
        sums[i] = omp_skynet_node(num + i * (size / 10), size / 10);
    }
#pragma omp taskwait
    for (int i = 0; i < 10; i++)
        sum += sums[i];
    return sum;
}

static void omp_skynet_row(const char *row)
{
    int64_t size = bench_scale < 100 ? 10000 : 1000000, sum = 0;
    int64_t start = bench_now();
#pragma omp parallel
#pragma omp single
    sum = omp_skynet_node(0, size);
    bench_report(row, (double)(bench_now() - start) / 1e6, "ms");
    BENCH_CHECK(sum == size * (size - 1) / 2);
}

static void omp_skynet_rows(void)
{
    omp_skynet_row("skynet_cold");
    omp_skynet_row("skynet_warm");
}

static void omp_spawn_row(const char *row, long total, long size)
{
    long ran = 0;
    int64_t start = bench_now();
#pragma omp parallel
#pragma omp single
    for (long i = 0; i < total / size; i++) {
        for (long j = 0; j < size; j++) {
#pragma omp task shared(ran)
            __atomic_fetch_add(&ran, 1, __ATOMIC_RELAXED);
        }
#pragma omp taskwait
    }
    bench_report_since(row, start, total / size * size);
    BENCH_CHECK(ran == total / size * size);
}

static void omp_spawn_rows(void)
{
    omp_spawn_row("spawn_100", bench_count(4000000), 100);
    omp_spawn_row("spawn_1", bench_count(1000000), 1);
}

static void omp_million_rows(void)
{
    long n = bench_count(1000000);
    omp_spawn_row("million_cold", n, n);
    omp_spawn_row("million_warm", n, n);
}

static const bench_group omp_groups[] = {
    {"fib", omp_fib_row},
    {"skynet", omp_skynet_rows},
    {"spawn", omp_spawn_rows},
    {"million", omp_million_rows},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    const char *procs = getenv("BENCH_PROCS");
    omp_set_num_threads(procs ? atoi(procs) : 1);
    return bench_main(argc, argv, omp_groups);
}
