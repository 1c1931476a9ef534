/* SPDX-License-Identifier: MIT */
/*
 * timer_test.c - sleep and one-shot timers: never early, never lost, in order.
 *
 * What is checked of time is what holds on any machine however loaded: a lower bound, and the
 * order of what one processor fired.
 */
#include "sched_util.h"

static atomic_bool stop;

static void sleeps_at_least(leat_duration d)
{
    leat_duration before = leat_now();

    leat_sleep(d);
    T_GE(leat_now() - before, d);
}

T_TEST(a_sleep_is_never_shorter_than_asked)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < 200; i++)
        leat_waitgroup_go(&wg, sleeps_at_least,
                          (leat_duration)(t_rand() % (30 * LEAT_MILLISECOND)));
    sleeps_at_least(5 * LEAT_MILLISECOND);
    leat_waitgroup_wait(&wg);
}

T_TEST(no_time_and_negative_time_return_at_once)
{
    for (int i = 0; i < 1000; i++) {
        leat_sleep(0);
        leat_sleep(-1);
        leat_sleep(INT64_MIN);
    }
}

static void sleeps_for_ever(atomic_long *begun)
{
    atomic_fetch_add(begun, 1);
    leat_sleep(LEAT_FOREVER);
    T_FAIL("the end of time");
}

T_TEST(a_sleep_of_all_time_does_not_wrap_around, .ends_process = true)
{
    static atomic_long begun;

    for (int i = 0; i < 3; i++)
        leat_go(sleeps_for_ever, &begun);
    util_await(&begun, 3);
    sleeps_at_least(20 * LEAT_MILLISECOND);
    T_EQ(leat_select(leat_case_timeout(LEAT_FOREVER), leat_case_timeout(LEAT_MILLISECOND)), 1);
    exit(0);
}

struct alarm {
    leat_duration lower, upper; /* the deadline lies between these */
    leat_time_chan c;
    leat_duration fired;
};

T_TEST(timers_of_one_proc_fire_in_the_order_of_their_deadlines, .procs = {1})
{
    enum { N = 100 };
    static struct alarm a[N];

    for (int i = 0; i < N; i++) {
        leat_duration d = (leat_duration)(t_rand() % (40 * LEAT_MILLISECOND));
        a[i].lower = leat_now() + d;
        a[i].c = leat_after(d);
        a[i].upper = leat_now() + d;
    }
    for (int i = 0; i < N; i++) {
        T_TRUE(leat_recv(a[i].c, &a[i].fired));
        T_GE(a[i].fired, a[i].lower);
        leat_chan_free(a[i].c);
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            if (a[i].upper < a[j].lower)
                T_LE(a[i].fired, a[j].fired);
}

T_TEST(after_gives_one_value_and_the_time_it_fired)
{
    leat_duration before = leat_now(), fired = 0;
    leat_time_chan c = leat_after(10 * LEAT_MILLISECOND);

    T_FALSE(leat_try_recv(c, &fired));
    T_TRUE(leat_recv(c, &fired));
    T_GE(fired, before + 10 * LEAT_MILLISECOND);
    T_LE(fired, leat_now());
    T_FALSE(leat_try_recv(c, &fired));
    leat_chan_free(c);

    c = leat_after(-5);
    T_TRUE(leat_recv(c, NULL));
    leat_chan_free(c);
}

T_TEST(a_timer_may_be_dropped_before_it_fires)
{
    for (int i = 0; i < 2000; i++) {
        leat_time_chan c = leat_after(i % 2 ? LEAT_HOUR : (i % 20) * LEAT_MICROSECOND);
        if (i % 3 == 0)
            leat_yield();
        leat_chan_free(c);
    }
    sleeps_at_least(2 * LEAT_MILLISECOND);
}

T_TEST(a_timer_nobody_waited_for_still_holds_its_value)
{
    leat_duration fired = 0;
    leat_time_chan c = leat_after(LEAT_MILLISECOND);

    sleeps_at_least(30 * LEAT_MILLISECOND);
    T_TRUE(leat_recv(c, &fired));
    T_LE(fired, leat_now());
    leat_chan_free(c);
}

static void naps_and_counts(int naps, atomic_long *n)
{
    for (int i = 0; i < naps; i++)
        leat_sleep((leat_duration)(t_rand() % (2 * LEAT_MILLISECOND)));
    atomic_fetch_add(n, 1);
}

T_TEST(every_sleeper_wakes)
{
    leat_waitgroup wg = {0};
    atomic_long n = 0;
    long sleepers = t_scale(20000);

    for (long i = 0; i < sleepers; i++)
        leat_waitgroup_go(&wg, naps_and_counts, 3, &n);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&n), sleepers);
}

static void computes_without_a_point(atomic_long *n)
{
    atomic_fetch_add(n, 1);
    while (!atomic_load(&stop))
        ;
}

static void three_kinds_of_timers(void)
{
    for (int i = 0; i < 3; i++) {
        leat_time_chan c = leat_after(LEAT_MILLISECOND);
        T_TRUE(leat_recv(c, NULL));
        leat_chan_free(c);
        T_EQ(leat_select(leat_case_timeout(LEAT_MILLISECOND)), 0);
        leat_sleep(LEAT_MILLISECOND);
    }
    atomic_store(&stop, true);
}

/* Not in goroutine 1: that waits for its thread, and a hog may be on it. */
T_TEST(hogs_do_not_starve_timers, .timeout_ms = 40000)
{
    leat_waitgroup wg = {0};
    atomic_long n = 0;
    int hogs = t_procs() > 3 ? t_procs() / 2 : 1; /* so many get a proc of their own */

    leat_waitgroup_go(&wg, three_kinds_of_timers);
    for (int i = 0; i < hogs; i++)
        leat_waitgroup_go(&wg, computes_without_a_point, &n);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&n), hogs);
}

static void does_nothing(int sig)
{
    (void)sig;
}

static void *sleeps_through_signals(void *p)
{
    atomic_long *naps = p;

    while (!atomic_load(&stop)) {
        sleeps_at_least(3 * LEAT_MILLISECOND);
        atomic_fetch_add(naps, 1);
    }
    return NULL;
}

static void sleeps_through_signals_here(atomic_long *naps)
{
    sleeps_through_signals(naps);
}

T_TEST(signals_neither_shorten_nor_prolong_a_sleep)
{
    struct sigaction act = {.sa_handler = does_nothing, .sa_flags = SA_ONSTACK};
    atomic_long thread_naps = 0, naps = 0;
    leat_waitgroup wg = {0};

    T_EQ(sigaction(SIGUSR1, &act, NULL), 0); /* without SA_RESTART: calls end with EINTR */
    pthread_t t = util_thread(sleeps_through_signals, &thread_naps);
    leat_waitgroup_go(&wg, sleeps_through_signals_here, &naps);
    while (atomic_load(&thread_naps) < 5 || atomic_load(&naps) < 5) {
        pthread_kill(t, SIGUSR1);
        kill(getpid(), SIGUSR1);
        leat_sleep(100 * LEAT_MICROSECOND);
    }
    atomic_store(&stop, true);
    leat_waitgroup_wait(&wg);
    util_join(t);
}

T_TEST(now_never_goes_back)
{
    leat_duration last = leat_now();

    for (long i = t_scale(20000); i > 0; i--) {
        leat_duration now = leat_now();
        T_GE(now, last);
        last = now;
        if (i % 100 == 0)
            leat_yield();
    }
}

/* The timer sits on a processor that is inside C code: another must fire it. */
static void arms_and_blocks(leat_time_chan *c, int fd, atomic_long *armed)
{
    char byte;

    *c = leat_after(LEAT_MILLISECOND);
    atomic_fetch_add(armed, 1);
    T_EQ(read(fd, &byte, 1), 1);
}

static void four_arm_and_block(void)
{
    leat_waitgroup wg = {0};
    leat_time_chan c[4];
    atomic_long armed = 0;
    int ends[2];

    T_EQ(pipe(ends), 0);
    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, arms_and_blocks, &c[i], ends[0], &armed);
    util_await(&armed, 4);
    for (int i = 0; i < 4; i++) {
        T_TRUE(leat_recv(c[i], NULL));
        leat_chan_free(c[i]);
        T_EQ(write(ends[1], "x", 1), 1);
    }
    leat_waitgroup_wait(&wg);
    close(ends[0]);
    close(ends[1]);
}

T_TEST(timers_of_a_blocked_proc_are_fired_by_others)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, four_arm_and_block);
    leat_waitgroup_wait(&wg);
}
