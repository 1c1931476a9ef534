/* SPDX-License-Identifier: MIT */
/* net_util.h - listeners on free ports, and connections whose both ends are at hand. */
#ifndef NET_UTIL_H
#define NET_UTIL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <leat.h>
#include <stdio.h>
#include <string.h>

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

static inline void pair_free(struct pair *p)
{
    leat_io_free(p->a);
    leat_io_free(p->b);
}

#endif
