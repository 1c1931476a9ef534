/* SPDX-License-Identifier: MIT */
/*
 * follow_test.c - the number of procs follows what the system allows, until a call sets one.
 *
 * The program has a sched_getaffinity and an open of its own, which os/cpus.c therefore calls: as
 * many processors as the case says, and no cgroup. Time is the case's too: from the first look
 * on, which lies far ahead, sysmon's own come too early.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <leat.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/clock.h"
#include "sched/sched.h"
#include "t.h"

static unsigned follow_cpus = 3;

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    (void)pid;
    memset(set, 0, size);
    for (unsigned i = 0; i < follow_cpus; i++)
        CPU_SET(i, set);
    return 0;
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;

    if (strcmp(path, "/proc/self/cgroup") == 0) {
        errno = ENOENT;
        return -1;
    }
    if (flags & O_CREAT) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

T_TEST(procs_follow_what_the_system_allows)
{
    int64_t now = os_now() + LEAT_HOUR;

    T_EQ(leat_procs(0), t_procs());
    procs_follow(now); /* LEAT_PROCS is set: nothing to follow */
    T_EQ(leat_procs(0), t_procs());

    T_EQ(leat_procs(LEAT_PROCS_DEFAULT), t_procs());
    T_EQ(leat_procs(0), 3);
    follow_cpus = 5;
    procs_follow(now += LEAT_SECOND);
    T_EQ(leat_procs(0), 5);
    follow_cpus = 1;
    procs_follow(now + LEAT_SECOND / 2); /* not yet */
    T_EQ(leat_procs(0), 5);
    procs_follow(now += LEAT_SECOND);
    T_EQ(leat_procs(0), 1);
}

T_TEST(a_number_that_is_set_stays)
{
    int64_t now = os_now() + LEAT_HOUR;

    leat_procs(LEAT_PROCS_DEFAULT);
    T_EQ(leat_procs(2), 3);
    follow_cpus = 5;
    procs_follow(now += LEAT_SECOND);
    T_EQ(leat_procs(-1), 2);
    T_EQ(leat_procs(LEAT_PROCS_DEFAULT), 2);
    T_EQ(leat_procs(0), 5);
    procs_follow(now += LEAT_SECOND);
    T_EQ(leat_procs(0), 5);
}
