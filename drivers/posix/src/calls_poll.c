/* SPDX-License-Identifier: MIT */
/*
 * calls_poll.c - poll, ppoll, select, pselect.
 *
 * PROTOCOL  libc's poll with no time to wait says what is ready; if nothing is, the goroutine
 *   parks until something is, and asks again. For one descriptor it waits itself. For several
 *   they are gathered in an epoll descriptor, made for this wait, and that is waited for: it is
 *   readable as soon as one of them is ready. Descriptors that epoll refuses are always ready,
 *   so poll has said so before.
 *   select is asked and told through poll, but for the kernel's own check of its arguments.
 *
 * NOT HERE  A call with a signal mask (ppoll, pselect) changes the mask of the thread, which
 *   others share: it goes to libc and blocks the thread.
 *
 * PROOF  drivers/posix/tests/posix_poll_test.c.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "ground.h"
#include "real.h"

INTERPOSED int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t size);
INTERPOSED int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *ts,
                           const sigset_t *mask, size_t size);

/* What one wait of leat's covers; poll's other bits take the long way. */
enum { SIMPLE = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM };

static unsigned simple_events(short events)
{
    return (events & (POLLIN | POLLRDNORM) ? LEAT_READABLE : 0u) |
           (events & (POLLOUT | POLLWRNORM) ? LEAT_WRITABLE : 0u) |
           (events & POLLPRI ? LEAT_URGENT : 0u);
}

/* ---- several ---- */

static int gather_one(int set, const struct pollfd *fds, nfds_t i)
{
    struct epoll_event ev = {.events = (unsigned short)fds[i].events};

    if (epoll_ctl(set, EPOLL_CTL_ADD, fds[i].fd, &ev) == 0 || errno == EPERM)
        return 0;
    if (errno != EEXIST)
        return -errno;
    for (nfds_t k = 0; k < i; k++) /* named twice: what any of them asks for */
        if (fds[k].fd == fds[i].fd)
            ev.events |= (unsigned short)fds[k].events;
    return epoll_ctl(set, EPOLL_CTL_MOD, fds[i].fd, &ev) == 0 ? 0 : -errno;
}

static int gather(const struct pollfd *fds, nfds_t n)
{
    int set = epoll_create1(EPOLL_CLOEXEC);
    int err = set < 0 ? -errno : 0;

    for (nfds_t i = 0; i < n && !err; i++)
        if (fds[i].fd >= 0)
            err = gather_one(set, fds, i);
    if (err && set >= 0)
        close(set);
    return err ? err : set;
}

/* ---- the wait ---- */

struct polling {
    struct pollfd *fds;
    nfds_t n;
    leat_duration deadline;
    int set; /* the epoll descriptor; -1: none yet */
};

/* 0: ask again; -ETIMEDOUT; or no way to wait. */
static int park_for_news(struct polling *w)
{
    const struct pollfd *only = NULL;
    nfds_t real = 0;

    for (nfds_t i = 0; i < w->n; i++)
        if (w->fds[i].fd >= 0) {
            only = &w->fds[i];
            real++;
        }
    if (real == 0) {
        leat_sleep_until(w->deadline);
        return -ETIMEDOUT;
    }
    unsigned simple = simple_events(only->events);
    if (real == 1 && simple && !(only->events & ~SIMPLE)) {
        int got = leat_wait_fd(only->fd, simple, w->deadline);
        return got < 0 ? got : 0;
    }
    if (w->set < 0)
        w->set = gather(w->fds, w->n);
    if (w->set < 0)
        return w->set;
    int got = leat_wait_fd(w->set, LEAT_READABLE, w->deadline);
    return got < 0 ? got : 0;
}

/* -EAGAIN: nothing was ready at the first look and there is no parking here. */
static int poll_until(struct pollfd *fds, nfds_t n, leat_duration deadline)
{
    struct polling w = {fds, n, deadline, -1};
    int err = 0;
    int got = 0;

    while (!err) {
        got = REAL(poll)(fds, n, 0);
        if (got != 0)
            break;
        err = park_for_news(&w);
    }
    if (got == 0 && err == -ETIMEDOUT)
        got = REAL(poll)(fds, n, 0); /* it may have become ready just then */
    int kept = errno;
    if (w.set >= 0)
        close(w.set);
    errno = kept;
    return got == 0 && err && err != -ETIMEDOUT ? -EAGAIN : got;
}

/* From now; LEAT_FOREVER if it never comes. */
static leat_duration from_now(int64_t s, int64_t ns)
{
    leat_duration t;

    if (__builtin_mul_overflow(s, LEAT_SECOND, &t) || __builtin_add_overflow(t, ns, &t) ||
        __builtin_add_overflow(t, leat_now(), &t))
        return LEAT_FOREVER;
    return t;
}

INTERPOSED int poll(struct pollfd *fds, nfds_t n, int ms)
{
    if (!ground_is_goroutine() || ms == 0)
        return REAL(poll)(fds, n, ms);
    int got = REAL(poll)(fds, n, 0);
    if (got != 0)
        return got;
    if (!ground_may_park("poll"))
        return REAL(poll)(fds, n, ms);
    leat_duration deadline = ms < 0 ? LEAT_FOREVER : from_now(0, ms * LEAT_MILLISECOND);
    got = poll_until(fds, n, deadline);
    return got == -EAGAIN ? REAL(poll)(fds, n, ms) : got;
}

INTERPOSED int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *ts,
                     const sigset_t *mask)
{
    static const struct timespec none;

    if (!ground_is_goroutine() || mask ||
        (ts && (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= LEAT_SECOND)))
        return REAL(ppoll)(fds, n, ts, mask);
    int got = REAL(ppoll)(fds, n, &none, NULL);
    if (got != 0 || (ts && ts->tv_sec == 0 && ts->tv_nsec == 0))
        return got;
    if (!ground_may_park("ppoll"))
        return REAL(ppoll)(fds, n, ts, mask);
    got = poll_until(fds, n, ts ? from_now(ts->tv_sec, ts->tv_nsec) : LEAT_FOREVER);
    return got == -EAGAIN ? REAL(ppoll)(fds, n, ts, mask) : got;
}

/* What gcc makes of them with _FORTIFY_SOURCE, where it knows the size of the list. */
INTERPOSED int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t size)
{
    return size / sizeof(*fds) < n ? REAL(__poll_chk)(fds, n, ms, size) : poll(fds, n, ms);
}

INTERPOSED int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *ts,
                           const sigset_t *mask, size_t size)
{
    return size / sizeof(*fds) < n ? REAL(__ppoll_chk)(fds, n, ts, mask, size)
                                   : ppoll(fds, n, ts, mask);
}
