/* SPDX-License-Identifier: MIT */
/*
 * http2_stream.c - a stream of HTTP/2: bytes both ways, between one goroutine and a session.
 *
 * PICTURE   out: pieces of memory of a goroutine that waits --copied--> frames, as windows allow
 *           in:  frames --copied--> buffer --copied--> the goroutine that reads; windows open
 *
 * INVARIANTS
 *   1. `out` points into memory of a goroutine that is inside of http__h2_send, or of a call
 *      whose body is in memory, and is cleared before that goes, for whatever reason: the session
 *      reads it under the lock only.
 *   2. What is in `in` has been counted against two windows, which the peer may use again when it
 *      is read. So a buffer never holds more than H2_STREAM_WINDOW, and all of a server's
 *      connection never more than H2_CONN_WINDOW. What nobody will read is given back to the
 *      connection's window with the stream, else it would shrink for ever.
 *   3. A stream has a reference of the session's, from its first frame until it is closed, and
 *      one of its user's; it goes with the last.
 *
 * PROOF http2_server_test.c, http2_frames_test.c
 */
#include "http2.h"

#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

void http__h2_stream_add(struct h2_conn *h, struct h2_stream *st, int32_t id)
{
    st->conn = h;
    st->id = id;
    st->refs = 1;
    st->next = h->streams;
    if (st->next)
        st->next->prev = st;
    h->streams = st;
    h->nstreams++;
    h->nunended++;
}

static void stream_unlink(struct h2_stream *st)
{
    struct h2_conn *h = st->conn;

    *(st->prev ? &st->prev->next : &h->streams) = st->next;
    if (st->next)
        st->next->prev = st->prev;
    h->nunended -= !st->ended;
    if (--h->nstreams == 0)
        h->idle_since = leat_now();
}

void http__h2_stream_release(struct h2_stream *st)
{
    if (--st->refs > 0)
        return;
    stream_unlink(st);
    if (!st->conn->err && st->in_start < st->in_end)
        nghttp2_session_consume_connection(st->conn->session, st->in_end - st->in_start);
    free(st->in);
    st->conn->role->free(st);
}

void http__h2_stream_closed(struct h2_stream *st, uint32_t code)
{
    st->closed = true;
    st->code = code;
    leat_cond_broadcast(&st->readable);
    leat_cond_broadcast(&st->writable);
    st->conn->role->closed(st);
    http__h2_stream_release(st);
}

void http__h2_stream_reset(struct h2_stream *st, uint32_t code)
{
    if (!st->closed)
        nghttp2_submit_rst_stream(st->conn->session, NGHTTP2_FLAG_NONE, st->id, code);
}

void http__h2_stream_ended(struct h2_stream *st)
{
    st->conn->nunended -= !st->ended;
    st->ended = true;
}

int http__h2_wait(struct h2_conn *h, leat_cond *c, const leat_limit *limit)
{
    http__h2_push(h);
    if (h->err) /* it broke just now: nobody would wake us */
        return 0;
    if (limit->until != LEAT_FOREVER)
        return leat_cond_wait_until(c, &h->lock, limit->until);
    return leat_cond_wait_ctx(limit->ctx, c, &h->lock);
}

/* ---- out ---- */

static size_t out_left(const struct h2_stream *st)
{
    return st->out[0].len + st->out[1].len;
}

static bool is_unsent(const struct h2_stream *st)
{
    return out_left(st) > 0 || (st->last && !st->ended);
}

static size_t take_piece(leat_iovec *piece, uint8_t *buf, size_t n)
{
    n = n < piece->len ? n : piece->len;
    if (n == 0)
        return 0;
    memcpy(buf, piece->base, n);
    piece->base = (char *)piece->base + n;
    piece->len -= n;
    return n;
}

/* NOLINTNEXTLINE(readability-function-size): nghttp2 has chosen that many parameters */
static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t room,
                         uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct h2_stream *st = source->ptr;
    size_t n = 0;

    (void)session, (void)id, (void)user;
    for (int i = 0; i < 2; i++)
        n += take_piece(&st->out[i], buf + n, room - n);
    if (out_left(st) > 0)
        return (ssize_t)n;
    if (st->last) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        http__h2_stream_ended(st);
    } else if (n == 0) {
        st->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    leat_cond_broadcast(&st->writable);
    return (ssize_t)n;
}

nghttp2_data_provider http__h2_stream_body(struct h2_stream *st)
{
    return (nghttp2_data_provider){.source.ptr = st, .read_callback = read_body};
}

int http__h2_send(struct h2_stream *st, const leat_iovec body[2], bool last,
                  const leat_limit *limit)
{
    int err = 0;

    memcpy(st->out, body, sizeof st->out);
    st->last = last;
    if (st->deferred && !st->closed && (last || out_left(st) > 0)) {
        st->deferred = false;
        nghttp2_session_resume_data(st->conn->session, st->id);
    }
    while (!err && is_unsent(st))
        err = st->closed || st->given_up ? -EPIPE
                                         : http__h2_wait(st->conn, &st->writable, limit);
    if (!is_unsent(st)) /* the last of it went at the last moment */
        err = 0;
    memset(st->out, 0, sizeof st->out);
    st->last = st->ended;
    return err;
}

/* ---- in ---- */

static bool in_room(struct h2_stream *st, size_t n)
{
    size_t there = st->in_end - st->in_start, cap = st->in_cap ? st->in_cap : 1024;

    if (st->in_cap - st->in_end >= n)
        return true;
    if (there > 0)
        memmove(st->in, st->in + st->in_start, there);
    st->in_start = 0;
    st->in_end = there;
    while (cap - there < n)
        cap *= 2;
    if (cap == st->in_cap)
        return true;
    char *grown = realloc(st->in, cap);
    if (!grown)
        return false;
    st->in = grown;
    st->in_cap = cap;
    return true;
}

void http__h2_stream_arrived(struct h2_stream *st, const uint8_t *data, size_t n)
{
    bool wanted = st->refs > 1; /* else its user has gone, and it has been reset */

    if (!wanted || !in_room(st, n)) {
        nghttp2_session_consume_connection(st->conn->session, n);
        if (wanted)
            http__h2_stream_reset(st, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    memcpy(st->in + st->in_end, data, n);
    st->in_end += n;
    leat_cond_broadcast(&st->readable);
}

void http__h2_stream_peer_ended(struct h2_stream *st)
{
    st->peer_ended = true;
    leat_cond_broadcast(&st->readable);
}

/* The peer may send as much again. */
static void open_windows(struct h2_stream *st, size_t n)
{
    nghttp2_session *session = st->conn->session;

    if (st->conn->err)
        return;
    if (st->closed || st->peer_ended)
        nghttp2_session_consume_connection(session, n);
    else
        nghttp2_session_consume(session, st->id, n);
}

int64_t http__h2_take(struct h2_stream *st, void *buf, size_t n, const leat_limit *limit)
{
    int err = 0;

    while (!err && st->in_start == st->in_end && !st->peer_ended)
        err = st->closed ? -ENODATA : http__h2_wait(st->conn, &st->readable, limit);
    if (st->in_start == st->in_end)
        return st->peer_ended ? 0 : err;
    n = n < st->in_end - st->in_start ? n : st->in_end - st->in_start;
    memcpy(buf, st->in + st->in_start, n);
    st->in_start += n;
    if (st->in_start == st->in_end)
        st->in_start = st->in_end = 0;
    open_windows(st, n);
    return (int64_t)n;
}
