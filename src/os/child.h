/* SPDX-License-Identifier: MIT */
/* child.h - processes of other programs: start, signal, wait. Results are >= 0, else -errno. */
#ifndef LEAT_OS_CHILD_H
#define LEAT_OS_CHILD_H

#include <stdbool.h>
#include <stddef.h>

enum { OS_CHILD_FDS = 128 };

struct os_child {
    const char *name; /* without a '/': looked for in PATH */
    const char *const *argv;
    const char *const *env; /* NULL: ours */
    const char *dir;        /* NULL: ours */
    const int *fds;         /* fds[i] becomes i; -1: /dev/null. All others are closed */
    int nfds;
    bool group; /* it leads a process group of its own */
};

/* What has become of a child. */
struct os_end {
    int code;   /* -1: it did not exit */
    int signal; /* 0: none has killed it */
};

int os_find_program(char *path, size_t size, const char *name);
/* Its number. Sleeps until the program has been executed, or could not be. */
int os_child_start(const struct os_child *c);
int os_child_watch(int pid); /* a descriptor that is readable once it has ended, or -ENOSYS */
int os_child_await(int pid); /* sleep until it has ended */
/* It is no zombie any more, and the number may be another's. -EAGAIN: it still runs. */
int os_child_reap(int pid, struct os_end *end);
int os_child_signal(int pid, bool group, int sig);

#endif
