/* SPDX-License-Identifier: MIT */
/* mem_stream.h - the other side of a connection, for targets: bytes that come in pieces. */
#ifndef LEAT_HTTP_MEM_STREAM_H
#define LEAT_HTTP_MEM_STREAM_H

#include "fuzz.h"

#include <leat.h>
#include <stdlib.h>
#include <string.h>

/* A stream that reads from memory and writes to nowhere. */
struct mem_stream {
    leat_io io;
    const uint8_t *data;
    size_t len, step;
    bool closed; /* atomic */
};

static int64_t mem_readv(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit)
{
    struct mem_stream *m = (struct mem_stream *)io;
    size_t some = to[0].len < m->step ? to[0].len : m->step;

    (void)n, (void)limit;
    if (__atomic_load_n(&m->closed, __ATOMIC_SEQ_CST))
        return -EBADF;
    some = some < m->len ? some : m->len;
    if (some > 0)
        memcpy(to[0].base, m->data, some);
    m->data += some;
    m->len -= some;
    return (int64_t)some;
}

static int64_t mem_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                          const leat_limit *limit)
{
    struct mem_stream *m = (struct mem_stream *)io;

    (void)limit;
    if (__atomic_load_n(&m->closed, __ATOMIC_SEQ_CST))
        return -EBADF;
    *done = 0;
    for (int i = 0; i < n; i++)
        *done += from[i].len;
    return (int64_t)*done;
}

static int mem_shut(leat_io *io, int ways)
{
    (void)io, (void)ways;
    return 0;
}

static int mem_close(leat_io *io)
{
    struct mem_stream *m = (struct mem_stream *)io;

    return __atomic_exchange_n(&m->closed, true, __ATOMIC_SEQ_CST) ? -EBADF : 0;
}

static void mem_free(leat_io *io)
{
    free(io);
}

static const leat_io_ops mem_ops = {.kind = "memory",
                                    .readv = mem_readv,
                                    .writev = mem_writev,
                                    .shut = mem_shut,
                                    .close = mem_close,
                                    .free = mem_free};

/* `step` bytes at a time, not 0. */
static leat_io *mem_stream(const uint8_t *data, size_t len, size_t step)
{
    struct mem_stream *m = calloc(1, sizeof *m);

    FUZZ_CHECK(m);
    leat_io_init(&m->io, &mem_ops);
    m->data = data;
    m->len = len;
    m->step = step;
    return &m->io;
}

#endif
