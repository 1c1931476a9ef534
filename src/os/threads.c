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

bool os_has_other_threads(bool (*known)(int tid))
{
    DIR *dir = opendir("/proc/self/task");
    struct dirent *entry;
    bool found = false;

    if (!dir)
        return true; /* cannot tell: assume somebody may still wake us */
    while (!found && (entry = readdir(dir)) != NULL) {
        int tid = (int)strtol(entry->d_name, NULL, 10);
        if (tid > 0 && !known(tid))
            found = true;
    }
    closedir(dir);
    return found;
}
