/* SPDX-License-Identifier: MIT */
/*
 * chunks.c - the decoder of the chunked transfer coding (RFC 9112 7.1), one byte a step outside
 * of data and one step for a run of data.
 *
 * Strict where leniency was used to smuggle: sizes have one to fifteen digits and no sign, every
 * line ends with CR LF, data ends where its size says. Extensions and trailers are checked and
 * dropped; both together may be longer than the data by no more than MAX_OVERHEAD, so that a
 * sender cannot feed bytes for ever without any data, or next to none.
 *
 * REJECTED  keeping trailers: nobody reads them, and one that carried a Content-Length after the
 * fact is what other servers have been bitten by.
 *
 * PROOF chunks_test.c, drivers/http/tests/fuzz/fuzz_chunks.c
 */
#include "chunks.h"

#include "chars.h"

#include <errno.h>

enum { MAX_OVERHEAD = 16 * 1024, MAX_DIGITS = 15 };

enum chunks_state {
    CHUNK_SIZE,         /* digits of a size */
    CHUNK_EXTENSION,    /* behind the size, up to the CR */
    CHUNK_SIZE_LF,      /* the LF of that line */
    CHUNK_DATA,         /* left bytes of it */
    CHUNK_DATA_CR,      /* the line end behind the data */
    CHUNK_DATA_LF,      /* its second byte */
    CHUNK_TRAILER_LINE, /* the first byte of a trailer, or the CR of the empty line */
    CHUNK_TRAILER_NAME, /* inside a trailer's name */
    CHUNK_TRAILER,      /* behind the colon, up to the CR */
    CHUNK_TRAILER_LF,   /* its LF */
    CHUNK_LAST_LF,      /* the LF of the empty line */
    CHUNK_DONE,
};

int http__chunks_done(const struct chunks *c)
{
    return c->state == CHUNK_DONE;
}

static int size_digit(struct chunks *c, char in)
{
    if (char_is(in, CH_HEX) && c->digits < MAX_DIGITS) {
        c->left = c->left << 4 | char_hex(in);
        c->digits++;
        return CHUNK_SIZE;
    }
    if (c->digits == 0)
        return -EBADMSG;
    if (in == '\r')
        return CHUNK_SIZE_LF;
    return in == ';' || in == ' ' || in == '\t' ? CHUNK_EXTENSION : -EBADMSG;
}

static int line_byte(struct chunks *c, char in, int same, int end)
{
    if (in == '\r')
        return end;
    if (!char_is(in, CH_VALUE) || ++c->overhead > MAX_OVERHEAD)
        return -EBADMSG;
    return same;
}

static int expect(char in, char want, int next)
{
    return in == want ? next : -EBADMSG;
}

static int trailer_start(struct chunks *c, char in)
{
    if (in == '\r')
        return CHUNK_LAST_LF;
    if (!char_is(in, CH_TOKEN) || ++c->overhead > MAX_OVERHEAD)
        return -EBADMSG;
    return CHUNK_TRAILER_NAME;
}

static int trailer_name(struct chunks *c, char in)
{
    if (++c->overhead > MAX_OVERHEAD)
        return -EBADMSG;
    if (in == ':')
        return CHUNK_TRAILER;
    return char_is(in, CH_TOKEN) ? CHUNK_TRAILER_NAME : -EBADMSG;
}

static int size_line_ended(struct chunks *c, char in)
{
    c->digits = 0;
    return expect(in, '\n', c->left ? CHUNK_DATA : CHUNK_TRAILER_LINE);
}

/* The state after one byte that is not data, or -EBADMSG. */
static int chunks_step(struct chunks *c, char in)
{
    switch ((enum chunks_state)c->state) {
    case CHUNK_SIZE:
        return size_digit(c, in);
    case CHUNK_EXTENSION:
        return line_byte(c, in, CHUNK_EXTENSION, CHUNK_SIZE_LF);
    case CHUNK_SIZE_LF:
        return size_line_ended(c, in);
    case CHUNK_DATA_CR:
        return expect(in, '\r', CHUNK_DATA_LF);
    case CHUNK_DATA_LF:
        return expect(in, '\n', CHUNK_SIZE);
    case CHUNK_TRAILER_LINE:
        return trailer_start(c, in);
    case CHUNK_TRAILER_NAME:
        return trailer_name(c, in);
    case CHUNK_TRAILER:
        return line_byte(c, in, CHUNK_TRAILER, CHUNK_TRAILER_LF);
    case CHUNK_TRAILER_LF:
        return expect(in, '\n', CHUNK_TRAILER_LINE);
    case CHUNK_LAST_LF:
        return expect(in, '\n', CHUNK_DONE);
    case CHUNK_DATA:
    case CHUNK_DONE:
        break;
    }
    return -EBADMSG;
}

static size_t take_data(struct chunks *c, size_t len)
{
    size_t n = c->left < len ? (size_t)c->left : len;

    c->left -= n;
    c->overhead -= n < c->overhead ? (uint32_t)n : c->overhead;
    if (c->left == 0)
        c->state = CHUNK_DATA_CR;
    return n;
}

int64_t http__chunks_take(struct chunks *c, const char *in, size_t len, const char **data,
                          size_t *data_len)
{
    size_t i = 0;

    *data_len = 0;
    while (i < len && c->state != CHUNK_DONE) {
        int next;

        if (c->state == CHUNK_DATA) {
            *data = in + i;
            *data_len = take_data(c, len - i);
            return (int64_t)(i + *data_len);
        }
        next = chunks_step(c, in[i++]);
        if (next < 0)
            return next;
        c->state = (uint8_t)next;
    }
    return (int64_t)i;
}
