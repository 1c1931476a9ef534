/* SPDX-License-Identifier: MIT */
/*
 * peer_faults_test.c - what a network does to a program: peers that are killed in the middle of a
 * transfer, and more who dial than a listener has room for.
 */
#include "../api/exec_util.h"
#include "../api/net_util.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- a peer that is killed ---- */

/* Our end of a connection whose other end is a child's standard input or output: a socket that
 * blocks, as programs expect it. By system calls, since leat closes its end by one, of which
 * ThreadSanitizer would not hear. */
static leat_io *tcp_to_child(int *fd)
{
    char at[LEAT_ADDR_TEXT];
    leat_listener *l = listen_on("tcp4", at);
    leat_addr addr;
    leat_io *conn;

    T_ERR(leat_listener_addr(l, &addr), 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)leat_addr_port(&addr)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    T_EQ(syscall(SYS_connect, *fd, &to, sizeof to), 0);
    T_ERR(leat_accept(l, &conn), 0);
    leat_listener_free(l);
    return conn;
}

static leat_io *unix_to_child(int *fd)
{
    leat_io *conn;
    int fds[2];

    T_EQ(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    T_ERR(leat_io_adopt(&conn, fds[0]), 0);
    *fd = fds[1];
    return conn;
}

static leat_io *(*const to_child[])(int *fd) = {tcp_to_child, unix_to_child};

static void kill_peer(leat_cmd *c)
{
    T_ERR(leat_cmd_signal(c, SIGKILL), 0);
    T_EQ(leat_cmd_wait(c), 128 + SIGKILL);
}

/* "yes" writes y and a line end for ever. */
static void read_until_killed(leat_io *conn, leat_cmd *c, int64_t enough)
{
    char buf[10000];
    int64_t n, all = 0;
    bool killed = false;

    while ((n = leat_read(conn, buf, sizeof buf)) > 0) {
        for (int64_t i = 0; i < n; i++)
            if (buf[i] != "y\n"[(all + i) % 2])
                T_FAIL("byte %lld is %d", (long long)(all + i), buf[i]);
        all += n;
        if (!killed && all >= enough) {
            kill_peer(c);
            killed = true;
        }
    }
    T_TRUE(n == 0 || n == -ECONNRESET);
    T_TRUE(killed);
}

T_TEST(a_writer_that_is_killed_is_an_end_for_its_reader, .timeout_ms = 60000)
{
    for (long i = 0; i < t_scale(40); i++) {
        int fd;
        leat_io *conn = to_child[i % 2](&fd);
        leat_cmd c = {.argv = LEAT_ARGV("yes"), .out_fd = LEAT_FD(fd)};
        T_ERR(leat_cmd_start(&c), 0);
        T_EQ(syscall(SYS_close, fd), 0); /* the child's is the only one */
        read_until_killed(conn, &c, (int64_t)(1 + t_rand() % 3000000));
        leat_io_free(conn);
        no_child_is_left();
    }
}

struct killer {
    leat_cmd *victim;
    atomic_long written;
    int64_t enough;
};

static void kill_in_time(leat_waitgroup *wg, struct killer *k)
{
    while (atomic_load(&k->written) < k->enough)
        leat_yield();
    kill_peer(k->victim);
    leat_waitgroup_done(wg);
}

/* It reads, or it stands still so that its writer waits for room: then the end must wake it. */
static void write_until_killed(leat_io *conn, leat_cmd *victim, int64_t enough)
{
    static const char block[10000];
    struct killer k = {.victim = victim, .enough = enough};
    leat_waitgroup wg = {0};
    int64_t n;

    leat_waitgroup_add(&wg, 1);
    leat_go(kill_in_time, &wg, &k);
    while ((n = leat_write(conn, block, sizeof block)) > 0)
        atomic_fetch_add(&k.written, n);
    T_TRUE(n == -EPIPE || n == -ECONNRESET);
    leat_waitgroup_wait(&wg);
}

T_TEST(a_reader_that_is_killed_is_an_error_for_its_writer, .timeout_ms = 60000)
{
    for (long i = 0; i < t_scale(40); i++) {
        bool reads = i / 2 % 2 == 0;
        int fd;
        leat_io *conn = to_child[i % 2](&fd);
        leat_cmd c = {.argv = reads ? LEAT_ARGV("cat") : LEAT_ARGV("sleep", "3600"),
                      .in_fd = LEAT_FD(fd)};
        T_ERR(leat_cmd_start(&c), 0);
        T_EQ(syscall(SYS_close, fd), 0);
        write_until_killed(conn, &c, reads ? (int64_t)(1 + t_rand() % 3000000) : 20000);
        leat_io_free(conn);
        no_child_is_left();
    }
}

/* ---- more who dial than there is room for ---- */

static void dial_and_talk(leat_waitgroup *wg, const char *network, const char *at, int value)
{
    leat_io *conn;
    int heard = 0;

    T_ERR(leat_dial(&conn, network, at), 0);
    T_EQ(leat_write(conn, &value, sizeof value), (int64_t)sizeof value);
    T_EQ(leat_read_full(conn, &heard, sizeof heard), (int64_t)sizeof heard);
    T_EQ(heard, value);
    leat_io_free(conn);
    leat_waitgroup_done(wg);
}

static void talk_back(leat_io *conn)
{
    int value;

    if (leat_read_full(conn, &value, sizeof value) == (int64_t)sizeof value)
        T_EQ(leat_write(conn, &value, sizeof value), (int64_t)sizeof value);
    leat_io_free(conn);
}

static void serve_talkers(leat_listener *l)
{
    leat_io *conn;
    int err;

    while ((err = leat_accept(l, &conn)) == 0)
        leat_go(talk_back, conn);
    T_ERR(err, -EBADF);
}

/* Takes all the room there is: who dials now hears nothing. They go away again, but in the queue
 * they stay. */
static void fill_queue(const char *network, const char *at)
{
    leat_io *conn;
    int err, n = 0;

    while ((err = leat_dial_until(&conn, network, at, leat_now() + 200 * LEAT_MILLISECOND)) ==
           0) {
        leat_io_free(conn);
        T_LT(++n, 8);
    }
    T_ERR(err, -ETIMEDOUT);
}

/* Nobody accepts until there is no room; then all who have waited meanwhile are served. */
static void overflow(const char *network, int ndiallers)
{
    const leat_listen_options one = {.backlog = 1};
    char at[LEAT_ADDR_TEXT];
    leat_waitgroup diallers = {0}, server = {0};
    leat_listener *l;
    leat_addr addr;

    T_ERR(leat_listen_with(&l, network, net_free_address(network), &one), 0);
    T_ERR(leat_listener_addr(l, &addr), 0);
    leat_addr_format(&addr, at, sizeof at);
    fill_queue(network, at);
    leat_waitgroup_add(&diallers, ndiallers);
    for (int i = 0; i < ndiallers; i++)
        leat_go(dial_and_talk, &diallers, network, (const char *)at, i);
    for (int i = 0; i < 100; i++)
        leat_yield();
    leat_waitgroup_go(&server, serve_talkers, l);
    leat_waitgroup_wait(&diallers);
    T_ERR(leat_listener_close(l), 0);
    leat_waitgroup_wait(&server);
    leat_listener_free(l);
}

/* Few, since the kernel asks again after one second only, then after two, and so on. */
T_TEST(all_who_dial_a_full_listener_of_tcp_come_in, .timeout_ms = 120000)
{
    overflow("tcp", 4);
}

T_TEST(all_who_dial_a_full_listener_of_unix_come_in, .timeout_ms = 60000)
{
    for (long i = 0; i < t_scale(10); i++)
        overflow("unix", 30);
}
