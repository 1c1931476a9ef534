/* SPDX-License-Identifier: MIT */
/*
 * posix_errno_test.c - code without leat's errno, on goroutines that would like to migrate.
 *
 * In the hostile build every wake-up goes to another thread, unless the goroutine is bound.
 */
#include <leat/posix.h>

#include <leat.h>

#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "t.h"
#include "tasks.h"
#include "victim.h"

static void echo(int fd, leat_waitgroup *wg)
{
    char buf[64];
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0)
        T_EQ(write(fd, buf, (size_t)n), n);
    close(fd);
    leat_waitgroup_done(wg);
}

static void suffer(int rounds, leat_waitgroup *wg)
{
    struct timeval tv = {0, 1000};
    int silent[2], pair[2], broken[2], open_pipe[2];

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, silent), 0);
    T_EQ(setsockopt(silent[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
    T_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    T_EQ(pipe(broken), 0);
    T_EQ(pipe(open_pipe), 0);
    close(broken[0]);
    leat_waitgroup_add(wg, 1);
    leat_go(echo, pair[1], wg);
    struct victim_calls c = {.fd = silent[0],
                             .pipe = open_pipe[0],
                             .closed = broken[1],
                             .bad = -1,
                             .echo = pair[0],
                             .rounds = rounds};
    T_EQ(victim_run(&c), 0);
    int all[] = {silent[0], silent[1], pair[0], broken[1], open_pipe[0], open_pipe[1]};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        close(all[i]);
    leat_waitgroup_done(wg);
}

T_TEST(errno_is_right_under_migration)
{
    enum { GOROUTINES = 60 };
    leat_waitgroup wg = {0};

    signal(SIGPIPE, SIG_IGN);
    leat_waitgroup_add(&wg, GOROUTINES);
    for (int i = 0; i < GOROUTINES; i++)
        leat_go(suffer, (int)t_scale(20), &wg);
    leat_waitgroup_wait(&wg);
    T_LT(task_count(), 40);
}
