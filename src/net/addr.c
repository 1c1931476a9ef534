/* SPDX-License-Identifier: MIT */
/*
 * addr.c - addresses and their texts.
 *
 * PICTURE   leat_addr = the kernel's struct sockaddr_in, _in6 or _un, and its size; 0: none
 *
 * INVARIANTS
 *   N1  no leat_addr holds an IPv4 address inside an IPv6 one, so equal addresses are equal
 *       bytes; Linux takes the short form on a socket of IPv6 too.
 *   N2  fields that say nothing (padding, the flow, a path's end) are zero or outside the size.
 *
 * HOSTILE TEXTS  are found by their shape before any piece is copied, and each piece is measured
 *   against the memory it goes to. Names of ports come from a table of ours: the system's reads
 *   files, and with some settings the network.
 *
 * PROOF  tests/api/net_addr_test.c.
 */
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/socket.h"

static const struct network networks[] = {
    {"tcp", NET_TCP, AF_UNSPEC, SOCK_STREAM},
    {"tcp4", NET_TCP, AF_INET, SOCK_STREAM},
    {"tcp6", NET_TCP, AF_INET6, SOCK_STREAM},
    {"udp", NET_UDP, AF_UNSPEC, SOCK_DGRAM},
    {"udp4", NET_UDP, AF_INET, SOCK_DGRAM},
    {"udp6", NET_UDP, AF_INET6, SOCK_DGRAM},
    {"unix", NET_UNIX, AF_UNIX, SOCK_STREAM},
    {"unixgram", NET_UNIXGRAM, AF_UNIX, SOCK_DGRAM},
    {"unixpacket", NET_UNIXPACKET, AF_UNIX, SOCK_SEQPACKET},
};

const struct network *network_find(const char *name)
{
    for (size_t i = 0; i < array_len(networks); i++)
        if (strcmp(networks[i].name, name) == 0)
            return &networks[i];
    return NULL;
}

/* ---- the pieces of a text ---- */

static bool has_any_of(struct slice s, const char *set)
{
    for (size_t i = 0; i < s.len; i++)
        if (strchr(set, s.at[i]))
            return true;
    return false;
}

int addr_split(const char *text, struct addr_parts *p)
{
    const char *colon = strrchr(text, ':');

    if (!colon)
        return -EINVAL;
    p->host = (struct slice){text, (size_t)(colon - text)};
    p->port = (struct slice){colon + 1, strlen(colon + 1)};
    p->bracketed = text[0] == '[';
    if (p->bracketed) {
        if (p->host.len < 3 || colon[-1] != ']')
            return -EINVAL;
        p->host.at++;
        p->host.len -= 2;
    }
    return has_any_of(p->host, p->bracketed ? "[]" : ":[]") ? -EINVAL : 0;
}

/* The ports that people write by name. */
static const struct {
    const char *name;
    int port;
} services[] = {
    {"domain", 53},  {"ftp", 21},    {"gopher", 70},       {"http", 80},   {"https", 443},
    {"imap", 143},   {"imaps", 993}, {"ldap", 389},        {"ldaps", 636}, {"ntp", 123},
    {"pop3", 110},   {"pop3s", 995}, {"smtp", 25},         {"ssh", 22},    {"submission", 587},
    {"syslog", 514}, {"telnet", 23}, {"submissions", 465},
};

static bool slice_is(struct slice s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits and nothing else, as a number of at most `most`; -EINVAL, -ERANGE. */
static int64_t digits_of(struct slice s, int64_t most)
{
    int64_t value = 0;

    if (s.len == 0)
        return -EINVAL;
    for (size_t i = 0; i < s.len; i++)
        if (!is_digit(s.at[i]))
            return -EINVAL;
    for (size_t i = 0; i < s.len; i++) {
        value = value * 10 + (s.at[i] - '0');
        if (value > most)
            return -ERANGE;
    }
    return value;
}

static bool is_name(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i], lower = (char)(c | 0x20);
        if (!is_digit(c) && (lower < 'a' || lower > 'z') && !strchr("-._", c))
            return false;
    }
    return s.len > 0 && s.at[0] != '-';
}

/* "127.1", "0x7f.1", "2130706433": addresses to some, and so names to nobody. */
static bool looks_numeric(struct slice host)
{
    if (host.len > 0 && host.at[host.len - 1] == '.')
        host.len--;
    size_t last = host.len;
    while (last > 0 && host.at[last - 1] != '.')
        last--;
    if (host.len - last > 2 && host.at[last] == '0' && (host.at[last + 1] | 0x20) == 'x')
        return true;
    for (size_t i = last; i < host.len; i++)
        if (!is_digit(host.at[i]))
            return false;
    return true;
}

int addr_port_of(const struct network *net, struct slice port)
{
    if (net->family == AF_UNIX || port.len == 0)
        return 0;
    int64_t value = digits_of(port, UINT16_MAX);
    if (value != -EINVAL)
        return (int)value;
    for (size_t i = 0; i < array_len(services); i++)
        if (slice_is(port, services[i].name))
            return services[i].port;
    return is_name(port) ? -ENXIO : -EINVAL;
}

/* ---- hosts ---- */

static bool fits_family(const struct network *net, int family)
{
    return net->family == AF_UNSPEC || net->family == family;
}

static void set_in4(leat_addr *a, struct in_addr host, in_port_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = port, .sin_addr = host};

    *a = (leat_addr){.leat__size = sizeof(in)};
    memcpy(a->leat__raw, &in, sizeof(in));
}

static void set_in6(leat_addr *a, const struct sockaddr_in6 *from)
{
    struct sockaddr_in6 in = {.sin6_family = AF_INET6,
                              .sin6_port = from->sin6_port,
                              .sin6_addr = from->sin6_addr,
                              .sin6_scope_id = from->sin6_scope_id};
    struct in_addr inside;

    if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
        memcpy(&inside, &in.sin6_addr.s6_addr[12], sizeof(inside));
        set_in4(a, inside, in.sin6_port);
        return;
    }
    *a = (leat_addr){.leat__size = sizeof(in)};
    memcpy(a->leat__raw, &in, sizeof(in));
}

/* "%" and what follows: an interface by name or number. */
static int zone_of(struct slice zone, uint32_t *index)
{
    char name[OS_INTERFACE_NAME];
    int64_t number = digits_of(zone, UINT32_MAX);

    if (number > 0) {
        *index = (uint32_t)number;
        return 0;
    }
    if (zone.len == 0)
        return -EINVAL;
    if (number != -EINVAL || zone.len >= sizeof(name))
        return -ENODEV;
    memcpy(name, zone.at, zone.len);
    name[zone.len] = '\0';
    *index = os_interface_index(name);
    return *index ? 0 : -ENODEV;
}

static int parse_in6(struct slice host, struct sockaddr_in6 *in)
{
    char text[INET6_ADDRSTRLEN];
    const char *percent = memchr(host.at, '%', host.len);
    size_t len = percent ? (size_t)(percent - host.at) : host.len;

    if (len >= sizeof(text))
        return -EINVAL;
    memcpy(text, host.at, len);
    text[len] = '\0';
    if (inet_pton(AF_INET6, text, &in->sin6_addr) != 1)
        return -EINVAL;
    if (!percent)
        return 0;
    return zone_of((struct slice){percent + 1, host.len - len - 1}, &in->sin6_scope_id);
}

static bool parse_in4(struct slice host, struct in_addr *in)
{
    char text[INET_ADDRSTRLEN];

    if (host.len >= sizeof(text))
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET, text, in) == 1;
}

static int take_family(const struct network *net, const leat_addr *found, leat_addr *a)
{
    if (!fits_family(net, addr_family(found)))
        return -EAFNOSUPPORT;
    *a = *found;
    return 0;
}

int addr_numeric(const struct network *net, const struct addr_parts *p, int port, leat_addr *a)
{
    struct sockaddr_in6 in6 = {.sin6_port = htons((uint16_t)port)};
    struct in_addr in4 = {INADDR_ANY};
    leat_addr found;
    int err;

    if (p->bracketed) {
        err = parse_in6(p->host, &in6);
        if (err)
            return err;
        set_in6(&found, &in6);
    } else if (p->host.len == 0 && fits_family(net, AF_INET6)) {
        set_in6(&found, &in6);
    } else if (p->host.len == 0 || parse_in4(p->host, &in4)) {
        set_in4(&found, in4, in6.sin6_port);
    } else {
        return is_name(p->host) && !looks_numeric(p->host) ? -ENXIO : -EINVAL;
    }
    return take_family(net, &found, a);
}

int addr_unix(leat_addr *a, const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t len = strlen(path);

    if (len >= sizeof(un.sun_path))
        return -ENAMETOOLONG;
    memcpy(un.sun_path, path, len);
    if (path[0] == '@')
        un.sun_path[0] = '\0';
    *a = (leat_addr){0};
    a->leat__size = (uint32_t)(offsetof(struct sockaddr_un, sun_path) + len);
    a->leat__size += path[0] && path[0] != '@'; /* a path's NUL counts, a name has none */
    memcpy(a->leat__raw, &un, sizeof(un));
    return 0;
}

int leat_addr_parse(leat_addr *a, const char *network, const char *text)
{
    const struct network *net = network_find(network);
    struct addr_parts p;

    if (!net)
        return -EPROTONOSUPPORT;
    if (net->family == AF_UNIX)
        return addr_unix(a, text);
    int err = addr_split(text, &p);
    if (err)
        return err;
    int port = addr_port_of(net, p.port);
    return port < 0 ? port : addr_numeric(net, &p, port, a);
}

/* ---- from the kernel ---- */

/* leat__raw as what it is. */
union raw {
    struct sockaddr any;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

_Static_assert(sizeof(union raw) <= sizeof(((leat_addr *)0)->leat__raw), "all have room");

static union raw raw_of(const leat_addr *a)
{
    union raw r = {0};

    memcpy(&r, a->leat__raw, sizeof(r));
    return r;
}

void addr_set(leat_addr *a, const void *sockaddr, uint32_t size)
{
    union raw r = {0};

    if (size > sizeof(r))
        size = sizeof(r);
    memcpy(&r, sockaddr, size);
    *a = (leat_addr){0};
    if (r.any.sa_family == AF_INET6 && size >= sizeof(r.in6)) {
        set_in6(a, &r.in6);
    } else if (r.any.sa_family == AF_INET && size >= sizeof(r.in4)) {
        set_in4(a, r.in4.sin_addr, r.in4.sin_port);
    } else if (r.any.sa_family == AF_UNIX) {
        a->leat__size = size;
        memcpy(a->leat__raw, &r, size);
    }
}

int addr_family(const leat_addr *a)
{
    return a->leat__size ? raw_of(a).any.sa_family : AF_UNSPEC;
}

const char *addr_path(const leat_addr *a)
{
    const char *path = (const char *)a->leat__raw + offsetof(struct sockaddr_un, sun_path);

    return addr_family(a) == AF_UNIX && *path ? path : NULL;
}

int leat_addr_port(const leat_addr *a)
{
    const union raw r = raw_of(a);

    switch (addr_family(a)) {
    case AF_INET:
        return ntohs(r.in4.sin_port);
    case AF_INET6:
        return ntohs(r.in6.sin6_port);
    default:
        return -EAFNOSUPPORT;
    }
}

void addr_set_port(leat_addr *a, int port)
{
    union raw r = raw_of(a);

    if (r.any.sa_family == AF_INET)
        r.in4.sin_port = htons((uint16_t)port);
    else
        r.in6.sin6_port = htons((uint16_t)port);
    addr_set(a, &r, a->leat__size);
}

bool leat_addr_equal(const leat_addr *a, const leat_addr *b)
{
    return a->leat__size == b->leat__size &&
           memcmp(a->leat__raw, b->leat__raw, a->leat__size) == 0;
}

bool addr_is_any(const leat_addr *a)
{
    const union raw r = raw_of(a);

    switch (addr_family(a)) {
    case AF_INET:
        return r.in4.sin_addr.s_addr == htonl(INADDR_ANY);
    case AF_INET6:
        return IN6_IS_ADDR_UNSPECIFIED(&r.in6.sin6_addr);
    default:
        return false;
    }
}

bool addr_without_ipv6(const struct network *net, const leat_addr *at, int err, leat_addr *four)
{
    bool missing = err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL;

    if (!missing || net->family != AF_UNSPEC || addr_family(at) != AF_INET6 || !addr_is_any(at))
        return false;
    set_in4(four, (struct in_addr){INADDR_ANY}, raw_of(at).in6.sin6_port);
    return true;
}

void addr_make_loopback(leat_addr *a)
{
    union raw r = raw_of(a);

    if (r.any.sa_family == AF_INET)
        r.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        r.in6.sin6_addr = in6addr_loopback;
    addr_set(a, &r, a->leat__size);
}

/* ---- the text of an address ---- */

static size_t put_text(const char *text, size_t len, char *buf, size_t size)
{
    size_t fits = size == 0 ? 0 : len < size - 1 ? len : size - 1;

    if (size > 0) {
        memcpy(buf, text, fits);
        buf[fits] = '\0';
    }
    return len;
}

/* A name without a file may hold any bytes: its NULs are shown as its first one is. */
static size_t format_unix(const leat_addr *a, char *buf, size_t size)
{
    const struct sockaddr_un un = raw_of(a).un;
    size_t room = a->leat__size - offsetof(struct sockaddr_un, sun_path);
    char text[sizeof(un.sun_path)];
    size_t len = 0;

    if (room > sizeof(text))
        room = sizeof(text);
    if (room > 0 && un.sun_path[0])
        room = strnlen(un.sun_path, room);
    for (; len < room; len++)
        text[len] = (char)(un.sun_path[len] ? un.sun_path[len] : '@');
    return put_text(text, len, buf, size);
}

static size_t format_in(const leat_addr *a, char *buf, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "", zone[OS_INTERFACE_NAME] = "";
    char text[LEAT_ADDR_TEXT];
    const union raw r = raw_of(a);
    bool six = r.any.sa_family == AF_INET6;
    int len;

    inet_ntop(r.any.sa_family, six ? (const void *)&r.in6.sin6_addr : &r.in4.sin_addr, host,
              sizeof(host));
    uint32_t index = six ? r.in6.sin6_scope_id : 0;
    if (index && !os_interface_name(index, zone))
        snprintf(zone, sizeof(zone), "%u", index);
    len = snprintf(text, sizeof(text), six ? "[%s%s%s]:%d" : "%s%s%s:%d", host,
                   index ? "%" : "", zone, leat_addr_port(a));
    return put_text(text, (size_t)len, buf, size);
}

size_t leat_addr_format(const leat_addr *a, char *buf, size_t size)
{
    int family = addr_family(a);

    if (family == AF_UNIX)
        return format_unix(a, buf, size);
    return family == AF_INET || family == AF_INET6 ? format_in(a, buf, size)
                                                   : put_text("", 0, buf, size);
}
