/* SPDX-License-Identifier: MIT */
/*
 * cpus_test.c - how many procs a process starts with: affinity, and made-up cgroups.
 *
 * This program has an open() and a sched_getaffinity() of its own, which cpus.c therefore calls:
 * they answer from the case's table where it has one, else the kernel does. So every machine and
 * every cgroup can be had without privileges.
 */
#define _GNU_SOURCE 1
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t.h"

struct cpus_file {
    const char *path, *text;
};

static const struct cpus_file *cpus_files; /* ends with a NULL path; NULL: the real ones */
static int cpus_pretended;                 /* 0: the real mask */

static int cpus_fake_file(const char *path)
{
    for (const struct cpus_file *f = cpus_files; f->path; f++) {
        if (strcmp(f->path, path) != 0)
            continue;
        int fd = memfd_create("cpus", MFD_CLOEXEC);
        T_GE(fd, 0);
        T_EQ(write(fd, f->text, strlen(f->text)), (ssize_t)strlen(f->text));
        T_EQ(lseek(fd, 0, SEEK_SET), 0);
        return fd;
    }
    errno = ENOENT;
    return -1;
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;

    if (cpus_files &&
        (strncmp(path, "/sys/fs/cgroup", 14) == 0 || strcmp(path, "/proc/self/cgroup") == 0))
        return cpus_fake_file(path);
    if (flags & O_CREAT) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    memset(set, 0, size);
    if (cpus_pretended == 0)
        return syscall(SYS_sched_getaffinity, pid, size, set) < 0 ? -1 : 0;
    for (unsigned i = 0; i < (unsigned)cpus_pretended; i++)
        CPU_SET(i, set);
    return 0;
}

/* ---- the real ones ---- */

T_TEST(the_default_is_from_one_to_all_processors, .procs = {1}, .fresh = true)
{
    T_GE(os_cpu_count(), 1);
    T_LE(os_cpu_count(), (int)sysconf(_SC_NPROCESSORS_CONF));
    T_GE(os_default_procs(), 1);
    T_LE(os_default_procs(), os_cpu_count());
}

T_TEST(the_affinity_mask_counts, .procs = {1}, .fresh = true)
{
    cpu_set_t all, some;

    T_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
    int n = CPU_COUNT(&all), taken = 0;
    T_EQ(os_cpu_count(), n);
    CPU_ZERO(&some);
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &all))
            continue;
        CPU_SET(cpu, &some);
        taken++;
        T_EQ(sched_setaffinity(0, sizeof(some), &some), 0);
        T_EQ(os_cpu_count(), taken);
        T_LE(os_default_procs(), taken);
    }
    T_EQ(taken, n);
}

/* ---- made-up ones ---- */

static int cpus_procs(int processors, const struct cpus_file *files)
{
    cpus_pretended = processors;
    cpus_files = files;
    int procs = os_default_procs();
    cpus_pretended = 0;
    cpus_files = NULL;
    return procs;
}

T_TEST(without_a_quota_all_processors, .procs = {1}, .fresh = true)
{
    static const struct cpus_file nothing[] = {{NULL, NULL}};
    static const struct cpus_file unlimited[] = {{"/proc/self/cgroup", "0::/a\n"},
                                                 {"/sys/fs/cgroup/a/cpu.max", "max 100000\n"},
                                                 {NULL, NULL}};
    static const struct cpus_file garbage[] = {{"/proc/self/cgroup",
                                                "0:\n\nhello\n1:2\n0::/a\n"},
                                               {"/sys/fs/cgroup/a/cpu.max", "100000\n"},
                                               {"/sys/fs/cgroup/cpu.max", "1 0\n"},
                                               {NULL, NULL}};

    T_EQ(cpus_procs(1, nothing), 1);
    T_EQ(cpus_procs(64, nothing), 64);
    T_EQ(cpus_procs(64, unlimited), 64);
    T_EQ(cpus_procs(64, garbage), 64);
}

static int cpus_with_quota(int processors, const char *quota)
{
    const struct cpus_file files[] = {{"/proc/self/cgroup", "0::/a/b\n"},
                                      {"/sys/fs/cgroup/a/b/cpu.max", quota},
                                      {NULL, NULL}};

    return cpus_procs(processors, files);
}

T_TEST(a_quota_is_rounded_up_to_two_at_least, .procs = {1}, .fresh = true)
{
    T_EQ(cpus_with_quota(64, "300000 100000\n"), 3);
    T_EQ(cpus_with_quota(64, "300001 100000\n"), 4);
    T_EQ(cpus_with_quota(64, "20000 10000\n"), 2);
    T_EQ(cpus_with_quota(64, "10000 100000\n"), 2);
    T_EQ(cpus_with_quota(1, "10000 100000\n"), 1); /* the mask may say one */
    T_EQ(cpus_with_quota(4, "800000 100000\n"), 4);
}

T_TEST(the_least_quota_up_to_the_root_decides, .procs = {1}, .fresh = true)
{
    static const struct cpus_file parent[] = {{"/proc/self/cgroup", "0::/a/b/c\n"},
                                              {"/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n"},
                                              {"/sys/fs/cgroup/a/b/cpu.max", "900000 100000\n"},
                                              {"/sys/fs/cgroup/a/cpu.max", "500000 100000\n"},
                                              {NULL, NULL}};
    static const struct cpus_file root[] = {{"/proc/self/cgroup", "0::/\n"},
                                            {"/sys/fs/cgroup/cpu.max", "600000 100000\n"},
                                            {NULL, NULL}};
    static const struct cpus_file top[] = {{"/proc/self/cgroup", "0::/a\n"},
                                           {"/sys/fs/cgroup/a/cpu.max", "900000 100000\n"},
                                           {"/sys/fs/cgroup/cpu.max", "700000 100000\n"},
                                           {NULL, NULL}};

    T_EQ(cpus_procs(64, parent), 5);
    T_EQ(cpus_procs(64, root), 6);
    T_EQ(cpus_procs(64, top), 7);
}

T_TEST(version_one_has_two_files, .procs = {1}, .fresh = true)
{
    static const struct cpus_file limited[] = {
        {"/proc/self/cgroup", "12:cpuset:/x\n4:cpu,cpuacct:/x/y\n1:name=systemd:/z\n0::/z\n"},
        {"/sys/fs/cgroup/cpu/x/y/cpu.cfs_quota_us", "-1\n"},
        {"/sys/fs/cgroup/cpu/x/y/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "450000\n"},
        {"/sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000\n"},
        {NULL, NULL}};
    static const struct cpus_file alone[] = {{"/proc/self/cgroup", "4:cpu:/\n"},
                                             {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "30000\n"},
                                             {"/sys/fs/cgroup/cpu/cpu.cfs_period_us",
                                              "10000\n"},
                                             {NULL, NULL}};
    static const struct cpus_file half[] = {{"/proc/self/cgroup", "4:cpu:/\n"},
                                            {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "30000\n"},
                                            {NULL, NULL}};
    static const struct cpus_file other[] = {{"/proc/self/cgroup", "4:cpuset:/x\n"},
                                             {"/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us",
                                              "300000\n"},
                                             {"/sys/fs/cgroup/cpu/x/cpu.cfs_period_us",
                                              "100000\n"},
                                             {NULL, NULL}};

    T_EQ(cpus_procs(64, limited), 5);
    T_EQ(cpus_procs(64, alone), 3);
    T_EQ(cpus_procs(64, half), 64);
    T_EQ(cpus_procs(64, other), 64);
}
