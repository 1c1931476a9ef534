/* SPDX-License-Identifier: MIT */
/*
 * packet.c - datagrams, and messages with what goes along.
 *
 * INVARIANTS
 *   P1  what is written at once is one datagram, however many pieces of memory it has.
 *   P2  descriptors go once, with the first byte of a stream; the rest of it goes without them.
 *   P3  a descriptor that has been received is in the caller's array or closed (by the kernel).
 *
 * NO NEWS  A Unix datagram that finds the receiver's queue full fails with EAGAIN, and if the
 *   sender is not connected to that receiver, no news comes when there is room. So such a sender
 *   waits for short times, each twice the last, and for its stream to be closed.
 *
 * PROOF  tests/api/net_packet_test.c.
 */
#include "net/packet.h"

#include <errno.h>
#include <leat/net/packet.h>
#include <leat/time.h>
#include <string.h>

#include "os/rw.h"
#include "os/socket.h"

static const leat_limit no_end = LEAT_NO_LIMIT;

/* Streams of other kinds may lie over a socket; what is sent beside them would break them. */
static int socket_of(leat_io *io, struct fdio **f)
{
    if (io->leat__ops->fd != fdio_fd)
        return -EOPNOTSUPP;
    *f = fdio_of(io);
    return (*f)->socket ? 0 : -ENOTSOCK;
}

/* ---- a datagram as a stream's write ---- */

struct pieces {
    const leat_iovec *from;
    int n;
};

static int64_t write_attempt(int fd, void *arg)
{
    const struct pieces *p = arg;

    return os_send(fd, (const struct iovec *)(const void *)p->from, p->n);
}

int64_t packet_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                      const leat_limit *limit)
{
    struct pieces p = {from, n};

    fdio_tell_write(from, n);
    int64_t put = fdio_run(fdio_of(io), DESC_OUT, write_attempt, &p, limit);
    if (put >= 0)
        *done = (size_t)put;
    return put;
}

/* ---- what goes along ---- */

union control {
    struct cmsghdr head;
    char room[CMSG_SPACE(LEAT_MESSAGE_FDS * sizeof(int))];
};

static void put_fds(struct msghdr *m, union control *c, const int *fds, int n)
{
    size_t size = (size_t)n * sizeof(int);

    memset(c, 0, sizeof(*c));
    c->head.cmsg_level = SOL_SOCKET;
    c->head.cmsg_type = SCM_RIGHTS;
    c->head.cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(&c->head), fds, size);
    m->msg_control = c;
    m->msg_controllen = CMSG_SPACE(size);
}

/* The room is rounded up, so one more than asked for may have come. */
static void take_fds(struct msghdr *m, leat_message *message)
{
    int room = message->nfds;

    message->nfds = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
            if (message->nfds < room) {
                message->fds[message->nfds++] = fd;
            } else {
                os_close(fd);
                message->cut = true;
            }
        }
    }
}

/* ---- receiving ---- */

struct receiving {
    struct msghdr m;
    struct iovec data;
    union control control;
    struct sockaddr_storage from;
    leat_message *message;
};

static int64_t recv_attempt(int fd, void *arg)
{
    struct receiving *r = arg;
    const leat_message *message = r->message;
    int fds = message->nfds < LEAT_MESSAGE_FDS ? message->nfds : LEAT_MESSAGE_FDS;

    r->m = (struct msghdr){.msg_iov = &r->data, .msg_iovlen = 1};
    if (message->addr) {
        r->m.msg_name = &r->from;
        r->m.msg_namelen = sizeof(r->from);
    }
    if (fds > 0) {
        r->m.msg_control = &r->control;
        r->m.msg_controllen = CMSG_LEN((size_t)fds * sizeof(int));
    }
    return os_recv_message(fd, &r->m);
}

int64_t leat_recv_message(leat_io *io, leat_message *message, const leat_limit *limit)
{
    struct receiving r;
    struct fdio *f;
    int64_t got = socket_of(io, &f);

    if (got)
        return got;
    r.data = (struct iovec){message->data, message->size};
    r.message = message;
    got = fdio_run(f, DESC_IN, recv_attempt, &r, limit ? limit : &no_end);
    const leat_iovec to = {message->data, message->size};
    fdio_tell_read(&to, 1, got);
    if (got < 0)
        return got;
    message->cut = r.m.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
    take_fds(&r.m, message);
    if (message->addr)
        addr_set(message->addr, &r.from, r.m.msg_namelen);
    return got;
}

static int64_t recv_limited_from(leat_io *io, void *buf, size_t n, leat_addr *from,
                                 const leat_limit *limit)
{
    leat_message message = {.data = buf, .size = n, .addr = from};

    return leat_recv_message(io, &message, limit);
}

int64_t leat_recv_from(leat_io *io, void *buf, size_t n, leat_addr *from)
{
    return recv_limited_from(io, buf, n, from, &no_end);
}

int64_t leat_recv_from_ctx(leat_ctx *ctx, leat_io *io, void *buf, size_t n, leat_addr *from)
{
    const leat_limit limit = {ctx, LEAT_FOREVER};

    return recv_limited_from(io, buf, n, from, &limit);
}

int64_t leat_recv_from_until(leat_io *io, void *buf, size_t n, leat_addr *from,
                             leat_duration deadline)
{
    const leat_limit limit = {NULL, deadline};

    return recv_limited_from(io, buf, n, from, &limit);
}

/* ---- sending ---- */

struct sending {
    struct msghdr m;
    struct iovec rest;
    leat_duration pause; /* 0: news come when there is room */
};

/* Wait for room. */
static int wait_to_send(struct fdio *f, struct sending *s, const leat_limit *limit)
{
    if (!s->pause)
        return fdio_wait(f, DESC_OUT, limit);
    leat_limit soon = {limit->ctx, leat_now() + s->pause};
    bool last = limit->until <= soon.until;
    if (last)
        soon.until = limit->until;
    else if (s->pause < 10 * LEAT_MILLISECOND)
        s->pause *= 2;
    int err = fdio_wait(f, DESC_OUT, &soon);
    if (err != -ETIMEDOUT || last)
        return err;
    const struct limit context = limit_ctx(limit->ctx);
    err = desc_over(f->desc, DESC_OUT);
    return err ? err : limit_over(&context);
}

static int64_t send_locked(struct fdio *f, struct sending *s, const leat_limit *limit)
{
    int64_t done = 0;

    for (;;) {
        desc_clear(f->desc, DESC_OUT);
        int64_t put = os_send_message(f->fd, &s->m);
        if (put >= 0) {
            done += put;
            s->rest.iov_base = (char *)s->rest.iov_base + put;
            s->rest.iov_len -= (size_t)put;
            s->m.msg_controllen = 0;
            if (s->rest.iov_len == 0)
                return done;
            continue;
        }
        int err = put == -EAGAIN ? wait_to_send(f, s, limit) : (int)put;
        if (err)
            return err;
    }
}

int64_t leat_send_message(leat_io *io, const leat_message *message, const leat_limit *limit)
{
    struct sending s = {.rest = {message->data, message->size}};
    union control control;
    struct fdio *f;
    int64_t put = socket_of(io, &f);

    if (!put && (message->nfds > LEAT_MESSAGE_FDS || (message->nfds > 0 && !message->size)))
        put = -EINVAL;
    if (put)
        return put;
    s.m = (struct msghdr){.msg_iov = &s.rest, .msg_iovlen = 1};
    if (message->nfds > 0)
        put_fds(&s.m, &control, message->fds, message->nfds);
    if (message->addr) {
        s.m.msg_name = message->addr->leat__raw;
        s.m.msg_namelen = message->addr->leat__size;
        if (addr_family(message->addr) == AF_UNIX)
            s.pause = 50 * LEAT_MICROSECOND;
    }
    limit = limit ? limit : &no_end;
    put = fdio_enter(f, DESC_OUT, limit);
    if (put)
        return put;
    const leat_iovec from = {message->data, message->size};
    fdio_tell_write(&from, 1);
    put = send_locked(f, &s, limit);
    fdio_leave(f, DESC_OUT);
    sched_poll(m_self());
    return put;
}

static int64_t send_limited_to(leat_io *io, const void *buf, size_t n, const leat_addr *to,
                               const leat_limit *limit)
{
    leat_addr copy;
    leat_message message = {.data = (void *)(uintptr_t)buf, .size = n};

    if (to) {
        copy = *to;
        message.addr = &copy;
    }
    return leat_send_message(io, &message, limit);
}

int64_t leat_send_to(leat_io *io, const void *buf, size_t n, const leat_addr *to)
{
    return send_limited_to(io, buf, n, to, &no_end);
}

int64_t leat_send_to_ctx(leat_ctx *ctx, leat_io *io, const void *buf, size_t n,
                         const leat_addr *to)
{
    const leat_limit limit = {ctx, LEAT_FOREVER};

    return send_limited_to(io, buf, n, to, &limit);
}

int64_t leat_send_to_until(leat_io *io, const void *buf, size_t n, const leat_addr *to,
                           leat_duration deadline)
{
    const leat_limit limit = {NULL, deadline};

    return send_limited_to(io, buf, n, to, &limit);
}

/* ---- sockets without a peer ---- */

static int packet_socket(struct conn **c, const struct network *net, const leat_addr *at)
{
    int fd = os_socket(addr_family(at), net->type);

    if (fd < 0)
        return fd;
    int v6_only = net->family == AF_INET6 || !addr_is_any(at);
    if (addr_family(at) == AF_INET6)
        os_socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only));
    int err = os_bind(fd, at->leat__raw, at->leat__size);
    if (!err)
        err = conn_make(c, fd, net);
    if (err)
        os_close(fd);
    return err;
}

int leat_listen_packet(leat_io **io, const char *network, const char *address)
{
    const struct network *net = network_find(network);
    struct conn *c;
    leat_addr at, four;
    int err = leat_addr_parse(&at, network, address);

    if (err)
        return err;
    if (net->type != SOCK_DGRAM)
        return -EOPNOTSUPP;
    err = packet_socket(&c, net, &at);
    if (addr_without_ipv6(net, &at, err, &four))
        err = packet_socket(&c, net, &four);
    if (!err)
        *io = &c->f.io;
    return err;
}
