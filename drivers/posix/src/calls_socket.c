/* SPDX-License-Identifier: MIT */
/*
 * calls_socket.c - send, sendto, sendmsg, recv, recvfrom, recvmsg.
 *
 * All are tried with MSG_DONTWAIT. What the caller marked so, and flags for which a try means
 * something else (MSG_ERRQUEUE, MSG_FASTOPEN), go straight to libc. MSG_WAITALL goes on until the
 * buffers are full, as long as the data are a plain stream: with control data, or only looked at
 * (MSG_PEEK), libc's call has to do it, which blocks the thread if not all is there.
 * A datagram is sent and received as a whole, so it never comes to a second part.
 *
 * PROOF  drivers/posix/tests/posix_socket_test.c.
 */
#include <sys/socket.h>

#include "ground.h"
#include "real.h"
#include "window.h"

INTERPOSED ssize_t __recv_chk(int fd, void *buf, size_t n, size_t size, int flags);
INTERPOSED ssize_t __recvfrom_chk(int fd, void *buf, size_t n, size_t size, int flags,
                                  __SOCKADDR_ARG addr, socklen_t *len);

static bool is_stream_socket(int fd)
{
    int type = 0;
    socklen_t size = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/* ---- in ---- */

static int64_t recv_once(int fd, struct msghdr *m, int flags)
{
    ssize_t r = REAL(recvmsg)(fd, m, flags);

    return r < 0 ? -errno : r;
}

/* One try and its waits: what arrived first. */
static int64_t recv_some(struct ground_call *c, struct msghdr *m, int flags)
{
    int64_t r;

    while ((r = recv_once(c->fd, m, flags | MSG_DONTWAIT)) == -EAGAIN) {
        enum ground_next next = ground_wait(c);
        if (next == GROUND_GIVE_UP)
            break;
        if (next == GROUND_BLOCK)
            return recv_once(c->fd, m, flags);
    }
    return r;
}

static int64_t recv_all(struct ground_call *c, struct msghdr *m, int flags, size_t total)
{
    int64_t r = recv_some(c, m, flags);
    size_t done = r > 0 ? (size_t)r : 0;

    if (r <= 0 || done >= total || !is_stream_socket(c->fd))
        return r;
    while (r > 0 && done < total) {
        struct window w;
        window_set(&w, m->msg_iov, m->msg_iovlen, done);
        struct msghdr rest = {.msg_iov = w.iov, .msg_iovlen = (size_t)w.n};
        r = recv_some(c, &rest, flags);
        done += r > 0 ? (size_t)r : 0;
    }
    return (int64_t)done;
}

static int64_t socket_in(const char *name, int fd, struct msghdr *m, int flags)
{
    struct ground_call c = {.name = name,
                            .fd = fd,
                            .events = LEAT_READABLE,
                            .timeout_option = SO_RCVTIMEO};
    size_t total;

    if (flags & MSG_OOB)
        c.events = LEAT_URGENT;
    if (!(flags & MSG_WAITALL) || !window_total(m->msg_iov, m->msg_iovlen, &total))
        return recv_some(&c, m, flags);
    return recv_all(&c, m, flags, total);
}

static bool recv_is_for_libc(int flags)
{
    return !ground_is_goroutine() || flags & (MSG_DONTWAIT | MSG_ERRQUEUE) ||
           (flags & MSG_WAITALL && flags & (MSG_PEEK | MSG_TRUNC | MSG_OOB));
}

INTERPOSED ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    if (recv_is_for_libc(flags) || !m || (flags & MSG_WAITALL && m->msg_controllen > 0))
        return REAL(recvmsg)(fd, m, flags);
    return ground_result(socket_in("recvmsg", fd, m, flags));
}

INTERPOSED ssize_t recvfrom(int fd, void *buf, size_t n, int flags, __SOCKADDR_ARG addr,
                            socklen_t *len)
{
    if (recv_is_for_libc(flags) || (addr.__sockaddr__ && (!len || (int)*len < 0)))
        return REAL(recvfrom)(fd, buf, n, flags, addr, len);
    struct iovec iov = {buf, n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_name = addr.__sockaddr__};
    m.msg_namelen = addr.__sockaddr__ ? *len : 0;
    int64_t r = socket_in("recvfrom", fd, &m, flags);
    if (r >= 0 && addr.__sockaddr__)
        *len = m.msg_namelen;
    return ground_result(r);
}

INTERPOSED ssize_t recv(int fd, void *buf, size_t n, int flags)
{
    if (recv_is_for_libc(flags))
        return REAL(recv)(fd, buf, n, flags);
    struct iovec iov = {buf, n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    return ground_result(socket_in("recv", fd, &m, flags));
}

/* What gcc makes of them with _FORTIFY_SOURCE, where it knows the size of the buffer. */
INTERPOSED ssize_t __recv_chk(int fd, void *buf, size_t n, size_t size, int flags)
{
    return n > size ? REAL(__recv_chk)(fd, buf, n, size, flags) : recv(fd, buf, n, flags);
}

/* NOLINTNEXTLINE(readability-function-size): libc has chosen that many parameters */
INTERPOSED ssize_t __recvfrom_chk(int fd, void *buf, size_t n, size_t size, int flags,
                                  __SOCKADDR_ARG addr, socklen_t *len)
{
    return n > size ? REAL(__recvfrom_chk)(fd, buf, n, size, flags, addr, len)
                    : recvfrom(fd, buf, n, flags, addr, len);
}

/* ---- out ---- */

/* Control data and the address go with the first part. SIGPIPE is for a first try only. */
static int64_t send_rest(int fd, const struct msghdr *m, size_t done, int flags)
{
    struct window w;
    struct msghdr rest = {.msg_iov = w.iov};

    if (done > 0) {
        window_set(&w, m->msg_iov, m->msg_iovlen, done);
        rest.msg_iovlen = (size_t)w.n;
        flags |= MSG_NOSIGNAL;
    }
    ssize_t r = REAL(sendmsg)(fd, done > 0 ? &rest : m, flags);
    return r < 0 ? -errno : r;
}

static int64_t socket_out(const char *name, int fd, const struct msghdr *m, int flags)
{
    struct ground_call c = {.name = name,
                            .fd = fd,
                            .events = LEAT_WRITABLE,
                            .timeout_option = SO_SNDTIMEO};
    int dontwait = MSG_DONTWAIT;
    size_t total, done = 0;

    if (!window_total(m->msg_iov, m->msg_iovlen, &total))
        return send_rest(fd, m, 0, flags);
    do {
        int64_t r = send_rest(fd, m, done, flags | dontwait);
        if (r == -EAGAIN && dontwait) {
            enum ground_next next = ground_wait(&c);
            if (next == GROUND_GIVE_UP)
                return done > 0 ? (int64_t)done : r;
            if (next == GROUND_BLOCK)
                dontwait = 0;
            continue;
        }
        if (r <= 0)
            return done > 0 ? (int64_t)done : r;
        done += (size_t)r;
    } while (done < total);
    return (int64_t)done;
}

static bool send_is_for_libc(int flags)
{
    return !ground_is_goroutine() || flags & (MSG_DONTWAIT | MSG_FASTOPEN);
}

INTERPOSED ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    if (send_is_for_libc(flags) || !m)
        return REAL(sendmsg)(fd, m, flags);
    return ground_result(socket_out("sendmsg", fd, m, flags));
}

INTERPOSED ssize_t sendto(int fd, const void *buf, size_t n, int flags,
                          __CONST_SOCKADDR_ARG addr, socklen_t len)
{
    if (send_is_for_libc(flags))
        return REAL(sendto)(fd, buf, n, flags, addr, len);
    struct iovec iov = {(void *)buf, n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_namelen = len};
    m.msg_name = (void *)addr.__sockaddr__;
    return ground_result(socket_out("sendto", fd, &m, flags));
}

INTERPOSED ssize_t send(int fd, const void *buf, size_t n, int flags)
{
    if (send_is_for_libc(flags))
        return REAL(send)(fd, buf, n, flags);
    struct iovec iov = {(void *)buf, n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    return ground_result(socket_out("send", fd, &m, flags));
}
