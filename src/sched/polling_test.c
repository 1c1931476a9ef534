/* SPDX-License-Identifier: MIT */
/*
 * polling_test.c - whom news wake, and whom they leave alone.
 *
 * What is at stake is only seen in the processor time of a busy server, so these look at the
 * scheduler's words. Each may be caught in a rare moment on a busy machine: half of the looks
 * have to find what all would on an idle one.
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <leat.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sched/sched.h"
#include "t.h"

enum { LOOKS = 40 };

static int pairs[2]; /* the first is ours, the second a goroutine's */

static void polling_echo(leat_waitgroup *wg)
{
    leat_io *io;
    char c;

    T_ERR(leat_io_adopt(&io, pairs[1]), 0);
    while (leat_read(io, &c, 1) == 1)
        T_EQ(leat_write(io, &c, 1), 1);
    leat_io_free(io);
    leat_waitgroup_done(wg);
}

/* Threads of one processor that do not interrupt each other: sysmon, once woken, looks when the
 * request is over. */
static void share_a_processor(void)
{
    const struct sched_param none = {0};
    cpu_set_t one;
    DIR *dir = opendir("/proc/self/task");

    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    T_TRUE(dir != NULL);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        int tid = atoi(e->d_name);
        if (tid == 0)
            continue;
        T_EQ(sched_setaffinity(tid, sizeof one, &one), 0);
        T_EQ(sched_setscheduler(tid, SCHED_BATCH, &none), 0);
    }
    closedir(dir);
}

/* From a thread of its own: goroutine 1 waits, so between two requests nobody runs. */
static void *polling_pace(void *deep)
{
    while (!load_seq(&sched.monitor_deep))
        usleep(10000);
    share_a_processor();
    for (int i = 0; i < LOOKS; i++) {
        char c = 'x';
        T_EQ(write(pairs[0], &c, 1), 1);
        T_EQ(read(pairs[0], &c, 1), 1);
        usleep(1000); /* the pace, at which sysmon could fall asleep in between */
        *(int *)deep += load_seq(&sched.monitor_deep) != 0;
    }
    close(pairs[0]);
    return NULL;
}

T_TEST(requests_at_a_pace_do_not_wake_sysmon_each, .modes = "!tsan,!valgrind")
{
    leat_waitgroup wg = {0};
    pthread_t t;
    int deep = 0;

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs), 0);
    leat_waitgroup_add(&wg, 1);
    leat_go(polling_echo, &wg);
    T_EQ(pthread_create(&t, NULL, polling_pace, &deep), 0);
    leat_waitgroup_wait(&wg);
    T_EQ(pthread_join(t, NULL), 0);
    T_LE(deep, LOOKS / 2);
}

/* Holds the one proc and makes news, until somebody else has answered them. */
static void polling_busy(leat_waitgroup *wg, int *sleepers)
{
    char c = 'x';

    leat_blocking(usleep, 1000u); /* so that there is another thread to sleep there */
    for (int i = 0; i < LOOKS; i++) {
        T_EQ(write(pairs[0], &c, 1), 1);
        while (recv(pairs[0], &c, 1, MSG_DONTWAIT) != 1)
            leat_yield();
        *sleepers += load_seq(&sched.poll_sleeper) != NULL;
    }
    close(pairs[0]);
    leat_waitgroup_done(wg);
}

T_TEST(nobody_sleeps_in_the_poller_while_all_procs_are_held, .procs = {1}, .modes = "!valgrind")
{
    leat_waitgroup wg = {0};
    int sleepers = 0;

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs), 0);
    leat_waitgroup_add(&wg, 2);
    leat_go(polling_echo, &wg);
    leat_go(polling_busy, &wg, &sleepers);
    leat_waitgroup_wait(&wg);
    T_LE(sleepers, LOOKS / 2);
}
