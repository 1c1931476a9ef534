/* SPDX-License-Identifier: MIT */
/*
 * fdio.c - a stream that is a non-blocking descriptor.
 *
 * PICTURE   leat_io -> struct fdio: way[in], way[out] (locks) -> struct desc -> the kernel
 *
 * INVARIANTS
 *   F1  who holds a way's lock is the only one to try and to wait that way: a write is whole
 *       before the next one begins, and a desc has one waiter a side.
 *   F2  fd is valid while any of the three locks is held and `closed` was not set before it was
 *       taken. So no call of ours reaches a number that has been closed and given away.
 *
 * CLOSING  sets `closed`, wakes who waits (desc_shut), and takes all three locks, which those who
 *   are in the middle of something give back at once. So when it returns the descriptor is
 *   closed, and its number may come back.
 *
 * READING  A read that gets less than it asked for has emptied a TCP socket; then the next one
 *   waits for an edge first, and saves the call that would return EAGAIN: unless the peer's end was
 *   in an edge that has been seen. Pipes, terminals and
 *   Unix sockets end a read at boundaries of their own, so they are tried each time (tells_all).
 *   (TCP's urgent mark is such a boundary too. Nobody should use it; who does gets the rest with
 *   the next data.)
 *
 * ORDERING  A read comes after the writes before it, on any stream: as in Go, the race detector
 *   is not asked to tell pipes apart. -EBADF comes after what precedes the close.
 *
 * PROOF  tests/api/fd_test.c, tests/race/race_stream_test.c.
 */
#include "io/fdio.h"

#include <errno.h>
#include <sys/uio.h>

#include "arch/sanitize.h"
#include "io/io_limit.h"
#include "os/mem.h"
#include "os/rw.h"
#include "sched/sched.h"

_Static_assert(sizeof(leat_iovec) == sizeof(struct iovec) &&
                   offsetof(leat_iovec, base) == offsetof(struct iovec, iov_base) &&
                   offsetof(leat_iovec, len) == offsetof(struct iovec, iov_len),
               "one is used as the other");

static uint32_t all_streams; /* TSan's: written to, then read from */

void fdio_will_write(void)
{
    san_release(&all_streams);
}

void fdio_has_read(void)
{
    san_acquire(&all_streams);
}

static const struct iovec *as_iovec(const leat_iovec *v)
{
    return (const struct iovec *)(const void *)v;
}

/* ---- one way ---- */

/* Who learns that the stream was closed comes after what precedes leat_io_close. */
static int ordered(struct fdio *f, int err)
{
    if (unlikely(err == -EBADF))
        san_acquire(&f->io);
    return err;
}

int fdio_enter(struct fdio *f, enum desc_way way, const leat_limit *limit)
{
    int err = io_lock(&f->way[way], limit);

    if (unlikely(err))
        return err;
    struct limit l = io_limit(limit);
    if (unlikely(load_relaxed(&f->closed)))
        err = -EBADF;
    else
        err = desc_over(f->desc, way);
    if (!err && l.cancel)
        err = limit_over(&l);
    if (unlikely(err))
        leat_mutex_unlock(&f->way[way]);
    return ordered(f, err);
}

void fdio_leave(struct fdio *f, enum desc_way way)
{
    leat_mutex_unlock(&f->way[way]);
}

int fdio_wait(struct fdio *f, enum desc_way way, const leat_limit *limit)
{
    struct limit l = io_limit(limit);

    return ordered(f, desc_wait(f->desc, way, &l));
}

static int64_t attempt_locked(struct fdio *f, enum desc_way way, fdio_attempt attempt,
                              void *arg, const leat_limit *limit)
{
    if (way == DESC_IN)
        f->drained = false; /* this may take the edge that the next read would wait for */
    for (;;) {
        desc_clear(f->desc, way);
        int64_t result = attempt(f->fd, arg);
        if (result != -EAGAIN)
            return result;
        int err = fdio_wait(f, way, limit);
        if (err)
            return err;
    }
}

int64_t fdio_run(struct fdio *f, enum desc_way way, fdio_attempt attempt, void *arg,
                 const leat_limit *limit)
{
    int64_t result = fdio_enter(f, way, limit);

    if (result)
        return result;
    result = attempt_locked(f, way, attempt, arg, limit);
    fdio_leave(f, way);
    sched_poll(m_self());
    return result;
}

int64_t fdio_aside(struct fdio *f, fdio_attempt attempt, void *arg)
{
    leat_mutex_lock(&f->aside);
    int64_t result = load_relaxed(&f->closed) ? ordered(f, -EBADF) : attempt(f->fd, arg);
    leat_mutex_unlock(&f->aside);
    return result;
}

/* ---- reading and writing ---- */

static size_t total(const leat_iovec *v, int n)
{
    size_t sum = 0;

    for (int i = 0; i < n; i++)
        sum += v[i].len;
    return sum;
}

static void saw(const leat_iovec *v, int n, size_t bytes, void (*look)(const void *, size_t))
{
    for (int i = 0; i < n && bytes > 0; i++) {
        size_t part = v[i].len < bytes ? v[i].len : bytes;
        look(v[i].base, part);
        bytes -= part;
    }
}

static void saw_written(const void *p, size_t size)
{
    san_write((void *)(uintptr_t)p, size);
}

static void saw_read(const void *p, size_t size)
{
    san_read(p, size);
}

void fdio_tell_read(const leat_iovec *to, int n, int64_t got)
{
    san_acquire(&all_streams);
    if (unlikely(leat__san_thread) && got > 0)
        saw(to, n, (size_t)got, saw_written);
}

void fdio_tell_write(const leat_iovec *from, int n)
{
    san_release(&all_streams);
    if (unlikely(leat__san_thread))
        saw(from, n, total(from, n), saw_read);
}

static int64_t read_locked(struct fdio *f, const leat_iovec *to, int n, const leat_limit *limit)
{
    for (;;) {
        int64_t got = -EAGAIN;
        if (!f->drained || desc_edge(f->desc, DESC_IN)) {
            desc_clear(f->desc, DESC_IN);
            got = (f->socket ? os_receive : os_readv)(f->fd, as_iovec(to), n);
            f->drained = f->tells_all && got > 0 && (size_t)got < total(to, n) &&
                         !desc_ended(f->desc);
        }
        if (got != -EAGAIN)
            return got;
        int err = fdio_wait(f, DESC_IN, limit);
        if (err)
            return err;
        f->drained = false;
    }
}

/* What is not known to be empty is asked. A clear edge was cleared before that, so what comes after
 * the answer ends the wait. */
static int readable_locked(struct fdio *f, const leat_limit *limit)
{
    if (!f->drained) {
        desc_clear(f->desc, DESC_IN);
        int ready = os_readable(f->fd);
        if (ready != 0)
            return ready < 0 ? ready : 0;
    }
    int err = fdio_wait(f, DESC_IN, limit);
    if (!err)
        f->drained = false;
    return err;
}

int fdio_readable(leat_io *io, const leat_limit *limit)
{
    struct fdio *f = fdio_of(io);
    int err = fdio_enter(f, DESC_IN, limit);

    if (unlikely(err))
        return err;
    err = readable_locked(f, limit);
    fdio_leave(f, DESC_IN);
    sched_poll(m_self());
    return err;
}

int64_t fdio_readv(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit)
{
    struct fdio *f = fdio_of(io);
    int64_t got = fdio_enter(f, DESC_IN, limit);

    if (unlikely(got))
        return got;
    got = read_locked(f, to, n, limit);
    fdio_leave(f, DESC_IN);
    fdio_tell_read(to, n, got);
    sched_poll(m_self());
    return got;
}

enum { PARTS = 16 };

/* The next parts of what is left of v behind its first `done` bytes. */
static int rest_of(struct iovec rest[PARTS], const leat_iovec *v, int n, size_t done)
{
    int parts = 0;

    for (int i = 0; i < n && parts < PARTS; i++) {
        size_t skip = done < v[i].len ? done : v[i].len;
        done -= skip;
        if (skip < v[i].len) {
            rest[parts].iov_base = (char *)v[i].base + skip;
            rest[parts++].iov_len = v[i].len - skip;
        }
    }
    return parts;
}

static int64_t write_locked(struct fdio *f, const leat_iovec *from, int n, size_t *done,
                            const leat_limit *limit)
{
    struct iovec rest[PARTS];
    int parts;

    while ((parts = rest_of(rest, from, n, *done)) > 0) {
        desc_clear(f->desc, DESC_OUT);
        int64_t put = (f->socket ? os_send : os_writev)(f->fd, rest, parts);
        if (put >= 0) {
            *done += (size_t)put;
            continue;
        }
        int err = put == -EAGAIN ? fdio_wait(f, DESC_OUT, limit) : (int)put;
        if (err)
            return err;
    }
    return (int64_t)*done;
}

int64_t fdio_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                    const leat_limit *limit)
{
    struct fdio *f = fdio_of(io);
    int64_t put = fdio_enter(f, DESC_OUT, limit);

    if (unlikely(put))
        return put;
    fdio_tell_write(from, n);
    put = write_locked(f, from, n, done, limit);
    fdio_leave(f, DESC_OUT);
    sched_poll(m_self());
    return put;
}

/* ---- the rest of a stream ---- */

static int64_t shut_attempt(int fd, void *arg)
{
    const int *ways = arg;

    return os_shutdown(fd, *ways & LEAT_READ, *ways & LEAT_WRITE);
}

int fdio_shut(leat_io *io, int ways)
{
    struct fdio *f = fdio_of(io);

    return f->socket ? (int)fdio_aside(f, shut_attempt, &ways) : -EOPNOTSUPP;
}

int fdio_deadline(leat_io *io, int ways, leat_duration until)
{
    struct fdio *f = fdio_of(io);

    leat_mutex_lock(&f->aside);
    int err = load_relaxed(&f->closed) ? ordered(f, -EBADF) : 0;
    if (!err && ways & LEAT_READ)
        desc_set_deadline(f->desc, DESC_IN, until);
    if (!err && ways & LEAT_WRITE)
        desc_set_deadline(f->desc, DESC_OUT, until);
    leat_mutex_unlock(&f->aside);
    return err;
}

int fdio_close(leat_io *io)
{
    struct fdio *f = fdio_of(io);

    if (exchange(&f->closed, 1))
        return ordered(f, -EBADF);
    desc_shut(f->desc);
    leat_mutex_lock(&f->way[DESC_IN]);
    leat_mutex_lock(&f->way[DESC_OUT]);
    leat_mutex_lock(&f->aside);
    desc_free(f->desc);
    int err = os_close(f->fd);
    f->desc = NULL;
    f->fd = -1;
    leat_mutex_unlock(&f->aside);
    leat_mutex_unlock(&f->way[DESC_OUT]);
    leat_mutex_unlock(&f->way[DESC_IN]);
    return err;
}

int fdio_fd(leat_io *io)
{
    struct fdio *f = fdio_of(io);

    return load_relaxed(&f->closed) ? ordered(f, -EBADF) : f->fd;
}

void fdio_free(leat_io *io)
{
    struct fdio *f = fdio_of(io);

    fdio_end(f);
    leat__free(f);
}

const leat_io_ops fdio_ops = {.kind = "fd", FDIO_BYTES, FDIO_REST, .free = fdio_free};

int fdio_init(struct fdio *f, int fd, const leat_io_ops *ops)
{
    f->desc = desc_open(fd);
    if (!f->desc)
        return -ENOMEM;
    f->fd = fd;
    leat_io_init(&f->io, ops);
    return 0;
}

void fdio_end(struct fdio *f)
{
    if (!load_relaxed(&f->closed))
        fdio_close(&f->io);
}
