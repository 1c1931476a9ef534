/* SPDX-License-Identifier: MIT */
/*
 * file.c - files as streams.
 *
 * PICTURE   leat_io -> struct file_io: in_use (lock), place (lock) -> fd, blocking
 *
 * INVARIANTS
 *   L1  fd is open while in_use is held for reading and `closed` was not set when it was taken;
 *       who closes holds it for writing. So no call reaches a number that was given away.
 *   L2  who holds `place` is the only one to read or write at the file's own place: a write is
 *       whole before the next one begins. pread and pwrite do not need it.
 *
 * SLEEP   The kernel cannot tell when a disk has answered, so a call that may wait for one is
 *   announced (leat_blocking): the goroutine's proc goes to others. Beside busy goroutines that
 *   costs eight times what a small read from memory does, so reads and writes are first tried
 *   with RWF_NOWAIT. Some file systems do not know that, for writes above all, and answer
 *   EOPNOTSUPP: then the file is not asked again.
 *
 * REJECTED  io_uring: rings belong to threads, many containers forbid it, and a read that the page
 *   cache has costs a quarter more; it gains where many that miss it are handed over in one call
 *   (bench/FINDINGS.md). Writes without the
 *   announcement: one that has to wait for the disk would hold its proc up until sysmon sees it.
 *
 * PROOF  tests/api/io_file_test.c.
 */
#include "io/file.h"
#include "io/fdio.h"

#include <leat/go.h>
#include <leat/mutex.h>
#include <leat/rwmutex.h>

#include <sys/uio.h>

#include "arch/sanitize.h"
#include "io/io_limit.h"
#include "os/files.h"
#include "os/mem.h"
#include "os/rw.h"

struct file_io {
    leat_io io;
    leat_rwmutex in_use;
    leat_mutex place;
    int fd;
    bool closed; /* in_use */
    bool blind;  /* place: the file system does not know RWF_NOWAIT for reads */
    bool no_now; /* place: nor for writes */
};

static struct file_io *file_of(leat_io *io)
{
    return container_of(io, struct file_io, io);
}

static const struct iovec *iovec_of(const leat_iovec *v)
{
    return (const struct iovec *)(const void *)v;
}

/* Hold the file open: 0 or -EBADF. */
static int file_enter(struct file_io *f)
{
    leat_rwmutex_rlock(&f->in_use);
    if (!f->closed)
        return 0;
    leat_rwmutex_runlock(&f->in_use);
    return -EBADF;
}

static void file_leave(struct file_io *f)
{
    leat_rwmutex_runlock(&f->in_use);
}

/* Hold it open and its place. */
static int place_enter(struct file_io *f, const leat_limit *limit)
{
    leat_mutex_lock(&f->place);
    int err = io_limit_over(limit);
    if (!err)
        err = file_enter(f);
    if (err)
        leat_mutex_unlock(&f->place);
    return err;
}

static void place_leave(struct file_io *f)
{
    file_leave(f);
    leat_mutex_unlock(&f->place);
}

/* ---- the stream ---- */

static int64_t file_readv(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit)
{
    struct file_io *f = file_of(io);
    int64_t got = place_enter(f, limit);

    if (got)
        return got;
    got = f->blind ? -EAGAIN : os_readv_now(f->fd, iovec_of(to), n);
    if (got < 0) {
        f->blind |= got != -EAGAIN;
        got = leat_blocking(os_readv, f->fd, iovec_of(to), n);
    }
    place_leave(f);
    fdio_has_read();
    return got;
}

/* What is left of all pieces, on another stack while the proc is away. */
static int64_t write_pieces(int fd, const leat_iovec *from, int n, size_t *done)
{
    size_t skip = *done;

    for (int i = 0; i < n; i++) {
        size_t put = skip < from[i].len ? skip : from[i].len;
        skip -= put;
        while (put < from[i].len) {
            struct iovec rest = {(char *)from[i].base + put, from[i].len - put};
            int64_t part = os_file_writev(fd, &rest, 1);
            if (part < 0)
                return part;
            put += (size_t)part;
            *done += (size_t)part;
        }
    }
    return (int64_t)*done;
}

static size_t size_of(const leat_iovec *v, int n)
{
    size_t sum = 0;

    for (int i = 0; i < n; i++)
        sum += v[i].len;
    return sum;
}

static int64_t file_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                           const leat_limit *limit)
{
    struct file_io *f = file_of(io);
    int64_t put = place_enter(f, limit);

    if (put)
        return put;
    fdio_will_write();
    put = f->no_now ? -EAGAIN : os_file_writev_now(f->fd, iovec_of(from), n);
    *done = put > 0 ? (size_t)put : 0;
    if (*done < size_of(from, n)) {
        f->no_now |= put < 0 && put != -EAGAIN;
        put = leat_blocking(write_pieces, f->fd, from, n, done);
    }
    place_leave(f);
    return put < 0 ? put : (int64_t)*done;
}

static int file_close(leat_io *io)
{
    struct file_io *f = file_of(io);
    int err = -EBADF;

    leat_rwmutex_lock(&f->in_use);
    if (!f->closed) {
        f->closed = true;
        err = leat_blocking(os_close, f->fd);
    }
    leat_rwmutex_unlock(&f->in_use);
    return err;
}

static void file_free(leat_io *io)
{
    file_close(io);
    leat__free(file_of(io));
}

static int file_fd(leat_io *io)
{
    struct file_io *f = file_of(io);

    if (file_enter(f))
        return -EBADF;
    int fd = f->fd;
    file_leave(f);
    return fd;
}

static const leat_io_ops file_ops = {
    .kind = "file",
    .readv = file_readv,
    .writev = file_writev,
    .close = file_close,
    .free = file_free,
    .fd = file_fd,
};

bool io_is_file(const leat_io *io)
{
    return io->leat__ops == &file_ops;
}

int file_hold(leat_io *io, const leat_limit *limit)
{
    int err = place_enter(file_of(io), limit);

    return err ? err : file_of(io)->fd;
}

void file_release(leat_io *io)
{
    place_leave(file_of(io));
}

/* A stream for what has just been opened, which is closed after an error. */
static int file_wrap(leat_io **io, int fd)
{
    leat_file_info info;
    int err = os_fstat(fd, &info);

    if (!err && (info.type == LEAT_FILE_PIPE || info.type == LEAT_FILE_OTHER)) {
        err = leat_io_adopt(io, fd);
    } else if (!err) {
        struct file_io *f = leat__alloc(sizeof(*f));
        err = f ? 0 : -ENOMEM;
        if (f) {
            leat_io_init(&f->io, &file_ops);
            f->fd = fd;
            *io = &f->io;
        }
    }
    if (err)
        os_close(fd);
    return err;
}

int leat_open(leat_io **io, const char *path, int flags, unsigned mode)
{
    int fd = leat_blocking(os_open, path, flags, mode);

    *io = NULL;
    return fd < 0 ? fd : file_wrap(io, fd);
}

/* ---- what only files can do ---- */

/* Hold it open if it is a file. */
static int file_only(leat_io *io)
{
    return io_is_file(io) ? file_enter(file_of(io)) : -EOPNOTSUPP;
}

int64_t leat_seek(leat_io *io, int64_t offset, int whence)
{
    if (!io_is_file(io))
        return -EOPNOTSUPP;
    const leat_limit never = LEAT_NO_LIMIT;
    struct file_io *f = file_of(io);
    int64_t at = place_enter(f, &never);
    if (at)
        return at;
    at = os_seek(f->fd, offset, whence);
    place_leave(f);
    return at;
}

int64_t leat_pread(leat_io *io, void *buf, size_t n, int64_t offset)
{
    int64_t got = file_only(io);

    if (got)
        return got;
    int fd = file_of(io)->fd;
    size_t done = 0;
    got = os_pread_now(fd, buf, n, offset);
    if (got > 0)
        done = (size_t)got;
    if (got != 0 && done < n) {
        got = leat_blocking(os_pread, fd, (char *)buf + done, n - done, offset + (int64_t)done);
        done += got > 0 ? (size_t)got : 0;
    }
    file_leave(file_of(io));
    fdio_has_read();
    return got < 0 ? got : (int64_t)done;
}

int64_t leat_pwrite(leat_io *io, const void *buf, size_t n, int64_t offset)
{
    int64_t put = file_only(io);

    if (put)
        return put;
    fdio_will_write();
    put = leat_blocking(os_pwrite, file_of(io)->fd, buf, n, offset);
    file_leave(file_of(io));
    return put;
}

int leat_sync(leat_io *io)
{
    int err = file_only(io);

    if (err)
        return err;
    err = leat_blocking(os_sync, file_of(io)->fd);
    file_leave(file_of(io));
    return err;
}

int leat_truncate(leat_io *io, int64_t size)
{
    int err = file_only(io);

    if (err)
        return err;
    err = leat_blocking(os_truncate, file_of(io)->fd, size);
    file_leave(file_of(io));
    return err;
}

int leat_io_stat(leat_io *io, leat_file_info *info)
{
    int err = file_only(io);

    if (err)
        return err;
    err = leat_blocking(os_fstat, file_of(io)->fd, info);
    file_leave(file_of(io));
    return err;
}

/* ---- by name ---- */

int leat_stat(const char *path, bool follow, leat_file_info *info)
{
    return leat_blocking(os_stat, path, follow, info);
}

int leat_read_file(const char *path, char **text, size_t *n)
{
    size_t size = 0;
    int err = leat_blocking(os_read_file, path, text, &size);

    if (n)
        *n = size;
    return err;
}

int leat_write_file(const char *path, const void *bytes, size_t n, unsigned mode)
{
    return leat_blocking(os_write_file, path, bytes, n, mode);
}

int leat_temp_file(leat_io **io, char *path, size_t size, const char *dir, const char *pattern)
{
    int fd = leat_blocking(os_temp, path, size, dir, pattern, false);

    *io = NULL;
    return fd < 0 ? fd : file_wrap(io, fd);
}

int leat_temp_dir(char *path, size_t size, const char *dir, const char *pattern)
{
    return leat_blocking(os_temp, path, size, dir, pattern, true);
}
