/* SPDX-License-Identifier: MIT */
/*
 * dial.c - connecting.
 *
 * PROTOCOL  A connect that is on its way is waited for as a write would be. The kernel's news that
 *   the socket has become writable is not believed by itself: os_connected asks, and whoever has
 *   neither an error nor a peer waits on.
 *
 * UNIX SOCKETS  whose listener has a full queue refuse with EAGAIN, and tell nobody when there is
 *   room again. A blocking connect would wait for that; here it is tried again, ever less often.
 *
 * CONNECTED TO ITSELF  A free port of this machine may be dialled by a socket that the kernel has
 *   just given that very port: TCP then connects the socket with itself. That is nobody's wish;
 *   it is refused, as is a port where nobody listens.
 *
 * PROOF  tests/api/net_conn_test.c.
 */
#include "net/dial.h"

#include <errno.h>
#include <leat/net/conn.h>
#include <leat/time.h>

#include "os/rw.h"
#include "os/socket.h"

struct connecting {
    const leat_addr *to;
    bool begun;
};

/* -EBUSY: what connect says by EAGAIN, which here would mean to wait for news. */
static int64_t connect_attempt(int fd, void *arg)
{
    struct connecting *c = arg;
    int err = c->begun ? os_connected(fd) : os_connect(fd, c->to->leat__raw, c->to->leat__size);

    if (err != -EINPROGRESS)
        return err == -EAGAIN ? -EBUSY : err;
    c->begun = true;
    return -EAGAIN;
}

/* A little later, unless the limit comes first. */
static int sleep_limited(leat_duration d, const leat_limit *limit)
{
    leat_duration left = limit->until - leat_now();

    if (left <= 0)
        return -ETIMEDOUT;
    return leat_sleep_ctx(limit->ctx, d < left ? d : left);
}

static int connect_conn(struct conn *c, const leat_addr *to, const leat_limit *limit)
{
    leat_duration pause = 50 * LEAT_MICROSECOND;

    for (;;) {
        struct connecting arg = {to, false};
        int err = (int)fdio_run(&c->f, DESC_OUT, connect_attempt, &arg, limit);
        if (err != -EBUSY)
            return err;
        if (addr_family(to) != AF_UNIX)
            return -EAGAIN;
        err = sleep_limited(pause, limit);
        if (err)
            return err;
        if (pause < 10 * LEAT_MILLISECOND)
            pause *= 2;
    }
}

static bool is_its_own_peer(struct conn *c)
{
    leat_addr local, peer;

    return conn_name(&c->f, false, &local) == 0 && conn_name(&c->f, true, &peer) == 0 &&
           leat_addr_equal(&local, &peer);
}

static int connect_socket(struct conn **c, int fd, const struct network *net,
                          const leat_addr *to, const leat_limit *limit)
{
    int err = conn_make(c, fd, net);

    if (err) {
        os_close(fd);
        return err;
    }
    if (net->kind == NET_TCP)
        conn_tcp_defaults(fd);
    err = connect_conn(*c, to, limit);
    if (!err && net->kind == NET_TCP && is_its_own_peer(*c))
        err = -ECONNREFUSED;
    if (err)
        leat_io_free(&(*c)->f.io);
    else
        conn_set_peer(*c, to->leat__raw, to->leat__size);
    return err;
}

int dial_one(struct conn **c, const struct network *net, const leat_addr *to,
             const leat_limit *limit)
{
    leat_addr there = *to;
    int fd = os_socket(addr_family(to), net->type);

    if (fd < 0)
        return fd;
    if (addr_is_any(&there))
        addr_make_loopback(&there);
    return connect_socket(c, fd, net, &there, limit);
}

/* No host: this machine, by whichever family answers. */
static void dial_this_machine(struct addr_list *list)
{
    leat_addr four;

    if (list->n != 1 ||
        !addr_without_ipv6(network_find("tcp"), &list->at[0], -EAFNOSUPPORT, &four))
        return;
    list->at[list->n++] = four;
}

static int dial_limited(leat_io **conn, const char *network, const char *address,
                        const leat_limit *limit)
{
    const struct network *net = network_find(network);
    struct addr_list list;
    struct conn *c;
    int err = net ? resolve_all(&list, net, address, limit) : -EPROTONOSUPPORT;

    if (err)
        return err;
    if (net->family == AF_UNSPEC)
        dial_this_machine(&list);
    err = list.n == 1 ? dial_one(&c, net, &list.at[0], limit)
                      : dial_race(&c, net, &list, limit);
    if (!err)
        *conn = &c->f.io;
    return err;
}

int leat_dial(leat_io **conn, const char *network, const char *address)
{
    const leat_limit limit = LEAT_NO_LIMIT;

    return dial_limited(conn, network, address, &limit);
}

int leat_dial_ctx(leat_ctx *ctx, leat_io **conn, const char *network, const char *address)
{
    const leat_limit limit = {ctx, LEAT_FOREVER};

    return dial_limited(conn, network, address, &limit);
}

int leat_dial_until(leat_io **conn, const char *network, const char *address,
                    leat_duration deadline)
{
    const leat_limit limit = {NULL, deadline};

    return dial_limited(conn, network, address, &limit);
}
