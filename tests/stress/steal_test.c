/* SPDX-License-Identifier: MIT */
/*
 * steal_test.c - what is ready is run exactly once, however it is stolen, woken or moved about.
 *
 * Idle and busy follow each other quickly on purpose: the wake-up that is lost, if one is, is
 * lost between a thread's last look at the queues and its going to sleep. Every loss is a hang.
 */
#include "../api/sched_util.h"

#include <time.h>

static void ticks(_Atomic unsigned char *runs)
{
    atomic_fetch_add(runs, 1);
}

static void spawns_a_batch(_Atomic unsigned char *runs, int n, leat_waitgroup *wg)
{
    for (int i = 0; i < n; i++) {
        leat_waitgroup_go(wg, ticks, &runs[i]);
        if (t_rand() % 16 == 0)
            leat_yield();
    }
}

T_TEST(stolen_goroutines_run_exactly_once)
{
    enum { BATCH = 700, SPAWNERS = 8 };
    static _Atomic unsigned char runs[SPAWNERS * BATCH];

    for (long round = 1; round <= t_scale(100); round++) {
        leat_waitgroup wg = {0};
        for (int i = 0; i < SPAWNERS; i++)
            leat_waitgroup_go(&wg, spawns_a_batch, &runs[i * BATCH], BATCH, &wg);
        leat_waitgroup_wait(&wg);
        for (int i = 0; i < SPAWNERS * BATCH; i++)
            T_EQ(atomic_load(&runs[i]), (unsigned char)round);
    }
}

static void forks_tree(int depth, atomic_long *leaves)
{
    leat_waitgroup wg = {0};

    if (depth == 0) {
        atomic_fetch_add(leaves, 1);
        return;
    }
    leat_waitgroup_fork(&wg, forks_tree, depth - 1, leaves);
    leat_waitgroup_fork(&wg, forks_tree, depth - 1, leaves);
    leat_waitgroup_wait(&wg);
}

T_TEST(stolen_continuations_of_forks_run_exactly_once)
{
    for (long round = t_scale(50); round > 0; round--) {
        atomic_long leaves = 0;
        forks_tree(9, &leaves);
        T_EQ(atomic_load(&leaves), 512);
    }
}

static void short_pause(void)
{
    struct timespec t = {0, (long)(t_rand() % 60000)};

    nanosleep(&t, NULL);
}

struct relay {
    leat_int_chan there, back;
    long rounds;
};

static void relays(leat_int_chan in, leat_int_chan out)
{
    leat_range(v, in)
        leat_send(out, v);
    leat_close(out);
}

/* A foreign waker: everything is idle when it comes, at every distance from the last work. */
static void *wakes_after_pauses(void *p)
{
    struct relay *r = p;
    int v = 0;

    for (int i = 0; i < r->rounds; i++) {
        if (i % 4)
            short_pause();
        leat_send(r->there, i);
        T_TRUE(leat_recv(r->back, &v));
        T_EQ(v, i);
    }
    leat_close(r->there);
    return NULL;
}

T_TEST(no_wakeup_from_a_thread_is_lost, .timeout_ms = 60000)
{
    enum { THREADS = 3 };
    struct relay r[THREADS];
    pthread_t t[THREADS];
    leat_waitgroup wg = {0};

    for (int i = 0; i < THREADS; i++) {
        r[i].there = leat_chan_make(leat_int_chan, i % 2);
        r[i].back = leat_chan_make(leat_int_chan, 0);
        r[i].rounds = t_scale(3000);
        leat_waitgroup_go(&wg, relays, r[i].there, r[i].back);
        t[i] = util_thread(wakes_after_pauses, &r[i]);
    }
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < THREADS; i++) {
        util_join(t[i]);
        leat_chan_free(r[i].there);
        leat_chan_free(r[i].back);
    }
}

static void computes(long n)
{
    for (volatile long i = 0; i < n; i++)
        ;
}

static void wakes_from_inside(leat_int_chan there, leat_int_chan back, long rounds)
{
    int v = 0;

    for (int i = 0; i < rounds; i++) {
        if (i % 8 == 0)
            leat_sleep((leat_duration)(t_rand() % (50 * LEAT_MICROSECOND)));
        else
            computes((long)(t_rand() % 3000));
        leat_send(there, i);
        T_TRUE(leat_recv(back, &v));
        T_EQ(v, i);
    }
    leat_close(there);
}

T_TEST(no_wakeup_between_goroutines_is_lost, .timeout_ms = 60000)
{
    enum { PAIRS = 5 };
    leat_int_chan there[PAIRS], back[PAIRS];
    leat_waitgroup wg = {0};

    for (int i = 0; i < PAIRS; i++) {
        there[i] = leat_chan_make(leat_int_chan, 0);
        back[i] = leat_chan_make(leat_int_chan, i % 2);
        leat_waitgroup_go(&wg, wakes_from_inside, there[i], back[i], t_scale(4000));
        leat_waitgroup_go(&wg, relays, there[i], back[i]);
    }
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < PAIRS; i++) {
        leat_chan_free(there[i]);
        leat_chan_free(back[i]);
    }
}

/* Bursts: from wholly idle to all procs busy and back. */
T_TEST(bursts_after_idleness_run_completely)
{
    for (long round = t_scale(1000); round > 0; round--) {
        leat_waitgroup wg = {0};
        for (int i = 0; i < 12; i++)
            leat_waitgroup_go(&wg, computes, (long)(t_rand() % 2000));
        leat_waitgroup_wait(&wg);
        if (round % 3 == 0)
            leat_sleep((leat_duration)(t_rand() % (100 * LEAT_MICROSECOND)));
    }
}

static void lives_on_its_own_thread(leat_int_chan in, leat_int_chan out)
{
    leat_lock_thread();
    relays(in, out);
}

static void lives_pinned(leat_int_chan in, leat_int_chan out)
{
    leat_pin();
    relays(in, out);
    leat_unpin();
}

T_TEST(no_wakeup_of_a_bound_goroutine_is_lost, .timeout_ms = 60000)
{
    enum { STAGES = 6 };
    leat_int_chan link[STAGES + 1];
    leat_waitgroup wg = {0};
    int v = 0;

    for (int i = 0; i <= STAGES; i++)
        link[i] = leat_chan_make(leat_int_chan, i % 2);
    for (int i = 0; i < STAGES; i++) {
        if (i % 3 == 0)
            leat_waitgroup_go(&wg, lives_on_its_own_thread, link[i], link[i + 1]);
        else if (i % 3 == 1)
            leat_waitgroup_go(&wg, lives_pinned, link[i], link[i + 1]);
        else
            leat_waitgroup_go(&wg, relays, link[i], link[i + 1]);
    }
    for (int i = 0; i < t_scale(3000); i++) {
        leat_send(link[0], i);
        T_TRUE(leat_recv(link[STAGES], &v));
        T_EQ(v, i);
        if (i % 64 == 0)
            short_pause();
    }
    leat_close(link[0]);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i <= STAGES; i++)
        leat_chan_free(link[i]);
}
