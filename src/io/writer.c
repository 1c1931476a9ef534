/* SPDX-License-Identifier: MIT */
/*
 * writer.c - buffered writing.
 *
 * INVARIANTS
 *   B1  used <= size; the first `used` bytes of mem are what the stream has not been given.
 *   B2  once err is set nothing reaches the stream or the buffer any more.
 *
 * What does not fit goes out together with what is buffered, by one call: unlike Go's writer
 * this one does not fill its memory to the brim first, and copies nothing that it can hand on.
 *
 * PROOF  tests/api/io_buffer_test.c.
 */
#include <leat/io/buffer.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "io/copying.h"
#include "os/mem.h"

enum { USUAL_SIZE = 4096, LEAST_SIZE = 16 };

struct leat_writer {
    leat_io *io;
    leat_limit limit;
    size_t size, used;
    int err;
    char mem[]; /* size, and one for printf's NUL */
};

int leat_writer_make(leat_writer **w, leat_io *io, size_t size)
{
    if (size == 0)
        size = USUAL_SIZE;
    if (size < LEAST_SIZE)
        size = LEAST_SIZE;
    *w = size < SIZE_MAX / 2 ? leat__alloc(sizeof(**w) + size + 1) : NULL;
    if (!*w)
        return -ENOMEM;
    (*w)->size = size;
    leat_writer_reset(*w, io);
    return 0;
}

void leat_writer_free(leat_writer *w)
{
    if (!w)
        return;
    leat_io_unref(w->io);
    leat__free(w);
}

void leat_writer_reset(leat_writer *w, leat_io *io)
{
    leat_io *old = w->io;

    w->io = leat_io_ref(io);
    w->limit = (leat_limit)LEAT_NO_LIMIT;
    w->used = 0;
    w->err = 0;
    leat_io_unref(old);
}

void leat_writer_set_limit(leat_writer *w, leat_ctx *ctx, leat_duration deadline)
{
    w->limit = (leat_limit){ctx, deadline};
}

size_t leat_writer_buffered(const leat_writer *w)
{
    return w->used;
}

/* What is buffered, and n more bytes, to the stream. */
static int writer_push(leat_writer *w, const void *more, size_t n)
{
    const leat_iovec both[2] = {{w->mem, w->used}, {(void *)(uintptr_t)more, n}};
    bool held = w->used > 0;
    size_t done = 0;

    int64_t put = w->io ? leat_writev(w->io, held ? both : both + 1, held && n ? 2 : 1, &done,
                                      &w->limit)
                        : -EBADF;
    size_t gone = done < w->used ? done : w->used;
    w->used -= gone;
    memmove(w->mem, w->mem + gone, w->used);
    w->err = put < 0 ? (int)put : 0;
    return w->err;
}

int leat_writer_flush(leat_writer *w)
{
    if (w->err || w->used == 0)
        return w->err;
    return writer_push(w, NULL, 0);
}

int64_t leat_writer_write(leat_writer *w, const void *buf, size_t n)
{
    if (w->err)
        return w->err;
    if (n > w->size - w->used)
        return writer_push(w, buf, n) ? w->err : (int64_t)n;
    if (n > 0)
        memcpy(w->mem + w->used, buf, n);
    w->used += n;
    return (int64_t)n;
}

int leat_writer_write_byte(leat_writer *w, int byte)
{
    char c = (char)byte;
    int64_t put = leat_writer_write(w, &c, 1);

    return put < 0 ? (int)put : 0;
}

int64_t leat_writer_line(leat_writer *w, const char *text)
{
    size_t n = strlen(text);

    leat_writer_write(w, text, n);
    int err = leat_writer_write_byte(w, '\n');
    return err ? err : (int64_t)n + 1;
}

/* ---- printf ---- */

/* Behind what is buffered, if it fits: its length, or a negative number as vsnprintf. */
static int print_in_place(leat_writer *w, const char *format, va_list args)
{
    size_t room = w->size - w->used;
    char *at = w->mem + w->used;
    int n = vsnprintf(at, room + 1, format, args); /* NOLINT: the analyser loses va_start */

    if (n >= 0 && (size_t)n <= room)
        w->used += (size_t)n;
    return n;
}

static int64_t print_aside(leat_writer *w, size_t n, const char *format, va_list args)
{
    char *text = leat__alloc(n + 1);

    if (!text)
        return -ENOMEM;
    vsnprintf(text, n + 1, format, args);
    int64_t put = leat_writer_write(w, text, n);
    leat__free(text);
    return put;
}

int64_t leat_writer_printf(leat_writer *w, const char *format, ...)
{
    va_list args, again;

    if (w->err)
        return w->err;
    va_start(args, format);
    va_copy(again, args);
    size_t room = w->size - w->used;
    int n = print_in_place(w, format, args);
    int64_t put = n < 0 ? -EINVAL : n;
    if (n >= 0 && (size_t)n > room)
        put = print_aside(w, (size_t)n, format, again);
    va_end(again);
    va_end(args);
    return put;
}

/* ---- from a stream ---- */

int64_t leat_writer_copy_from(leat_writer *w, leat_io *from)
{
    struct copying c = {w->io, from, INT64_MAX, 0, &w->limit, false, NULL};
    int err = leat_writer_flush(w);

    if (err)
        return err;
    if (!w->io)
        return -EBADF;
    int64_t n = copy_run(&c);
    if (n < 0 && c.writing)
        w->err = (int)n;
    return n;
}
