/* SPDX-License-Identifier: MIT */
/*
 * child.c - see child.h.
 *
 * START   posix_spawn, which in glibc and musl is a clone that shares our memory until exec: no
 *   page is copied, no handler of pthread_atfork runs, and an exec that fails is told. The child
 *   may run nothing but the C library's code for it, so what it does is a list of actions.
 *
 * DESCRIPTORS  A source that has one of the numbers to be given would be overwritten before its
 *   turn comes: it is moved above them first. All others are closed by the child itself, where
 *   the C library can be told to: close-on-exec does not reach those of other libraries.
 *
 * REJECTED  fork: it copies page tables, and between it and exec the child of a process with
 *   threads must not even allocate. vfork by hand: its child must not return, and what it may
 *   touch no compiler checks.
 *
 * PROOF  tests/api/exec_manners_test.c.
 */
#include "os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/rw.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

extern char **environ;

/* ---- finding ---- */

static int is_program(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EACCES;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : -errno;
}

static int in_directory(char *path, size_t size, const char *dir, size_t n, const char *name)
{
    size_t length = strlen(name);

    if (n + 1 + length + 1 > size)
        return -ENAMETOOLONG;
    memcpy(path, dir, n);
    path[n] = '/';
    memcpy(path + n + 1, name, length + 1);
    return is_program(path);
}

int os_find_program(char *path, size_t size, const char *name)
{
    const char *dir = getenv("PATH");
    int too_long = 0;

    if (strchr(name, '/')) {
        if (strlen(name) + 1 > size)
            return -ENAMETOOLONG;
        memcpy(path, name, strlen(name) + 1);
        return is_program(path);
    }
    while (*name && dir && *dir) {
        size_t n = strcspn(dir, ":");
        int err = *dir == '/' ? in_directory(path, size, dir, n, name) : -ENOENT;
        if (err == 0)
            return 0;
        if (err == -ENAMETOOLONG)
            too_long = err;
        dir += n + (dir[n] == ':');
    }
    return too_long ? too_long : -ENOENT;
}

/* ---- starting ---- */

/* Sources out of the way of 0 to n-1: those that are ours to close then are in `moved`. */
static int move_sources(const int *fds, int n, int sources[], int moved[])
{
    for (int i = 0; i < n; i++)
        moved[i] = -1;
    for (int i = 0; i < n; i++) {
        sources[i] = fds[i];
        if (fds[i] < 0 || fds[i] >= n)
            continue;
        moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, n);
        if (moved[i] < 0)
            return -errno;
        sources[i] = moved[i];
    }
    return 0;
}

static int list_actions(posix_spawn_file_actions_t *list, const struct os_child *c,
                        const int sources[])
{
    int err = 0;

    for (int i = 0; i < c->nfds && !err; i++)
        err = sources[i] < 0 ? posix_spawn_file_actions_addopen(list, i, "/dev/null",
                                                                i ? O_WRONLY : O_RDONLY, 0)
                             : posix_spawn_file_actions_adddup2(list, sources[i], i);
    if (!err && c->dir)
        err = posix_spawn_file_actions_addchdir_np(list, c->dir);
#if defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 34)
    if (!err)
        err = posix_spawn_file_actions_addclosefrom_np(list, c->nfds);
#endif
#endif
    return -err;
}

static int spawn_listed(const struct os_child *c, const char *path,
                        const posix_spawn_file_actions_t *list)
{
    posix_spawnattr_t attr;
    sigset_t none;
    pid_t pid = 0;

    int err = posix_spawnattr_init(&attr);
    if (err)
        return -err;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setflags(&attr, (short)(POSIX_SPAWN_SETSIGMASK |
                                            (c->group ? POSIX_SPAWN_SETPGROUP : 0)));
    err = posix_spawn(&pid, path, list, &attr, (char *const *)(const void *)c->argv,
                      c->env ? (char *const *)(const void *)c->env : environ);
    posix_spawnattr_destroy(&attr);
    return err ? -err : pid;
}

static int spawn_found(const struct os_child *c, const char *path)
{
    int sources[OS_CHILD_FDS] = {0}, moved[OS_CHILD_FDS];
    posix_spawn_file_actions_t list;
    int result = posix_spawn_file_actions_init(&list);

    if (result)
        return -result;
    result = move_sources(c->fds, c->nfds, sources, moved);
    if (!result)
        result = list_actions(&list, c, sources);
    if (!result)
        result = spawn_listed(c, path, &list);
    for (int i = 0; i < c->nfds; i++)
        if (moved[i] >= 0)
            os_close(moved[i]);
    posix_spawn_file_actions_destroy(&list);
    return result;
}

int os_child_start(const struct os_child *c)
{
    char found[4096];
    const char *path = c->name;

    if (c->nfds > OS_CHILD_FDS)
        return -EINVAL;
    if (!strchr(path, '/')) {
        int err = os_find_program(found, sizeof(found), path);
        if (err)
            return err;
        path = found;
    }
    return spawn_found(c, path);
}

/* ---- its end ---- */

int os_child_watch(int pid)
{
    long fd = syscall(SYS_pidfd_open, pid, 0);

    return fd >= 0 ? (int)fd : -errno;
}

int os_child_await(int pid)
{
    siginfo_t info;

    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

int os_child_reap(int pid, struct os_end *end)
{
    siginfo_t info = {.si_pid = 0};

    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG) < 0)
        if (errno != EINTR)
            return -errno;
    if (info.si_pid == 0)
        return -EAGAIN;
    end->code = info.si_code == CLD_EXITED ? info.si_status : -1;
    end->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
    return 0;
}

int os_child_signal(int pid, bool group, int sig)
{
    return kill(group ? -pid : pid, sig) == 0 ? 0 : -errno;
}
