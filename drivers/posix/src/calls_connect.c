/* SPDX-License-Identifier: MIT */
/*
 * calls_connect.c - connect, accept, accept4.
 *
 * CONNECT  There is no flag for one call, so O_NONBLOCK is set for its time. A socket that is
 *   about to be connected has one user, who is inside this call. Where a Unix socket's queue is
 *   full the kernel says EAGAIN and has no news for us: it is tried again, after pauses that
 *   grow. SO_SNDTIMEO is the limit, with the same results as libc's: EINPROGRESS for TCP.
 * ACCEPT  There is none either, and a listener has many users: turn_try.
 *
 * PROOF  drivers/posix/tests/posix_socket_test.c.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "ground.h"
#include "real.h"
#include "turn.h"

/* ---- connect ---- */

struct dialling {
    int fd;
    __CONST_SOCKADDR_ARG addr;
    socklen_t len;
    int flags; /* of the descriptor, without O_NONBLOCK */
};

static int connect_try(const struct dialling *d)
{
    if (fcntl(d->fd, F_SETFL, d->flags | O_NONBLOCK) != 0)
        return -errno;
    int r = REAL(connect)(d->fd, d->addr, d->len);
    int err = r < 0 ? -errno : 0;
    if (fcntl(d->fd, F_SETFL, d->flags) != 0 && !err)
        err = -errno;
    return err;
}

/* A Unix socket whose listener has no place at the moment. */
static int connect_patiently(const struct dialling *d, leat_duration deadline)
{
    enum { FIRST_US = 100, LONGEST_US = 10000 };
    leat_duration pause = FIRST_US * LEAT_MICROSECOND;
    int err;

    while ((err = connect_try(d)) == -EAGAIN) {
        leat_duration until = leat_now() + pause;
        if (until > deadline)
            until = deadline;
        leat_sleep_until(until);
        if (leat_now() >= deadline)
            return -EAGAIN;
        if (pause < LONGEST_US * LEAT_MICROSECOND)
            pause *= 2;
    }
    return err;
}

static int connect_or_park(const struct dialling *d)
{
    int err = connect_try(d);

    if (err != -EINPROGRESS && err != -EALREADY && err != -EAGAIN)
        return err;
    if (!ground_may_park("connect"))
        return REAL(connect)(d->fd, d->addr, d->len) < 0 ? -errno : 0;
    leat_duration deadline = ground_deadline(d->fd, SO_SNDTIMEO);
    if (err == -EAGAIN)
        return connect_patiently(d, deadline);
    int late = err;
    while (err == -EINPROGRESS || err == -EALREADY) {
        int got = leat_wait_fd(d->fd, LEAT_WRITABLE, deadline);
        if (got < 0)
            return got == -ETIMEDOUT ? late : got;
        err = connect_try(d); /* the second call tells the outcome, and makes it final */
    }
    return err;
}

INTERPOSED int connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
    if (!ground_is_goroutine())
        return REAL(connect)(fd, addr, len);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || flags & O_NONBLOCK)
        return REAL(connect)(fd, addr, len);
    struct dialling d = {fd, addr, len, flags};
    return (int)ground_result(connect_or_park(&d));
}

/* ---- accept ---- */

struct accepting {
    int fd, flags;
    __SOCKADDR_ARG addr;
    socklen_t *len;
};

static int64_t real_accept(void *arg)
{
    const struct accepting *a = arg;
    int fd = REAL(accept4)(a->fd, a->addr, a->len, a->flags);

    return fd < 0 ? -errno : fd;
}

static bool is_listener(int fd)
{
    int listens = 0;
    socklen_t size = sizeof(listens);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens;
}

static int64_t accept_or_park(const char *name, struct accepting *a)
{
    struct ground_call c = {.name = name,
                            .fd = a->fd,
                            .events = LEAT_READABLE,
                            .timeout_option = SO_RCVTIMEO};
    int64_t r;

    if (!is_listener(a->fd))
        return real_accept(a);
    while ((r = turn_try(a->fd, POLLIN, real_accept, a)) == -EAGAIN) {
        enum ground_next next = ground_wait(&c);
        if (next == GROUND_GIVE_UP)
            break;
        if (next == GROUND_BLOCK)
            return real_accept(a);
    }
    return r;
}

INTERPOSED int accept4(int fd, __SOCKADDR_ARG addr, socklen_t *len, int flags)
{
    if (!ground_is_goroutine())
        return REAL(accept4)(fd, addr, len, flags);
    struct accepting a = {fd, flags, addr, len};
    return (int)ground_result(accept_or_park("accept4", &a));
}

INTERPOSED int accept(int fd, __SOCKADDR_ARG addr, socklen_t *len)
{
    if (!ground_is_goroutine())
        return REAL(accept)(fd, addr, len);
    struct accepting a = {fd, 0, addr, len};
    return (int)ground_result(accept_or_park("accept", &a));
}
