/* SPDX-License-Identifier: MIT */
/* addr.h - networks by name, addresses and their texts; how they look is told in addr.c. */
#ifndef LEAT_NET_ADDR_H
#define LEAT_NET_ADDR_H

#include <leat/net/addr.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/util.h"

enum network_kind { NET_TCP, NET_UDP, NET_UNIX, NET_UNIXGRAM, NET_UNIXPACKET, NET_KINDS };

struct network {
    const char *name;
    enum network_kind kind;
    int family; /* AF_UNSPEC: both of the internet's */
    int type;
};

/* NULL: there is no such network. */
const struct network *network_find(const char *name);

/* A piece of a text. */
struct slice {
    const char *at;
    size_t len;
};

/* "host:port" or "[host]:port" in its pieces; of a Unix address the whole is the host. */
struct addr_parts {
    struct slice host, port;
    bool bracketed;
};

/* 0, or -EINVAL. */
int addr_split(const char *text, struct addr_parts *p);
/* A port by number or by a name that everybody knows: 0 to 65535, -ERANGE; -ENXIO: another
 * name. */
int addr_port_of(const struct network *net, struct slice port);
/* 0, -ENXIO: it is a name, or what is wrong with it. An empty host gives the address of all. */
int addr_numeric(const struct network *net, const struct addr_parts *p, int port, leat_addr *a);
int addr_unix(leat_addr *a, const char *path);

/* From and to what the kernel has. IPv4 addresses that come inside IPv6 ones are IPv4. */
void addr_set(leat_addr *a, const void *sockaddr, uint32_t size);
int addr_family(const leat_addr *a);
/* Of a Unix address: its path, or NULL. */
const char *addr_path(const leat_addr *a);
void addr_set_port(leat_addr *a, int port);
/* "0.0.0.0" and "::". */
bool addr_is_any(const leat_addr *a);
/* This `err` came because the kernel has no IPv6, and "0.0.0.0" does instead of "::". */
bool addr_without_ipv6(const struct network *net, const leat_addr *at, int err,
                       leat_addr *four);
/* What stands for this host there: 127.0.0.1 and ::1. */
void addr_make_loopback(leat_addr *a);

#endif
