/* SPDX-License-Identifier: MIT */
/* conn.h - streams over sockets that we have opened; how they work is told in conn.c. */
#ifndef LEAT_NET_CONN_H
#define LEAT_NET_CONN_H

#include "io/fdio.h"
#include "net/addr.h"

struct conn {
    struct fdio f;
    uint32_t peer_size; /* 0: the kernel is asked */
    uint64_t peer[4];   /* enough for an address of the internet */
};

_Static_assert(sizeof(struct sockaddr_in6) <= sizeof(((struct conn *)0)->peer), "it fits");

/* A stream for a socket, which becomes its own. -ENOMEM: it does not. */
int conn_make(struct conn **c, int fd, const struct network *net);
void conn_set_peer(struct conn *c, const void *sockaddr, uint32_t size);
/* What every TCP connection of ours starts with, and those accepted from such a listener. */
void conn_tcp_defaults(int fd);
/* The name of a socket: its own or its peer's. */
int conn_name(struct fdio *f, bool peer, leat_addr *a);

#endif
