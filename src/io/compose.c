/* SPDX-License-Identifier: MIT */
/*
 * compose.c - streams made of streams.
 *
 * INVARIANTS
 *   C1  who holds `turn` is the only one to read; `left` and `next` are its own.
 *   C2  parts[next..n) are references of ours, and are given back by whoever passes them, or at
 *       the end.
 *
 * A call that waits below holds `turn`; closing only sets `closed`, which the next call sees. To
 * wake a reader, close the stream below.
 *
 * PROOF  tests/api/io_copy_test.c.
 */
#include <leat/io/compose.h>
#include <leat/mutex.h>

#include "base/util.h"
#include "io/io_limit.h"
#include "os/mem.h"

struct composed {
    leat_io io;
    leat_mutex turn;
    uint32_t closed; /* atomic */
    int64_t left;    /* turn: of a limited one; INT64_MAX: no limit */
    leat_io *copy;   /* where a tee writes; NULL: nowhere */
    int n, next;     /* turn */
    leat_io *parts[];
};

static struct composed *composed_of(leat_io *io)
{
    return container_of(io, struct composed, io);
}

/* From the first part that has not ended. */
static int64_t read_parts(struct composed *c, const leat_iovec *to, int n,
                          const leat_limit *limit)
{
    while (c->next < c->n) {
        int64_t got = leat_readv(c->parts[c->next], to, n, limit);
        if (got != 0)
            return got;
        leat_io_unref(c->parts[c->next++]);
    }
    return 0;
}

static int64_t write_copy(struct composed *c, const leat_iovec *to, int64_t got,
                          const leat_limit *limit)
{
    int64_t done = 0;

    for (int i = 0; done < got; i++) {
        size_t rest = (size_t)(got - done);
        const leat_iovec piece = {to[i].base, to[i].len < rest ? to[i].len : rest};
        int64_t err = leat_writev(c->copy, &piece, 1, NULL, limit);
        if (err < 0)
            return err;
        done += (int64_t)piece.len;
    }
    return got;
}

static int64_t composed_readv(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit)
{
    struct composed *c = composed_of(io);
    int64_t got = io_lock(&c->turn, limit);
    leat_iovec first = to[0];

    if (got)
        return got;
    for (int i = 0; i < n && !first.len; i++)
        first = to[i];
    if (c->left != INT64_MAX && (uint64_t)first.len > (uint64_t)c->left)
        first.len = (size_t)c->left;
    bool limited = c->left != INT64_MAX;
    if (load_relaxed(&c->closed))
        got = -EBADF;
    else if (c->left > 0)
        got = read_parts(c, limited ? &first : to, limited ? 1 : n, limit);
    if (limited && got > 0)
        c->left -= got;
    if (c->copy && got > 0)
        got = write_copy(c, to, got, limit);
    leat_mutex_unlock(&c->turn);
    return got;
}

/* A part that has ended is readable too: the next one is waited for by the read. */
static int composed_readable(leat_io *io, const leat_limit *limit)
{
    struct composed *c = composed_of(io);
    int err = io_lock(&c->turn, limit);

    if (err)
        return err;
    if (load_relaxed(&c->closed))
        err = -EBADF;
    else if (c->left > 0 && c->next < c->n)
        err = leat_io_wait_readable(c->parts[c->next], limit);
    leat_mutex_unlock(&c->turn);
    return err;
}

static int composed_close(leat_io *io)
{
    return exchange(&composed_of(io)->closed, 1) ? -EBADF : 0;
}

static void composed_free(leat_io *io)
{
    struct composed *c = composed_of(io);

    while (c->next < c->n)
        leat_io_unref(c->parts[c->next++]);
    leat_io_unref(c->copy);
    leat__free(c);
}

static const leat_io_ops composed_ops = {
    .kind = "composed",
    .readv = composed_readv,
    .readable = composed_readable,
    .close = composed_close,
    .free = composed_free,
};

static struct composed *composed_make(leat_io **io, leat_io *const *from, int n)
{
    struct composed *c = leat__alloc(sizeof(*c) + (size_t)n * sizeof(leat_io *));

    *io = c ? &c->io : NULL;
    if (!c)
        return NULL;
    leat_io_init(&c->io, &composed_ops);
    c->left = INT64_MAX;
    c->n = n;
    for (int i = 0; i < n; i++)
        c->parts[i] = leat_io_ref(from[i]);
    return c;
}

int leat_io_limited(leat_io **io, leat_io *from, int64_t n)
{
    if (n < 0)
        return -EINVAL;
    struct composed *c = composed_make(io, &from, 1);
    if (c)
        c->left = n;
    return c ? 0 : -ENOMEM;
}

int leat_io_tee(leat_io **io, leat_io *from, leat_io *to)
{
    struct composed *c = composed_make(io, &from, 1);

    if (c)
        c->copy = leat_io_ref(to);
    return c ? 0 : -ENOMEM;
}

int leat_io_joined(leat_io **io, leat_io *const *from, int n)
{
    if (n < 0)
        return -EINVAL;
    return composed_make(io, from, n) ? 0 : -ENOMEM;
}
