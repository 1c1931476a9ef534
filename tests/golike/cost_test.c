/* SPDX-License-Identifier: MIT */
/* cost_test.c - long queues cost no more a waiter than short ones, and selects leave no memory.
 *
 * PICTURE  The work of n and of 8n waiters is measured in processor time. Work that is linear
 *   takes 8 times as long, work that is quadratic 64 times; the line is drawn between, at 28.
 *   A measurement that is above it is taken again, and three out of three must be above it to
 *   fail: a noisy machine spoils one, a quadratic queue every one.
 */
#include "golike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COST_SMALL = 1500, COST_FACTOR = 8, COST_TOO_MUCH = 28 };

static double cost_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef double cost_of(int n);

/* True when `work` is linear in n as far as can be told; the first call warms it all up. */
static bool cost_is_linear(cost_of *work)
{
    work(COST_SMALL * COST_FACTOR);
    for (int attempt = 0; attempt < 3; attempt++) {
        double small = work(COST_SMALL), large = work(COST_SMALL * COST_FACTOR);
        T_LOG("%d: %.3f ms, %d: %.3f ms", COST_SMALL, small * 1e3, COST_SMALL * COST_FACTOR,
              large * 1e3);
        if (large < small * COST_TOO_MUCH)
            return true;
    }
    return false;
}

static void cost_wait_plain(leat_int_chan c, leat_waitgroup *wg)
{
    leat_recv(c, NULL);
    leat_waitgroup_done(wg);
}

static void cost_wait_select(leat_int_chan shared, leat_int_chan own, leat_waitgroup *wg)
{
    leat_select(leat_case_recv(shared, NULL), leat_case_recv(own, NULL));
    leat_waitgroup_done(wg);
}

static void cost_let_all_block(int n)
{
    while (leat_num_goroutine() < n + 1)
        leat_yield();
    golike_turns();
}

static double cost_of_waking_one_by_one(int n)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, n);
    for (int i = 0; i < n; i++)
        leat_go(cost_wait_plain, c, &wg);
    cost_let_all_block(n);
    double start = cost_clock();
    for (int i = 0; i < n; i++)
        leat_send(c, i);
    leat_waitgroup_wait(&wg);
    double spent = cost_clock() - start;
    leat_chan_free(c);
    return spent;
}

static double cost_of_closing(int n)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, n);
    for (int i = 0; i < n; i++)
        leat_go(cost_wait_plain, c, &wg);
    cost_let_all_block(n);
    double start = cost_clock();
    leat_close(c);
    leat_waitgroup_wait(&wg);
    double spent = cost_clock() - start;
    leat_chan_free(c);
    return spent;
}

/* Each waiter leaves the shared queue from another place in it: the last, then the first, ... */
static double cost_of_leaving(int n)
{
    leat_int_chan shared = leat_chan_make(leat_int_chan, 0);
    leat_int_chan *own = malloc((size_t)n * sizeof *own);
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, n);
    for (int i = 0; i < n; i++) {
        own[i] = leat_chan_make(leat_int_chan, 0);
        leat_go(cost_wait_select, shared, own[i], &wg);
    }
    cost_let_all_block(n);
    double start = cost_clock();
    for (int i = 0; i < n; i++)
        leat_send(own[i % 2 ? i / 2 : n - 1 - i / 2], i);
    leat_waitgroup_wait(&wg);
    double spent = cost_clock() - start;
    for (int i = 0; i < n; i++)
        leat_chan_free(own[i]);
    leat_chan_free(shared);
    free(own);
    return spent;
}

T_TEST(waking_a_long_queue_one_by_one_is_linear, .modes = "!tsan,!valgrind,!qemu",
       .timeout_ms = 60000)
{
    T_TRUE(cost_is_linear(cost_of_waking_one_by_one));
}

T_TEST(closing_a_channel_with_a_long_queue_is_linear, .modes = "!tsan,!valgrind,!qemu",
       .timeout_ms = 60000)
{
    T_TRUE(cost_is_linear(cost_of_closing));
}

T_TEST(leaving_a_long_queue_from_anywhere_is_linear, .modes = "!tsan,!valgrind,!qemu",
       .timeout_ms = 60000)
{
    T_TRUE(cost_is_linear(cost_of_leaving));
}

/* Memory. */

static long cost_resident_kib(void)
{
    long total, resident;
    FILE *f = fopen("/proc/self/statm", "r");

    T_TRUE(f != NULL);
    T_EQ(fscanf(f, "%ld %ld", &total, &resident), 2);
    fclose(f);
    return resident * 4;
}

static void cost_select_send(leat_int_chan c, leat_int_chan other, long n)
{
    for (long i = 0; i < n; i++)
        leat_select(leat_case_send(c, 0), leat_case_send(other, 0));
}

static void cost_select_recv(leat_int_chan c, leat_int_chan other, long n)
{
    for (long i = 0; i < n; i++)
        leat_select(leat_case_recv(c, NULL), leat_case_recv(other, NULL));
}

static void cost_select_pair(leat_int_chan c, leat_int_chan never, long n)
{
    leat_waitgroup wg = {0};
    leat_waitgroup_go(&wg, cost_select_send, c, never, n);
    leat_waitgroup_go(&wg, cost_select_recv, c, (leat_int_chan)NULL, n);
    leat_waitgroup_wait(&wg);
}

/* A waiter kept of each would be megabytes; the sanitizers keep freed memory on purpose. */
T_TEST(a_hundred_thousand_selects_do_not_grow_memory, .modes = "!asan,!tsan,!valgrind")
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_int_chan never = leat_chan_make(leat_int_chan, 0);

    cost_select_pair(c, never, t_scale(20000));
    long before = cost_resident_kib();
    cost_select_pair(c, never, t_scale(100000));
    T_LT(cost_resident_kib() - before, 1024);
    leat_chan_free(c);
    leat_chan_free(never);
}

/* issue9110: many channels, each used once in a select; what a select needs must be reused. */
static void cost_select_many_chans(leat_int_chan wake, int ways)
{
    leat_case *cases = calloc((size_t)ways + 1, sizeof *cases);
    leat_int_chan *c = calloc((size_t)ways, sizeof *c);

    for (int i = 0; i < ways; i++) {
        c[i] = leat_chan_make(leat_int_chan, 0);
        cases[i] = (leat_case){.kind = LEAT_CASE_RECV, .chan = (leat_chan_base *)(void *)c[i]};
    }
    cases[ways] = (leat_case){.kind = LEAT_CASE_RECV, .chan = (leat_chan_base *)(void *)wake};
    T_EQ(leat_select_n(cases, (size_t)ways + 1), ways);
    for (int i = 0; i < ways; i++)
        leat_chan_free(c[i]);
    free(c);
    free(cases);
}

static void cost_select_rounds(long rounds)
{
    leat_int_chan wake = leat_chan_make(leat_int_chan, 0);

    for (long i = 0; i < rounds; i++) {
        leat_go(cost_select_many_chans, wake, 1 + (int)(i % 50));
        leat_send(wake, 1);
    }
    leat_chan_free(wake);
}

T_TEST(selects_over_ever_new_channels_do_not_grow_memory, .modes = "!asan,!tsan,!valgrind")
{
    cost_select_rounds(t_scale(2000));
    long before = cost_resident_kib();
    cost_select_rounds(t_scale(10000));
    T_LT(cost_resident_kib() - before, 1024);
}
