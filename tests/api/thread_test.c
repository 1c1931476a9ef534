/* SPDX-License-Identifier: MIT */
/*
 * thread_test.c - goroutines and the threads under them: leat_lock_thread, leat_pin, main.
 *
 * What a goroutine does to its thread while it has it for itself (a name, a mask, a namespace)
 * must not be met by any other goroutine, neither on that thread nor on one made meanwhile.
 */
#define _GNU_SOURCE
#include "sched_util.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static atomic_bool stop;

/* Some goroutines that run, park and are woken all the time. */
static void chatters(leat_int_chan in, leat_int_chan out, atomic_int *forbidden)
{
    leat_range(v, in) {
        T_NE(util_tid(), atomic_load(forbidden));
        leat_send(out, v);
        T_NE(util_tid(), atomic_load(forbidden));
    }
    leat_close(out);
}

static void feeds(leat_int_chan first)
{
    while (!atomic_load(&stop))
        leat_send(first, 1);
    leat_close(first);
}

static void drains(leat_int_chan last)
{
    leat_range(v, last)
        T_EQ(v, 1);
}

struct noise {
    leat_int_chan link[9];
    leat_waitgroup wg;
    atomic_int forbidden; /* the thread that none of them may meet */
};

static void noise_begin(struct noise *n)
{
    for (int i = 0; i < 9; i++)
        n->link[i] = leat_chan_make(leat_int_chan, i % 3);
    leat_waitgroup_go(&n->wg, feeds, n->link[0]);
    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&n->wg, chatters, n->link[i], n->link[i + 1], &n->forbidden);
    leat_waitgroup_go(&n->wg, drains, n->link[8]);
}

static void noise_end(struct noise *n)
{
    atomic_store(&stop, true);
    leat_waitgroup_wait(&n->wg);
    for (int i = 0; i < 9; i++)
        leat_chan_free(n->link[i]);
}

/* Parks that are woken by another goroutine, a timer, or nobody. */
static void parks_in_many_ways(leat_int_chan echo_in, leat_int_chan echo_out, int i)
{
    int v = 0;

    leat_send(echo_in, i);
    leat_recv(echo_out, &v);
    T_EQ(v, i);
    leat_yield();
    if (i % 16 == 0)
        leat_sleep(LEAT_MICROSECOND);
}

static void echoes(leat_int_chan in, leat_int_chan out)
{
    leat_range(v, in)
        leat_send(out, v);
}

static void stays_on(int tid, long rounds)
{
    leat_int_chan in = leat_chan_make(leat_int_chan, 0);
    leat_int_chan out = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, echoes, in, out);
    for (int i = 0; i < rounds; i++) {
        parks_in_many_ways(in, out, i);
        T_EQ(util_tid(), tid);
    }
    leat_close(in);
    leat_waitgroup_wait(&wg);
    leat_chan_free(in);
    leat_chan_free(out);
}

T_TEST(main_resumes_on_the_main_thread_only)
{
    static struct noise n;

    T_EQ(util_tid(), (int)getpid());
    noise_begin(&n);
    stays_on((int)getpid(), t_scale(2000));
    noise_end(&n);
}

T_TEST(main_works_when_it_may_migrate, .env = {"LEAT_MAIN=migrate"})
{
    static struct noise n;
    leat_int_chan in = leat_chan_make(leat_int_chan, 0);
    leat_int_chan out = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};

    noise_begin(&n);
    leat_waitgroup_go(&wg, echoes, in, out);
    for (int i = 0; i < t_scale(2000); i++)
        parks_in_many_ways(in, out, i);
    T_EQ(leat_id(), 1u);
    leat_close(in);
    leat_waitgroup_wait(&wg);
    noise_end(&n);
    leat_chan_free(in);
    leat_chan_free(out);
}

static void locked_and_alone(struct noise *n, int depth)
{
    for (int i = 0; i < depth; i++)
        leat_lock_thread();
    int tid = util_tid();
    T_NE(tid, (int)getpid()); /* that one is main's: main could not resume */
    atomic_store(&n->forbidden, tid);
    for (int i = 1; i < depth; i++) {
        stays_on(tid, t_scale(300));
        leat_unlock_thread();
    }
    stays_on(tid, t_scale(300)); /* one lock is still held */
    atomic_store(&n->forbidden, 0);
    leat_unlock_thread();
}

T_TEST(a_locked_goroutine_has_its_thread_for_itself_until_the_last_unlock, .procs = {2, 8})
{
    static struct noise n;
    leat_waitgroup wg = {0};

    noise_begin(&n);
    leat_waitgroup_go(&wg, locked_and_alone, &n, 3);
    leat_waitgroup_wait(&wg);
    noise_end(&n);
}

static void locked_stays(long rounds)
{
    leat_lock_thread();
    stays_on(util_tid(), rounds);
    leat_unlock_thread();
    leat_unlock_thread(); /* one too many is ignored, as in Go */
}

T_TEST(locked_goroutines_park_and_yield_with_one_proc, .procs = {1, 2})
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, locked_stays, t_scale(200));
    leat_waitgroup_wait(&wg);
}

T_TEST(a_locked_main_keeps_the_main_thread)
{
    leat_lock_thread();
    leat_lock_thread();
    stays_on((int)getpid(), t_scale(200));
    leat_unlock_thread();
    stays_on((int)getpid(), t_scale(200));
    leat_unlock_thread();
    stays_on((int)getpid(), t_scale(200));
}

static bool thread_lives(int tid)
{
    char path[64];
    struct stat st;

    snprintf(path, sizeof(path), "/proc/self/task/%d", tid);
    return stat(path, &st) == 0;
}

static void ends_locked(leat_int_chan tids)
{
    leat_lock_thread();
    leat_send(tids, util_tid());
}

T_TEST(a_goroutine_that_ends_locked_takes_its_thread_with_it)
{
    leat_int_chan tids = leat_chan_make(leat_int_chan, 0);

    for (int i = 0; i < 10; i++) {
        int tid = 0;
        leat_go(ends_locked, tids);
        leat_recv(tids, &tid);
        T_NE(tid, (int)getpid());
        while (thread_lives(tid))
            leat_yield();
    }
    stays_on((int)getpid(), 100);
    leat_chan_free(tids);
}

static void reads_own_thread(leat_waitgroup *all_here, leat_done_chan go)
{
    char name[17] = "", cwd[256] = "";
    sigset_t mask;

    leat_waitgroup_done(all_here);
    leat_recv(go, NULL);
    T_EQ(prctl(PR_GET_NAME, name), 0);
    T_TRUE(strcmp(name, "leaky") != 0);
    T_TRUE(getcwd(cwd, sizeof(cwd)) != NULL);
    T_TRUE(strcmp(cwd, "/proc") != 0);
    T_EQ(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    T_EQ(sigismember(&mask, SIGUSR2), 0);
}

static void naps(void)
{
    usleep(2000);
}

/* Spawns from the spoilt thread, and makes the runtime want new threads meanwhile. */
static void spoils_its_thread(leat_waitgroup *readers, leat_waitgroup *all_here,
                              leat_done_chan go)
{
    sigset_t mask;
    leat_waitgroup nappers = {0};

    leat_lock_thread();
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    T_EQ(pthread_sigmask(SIG_BLOCK, &mask, NULL), 0);
    T_EQ(prctl(PR_SET_NAME, "leaky"), 0);
    if (unshare(CLONE_FS) == 0) /* may be forbidden in a container */
        T_EQ(chdir("/proc"), 0);
    leat_waitgroup_add(all_here, 40);
    for (int i = 0; i < 40; i++)
        leat_waitgroup_go(readers, reads_own_thread, all_here, go);
    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&nappers, naps);
    leat_waitgroup_wait(&nappers);
    leat_waitgroup_wait(all_here);
    leat_close(go);
    leat_yield();
}

T_TEST(what_a_locked_goroutine_does_to_its_thread_stays_there)
{
    leat_waitgroup spoilers = {0}, readers = {0}, all_here = {0};
    leat_done_chan go = leat_chan_make(leat_done_chan, 0);

    leat_waitgroup_go(&spoilers, spoils_its_thread, &readers, &all_here, go);
    leat_waitgroup_wait(&spoilers);
    leat_waitgroup_wait(&readers);
    leat_chan_free(go);
}

static void pinned_stays(int depth)
{
    for (int i = 0; i < depth; i++)
        leat_pin();
    int tid = util_tid();
    for (int i = 0; i < depth; i++) {
        stays_on(tid, t_scale(300));
        leat_unpin();
    }
    leat_yield();
}

T_TEST(pinned_goroutines_resume_on_the_same_thread)
{
    static struct noise n;
    leat_waitgroup wg = {0};

    noise_begin(&n);
    for (int i = 0; i < 6; i++)
        leat_waitgroup_go(&wg, pinned_stays, 1 + i % 3);
    leat_waitgroup_wait(&wg);
    noise_end(&n);
}

/* A pinned goroutine may hold what belongs to a thread across a park. */
static void holds_a_checking_mutex(leat_waitgroup *wg)
{
    pthread_mutex_t m;
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&m, &attr);
    leat_pin();
    T_EQ(pthread_mutex_lock(&m), 0);
    for (int i = 0; i < 50; i++)
        leat_yield();
    leat_sleep(LEAT_MICROSECOND);
    T_EQ(pthread_mutex_unlock(&m), 0); /* EPERM from any other thread */
    leat_unpin();
    pthread_mutex_destroy(&m);
    pthread_mutexattr_destroy(&attr);
    leat_waitgroup_done(wg);
}

T_TEST(a_pinned_goroutine_unlocks_its_threads_mutex)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 20);
    for (int i = 0; i < 20; i++)
        leat_go(holds_a_checking_mutex, &wg);
    leat_waitgroup_wait(&wg);
}

static void outlives_pinned(atomic_long *count)
{
    leat_pin();
    atomic_fetch_add(count, 1);
    leat_yield();
}

T_TEST(a_goroutine_may_end_pinned)
{
    leat_waitgroup wg = {0};
    atomic_long count = 0;

    for (int i = 0; i < 50; i++)
        leat_waitgroup_go(&wg, outlives_pinned, &count);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&count), 50);
}

static void is_pinned_and_receives(leat_int_chan c, int *got)
{
    leat_pin();
    leat_recv(c, got);
    leat_unpin();
}

static void ends_while_locked(void)
{
    leat_lock_thread();
}

T_TEST(a_thread_outlives_a_locked_goroutine_while_others_are_pinned_to_it)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup pinned = {0}, locked = {0};
    int got = 0;

    leat_waitgroup_go(&pinned, is_pinned_and_receives, c, &got);
    for (int i = 0; i < 50; i++) {
        leat_waitgroup_go(&locked, ends_while_locked);
        leat_waitgroup_wait(&locked);
    }
    leat_send(c, 1);
    leat_waitgroup_wait(&pinned);
    T_EQ(got, 1);
    leat_chan_free(c);
}

/* The end of a locked goroutine picks the pinned one from its thread's own queue. With a stack of
 * an unusual size, which has to be unmapped first, that one must wait, and was forgotten. */
struct tenancy {
    leat_int_chan news;
    atomic_int pinned_tid;
    atomic_bool back;
};

static void is_pinned(struct tenancy *t)
{
    leat_pin();
    atomic_store(&t->pinned_tid, util_tid());
    leat_recv(t->news, NULL);
    leat_unpin();
    atomic_store(&t->back, true);
}

static void *brings_news(void *arg)
{
    struct tenancy *t = arg;

    leat_send(t->news, 1);
    return NULL;
}

static void ends_locked_here(struct tenancy *t, bool *met)
{
    leat_lock_thread();
    *met = util_tid() == atomic_load(&t->pinned_tid);
    util_join(util_thread(brings_news, t));
    usleep(100000); /* in C: meanwhile another thread finds the pinned one and sends it home */
}

T_TEST(the_end_of_a_locked_one_leaves_the_pinned_ones, .procs = {1})
{
    bool met = false;

    for (int i = 0; i < 100 && !met; i++) {
        struct tenancy t = {.news = leat_chan_make(leat_int_chan, 0)};
        leat_waitgroup wg = {0};
        leat_waitgroup_go(&wg, is_pinned, &t);
        while (!atomic_load(&t.pinned_tid))
            leat_yield();
        leat_go_with(&(leat_go_opts){.stack_size = 1 << 20}, ends_locked_here, &t, &met);
        leat_waitgroup_wait(&wg);
        T_TRUE(atomic_load(&t.back));
        leat_chan_free(t.news);
    }
    T_TRUE(met);
}

/* ---- pinned to more threads than there are procs ---- */

enum { CROWD = 24 };

static pthread_barrier_t crowd_met;

static void meet_crowd(void)
{
    pthread_barrier_wait(&crowd_met);
}

static void crowded(int rounds, leat_waitgroup *wg)
{
    leat_lock_thread();
    leat_blocking(meet_crowd); /* each on a thread of its own */
    leat_pin();
    leat_unlock_thread();
    for (int i = 0; i < rounds; i++) {
        leat_sleep(20 * LEAT_MICROSECOND);
        leat_yield();
    }
    leat_unpin();
    leat_waitgroup_done(wg);
}

/* Those threads hand the procs round. A thread that got one once gave it away, or kept it, without
 * running what it had been given it for, and all of them did so for ever. */
T_TEST(pinned_to_more_threads_than_procs)
{
    leat_waitgroup wg = {0};

    T_EQ(pthread_barrier_init(&crowd_met, NULL, CROWD), 0);
    leat_waitgroup_add(&wg, CROWD);
    for (int i = 0; i < CROWD; i++)
        leat_go(crowded, (int)t_scale(300), &wg);
    leat_waitgroup_wait(&wg);
}
