/* SPDX-License-Identifier: MIT */
/*
 * reader.c - buffered reading.
 *
 * PICTURE   mem: [ handed out | start: buffered :end | room :size ]
 *
 * INVARIANTS
 *   B1  start <= end <= size. The bytes between are what the stream has given and nobody has
 *       read; an error of the stream is handed on at once and leaves them there.
 *   B2  `last` is the byte before start, while it may be taken back; else negative.
 *
 * A read that is not smaller than the memory goes past it when nothing is buffered: the bytes
 * are moved once. Streams return bytes or an error, never both, so unlike Go's there is no error
 * to be kept for the next call.
 *
 * LINES   Text goes to its place piece by piece, as it comes, so a line may be longer than the
 *   memory. A line that is as long as it may be is one only if its end comes next: one byte, or
 *   two, are looked at before it is refused (line_ends).
 *
 * PROOF  tests/api/io_buffer_test.c.
 */
#include <leat/io/buffer.h>
#include <leat/io/copy.h>

#include <string.h>

#include "base/util.h"
#include "os/mem.h"

enum { USUAL_SIZE = 4096, LEAST_SIZE = 16 };

struct leat_reader {
    leat_io *io;
    leat_limit limit;
    size_t size, start, end;
    int last;
    unsigned char mem[];
};

int leat_reader_make(leat_reader **r, leat_io *io, size_t size)
{
    if (size == 0)
        size = USUAL_SIZE;
    if (size < LEAST_SIZE)
        size = LEAST_SIZE;
    *r = size < SIZE_MAX / 2 ? leat__alloc(sizeof(**r) + size) : NULL;
    if (!*r)
        return -ENOMEM;
    (*r)->size = size;
    leat_reader_reset(*r, io);
    return 0;
}

void leat_reader_free(leat_reader *r)
{
    if (!r)
        return;
    leat_io_unref(r->io);
    leat__free(r);
}

void leat_reader_reset(leat_reader *r, leat_io *io)
{
    leat_io *old = r->io;

    r->io = leat_io_ref(io);
    r->limit = (leat_limit)LEAT_NO_LIMIT;
    r->start = r->end = 0;
    r->last = -1;
    leat_io_unref(old);
}

void leat_reader_set_limit(leat_reader *r, leat_ctx *ctx, leat_duration deadline)
{
    r->limit = (leat_limit){ctx, deadline};
}

size_t leat_reader_buffered(const leat_reader *r)
{
    return r->end - r->start;
}

/* ---- the buffer ---- */

static int64_t read_below(leat_reader *r, void *to, size_t n)
{
    const leat_iovec one = {to, n};

    return r->io ? leat_readv(r->io, &one, 1, &r->limit) : -EBADF;
}

/* More into the buffer, which is not full: how much, 0 at the end, -errno. */
static int64_t reader_fill(leat_reader *r)
{
    size_t kept = r->end - r->start;

    if (kept == 0 || r->end == r->size) {
        memmove(r->mem, r->mem + r->start, kept);
        r->start = 0;
        r->end = kept;
    }
    int64_t got = read_below(r, r->mem + r->end, r->size - r->end);
    if (got > 0)
        r->end += (size_t)got;
    return got;
}

/* At least one byte is buffered: 1. Else 0 at the end, or -errno. */
static int64_t reader_some(leat_reader *r)
{
    int64_t got = r->end > r->start ? 1 : reader_fill(r);

    return got > 0 ? 1 : got;
}

static void reader_pass(leat_reader *r, size_t n)
{
    r->start += n;
    if (n > 0)
        r->last = r->mem[r->start - 1];
}

static size_t reader_take(leat_reader *r, void *to, size_t n)
{
    size_t have = r->end - r->start;
    size_t part = n < have ? n : have;

    memcpy(to, r->mem + r->start, part);
    reader_pass(r, part);
    return part;
}

/* ---- bytes ---- */

int64_t leat_reader_read(leat_reader *r, void *buf, size_t n)
{
    if (n == 0)
        return 0;
    if (r->start == r->end && n >= r->size) {
        int64_t got = read_below(r, buf, n);
        r->last = got > 0 ? ((unsigned char *)buf)[got - 1] : -1;
        return got;
    }
    int64_t err = reader_some(r);
    return err > 0 ? (int64_t)reader_take(r, buf, n) : err;
}

int64_t leat_reader_read_full(leat_reader *r, void *buf, size_t n)
{
    size_t done = 0;

    while (done < n) {
        int64_t got = leat_reader_read(r, (char *)buf + done, n - done);
        if (got < 0)
            return got;
        if (got == 0)
            return done ? -ENODATA : 0;
        done += (size_t)got;
    }
    return (int64_t)done;
}

int leat_reader_read_byte(leat_reader *r)
{
    unsigned char byte;
    int64_t err = reader_some(r);

    if (err <= 0)
        return err ? (int)err : -ENODATA;
    reader_take(r, &byte, 1);
    return byte;
}

int leat_reader_unread_byte(leat_reader *r)
{
    if (r->last < 0 || (r->start == 0 && r->end > 0))
        return -EINVAL;
    if (r->start > 0)
        r->start--;
    else
        r->end = 1;
    r->mem[r->start] = (unsigned char)r->last;
    r->last = -1;
    return 0;
}

int64_t leat_reader_peek(leat_reader *r, const void **bytes, size_t n)
{
    int64_t got = 1;

    r->last = -1;
    if (n > r->size)
        return -EMSGSIZE;
    if (n > r->size - r->start) {
        memmove(r->mem, r->mem + r->start, r->end - r->start);
        r->end -= r->start;
        r->start = 0;
    }
    while (r->end - r->start < n && got > 0)
        got = reader_fill(r);
    size_t have = r->end - r->start;
    *bytes = r->mem + r->start;
    if (have >= n)
        return (int64_t)n;
    return got < 0 ? got : (int64_t)have;
}

int64_t leat_reader_discard(leat_reader *r, size_t n)
{
    size_t done = 0;

    while (done < n) {
        int64_t err = reader_some(r);
        if (err <= 0)
            return err ? err : (int64_t)done;
        size_t have = r->end - r->start;
        size_t part = n - done < have ? n - done : have;
        reader_pass(r, part);
        done += part;
    }
    return (int64_t)done;
}

int64_t leat_reader_until(leat_reader *r, int delim, const void **bytes)
{
    size_t looked = 0;

    r->last = -1;
    for (;;) {
        size_t have = r->end - r->start;
        const unsigned char *found = memchr(r->mem + r->start + looked, delim, have - looked);
        int64_t got = found ? 0 : have == r->size ? -EMSGSIZE : reader_fill(r);
        if (got < 0)
            return got;
        looked = have;
        if (got > 0)
            continue;
        *bytes = r->mem + r->start;
        have = found ? (size_t)(found + 1 - (r->mem + r->start)) : have;
        reader_pass(r, have);
        return (int64_t)have;
    }
}

/* ---- lines ---- */

/* Where a text goes: caller's memory, or such as grows. */
struct place {
    char **mem;
    size_t *size;
    size_t len;
    size_t max; /* of len */
    bool grows;
};

/* Room for n more and a NUL. */
static int make_text_room(struct place *p, size_t n)
{
    size_t need = p->len + n + 1;

    if (need <= p->len)
        return -ENOMEM;
    if (!p->grows || (*p->mem && need <= *p->size))
        return 0;
    size_t size = *p->mem && *p->size < SIZE_MAX / 2 ? *p->size * 2 : 0;
    size = size < 128 ? 128 : size;
    size = size < need ? need : size;
    char *larger = size < SIZE_MAX / 2 ? leat__alloc(size) : NULL;
    if (!larger)
        return -ENOMEM;
    if (p->len)
        memcpy(larger, *p->mem, p->len);
    leat__free(*p->mem);
    *p->mem = larger;
    *p->size = size;
    return 0;
}

/* The next n buffered bytes, or as many as may be. */
static int append_text(leat_reader *r, struct place *p, size_t n)
{
    size_t part = p->max - p->len < n ? p->max - p->len : n;
    int err = make_text_room(p, part);

    if (err)
        return err;
    p->len += reader_take(r, *p->mem + p->len, part);
    return part < n ? -EMSGSIZE : 0;
}

static void end_text(const struct place *p)
{
    if (*p->mem && *p->size > p->len)
        (*p->mem)[p->len] = '\0';
}

/* A piece, until delim or what is buffered: 1 when delim was its last byte, 0 when not. */
static int64_t append_piece(leat_reader *r, struct place *p, int delim, bool with_delim)
{
    const unsigned char *from = r->mem + r->start;
    const unsigned char *found = memchr(from, delim, r->end - r->start);
    size_t text = found ? (size_t)(found - from) : r->end - r->start;
    int err = append_text(r, p, text + (found && with_delim));

    if (err)
        return err;
    if (found && !with_delim)
        reader_pass(r, 1);
    return found != NULL;
}

int64_t leat_reader_getdelim(leat_reader *r, char **buf, size_t *size, int delim, size_t max)
{
    struct place p = {buf, size, 0, max, true};
    int64_t got = reader_some(r);

    while (got > 0) {
        got = append_piece(r, &p, delim, true);
        if (got)
            break;
        got = reader_some(r);
    }
    end_text(&p);
    return got < 0 ? got : (int64_t)p.len;
}

/* The line is as long as it may be. How long its end is, which is passed; or -EMSGSIZE. */
static int64_t line_ends(leat_reader *r)
{
    const void *at;
    int64_t got = r->mem[r->start] == '\r' ? leat_reader_peek(r, &at, 2) : 1;
    const unsigned char *next = r->mem + r->start;

    if (got < 0)
        return got;
    if (next[0] != '\n' && (got < 2 || next[1] != '\n'))
        return -EMSGSIZE;
    got = next[0] == '\n' ? 1 : 2;
    reader_pass(r, (size_t)got);
    return got;
}

static int64_t read_line(leat_reader *r, struct place *p)
{
    int64_t got = reader_some(r);
    bool any = got > 0;
    int err = any ? make_text_room(p, 0) : 0;

    while (got > 0 && !err) {
        got = p->len == p->max ? line_ends(r) : append_piece(r, p, '\n', false);
        if (got == -EMSGSIZE && p->len == p->max && r->end > r->start)
            got = line_ends(r);
        if (got)
            break;
        got = reader_some(r);
    }
    bool ended = got > 0 || (got == 0 && any);
    if (got == 1 && p->len > 0 && (*p->mem)[p->len - 1] == '\r')
        p->len--;
    end_text(p);
    if (err || got < 0)
        return err ? err : got;
    return ended ? (int64_t)p->len : -ENODATA;
}

int64_t leat_reader_line(leat_reader *r, char *buf, size_t size)
{
    struct place p = {&buf, &size, 0, size - 1, false};

    if (size == 0)
        return -EINVAL;
    return read_line(r, &p);
}

int64_t leat_reader_getline(leat_reader *r, char **line, size_t *size, size_t max)
{
    struct place p = {line, size, 0, max, true};

    return read_line(r, &p);
}

int64_t leat_reader_copy_to(leat_reader *r, leat_io *to)
{
    const leat_iovec held = {r->mem + r->start, r->end - r->start};
    size_t put = 0;
    int64_t more;

    r->last = -1;
    int64_t err = held.len ? leat_writev(to, &held, 1, &put, &r->limit) : 0;
    r->start += put;
    if (err < 0)
        return err;
    err = r->io ? leat_copy_n(to, r->io, INT64_MAX, &more, &r->limit) : -EBADF;
    return err < 0 ? err : (int64_t)put + err;
}
