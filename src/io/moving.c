/* SPDX-License-Identifier: MIT */
/*
 * moving.c - copies in which the kernel moves the bytes.
 *
 * PICTURE   file --sendfile--> descriptor
 *           descriptor --splice--> a pipe of ours --splice--> descriptor
 *
 * INVARIANTS
 *   V1  nobody waits for one side while it holds the other's way: a stream could not be closed
 *       then until the other side moves.
 *   V2  our pipe is empty between two steps. So if nothing moves into it, it is the reading side
 *       that has nothing, and if nothing moves out of it, the writing side that is full.
 *
 * Bytes that are in our pipe when the writing side fails are lost, as they are in a copy through
 * memory.
 *
 * ORDERING  A step is a read and a write, as a copy through memory makes them (io/fdio.c).
 *
 * REJECTED  splicing straight from or to a stream that is itself a pipe: when nothing moves it
 *   may be either side's fault. Keeping our pipes for the next copy, as Go does: they cost two
 *   calls of the kernel.
 *
 * PROOF  tests/api/io_copy_test.c, tests/race/race_stream_test.c.
 */
#include <leat/go.h>

#include <sys/uio.h>

#include "base/util.h"
#include "io/copying.h"
#include "io/fdio.h"
#include "io/file.h"
#include "os/rw.h"
#include "os/splice.h"

enum { STEP = 256 << 10 };

/* A stream that reads and writes as any descriptor of ours. */
static struct fdio *plain_fdio(leat_io *io)
{
    const leat_io_ops *ops = io->leat__ops;

    return ops->readv == fdio_ops.readv && ops->writev == fdio_ops.writev ? fdio_of(io) : NULL;
}

static size_t step_of(const struct copying *c)
{
    return c->left < STEP ? (size_t)c->left : STEP;
}

static void moved_on(struct copying *c, int64_t n)
{
    c->done += n;
    if (c->left != INT64_MAX)
        c->left -= n;
}

/* What the kernel says when it cannot do this with such descriptors. */
static bool cannot(int64_t result)
{
    return result == -EINVAL || result == -ENOSYS || result == -ESPIPE;
}

/* ---- from a file ---- */

struct sending {
    struct copying *c;
    size_t n;
};

static int64_t send_attempt(int fd, void *arg)
{
    const struct sending *s = arg;
    int file = file_hold(s->c->from, s->c->limit);

    s->c->writing = false;
    if (file < 0)
        return file;
    s->c->writing = true;
    int64_t n = leat_blocking(os_sendfile, file, fd, s->n);
    file_release(s->c->from);
    return n;
}

static int64_t send_all(struct copying *c, struct fdio *to)
{
    int64_t n = 1;

    while (c->left > 0 && n > 0) {
        struct sending s = {c, step_of(c)};
        c->writing = true;
        fdio_will_write();
        n = fdio_run(to, DESC_OUT, send_attempt, &s, c->limit);
        fdio_has_read();
        moved_on(c, n > 0 ? n : 0);
    }
    return n;
}

/* ---- between descriptors ---- */

struct splicing {
    int pipe[2]; /* of ours */
    size_t n;
};

static int64_t splice_in(int fd, void *arg)
{
    const struct splicing *s = arg;

    return os_splice(fd, s->pipe[1], s->n);
}

static int64_t splice_out(int fd, void *arg)
{
    const struct splicing *s = arg;

    return os_splice(s->pipe[0], fd, s->n);
}

/* The writing side takes nothing from a pipe, such as a file open for appending: what is in ours
 * goes there through memory. */
static int64_t bail_out(struct copying *c, struct splicing *s)
{
    char mem[4096];

    while (s->n > 0) {
        struct iovec room = {mem, sizeof(mem)};
        int64_t got = os_readv(s->pipe[0], &room, 1);
        if (got <= 0)
            return got ? got : -EIO;
        const leat_iovec piece = {mem, (size_t)got};
        size_t put = 0;
        int64_t err = leat_writev(c->to, &piece, 1, &put, c->limit);
        moved_on(c, (int64_t)put);
        if (err < 0)
            return err;
        s->n -= (size_t)got;
    }
    return -EOPNOTSUPP;
}

/* Into our pipe, as much as it holds, and all of that out again: how much, 0 at the end. */
static int64_t splice_step(struct copying *c, struct splicing *s, struct fdio *from,
                           struct fdio *to)
{
    s->n = step_of(c);
    c->writing = false;
    int64_t in = fdio_run(from, DESC_IN, splice_in, s, c->limit);
    fdio_has_read();
    if (in <= 0)
        return in;
    fdio_will_write();
    c->writing = true;
    for (s->n = (size_t)in; s->n > 0;) {
        int64_t out = fdio_run(to, DESC_OUT, splice_out, s, c->limit);
        if (out < 0)
            return cannot(out) ? bail_out(c, s) : out;
        s->n -= (size_t)out;
        moved_on(c, out);
    }
    return in;
}

static int64_t splice_all(struct copying *c, struct fdio *from, struct fdio *to)
{
    struct splicing s = {.n = 0};
    int64_t n = 1;

    if (os_pipe(s.pipe) < 0)
        return -EOPNOTSUPP;
    while (c->left > 0 && n > 0)
        n = splice_step(c, &s, from, to);
    os_close(s.pipe[0]);
    os_close(s.pipe[1]);
    return n;
}

int64_t copy_moving(struct copying *c)
{
    struct fdio *from = plain_fdio(c->from), *to = plain_fdio(c->to);

    if (!to || (!from && !io_is_file(c->from)))
        return -EOPNOTSUPP;
    int64_t n = from ? splice_all(c, from, to) : send_all(c, to);
    return cannot(n) ? -EOPNOTSUPP : n;
}
