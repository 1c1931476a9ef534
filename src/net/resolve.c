/* SPDX-License-Identifier: MIT */
/*
 * resolve.c - from texts to addresses, asking for names.
 *
 * PICTURE   "host:port" -> numbers: at once
 *                       -> remembered (names_cache.c): at once
 *                       -> getaddrinfo, which blocks: inside leat_blocking, off the procs
 *
 * CANCELLING  getaddrinfo cannot be interrupted. So a question that has a limit is asked by a
 *   goroutine of its own, and whoever asked may leave: the answer then goes to nobody, and the last
 *   of the two frees the lookup (refs). Without a limit nobody leaves, and the caller asks.
 *
 * ORDER  The system's order (RFC 6724), with the families taking turns (RFC 8305, 4): so that one
 *   that is broken costs a quarter of a second and not one for each of its addresses.
 *
 * HOSTILE TEXTS  getaddrinfo also takes "127.1", "0x7f.1" and "2130706433" as addresses, which
 *   nobody expects who has checked a text against a list. They are no names: -EINVAL.
 *
 * PROOF  tests/api/net_resolve_test.c.
 */
#include "net/resolve.h"

#include <errno.h>
#include <leat/go.h>
#include <leat/net/resolve.h>
#include <string.h>

#include "flow/semaphore.h"
#include "io/io_limit.h"
#include "os/mem.h"

enum { HOST_MAX = 255, SERVICE_MAX = 63 };

struct lookup {
    uint32_t refs;
    int err; /* valid once `done` can be acquired, as is found */
    int family, type;
    leat_semaphore done; /* one token, which the one who asks has until then */
    struct os_names found;
    char host[HOST_MAX + 1], service[SERVICE_MAX + 1];
};

static void lookup_unref(struct lookup *k)
{
    if (fetch_sub(&k->refs, 1) == 1)
        leat__free(k);
}

/* ---- asking ---- */

static int lookup_ask(struct lookup *k)
{
    return leat_blocking(os_resolve, k->host, k->service, k->family, k->type, &k->found);
}

static void lookup_run(struct lookup *k)
{
    k->err = lookup_ask(k);
    leat_semaphore_release(&k->done, 1);
    lookup_unref(k);
}

static int lookup_limited(struct lookup *k, const leat_limit *limit)
{
    struct limit l = io_limit(limit);

    if (limit_is_none(&l))
        return lookup_ask(k);
    int err = limit_over(&l);
    if (err)
        return err;
    leat_semaphore_init(&k->done, 1);
    leat_semaphore_acquire(&k->done, 1);
    fetch_add(&k->refs, 1);
    leat_go(lookup_run, k);
    err = semaphore_acquire(&k->done, 1, &l);
    return err ? err : k->err;
}

static void copy_slice(char *to, struct slice from)
{
    memcpy(to, from.at, from.len);
    to[from.len] = '\0';
}

/* Ask for a name; of a port that is a number, nobody is asked. */
static int lookup_name(const struct network *net, const struct addr_parts *p, bool service,
                       const leat_limit *limit, struct os_names *found)
{
    if (p->host.len > HOST_MAX || (service && p->port.len > SERVICE_MAX))
        return -ENAMETOOLONG;
    struct lookup *k = leat__alloc(sizeof(*k));
    if (!k)
        return -ENOMEM;
    k->refs = 1;
    k->family = net->family;
    k->type = net->type;
    copy_slice(k->host, p->host);
    if (service)
        copy_slice(k->service, p->port);
    const struct name_key key = {k->host, k->service, k->family, k->type};
    int err = 0;
    if (!names_cached(&key, found)) {
        err = lookup_limited(k, limit);
        if (!err) {
            *found = k->found;
            names_remember(&key, found);
        }
    }
    lookup_unref(k);
    return err;
}

/* ---- the order ---- */

static void add_found(struct addr_list *list, const struct os_names *found, int i, int port)
{
    leat_addr *a = &list->at[list->n++];

    addr_set(a, found->at[i].raw, found->at[i].size);
    if (port >= 0)
        addr_set_port(a, port);
}

static int next_of(const struct os_names *found, int from, bool first, int family)
{
    leat_addr a;

    for (int i = from; i < found->n; i++) {
        addr_set(&a, found->at[i].raw, found->at[i].size);
        if ((addr_family(&a) == family) == first)
            return i;
    }
    return found->n;
}

/* port < 0: it is in what was found. */
static void take_turns(struct addr_list *list, const struct os_names *found, int port)
{
    leat_addr a;

    addr_set(&a, found->at[0].raw, found->at[0].size);
    int family = addr_family(&a), mine = 0, other = 0;
    while (list->n < found->n) {
        mine = next_of(found, mine, true, family);
        if (mine < found->n)
            add_found(list, found, mine++, port);
        other = next_of(found, other, false, family);
        if (other < found->n)
            add_found(list, found, other++, port);
    }
}

int resolve_all(struct addr_list *list, const struct network *net, const char *text,
                const leat_limit *limit)
{
    struct os_names found;
    struct addr_parts p;
    int err;

    list->n = 0;
    if (net->family == AF_UNIX) {
        err = addr_unix(&list->at[0], text);
        list->n = !err;
        return err;
    }
    err = addr_split(text, &p);
    if (err)
        return err;
    int port = addr_port_of(net, p.port);
    if (port < 0 && port != -ENXIO)
        return port;
    err = addr_numeric(net, &p, port < 0 ? 0 : port, &list->at[0]);
    if (err == 0 && port >= 0) {
        list->n = 1;
        return 0;
    }
    if (err && err != -ENXIO)
        return err;
    err = lookup_name(net, &p, port < 0, limit, &found);
    if (!err)
        take_turns(list, &found, port);
    return err;
}

/* ---- the public face ---- */

static int resolve_limited(leat_addr *addrs, int max, const char *network, const char *address,
                           const leat_limit *limit)
{
    const struct network *net = network_find(network);
    struct addr_list list;
    int err = net ? resolve_all(&list, net, address, limit) : -EPROTONOSUPPORT;

    if (err)
        return err;
    if (list.n > max)
        list.n = max;
    for (int i = 0; i < list.n; i++)
        addrs[i] = list.at[i];
    return list.n;
}

int leat_resolve(leat_addr *addrs, int max, const char *network, const char *address)
{
    const leat_limit limit = LEAT_NO_LIMIT;

    return resolve_limited(addrs, max, network, address, &limit);
}

int leat_resolve_ctx(leat_ctx *ctx, leat_addr *addrs, int max, const char *network,
                     const char *address)
{
    const leat_limit limit = {ctx, LEAT_FOREVER};

    return resolve_limited(addrs, max, network, address, &limit);
}

int leat_resolve_until(leat_addr *addrs, int max, const char *network, const char *address,
                       leat_duration deadline)
{
    const leat_limit limit = {NULL, deadline};

    return resolve_limited(addrs, max, network, address, &limit);
}
