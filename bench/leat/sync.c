/* SPDX-License-Identifier: MIT */
/*
 * Primitives nobody else wants at the moment, and the way around a blocking call.
 */
#include <leat.h>
#include <unistd.h>

#include "groups.h"

static void sync_mutex(void)
{
    static leat_mutex m;
    static volatile long counter;
    long n = bench_count(20000000);
    int64_t start = bench_now();
    for (long i = 0; i < n; i++) {
        leat_mutex_lock(&m);
        counter = counter + 1;
        leat_mutex_unlock(&m);
    }
    bench_report_since("mutex", start, n);
    BENCH_CHECK(counter == n);
}

static void sync_rwmutex(void)
{
    static leat_rwmutex rw;
    long n = bench_count(20000000);
    int64_t start = bench_now();
    for (long i = 0; i < n; i++) {
        leat_rwmutex_rlock(&rw);
        leat_rwmutex_runlock(&rw);
    }
    bench_report_since("rwmutex_read", start, n);
    start = bench_now();
    for (long i = 0; i < n; i++) {
        leat_rwmutex_lock(&rw);
        leat_rwmutex_unlock(&rw);
    }
    bench_report_since("rwmutex_write", start, n);
}

static void sync_atomic(void)
{
    static leat_atomic_int64 value;
    long n = bench_count(50000000), sum = 0;
    int64_t start = bench_now();
    for (long i = 0; i < n; i++)
        sum += leat_atomic_load(&value);
    bench_report_since("atomic_load", start, n);
    BENCH_CHECK(sum == 0);
    start = bench_now();
    for (long i = 0; i < n; i++)
        leat_atomic_store(&value, i);
    bench_report_since("atomic_store", start, n);
    start = bench_now();
    for (long i = 0; i < n; i++)
        sum += leat_atomic_swap(&value, i);
    bench_report_since("atomic_swap", start, n);
    BENCH_CHECK(sum == (n - 1) + (n - 1) * (n - 2) / 2);
    leat_atomic_store(&value, 0);
    start = bench_now();
    for (long i = 0; i < n; i++)
        leat_atomic_add(&value, 1);
    bench_report_since("atomic_add", start, n);
    start = bench_now();
    for (long i = 0; i < n; i++)
        sum += leat_atomic_cas(&value, n + i, n + i + 1);
    bench_report_since("atomic_cas", start, n);
    BENCH_CHECK(leat_atomic_load(&value) == 2 * n);
}

static void sync_waitgroup(void)
{
    static leat_waitgroup wg;
    long n = bench_count(20000000);
    int64_t start = bench_now();
    for (long i = 0; i < n; i++) {
        leat_waitgroup_add(&wg, 1);
        leat_waitgroup_done(&wg);
    }
    leat_waitgroup_wait(&wg);
    bench_report_since("waitgroup", start, n);
}

static long bench_once_runs;

static void once_body(void)
{
    bench_once_runs++;
}

static void sync_once(void)
{
    static leat_once once;
    long n = bench_count(50000000);
    int64_t start = bench_now();
    for (long i = 0; i < n; i++)
        leat_once_do(&once, once_body);
    bench_report_since("once", start, n);
    BENCH_CHECK(bench_once_runs == 1);
}

void bench_sync(void)
{
    sync_mutex();
    sync_rwmutex();
    sync_atomic();
    sync_waitgroup();
    sync_once();
}

static int blocking_nothing(void)
{
    return 7;
}

void bench_blocking(void)
{
    long n = bench_count(2000000), sum = 0;
    int64_t start = bench_now();
    for (long i = 0; i < n; i++)
        sum += leat_blocking(blocking_nothing);
    bench_report_since("blocking_noop", start, n);
    BENCH_CHECK(sum == 7 * n);

    pid_t pid = getpid();
    start = bench_now();
    for (long i = 0; i < n; i++)
        sum -= leat_blocking(getpid) == pid;
    bench_report_since("blocking_getpid", start, n);
    BENCH_CHECK(sum == 6 * n);
}
