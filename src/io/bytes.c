/* SPDX-License-Identifier: MIT */
/*
 * bytes.c - streams that are memory.
 *
 * INVARIANTS
 *   M1  start <= end < size, or mem is NULL and all three are 0; there is room for a NUL.
 *   M2  a stream of bytes that were given has no writev, and its memory is never freed.
 *
 * PROOF  tests/api/io_buffer_test.c.
 */
#include <leat/io/memory.h>
#include <leat/mutex.h>

#include <string.h>

#include "base/fatal.h"
#include "base/util.h"
#include "os/mem.h"

struct bytes_io {
    leat_io io;
    leat_mutex lock;
    char *mem; /* lock, and all below */
    size_t start, end, size;
    bool closed;
};

static int64_t bytes_readv(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit)
{
    struct bytes_io *b = container_of(io, struct bytes_io, io);
    size_t done = 0;

    (void)limit;
    leat_mutex_lock(&b->lock);
    bool closed = b->closed;
    for (int i = 0; i < n && !closed; i++) {
        size_t have = b->end - b->start;
        size_t part = to[i].len < have ? to[i].len : have;
        if (part)
            memcpy(to[i].base, b->mem + b->start, part);
        b->start += part;
        done += part;
    }
    leat_mutex_unlock(&b->lock);
    return closed ? -EBADF : (int64_t)done;
}

/* Lock held. */
static int bytes_grow(struct bytes_io *b, size_t more)
{
    size_t held = b->end - b->start, need = held + more + 1;
    size_t size = b->size < 256 ? 256 : b->size;

    if (more >= SIZE_MAX / 4 || need >= SIZE_MAX / 4)
        return -ENOMEM;
    if (b->size - b->end > more)
        return 0;
    while (size < need || size / 2 < held)
        size *= 2;
    char *mem = size == b->size ? b->mem : leat__alloc(size);
    if (!mem)
        return -ENOMEM;
    if (held)
        memmove(mem, b->mem + b->start, held);
    if (mem != b->mem)
        leat__free(b->mem);
    b->mem = mem;
    b->size = size;
    b->start = 0;
    b->end = held;
    return 0;
}

static int64_t bytes_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                            const leat_limit *limit)
{
    struct bytes_io *b = container_of(io, struct bytes_io, io);
    int err = 0;

    (void)limit;
    leat_mutex_lock(&b->lock);
    if (b->closed)
        err = -EBADF;
    for (int i = 0; i < n && !err; i++) {
        err = bytes_grow(b, from[i].len);
        if (err || !from[i].len)
            continue;
        memcpy(b->mem + b->end, from[i].base, from[i].len);
        b->end += from[i].len;
        *done += from[i].len;
    }
    leat_mutex_unlock(&b->lock);
    return err ? err : (int64_t)*done;
}

static int bytes_close(leat_io *io)
{
    struct bytes_io *b = container_of(io, struct bytes_io, io);

    leat_mutex_lock(&b->lock);
    int err = b->closed ? -EBADF : 0;
    b->closed = true;
    leat_mutex_unlock(&b->lock);
    return err;
}

static void memory_free(leat_io *io)
{
    struct bytes_io *b = container_of(io, struct bytes_io, io);

    leat__free(b->mem);
    leat__free(b);
}

static void bytes_free(leat_io *io)
{
    leat__free(container_of(io, struct bytes_io, io));
}

static const leat_io_ops memory_ops = {
    .kind = "memory",
    .readv = bytes_readv,
    .writev = bytes_writev,
    .close = bytes_close,
    .free = memory_free,
};

static const leat_io_ops bytes_ops = {
    .kind = "bytes",
    .readv = bytes_readv,
    .close = bytes_close,
    .free = bytes_free,
};

static struct bytes_io *bytes_make(const leat_io_ops *ops)
{
    struct bytes_io *b = leat__alloc(sizeof(*b));

    if (b)
        leat_io_init(&b->io, ops);
    return b;
}

int leat_io_memory(leat_io **io)
{
    struct bytes_io *b = bytes_make(&memory_ops);

    *io = b ? &b->io : NULL;
    return b ? 0 : -ENOMEM;
}

int leat_io_bytes(leat_io **io, const void *bytes, size_t n)
{
    struct bytes_io *b = bytes_make(&bytes_ops);

    *io = b ? &b->io : NULL;
    if (!b)
        return -ENOMEM;
    b->mem = (char *)(uintptr_t)bytes;
    b->end = b->size = n;
    return 0;
}

static struct bytes_io *bytes_of(leat_io *io, bool given)
{
    if (io->leat__ops != &memory_ops && !(given && io->leat__ops == &bytes_ops))
        leat__throw("leat: no stream of memory");
    return container_of(io, struct bytes_io, io);
}

const void *leat_io_memory_bytes(leat_io *io, size_t *n)
{
    struct bytes_io *b = bytes_of(io, true);

    leat_mutex_lock(&b->lock);
    const char *at = b->mem ? b->mem + b->start : "";
    *n = b->end - b->start;
    leat_mutex_unlock(&b->lock);
    return at;
}

char *leat_io_memory_take(leat_io *io, size_t *n)
{
    struct bytes_io *b = bytes_of(io, false);

    leat_mutex_lock(&b->lock);
    size_t held = b->end - b->start;
    char *mem = b->mem ? b->mem : leat__alloc(1);
    if (held)
        memmove(mem, b->mem + b->start, held);
    if (mem)
        mem[held] = '\0';
    b->mem = NULL;
    b->start = b->end = b->size = 0;
    leat_mutex_unlock(&b->lock);
    if (n)
        *n = held;
    return mem;
}
