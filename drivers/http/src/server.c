/* SPDX-License-Identifier: MIT */
/*
 * server.c - servers: their connections, their listeners, and how they end.
 *
 * PICTURE   server -> listening: calls of leat_http_serve, a listener each
 *                  -> conns: on the stacks of the goroutines that serve them
 *
 * INVARIANTS
 *   1. `conns`, `nconns` and `listening` change under `lock` only. A connection leaves the list
 *      before its stream is given back, so whoever finds it there may use the stream.
 *   2. `closing` is set before the list is walked; a connection lists itself, says that it is idle
 *      and then reads `closing`. So each idle one is found by the walk or sees it by itself.
 *
 * SHUTDOWN  Listeners are closed, idle connections ended through their deadline for reading (a
 *   stream of any kind ends its own way then), busy ones finish their request and do not begin
 *   another. When the context is over before all that, requests' contexts are cancelled and the
 *   streams closed under them.
 *
 * OVERLOAD  Beyond max_conns a connection is answered 503 by one of a few goroutines and ended,
 *   or not accepted until another has ended. When the system has no descriptors or memory left,
 *   accepting pauses for a while that doubles, as in Go.
 *
 * PROOF server_test.c, limits_test.c, shutdown_test.c
 */
#include "http_conn.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_HEAD = 16 * 1024,
    DEFAULT_FIELDS = 100,
    DEFAULT_BODY = 32 * 1024 * 1024,
    DEFAULT_STREAMS = 100,
};

static void *make_work(void *server)
{
    return http__work_make(((leat_http_server *)server)->opts.max_fields);
}

static void drop_work(void *work, void *server)
{
    (void)server;
    http__work_free(work);
}

static leat_duration timeout_or(leat_duration given, leat_duration otherwise)
{
    return given ? given : otherwise;
}

static void fill_in(leat_http_opts *o)
{
    o->max_head = o->max_head ? o->max_head : DEFAULT_HEAD;
    o->max_fields = o->max_fields ? o->max_fields : DEFAULT_FIELDS;
    o->max_body = o->max_body ? o->max_body : DEFAULT_BODY;
    o->max_streams = o->max_streams > 0 ? o->max_streams : DEFAULT_STREAMS;
    o->head_timeout = timeout_or(o->head_timeout, 10 * LEAT_SECOND);
    o->body_timeout = timeout_or(o->body_timeout, 30 * LEAT_SECOND);
    o->write_timeout = timeout_or(o->write_timeout, 30 * LEAT_SECOND);
    o->idle_timeout = timeout_or(o->idle_timeout, 60 * LEAT_SECOND);
}

int leat_http_server_make(leat_http_server **server, leat_http_func handler, void *arg,
                          const leat_http_opts *opts)
{
    leat_http_server *s = calloc(1, sizeof *s);

    if (!s)
        return -ENOMEM;
    s->handler = handler;
    s->arg = arg;
    if (opts)
        s->opts = *opts;
    fill_in(&s->opts);
    s->works = (leat_pool){.make = make_work, .drop = drop_work, .arg = s};
    s->ctx = leat_ctx_with_cancel(s->opts.ctx);
    *server = s;
    return 0;
}

/* ---- connections ---- */

bool http__conn_admit(leat_http_server *s)
{
    leat_mutex_lock(&s->lock);
    bool free = s->opts.max_conns <= 0 || s->nconns < s->opts.max_conns;
    s->nconns += free;
    leat_mutex_unlock(&s->lock);
    return free;
}

void http__conn_leave(leat_http_server *s, struct http_conn *c)
{
    leat_mutex_lock(&s->lock);
    if (c) {
        *(c->prev ? &c->prev->next : &s->conns) = c->next;
        if (c->next)
            c->next->prev = c->prev;
    }
    s->nconns--;
    leat_cond_broadcast(&s->changed);
    leat_mutex_unlock(&s->lock);
}

static void conn_enlist(leat_http_server *s, struct http_conn *c)
{
    leat_mutex_lock(&s->lock);
    c->next = s->conns;
    if (c->next)
        c->next->prev = c;
    s->conns = c;
    leat_mutex_unlock(&s->lock);
}

static void conn_end(void *conn)
{
    struct http_conn *c = conn;
    leat_io *io = c->io;

    http__conn_abandon(c);
    leat_io_close(io);
    http__conn_leave(c->server, c); /* the server may be freed from here on */
    leat_io_unref(io);
}

void http__conn_main(leat_http_server *s, leat_io *io)
{
    struct http_conn c = {.wire = &http__wire1, .io = io, .server = s, .state = CONN_IDLE};

    conn_enlist(s, &c);
    leat_defer(conn_end, &c);
    http__conn_serve(&c);
}

void leat_http_serve_conn(leat_http_server *s, leat_io *io)
{
    leat_mutex_lock(&s->lock);
    s->nconns++;
    leat_mutex_unlock(&s->lock);
    http__conn_main(s, io);
}

int leat_http_conns(leat_http_server *s)
{
    leat_mutex_lock(&s->lock);
    int n = s->nconns;
    leat_mutex_unlock(&s->lock);
    return n;
}

/* ---- the end ---- */

static void force_end(leat_http_server *s)
{
    leat_ctx_cancel(s->ctx);
    leat_mutex_lock(&s->lock);
    for (struct http_conn *c = s->conns; c; c = c->next)
        leat_io_close(c->io);
    leat_mutex_unlock(&s->lock);
}

/* Lock held. */
static bool server_in_use(const leat_http_server *s)
{
    return s->nconns > 0 || s->nserving > 0 || s->nrefusing > 0;
}

static int wait_for_end(leat_ctx *ctx, leat_http_server *s)
{
    int err = 0;

    leat_mutex_lock(&s->lock);
    while (!err && server_in_use(s))
        err = leat_cond_wait_ctx(ctx, &s->changed, &s->lock);
    leat_mutex_unlock(&s->lock);
    return err;
}

int leat_http_shutdown_ctx(leat_ctx *ctx, leat_http_server *s)
{
    __atomic_store_n(&s->closing, 1, __ATOMIC_SEQ_CST);
    leat_mutex_lock(&s->lock);
    http__listening_end(s);
    for (struct http_conn *c = s->conns; c; c = c->next)
        c->wire->ending(c);
    leat_mutex_unlock(&s->lock);
    int err = wait_for_end(ctx, s);
    if (err)
        force_end(s);
    return err;
}

void leat_http_shutdown(leat_http_server *s)
{
    int never = leat_http_shutdown_ctx(NULL, s);

    (void)never; /* the background is never over */
}

void leat_http_server_close(leat_http_server *s)
{
    __atomic_store_n(&s->closing, 1, __ATOMIC_SEQ_CST);
    leat_mutex_lock(&s->lock);
    http__listening_end(s);
    leat_mutex_unlock(&s->lock);
    force_end(s);
}

void leat_http_server_free(leat_http_server *s)
{
    if (!s)
        return;
    leat_http_server_close(s);
    while (wait_for_end(NULL, s))
        continue;
    leat_pool_free(&s->works);
    leat_ctx_free(s->ctx);
    free(s);
}
