/* SPDX-License-Identifier: MIT */
/*
 * cpus.c - how many procs to start with: Go 1.25's rule.
 *
 * The least of the affinity mask and the cgroup's processor quota rounded up, where the quota
 * never lowers the number below 2 unless the mask does. cgroup v2 is cpu.max of every group from
 * ours to the root; v1 is cpu.cfs_quota_us / cpu.cfs_period_us. Shares and weights do not count.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/os.h"

static ssize_t read_file(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    ssize_t n = read(fd, buf, size - 1);
    close(fd);
    if (n >= 0)
        buf[n] = 0;
    return n;
}

int os_cpu_count(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

/* Processors allowed by one group, 0 when it sets no limit. */
static double quota_v2(const char *dir)
{
    char path[600];
    char text[64];
    long quota, period;

    snprintf(path, sizeof(path), "%s/cpu.max", dir);
    if (read_file(path, text, sizeof(text)) <= 0 ||
        sscanf(text, "%ld %ld", &quota, &period) != 2)
        return 0;
    return period > 0 && quota > 0 ? (double)quota / (double)period : 0;
}

static double quota_v1(const char *dir)
{
    char path[600];
    char text[64];

    snprintf(path, sizeof(path), "%s/cpu.cfs_quota_us", dir);
    if (read_file(path, text, sizeof(text)) <= 0)
        return 0;
    long quota = strtol(text, NULL, 10);
    snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", dir);
    if (read_file(path, text, sizeof(text)) <= 0)
        return 0;
    long period = strtol(text, NULL, 10);
    return quota > 0 && period > 0 ? (double)quota / (double)period : 0;
}

/* The least quota from the group up to the root of the mount. */
static double least_quota(const char *mount, char *group, double (*quota)(const char *dir))
{
    char dir[512];
    double least = 0;

    for (;;) {
        snprintf(dir, sizeof(dir), "%s%s", mount, group);
        double q = quota(dir);
        if (q > 0 && (least <= 0 || q < least))
            least = q;
        char *slash = strrchr(group, '/');
        if (!slash || group[0] == 0)
            return least;
        *slash = 0;
    }
}

static double cgroup_quota(void)
{
    char text[4096];
    double least = 0;

    if (read_file("/proc/self/cgroup", text, sizeof(text)) <= 0)
        return 0;
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        char *names = strchr(line, ':');
        char *group = names ? strchr(names + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = 0;
        names++;
        double q = 0;
        if (*names == 0)
            q = least_quota("/sys/fs/cgroup", group, quota_v2);
        else if (strcmp(names, "cpu") == 0 || strstr(names, "cpu,") == names)
            q = least_quota("/sys/fs/cgroup/cpu", group, quota_v1);
        if (q > 0 && (least <= 0 || q < least))
            least = q;
    }
    return least;
}

int os_default_procs(void)
{
    int cpus = os_cpu_count();
    double quota = cgroup_quota();

    if (quota <= 0)
        return cpus;
    int by_quota = (int)quota + (quota > (double)(int)quota ? 1 : 0);
    if (by_quota < 2)
        by_quota = 2;
    return by_quota < cpus ? by_quota : cpus;
}
