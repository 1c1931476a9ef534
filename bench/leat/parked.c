/* SPDX-License-Identifier: MIT */
/*
 * Parked goroutines and sleepers: what very many goroutines cost that do nothing yet.
 *
 * Memory is what the kernel gave the process, pages and page tables, and not what an allocator
 * says. Creation ends when every goroutine has run and parked.
 */
#include <leat.h>
#include <sys/resource.h>

#include "groups.h"

static long bench_parked_started; /* atomic */

static void park_until_closed(leat_done_chan gate)
{
    __atomic_fetch_add(&bench_parked_started, 1, __ATOMIC_RELAXED);
    leat_recv(gate, NULL);
}

static long bench_memory_kb(void)
{
    return bench_status_kb("VmRSS:") + bench_status_kb("VmPTE:");
}

static void park_round(long n, const char *create, const char *bytes, const char *release)
{
    leat_done_chan gate = leat_chan_make(leat_done_chan, 0);
    leat_waitgroup wg = {0};
    long before = bench_memory_kb();
    bench_parked_started = 0;
    int64_t start = bench_now();
    for (long i = 0; i < n; i++)
        leat_waitgroup_go(&wg, park_until_closed, gate);
    while (__atomic_load_n(&bench_parked_started, __ATOMIC_RELAXED) < n)
        leat_yield();
    bench_report_since(create, start, n);
    if (bytes)
        bench_report(bytes, (double)(bench_memory_kb() - before) * 1024.0 / (double)n, "B");
    start = bench_now();
    leat_close(gate);
    leat_waitgroup_wait(&wg);
    bench_report_since(release, start, n);
    BENCH_CHECK(bench_parked_started == n);
    leat_chan_free(gate);
}

void bench_parked(void)
{
    long n = bench_count(1000000);
    park_round(n, "parked_create_cold", "parked_bytes", "parked_release");
    park_round(n, "parked_create_recycled", NULL, "parked_release_recycled");
}

static void sleep_and_note(int64_t span, int64_t *late)
{
    int64_t start = bench_now();
    leat_sleep(span);
    *late = bench_now() - start - span;
}

static double bench_cpu_ms(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static void sleepers(const char *name, long n)
{
    char row[64];
    int64_t *late = malloc((size_t)n * sizeof(late[0]));
    BENCH_CHECK(late != NULL);
    memset(late, 0xff, (size_t)n * sizeof(late[0]));
    leat_waitgroup wg = {0};
    uint64_t seed = 1;
    double cpu = bench_cpu_ms();
    int64_t start = bench_now();
    for (long i = 0; i < n; i++) {
        int64_t span = (int64_t)(bench_random(&seed) % 1000000) * 1000;
        leat_waitgroup_go(&wg, sleep_and_note, span, &late[i]);
    }
    leat_waitgroup_wait(&wg);
    snprintf(row, sizeof(row), "%s_wall", name);
    bench_report(row, (double)(bench_now() - start) / 1e6, "ms");
    snprintf(row, sizeof(row), "%s_cpu", name);
    bench_report(row, bench_cpu_ms() - cpu, "ms");
    for (long i = 0; i < n; i++)
        BENCH_CHECK(late[i] >= 0);
    snprintf(row, sizeof(row), "%s_late", name);
    bench_report_late(row, late, n);
    free(late);
}

void bench_sleep5(void)
{
    sleepers("sleep_1e5", bench_count(100000));
}

void bench_sleep6(void)
{
    sleepers("sleep_1e6", bench_count(1000000));
}
