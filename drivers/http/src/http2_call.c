/* SPDX-License-Identifier: MIT */
/*
 * http2_call.c - a client's call over HTTP/2: a request out, an answer in.
 *
 * PICTURE   the caller: head (and body, if it is in memory) --> session; waits for the head
 *           a goroutine of its own: a body that comes bit by bit --> session
 *           the connection's reader: head --> the answer; body --> the stream's buffer
 *
 * The head of an answer is filled in by the reader, under the connection's lock, and is the
 * caller's from then on: what comes later, as trailers, is dropped.
 *
 * A body in memory is the caller's until the answer is freed, so the session may take from it all
 * that time, and nobody waits for that.
 *
 * END  An answer that is freed before its end is reset (CANCEL); others on the connection do not
 *   notice. A stream that the server has refused, or did not take before its GOAWAY, was not
 *   begun: it may be sent again, whatever its method.
 *
 * PROOF http2_client_test.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chars.h"
#include "http2_client.h"
#include "http2_head.h"

enum { BODY_PIECE = 16 * 1024 };

/* ---- what comes ---- */

static void call_closed(struct h2_stream *st)
{
    (void)st;
}

static void call_free(struct h2_stream *st)
{
    free(st);
}

const struct h2_role http__h2_client_role = {.closed = call_closed, .free = call_free};

static void call_broken(struct h2_call *call, int err)
{
    if (call->broken)
        return;
    call->broken = true;
    call->answer->err = err;
    http__h2_stream_reset(&call->base, NGHTTP2_CANCEL);
    leat_cond_broadcast(&call->base.readable);
}

static int take_answer_field(struct h2_call *call, nghttp2_vec name, nghttp2_vec value)
{
    leat_http_answer *a = call->answer;
    struct http_field f;

    if (http__h2_is(name, ":status")) {
        a->head.status = (int)http__decimal((const char *)value.base, value.len);
        return a->head.status >= 100 ? 0 : -EBADMSG;
    }
    if (!http__h2_copy_field(&a->arena, name, value, &f))
        return -ENOMEM;
    if (!http__span_is(f.name, f.name_len, CH_TOKEN) ||
        !http__span_is(f.value, f.value_len, CH_VALUE))
        return -EBADMSG;
    return http__head_error(http__head_add(&a->head, &f));
}

void http__h2_call_field(struct h2_call *call, nghttp2_vec name, nghttp2_vec value)
{
    int err;

    if (!call->answer || call->head_done || call->broken)
        return;
    call->answer->any_byte = true;
    call->head_size += h2_field_size(name, value);
    err = call->head_size > call->answer->client->opts.max_head
              ? -E2BIG
              : take_answer_field(call, name, value);
    if (err)
        call_broken(call, err);
}

void http__h2_call_head_done(struct h2_call *call)
{
    leat_http_answer *a = call->answer;

    if (!a || call->head_done || call->broken)
        return;
    if (a->head.status < 200) { /* one with 1xx is passed over */
        http__head_begin(&a->head);
        http__arena_reset(&a->arena);
        return;
    }
    call->head_done = true;
    leat_cond_broadcast(&call->base.readable);
}

/* ---- the request ---- */

/* Names in lower case, beside each other; NULL without memory. */
static char *lower_names(const leat_http_call *c)
{
    size_t len = 1;
    char *text, *at;

    for (int i = 0; i < c->nfields; i++)
        len += strlen(c->fields[i].name) + 1;
    text = at = malloc(len);
    if (!text)
        return NULL;
    for (int i = 0; i < c->nfields; i++) {
        for (const char *name = c->fields[i].name; *name; name++)
            *at++ = char_lower(*name);
        *at++ = '\0';
    }
    return text;
}

static void put_text(struct h2_fields *f, const char *name, const char *value)
{
    http__h2_fields_add(f, name, strlen(name), value, strlen(value));
}

static int put_fields(struct h2_fields *f, const leat_http_call *c, const char *name)
{
    bool agent = false;

    for (int i = 0; i < c->nfields; i++, name += strlen(name) + 1) {
        if (!http__field_can_be(&c->fields[i]) || http__h2_is_forbidden(name, strlen(name)))
            return -EINVAL;
        agent |= strcmp(name, "user-agent") == 0;
        put_text(f, name, c->fields[i].value);
    }
    if (!agent)
        put_text(f, "user-agent", "leat");
    return f->failed ? -ENOMEM : 0;
}

static void put_request(const leat_http_answer *a, struct h2_fields *f, const char *method)
{
    put_text(f, ":method", method);
    put_text(f, ":scheme", a->url.tls ? "https" : "http");
    put_text(f, ":authority", a->url.authority);
    put_text(f, ":path", a->url.target);
}

/* Lock held. */
static int submit_call(struct h2_call *call, const struct h2_fields *f, bool with_body)
{
    struct h2_client *hc = call->conn;
    nghttp2_data_provider body = http__h2_stream_body(&call->base);
    int32_t id;

    if (hc->leaving || hc->base.err || hc->base.over)
        return -EAGAIN;
    id = nghttp2_submit_request(hc->base.session, NULL, f->at, f->len, with_body ? &body : NULL,
                                call);
    if (id == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE) {
        hc->leaving = true;
        return -EAGAIN;
    }
    if (id < 0)
        return id == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO;
    http__h2_stream_add(&hc->base, &call->base, id);
    call->base.refs++;
    if (!with_body)
        http__h2_stream_ended(&call->base);
    return 0;
}

static void send_bits(struct sending *s)
{
    const leat_limit limit = {s->ctx, LEAT_FOREVER};
    struct h2_stream *st = &s->stream->base;
    char *buf = malloc(BODY_PIECE);
    int64_t n = buf ? 1 : -ENOMEM;

    while (n > 0) {
        n = s->call.read_body(buf, BODY_PIECE, s->call.arg);
        const leat_iovec body[2] = {{buf, n > 0 ? (size_t)n : 0}};
        http__h2_lock(st->conn);
        int err = n >= 0 ? http__h2_send(st, body, n == 0, &limit) : (int)n;
        if (err)
            http__h2_stream_reset(st, NGHTTP2_CANCEL);
        http__h2_unlock(st->conn);
        n = err ? err : n;
    }
    s->err = (int)n;
    free(buf);
    __atomic_store_n(&s->finished, true, __ATOMIC_RELEASE);
    leat_waitgroup_done(&s->done);
}

static int start_bits(leat_http_answer *a, const leat_http_call *c)
{
    int err;

    a->sending = (struct sending){.call = *c,
                                  .stream = a->stream,
                                  .ctx = a->ctx,
                                  .started = true};
    leat_waitgroup_add(&a->sending.done, 1);
    err = leat_go_try(send_bits, &a->sending);
    if (err) {
        leat_waitgroup_done(&a->sending.done);
        a->sending.started = false;
    }
    return err;
}

static int send_call(leat_http_answer *a, const leat_http_call *c, const char *method,
                     bool with_body, bool *begun)
{
    struct h2_call *call = a->stream;
    struct h2_fields f = {0};
    char *names = lower_names(c), length[24];
    int err = names ? leat_ctx_err(a->ctx) : -ENOMEM;

    if (!http__span_is(method, strlen(method), CH_TOKEN) || !*method)
        err = -EINVAL;
    put_request(a, &f, method);
    snprintf(length, sizeof length, "%zu", with_body ? c->body_len : 0);
    if (http__sends_length(c, method, with_body))
        put_text(&f, "content-length", length);
    if (!err)
        err = put_fields(&f, c, names);
    if (!err) {
        http__h2_lock(&call->conn->base);
        if (with_body && !c->read_body) {
            call->base.out[0] = (leat_iovec){(void *)(uintptr_t)c->body, c->body_len};
            call->base.last = true;
        }
        err = submit_call(call, &f, with_body);
        *begun = !err;
        http__h2_unlock(&call->conn->base);
    }
    http__h2_fields_free(&f);
    free(names);
    return !err && with_body && c->read_body ? start_bits(a, c) : err;
}

/* ---- the answer ---- */

/* Why there is no answer. */
static int why_closed(leat_http_answer *a)
{
    const struct h2_stream *st = &a->stream->base;

    a->reused = a->h2->works; /* others have used it */
    if (a->h2->wrong)
        return -EPROTO;
    a->untaken = st->code == NGHTTP2_REFUSED_STREAM;
    /* A connection that broke is as one of HTTP/1 that has ended. */
    return st->broken || st->code == NGHTTP2_NO_ERROR ? -ENODATA : -ECONNRESET;
}

static int wait_for_head(leat_http_answer *a)
{
    const leat_limit limit = {a->ctx, LEAT_FOREVER};
    struct h2_call *call = a->stream;
    int err = 0;

    http__h2_lock(&call->conn->base);
    while (!err && !call->head_done && !call->broken && !call->base.closed)
        err = http__h2_wait(&call->conn->base, &call->base.readable, &limit);
    if (call->broken)
        err = a->err;
    else if (call->head_done)
        err = 0;
    else if (call->base.closed)
        err = why_closed(a);
    call->head_done = true; /* the head is ours from here on */
    http__h2_unlock(&call->conn->base);
    return err;
}

int http__h2_exchange(leat_http_answer *a, const leat_http_call *c, const char *method,
                      bool with_body)
{
    struct h2_call *call = calloc(1, sizeof *call);
    bool begun = false;
    int err;

    if (!call)
        return -ENOMEM;
    call->conn = a->h2;
    call->answer = a;
    a->stream = call;
    a->untaken = a->any_byte = false;
    a->err = 0;
    http__arena_reset(&a->arena);
    http__head_begin(&a->head);
    err = send_call(a, c, method, with_body, &begun);
    if (!begun) {
        a->untaken = err == -EAGAIN;
        a->stream = NULL;
        free(call);
        return err == -EAGAIN ? -ENODATA : err;
    }
    if (!err)
        err = wait_for_head(a);
    if (!err)
        a->body = ANSWER_FRAMES;
    if (with_body && c->read_body) /* some of it is gone */
        a->untaken = false;
    return err;
}

int64_t http__h2_answer_read(leat_http_answer *a, void *buf, size_t n)
{
    const leat_limit limit = {a->ctx, LEAT_FOREVER};
    struct h2_stream *st = &a->stream->base;

    http__h2_lock(st->conn);
    int64_t got = http__h2_take(st, buf, n, &limit);
    http__h2_unlock(st->conn);
    return got;
}

/* The session takes nothing of the caller's memory any more. Lock held. */
static void give_up(leat_http_answer *a)
{
    struct h2_call *call = a->stream;

    call->answer = NULL;
    call->base.given_up = true;
    leat_cond_broadcast(&call->base.writable);
    if (!a->sending.started) {
        memset(call->base.out, 0, sizeof call->base.out);
        call->base.last = false;
    }
    if (!(call->base.ended && call->base.peer_ended))
        http__h2_stream_reset(&call->base, NGHTTP2_CANCEL);
}

void http__h2_call_end(leat_http_answer *a)
{
    struct h2_client *hc = a->h2;

    if (a->stream) {
        http__h2_lock(&hc->base);
        give_up(a);
        http__h2_unlock(&hc->base);
        http__sending_end(a);
        http__h2_lock(&hc->base);
        http__h2_stream_release(&a->stream->base);
        if (hc->base.nstreams == 0 && hc->client->opts.max_idle < 0)
            http__h2_client_goodbye(hc);
        http__h2_unlock(&hc->base);
    }
    a->stream = NULL;
    a->h2 = NULL;
    http__h2_client_unref(hc);
}
