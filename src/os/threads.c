/* SPDX-License-Identifier: MIT */
/*
 * threads.c - what the kernel says of our threads: processor time, state, who exists.
 *
 * sysmon tells a blocked thread from a burning one by its processor clock, and a blocked one from
 * one that merely lost its processor by the state letter in /proc: without the letter, eight
 * procs on two processors look blocked all the time and compensation would feed on itself.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/os.h"

int os_gettid(void)
{
    return (int)syscall(SYS_gettid);
}

int64_t os_thread_cpu(int tid)
{
    /* The kernel's encoding of a thread's CPU clock: CPUCLOCK_PERTHREAD | CPUCLOCK_SCHED. */
    clockid_t id = (clockid_t)((~(unsigned)tid << 3) | 6u);
    struct timespec ts;

    if (clock_gettime(id, &ts) != 0)
        return -1;
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Without libc: ThreadSanitizer would compare what sysmon opens with the program's descriptors of
 * the same number, which leat closes behind its back (rw.c). */
int os_thread_sleeps(int tid)
{
    char path[64];
    char text[256] = "";

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    long n = syscall(SYS_read, fd, text, sizeof(text) - 1);
    syscall(SYS_close, fd);
    if (n <= 0)
        return -1;
    text[n] = 0;
    const char *p = strrchr(text, ')'); /* the name before may hold anything */
    if (!p || p[1] != ' ')
        return -1;
    return p[2] != 'R';
}

struct listing {
    bool others; /* or it cannot be told */
    long n;
    uint64_t hash; /* of who, in order */
};

static struct listing list_threads(bool (*known)(int tid))
{
    struct listing l = {.others = false};
    DIR *dir = opendir("/proc/self/task");
    struct dirent *entry;

    if (!dir)
        return (struct listing){.others = true};
    while (!l.others && (entry = readdir(dir)) != NULL) {
        int tid = (int)strtol(entry->d_name, NULL, 10);
        if (tid <= 0)
            continue;
        l.others = !known(tid);
        l.hash = (l.hash + (uint64_t)tid) * UINT64_C(0x9e3779b97f4a7c15);
        l.n++;
    }
    closedir(dir);
    return l;
}

/* A directory has two links, and this one as many more as there are threads. */
static long count_threads(void)
{
    struct stat s;

    return stat("/proc/self/task", &s) == 0 ? (long)s.st_nlink - 2 : -1;
}

enum { LISTINGS_MAX = 20 };

/* Where a thread dies under its hands, the kernel's list may end, whoever lives behind it. So it
 * counts only if as many were there as it has, and all of those still are in the next one. */
bool os_has_other_threads(bool (*known)(int tid))
{
    struct listing l = list_threads(known);

    for (int i = 0; i < LISTINGS_MAX && !l.others; i++) {
        long there = count_threads();
        struct listing again = list_threads(known);
        if (!again.others && there == l.n && again.n == l.n && again.hash == l.hash)
            return false;
        l = again;
    }
    return true; /* or it cannot be told: assume that somebody may still wake us */
}
