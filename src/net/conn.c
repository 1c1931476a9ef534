/* SPDX-License-Identifier: MIT */
/*
 * conn.c - connections: streams over sockets, and the addresses at their ends.
 *
 * PICTURE   leat_io = struct fdio (reads, writes, deadlines, closing) + the peer's address
 *
 * THE PEER'S ADDRESS  of an internet connection is kept, because accept gives it for nothing and
 *   because the kernel forgets it as soon as the peer has reset the connection: then a server
 *   could not say any more who that was. Unix sockets are asked: their names are long and mostly
 *   empty.
 *
 * DEFAULTS  are Go's: small writes are sent at once (TCP_NODELAY), and a peer that has vanished is
 *   found by keep-alive probes. Linux lets accepted sockets inherit both, so a server sets them
 *   once, on its listener, and an accepted connection costs one call.
 *
 * PROOF  tests/api/net_conn_test.c.
 */
#include "net/conn.h"

#include <errno.h>
#include <leat/net/conn.h>
#include <netinet/tcp.h>
#include <string.h>

#include "net/packet.h"
#include "os/mem.h"
#include "os/socket.h"

#define PACKETS FDIO_READS, .writev = packet_writev

static const leat_io_ops conn_ops[NET_KINDS] = {
    {.kind = "tcp", FDIO_BYTES, FDIO_REST, .free = fdio_free},
    {.kind = "udp", PACKETS, FDIO_REST, .free = fdio_free},
    {.kind = "unix", FDIO_BYTES, FDIO_REST, .free = fdio_free},
    {.kind = "unixgram", PACKETS, FDIO_REST, .free = fdio_free},
    {.kind = "unixpacket", PACKETS, FDIO_REST, .free = fdio_free},
};

int conn_make(struct conn **c, int fd, const struct network *net)
{
    struct conn *made = leat__alloc(sizeof(*made));
    int err = made ? fdio_init(&made->f, fd, &conn_ops[net->kind]) : -ENOMEM;

    if (err) {
        leat__free(made);
        return err;
    }
    made->f.socket = true;
    made->f.tells_all = net->kind == NET_TCP;
    *c = made;
    return 0;
}

void conn_set_peer(struct conn *c, const void *sockaddr, uint32_t size)
{
    sa_family_t family = AF_UNSPEC;

    if (size >= sizeof(family))
        memcpy(&family, sockaddr, sizeof(family));
    if ((family != AF_INET && family != AF_INET6) || size > sizeof(c->peer))
        return;
    memcpy(c->peer, sockaddr, size);
    c->peer_size = size;
}

static void set_int(int fd, int level, int option, int value)
{
    os_socket_set(fd, level, option, &value, sizeof(value));
}

void conn_tcp_defaults(int fd)
{
    enum { PROBE_AFTER = 15, PROBE_EVERY = 15, PROBES = 9 };

    set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, PROBE_AFTER);
    set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_EVERY);
    set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
}

/* ---- addresses ---- */

struct naming {
    bool peer;
    leat_addr *a;
};

static int64_t name_attempt(int fd, void *arg)
{
    const struct naming *n = arg;
    uint64_t raw[sizeof(struct sockaddr_storage) / sizeof(uint64_t)];
    uint32_t size = sizeof(raw);
    int err = os_socket_name(fd, n->peer, raw, &size);

    if (!err)
        addr_set(n->a, raw, size);
    return err;
}

int conn_name(struct fdio *f, bool peer, leat_addr *a)
{
    struct naming n = {peer, a};

    return f->socket ? (int)fdio_aside(f, name_attempt, &n) : -ENOTSOCK;
}

/* Ours hold their descriptor while they are asked. Of others, only the number is known. */
static int name_of(leat_io *io, bool peer, leat_addr *a)
{
    if (io->leat__ops->fd == fdio_fd)
        return conn_name(fdio_of(io), peer, a);
    struct naming n = {peer, a};
    int fd = leat_io_fd(io);
    return fd < 0 ? fd : (int)name_attempt(fd, &n);
}

int leat_local_addr(leat_io *io, leat_addr *a)
{
    return name_of(io, false, a);
}

static bool is_conn(const leat_io *io)
{
    return io->leat__ops >= conn_ops && io->leat__ops < conn_ops + NET_KINDS;
}

int leat_peer_addr(leat_io *io, leat_addr *a)
{
    if (is_conn(io)) {
        const struct conn *c = container_of(fdio_of(io), struct conn, f);
        if (c->peer_size) {
            addr_set(a, c->peer, c->peer_size);
            return 0;
        }
    }
    return name_of(io, true, a);
}
