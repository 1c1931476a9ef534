/* SPDX-License-Identifier: MIT */
/*
 * procs_test.c - leat_procs: how many goroutines run at once, read and set while running.
 */
#define _GNU_SOURCE
#include "sched_util.h"

#include <dirent.h>
#include <sched.h>

T_TEST(procs_reads_what_the_environment_said)
{
    T_EQ(leat_procs(0), t_procs());
    T_EQ(leat_procs(-1), t_procs());
}

T_TEST(setting_procs_returns_the_previous_number)
{
    T_EQ(leat_procs(3), t_procs());
    T_EQ(leat_procs(1), 3);
    T_EQ(leat_procs(5), 1);
    T_EQ(leat_procs(0), 5);
}

static void stay_on_one_cpu(void)
{
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        if (sched_setaffinity(0, sizeof(one), &one) == 0)
            return;
    }
    T_FAIL("no processor lets us run on it");
}

T_TEST(num_cpu_is_the_affinity_at_start, .procs = {1})
{
    cpu_set_t set;

    T_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
    int cpus = CPU_COUNT(&set);
    T_EQ(leat_num_cpu(), cpus);

    stay_on_one_cpu();
    T_EQ(leat_num_cpu(), cpus);
}

static void by_default(void)
{
    unsetenv("LEAT_PROCS");
    stay_on_one_cpu();
    T_EQ(leat_num_cpu(), 1);
    T_EQ(leat_procs(0), 1);
}

T_TEST(the_default_is_the_affinity, .procs = {1})
{
    static struct util_output out;

    util_capture(by_default, &out);
    T_EQ(out.status, 0);
}

static void put_all_threads_on(const cpu_set_t *set)
{
    DIR *dir = opendir("/proc/self/task");
    const struct dirent *entry;

    T_TRUE(dir != NULL);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            T_EQ(sched_setaffinity(atoi(entry->d_name), sizeof(*set), set), 0);
    closedir(dir);
}

static void await_procs(int n)
{
    while (leat_procs(0) != n)
        leat_yield();
}

/* As taskset -a does it from outside, while the program works. */
static void loses_and_gets_processors(void)
{
    cpu_set_t all, one;

    unsetenv("LEAT_PROCS");
    T_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
    int before = leat_procs(0);
    leat_go(leat_yield);
    leat_yield();
    stay_on_one_cpu();
    T_EQ(sched_getaffinity(0, sizeof(one), &one), 0);
    put_all_threads_on(&one);
    await_procs(1);
    put_all_threads_on(&all);
    await_procs(before);
}

T_TEST(the_default_follows_the_system, .procs = {1})
{
    static struct util_output out;

    util_capture(loses_and_gets_processors, &out);
    T_EQ(out.status, 0);
}

static atomic_bool stop;

static void passes_on(leat_int_chan in, leat_int_chan out, atomic_long *passed)
{
    leat_range(v, in) {
        atomic_fetch_add(passed, 1);
        leat_send(out, v + 1);
    }
    leat_close(out);
}

T_TEST(procs_goes_up_to_eight_and_down_again, .procs = {1})
{
    leat_int_chan first = leat_chan_make(leat_int_chan, 0);
    leat_int_chan last = leat_chan_make(leat_int_chan, 0);
    atomic_long passed = 0;
    int v;

    leat_go(passes_on, first, last, &passed);
    for (int n = 1; n <= 15; n++) {
        int procs = n <= 8 ? n : 16 - n;
        leat_procs(procs);
        T_EQ(leat_procs(0), procs);
        for (int i = 0; i < 100; i++) {
            leat_send(first, i);
            T_TRUE(leat_recv(last, &v));
            T_EQ(v, i + 1);
        }
    }
    T_EQ(atomic_load(&passed), 1500);
    leat_close(first);
    T_FALSE(leat_recv(last, &v));
    leat_chan_free(first);
    leat_chan_free(last);
}

static void computes_and_yields(atomic_long *rounds, leat_waitgroup *wg)
{
    while (!atomic_load(&stop)) {
        for (volatile int i = 0; i < 200; i++)
            ;
        atomic_fetch_add(rounds, 1);
        leat_yield();
    }
    leat_waitgroup_done(wg);
}

static void sends_many(leat_int_chan c, int n, leat_waitgroup *wg)
{
    for (int i = 1; i <= n; i++)
        leat_send(c, i);
    leat_waitgroup_done(wg);
}

static void sums_up(leat_int_chan c, atomic_long *sum, leat_waitgroup *wg)
{
    leat_range(v, c)
        atomic_fetch_add(sum, v);
    leat_waitgroup_done(wg);
}

T_TEST(procs_may_change_under_load)
{
    enum { PAIRS = 8 };
    int n = (int)t_scale(5000);
    leat_int_chan c = leat_chan_make(leat_int_chan, 4);
    leat_waitgroup burners = {0}, senders = {0}, receivers = {0};
    atomic_long rounds = 0, sum = 0;

    for (int i = 0; i < PAIRS; i++) {
        leat_waitgroup_add(&burners, 1);
        leat_waitgroup_add(&senders, 1);
        leat_waitgroup_add(&receivers, 1);
        leat_go(computes_and_yields, &rounds, &burners);
        leat_go(sends_many, c, n, &senders);
        leat_go(sums_up, c, &sum, &receivers);
    }
    for (long i = t_scale(300); i > 0; i--) {
        leat_procs(1 + (int)(t_rand() % 8));
        util_await(&rounds, atomic_load(&rounds) + 3);
    }
    leat_waitgroup_wait(&senders);
    leat_close(c);
    leat_waitgroup_wait(&receivers);
    T_EQ(atomic_load(&sum), (long)PAIRS * n * (n + 1) / 2);
    atomic_store(&stop, true);
    leat_waitgroup_wait(&burners);
    leat_chan_free(c);
}

static void sets_procs(int salt, leat_waitgroup *wg)
{
    for (long i = t_scale(200); i > 0; i--) {
        int was = leat_procs(1 + (int)((t_rand() + (unsigned)salt) % 8));
        T_GE(was, 1);
        T_LE(was, 8);
        leat_yield();
    }
    leat_waitgroup_done(wg);
}

T_TEST(several_goroutines_may_set_procs_at_once)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < 6; i++) {
        leat_waitgroup_add(&wg, 1);
        leat_go(sets_procs, i, &wg);
    }
    leat_waitgroup_wait(&wg);
    T_GE(leat_procs(0), 1);
}

T_TEST(a_very_large_number_of_procs_works, .procs = {1})
{
    leat_waitgroup wg = {0};
    atomic_long sum = 0;

    leat_procs(1024);
    T_GE(leat_procs(0), 64); /* a cap is allowed, nonsense is not */
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    for (int i = 0; i < 50; i++) {
        leat_waitgroup_add(&wg, 1);
        leat_go(sends_many, c, 10, &wg);
    }
    for (int i = 0, v; i < 500; i++) {
        leat_recv(c, &v);
        atomic_fetch_add(&sum, v);
    }
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&sum), 50 * 55);
    leat_chan_free(c);
}

/* Everybody spins until all have arrived, and nobody makes a leat call meanwhile: it ends only
 * if all of them run at the same time. */
static void meets(atomic_long *arrived, int rounds, int n, leat_waitgroup *wg)
{
    for (int r = 1; r <= rounds; r++) {
        atomic_fetch_add(arrived, 1);
        util_await_quietly(arrived, (long)r * n);
    }
    leat_waitgroup_done(wg);
}

static void all_meet(int n)
{
    leat_waitgroup wg = {0};
    atomic_long arrived = 0;

    for (int i = 0; i < n; i++) {
        leat_waitgroup_add(&wg, 1);
        leat_go(meets, &arrived, 20, n, &wg);
    }
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&arrived), 20L * n);
}

T_TEST(as_many_goroutines_as_procs_run_at_the_same_time)
{
    for (int i = 0; i < 5; i++)
        all_meet(t_procs());
}

T_TEST(parallelism_comes_back_after_everything_was_idle)
{
    for (int i = 0; i < 3; i++) {
        leat_sleep(20 * LEAT_MILLISECOND);
        all_meet(t_procs());
    }
}

T_TEST(raised_procs_run_at_the_same_time, .procs = {1})
{
    leat_procs(4);
    all_meet(4);
}
