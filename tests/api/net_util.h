/* SPDX-License-Identifier: MIT */
/* net_util.h - listeners on free ports, and connections whose both ends are at hand. */
#ifndef NET_UTIL_H
#define NET_UTIL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <leat.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t.h"

struct pair {
    leat_io *a, *b; /* the dialler's, the listener's */
};

/* An address of this machine that nobody else has; the network's zero port, as it were. */
static inline const char *net_free_address(const char *network)
{
    if (network[0] == 'u' && network[1] == 'n')
        return "";
    return network[3] == '6' ? "[::1]:0" : "127.0.0.1:0";
}

static inline leat_listener *listen_on(const char *network, char at[LEAT_ADDR_TEXT])
{
    leat_listener *l;
    leat_addr a;

    T_ERR(leat_listen(&l, network, net_free_address(network)), 0);
    T_ERR(leat_listener_addr(l, &a), 0);
    leat_addr_format(&a, at, LEAT_ADDR_TEXT);
    return l;
}

static inline struct pair pair_at(leat_listener *l, const char *network, const char *at)
{
    struct pair p;

    T_ERR(leat_dial(&p.a, network, at), 0);
    T_ERR(leat_accept(l, &p.b), 0);
    return p;
}

static inline struct pair pair_of(const char *network)
{
    char at[LEAT_ADDR_TEXT];
    leat_listener *l = listen_on(network, at);
    struct pair p = pair_at(l, network, at);

    leat_listener_free(l);
    return p;
}

/* Is the queue of a TCP listener, for `backlog` and one more, full? Who dials then gets no answer;
 * before, who dials may be told that it is connected, though nobody will take it. */
static inline bool queue_is_full(int listener, unsigned backlog)
{
    struct tcp_info info;
    socklen_t size = sizeof info;

    T_EQ(getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_unacked > backlog; /* of a listener: who waits to be accepted */
}

/* How many sockets are open: sysmon opens files of /proc for moments, which do not count. */
static inline int open_sockets(void)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    char target[8];
    int n = 0;

    T_TRUE(dir != NULL);
    while ((entry = readdir(dir)))
        n += readlinkat(dirfd(dir), entry->d_name, target, sizeof target) == sizeof target &&
             memcmp(target, "socket:[", sizeof target) == 0;
    closedir(dir);
    return n;
}

static inline void pair_free(struct pair *p)
{
    leat_io_free(p->a);
    leat_io_free(p->b);
}

#endif
