/* SPDX-License-Identifier: MIT */
/*
 * http_listen.c - listeners that feed a server. server.c says how it fits together.
 *
 * PROOF server_test.c, limits_test.c, shutdown_test.c
 */
#include "http_conn.h"

#include <leat/net.h>

enum { REFUSING_MAX = 64 };

struct http_listening {
    leat_listener *listener;
    struct http_listening *next;
};

void http__listening_end(leat_http_server *s)
{
    for (struct http_listening *l = s->listening; l; l = l->next)
        leat_listener_close(l->listener);
    leat_cond_broadcast(&s->changed); /* for those who wait for room */
}

static bool is_closing(leat_http_server *s)
{
    return __atomic_load_n(&s->closing, __ATOMIC_SEQ_CST);
}

/* False when the server has been shut down already. */
static bool listening_add(leat_http_server *s, struct http_listening *l)
{
    leat_mutex_lock(&s->lock);
    bool open = !is_closing(s);
    if (open) {
        l->next = s->listening;
        s->listening = l;
        s->nserving++;
    }
    leat_mutex_unlock(&s->lock);
    return open;
}

static void listening_remove(leat_http_server *s, struct http_listening *l)
{
    leat_mutex_lock(&s->lock);
    struct http_listening **at = &s->listening;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    s->nserving--;
    leat_cond_broadcast(&s->changed);
    leat_mutex_unlock(&s->lock);
}

/* ---- too many ---- */

static void refuse_conn(leat_http_server *s, leat_io *io)
{
    static const char text[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                               "Retry-After: 1\r\nConnection: close\r\n\r\n";

    if (leat_write_until(io, text, sizeof text - 1, leat_now() + LEAT_SECOND) > 0)
        http__conn_linger(io);
    leat_io_close(io);
    leat_mutex_lock(&s->lock);
    s->nrefusing--;
    leat_cond_broadcast(&s->changed);
    leat_mutex_unlock(&s->lock);
    leat_io_unref(io);
}

static void turn_away(leat_http_server *s, leat_io *io)
{
    leat_mutex_lock(&s->lock);
    bool politely = s->nrefusing < REFUSING_MAX;
    s->nrefusing += politely;
    leat_mutex_unlock(&s->lock);
    if (politely && leat_go_try(refuse_conn, s, io) == 0)
        return;
    leat_io_free(io);
    if (!politely)
        return;
    leat_mutex_lock(&s->lock);
    s->nrefusing--;
    leat_mutex_unlock(&s->lock);
}

/* Until there is room for one more, if the server's users want to wait. */
static void wait_for_room(leat_http_server *s)
{
    if (!s->opts.wait_when_full || s->opts.max_conns <= 0)
        return;
    leat_mutex_lock(&s->lock);
    while (s->nconns >= s->opts.max_conns && !is_closing(s))
        leat_cond_wait(&s->changed, &s->lock);
    leat_mutex_unlock(&s->lock);
}

static void start_conn(leat_http_server *s, leat_io *io)
{
    if (!http__conn_admit(s)) {
        turn_away(s, io);
        return;
    }
    if (leat_go_try(http__conn_main, s, io) != 0) {
        leat_io_free(io);
        http__conn_leave(s, NULL);
    }
}

/* ---- accepting ---- */

static bool will_pass(int err)
{
    return err == -EMFILE || err == -ENFILE || err == -ENOBUFS || err == -ENOMEM;
}

static int accept_all(leat_http_server *s, leat_listener *l)
{
    leat_duration pause = 0;

    for (;;) {
        leat_io *io;
        wait_for_room(s);
        int err = leat_accept(l, &io);
        if (err == 0) {
            pause = 0;
            start_conn(s, io);
        } else if (is_closing(s)) {
            return -ESHUTDOWN;
        } else if (will_pass(err)) {
            pause = pause ? 2 * pause : 5 * LEAT_MILLISECOND;
            pause = pause > LEAT_SECOND ? LEAT_SECOND : pause;
            leat_sleep(pause);
        } else if (err != -ECONNABORTED) {
            return err;
        }
    }
}

int leat_http_serve(leat_http_server *s, leat_listener *listener)
{
    struct http_listening l = {.listener = listener};
    int err = -ESHUTDOWN;

    if (listening_add(s, &l)) {
        err = accept_all(s, listener);
        leat_listener_close(listener);
        listening_remove(s, &l);
    }
    leat_listener_free(listener);
    return err;
}

int leat_http_listen_and_serve(leat_http_server *s, const char *network, const char *address)
{
    leat_listener *l;
    int err = leat_listen(&l, network, address);

    return err ? err : leat_http_serve(s, l);
}
