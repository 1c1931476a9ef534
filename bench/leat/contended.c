/* SPDX-License-Identifier: MIT */
/*
 * One mutex that several goroutines want all the time, with next to nothing to do under it.
 */
#include "go_twins.h"

typedef struct contended_counter {
    leat_mutex lock;
    long value;
} contended_counter;

static void contended_count(contended_counter *c, long n)
{
    for (long i = 0; i < n; i++) {
        leat_mutex_lock(&c->lock);
        c->value++;
        leat_mutex_unlock(&c->lock);
    }
}

static void contended_row(const char *row, int goroutines)
{
    contended_counter c = {0};
    long n = bench_count(8000000) / goroutines * goroutines;
    int64_t start = bench_now();
    TWIN_GOROUTINES(goroutines, n, contended_count, &c);
    bench_report_since(row, start, n);
    BENCH_CHECK(c.value == n);
}

void bench_contended(void)
{
    contended_row("mutex_contended_2", 2);
    contended_row("mutex_contended_4", 4);
    contended_row("mutex_contended_16", 16);
}
