/* SPDX-License-Identifier: MIT */
/*
 * listen.c - listeners: who takes connections.
 *
 * PICTURE   leat_listener = struct fdio (its queue is read by accept) + where it listens
 *
 * INVARIANTS
 *   L1  the file of a Unix listener is removed by the one who closes it, before the descriptor
 *       is gone: a new listener of that path cannot lose its file to an old one's close.
 *
 * ACCEPTING  goroutines take turns by the lock of the way in, as readers of any stream do. What
 *   has been reset before anybody took it is passed over: it is no error of the listener. When
 *   descriptors have run out, the error is returned at once and the connection stays queued: who
 *   then asks again without a pause, spins.
 *
 * BOTH FAMILIES  A listener for all addresses of "tcp" is one socket of IPv6 that takes IPv4 too;
 *   where the kernel has no IPv6, it is one of IPv4.
 *
 * PROOF  tests/api/net_listen_test.c.
 */
#include <errno.h>
#include <leat/net/listen.h>
#include <limits.h>

#include "net/conn.h"
#include "os/mem.h"
#include "os/rw.h"
#include "os/socket.h"

struct leat_listener {
    struct fdio f; /* its references and its closing are a stream's */
    const struct network *net;
    leat_addr at;
    uint32_t has_file; /* atomic: at is a path, and ours to remove */
};

static leat_listener *listener_of(leat_io *io)
{
    return container_of(fdio_of(io), leat_listener, f);
}

/* ---- closing ---- */

static int listener_close(leat_io *io)
{
    leat_listener *l = listener_of(io);

    if (exchange(&l->has_file, 0))
        os_unlink(addr_path(&l->at));
    return fdio_close(io);
}

static void listener_free(leat_io *io)
{
    leat_listener *l = listener_of(io);

    if (!load_relaxed(&l->f.closed))
        listener_close(io);
    leat__free(l);
}

static const leat_io_ops listener_ops = {
    .kind = "listener",
    .deadline = fdio_deadline,
    .close = listener_close,
    .free = listener_free,
    .fd = fdio_fd,
};

int leat_listener_close(leat_listener *l)
{
    return leat_io_close(l ? &l->f.io : NULL);
}

void leat_listener_free(leat_listener *l)
{
    leat_io_free(l ? &l->f.io : NULL);
}

leat_listener *leat_listener_ref(leat_listener *l)
{
    leat_io_ref(l ? &l->f.io : NULL);
    return l;
}

void leat_listener_unref(leat_listener *l)
{
    leat_io_unref(l ? &l->f.io : NULL);
}

int leat_listener_set_deadline(leat_listener *l, leat_duration deadline)
{
    return leat_io_set_deadline(&l->f.io, LEAT_READ, deadline);
}

int leat_listener_fd(leat_listener *l)
{
    return leat_io_fd(&l->f.io);
}

int leat_listener_addr(leat_listener *l, leat_addr *a)
{
    *a = l->at;
    return 0;
}

/* ---- listening ---- */

static void set_flag(int fd, int level, int option, int value)
{
    os_socket_set(fd, level, option, &value, sizeof(value));
}

static void set_up(int fd, const struct network *net, const leat_addr *at,
                   const leat_listen_options *o)
{
    if (net->kind == NET_TCP) {
        set_flag(fd, SOL_SOCKET, SO_REUSEADDR, !o->no_reuse_addr);
        conn_tcp_defaults(fd);
    }
    if (o->reuse_port)
        set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (addr_family(at) == AF_INET6)
        set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, net->family == AF_INET6 || !addr_is_any(at));
}

static int listener_make(leat_listener **l, int fd, const struct network *net,
                         const leat_addr *at)
{
    leat_listener *made = leat__alloc(sizeof(*made));
    int err = made ? fdio_init(&made->f, fd, &listener_ops) : -ENOMEM;

    if (err) {
        leat__free(made);
        return err;
    }
    made->f.socket = true;
    made->net = net;
    made->has_file = addr_path(at) != NULL;
    made->at = *at;
    conn_name(&made->f, false, &made->at);
    *l = made;
    return 0;
}

static int listen_at(leat_listener **l, const struct network *net, const leat_addr *at,
                     const leat_listen_options *o)
{
    int fd = os_socket(addr_family(at), net->type);

    if (fd < 0)
        return fd;
    set_up(fd, net, at, o);
    int err = os_bind(fd, at->leat__raw, at->leat__size);
    if (!err) {
        err = os_listen(fd, o->backlog > 0 ? o->backlog : INT_MAX);
        if (!err)
            err = listener_make(l, fd, net, at);
        if (err && addr_path(at))
            os_unlink(addr_path(at));
    }
    if (err)
        os_close(fd);
    return err;
}

int leat_listen_with(leat_listener **l, const char *network, const char *address,
                     const leat_listen_options *options)
{
    const leat_listen_options none = {0};
    const leat_listen_options *o = options ? options : &none;
    const struct network *net = network_find(network);
    leat_addr at, four;
    int err = leat_addr_parse(&at, network, address);

    if (err)
        return err;
    if (net->type == SOCK_DGRAM)
        return -EOPNOTSUPP;
    err = listen_at(l, net, &at, o);
    return addr_without_ipv6(net, &at, err, &four) ? listen_at(l, net, &four, o) : err;
}

int leat_listen(leat_listener **l, const char *network, const char *address)
{
    return leat_listen_with(l, network, address, NULL);
}

/* ---- accepting ---- */

struct accepting {
    struct sockaddr_storage peer;
    uint32_t size;
};

/* What only says that a connection has gone again. */
static bool says_gone(int err)
{
    switch (-err) {
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

static int64_t accept_attempt(int fd, void *arg)
{
    struct accepting *a = arg;
    int conn;

    do {
        a->size = sizeof(a->peer);
        conn = os_accept(fd, &a->peer, &a->size);
    } while (says_gone(conn));
    return conn;
}

static int accept_limited(leat_listener *l, leat_io **conn, const leat_limit *limit)
{
    struct accepting a;
    struct conn *c;
    int64_t fd = fdio_run(&l->f, DESC_IN, accept_attempt, &a, limit);

    if (fd < 0)
        return (int)fd;
    int err = conn_make(&c, (int)fd, l->net);
    if (err) {
        os_close((int)fd);
        return err;
    }
    conn_set_peer(c, &a.peer, a.size);
    *conn = &c->f.io;
    return 0;
}

int leat_accept(leat_listener *l, leat_io **conn)
{
    const leat_limit limit = LEAT_NO_LIMIT;

    return accept_limited(l, conn, &limit);
}

int leat_accept_ctx(leat_ctx *ctx, leat_listener *l, leat_io **conn)
{
    const leat_limit limit = {ctx, LEAT_FOREVER};

    return accept_limited(l, conn, &limit);
}

int leat_accept_until(leat_listener *l, leat_io **conn, leat_duration deadline)
{
    const leat_limit limit = {NULL, deadline};

    return accept_limited(l, conn, &limit);
}
