/* SPDX-License-Identifier: MIT */
/* posix_socket_test.c - send and recv with their flags; connect and accept. */
#include <leat/posix.h>

#include <leat.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "t.h"
#include "tasks.h"
#include "trace.h"

static const struct timeval soon = {0, 3000};

static int listen_tcp(struct sockaddr_in *at, int backlog)
{
    socklen_t len = sizeof(*at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    T_GE(fd, 0);
    *at = (struct sockaddr_in){.sin_family = AF_INET};
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    T_EQ(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
    T_EQ(listen(fd, backlog), 0);
    T_EQ(getsockname(fd, (struct sockaddr *)at, &len), 0);
    return fd;
}

/* ---- the same as libc ---- */

static void flags(struct trace *t)
{
    char buf[32] = {0};
    int s[2];

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    TRACE(t, recv(s[0], buf, 4, MSG_DONTWAIT));
    TRACE(t, send(s[0], "abcdef", 6, MSG_NOSIGNAL));
    TRACE(t, recv(s[1], buf, 3, MSG_PEEK));
    TRACE(t, recv(s[1], buf, 6, MSG_WAITALL));
    TRACE(t, buf[5]);
    T_EQ(setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
    TRACE(t, send(s[0], "abc", 3, 0));
    TRACE(t, recv(s[1], buf, 6, MSG_WAITALL)); /* what there was, at the timeout */
    TRACE(t, recv(s[1], buf, 6, 0));
    TRACE(t, recvfrom(s[1], buf, 6, 0, NULL, NULL));
    TRACE(t, send(s[0], "end", 3, 0));
    close(s[0]);
    TRACE(t, recv(s[1], buf, 6, MSG_WAITALL));
    TRACE(t, recv(s[1], buf, 6, MSG_WAITALL));
    TRACE(t, send(s[1], "x", 1, MSG_NOSIGNAL));
    TRACE(t, send(s[1], "x", 1, 0));
    close(s[1]);
    TRACE(t, send(-1, "x", 1, 0));
    TRACE(t, recv(STDIN_FILENO, buf, 0, 0) >= 0);
}

static void datagrams(struct trace *t)
{
    struct sockaddr_in a = {.sin_family = AF_INET}, from;
    socklen_t len = sizeof(a);
    char buf[32] = {0};
    int u[2] = {socket(AF_INET, SOCK_DGRAM, 0), socket(AF_INET, SOCK_DGRAM, 0)};

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    T_EQ(bind(u[0], (struct sockaddr *)&a, sizeof(a)), 0);
    T_EQ(getsockname(u[0], (struct sockaddr *)&a, &len), 0);
    TRACE(t, sendto(u[1], "hello", 5, 0, (struct sockaddr *)&a, sizeof(a)));
    len = sizeof(from);
    TRACE(t, recvfrom(u[0], buf, sizeof(buf), 0, (struct sockaddr *)&from, &len));
    TRACE(t, len);
    TRACE(t, from.sin_family);
    TRACE(t, sendto(u[1], "", 0, 0, (struct sockaddr *)&a, sizeof(a)));
    TRACE(t, recv(u[0], buf, sizeof(buf), 0));
    TRACE(t, send(u[1], "x", 1, 0));
    TRACE(t, sendto(u[0], "hello", 5, 0, (struct sockaddr *)&from, len));
    TRACE(t, recv(u[1], buf, 2, MSG_TRUNC));
    T_EQ(setsockopt(u[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
    TRACE(t, recv(u[1], buf, 2, MSG_TRUNC));
    TRACE(t, accept(u[0], NULL, NULL));
    close(u[0]);
    close(u[1]);
}

static void passes_a_descriptor(struct trace *t)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {{0}};
    char buf[8] = "fd";
    struct iovec iov = {buf, 2};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};
    int s[2], passed = -1;

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    m.msg_controllen = sizeof(control);
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.head), &s[0], sizeof(int));
    TRACE(t, sendmsg(s[0], &m, 0));
    memset(&control, 0, sizeof(control));
    iov.iov_len = sizeof(buf);
    TRACE(t, recvmsg(s[1], &m, 0));
    TRACE(t, m.msg_controllen);
    memcpy(&passed, CMSG_DATA(&control.head), sizeof(int));
    TRACE(t, close(passed));
    T_EQ(setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
    TRACE(t, recvmsg(s[1], &m, 0));
    close(s[0]);
    close(s[1]);
}

static void connecting(struct trace *t)
{
    struct sockaddr_in a, peer;
    socklen_t len = sizeof(peer);
    int l = listen_tcp(&a, 5);
    int c = socket(AF_INET, SOCK_STREAM, 0);

    TRACE(t, connect(c, (struct sockaddr *)&a, sizeof(a)));
    TRACE(t, fcntl(c, F_GETFL) & O_NONBLOCK);
    TRACE(t, connect(c, (struct sockaddr *)&a, sizeof(a)));
    int s = accept4(l, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
    TRACE(t, s < 0);
    TRACE(t, len);
    TRACE(t, fcntl(s, F_GETFD) & FD_CLOEXEC);
    T_EQ(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
    TRACE(t, accept(l, NULL, NULL));
    T_EQ(fcntl(l, F_SETFL, O_NONBLOCK), 0);
    TRACE(t, accept(l, NULL, NULL));
    TRACE(t, accept(c, NULL, NULL));
    TRACE(t, accept(-1, NULL, NULL));
    close(l);
    close(c);
    close(s);
    c = socket(AF_INET, SOCK_STREAM, 0);
    TRACE(t, connect(c, (struct sockaddr *)&a, sizeof(a))); /* nobody listens any more */
    close(c);
    c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    TRACE(t, connect(c, (struct sockaddr *)&a, sizeof(a)) < 0);
    TRACE(t, (fcntl(c, F_GETFL) & O_NONBLOCK) != 0);
    close(c);
    TRACE(t, connect(-1, (struct sockaddr *)&a, sizeof(a)));
}

static struct sockaddr_un abstract_name(void)
{
    struct sockaddr_un u = {.sun_family = AF_UNIX};

    snprintf(u.sun_path + 1, sizeof(u.sun_path) - 1, "leat-posix-%d-%llx", (int)getpid(),
             (unsigned long long)t_rand());
    return u;
}

static void full_queue(struct trace *t)
{
    struct sockaddr_un u = abstract_name();
    int l = socket(AF_UNIX, SOCK_STREAM, 0), c[3];

    T_EQ(bind(l, (struct sockaddr *)&u, sizeof(u)), 0);
    T_EQ(listen(l, 1), 0);
    for (int i = 0; i < 3; i++) {
        c[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        T_EQ(setsockopt(c[i], SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)), 0);
        TRACE(t, connect(c[i], (struct sockaddr *)&u, sizeof(u)));
    }
    for (int i = 0; i < 3; i++)
        close(c[i]);
    close(l);
}

static void everything(struct trace *t)
{
    flags(t);
    datagrams(t);
    passes_a_descriptor(t);
    connecting(t);
    full_queue(t);
}

T_TEST(results_are_libcs)
{
    signal(SIGPIPE, SIG_IGN);
    trace_both(everything);
}

/* ---- parking ---- */

static void serve(int fd, leat_waitgroup *wg)
{
    char buf[8];

    T_EQ(recv(fd, buf, sizeof(buf), MSG_WAITALL), sizeof(buf));
    T_EQ(send(fd, buf, sizeof(buf), MSG_NOSIGNAL), sizeof(buf));
    close(fd);
    leat_waitgroup_done(wg);
}

static void accept_all(int l, int n, leat_waitgroup *wg)
{
    for (int i = 0; i < n; i++) {
        int fd = accept(l, NULL, NULL);
        T_GE(fd, 0);
        leat_go(serve, fd, wg);
    }
}

static void visit(const struct sockaddr_in *at, leat_waitgroup *wg)
{
    struct iovec iov[2] = {{"half", 4}, {"rest", 4}};
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
    char buf[8];
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    T_GE(fd, 0);
    T_EQ(connect(fd, (const struct sockaddr *)at, sizeof(*at)), 0);
    T_EQ(sendmsg(fd, &m, MSG_NOSIGNAL), 8);
    T_EQ(recvfrom(fd, buf, sizeof(buf), MSG_WAITALL, NULL, NULL), 8);
    T_MEMEQ(buf, "halfrest", 8);
    close(fd);
    leat_waitgroup_done(wg);
}

/* Four accept from one listener, hundreds connect. */
T_TEST(a_server_and_its_clients)
{
    enum { ACCEPTERS = 4, EACH = 75 };
    leat_waitgroup wg = {0};
    struct sockaddr_in at;
    int l = listen_tcp(&at, 512);

    leat_waitgroup_add(&wg, 2 * ACCEPTERS * EACH);
    for (int i = 0; i < ACCEPTERS; i++)
        leat_go(accept_all, l, EACH, &wg);
    for (int i = 0; i < ACCEPTERS * EACH; i++)
        leat_go(visit, &at, &wg);
    leat_waitgroup_wait(&wg);
    T_LT(task_count(), 40);
    close(l);
}

static void knock(const struct sockaddr_un *u, atomic_int *in, leat_waitgroup *wg)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    T_EQ(connect(fd, (const struct sockaddr *)u, sizeof(*u)), 0);
    atomic_fetch_add(in, 1);
    close(fd);
    leat_waitgroup_done(wg);
}

/* More than the queue of a Unix listener holds: they wait, and all get in. */
T_TEST(a_full_queue_is_waited_for)
{
    enum { CLIENTS = 30 };
    struct sockaddr_un u = abstract_name();
    leat_waitgroup wg = {0};
    atomic_int in = 0;
    int l = socket(AF_UNIX, SOCK_STREAM, 0);

    T_EQ(bind(l, (struct sockaddr *)&u, sizeof(u)), 0);
    T_EQ(listen(l, 2), 0);
    leat_waitgroup_add(&wg, CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        leat_go(knock, &u, &in, &wg);
    for (int i = 0; i < CLIENTS; i++) {
        int fd = accept(l, NULL, NULL);
        T_GE(fd, 0);
        close(fd);
    }
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&in), CLIENTS);
    close(l);
}

static void send_much(int fd, size_t n)
{
    char *data = calloc(1, n);
    struct iovec iov[40];

    for (int i = 0; i < 40; i++)
        iov[i] = (struct iovec){data + (size_t)i * (n / 40), n / 40};
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = 40};
    T_EQ(sendmsg(fd, &m, MSG_NOSIGNAL), n);
    T_EQ(send(fd, data, n, MSG_NOSIGNAL), n);
    free(data);
}

T_TEST(a_send_is_complete)
{
    enum { MUCH = 40 << 16 };
    size_t got = 0;
    char buf[3000];
    int s[2];

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    leat_go(send_much, s[0], (size_t)MUCH);
    while (got < 2 * MUCH) {
        ssize_t n = recv(s[1], buf, sizeof(buf), 0);
        T_GT(n, 0);
        got += (size_t)n;
    }
    T_EQ(got, 2 * MUCH);
    while (leat_num_goroutine() > 1)
        leat_yield();
    close(s[0]);
    close(s[1]);
}
