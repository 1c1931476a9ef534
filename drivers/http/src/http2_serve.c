/* SPDX-License-Identifier: MIT */
/*
 * http2_serve.c - one request over HTTP/2: its goroutine, and what its handler reads and writes.
 *
 * PICTURE   first frame: a stream and the memory for work --fields--> the head is whole
 *           its goroutine: handler --> the end of its response --> the stream's end
 *
 * The goroutine does what a connection's does for a request of HTTP/1, with the same request,
 * response and functions; only their wire is another.
 *
 * END   A response that is whole while the client still sends a body ends with a reset that says
 *   NO_ERROR (RFC 9113 8.1); one that is shorter than announced, or whose handler ended its
 *   goroutine, with INTERNAL_ERROR; one that the client did not take in time with CANCEL. A
 *   handler that closes the connection gets a GOAWAY: its other requests are finished.
 *
 * CONTEXT  Each request has one, and it is over when the client resets the stream or goes away
 *   before the answer is complete.
 *
 * PROOF http2_server_test.c
 */
#include <stdlib.h>
#include <string.h>

#include "http2_head.h"
#include "http2_server.h"

/* ---- a request comes ---- */

static void served_closed(struct h2_stream *stream)
{
    struct h2_served *st = (struct h2_served *)stream;

    if (st->ctx && !stream->ended)
        leat_ctx_cancel(st->ctx);
}

static void served_free(struct h2_stream *stream)
{
    struct h2_served *st = (struct h2_served *)stream;
    struct http_work *w = st->work;

    http__work_reset(w);
    leat_pool_put(&st->server->c->server->works, w);
    free(st);
}

const struct h2_role http__h2_server_role = {.closed = served_closed, .free = served_free};

struct h2_served *http__h2_served_make(struct h2_server *h, int32_t id)
{
    struct h2_served *st = calloc(1, sizeof *st);

    if (!st)
        return NULL;
    st->server = h;
    st->work = leat_pool_get(&h->c->server->works);
    if (!st->work) {
        free(st);
        return NULL;
    }
    http__head_begin(&st->work->req.head);
    st->work->req.head.minor = 1; /* what HTTP/1.1 may say, it may */
    st->work->req.head.keep_alive = true;
    http__h2_stream_add(&h->base, &st->base, id);
    return st;
}

void http__h2_served_field(struct h2_served *st, nghttp2_vec name, nghttp2_vec value)
{
    struct http_work *w = st->work;

    st->head_size += h2_field_size(name, value);
    if (st->head_size > st->server->c->server->opts.max_head)
        st->refusal = 431;
    if (!st->refusal)
        st->refusal = http__h2_take_field(&w->req.head, &w->arena, name, value);
}

/* ---- its goroutine ---- */

/* 0, or the status of the answer that refuses it. */
static int take_request(struct h2_served *st)
{
    leat_http_request *req = &st->work->req;
    int bad = st->refusal;

    req->conn = st->server->c;
    req->stream = st;
    req->parent = st->ctx;
    req->body_max = req->conn->server->opts.max_body;
    if (!bad)
        bad = http__h2_head_done(&req->head, &st->work->arena, st->open);
    if (!bad)
        bad = http__request_begin(req);
    req->ctx = st->ctx;
    if (!bad && req->body_max >= 0 && req->head.content_length > req->body_max)
        bad = 413;
    if (bad && bad != 413)
        req->head.method = NULL; /* it may be what was not understood */
    return bad;
}

/* Did the handler say less than it has announced? */
static bool is_short(const leat_http_response *res)
{
    return res->length >= 0 && res->written != res->length && !http__without_body(res);
}

static void end_stream(struct h2_served *st)
{
    const leat_http_response *res = &st->work->res;

    if (!st->base.ended)
        http__h2_stream_reset(&st->base, NGHTTP2_INTERNAL_ERROR);
    else if (!st->base.peer_ended)
        http__h2_stream_reset(&st->base, NGHTTP2_NO_ERROR);
    if (st->base.ended && !res->keep_alive && !res->err)
        http__h2_server_goodbye(st->server);
}

/* Also when the handler ends its goroutine. */
static void served_over(void *served)
{
    struct h2_served *st = served;
    struct h2_conn *h = &st->server->base;

    http__h2_lock(h);
    st->ctx = NULL;
    end_stream(st);
    http__request_end(&st->work->req);
    http__h2_stream_release(&st->base);
    http__h2_unlock(h);
    leat_waitgroup_done(&h->goroutines);
}

static void serve_stream(struct h2_served *st)
{
    leat_http_request *req = &st->work->req;
    leat_http_response *res = &st->work->res;
    int bad;

    leat_defer(served_over, st);
    bad = take_request(st);
    http__response_begin(res);
    if (bad)
        http__answer(res, bad, NULL);
    else
        req->conn->server->handler(req, res, req->conn->server->arg);
    http__response_end(res);
}

void http__h2_served_start(struct h2_served *st)
{
    struct h2_server *h = st->server;

    st->open = !st->base.peer_ended;
    st->ctx = leat_ctx_with_cancel(h->c->server->ctx);
    st->base.refs++;
    leat_waitgroup_add(&h->base.goroutines, 1);
    if (leat_go_try(serve_stream, st) == 0)
        return;
    leat_waitgroup_done(&h->base.goroutines);
    leat_ctx_free(st->ctx);
    st->ctx = NULL;
    http__h2_stream_reset(&st->base, NGHTTP2_REFUSED_STREAM);
    http__h2_stream_release(&st->base);
}

/* ---- what its handler reads and writes ---- */

static int submit_head(struct h2_served *st, leat_http_response *res, bool last)
{
    nghttp2_session *session = st->base.conn->session;
    nghttp2_data_provider body = http__h2_stream_body(&st->base);
    struct h2_fields fields = {0};
    char status[4], length[24];
    int err;

    http__h2_put_response(&fields, res, status, length);
    err = fields.failed ? NGHTTP2_ERR_NOMEM
                        : nghttp2_submit_response(session, st->base.id, fields.at, fields.len,
                                                  last ? NULL : &body);
    http__h2_fields_free(&fields);
    st->head_given = true;
    if (!err && last)
        http__h2_stream_ended(&st->base);
    return !err ? 0 : err == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO;
}

/* Lock held. */
static int send_some(struct h2_served *st, leat_http_response *res, const leat_iovec body[2],
                     bool last, const leat_limit *limit)
{
    bool cut = last && is_short(res);
    int err = st->base.closed ? -EPIPE : 0;

    if (!err && !res->head_sent && !res->keep_alive && !res->late && !cut)
        http__h2_server_goodbye(
            st->server); /* before the answer, so that no request comes after it */
    if (!err && !res->head_sent)
        err = submit_head(st, res, last && !cut && body[0].len + body[1].len == 0);
    res->head_sent = true;
    if (!err && !st->base.ended)
        err = http__h2_send(&st->base, body, last && !cut, limit);
    if (err)
        http__h2_stream_reset(&st->base, NGHTTP2_CANCEL);
    return err;
}

int http__h2_wire_send(leat_http_response *res, const char *data, size_t n, bool last)
{
    struct h2_served *st = res->req->stream;
    const leat_iovec body[2] = {{res->body, res->body_len}, {(void *)(uintptr_t)data, n}};
    const leat_limit limit = {NULL, http_until(res->conn->server->opts.write_timeout)};

    http__h2_lock(st->base.conn);
    int err = send_some(st, res, body, last, &limit);
    http__h2_unlock(st->base.conn);
    res->body_len = 0;
    return err;
}

/* Lock held. */
static void send_continue(leat_http_request *req)
{
    struct h2_served *st = req->stream;
    const nghttp2_nv status = {(uint8_t *)(uintptr_t) ":status", (uint8_t *)(uintptr_t) "100",
                               7, 3, NGHTTP2_NV_FLAG_NONE};

    req->owes_continue = false;
    if (!st->head_given && !st->base.closed && st->base.in_end == 0)
        nghttp2_submit_headers(st->base.conn->session, NGHTTP2_FLAG_NONE, st->base.id, NULL,
                               &status, 1, NULL);
}

int64_t http__h2_wire_read(leat_http_request *req, void *buf, size_t n)
{
    struct h2_served *st = req->stream;
    const leat_limit limit = {NULL, http__body_until(req)};

    http__h2_lock(st->base.conn);
    if (req->owes_continue)
        send_continue(req);
    int64_t got = http__h2_take(&st->base, buf, n, &limit);
    http__h2_unlock(st->base.conn);
    if (got < 0)
        return http__body_broken(req, (int)got);
    if (got == 0)
        req->body = BODY_OVER;
    return got ? http__body_count(req, got) : 0;
}
