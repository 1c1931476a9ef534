/* SPDX-License-Identifier: MIT */
/*
 * calls_rw.c - read, write, readv, writev.
 *
 * TRYING  Most descriptors that block are sockets, so the first try is recvmsg or sendmsg with
 *   MSG_DONTWAIT. What is no socket and no plain file (a pipe, a terminal, an eventfd) is tried
 *   by RWF_NOWAIT, and where the kernel has that not for it, by turn_try; a pipe then takes
 *   PIPE_BUF bytes, which it has place for once it is ready. Plain files and block devices go
 *   straight to libc: they are always ready, and what they wait for nobody can be told of.
 *
 * A WRITE goes on until all is written, as a blocking write does. If it must stop before (a
 *   timeout, an error), it gives what it has written. SIGPIPE comes with a first try only: after
 *   some bytes the kernel gives their number, and no signal.
 *
 * PROOF  drivers/posix/tests/posix_rw_test.c.
 */
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ground.h"
#include "real.h"
#include "turn.h"
#include "window.h"

INTERPOSED ssize_t __read_chk(int fd, void *buf, size_t n, size_t size);

struct rw {
    int fd;
    const struct iovec *iov;
    int n;
};

static int64_t real_readv(void *arg)
{
    const struct rw *rw = arg;
    ssize_t r = REAL(readv)(rw->fd, rw->iov, rw->n);

    return r < 0 ? -errno : r;
}

static int64_t real_writev(void *arg)
{
    const struct rw *rw = arg;
    ssize_t r = REAL(writev)(rw->fd, rw->iov, rw->n);

    return r < 0 ? -errno : r;
}

static bool is_plain(int fd)
{
    struct stat st;

    return fstat(fd, &st) != 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ||
           S_ISBLK(st.st_mode);
}

/* The kernel does not know RWF_NOWAIT for this kind of file. */
static bool no_nowait(ssize_t r)
{
    return r < 0 &&
           (errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS || errno == ESPIPE);
}

/* ---- in ---- */

static int64_t try_read(struct rw *rw)
{
    struct msghdr m = {.msg_iov = (struct iovec *)rw->iov, .msg_iovlen = (size_t)rw->n};
    ssize_t r = REAL(recvmsg)(rw->fd, &m, MSG_DONTWAIT);

    if (r >= 0 || errno != ENOTSOCK)
        return r < 0 ? -errno : r;
    if (is_plain(rw->fd))
        return real_readv(rw);
    r = preadv2(rw->fd, rw->iov, rw->n, -1, RWF_NOWAIT);
    if (no_nowait(r))
        return turn_try(rw->fd, POLLIN, real_readv, rw);
    return r < 0 ? -errno : r;
}

static int64_t stream_in(const char *name, struct rw *rw)
{
    struct ground_call c = {.name = name,
                            .fd = rw->fd,
                            .events = LEAT_READABLE,
                            .timeout_option = SO_RCVTIMEO};
    int64_t r;

    while ((r = try_read(rw)) == -EAGAIN) {
        enum ground_next next = ground_wait(&c);
        if (next == GROUND_GIVE_UP)
            break;
        if (next == GROUND_BLOCK)
            return real_readv(rw);
    }
    return r;
}

/* What libc's call judges itself: nothing to move, or arguments that are wrong. */
static bool is_for_libc(const struct iovec *iov, int n, size_t *total)
{
    return !ground_is_goroutine() || n <= 0 || n > IOV_MAX ||
           !window_total(iov, (size_t)n, total) || *total == 0;
}

INTERPOSED ssize_t readv(int fd, const struct iovec *iov, int n)
{
    size_t total;

    if (is_for_libc(iov, n, &total))
        return REAL(readv)(fd, iov, n);
    struct rw rw = {fd, iov, n};
    return ground_result(stream_in("readv", &rw));
}

INTERPOSED ssize_t read(int fd, void *buf, size_t n)
{
    if (!ground_is_goroutine() || n == 0)
        return REAL(read)(fd, buf, n);
    struct iovec iov = {buf, n};
    struct rw rw = {fd, &iov, 1};
    return ground_result(stream_in("read", &rw));
}

/* What gcc makes of read with _FORTIFY_SOURCE, where it knows the size of the buffer. */
INTERPOSED ssize_t __read_chk(int fd, void *buf, size_t n, size_t size)
{
    return n > size ? REAL(__read_chk)(fd, buf, n, size) : read(fd, buf, n);
}

/* ---- out ---- */

static int64_t real_write_some(void *arg)
{
    struct rw *rw = arg;
    struct iovec some = rw->iov[0];
    size_t total;

    if (window_total(rw->iov, (size_t)rw->n, &total) && total <= PIPE_BUF)
        return real_writev(rw); /* in one piece */
    if (some.iov_len > PIPE_BUF)
        some.iov_len = PIPE_BUF;
    struct rw less = {rw->fd, &some, 1};
    return real_writev(&less);
}

static int64_t try_write(struct rw *rw, bool first)
{
    struct msghdr m = {.msg_iov = (struct iovec *)rw->iov, .msg_iovlen = (size_t)rw->n};
    ssize_t r = REAL(sendmsg)(rw->fd, &m, MSG_DONTWAIT | (first ? 0 : MSG_NOSIGNAL));

    if (r >= 0 || errno != ENOTSOCK)
        return r < 0 ? -errno : r;
    if (is_plain(rw->fd))
        return real_writev(rw);
    r = pwritev2(rw->fd, rw->iov, rw->n, -1, RWF_NOWAIT);
    if (no_nowait(r))
        return turn_try(rw->fd, POLLOUT, real_write_some, rw);
    return r < 0 ? -errno : r;
}

/* The first time all of it, for it may be one datagram. */
static int64_t write_rest(const struct rw *all, size_t done, bool block)
{
    struct window w;

    if (done == 0) {
        struct rw rw = *all;
        return block ? real_writev(&rw) : try_write(&rw, true);
    }
    window_set(&w, all->iov, (size_t)all->n, done);
    struct rw rw = {all->fd, w.iov, w.n};
    return block ? real_writev(&rw) : try_write(&rw, false);
}

static int64_t stream_out(const char *name, const struct rw *all, size_t total)
{
    struct ground_call c = {.name = name,
                            .fd = all->fd,
                            .events = LEAT_WRITABLE,
                            .timeout_option = SO_SNDTIMEO};
    enum ground_next next = GROUND_TRY;
    size_t done = 0;

    while (done < total) {
        int64_t r = write_rest(all, done, next == GROUND_BLOCK);
        if (r == -EAGAIN && next == GROUND_TRY)
            next = ground_wait(&c);
        else if (r <= 0)
            return done > 0 ? (int64_t)done : r;
        else
            done += (size_t)r;
        if (next == GROUND_GIVE_UP)
            return done > 0 ? (int64_t)done : r;
    }
    return (int64_t)done;
}

INTERPOSED ssize_t writev(int fd, const struct iovec *iov, int n)
{
    size_t total;

    if (is_for_libc(iov, n, &total))
        return REAL(writev)(fd, iov, n);
    struct rw rw = {fd, iov, n};
    return ground_result(stream_out("writev", &rw, total));
}

INTERPOSED ssize_t write(int fd, const void *buf, size_t n)
{
    if (!ground_is_goroutine() || n == 0 || n > SSIZE_MAX)
        return REAL(write)(fd, buf, n);
    struct iovec iov = {(void *)buf, n};
    struct rw rw = {fd, &iov, 1};
    return ground_result(stream_out("write", &rw, n));
}
