/* SPDX-License-Identifier: MIT */
/* io_kinds.h - streams of the tests' own, by leat_io_ops: they give and take as they are told. */
#ifndef IO_KINDS_H
#define IO_KINDS_H

#include <leat.h>
#include <stdlib.h>
#include <string.h>

#include "t.h"

struct scripted {
    leat_io io;
    /* Reading: the text, at most `step` bytes a call; then `end`, 0 or an error. */
    const char *text;
    size_t len, at, step;
    int end;
    int reads;
    /* Writing: what came, until `room` is used up; then `full`. */
    char *got;
    size_t got_len, room;
    int full;
    int writes;
};

static int64_t scripted_readv(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit)
{
    struct scripted *s = (struct scripted *)(void *)io;
    size_t part = s->len - s->at;

    s->reads++;
    if (limit->ctx && leat_ctx_err(limit->ctx))
        return leat_ctx_err(limit->ctx);
    T_GE(n, 1);
    if (part == 0)
        return s->end;
    part = part < to->len ? part : to->len;
    part = part < s->step ? part : s->step;
    memcpy(to->base, s->text + s->at, part);
    s->at += part;
    return (int64_t)part;
}

static int64_t scripted_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                               const leat_limit *limit)
{
    struct scripted *s = (struct scripted *)(void *)io;

    s->writes++;
    if (limit->ctx && leat_ctx_err(limit->ctx))
        return leat_ctx_err(limit->ctx);
    for (int i = 0; i < n; i++) {
        size_t part = from[i].len < s->room - s->got_len ? from[i].len : s->room - s->got_len;
        s->got = realloc(s->got, s->got_len + part + 1);
        memcpy(s->got + s->got_len, from[i].base, part);
        s->got_len += part;
        s->got[s->got_len] = '\0';
        *done += part;
        if (part < from[i].len)
            return s->full;
    }
    return (int64_t)*done;
}

static int scripted_close(leat_io *io)
{
    (void)io;
    return 0;
}

static void scripted_free(leat_io *io)
{
    (void)io;
}

static const leat_io_ops scripted_ops = {
    .kind = "scripted",
    .readv = scripted_readv,
    .writev = scripted_writev,
    .close = scripted_close,
    .free = scripted_free,
};

/* A stream to read from, `step` bytes at a time; it takes what is written, too. */
static inline struct scripted scripted_of(const char *text, size_t len, size_t step)
{
    struct scripted s = {
        .text = text, .len = len, .step = step, .room = SIZE_MAX / 2, .full = -ENOSPC};

    leat_io_init(&s.io, &scripted_ops);
    return s;
}

#endif
