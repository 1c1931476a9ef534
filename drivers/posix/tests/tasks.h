/* SPDX-License-Identifier: MIT */
/* tasks.h - how many threads this process has: few, if goroutines park and do not block. */
#ifndef LEAT_POSIX_TASKS_H
#define LEAT_POSIX_TASKS_H

#include <dirent.h>

#include "t.h"

static inline int task_count(void)
{
    int n = 0;
    DIR *dir = opendir("/proc/self/task");

    T_TRUE(dir != NULL);
    for (const struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

#endif
