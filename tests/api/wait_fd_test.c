/* SPDX-License-Identifier: MIT */
/* wait_fd_test.c - waiting for descriptors that leat did not open. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <leat.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t.h"

static void wait_for(leat_int_chan results, int fd, unsigned events)
{
    leat_send(results, leat_wait_fd(fd, events, LEAT_FOREVER));
}

T_TEST(a_pipe_becomes_readable)
{
    leat_scoped_chan(leat_int_chan, results, 0);
    int fds[2], got;

    T_EQ(pipe2(fds, O_CLOEXEC), 0);
    for (long i = 0; i < t_scale(500); i++) {
        char c = 'x';
        leat_go(wait_for, results, fds[0], LEAT_READABLE);
        if (i % 2)
            leat_sleep(10 * LEAT_MICROSECOND);
        T_EQ(write(fds[1], &c, 1), 1);
        leat_recv(results, &got);
        T_EQ(got, LEAT_READABLE);
        T_EQ(read(fds[0], &c, 1), 1);
    }
    close(fds[1]);
    T_EQ(leat_wait_fd(fds[0], LEAT_READABLE, LEAT_FOREVER) & LEAT_HANGUP, LEAT_HANGUP);
    close(fds[0]);
}

T_TEST(it_gives_up_at_a_time_or_with_a_context)
{
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, LEAT_MILLISECOND));
    int fds[2];

    T_EQ(pipe2(fds, O_CLOEXEC), 0);
    T_ERR(leat_wait_fd(fds[0], LEAT_READABLE, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    T_ERR(leat_wait_fd(fds[0], LEAT_READABLE, leat_now()), -ETIMEDOUT);
    T_ERR(leat_wait_fd_ctx(ctx, fds[0], LEAT_READABLE), -ETIMEDOUT);
    close(fds[0]);
    close(fds[1]);
}

T_TEST(bad_input_is_an_error)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    T_ERR(leat_wait_fd(-1, LEAT_READABLE, LEAT_FOREVER), -EBADF);
    T_ERR(leat_wait_fd(fd, 0, LEAT_FOREVER), -EINVAL);
    T_EQ(leat_wait_fd(fd, LEAT_WRITABLE, LEAT_FOREVER), LEAT_WRITABLE);
    close(fd);
    T_ERR(leat_wait_fd(fd, LEAT_READABLE, LEAT_FOREVER), -EBADF);
}

T_TEST(a_regular_file_is_ready)
{
    char path[] = "/tmp/leat-wait-XXXXXX";
    int fd = mkstemp(path);

    unlink(path);
    T_EQ(leat_wait_fd(fd, LEAT_READABLE | LEAT_WRITABLE, LEAT_FOREVER),
         LEAT_READABLE | LEAT_WRITABLE);
    close(fd);
}

/* One waits to read, one to write, on one descriptor; a reader leaves early and is not missed. */
T_TEST(several_wait_for_one_descriptor)
{
    leat_scoped_chan(leat_int_chan, readers, 0);
    leat_scoped_chan(leat_int_chan, writers, 0);
    int fds[2], got;
    char block[4096] = "";

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    while (write(fds[0], block, sizeof block) > 0)
        continue;
    for (int i = 0; i < 3; i++)
        leat_go(wait_for, readers, fds[0], LEAT_READABLE);
    leat_go(wait_for, writers, fds[0], LEAT_WRITABLE);
    T_ERR(leat_wait_fd(fds[0], LEAT_READABLE, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    T_EQ(write(fds[1], "x", 1), 1);
    for (int i = 0; i < 3; i++) {
        leat_recv(readers, &got);
        T_EQ(got, LEAT_READABLE);
    }
    T_EQ(read(fds[0], block, 1), 1);
    while (read(fds[1], block, sizeof block) > 0)
        continue;
    leat_recv(writers, &got);
    T_EQ(got, LEAT_WRITABLE);
    close(fds[0]);
    close(fds[1]);
}

/* The number comes back as another file: nothing of the first one is remembered. */
T_TEST(a_number_that_comes_back_is_another_file)
{
    for (long i = 0; i < t_scale(200); i++) {
        int fds[2];
        char c = 'x';
        T_EQ(pipe2(fds, O_CLOEXEC), 0);
        T_ERR(leat_wait_fd(fds[0], LEAT_READABLE, leat_now() + LEAT_MICROSECOND), -ETIMEDOUT);
        T_EQ(write(fds[1], &c, 1), 1);
        T_EQ(leat_wait_fd(fds[0], LEAT_READABLE, LEAT_FOREVER), LEAT_READABLE);
        close(fds[0]);
        close(fds[1]);
    }
}

static void *wait_on_thread(void *arg)
{
    T_EQ(leat_wait_fd(*(int *)arg, LEAT_READABLE, LEAT_FOREVER), LEAT_READABLE);
    return NULL;
}

T_TEST(a_thread_waits_too)
{
    int fds[2];
    char c = 'x';
    pthread_t thread;

    T_EQ(pipe2(fds, O_CLOEXEC), 0);
    T_EQ(pthread_create(&thread, NULL, wait_on_thread, &fds[0]), 0);
    leat_sleep(5 * LEAT_MILLISECOND);
    T_EQ(write(fds[1], &c, 1), 1);
    leat_blocking(pthread_join, thread, NULL);
    close(fds[0]);
    close(fds[1]);
}

static void block_in_c(leat_waitgroup *wg, int fd)
{
    char c;

    T_EQ(read(fd, &c, 1), 1); /* nobody is told */
    leat_waitgroup_done(wg);
}

/* The only proc is stuck in C code; who waits for a descriptor goes on all the same. */
T_TEST(a_stuck_proc_holds_nobody_up)
{
    int stuck[2], fds[2];
    leat_waitgroup wg = {0};
    leat_scoped_chan(leat_int_chan, results, 1);
    int got;

    T_EQ(pipe2(stuck, O_CLOEXEC), 0);
    T_EQ(pipe2(fds, O_CLOEXEC), 0);
    leat_waitgroup_add(&wg, t_procs());
    for (int i = 0; i < t_procs(); i++)
        leat_go(block_in_c, &wg, stuck[0]);
    for (int i = 0; i < 20; i++) {
        char c = 'x';
        leat_go(wait_for, results, fds[0], LEAT_READABLE);
        leat_sleep(LEAT_MILLISECOND);
        T_EQ(write(fds[1], &c, 1), 1);
        leat_recv(results, &got);
        T_EQ(got, LEAT_READABLE);
        T_EQ(read(fds[0], &c, 1), 1);
    }
    for (int i = 0; i < t_procs(); i++)
        T_EQ(write(stuck[1], "x", 1), 1);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < 2; i++) {
        close(stuck[i]);
        close(fds[i]);
    }
}

static void answer_once(leat_waitgroup *wg, int from, int to)
{
    char c;

    T_EQ(leat_wait_fd(from, LEAT_READABLE, LEAT_FOREVER), LEAT_READABLE);
    T_EQ(read(from, &c, 1), 1);
    T_EQ(write(to, &c, 1), 1);
    leat_waitgroup_done(wg);
}

static int ask_in_c(int to, int from)
{
    char c = 'x';

    usleep(300000); /* sysmon has gone to sleep as well */
    return write(to, &c, 1) == 1 && read(from, &c, 1) == 1;
}

/* Perhaps there is no thread but the one that blocks: somebody else must ask the poller. */
T_TEST(who_blocks_and_says_so_leaves_somebody_with_the_poller)
{
    int question[2], reply[2];
    leat_waitgroup wg = {0};

    T_EQ(pipe2(question, O_CLOEXEC), 0);
    T_EQ(pipe2(reply, O_CLOEXEC), 0);
    for (int i = 0; i < 3; i++) {
        leat_waitgroup_add(&wg, 1);
        leat_go(answer_once, &wg, question[0], reply[1]);
        leat_yield();
        T_TRUE(leat_blocking(ask_in_c, question[1], reply[0]));
        leat_waitgroup_wait(&wg);
    }
    for (int i = 0; i < 2; i++) {
        close(question[i]);
        close(reply[i]);
    }
}
