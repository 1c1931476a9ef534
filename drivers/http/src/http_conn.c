/* SPDX-License-Identifier: MIT */
/*
 * http_conn.c - the life of a connection of HTTP/1.x: one goroutine, one request after the other.
 *
 * PICTURE   idle --first bytes--> busy: head, handler, rest of the body --> idle or the end
 *
 * INVARIANTS
 *   1. A connection that waits for a request holds nothing but its goroutine's stack, with the
 *      small buffer that the first bytes are read into. The memory for work is taken from the
 *      server's pool when they have come, and goes back when no part of a next request is there.
 *   2. A request whose end is not known for sure is the last one: after a refused head, a body
 *      that was not read to its end, or a response shorter than announced, the connection ends.
 *   3. `state` goes IDLE to BUSY here and IDLE to ENDING in shutdown, by compare-and-swap: a
 *      request that has begun to come is served, or was never taken.
 *
 * EXIT   A handler may end its goroutine (leat_exit): then what was deferred gives the memory back
 *   and ends the connection, without an answer.
 *
 * SYSTEM CALLS  A small request costs one read and one write. The clock is read once, for the
 *   write's allowance.
 *
 * LINGERING  When the peer may still be sending, closing at once would make the kernel send a
 *   reset, which can overtake our answer; so the end is said first, and what still comes is read
 *   for a while.
 *
 * PROOF server_test.c, limits_test.c, shutdown_test.c
 */
#include "http_conn.h"

#include <string.h>

enum {
    FIRST_READ = 512,
    BODY_ROOM = 2048,
    DRAIN_MAX = 256 * 1024,
    LINGER_MAX = 1024 * 1024,
};

static const char no_memory[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                                "Retry-After: 1\r\nConnection: close\r\n\r\n";

void http__conn_linger(leat_io *io)
{
    leat_duration until = leat_now() + LEAT_SECOND;
    char sink[1024];
    int64_t all = 0, n;

    if (leat_io_shutdown(io, LEAT_WRITE) < 0)
        return;
    while (all < LINGER_MAX && (n = leat_read_until(io, sink, sizeof sink, until)) > 0)
        all += n;
}

/* ---- heads ---- */

/* Reads until the head is whole. Its length; 0: the peer has gone; else the negated status of the
 * answer. */
static int64_t read_head(struct http_conn *c, struct http_work *w)
{
    const leat_http_opts *opts = &c->server->opts;
    leat_duration until = 0;
    size_t seen = 0;

    for (;;) {
        int64_t len = http__head_end(w->in, w->end, &seen);
        if (len > 0)
            return (size_t)len <= opts->max_head ? len : -431;
        if (len < 0)
            return -400;
        if (w->end >= opts->max_head)
            return -431;
        if (w->end == w->in_cap && !http__work_room(w, 2 * w->in_cap))
            return -503;
        if (until == 0)
            until = http_until(opts->head_timeout);
        int64_t got = leat_read_until(c->io, w->in + w->end, w->in_cap - w->end, until);
        if (got <= 0)
            return got == -ETIMEDOUT ? -408 : 0;
        w->end += (size_t)got;
    }
}

/* 0, or the status of the answer that refuses it. */
static int take_head(struct http_work *w, size_t len)
{
    leat_http_request *req = &w->req;
    int bad;

    if (!http__work_room(w, len + BODY_ROOM))
        return 503;
    w->head_len = w->start = len;
    bad = http__parse_request(&req->head, w->in, len);
    if (!bad)
        bad = http__request_begin(req);
    if (!bad && req->body_max >= 0 && req->head.content_length > req->body_max)
        bad = 413;
    return bad;
}

static void refuse_head(struct http_work *w, int status)
{
    leat_http_response *res = &w->res;

    if (!w->req.head.fields.at || status != 413)
        w->req.head.method = NULL; /* it may point to what was not understood */
    w->req.head.minor = 1;
    w->req.head.keep_alive = false;
    http__response_begin(res);
    http__answer(res, status, NULL);
    http__response_end(res);
}

/* ---- one request ---- */

/* Reads what the handler has left of the body, within bounds; can another request follow? */
static bool drain_body(leat_http_request *req)
{
    int64_t all = 0, n = 1;

    if (req->owes_continue) /* the body may come, or not */
        return false;
    while (n > 0 && all < DRAIN_MAX) {
        n = leat_http_read(req, req->work->res.body, BODY_BUFFER);
        all += n > 0 ? n : 0;
    }
    return req->body == BODY_OVER;
}

/* The first line and the empty one of what clients of HTTP/2 say first. */
static bool is_preface(const struct http_conn *c, const struct http_work *w)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\n";

    return !c->served && !c->server->opts.no_http2 && w->end >= sizeof preface - 1 &&
           memcmp(w->in, preface, sizeof preface - 1) == 0;
}

static bool serve_request(struct http_conn *c, struct http_work *w)
{
    leat_http_request *req = &w->req;
    leat_http_response *res = &w->res;
    int64_t len;
    int bad;
    bool keep;

    req->conn = c;
    req->parent = c->server->ctx;
    req->body_max = c->server->opts.max_body;
    len = read_head(c, w);
    if (len == 0 || is_preface(c, w))
        return false;
    c->served = true;
    bad = len < 0 ? (int)-len : take_head(w, (size_t)len);
    if (bad) {
        refuse_head(w, bad);
        http__request_end(req);
        http__conn_linger(c->io);
        return false;
    }
    http__response_begin(res);
    c->server->handler(req, res, c->server->arg);
    bool unread = req->body != BODY_OVER;
    if (unread && (req->owes_continue || req->body == BODY_BROKEN))
        res->keep_alive = false;
    http__response_end(res);
    http__request_end(req);
    keep = res->keep_alive && !http_is_closing(c) && (!unread || drain_body(req));
    if (!keep && unread && (!res->err || res->late))
        http__conn_linger(c->io);
    return keep;
}

/* ---- waiting for one ---- */

static bool conn_becomes(struct http_conn *c, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(&c->state, &from, to, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

void http__conn_ending(struct http_conn *c)
{
    if (conn_becomes(c, CONN_IDLE, CONN_ENDING) &&
        leat_io_set_deadline(c->io, LEAT_READ, 1) == -EOPNOTSUPP)
        leat_io_close(c->io);
}

/* The first bytes of the next request; 0 or -errno when none will come. */
static int64_t wait_for_request(struct http_conn *c, char *buf, size_t n)
{
    const leat_http_opts *opts = &c->server->opts;
    leat_duration timeout = c->served ? opts->idle_timeout : opts->head_timeout;

    __atomic_store_n(&c->state, CONN_IDLE, __ATOMIC_SEQ_CST);
    if (http_is_closing(c))
        return 0;
    int64_t got = leat_read_until(c->io, buf, n, http_until(timeout));
    if (!conn_becomes(c, CONN_IDLE, CONN_BUSY))
        return 0;
    return got;
}

static struct http_work *begin_work(struct http_conn *c)
{
    char first[FIRST_READ];
    int64_t got = wait_for_request(c, first, sizeof first);

    if (got <= 0)
        return NULL;
    struct http_work *w = leat_pool_get(&c->server->works);
    if (!w) {
        leat_write_until(c->io, no_memory, sizeof no_memory - 1, leat_now() + LEAT_SECOND);
        return NULL;
    }
    memcpy(w->in, first, (size_t)got);
    w->end = (size_t)got;
    return w;
}

void http__conn_end_work(struct http_conn *c)
{
    struct http_work *w = c->work;

    if (!w)
        return;
    c->work = NULL;
    w->end = 0;
    leat_pool_put(&c->server->works, w);
}

void http__conn_abandon(struct http_conn *c)
{
    if (!c->work)
        return;
    http__request_end(&c->work->req);
    http__work_reset(c->work);
    http__conn_end_work(c);
}

void http__conn_serve(struct http_conn *c)
{
    bool keep = true;

    while (keep) {
        if (!c->work)
            c->work = begin_work(c);
        if (!c->work)
            break;
        keep = serve_request(c, c->work);
        if (is_preface(c, c->work)) {
            http__h2_serve(c);
            break;
        }
        http__work_reset(c->work);
        if (c->work->end == 0 || !keep)
            http__conn_end_work(c);
    }
}
