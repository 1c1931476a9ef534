/* SPDX-License-Identifier: MIT */
/*
 * stall_test.c - C code that blocks or computes without telling anybody stalls nobody.
 *
 * Every test is a handshake: who blocks is released only by somebody who could not have run if
 * the blocked one had kept the only processor. A stall is a hang, and the timeout finds it.
 *
 * Goroutine 1 is the exception that the design accepts: it resumes on the main thread only, and
 * waits when that thread is busy with another goroutine. So the tests run in a second one.
 */
#include "sched_util.h"

#include <time.h>

static atomic_bool stop;

/* T_TEST whose body is a goroutine other than main. */
#define STALL_TEST(name, ...)                     \
    static void goroutine_##name(void);           \
    T_TEST(name, __VA_ARGS__)                     \
    {                                             \
        leat_waitgroup wg = {0};                  \
        leat_waitgroup_go(&wg, goroutine_##name); \
        leat_waitgroup_wait(&wg);                 \
    }                                             \
    static void goroutine_##name(void)

static void reads_silently(int fd, atomic_long *entered)
{
    char byte = 0;

    atomic_fetch_add(entered, 1);
    T_EQ(read(fd, &byte, 1), 1);
    T_EQ(byte, 'x');
}

static void counts_to(atomic_long *n, long to)
{
    while (atomic_load(n) < to) {
        atomic_fetch_add(n, 1);
        leat_yield();
    }
}

static void while_readers_block(int readers)
{
    leat_waitgroup wg = {0};
    atomic_long entered = 0, n = 0;
    int ends[2];

    T_EQ(pipe(ends), 0);
    for (int i = 0; i < readers; i++)
        leat_waitgroup_go(&wg, reads_silently, ends[0], &entered);
    leat_waitgroup_go(&wg, counts_to, &n, 1000);
    util_await(&entered, readers);
    util_await(&n, 1000);
    for (int i = 0; i < readers; i++)
        T_EQ(write(ends[1], "x", 1), 1);
    leat_waitgroup_wait(&wg);
    close(ends[0]);
    close(ends[1]);
}

STALL_TEST(others_run_while_one_reads_a_pipe, .timeout_ms = 20000)
{
    while_readers_block(1);
}

STALL_TEST(others_run_while_twenty_read_pipes, .timeout_ms = 20000)
{
    while_readers_block(20);
}

static void counts(atomic_long *n)
{
    atomic_fetch_add(n, 1);
}

static void starts_one_and_reads(int fd, atomic_long *entered, atomic_long *n)
{
    leat_go(counts, n); /* it is the next to run on this processor */
    reads_silently(fd, entered);
}

/* More than a thief watches at a time. */
STALL_TEST(whom_a_hundred_blocked_ones_started_are_taken_from_them, .timeout_ms = 60000)
{
    enum { N = 100 };
    leat_waitgroup wg = {0};
    atomic_long entered = 0, n = 0;
    int ends[2];

    T_EQ(pipe(ends), 0);
    for (int i = 0; i < N; i++)
        leat_waitgroup_go(&wg, starts_one_and_reads, ends[0], &entered, &n);
    util_await(&entered, N);
    util_await(&n, N);
    for (int i = 0; i < N; i++)
        T_EQ(write(ends[1], "x", 1), 1);
    leat_waitgroup_wait(&wg);
    close(ends[0]);
    close(ends[1]);
}

static void naps_until_stopped(long ns, atomic_long *naps)
{
    struct timespec t = {0, ns};

    while (!atomic_load(&stop)) {
        nanosleep(&t, NULL);
        atomic_fetch_add(naps, 1);
    }
}

STALL_TEST(others_run_while_one_is_in_long_naps, .timeout_ms = 20000)
{
    leat_waitgroup wg = {0};
    atomic_long n = 0, naps = 0;

    leat_waitgroup_go(&wg, naps_until_stopped, 300000000L, &naps);
    util_await(&naps, 1);
    leat_waitgroup_go(&wg, counts_to, &n, 1000);
    util_await(&n, 1000);
    atomic_store(&stop, true);
    leat_waitgroup_wait(&wg);
}

STALL_TEST(others_run_while_one_is_in_short_naps, .timeout_ms = 20000)
{
    leat_waitgroup wg = {0};
    atomic_long n = 0, naps = 0;

    /* Each nap is far shorter than a time slice: blocked must be seen as blocked. */
    leat_waitgroup_go(&wg, naps_until_stopped, 2000000L, &naps);
    leat_waitgroup_go(&wg, counts_to, &n, 1000);
    util_await(&n, 1000);
    atomic_store(&stop, true);
    leat_waitgroup_wait(&wg);
}

static void writes_byte(int fd)
{
    T_EQ(write(fd, "x", 1), 1);
}

T_TEST(others_run_while_main_reads_a_pipe)
{
    leat_waitgroup wg = {0};
    atomic_long entered = 0;
    int ends[2];

    T_EQ(pipe(ends), 0);
    for (int i = 0; i < 10; i++) {
        leat_waitgroup_go(&wg, writes_byte, ends[1]);
        reads_silently(ends[0], &entered); /* the writer is in the blocked one's own queue */
    }
    leat_waitgroup_wait(&wg);
    close(ends[0]);
    close(ends[1]);
}

static void burns(atomic_long *started)
{
    atomic_fetch_add(started, 1);
    while (!atomic_load(&stop))
        ;
}

static void sleeps_some(int times)
{
    for (int i = 0; i < times; i++)
        leat_sleep(LEAT_MILLISECOND);
}

static void stops_after_sleeps(int times)
{
    sleeps_some(times);
    atomic_store(&stop, true);
}

STALL_TEST(a_sleeper_wakes_while_one_burns, .timeout_ms = 20000)
{
    leat_waitgroup wg = {0};
    atomic_long started = 0;

    leat_waitgroup_go(&wg, stops_after_sleeps, 5);
    leat_waitgroup_go(&wg, burns, &started);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&started), 1);
}

static void yields_until_stopped(atomic_long *started)
{
    atomic_fetch_add(started, 1);
    while (!atomic_load(&stop))
        leat_yield();
}

static void starts_a_sleeper_and_burns(leat_waitgroup *wg, atomic_long *started)
{
    leat_waitgroup_go(wg, stops_after_sleeps, 1);
    leat_yield();
    burns(started);
}

/* The sleeper's time was set on the proc that burns now, and no thread is ever idle. */
STALL_TEST(a_sleeper_wakes_while_one_burns_and_the_others_never_rest, .timeout_ms = 40000)
{
    leat_waitgroup wg = {0};
    atomic_long started = 0;

    for (int i = 0; i < 4 * t_procs(); i++)
        leat_waitgroup_go(&wg, yields_until_stopped, &started);
    util_await_quietly(&started, 4 * t_procs());
    leat_waitgroup_go(&wg, starts_a_sleeper_and_burns, &wg, &started);
    leat_waitgroup_wait(&wg);
}

/* As many as may burn beside the others: a proc is added for half of the procs, or one. */
static int burners(void)
{
    return t_procs() > 3 ? t_procs() / 2 : 1;
}

STALL_TEST(a_sleeper_wakes_while_half_of_the_procs_burn, .timeout_ms = 40000)
{
    leat_waitgroup wg = {0};
    atomic_long started = 0;

    for (int i = 0; i < burners(); i++)
        leat_waitgroup_go(&wg, burns, &started);
    sleeps_some(5);
    atomic_store(&stop, true);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&started), burners());
}

T_TEST(others_run_while_main_burns)
{
    leat_waitgroup wg = {0};
    atomic_long started = 0;

    leat_waitgroup_go(&wg, stops_after_sleeps, 2);
    burns(&started);
    leat_waitgroup_wait(&wg);
}

static void naps_on_an_added_proc(atomic_long *napping)
{
    atomic_fetch_add(napping, 1);
    leat_sleep(LEAT_MILLISECOND);
    atomic_store(&stop, true);
}

/* Who burns lets the others have a proc more; when it comes back that one is taken away again,
 * and with it the timers set there. From then on nobody is ever idle. */
STALL_TEST(a_sleeper_wakes_though_its_proc_is_gone)
{
    for (int i = 0; i < 10; i++) {
        leat_waitgroup wg = {0};
        atomic_long napping = 0;

        atomic_store(&stop, false);
        leat_waitgroup_go(&wg, naps_on_an_added_proc, &napping);
        util_await_quietly(&napping, 1);
        while (!atomic_load(&stop))
            leat_yield();
        leat_waitgroup_wait(&wg);
    }
}

static void counts_what_comes(leat_int_chan c, atomic_long *n)
{
    leat_range(v, c)
        atomic_fetch_add(n, v);
}

static void sends_then_burns(leat_int_chan c, atomic_long *n)
{
    leat_send(c, 1);          /* whom this wakes is the next to run on this processor ... */
    util_await_quietly(n, 1); /* ... and must be taken from there while we compute */
    leat_close(c);
}

STALL_TEST(whom_a_burner_woke_last_is_taken_from_it, .timeout_ms = 20000)
{
    for (int i = 0; i < 20; i++) {
        leat_waitgroup wg = {0};
        atomic_long n = 0;
        leat_int_chan c = leat_chan_make(leat_int_chan, 0);

        leat_waitgroup_go(&wg, counts_what_comes, c, &n);
        leat_yield();
        leat_waitgroup_go(&wg, sends_then_burns, c, &n);
        leat_waitgroup_wait(&wg);
        T_EQ(atomic_load(&n), 1);
        leat_chan_free(c);
    }
}

static void *takes_long_to_send(void *c)
{
    usleep(1000);
    leat_send((leat_int_chan)c, 1);
    return NULL;
}

STALL_TEST(a_burner_does_not_keep_what_a_thread_makes_ready, .timeout_ms = 20000)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};
    atomic_long started = 0;

    leat_waitgroup_go(&wg, burns, &started);
    pthread_t t = util_thread(takes_long_to_send, c);
    T_TRUE(leat_recv(c, NULL));
    atomic_store(&stop, true);
    leat_waitgroup_wait(&wg);
    util_join(t);
    leat_chan_free(c);
}

static void burns_after_read(int fd, atomic_long *started)
{
    char byte;

    T_EQ(read(fd, &byte, 1), 1);
    burns(started); /* it comes back from a system call and goes on without a point */
}

STALL_TEST(a_goroutine_that_burns_after_a_system_call_stalls_nobody, .timeout_ms = 20000)
{
    leat_waitgroup wg = {0};
    atomic_long started = 0;
    int ends[2];

    T_EQ(pipe(ends), 0);
    for (int i = 0; i < burners(); i++)
        leat_waitgroup_go(&wg, burns_after_read, ends[0], &started);
    leat_yield();
    for (int i = 0; i < burners(); i++)
        T_EQ(write(ends[1], "x", 1), 1);
    sleeps_some(3);
    util_await(&started, burners());
    atomic_store(&stop, true);
    leat_waitgroup_wait(&wg);
    close(ends[0]);
    close(ends[1]);
}

static int count_threads(void)
{
    char text[4096] = "";
    FILE *f = fopen("/proc/self/status", "r");
    int n = -1;

    T_TRUE(f != NULL);
    while (fgets(text, sizeof(text), f))
        if (sscanf(text, "Threads: %d", &n) == 1)
            break;
    fclose(f);
    return n;
}

static void burns_a_while(long rounds)
{
    for (volatile long i = 0; i < rounds; i++)
        ;
}

STALL_TEST(many_burners_are_not_as_many_threads, .timeout_ms = 60000)
{
    leat_waitgroup wg = {0};
    int most = 0;

    for (long i = 200L; i > 0; i--)
        leat_waitgroup_go(&wg, burns_a_while, t_scale(3000000));
    for (int i = 0; i < 20; i++) {
        sleeps_some(5);
        int n = count_threads();
        if (n > most)
            most = n;
    }
    leat_waitgroup_wait(&wg);
    /* procs, half as many compensations, the runtime's own few, and some that just retire. */
    T_LE(most, 2 * t_procs() + 16);
}
