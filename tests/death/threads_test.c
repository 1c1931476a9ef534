/* SPDX-License-Identifier: MIT */
/*
 * threads_test.c - the limit on threads: Go's text at ours, a warning at the system's.
 */
#include "../api/sched_util.h"

static void locks_and_stays(leat_int_chan c)
{
    leat_lock_thread();
    leat_recv(c, NULL);
}

/* Each takes a thread of its own for ever: they cannot be served by fewer. */
static void exhausts_threads(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    for (int i = 0; i < 40; i++)
        leat_go(locks_and_stays, c);
    leat_sleep(LEAT_HOUR);
}

/* Said once, in whole lines, even when several threads want one more at the same time. */
T_TEST(more_locked_goroutines_than_threads_is_thread_exhaustion,
       .env = {"LEAT_DEBUG=maxthreads=12"})
{
    static struct util_output out;

    util_capture(exhausts_threads, &out);
    T_EQ(out.status, 2);
    T_STRHAS(out.text, "runtime: program exceeds 12-thread limit\n"
                       "fatal error: thread exhaustion\n");
    T_EQ(util_count(out.text, "runtime: program exceeds"), 1);
}

static void reads(int fd, atomic_long *done)
{
    char byte = 0;

    T_EQ(read(fd, &byte, 1), 1);
    atomic_fetch_add(done, 1);
}

static void frees_them(int fd, int n)
{
    for (int i = 0; i < n; i++)
        T_EQ(write(fd, "x", 1), 1);
}

T_TEST(a_limit_that_is_not_reached_hurts_nobody, .env = {"LEAT_DEBUG=maxthreads=40"})
{
    leat_waitgroup wg = {0};
    atomic_long done = 0;
    int ends[2];

    T_EQ(pipe(ends), 0);
    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, reads, ends[0], &done);
    leat_waitgroup_go(&wg, frees_them, ends[1], 8);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&done), 8);
    close(ends[0]);
    close(ends[1]);
}
