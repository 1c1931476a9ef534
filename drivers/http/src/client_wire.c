/* SPDX-License-Identifier: MIT */
/*
 * client_wire.c - one exchange: a request out, an answer in.
 *
 * PICTURE   short:  [ head | body ] in one write, then the answer is read
 *           long:   a goroutine writes the body, while the answer is read here
 *
 * A server may answer before it has read all, and may wait for us to read before it reads on. So a
 * body of any length is written by a goroutine of its own; it ends at the latest when the stream
 * is closed, and is waited for before the answer's memory goes.
 *
 * PROOF client_test.c
 */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "chars.h"

enum { TOGETHER_MAX = 16 * 1024, SEND_PIECE = 16 * 1024 };

/* ---- the request ---- */

struct text {
    char *at;
    size_t len, cap;
    bool failed;
};

static void text_add(struct text *t, const char *s)
{
    size_t n = strlen(s);

    if (t->cap - t->len < n + 1) {
        size_t cap = 2 * (t->cap + n + 1);
        char *grown = realloc(t->at, cap);
        if (!grown) {
            t->failed = true;
            return;
        }
        t->at = grown;
        t->cap = cap;
    }
    memcpy(t->at + t->len, s, n + 1);
    t->len += n;
}

static void text_field(struct text *t, const char *name, const char *value)
{
    text_add(t, name);
    text_add(t, ": ");
    text_add(t, value);
    text_add(t, "\r\n");
}

bool http__has_body(const leat_http_call *call)
{
    return call->body_len > 0 || call->read_body;
}

bool http__sends_length(const leat_http_call *call, const char *method, bool with_body)
{
    return with_body ? !call->read_body
                     : strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
}

/* Ours alone: they say where a message ends and who is meant. */
static bool is_ours(const char *name)
{
    return http__same_text(name, "content-length") || http__same_text(name, "connection") ||
           http__same_text(name, "transfer-encoding") || http__same_text(name, "host");
}

bool http__field_can_be(const leat_http_field *f)
{
    size_t name = strlen(f->name);

    return name > 0 && http__span_is(f->name, name, CH_TOKEN) &&
           http__span_is(f->value, strlen(f->value), CH_VALUE) && !is_ours(f->name);
}

static int add_fields(struct text *t, const leat_http_call *call)
{
    bool agent = false;

    for (int i = 0; i < call->nfields; i++) {
        if (!http__field_can_be(&call->fields[i]))
            return -EINVAL;
        agent |= http__same_text(call->fields[i].name, "user-agent");
        text_field(t, call->fields[i].name, call->fields[i].value);
    }
    if (!agent)
        text_field(t, "User-Agent", "leat");
    return 0;
}

static int make_head(const leat_http_answer *a, struct text *t, const leat_http_call *call,
                     const char *method, bool with_body)
{
    char length[32];
    int err;

    if (!http__span_is(method, strlen(method), CH_TOKEN) || !*method)
        return -EINVAL;
    text_add(t, method);
    text_add(t, " ");
    if (!a->url.tls && http__proxy_for(&a->client->proxies, &a->url)) {
        text_add(t, "http://");
        text_add(t, a->url.authority);
    }
    text_add(t, a->url.target);
    text_add(t, " HTTP/1.1\r\n");
    text_field(t, "Host", a->url.authority);
    err = add_fields(t, call);
    if (with_body && call->read_body) {
        text_field(t, "Transfer-Encoding", "chunked");
    } else if (http__sends_length(call, method, with_body)) {
        snprintf(length, sizeof length, "%zu", with_body ? call->body_len : 0);
        text_field(t, "Content-Length", length);
    }
    text_add(t, "\r\n");
    return err ? err : t->failed ? -ENOMEM : 0;
}

static int send_pieces(leat_io *io, leat_ctx *ctx, leat_iovec *v, int n)
{
    const leat_limit limit = {ctx, LEAT_FOREVER};
    int64_t put = leat_writev(io, v, n, NULL, &limit);

    return put < 0 ? (int)put : 0;
}

static int send_chunks(struct sending *s, char *buf)
{
    char size[20];
    int64_t n;

    while ((n = s->call.read_body(buf, SEND_PIECE, s->call.arg)) > 0) {
        int len = snprintf(size, sizeof size, "%llx\r\n", (unsigned long long)n);
        leat_iovec v[3] = {{size, (size_t)len}, {buf, (size_t)n}, {(void *)"\r\n", 2}};
        int err = send_pieces(s->io, s->ctx, v, 3);
        if (err)
            return err;
    }
    if (n < 0)
        return (int)n;
    leat_iovec last = {(void *)"0\r\n\r\n", 5};
    return send_pieces(s->io, s->ctx, &last, 1);
}

static void send_body(struct sending *s)
{
    if (s->call.read_body) {
        char *buf = malloc(SEND_PIECE);
        s->err = buf ? send_chunks(s, buf) : -ENOMEM;
        free(buf);
    } else {
        leat_iovec v = {(void *)(uintptr_t)s->call.body, s->call.body_len};
        s->err = send_pieces(s->io, s->ctx, &v, 1);
    }
    if (s->err) /* the answer, if there will be one, cannot be waited for any longer */
        leat_io_shutdown(s->io, LEAT_WRITE);
    __atomic_store_n(&s->finished, true, __ATOMIC_RELEASE);
    leat_waitgroup_done(&s->done);
}

void http__sending_end(leat_http_answer *a)
{
    if (!a->sending.started)
        return;
    leat_waitgroup_wait(&a->sending.done);
    a->sending.started = false;
}

static int send_request(leat_http_answer *a, const leat_http_call *call, const char *method,
                        bool with_body)
{
    struct text t = {0};
    bool together = with_body && !call->read_body && call->body_len <= TOGETHER_MAX;
    int err = make_head(a, &t, call, method, with_body);

    if (!err) {
        leat_iovec v[2] = {{t.at, t.len}, {(void *)(uintptr_t)call->body, call->body_len}};
        err = send_pieces(a->io, a->ctx, v, together ? 2 : 1);
    }
    free(t.at);
    if (!err && with_body && !together) {
        a->sending = (struct sending){.call = *call,
                                      .io = a->io,
                                      .ctx = a->ctx,
                                      .started = true};
        leat_waitgroup_add(&a->sending.done, 1);
        err = leat_go_try(send_body, &a->sending);
        if (err) {
            leat_waitgroup_done(&a->sending.done);
            a->sending.started = false;
        }
    }
    return err;
}

/* ---- the answer ---- */

static int64_t receive(leat_http_answer *a, void *buf, size_t n)
{
    const leat_iovec v = {buf, n};
    const leat_limit limit = {a->ctx, LEAT_FOREVER};

    return leat_readv(a->io, &v, 1, &limit);
}

static bool make_room(leat_http_answer *a)
{
    size_t cap = 2 * a->in_cap;
    char *grown;

    if (a->end < a->in_cap)
        return true;
    if (a->in_cap >= a->client->opts.max_head)
        return false;
    grown = realloc(a->in, cap);
    if (!grown)
        return false;
    a->in = grown;
    a->in_cap = cap;
    return true;
}

int64_t http__answer_head(leat_http_answer *a)
{
    size_t seen = 0;

    for (;;) {
        int64_t len = http__head_end(a->in + a->start, a->end - a->start, &seen);
        if (len)
            return len;
        if (!make_room(a))
            return -E2BIG;
        int64_t got = receive(a, a->in + a->end, a->in_cap - a->end);
        if (got <= 0)
            return got ? got : -ENODATA;
        a->any_byte = true;
        a->end += (size_t)got;
    }
}

static void choose_body(leat_http_answer *a, const char *method)
{
    const struct http_head *h = &a->head;

    a->left = h->content_length;
    a->chunks = (struct chunks){0};
    if (strcmp(method, "HEAD") == 0 || h->status == 204 || h->status == 304)
        a->body = ANSWER_OVER;
    else if (h->chunked)
        a->body = ANSWER_CHUNKS;
    else if (h->content_length >= 0)
        a->body = h->content_length ? ANSWER_LENGTH : ANSWER_OVER;
    else
        a->body = ANSWER_TO_END;
    if (a->body == ANSWER_TO_END)
        a->head.keep_alive = false;
}

/* The body is read behind the head, whose strings stay where they are. */
static bool body_room(leat_http_answer *a)
{
    size_t cap = a->head_end + 2048;
    char *grown;

    if (cap <= a->in_cap)
        return true;
    grown = realloc(a->in, cap);
    if (!grown)
        return false;
    a->in = grown;
    a->in_cap = cap;
    return true;
}

/* The final answer: those with 1xx are passed over. */
static int read_answer(leat_http_answer *a, const char *method)
{
    for (;;) {
        int64_t len = http__answer_head(a);
        if (len < 0)
            return (int)len;
        a->head_end = a->start + (size_t)len;
        if (!body_room(a))
            return -ENOMEM;
        int err = http__parse_response(&a->head, a->in + a->start, (size_t)len);
        if (err)
            return err;
        a->start = a->head_end;
        if (a->head.status == 101)
            return -EPROTO;
        if (a->head.status >= 200)
            break;
    }
    choose_body(a, method);
    return 0;
}

int http__exchange(leat_http_answer *a, const leat_http_call *call, const char *method,
                   bool with_body)
{
    int err, sent;

    if (a->h2)
        return http__h2_exchange(a, call, method, with_body);
    a->start = a->end = 0;
    a->any_byte = a->untaken = false;
    a->err = 0;
    sent = send_request(a, call, method, with_body);
    if (sent == -EINVAL || sent == -ENOMEM || sent == -ECANCELED || sent == -ETIMEDOUT)
        return sent;
    /* A server that does not take the request may have said why before it closed. */
    err = read_answer(a, method);
    return err && sent ? sent : err;
}

/* ---- its body ---- */

static int64_t answer_broken(leat_http_answer *a, int64_t err)
{
    a->body = ANSWER_BROKEN;
    a->err = (int)err;
    return err;
}

/* What is there, or else comes, of at most n bytes. */
static int64_t take_some(leat_http_answer *a, char *buf, size_t n)
{
    size_t there = a->end - a->start;

    if (there == 0)
        return receive(a, buf, n);
    n = n < there ? n : there;
    memcpy(buf, a->in + a->start, n);
    a->start += n;
    return (int64_t)n;
}

static int64_t answer_chunks(leat_http_answer *a, char *buf, size_t n)
{
    for (;;) {
        const char *data = NULL;
        size_t there = a->end - a->start, len = 0;
        if (there == 0) {
            int64_t got = receive(a, a->in + a->head_end, a->in_cap - a->head_end);
            if (got <= 0)
                return answer_broken(a, got ? got : -ENODATA);
            a->start = a->head_end;
            a->end = a->head_end + (size_t)got;
            there = (size_t)got;
        }
        int64_t took = http__chunks_take(&a->chunks, a->in + a->start, n < there ? n : there,
                                         &data, &len);
        if (took < 0)
            return answer_broken(a, took);
        a->start += (size_t)took;
        if (http__chunks_done(&a->chunks))
            a->body = ANSWER_OVER;
        if (len > 0) {
            memcpy(buf, data, len);
            return (int64_t)len;
        }
        if (a->body == ANSWER_OVER)
            return 0;
    }
}

int64_t leat_http_answer_read(leat_http_answer *a, void *buf, size_t n)
{
    int64_t got;

    if (a->body == ANSWER_BROKEN)
        return a->err;
    if (a->body == ANSWER_OVER || n == 0)
        return 0;
    if (a->body == ANSWER_CHUNKS)
        return answer_chunks(a, buf, n);
    if (a->body == ANSWER_LENGTH && (uint64_t)a->left < n)
        n = (size_t)a->left;
    got = a->body == ANSWER_FRAMES ? http__h2_answer_read(a, buf, n) : take_some(a, buf, n);
    if (got < 0 || (got == 0 && a->body == ANSWER_LENGTH))
        return answer_broken(a, got ? got : -ENODATA);
    if (a->body == ANSWER_LENGTH)
        a->left -= got;
    if (a->body == ANSWER_LENGTH ? a->left == 0 : got == 0)
        a->body = ANSWER_OVER;
    return got;
}
