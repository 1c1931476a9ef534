/* SPDX-License-Identifier: MIT */
/*
 * rw.c - see rw.h.
 *
 * CALLS  of the hot paths go to the kernel directly: libc's functions are points where a thread
 *   can be cancelled, and prepare for that each time. Goroutines cannot be. And ThreadSanitizer
 *   takes libc's for orders that the memory model does not know (io/fdio.c has those it does).
 *
 * SIGPIPE  A socket is told not to raise it. For other files Linux can be told so since 6.18;
 *   before, the thread holds the signal up and takes it back. Goroutines do not switch meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "arch/sanitize.h"
#include "base/util.h"
#include "os/rw.h"

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

int64_t os_readv(int fd, const struct iovec *to, int n)
{
    long got;

    do {
        got = n == 1 ? syscall(SYS_read, fd, to->iov_base, to->iov_len)
                     : syscall(SYS_readv, fd, to, n);
    } while (got < 0 && errno == EINTR);
    return got >= 0 ? got : -errno;
}

int64_t os_receive(int fd, const struct iovec *to, int n)
{
    long got;

    if (n != 1)
        return os_readv(fd, to, n);
    do {
        got = syscall(SYS_recvfrom, fd, to->iov_base, to->iov_len, 0, NULL, NULL);
    } while (got < 0 && errno == EINTR);
    return got >= 0 ? got : -errno;
}

int os_readable(int fd)
{
    const struct timespec at_once = {0, 0};
    struct pollfd one = {.fd = fd, .events = POLLIN};
    long n;

    do {
        n = syscall(SYS_ppoll, &one, 1, &at_once, NULL, (size_t)0);
    } while (n < 0 && errno == EINTR);
    if (n == 0) /* what was opened for writing would never be */
        return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY ? -EBADF : 0;
    return n < 0 ? -errno : one.revents & POLLNVAL ? -EBADF : 1;
}

static int64_t write_once(int fd, const struct iovec *from, int n)
{
    long put = n == 1 ? syscall(SYS_write, fd, from->iov_base, from->iov_len)
                      : syscall(SYS_writev, fd, from, n);

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
    long put;

    do {
        put = n == 1 ? syscall(SYS_sendto, fd, from->iov_base, from->iov_len, MSG_NOSIGNAL,
                               NULL, 0)
                     : syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    return put >= 0 ? put : -errno;
}

/* ThreadSanitizer must know that the number is free, or takes it for the old one when the program
 * opens another file; but that somebody closes is no write that could race. */
static int close_seen(int fd)
{
    leat__san_ignore_begin();
    int err = close(fd) == 0 || errno == EINTR ? 0 : -errno;
    leat__san_ignore_end();
    return err;
}

int os_close(int fd)
{
    if (unlikely(leat__san_thread))
        return close_seen(fd);
    return syscall(SYS_close, fd) == 0 || errno == EINTR ? 0 : -errno;
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

int os_unlink(const char *path)
{
    return unlink(path) == 0 ? 0 : -errno;
}

int os_pipe(int ends[2])
{
    return syscall(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK) == 0 ? 0 : -errno;
}

int os_pipe_blocking(int ends[2])
{
    return syscall(SYS_pipe2, ends, O_CLOEXEC) == 0 ? 0 : -errno;
}
