/* SPDX-License-Identifier: MIT */
/*
 * posix_rw_test.c - read, write, readv, writev park, and give what libc's give.
 *
 * script() is run by a thread, for which the calls are libc's, and by a goroutine; both must see
 * the same results and the same errno, call for call.
 */
#include <leat/posix.h>

#include <leat.h>

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "t.h"
#include "tasks.h"
#include "trace.h"

static atomic_int sigpipes;

static void count_sigpipe(int sig)
{
    (void)sig;
    atomic_fetch_add(&sigpipes, 1);
}

static void pipes(struct trace *t)
{
    char buf[64] = {0};
    uint64_t v = 3;
    int p[2];

    T_EQ(pipe(p), 0);
    TRACE(t, write(p[1], "hello", 5));
    TRACE(t, read(p[0], buf, 2));
    TRACE(t, read(p[0], buf, sizeof(buf)));
    TRACE(t, read(p[0], buf, 0));
    TRACE(t, write(p[1], buf, 0));
    TRACE(t, read(p[1], buf, 1));
    TRACE(t, write(p[0], buf, 1));
    char *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TRACE(t, write(p[1], nowhere, 3));
    munmap(nowhere, 4096);
    T_EQ(fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
    TRACE(t, read(p[0], buf, 1));
    TRACE(t, (fcntl(p[0], F_GETFL) & O_NONBLOCK) != 0);
    T_EQ(fcntl(p[1], F_SETFL, O_NONBLOCK), 0);
    char *big = calloc(1, 1 << 20);
    TRACE(t, write(p[1], big, 1 << 20));
    TRACE(t, write(p[1], big, 100));
    free(big);
    close(p[0]);
    TRACE(t, write(p[1], "x", 1));
    close(p[1]);
    TRACE(t, read(p[1], buf, 1));
    int e = eventfd(0, 0);
    TRACE(t, write(e, &v, sizeof(v)));
    TRACE(t, read(e, &v, sizeof(v)));
    TRACE(t, write(e, &v, 3));
    close(e);
}

static void sockets(struct trace *t)
{
    struct timeval tv = {0, 3000};
    char buf[64] = {0};
    struct iovec iov[2] = {{buf, 3}, {buf + 3, 3}};
    int s[2];

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    TRACE(t, writev(s[0], iov, 2));
    TRACE(t, readv(s[1], iov, 2));
    TRACE(t, readv(s[1], iov, 0));
    volatile int wrong = -1;
    TRACE(t, readv(s[1], iov, wrong));
    static struct iovec many[IOV_MAX + 1];
    TRACE(t, writev(s[1], many, IOV_MAX + 1));
    T_EQ(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
    TRACE(t, read(s[0], buf, 1));
    T_EQ(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
    char *big = calloc(1, 8 << 20);
    TRACE(t, write(s[0], big, 8 << 20) > 0);
    TRACE(t, write(s[0], big, 8 << 20));
    free(big);
    close(s[1]);
    TRACE(t, write(s[0], "x", 1));
    TRACE(t, read(s[0], buf, 1));
    TRACE(t, read(s[0], buf, 1));
    close(s[0]);
    T_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
    TRACE(t, write(s[0], "datagram", 8));
    TRACE(t, read(s[1], buf, 3));
    TRACE(t, write(s[0], "again", 5));
    TRACE(t, read(s[1], buf, sizeof(buf)));
    close(s[0]);
    close(s[1]);
}

static void files(struct trace *t)
{
    char buf[16] = {0}, name[] = "leat-posix-XXXXXX";
    int fd = mkstemp(name);

    T_GE(fd, 0);
    unlink(name);
    TRACE(t, write(fd, "0123456789", 10));
    TRACE(t, lseek(fd, 2, SEEK_SET));
    TRACE(t, read(fd, buf, 4));
    TRACE(t, buf[0]);
    TRACE(t, read(fd, buf, sizeof(buf)));
    TRACE(t, read(fd, buf, sizeof(buf)));
    close(fd);
    fd = open("/dev/null", O_RDWR);
    TRACE(t, read(fd, buf, 4));
    TRACE(t, write(fd, buf, 4));
    close(fd);
    fd = open(".", O_RDONLY);
    TRACE(t, read(fd, buf, 4));
    close(fd);
}

static void script(struct trace *t)
{
    atomic_store(&sigpipes, 0);
    pipes(t);
    sockets(t);
    files(t);
    TRACE(t, atomic_load(&sigpipes));
}

T_TEST(results_are_libcs)
{
    signal(SIGPIPE, count_sigpipe);
    trace_both(script);
}

/* ---- parking ---- */

enum { CHAIN = 500, BIG = 3 << 20 };

static void pass_on(int from, int to, leat_waitgroup *wg)
{
    char c;

    T_EQ(read(from, &c, 1), 1);
    T_EQ(write(to, &c, 1), 1);
    leat_waitgroup_done(wg);
}

/* A byte through pipes, each with a goroutine that waits for it. */
T_TEST(readers_park)
{
    static int p[CHAIN + 1][2];
    leat_waitgroup wg = {0};
    char c = 'x';

    leat_waitgroup_add(&wg, CHAIN);
    for (int i = 0; i <= CHAIN; i++)
        T_EQ(i % 2 ? pipe(p[i]) : socketpair(AF_UNIX, SOCK_STREAM, 0, p[i]), 0);
    for (int i = 0; i < CHAIN; i++)
        leat_go(pass_on, p[i][0], p[i + 1][1], &wg);
    T_EQ(write(p[0][1], &c, 1), 1);
    c = 0;
    T_EQ(read(p[CHAIN][0], &c, 1), 1);
    T_EQ(c, 'x');
    leat_waitgroup_wait(&wg);
    T_LT(task_count(), 40);
    for (int i = 0; i <= CHAIN; i++) {
        close(p[i][0]);
        close(p[i][1]);
    }
}

static void write_big(int fd, bool vector, leat_waitgroup *wg)
{
    unsigned char *data = malloc(BIG);

    for (size_t i = 0; i < BIG; i++)
        data[i] = (unsigned char)(i * 7 + i / 251);
    if (vector) {
        enum { PARTS = 100 };
        struct iovec iov[PARTS];
        for (size_t i = 0; i < PARTS; i++)
            iov[i] = (struct iovec){data + i * (BIG / PARTS), BIG / PARTS};
        iov[PARTS - 1].iov_len = BIG - (PARTS - 1) * (BIG / PARTS);
        T_EQ(writev(fd, iov, PARTS), BIG);
    } else {
        T_EQ(write(fd, data, BIG), BIG);
    }
    free(data);
    close(fd);
    leat_waitgroup_done(wg);
}

static void read_big(int fd)
{
    unsigned char buf[5000];
    size_t at = 0;
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0)
        for (ssize_t i = 0; i < n; i++, at++)
            T_EQ(buf[i], (unsigned char)(at * 7 + at / 251));
    T_EQ(n, 0);
    T_EQ(at, BIG);
    close(fd);
}

T_TEST(a_write_is_complete)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < 4; i++) {
        int p[2];
        T_EQ(i % 2 ? pipe(p) : socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
        leat_waitgroup_add(&wg, 1);
        leat_go(write_big, p[1], i >= 2, &wg);
        read_big(p[0]);
        leat_waitgroup_wait(&wg);
    }
}

/* Many for one pipe: each byte reaches one reader, and nobody keeps his thread. */
static void read_one(int fd, atomic_int *got, leat_waitgroup *wg)
{
    char c;

    T_EQ(read(fd, &c, 1), 1);
    atomic_fetch_add(got, 1);
    leat_waitgroup_done(wg);
}

T_TEST(readers_of_one_pipe)
{
    enum { READERS = 100 };
    leat_waitgroup wg = {0};
    atomic_int got = 0;
    int p[2];

    T_EQ(pipe(p), 0);
    leat_waitgroup_add(&wg, READERS);
    for (int i = 0; i < READERS; i++)
        leat_go(read_one, p[0], &got, &wg);
    for (int i = 0; i < READERS; i++) {
        T_EQ(write(p[1], "x", 1), 1);
        leat_yield();
    }
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&got), READERS);
    T_LT(task_count(), 40);
    close(p[0]);
    close(p[1]);
}
