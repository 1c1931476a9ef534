/* SPDX-License-Identifier: MIT */
/*
 * pipe.c - pipes in memory, and the kernel's.
 *
 * PICTURE   writer: from[0..n), `taken` of it --> reader's memory      (both under `lock`)
 *
 * INVARIANTS, under the lock
 *   P1  `from` is what the one writer that holds `turn` still wants taken, or NULL.
 *   P2  an end that is closed has its `over` set; nothing is taken from then on.
 *
 * A read copies straight out of the writer's memory, which stays put because the writer waits.
 * The pipe is a kind of stream as any user of leat could make one: it calls nothing but leat's
 * public functions, apart from those for memory.
 *
 * PROOF  tests/api/io_pipe_test.c.
 */
#include <leat/cond.h>
#include <leat/io/pipe.h>
#include <leat/mutex.h>
#include <leat/time.h>

#include <string.h>

#include "base/util.h"
#include "io/io_limit.h"
#include "os/mem.h"
#include "os/rw.h"
#include "sync/cond.h"

enum { READER, WRITER };

struct pipe_end {
    leat_io io;
    struct mem_pipe *pipe;
    leat_cond changed;      /* for who waits at this end */
    leat_duration deadline; /* lock */
    bool over;              /* lock: closed */
    int says;               /* lock: what the other end gets for that */
};

struct mem_pipe {
    leat_mutex lock, turn;
    struct pipe_end end[2];
    const leat_iovec *from; /* lock, and the three below */
    int n;
    size_t taken, size;
    uint32_t refs; /* atomic: ends */
};

static struct pipe_end *end_of(leat_io *io)
{
    return container_of(io, struct pipe_end, io);
}

/* Lock held: wait for a change at this end. */
static int wait_change(struct pipe_end *e, const leat_limit *limit)
{
    struct limit l = io_limit_before(limit, e->deadline);
    int err = cond_wait_limit(&e->changed, &e->pipe->lock, &l);
    /* The deadline may have been moved meanwhile: then it is not over yet. */
    return err == -ETIMEDOUT ? io_limit_over(limit) : err;
}

/* Lock held: why this end does not go on, 0 if it does. */
static int end_over(const struct pipe_end *e, const leat_limit *limit)
{
    struct limit l = io_limit_before(limit, e->deadline);

    return e->over ? -EBADF : limit_over(&l);
}

/* ---- reading ---- */

/* Lock held: as much as there is and fits. */
static size_t take_from(struct mem_pipe *p, const leat_iovec *to, int n)
{
    size_t done = 0, skip = p->taken;

    for (int i = 0, k = 0; i < p->n && k < n; i++) {
        size_t at = skip < p->from[i].len ? skip : p->from[i].len;
        skip -= at;
        while (at < p->from[i].len && k < n) {
            size_t filled = done;
            for (int before = 0; before < k; before++)
                filled -= to[before].len;
            size_t room = to[k].len - filled, left = p->from[i].len - at;
            size_t part = left < room ? left : room;
            if (part)
                memcpy((char *)to[k].base + filled, (char *)p->from[i].base + at, part);
            at += part;
            done += part;
            k += part == room;
        }
    }
    p->taken += done;
    return done;
}

/* Lock held: until there is something, or nothing will be. */
static int await_bytes(struct pipe_end *e, const leat_limit *limit)
{
    const struct mem_pipe *p = e->pipe;
    int err = end_over(e, limit);

    while (!err && !p->from && !p->end[WRITER].over) {
        err = wait_change(e, limit);
        err = err ? err : end_over(e, limit);
    }
    return err;
}

static int pipe_readable(leat_io *io, const leat_limit *limit)
{
    struct pipe_end *e = end_of(io);

    leat_mutex_lock(&e->pipe->lock);
    int err = await_bytes(e, limit);
    leat_mutex_unlock(&e->pipe->lock);
    return err;
}

static int64_t pipe_readv(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit)
{
    struct pipe_end *e = end_of(io);
    struct mem_pipe *p = e->pipe;
    int64_t got = 0;

    leat_mutex_lock(&p->lock);
    int err = await_bytes(e, limit);
    if (!err && p->from) {
        got = (int64_t)take_from(p, to, n);
        if (p->taken == p->size) {
            p->from = NULL;
            leat_cond_broadcast(&p->end[WRITER].changed);
        }
    } else if (!err) {
        err = p->end[WRITER].says;
    }
    leat_mutex_unlock(&p->lock);
    return err ? err : got;
}

/* ---- writing ---- */

/* Lock and turn held. */
static int offer(struct pipe_end *e, const leat_limit *limit)
{
    struct mem_pipe *p = e->pipe;
    int err = end_over(e, limit);

    if (!err && p->end[READER].over)
        err = p->end[READER].says;
    if (err || p->size == 0)
        return err;
    leat_cond_broadcast(&p->end[READER].changed);
    while (!err && p->from && !p->end[READER].over) {
        err = wait_change(e, limit);
        err = err ? err : end_over(e, limit);
    }
    if (!p->from)
        return 0;
    return err ? err : p->end[READER].says;
}

static int64_t pipe_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                           const leat_limit *limit)
{
    struct pipe_end *e = end_of(io);
    struct mem_pipe *p = e->pipe;
    int err = io_lock(&p->turn, limit);

    if (err)
        return err;
    leat_mutex_lock(&p->lock);
    p->taken = p->size = 0;
    for (int i = 0; i < n; i++)
        p->size += from[i].len;
    p->from = p->size && !e->over ? from : NULL;
    p->n = n;
    err = p->from || !p->size ? offer(e, limit) : -EBADF;
    p->from = NULL;
    *done = p->taken;
    leat_mutex_unlock(&p->lock);
    leat_mutex_unlock(&p->turn);
    return err ? err : (int64_t)*done;
}

/* ---- the rest ---- */

static int pipe_deadline(leat_io *io, int ways, leat_duration until)
{
    struct pipe_end *e = end_of(io);
    int mine = e == &e->pipe->end[READER] ? LEAT_READ : LEAT_WRITE;

    leat_mutex_lock(&e->pipe->lock);
    int err = e->over ? -EBADF : 0;
    if (!err && ways & mine) {
        e->deadline = until;
        leat_cond_broadcast(&e->changed);
    }
    leat_mutex_unlock(&e->pipe->lock);
    return err;
}

static int end_close(struct pipe_end *e, int says)
{
    struct mem_pipe *p = e->pipe;

    leat_mutex_lock(&p->lock);
    int err = e->over ? -EBADF : 0;
    if (!err) {
        e->over = true;
        e->says = says;
        leat_cond_broadcast(&p->end[READER].changed);
        leat_cond_broadcast(&p->end[WRITER].changed);
    }
    leat_mutex_unlock(&p->lock);
    return err;
}

static int pipe_close(leat_io *io)
{
    struct pipe_end *e = end_of(io);

    return end_close(e, e == &e->pipe->end[READER] ? -EPIPE : 0);
}

static void pipe_free(leat_io *io)
{
    struct mem_pipe *p = end_of(io)->pipe;

    pipe_close(io);
    if (fetch_sub(&p->refs, 1) == 1)
        leat__free(p);
}

static const leat_io_ops reader_ops = {
    .kind = "pipe",
    .readv = pipe_readv,
    .readable = pipe_readable,
    .deadline = pipe_deadline,
    .close = pipe_close,
    .free = pipe_free,
};

static const leat_io_ops writer_ops = {
    .kind = "pipe",
    .writev = pipe_writev,
    .deadline = pipe_deadline,
    .close = pipe_close,
    .free = pipe_free,
};

int leat_io_pipe(leat_io *ends[2])
{
    struct mem_pipe *p = leat__alloc(sizeof(*p));

    if (!p)
        return -ENOMEM;
    p->refs = 2;
    for (int i = READER; i <= WRITER; i++) {
        leat_io_init(&p->end[i].io, i == READER ? &reader_ops : &writer_ops);
        p->end[i].pipe = p;
        p->end[i].deadline = LEAT_FOREVER;
        ends[i] = &p->end[i].io;
    }
    return 0;
}

int leat_io_pipe_fail(leat_io *end, int err)
{
    bool reads = end->leat__ops == &reader_ops;

    if (err > 0 || (!reads && end->leat__ops != &writer_ops))
        return -EINVAL;
    return end_close(end_of(end), err || !reads ? err : -EPIPE);
}

/* ---- the kernel's ---- */

int leat_pipe(leat_io *ends[2])
{
    int fds[2];
    int err = os_pipe(fds);

    if (err)
        return err;
    err = leat_io_adopt(&ends[0], fds[0]);
    if (err) {
        os_close(fds[0]);
        os_close(fds[1]);
        return err;
    }
    err = leat_io_adopt(&ends[1], fds[1]);
    if (err) {
        leat_io_free(ends[0]);
        os_close(fds[1]);
    }
    return err;
}
