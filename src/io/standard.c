/* SPDX-License-Identifier: MIT */
/*
 * standard.c - standard input, output and error.
 *
 * PICTURE   leat_io -> struct standard: way[in], way[out] (locks) -> descriptor 0, 1 or 2
 *
 * INVARIANTS
 *   N1  the descriptors' flags are never changed: they belong to whoever shares them.
 *   N2  the numbers 0, 1 and 2 stay taken: closing puts /dev/null there. So no call of ours
 *       reaches another file than it meant, and needs no lock against closing.
 *   N3  who waits ends early when something of its own is over too, `waiting`, which closing and
 *       new deadlines see to: then it looks again.
 *
 * AN ATTEMPT  is a call that does not sleep (os_readv_now). Where the kernel does not know it,
 *   for a terminal above all, the descriptor is waited for and then the ordinary call is made
 *   off the proc. Written is then no more than a pipe has room for when it is writable at all.
 *   A regular file is always ready: there the ordinary call follows an attempt at once.
 *
 * REJECTED  O_NONBLOCK: it is the open file's, and the shell that waits for us would get EAGAIN,
 *   as would whoever stands behind us in the same pipe. Opening /proc/self/fd/0 anew, to have
 *   flags of our own: sockets cannot be, and a file would have two places.
 *
 * PROOF  tests/api/stdio_test.c.
 */
#include "io/standard.h"
#include "io/fdio.h"

#include <leat/go.h>
#include <leat/mutex.h>
#include <leat/time.h>

#include <sys/uio.h>

#include "base/util.h"
#include "io/io_limit.h"
#include "os/files.h"
#include "os/poller.h"
#include "os/rw.h"
#include "poll/foreign.h"

enum { WAYS = 2, PIPE_ROOM = 4096, WHOLE = 1 << 20 };

struct standard {
    leat_io io;
    int fd;
    leat_mutex way[WAYS];
    leat_mutex lock;
    struct cancel *waiting[WAYS]; /* lock */
    leat_duration deadline[WAYS]; /* lock */
    bool closed;                  /* lock */
};

static struct standard *standard_of(leat_io *io)
{
    return container_of(io, struct standard, io);
}

/* ---- waiting ---- */

/* Lock held: 0, or why no attempt is made. */
static int standard_over(const struct standard *s, int way, const leat_limit *limit)
{
    struct limit l = io_limit_before(limit, s->deadline[way]);

    return s->closed ? -EBADF : limit_over(&l);
}

static int standard_check(struct standard *s, int way, const leat_limit *limit)
{
    leat_mutex_lock(&s->lock);
    int err = standard_over(s, way, limit);
    leat_mutex_unlock(&s->lock);
    return err;
}

/* Until it may be ready, or something has changed: 0. */
static int standard_wait(struct standard *s, int way, const leat_limit *limit)
{
    struct cancel changed;

    cancel_init(&changed, NULL, NULL);
    leat_mutex_lock(&s->lock);
    struct limit l = io_limit_before(limit, s->deadline[way]);
    limit_add(&l, &changed);
    int err = standard_over(s, way, limit);
    s->waiting[way] = err ? NULL : &changed;
    leat_mutex_unlock(&s->lock);
    if (err)
        return err;
    int ready = foreign_wait(s->fd, way ? POLLER_OUT : POLLER_IN, &l);
    leat_mutex_lock(&s->lock);
    s->waiting[way] = NULL;
    err = standard_over(s, way, limit);
    leat_mutex_unlock(&s->lock);
    if (err || ready >= 0 || ready == -ECANCELED || ready == -ETIMEDOUT)
        return err;
    return ready;
}

/* The kernel, or such a file, does not know calls that do not sleep. */
static bool unknown(int64_t result)
{
    return result == -EOPNOTSUPP || result == -EINVAL || result == -ENOSYS || result == -ESPIPE;
}

static bool is_regular(int fd)
{
    leat_file_info info;

    return os_fstat(fd, &info) == 0 && info.type == LEAT_FILE_REGULAR;
}

/* An attempt has come to nothing, which needs time or the ordinary call. 1: make that. */
static int before_call(struct standard *s, int way, const leat_limit *limit, int64_t result)
{
    int err = standard_wait(s, way, limit);

    return err ? err : unknown(result) || is_regular(s->fd);
}

/* ---- reading and writing ---- */

static int64_t standard_readv(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit)
{
    struct standard *s = standard_of(io);
    const struct iovec *v = (const struct iovec *)(const void *)to;
    int64_t got = io_lock(&s->way[0], limit);

    if (got)
        return got;
    got = standard_check(s, 0, limit);
    while (!got) {
        got = os_readv_now(s->fd, v, n);
        if (got >= 0 || (got != -EAGAIN && !unknown(got)))
            break;
        got = before_call(s, 0, limit, got);
        if (got == 1) {
            got = leat_blocking(os_readv, s->fd, v, n);
            if (got != -EAGAIN) /* somebody has made it non-blocking: wait again */
                break;
            got = 0;
        }
    }
    leat_mutex_unlock(&s->way[0]);
    fdio_has_read();
    return got;
}

/* Some of a piece: how much, 0 when it has only waited, -errno. */
static int64_t write_some(struct standard *s, const char *at, size_t n, const leat_limit *limit)
{
    struct iovec piece = {(void *)(uintptr_t)at, n};
    int64_t put = standard_check(s, 1, limit);

    if (put)
        return put;
    put = os_writev_now(s->fd, &piece, 1);
    if (put >= 0 || (put != -EAGAIN && !unknown(put)))
        return put;
    put = before_call(s, 1, limit, put);
    if (put != 1)
        return put;
    size_t room = is_regular(s->fd) ? WHOLE : PIPE_ROOM;
    piece.iov_len = n < room ? n : room;
    put = leat_blocking(os_writev, s->fd, &piece, 1);
    return put == -EAGAIN ? 0 : put;
}

static int64_t standard_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                               const leat_limit *limit)
{
    struct standard *s = standard_of(io);
    int64_t put = io_lock(&s->way[1], limit);

    if (put)
        return put;
    fdio_will_write();
    put = standard_check(s, 1, limit);
    for (int i = 0; i < n && put >= 0; i++)
        for (size_t at = 0; at < from[i].len && put >= 0;) {
            put = write_some(s, (char *)from[i].base + at, from[i].len - at, limit);
            at += put > 0 ? (size_t)put : 0;
            *done += put > 0 ? (size_t)put : 0;
        }
    leat_mutex_unlock(&s->way[1]);
    return put < 0 ? put : (int64_t)*done;
}

static int standard_readable(leat_io *io, const leat_limit *limit)
{
    struct standard *s = standard_of(io);
    int err = io_lock(&s->way[0], limit), ready = 0;

    if (err)
        return err;
    err = standard_check(s, 0, limit);
    while (!err && (ready = os_readable(s->fd)) == 0)
        err = standard_wait(s, 0, limit);
    leat_mutex_unlock(&s->way[0]);
    return ready < 0 ? ready : err;
}

/* ---- the rest ---- */

/* Lock held: who waits looks again. */
static void look_again(struct standard *s, int way)
{
    if (s->waiting[way])
        cancel_now(s->waiting[way], -ECANCELED, NULL);
}

static int standard_deadline(leat_io *io, int ways, leat_duration until)
{
    struct standard *s = standard_of(io);

    leat_mutex_lock(&s->lock);
    int err = s->closed ? -EBADF : 0;
    for (int way = 0; way < WAYS && !err; way++) {
        if (ways & (way ? LEAT_WRITE : LEAT_READ)) {
            s->deadline[way] = until;
            look_again(s, way);
        }
    }
    leat_mutex_unlock(&s->lock);
    return err;
}

static int standard_close(leat_io *io)
{
    struct standard *s = standard_of(io);

    leat_mutex_lock(&s->lock);
    int err = s->closed ? -EBADF : 0;
    s->closed = true;
    look_again(s, 0);
    look_again(s, 1);
    leat_mutex_unlock(&s->lock);
    return err ? err : leat_blocking(os_replace, s->fd);
}

static void standard_free(leat_io *io)
{
    (void)io; /* it is never gone */
}

static int standard_fd(leat_io *io)
{
    return standard_of(io)->fd;
}

static const leat_io_ops standard_ops = {
    .kind = "standard",
    .readv = standard_readv,
    .readable = standard_readable,
    .writev = standard_writev,
    .deadline = standard_deadline,
    .close = standard_close,
    .free = standard_free,
    .fd = standard_fd,
};

static struct standard streams[3] = {
    {.io = {&standard_ops, 1}, .fd = 0, .deadline = {LEAT_FOREVER, LEAT_FOREVER}},
    {.io = {&standard_ops, 1}, .fd = 1, .deadline = {LEAT_FOREVER, LEAT_FOREVER}},
    {.io = {&standard_ops, 1}, .fd = 2, .deadline = {LEAT_FOREVER, LEAT_FOREVER}},
};

leat_io *leat_stdin(void)
{
    return &streams[0].io;
}

leat_io *leat_stdout(void)
{
    return &streams[1].io;
}

leat_io *leat_stderr(void)
{
    return &streams[2].io;
}

bool io_is_standard(const leat_io *io)
{
    return io->leat__ops == &standard_ops;
}
