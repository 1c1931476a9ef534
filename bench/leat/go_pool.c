/* SPDX-License-Identifier: MIT */
/*
 * Twins of the benchmarks of Go's own tests of Pool, under their names: one object, a hundred at
 * once, and more taken than put, so that some come from other processors.
 */
#include "go_twins.h"

enum { POOL_BURST = 100, POOL_STARVED = 67 };

static int pool_object;
static long pool_dropped; /* atomic */

/* So that the pool ages, as Go's does. */
static void pool_drop(void *item, void *arg)
{
    BENCH_CHECK(item == arg);
    __atomic_fetch_add(&pool_dropped, 1, __ATOMIC_RELAXED);
}

static void pool_put_get(leat_pool *p, long n)
{
    for (long i = 0; i < n; i++) {
        leat_pool_put(p, &pool_object);
        leat_pool_get(p);
    }
}

static void pool_bursts(leat_pool *p, int puts, long n)
{
    for (long i = 0; i < n; i++) {
        for (int k = 0; k < puts; k++)
            leat_pool_put(p, &pool_object);
        for (int k = 0; k < POOL_BURST; k++)
            leat_pool_get(p);
    }
}

static void pool_overflow(leat_pool *p, long n)
{
    pool_bursts(p, POOL_BURST, n);
}

static void pool_starve(leat_pool *p, long n)
{
    pool_bursts(p, POOL_STARVED, n);
}

static void pool_row(const char *row, void (*body)(leat_pool *, long), long n)
{
    leat_pool p = {.drop = pool_drop, .arg = &pool_object};
    int64_t start = bench_now();
    TWIN_PARALLEL(n, body, &p);
    bench_report_since(row, start, n);
    leat_pool_free(&p);
}

void bench_go_pool(void)
{
    pool_row("go/Pool", pool_put_get, bench_count(50000000));
    pool_row("go/PoolOverflow", pool_overflow, bench_count(300000));
    pool_row("go/PoolStarvation", pool_starve, bench_count(300000));
}
