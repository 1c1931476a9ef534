/* SPDX-License-Identifier: MIT */
/* stream.c - streams of any kind: references, and the calls that each kind's operations serve. */
#include <leat/io/stream.h>

#include "arch/sanitize.h"
#include "base/util.h"

static const leat_limit no_limit = LEAT_NO_LIMIT;

void leat_io_init(leat_io *io, const leat_io_ops *ops)
{
    io->leat__ops = ops;
    store_relaxed(&io->leat__refs, 1);
}

leat_io *leat_io_ref(leat_io *io)
{
    if (io)
        __atomic_add_fetch(&io->leat__refs, 1, __ATOMIC_RELAXED);
    return io;
}

void leat_io_unref(leat_io *io)
{
    if (!io)
        return;
    san_release(io);
    if (fetch_sub(&io->leat__refs, 1) != 1)
        return;
    san_acquire(io);
    (*io->leat__ops->free)(io);
}

int leat_io_close(leat_io *io)
{
    if (!io)
        return 0;
    san_release(io);
    return io->leat__ops->close(io);
}

void leat_io_free(leat_io *io)
{
    leat_io_close(io);
    leat_io_unref(io);
}

const char *leat_io_kind(leat_io *io)
{
    return io->leat__ops->kind;
}

int leat_io_fd(leat_io *io)
{
    return io->leat__ops->fd ? io->leat__ops->fd(io) : -EOPNOTSUPP;
}

int leat_io_shutdown(leat_io *io, int ways)
{
    return io->leat__ops->shut ? io->leat__ops->shut(io, ways) : -EOPNOTSUPP;
}

int leat_io_set_deadline(leat_io *io, int ways, leat_duration deadline)
{
    return io->leat__ops->deadline ? io->leat__ops->deadline(io, ways, deadline) : -EOPNOTSUPP;
}

/* ---- reading ---- */

static bool no_room(const leat_iovec *v, int n)
{
    for (int i = 0; i < n; i++)
        if (v[i].len > 0)
            return false;
    return true;
}

int64_t leat_readv(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit)
{
    if (unlikely(!io->leat__ops->readv))
        return -EOPNOTSUPP;
    if (unlikely(no_room(to, n)))
        return 0;
    int64_t got = io->leat__ops->readv(io, to, n, limit ? limit : &no_limit);
    if (unlikely(got == -EBADF))
        san_acquire(io);
    return got;
}

int leat_io_wait_readable(leat_io *io, const leat_limit *limit)
{
    if (unlikely(!io->leat__ops->readv))
        return -EOPNOTSUPP;
    int err = io->leat__ops->readable ? io->leat__ops->readable(io, limit ? limit : &no_limit)
                                      : 0;
    if (unlikely(err == -EBADF))
        san_acquire(io);
    return err;
}

static int64_t read_limited(leat_io *io, void *buf, size_t n, const leat_limit *limit)
{
    const leat_iovec one = {buf, n};

    return leat_readv(io, &one, 1, limit);
}

int64_t leat_read(leat_io *io, void *buf, size_t n)
{
    return read_limited(io, buf, n, &no_limit);
}

int64_t leat_read_ctx(leat_ctx *ctx, leat_io *io, void *buf, size_t n)
{
    const leat_limit limit = {ctx, LEAT_FOREVER};

    return read_limited(io, buf, n, &limit);
}

int64_t leat_read_until(leat_io *io, void *buf, size_t n, leat_duration deadline)
{
    const leat_limit limit = {NULL, deadline};

    return read_limited(io, buf, n, &limit);
}

int64_t leat_read_full(leat_io *io, void *buf, size_t n)
{
    size_t done = 0;

    while (done < n) {
        int64_t got = leat_read(io, (char *)buf + done, n - done);
        if (got < 0)
            return got;
        if (got == 0)
            return done ? -ENODATA : 0;
        done += (size_t)got;
    }
    return (int64_t)done;
}

/* ---- writing ---- */

int64_t leat_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                    const leat_limit *limit)
{
    size_t written = 0;
    int64_t result = -EOPNOTSUPP;

    if (likely(io->leat__ops->writev))
        result = io->leat__ops->writev(io, from, n, &written, limit ? limit : &no_limit);
    if (unlikely(result == -EBADF))
        san_acquire(io);
    if (done)
        *done = written;
    return result;
}

static int64_t write_limited(leat_io *io, const void *buf, size_t n, const leat_limit *limit)
{
    const leat_iovec one = {(void *)(uintptr_t)buf, n};

    return leat_writev(io, &one, 1, NULL, limit);
}

int64_t leat_write(leat_io *io, const void *buf, size_t n)
{
    return write_limited(io, buf, n, &no_limit);
}

int64_t leat_write_ctx(leat_ctx *ctx, leat_io *io, const void *buf, size_t n)
{
    const leat_limit limit = {ctx, LEAT_FOREVER};

    return write_limited(io, buf, n, &limit);
}

int64_t leat_write_until(leat_io *io, const void *buf, size_t n, leat_duration deadline)
{
    const leat_limit limit = {NULL, deadline};

    return write_limited(io, buf, n, &limit);
}
