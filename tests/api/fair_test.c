/* SPDX-License-Identifier: MIT */
/*
 * fair_test.c - goroutines that never stop making leat calls starve nobody.
 *
 * The stop flag is set by the one that would be starved; starvation is a hang. Counts that are
 * compared leave a factor of twenty, as Go's own test of hogs does.
 */
#include "sched_util.h"

static atomic_bool stop;

static void pings(leat_int_chan a, leat_int_chan b, atomic_long *rounds, long work)
{
    while (!atomic_load(&stop)) {
        for (volatile long i = 0; i < work; i++)
            ;
        leat_send(a, 1);
        if (!leat_recv(b, NULL))
            break;
        atomic_fetch_add(rounds, 1);
    }
    leat_close(a);
}

static void pongs(leat_int_chan a, leat_int_chan b, long work)
{
    while (leat_recv(a, NULL)) {
        for (volatile long i = 0; i < work; i++)
            ;
        leat_send(b, 1);
    }
}

struct pair {
    leat_int_chan a, b;
    atomic_long rounds;
};

static void pair_begin(struct pair *p, leat_waitgroup *wg, int64_t cap, long work)
{
    p->a = leat_chan_make(leat_int_chan, cap);
    p->b = leat_chan_make(leat_int_chan, cap);
    leat_waitgroup_go(wg, pings, p->a, p->b, &p->rounds, work);
    leat_waitgroup_go(wg, pongs, p->a, p->b, work);
}

static void pair_end(struct pair *p)
{
    leat_chan_free(p->a);
    leat_chan_free(p->b);
}

static void stops_after_yields(long yields)
{
    for (long i = 0; i < yields; i++)
        leat_yield();
    atomic_store(&stop, true);
}

T_TEST(a_pair_that_wakes_each_other_does_not_starve_a_third)
{
    struct pair p = {.rounds = 0};
    leat_waitgroup wg = {0};

    pair_begin(&p, &wg, 0, 0);
    leat_waitgroup_go(&wg, stops_after_yields, 1000);
    leat_waitgroup_wait(&wg);
    pair_end(&p);
}

T_TEST(many_pairs_do_not_starve_each_other)
{
    enum { PAIRS = 10 };
    struct pair p[PAIRS] = {{.rounds = 0}};
    leat_waitgroup wg = {0};

    for (int i = 0; i < PAIRS; i++)
        pair_begin(&p[i], &wg, i % 2, 0);
    for (int i = 0; i < PAIRS; i++)
        util_await(&p[i].rounds, 100);
    atomic_store(&stop, true);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < PAIRS; i++)
        pair_end(&p[i]);
}

/* Whoever is woken inherits the time slice: a pair that only ever wakes itself must not get
 * more than one slice at a time, or the other pair's rounds would be out of all proportion. */
T_TEST(two_pairs_of_hogs_share_one_proc, .procs = {1})
{
    struct pair hogs = {.rounds = 0}, light = {.rounds = 0};
    leat_waitgroup wg = {0};

    pair_begin(&hogs, &wg, 0, 20000);
    pair_begin(&light, &wg, 1, 20000);
    util_await(&hogs.rounds, t_scale(300));
    atomic_store(&stop, true);
    leat_waitgroup_wait(&wg);
    T_LE(atomic_load(&hogs.rounds), 20 * atomic_load(&light.rounds));
    T_LE(atomic_load(&light.rounds), 20 * atomic_load(&hogs.rounds));
    pair_end(&hogs);
    pair_end(&light);
}

static void sleeps_then_stops(void)
{
    for (int i = 0; i < 3; i++)
        leat_sleep(LEAT_MILLISECOND);
    atomic_store(&stop, true);
}

/* Loops of leat calls that succeed at once and therefore never park. */
static void fills_and_empties(leat_int_chan c)
{
    int v = 0;

    for (int i = 0; !atomic_load(&stop); i++) {
        leat_send(c, i);
        T_TRUE(leat_recv(c, &v));
        T_EQ(v, i);
    }
}

static void tries(leat_int_chan c)
{
    while (!atomic_load(&stop)) {
        if (leat_try_send(c, 1))
            T_TRUE(leat_try_recv(c, NULL));
    }
}

static void selects_ready(leat_int_chan c)
{
    while (!atomic_load(&stop)) {
        T_EQ(leat_select(leat_case_send(c, 1), leat_case_default), 0);
        T_EQ(leat_select(leat_case_recv(c, NULL), leat_case_default), 0);
    }
}

static void locks_and_unlocks(leat_int_chan unused)
{
    leat_mutex m = {0};

    (void)unused;
    while (!atomic_load(&stop)) {
        leat_mutex_lock(&m);
        leat_mutex_unlock(&m);
    }
}

static void adds_and_waits(leat_int_chan unused)
{
    leat_waitgroup wg = {0};

    (void)unused;
    while (!atomic_load(&stop)) {
        leat_waitgroup_add(&wg, 1);
        leat_waitgroup_done(&wg);
        leat_waitgroup_wait(&wg);
    }
}

static void is_stopped_by_a_sleeper(void (*loop)(leat_int_chan))
{
    leat_int_chan own[16];
    leat_waitgroup wg = {0};
    int n = 2 * t_procs();

    T_LE(n, 16);
    leat_waitgroup_go(&wg, sleeps_then_stops);
    for (int i = 0; i < n; i++) {
        own[i] = leat_chan_make(leat_int_chan, 1024);
        leat_waitgroup_go(&wg, loop, own[i]);
    }
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < n; i++)
        leat_chan_free(own[i]);
}

T_TEST(a_loop_of_buffered_sends_and_receives_is_preempted)
{
    is_stopped_by_a_sleeper(fills_and_empties);
}

T_TEST(a_loop_of_tries_is_preempted)
{
    is_stopped_by_a_sleeper(tries);
}

T_TEST(a_loop_of_ready_selects_is_preempted)
{
    is_stopped_by_a_sleeper(selects_ready);
}

T_TEST(a_loop_of_free_locks_is_preempted)
{
    is_stopped_by_a_sleeper(locks_and_unlocks);
}

T_TEST(a_loop_of_wait_group_calls_is_preempted)
{
    is_stopped_by_a_sleeper(adds_and_waits);
}

static void yields_and_counts(atomic_long *mine)
{
    while (!atomic_load(&stop)) {
        atomic_fetch_add(mine, 1);
        leat_yield();
    }
}

T_TEST(yielding_goroutines_all_progress)
{
    enum { N = 50 };
    static atomic_long counts[N];
    leat_waitgroup wg = {0};

    for (int i = 0; i < N; i++)
        leat_waitgroup_go(&wg, yields_and_counts, &counts[i]);
    for (int i = 0; i < N; i++)
        util_await(&counts[i], 200);
    atomic_store(&stop, true);
    leat_waitgroup_wait(&wg);
}

static void takes_long_turns(atomic_long *ran, long until, atomic_long *turns)
{
    while (atomic_load(ran) < until) {
        for (volatile int i = 0; i < 20000; i++)
            ;
        atomic_fetch_add(turns, 1);
        leat_yield();
    }
}

static void runs_once(atomic_long *ran)
{
    atomic_fetch_add(ran, 1);
}

/* Most of the crowd does not fit into the ring. The local queue never empties, and every 61st
 * pick is not enough when a turn takes long: it would be 61 turns for each of them. */
T_TEST(long_turns_do_not_starve_a_crowd_in_the_global_queue, .procs = {1},
       .modes = "!hostile") /* there every wake-up goes through the global queue */
{
    enum { N = 2000 };
    atomic_long ran = 0, turns = 0;
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, takes_long_turns, &ran, (long)N, &turns);
    for (int i = 0; i < N; i++)
        leat_waitgroup_go(&wg, runs_once, &ran);
    leat_waitgroup_wait(&wg);
    T_LE(atomic_load(&turns), 10L * N);
}

static void yields_locked(atomic_long *mine)
{
    leat_lock_thread();
    yields_and_counts(mine);
    leat_unlock_thread();
}

T_TEST(yielding_locked_goroutines_all_progress)
{
    enum { N = 4 };
    static atomic_long counts[2 * N];
    leat_waitgroup wg = {0};

    for (int i = 0; i < N; i++) {
        leat_waitgroup_go(&wg, yields_locked, &counts[i]);
        leat_waitgroup_go(&wg, yields_and_counts, &counts[N + i]);
    }
    for (int i = 0; i < 2 * N; i++)
        util_await(&counts[i], 100);
    atomic_store(&stop, true);
    leat_waitgroup_wait(&wg);
}

/* The global queue is looked at now and then even if the local queue never empties. */
static void respawns(atomic_long *generations, leat_waitgroup *wg)
{
    atomic_fetch_add(generations, 1);
    if (!atomic_load(&stop))
        leat_waitgroup_go(wg, respawns, generations, wg);
}

T_TEST(goroutines_that_respawn_do_not_starve_who_yields)
{
    atomic_long generations = 0;
    leat_waitgroup wg = {0};

    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, respawns, &generations, &wg);
    for (int i = 0; i < 200; i++)
        leat_yield();
    sleeps_then_stops();
    leat_waitgroup_wait(&wg);
    T_GT(atomic_load(&generations), 4);
}
