/* SPDX-License-Identifier: MIT */
/*
 * Making and stopping timers, and twins of the benchmarks of Go's own tests of timers under
 * their names: as there, each runs beside 32768 timers for each processor that strike much
 * later.
 */
#include "go_twins.h"

enum { TIMERS_BESIDE = 32768, TIMERS_BATCH = 1000, TIMERS_MANY = 10000 };

static void timers_nothing(void)
{
}

static void timers_make_stop(void *unused, long n)
{
    long stopped = 0;
    (void)unused;
    for (long i = 0; i < n; i++) {
        leat_timer *t = leat_timer_make(LEAT_HOUR);
        stopped += leat_timer_stop(t);
        leat_timer_free(t);
    }
    BENCH_CHECK(stopped == n);
}

static void timers_func_stop(void *unused, long n)
{
    long stopped = 0;
    (void)unused;
    for (long i = 0; i < n; i++) {
        leat_timer *t = leat_after_func(LEAT_HOUR, timers_nothing);
        stopped += leat_timer_stop(t);
        leat_timer_free(t);
    }
    BENCH_CHECK(stopped == n);
}

void bench_timers(void)
{
    long n = bench_count(4000000);
    int64_t start = bench_now();
    timers_make_stop(NULL, n);
    bench_report_since("timer_create_stop", start, n);
    start = bench_now();
    timers_func_stop(NULL, n);
    bench_report_since("timer_func_create_stop", start, n);
}

static void timers_after(void *unused, long n)
{
    (void)unused;
    for (long i = 0; i < n; i++) {
        leat_time_chan c = leat_after(1);
        leat_recv(c, NULL);
        leat_chan_free(c);
    }
}

typedef struct timers_chain {
    leat_waitgroup links;
    long next;
    leat_timer *timers[TIMERS_BATCH];
} timers_chain;

/* Each link starts the next. A timer may strike before its maker has noted it. */
static void timers_link(timers_chain *c)
{
    long mine = c->next++;
    if (mine < TIMERS_BATCH)
        c->timers[mine] = leat_after_func(0, timers_link, c);
    leat_waitgroup_done(&c->links);
}

static void timers_chains(void *unused, long n)
{
    timers_chain *c = malloc(sizeof(*c));
    (void)unused;
    for (long i = 0; i < n; i++) {
        c->links = (leat_waitgroup){0};
        c->next = 0;
        leat_waitgroup_add(&c->links, TIMERS_BATCH + 1);
        timers_link(c);
        leat_waitgroup_wait(&c->links);
        for (int k = 0; k < TIMERS_BATCH; k++)
            leat_timer_free(c->timers[k]);
    }
    free(c);
}

static void timers_at_once(void *unused, long n)
{
    leat_timer **batch = malloc(TIMERS_BATCH * sizeof(batch[0]));
    (void)unused;
    for (long i = 0; i < n; i++) {
        leat_waitgroup struck = {0};
        leat_waitgroup_add(&struck, TIMERS_BATCH);
        for (int k = 0; k < TIMERS_BATCH; k++)
            batch[k] = leat_after_func(0, leat_waitgroup_done, &struck);
        leat_waitgroup_wait(&struck);
        for (int k = 0; k < TIMERS_BATCH; k++)
            leat_timer_free(batch[k]);
    }
    free(batch);
}

static void timers_start_stop(void *unused, long n)
{
    leat_timer **batch = malloc(TIMERS_BATCH * sizeof(batch[0]));
    (void)unused;
    for (long i = 0; i < n; i++) {
        for (int k = 0; k < TIMERS_BATCH; k++)
            batch[k] = leat_after_func(LEAT_HOUR, timers_nothing);
        for (int k = 0; k < TIMERS_BATCH; k++) {
            leat_timer_stop(batch[k]);
            leat_timer_free(batch[k]);
        }
    }
    free(batch);
}

static void timers_reset(leat_timer *t, long n)
{
    long active = 0;
    for (long i = 0; i < n; i++)
        active += leat_timer_reset(t, LEAT_HOUR);
    BENCH_CHECK(active == n);
    leat_timer_free(t);
}

static void timers_reset_chan(void *unused, long n)
{
    (void)unused;
    timers_reset(leat_timer_make(LEAT_HOUR), n);
}

static void timers_reset_func(void *unused, long n)
{
    (void)unused;
    timers_reset(leat_after_func(LEAT_HOUR, timers_nothing), n);
}

static void timers_sleep(void *unused, long n)
{
    (void)unused;
    for (long i = 0; i < n; i++) {
        leat_waitgroup awake = {0};
        for (int k = 0; k < TIMERS_BATCH; k++)
            leat_waitgroup_go(&awake, leat_sleep, LEAT_NANOSECOND);
        leat_waitgroup_wait(&awake);
    }
}

/* The earliest of very many is set last, and all of them are stopped. */
static void timers_adjust(void *unused, long n)
{
    leat_timer **many = malloc(TIMERS_MANY * sizeof(many[0]));
    (void)unused;
    for (long i = 0; i < n; i++) {
        for (int k = 0; k < TIMERS_MANY; k++)
            many[k] = leat_after_func(LEAT_HOUR, timers_nothing);
        leat_timer_reset(many[TIMERS_MANY - 1], LEAT_NANOSECOND);
        leat_sleep(LEAT_MICROSECOND);
        for (int k = 0; k < TIMERS_MANY; k++) {
            leat_timer_stop(many[k]);
            leat_timer_free(many[k]);
        }
    }
    free(many);
}

typedef struct timers_beside {
    leat_timer **timers;
    long made; /* atomic */
} timers_beside;

static void timers_make_beside(timers_beside *b, long n)
{
    for (long i = 0; i < n; i++)
        b->timers[__atomic_fetch_add(&b->made, 1, __ATOMIC_RELAXED)] = leat_after_func(
            LEAT_HOUR, timers_nothing);
}

static void timers_row(const char *row, void (*body)(void *, long), long n)
{
    int64_t start = bench_now();
    TWIN_PARALLEL(n, body, NULL);
    bench_report_since(row, start, n);
}

void bench_go_time(void)
{
    long procs = leat_procs(0), n = bench_count(1000000);
    timers_beside beside = {
        .timers = calloc((size_t)(TIMERS_BESIDE * procs), sizeof(leat_timer *))};
    TWIN_PARALLEL(TIMERS_BESIDE * procs, timers_make_beside, &beside);
    timers_row("go/AfterFunc1000", timers_chains, bench_count(1000) / 5);
    timers_row("go/After", timers_after, n / 5);
    timers_row("go/Stop/chan", timers_make_stop, n);
    timers_row("go/Stop/func", timers_func_stop, n);
    timers_row("go/SimultaneousAfterFunc1000", timers_at_once, bench_count(1000) / 5);
    timers_row("go/StartStop1000", timers_start_stop, bench_count(1000) / 2);
    timers_row("go/Reset/chan", timers_reset_chan, 4 * n);
    timers_row("go/Reset/func", timers_reset_func, 4 * n);
    timers_row("go/Sleep1000", timers_sleep, bench_count(1000) / 5);
    timers_row("go/AdjustTimers10000", timers_adjust, bench_count(100));
    for (long i = 0; i < beside.made; i++)
        leat_timer_free(beside.timers[i]);
    free(beside.timers);
}
