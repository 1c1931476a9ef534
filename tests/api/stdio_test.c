/* SPDX-License-Identifier: MIT */
/* stdio_test.c - standard streams: they park, and leave descriptors as they are. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <leat.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "t.h"

/* Kernels that know no call that does not sleep: preadv2 and pwritev2 fail as told. */
static void no_calls_that_do_not_sleep(void)
{
    struct sock_filter code[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
        {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SYS_preadv2},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_pwritev2},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EOPNOTSUPP},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    struct sock_fprog program = {5, code};

    T_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    T_EQ(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program), 0);
}

/* A pipe to our standard input; its writing end. */
static int input_pipe(void)
{
    int fds[2];

    T_EQ(pipe2(fds, O_CLOEXEC), 0);
    T_EQ(dup2(fds[0], 0), 0);
    close(fds[0]);
    return fds[1];
}

/* A pipe from our standard output; its reading end. */
static int output_pipe(void)
{
    int fds[2];

    T_EQ(pipe2(fds, O_CLOEXEC), 0);
    T_EQ(dup2(fds[1], 1), 1);
    close(fds[1]);
    return fds[0];
}

static void still_blocking(int fd)
{
    T_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

static void write_one_by_one(int fd, int n)
{
    for (int i = 0; i < n; i++) {
        T_EQ(write(fd, "x", 1), 1);
        leat_yield();
    }
    close(fd);
}

static void read_all_parked(void)
{
    int fd = input_pipe(), n = 0;
    char c;

    leat_go(write_one_by_one, fd, 300);
    while (leat_read(leat_stdin(), &c, 1) == 1)
        n++;
    T_EQ(n, 300);
    T_EQ(leat_read(leat_stdin(), &c, 1), 0);
    still_blocking(0);
}

T_TEST(input_parks)
{
    read_all_parked();
}

T_TEST(input_parks_on_older_kernels, .modes = "!qemu,!valgrind")
{
    no_calls_that_do_not_sleep();
    read_all_parked();
}

static void drain(leat_waitgroup *wg, int fd, char *got, size_t n)
{
    leat_io *io;

    T_ERR(leat_io_adopt(&io, fd), 0);
    T_EQ(leat_read_full(io, got, n), (int64_t)n);
    leat_io_free(io);
    leat_waitgroup_done(wg);
}

static void write_much(void)
{
    enum { SIZE = 300000 };
    static char in[SIZE], out[SIZE];
    leat_waitgroup wg = {0};
    int fd = output_pipe();

    for (size_t i = 0; i < SIZE; i++)
        in[i] = (char)(i * 31 / 7);
    leat_waitgroup_add(&wg, 1);
    leat_go(drain, &wg, fd, out, (size_t)SIZE);
    const leat_iovec from[] = {{in, 100000}, {in + 100000, 1}, {in + 100001, SIZE - 100001}};
    size_t done;
    T_EQ(leat_writev(leat_stdout(), from, 3, &done, NULL), SIZE);
    T_EQ(done, SIZE);
    leat_waitgroup_wait(&wg);
    T_MEMEQ(in, out, SIZE);
    still_blocking(1);
    T_ERR(leat_write(leat_stdout(), "x", 1), -EPIPE);
}

T_TEST(output_parks)
{
    write_much();
}

T_TEST(output_parks_on_older_kernels, .modes = "!qemu,!valgrind")
{
    no_calls_that_do_not_sleep();
    write_much();
}

/* ---- another reader ---- */

static void *other_reader(void *arg)
{
    int fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
    atomic_int *n = arg;
    char c;

    while (read(fd, &c, 1) == 1)
        atomic_fetch_add(n, 1);
    close(fd);
    return NULL;
}

static void share_input(void)
{
    atomic_int others = 0;
    pthread_t thread;
    int fd = input_pipe(), mine = 0;
    char c;

    T_EQ(pthread_create(&thread, NULL, other_reader, &others), 0);
    leat_go(write_one_by_one, fd, (int)t_scale(2000));
    while (leat_read(leat_stdin(), &c, 1) == 1)
        mine++;
    pthread_join(thread, NULL);
    T_EQ(mine + atomic_load(&others), (int)t_scale(2000));
}

T_TEST(another_reader_may_be_faster)
{
    share_input();
}

T_TEST(another_reader_may_be_faster_on_older_kernels, .modes = "!qemu,!valgrind")
{
    no_calls_that_do_not_sleep();
    share_input();
}

/* ---- limits ---- */

static void end_it(leat_waitgroup *wg, leat_ctx *ctx, int how)
{
    leat_yield();
    if (how == 0)
        leat_ctx_cancel(ctx);
    else if (how == 1)
        T_ERR(leat_io_set_deadline(leat_stdin(), LEAT_READ, leat_now()), 0);
    else
        T_ERR(leat_io_close(leat_stdin()), 0);
    leat_waitgroup_done(wg);
}

static void limits(void)
{
    int fd = input_pipe();
    leat_waitgroup wg = {0};
    char c;

    for (int how = 0; how < 3; how++) {
        leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
        leat_waitgroup_add(&wg, 1);
        leat_go(end_it, &wg, ctx, how);
        T_ERR(leat_read_ctx(ctx, leat_stdin(), &c, 1), how == 0   ? -ECANCELED
                                                       : how == 1 ? -ETIMEDOUT
                                                                  : -EBADF);
        leat_waitgroup_wait(&wg);
        if (how < 2)
            T_ERR(leat_io_set_deadline(leat_stdin(), LEAT_READ, LEAT_FOREVER), 0);
        if (how < 2)
            T_ERR(leat_read_until(leat_stdin(), &c, 1, leat_now() + LEAT_MILLISECOND),
                  -ETIMEDOUT);
    }
    T_ERR(leat_read(leat_stdin(), &c, 1), -EBADF);
    T_ERR(leat_io_close(leat_stdin()), -EBADF);
    T_ERR(leat_io_set_deadline(leat_stdin(), LEAT_READ, 0), -EBADF);
    T_EQ(read(0, &c, 1), 0); /* /dev/null has its number */
    close(fd);
}

T_TEST(contexts_deadlines_and_closing)
{
    limits();
}

T_TEST(contexts_deadlines_and_closing_on_older_kernels, .modes = "!qemu,!valgrind")
{
    no_calls_that_do_not_sleep();
    limits();
}

T_TEST(a_full_pipe_has_limits_too)
{
    static char big[200000];
    int fd = output_pipe();
    size_t done;
    const leat_limit limit = {NULL, leat_now() + LEAT_MILLISECOND};
    const leat_iovec one = {big, sizeof(big)};

    T_ERR(leat_writev(leat_stdout(), &one, 1, &done, &limit), -ETIMEDOUT);
    T_LT(done, sizeof(big));
    close(fd);
}

/* ---- kinds ---- */

T_TEST(closing_the_output_tells_its_reader)
{
    int fd = output_pipe();
    char c;

    T_EQ(leat_write(leat_stdout(), "x", 1), 1);
    leat_io_free(leat_stdout());
    T_EQ(read(fd, &c, 1), 1);
    T_EQ(read(fd, &c, 1), 0);
    T_ERR(leat_write(leat_stdout(), "x", 1), -EBADF);
    close(fd);
}

T_TEST(files_and_sockets)
{
    char path[] = "/tmp/leat-stdio-XXXXXX", got[8] = "";
    int fd = mkstemp(path), fds[2];

    unlink(path);
    T_EQ(dup2(fd, 1), 1);
    T_EQ(dup2(fd, 0), 0);
    T_EQ(leat_write(leat_stdout(), "content", 7), 7);
    T_EQ(lseek(fd, 0, SEEK_SET), 0);
    T_EQ(leat_read(leat_stdin(), got, sizeof(got)), 7);
    T_STREQ(got, "content");
    T_EQ(leat_read(leat_stdin(), got, sizeof(got)), 0);
    close(fd);
    T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    T_EQ(dup2(fds[0], 0), 0);
    T_EQ(dup2(fds[0], 1), 1);
    close(fds[0]);
    leat_go(write_one_by_one, fds[1], 3);
    T_EQ(leat_read_full(leat_stdin(), got, 3), 3);
    T_MEMEQ(got, "xxx", 3);
    T_EQ(leat_read(leat_stdin(), got, 1), 0);
    T_ERR(leat_write(leat_stdout(), "x", 1), -EPIPE);
    still_blocking(0);
}

static void type(leat_waitgroup *wg, int master)
{
    T_EQ(write(master, "ls\n", 3), 3);
    leat_waitgroup_done(wg);
}

T_TEST(a_terminal, .modes = "!qemu,!valgrind")
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char got[32] = "", name[64];
    leat_waitgroup wg = {0};

    if (master < 0)
        T_SKIP("no terminals here: /dev/pts is not mounted");
    T_EQ(grantpt(master), 0);
    T_EQ(unlockpt(master), 0);
    T_EQ(ptsname_r(master, name, sizeof(name)), 0);
    int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    T_GE(slave, 0);
    T_EQ(dup2(slave, 0), 0);
    T_EQ(dup2(slave, 1), 1);
    close(slave);
    T_ERR(leat_read_until(leat_stdin(), got, 1, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    leat_waitgroup_add(&wg, 1);
    leat_go(type, &wg, master);
    T_EQ(leat_read(leat_stdin(), got, sizeof(got)), 3);
    leat_waitgroup_wait(&wg);
    T_STREQ(got, "ls\n");
    T_EQ(leat_write(leat_stdout(), "file", 4), 4);
    for (size_t n = 0; n < 8;) { /* what was typed is echoed first */
        ssize_t part = read(master, got + n, 8 - n);
        T_GT(part, 0);
        n += (size_t)part;
    }
    T_MEMEQ(got, "ls\r\nfile", 8);
    still_blocking(0);
    close(master);
}

/* A child gets them as they are, and files too. */
T_TEST(children_get_the_descriptors)
{
    char path[128], *text;
    leat_io *f;
    int in = input_pipe(), out = output_pipe();
    leat_cmd c = {.argv = LEAT_ARGV("cat"), .in = leat_stdin(), .out = leat_stdout()};

    T_EQ(write(in, "via cat", 7), 7);
    close(in);
    T_ERR(leat_cmd_run(&c), 0);
    char got[8] = "";
    T_EQ(read(out, got, 7), 7);
    T_STREQ(got, "via cat");
    close(out);
    T_ERR(leat_temp_file(&f, path, sizeof(path), NULL, "leat-stdio-"), 0);
    leat_cmd d = {.argv = LEAT_ARGV("sh", "-c", "echo a; echo b >&2"), .out = f, .err = f};
    T_ERR(leat_cmd_run(&d), 0);
    leat_io_close(f);
    T_ERR(leat_cmd_run(&d), -EBADF);
    leat_io_free(f);
    T_ERR(leat_read_file(path, &text, NULL), 0);
    T_STREQ(text, "a\nb\n");
    free(text);
    T_EQ(unlink(path), 0);
}
