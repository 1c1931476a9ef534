/* SPDX-License-Identifier: MIT */
/*
 * deep_sleep_test.c - sysmon sleeps without a limit while the one goroutine that holds a proc is
 * asleep in C and nothing waits. What becomes ready, or due, as it falls asleep must wake it: there
 * is nobody else who would run it.
 */
#include "../api/sched_util.h"

#include <time.h>

static void naps(long us)
{
    struct timespec nap = {0, us * 1000};

    nanosleep(&nap, NULL);
}

static void writes_a_byte(int fd)
{
    T_EQ(write(fd, "", 1), 1);
}

/* Sysmon is asleep for long. */
T_TEST(what_is_ready_while_sysmon_sleeps_runs, .procs = {1})
{
    int ends[2];
    char byte;

    T_EQ(pipe(ends), 0);
    naps(900000);
    leat_go(writes_a_byte, ends[1]);
    T_EQ(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
}

/* Alone on its proc, and in C all the time: long enough for sysmon to fall asleep, or nearly. */
T_TEST(what_is_ready_as_sysmon_falls_asleep_runs, .procs = {1}, .timeout_ms = 60000)
{
    int ends[2];
    char byte;

    T_EQ(pipe(ends), 0);
    for (long i = t_scale(40); i > 0; i--) {
        naps(205000 + (long)(t_rand() % 20000));
        leat_go(writes_a_byte, ends[1]);
        T_EQ(read(ends[0], &byte, 1), 1);
    }
    close(ends[0]);
    close(ends[1]);
}
