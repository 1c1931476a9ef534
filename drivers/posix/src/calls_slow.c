/* SPDX-License-Identifier: MIT */
/*
 * calls_slow.c - getaddrinfo, getnameinfo, fsync, fdatasync, flock.
 *
 * They have no descriptor to wait for, and run on threads of this library (offload.c). errno
 * comes back with the result. An address needs no look-up and no thread. A lock of flock belongs
 * to the open file, not to the thread, so it is the same who asks for it; what is free, and
 * unlocking, is done here and now.
 *
 * PROOF  drivers/posix/tests/posix_offload_test.c.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/file.h>
#include <unistd.h>

#include "ground.h"
#include "offload.h"
#include "real.h"

/* ---- names ---- */

struct lookup {
    const char *node, *service;
    const struct addrinfo *hints;
    struct addrinfo **found;
    int result, err;
};

static void look_up(void *arg)
{
    struct lookup *l = arg;

    errno = 0;
    l->result = REAL(getaddrinfo)(l->node, l->service, l->hints, l->found);
    l->err = errno;
}

/* Then nobody is asked: most clients pass an address this way. */
static bool is_address(const char *node)
{
    struct in6_addr a;

    return !node || inet_pton(AF_INET, node, &a) == 1 || inet_pton(AF_INET6, node, &a) == 1;
}

INTERPOSED int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                           struct addrinfo **found)
{
    bool numeric = is_address(node) || (hints && hints->ai_flags & AI_NUMERICHOST);

    if (!ground_is_goroutine() || numeric || !ground_may_park("getaddrinfo"))
        return REAL(getaddrinfo)(node, service, hints, found);
    struct lookup l = {.node = node, .service = service, .hints = hints, .found = found};
    offload(look_up, &l);
    if (l.err)
        errno = l.err;
    return l.result;
}

struct naming {
    const struct sockaddr *addr;
    socklen_t len, hostlen, servlen;
    char *host, *serv;
    int flags, result, err;
};

static void find_name(void *arg)
{
    struct naming *n = arg;

    errno = 0;
    n->result = REAL(getnameinfo)(n->addr, n->len, n->host, n->hostlen, n->serv, n->servlen,
                                  n->flags);
    n->err = errno;
}

/* NOLINTNEXTLINE(readability-function-size): POSIX has chosen that many parameters */
INTERPOSED int getnameinfo(const struct sockaddr *addr, socklen_t len, char *host,
                           socklen_t hostlen, char *serv, socklen_t servlen, int flags)
{
    bool numeric = flags & NI_NUMERICHOST && flags & NI_NUMERICSERV;

    if (!ground_is_goroutine() || numeric || !ground_may_park("getnameinfo"))
        return REAL(getnameinfo)(addr, len, host, hostlen, serv, servlen, flags);
    struct naming n = {.addr = addr,
                       .len = len,
                       .hostlen = hostlen,
                       .servlen = servlen,
                       .host = host,
                       .serv = serv,
                       .flags = flags};
    offload(find_name, &n);
    if (n.err)
        errno = n.err;
    return n.result;
}

/* ---- files ---- */

struct file_call {
    int (*call)(int fd);
    int fd, operation;
    int result;
};

static void call_file(void *arg)
{
    struct file_call *c = arg;

    c->result = c->call(c->fd) != 0 ? -errno : 0;
}

static int file_call(const char *name, int (*call)(int fd), int fd)
{
    if (!ground_is_goroutine() || !ground_may_park(name))
        return call(fd);
    struct file_call c = {.call = call, .fd = fd};
    offload(call_file, &c);
    return (int)ground_result(c.result);
}

INTERPOSED int fsync(int fd)
{
    return file_call("fsync", REAL(fsync), fd);
}

INTERPOSED int fdatasync(int fd)
{
    return file_call("fdatasync", REAL(fdatasync), fd);
}

static void lock_file(void *arg)
{
    struct file_call *c = arg;

    do
        c->result = REAL(flock)(c->fd, c->operation) != 0 ? -errno : 0;
    while (c->result == -EINTR);
}

INTERPOSED int flock(int fd, int operation)
{
    if (!ground_is_goroutine() || operation & (LOCK_NB | LOCK_UN))
        return REAL(flock)(fd, operation);
    int r = REAL(flock)(fd, operation | LOCK_NB);
    if (r == 0 || errno != EWOULDBLOCK)
        return r;
    if (!ground_may_park("flock"))
        return REAL(flock)(fd, operation);
    struct file_call c = {.fd = fd, .operation = operation};
    offload(lock_file, &c);
    return (int)ground_result(c.result);
}
