/* SPDX-License-Identifier: MIT */
/*
 * copy.c - from one stream into another, through memory.
 *
 * PROOF  tests/api/io_buffer_test.c.
 */
#include "io/copying.h"

#include "base/util.h"
#include "os/mem.h"

enum { CHUNK = 32 << 10 };

static const leat_limit never = LEAT_NO_LIMIT;

/* A chunk: how much, 0 at the end, -errno. */
static int64_t copy_piece(struct copying *c, char *mem)
{
    const leat_iovec to = {mem, c->left < CHUNK ? (size_t)c->left : CHUNK};
    size_t put = 0;

    c->writing = false;
    int64_t got = leat_readv(c->from, &to, 1, c->limit);
    if (got <= 0)
        return got;
    const leat_iovec from = {mem, (size_t)got};
    c->writing = true;
    int64_t err = leat_writev(c->to, &from, 1, &put, c->limit);
    c->done += (int64_t)put;
    if (c->left != INT64_MAX)
        c->left -= (int64_t)put;
    return err < 0 ? err : got;
}

int64_t copy_run(struct copying *c)
{
    int64_t got = 1;
    char *mem = leat__alloc(CHUNK);

    if (!mem)
        return -ENOMEM;
    while (c->left > 0 && got > 0)
        got = copy_piece(c, mem);
    leat__free(mem);
    return got < 0 ? got : c->done;
}

int64_t leat_copy_n(leat_io *to, leat_io *from, int64_t n, int64_t *done,
                    const leat_limit *limit)
{
    struct copying c = {to, from, n, 0, limit ? limit : &never, false};
    int64_t result = n < 0 ? -EINVAL : copy_run(&c);

    if (done)
        *done = c.done;
    return result;
}

int64_t leat_copy(leat_io *to, leat_io *from)
{
    return leat_copy_n(to, from, INT64_MAX, NULL, NULL);
}

int64_t leat_copy_ctx(leat_ctx *ctx, leat_io *to, leat_io *from)
{
    const leat_limit limit = {ctx, LEAT_FOREVER};

    return leat_copy_n(to, from, INT64_MAX, NULL, &limit);
}

int64_t leat_copy_until(leat_io *to, leat_io *from, leat_duration deadline)
{
    const leat_limit limit = {NULL, deadline};

    return leat_copy_n(to, from, INT64_MAX, NULL, &limit);
}
