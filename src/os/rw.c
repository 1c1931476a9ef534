/* SPDX-License-Identifier: MIT */
/*
 * rw.c - see rw.h.
 *
 * SIGPIPE  A socket is told not to raise it. For other files Linux can be told so since 6.18;
 *   before, the thread holds the signal up and takes it back. Goroutines do not switch meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "os/rw.h"

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

int64_t os_readv(int fd, const struct iovec *to, int n)
{
    for (;;) {
        ssize_t got = n == 1 ? read(fd, to->iov_base, to->iov_len) : readv(fd, to, n);
        if (got >= 0 || errno != EINTR)
            return got >= 0 ? got : -errno;
    }
}

static int64_t write_once(int fd, const struct iovec *from, int n)
{
    ssize_t put = n == 1 ? write(fd, from->iov_base, from->iov_len) : writev(fd, from, n);

    return put >= 0 ? put : -errno;
}

void os_quiet_begin(struct os_quiet *q)
{
    sigset_t pending;

    sigemptyset(&q->pipe_only);
    sigaddset(&q->pipe_only, SIGPIPE);
    sigpending(&pending);
    q->older = sigismember(&pending, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &q->pipe_only, &q->before);
}

void os_quiet_end(const struct os_quiet *q, int64_t result)
{
    const struct timespec now = {0, 0};

    if (result == -EPIPE && !q->older)
        while (sigtimedwait(&q->pipe_only, NULL, &now) < 0 && errno == EINTR)
            continue;
    pthread_sigmask(SIG_SETMASK, &q->before, NULL);
}

static int64_t write_quietly(int fd, const struct iovec *from, int n)
{
    struct os_quiet quiet;

    os_quiet_begin(&quiet);
    int64_t put = write_once(fd, from, n);
    os_quiet_end(&quiet, put);
    return put;
}

int64_t os_writev(int fd, const struct iovec *from, int n)
{
    static bool raises; /* atomic: the kernel cannot be told not to */
    int64_t put;

    do {
        put = -EOPNOTSUPP;
        if (!load_relaxed(&raises)) {
            put = pwritev2(fd, from, n, -1, RWF_NOSIGNAL);
            if (put < 0)
                put = -errno;
            if (put == -EOPNOTSUPP || put == -EINVAL)
                store_relaxed(&raises, true);
        }
        if (put == -EOPNOTSUPP || put == -EINVAL || put == -ENOSYS || put == -ESPIPE)
            put = write_quietly(fd, from, n);
    } while (put == -EINTR);
    return put;
}

int64_t os_send(int fd, const struct iovec *from, int n)
{
    struct msghdr message = {.msg_iov = (struct iovec *)from, .msg_iovlen = (size_t)n};
    ssize_t put;

    do {
        put = n == 1 ? send(fd, from->iov_base, from->iov_len, MSG_NOSIGNAL)
                     : sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    return put >= 0 ? put : -errno;
}

int os_close(int fd)
{
    return close(fd) == 0 || errno == EINTR ? 0 : -errno;
}

int os_set_nonblocking(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0)
        return -errno;
    bool was_on = flags & O_NONBLOCK;
    if (was_on != on && fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
        return -errno;
    return was_on;
}

int os_is_socket(int fd, bool *tcp)
{
    int protocol = 0;
    socklen_t size = sizeof(protocol);

    *tcp = false;
    if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) < 0)
        return errno == ENOTSOCK ? 0 : -errno;
    *tcp = protocol == IPPROTO_TCP;
    return 1;
}

int os_shutdown(int fd, bool reading, bool writing)
{
    int how = reading && writing ? SHUT_RDWR : reading ? SHUT_RD : SHUT_WR;

    return shutdown(fd, how) == 0 ? 0 : -errno;
}

int os_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0 ? 0 : -errno;
}

int os_pipe_blocking(int ends[2])
{
    return pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno;
}
