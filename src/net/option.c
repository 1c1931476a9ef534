/* SPDX-License-Identifier: MIT */
/*
 * option.c - options of sockets: a table from our names to the kernel's, and two that are more
 * than a number. A socket of IPv6 may carry IPv4 as well, so what both have is set for both.
 *
 * PROOF  tests/api/net_option_test.c.
 */
#include <errno.h>
#include <leat/net/option.h>
#include <netinet/tcp.h>
#include <string.h>

#include "net/conn.h"
#include "os/socket.h"

struct kernel_option {
    int level, name;         /* of any socket, or of one of IPv4 */
    int level_six, name_six; /* of one of IPv6; 0: the same */
};

static const struct kernel_option kernel_options[] = {
    [LEAT_NET_NODELAY] = {IPPROTO_TCP, TCP_NODELAY, 0, 0},
    [LEAT_NET_KEEPALIVE] = {IPPROTO_TCP, TCP_KEEPIDLE, 0, 0},
    [LEAT_NET_LINGER] = {SOL_SOCKET, SO_LINGER, 0, 0},
    [LEAT_NET_READ_BUFFER] = {SOL_SOCKET, SO_RCVBUF, 0, 0},
    [LEAT_NET_WRITE_BUFFER] = {SOL_SOCKET, SO_SNDBUF, 0, 0},
    [LEAT_NET_TTL] = {IPPROTO_IP, IP_TTL, IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    [LEAT_NET_BROADCAST] = {SOL_SOCKET, SO_BROADCAST, 0, 0},
    [LEAT_NET_MULTICAST_TTL] = {IPPROTO_IP, IP_MULTICAST_TTL, IPPROTO_IPV6,
                                IPV6_MULTICAST_HOPS},
    [LEAT_NET_MULTICAST_LOOP] = {IPPROTO_IP, IP_MULTICAST_LOOP, IPPROTO_IPV6,
                                 IPV6_MULTICAST_LOOP},
    [LEAT_NET_MULTICAST_INTERFACE] = {IPPROTO_IP, IP_MULTICAST_IF, IPPROTO_IPV6,
                                      IPV6_MULTICAST_IF},
};

struct setting {
    leat_net_option option;
    int value;
};

static int option_set(int fd, int level, int name, int value)
{
    return os_socket_set(fd, level, name, &value, sizeof(value));
}

static int option_get(int fd, int level, int name, int *value)
{
    return os_socket_get(fd, level, name, value, sizeof(*value));
}

static int set_keepalive(int fd, int seconds)
{
    int err = seconds < 0 ? -EINVAL : 0;

    if (!err && seconds > 0)
        err = option_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
    if (!err && seconds > 0)
        err = option_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds);
    return err ? err : option_set(fd, SOL_SOCKET, SO_KEEPALIVE, seconds > 0);
}

static int get_keepalive(int fd, int *seconds)
{
    int on = 0;
    int err = option_get(fd, SOL_SOCKET, SO_KEEPALIVE, &on);

    *seconds = 0;
    return err || !on ? err : option_get(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
}

static int set_linger(int fd, int seconds)
{
    const struct linger l = {seconds >= 0, seconds >= 0 ? seconds : 0};

    return os_socket_set(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

static int get_linger(int fd, int *seconds)
{
    struct linger l = {0, 0};
    int err = os_socket_get(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));

    *seconds = l.l_onoff ? l.l_linger : -1;
    return err;
}

/* IPv4 wants the interface of datagrams in a structure, and does not tell it again. */
static int set_interface4(int fd, int index)
{
    const struct ip_mreqn request = {.imr_ifindex = index};

    return os_socket_set(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request));
}

static int set_four(int fd, leat_net_option option, int value)
{
    const struct kernel_option *o = &kernel_options[option];

    return option == LEAT_NET_MULTICAST_INTERFACE ? set_interface4(fd, value)
                                                  : option_set(fd, o->level, o->name, value);
}

static int64_t option_set_attempt(int fd, void *arg)
{
    const struct setting *s = arg;
    const struct kernel_option *o = &kernel_options[s->option];
    int domain = AF_UNSPEC;

    if (s->option == LEAT_NET_KEEPALIVE)
        return set_keepalive(fd, s->value);
    if (s->option == LEAT_NET_LINGER)
        return set_linger(fd, s->value);
    if (o->level_six)
        option_get(fd, SOL_SOCKET, SO_DOMAIN, &domain);
    if (domain != AF_INET6)
        return set_four(fd, s->option, s->value);
    set_four(fd, s->option, s->value);
    return option_set(fd, o->level_six, o->name_six, s->value);
}

static int64_t option_get_attempt(int fd, void *arg)
{
    struct setting *s = arg;
    const struct kernel_option *o = &kernel_options[s->option];
    int domain = AF_UNSPEC;

    if (s->option == LEAT_NET_KEEPALIVE)
        return get_keepalive(fd, &s->value);
    if (s->option == LEAT_NET_LINGER)
        return get_linger(fd, &s->value);
    if (o->level_six)
        option_get(fd, SOL_SOCKET, SO_DOMAIN, &domain);
    if (domain == AF_INET6)
        return option_get(fd, o->level_six, o->name_six, &s->value);
    if (s->option == LEAT_NET_MULTICAST_INTERFACE)
        return -EOPNOTSUPP;
    return option_get(fd, o->level, o->name, &s->value);
}

/* Ours hold their descriptor meanwhile; of others only the number is known. */
static int64_t on_socket(leat_io *io, fdio_attempt attempt, void *arg)
{
    if (io->leat__ops->fd == fdio_fd)
        return fdio_of(io)->socket ? fdio_aside(fdio_of(io), attempt, arg) : -ENOTSOCK;
    int fd = leat_io_fd(io);
    return fd < 0 ? fd : attempt(fd, arg);
}

static int option_result(int64_t err)
{
    return err == -ENOPROTOOPT ? -EOPNOTSUPP : (int)err;
}

int leat_net_set(leat_io *io, leat_net_option option, int value)
{
    struct setting s = {option, value};

    if ((unsigned)option >= array_len(kernel_options))
        return -EINVAL;
    return option_result(on_socket(io, option_set_attempt, &s));
}

int leat_net_get(leat_io *io, leat_net_option option, int *value)
{
    struct setting s = {option, 0};

    if ((unsigned)option >= array_len(kernel_options))
        return -EINVAL;
    int err = option_result(on_socket(io, option_get_attempt, &s));
    if (!err)
        *value = s.value;
    return err;
}

/* ---- groups ---- */

struct membership {
    struct group_req request;
    int level, name;
};

static int64_t membership_attempt(int fd, void *arg)
{
    const struct membership *m = arg;

    return os_socket_set(fd, m->level, m->name, &m->request, sizeof(m->request));
}

static int membership(leat_io *io, const leat_addr *group, unsigned interface, int name)
{
    struct membership m = {.name = name};
    int family = addr_family(group);

    if (family != AF_INET && family != AF_INET6)
        return -EINVAL;
    m.level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
    m.request.gr_interface = interface;
    memcpy(&m.request.gr_group, group->leat__raw, group->leat__size);
    return option_result(on_socket(io, membership_attempt, &m));
}

int leat_multicast_join(leat_io *io, const leat_addr *group, unsigned interface)
{
    return membership(io, group, interface, MCAST_JOIN_GROUP);
}

int leat_multicast_leave(leat_io *io, const leat_addr *group, unsigned interface)
{
    return membership(io, group, interface, MCAST_LEAVE_GROUP);
}
