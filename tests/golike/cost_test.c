/* SPDX-License-Identifier: MIT */
/* cost_test.c - long queues cost no more a waiter than short ones, and selects leave no memory.
 *
 * PICTURE  The same work is done twice: COST_WAITERS goroutines wait in one queue, or they wait
 *   in COST_SPLIT queues of a channel each. They are woken in the same way by the same number of
 *   calls, so what the scheduler and the machine do is the same, and what is left is the length
 *   of a queue. A look at each waiter of a queue would be COST_SPLIT times as much work in the
 *   long one. The least processor time of some rounds counts, because noise only ever adds.
 *
 * REJECTED  n waiters against 8n, with a line between linear and quadratic: waking is ten times
 *   dearer from the moment on that a second thread comes to help, and that moment comes within
 *   the work of 8n only.
 */
#include "golike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COST_WAITERS = 6400, COST_SPLIT = 64, COST_ROUNDS = 12, COST_TOO_MUCH = 8 };

static atomic_int cost_here; /* goroutines that are about to wait, or do */

static double cost_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Waiters in that many queues of the same length: what waking them takes, in seconds. */
typedef double cost_of(int queues);

static double cost_less(double a, double b)
{
    return a < b ? a : b;
}

/* True when a waiter of a long queue costs what one of a short queue does; the first call warms
 * it all up. */
static bool cost_is_linear(cost_of *work)
{
    double one = 1e9, split = 1e9;

    work(1);
    for (int round = 0; round < COST_ROUNDS; round++) {
        one = cost_less(one, work(1));
        split = cost_less(split, work(COST_SPLIT));
        T_LOG("one queue: %.3f ms, %d queues: %.3f ms", one * 1e3, COST_SPLIT, split * 1e3);
        if (one < split * COST_TOO_MUCH)
            return true;
    }
    return false;
}

static void cost_make(leat_int_chan *c, int queues)
{
    for (int i = 0; i < queues; i++)
        c[i] = leat_chan_make(leat_int_chan, 0);
}

static void cost_free(leat_int_chan *c, int queues)
{
    for (int i = 0; i < queues; i++)
        leat_chan_free(c[i]);
}

static void cost_wait_plain(leat_int_chan c, leat_waitgroup *wg)
{
    golike_note(&cost_here);
    leat_recv(c, NULL);
    leat_waitgroup_done(wg);
}

static void cost_wait_select(leat_int_chan shared, leat_int_chan own, leat_waitgroup *wg)
{
    golike_note(&cost_here);
    leat_select(leat_case_recv(shared, NULL), leat_case_recv(own, NULL));
    leat_waitgroup_done(wg);
}

/* All but a few, whose thread was interrupted just now, stand in their queue. */
static void cost_let_all_block(void)
{
    golike_await(&cost_here, COST_WAITERS);
    golike_turns();
    atomic_store(&cost_here, 0);
}

static void cost_fill(leat_int_chan *c, int queues, leat_waitgroup *wg)
{
    cost_make(c, queues);
    leat_waitgroup_add(wg, COST_WAITERS);
    for (int i = 0; i < COST_WAITERS; i++)
        leat_go(cost_wait_plain, c[i % queues], wg);
    cost_let_all_block();
}

static double cost_of_waking_one_by_one(int queues)
{
    leat_int_chan c[COST_SPLIT];
    leat_waitgroup wg = {0};

    cost_fill(c, queues, &wg);
    double start = cost_clock();
    for (int i = 0; i < COST_WAITERS; i++)
        leat_send(c[i % queues], i);
    leat_waitgroup_wait(&wg);
    double spent = cost_clock() - start;
    cost_free(c, queues);
    return spent;
}

static double cost_of_closing(int queues)
{
    leat_int_chan c[COST_SPLIT];
    leat_waitgroup wg = {0};

    cost_fill(c, queues, &wg);
    double start = cost_clock();
    for (int i = 0; i < queues; i++)
        leat_close(c[i]);
    leat_waitgroup_wait(&wg);
    double spent = cost_clock() - start;
    cost_free(c, queues);
    return spent;
}

/* Every waiter stands in a shared queue and in one of its own, is woken through its own, the
 * last and the first by turns, and has to leave the shared one from wherever it stands there. */
static double cost_of_leaving(int queues)
{
    leat_int_chan shared[COST_SPLIT];
    leat_int_chan *own = malloc(COST_WAITERS * sizeof *own);
    leat_waitgroup wg = {0};

    cost_make(shared, queues);
    cost_make(own, COST_WAITERS);
    leat_waitgroup_add(&wg, COST_WAITERS);
    for (int i = 0; i < COST_WAITERS; i++)
        leat_go(cost_wait_select, shared[i % queues], own[i], &wg);
    cost_let_all_block();
    double start = cost_clock();
    for (int i = 0; i < COST_WAITERS; i++)
        leat_send(own[i % 2 ? i / 2 : COST_WAITERS - 1 - i / 2], i);
    leat_waitgroup_wait(&wg);
    double spent = cost_clock() - start;
    cost_free(own, COST_WAITERS);
    cost_free(shared, queues);
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
