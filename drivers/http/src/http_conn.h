/* SPDX-License-Identifier: MIT */
/* http_conn.h - a connection of a server, and how messages of one version lie on it. */
#ifndef LEAT_HTTP_CONN_H
#define LEAT_HTTP_CONN_H

#include <leat/http/server.h>

#include "message.h"

/* Which functions speak the connection's version of HTTP. */
struct http_wire {
    /* Sends the head, unless it has been, what the response's buffer holds, and data; `last`
     * ends the message. 0 or -errno. */
    int (*send)(leat_http_response *res, const char *data, size_t n, bool last);
    /* Some of the request's body, 0 at its end, -errno. n is not 0. */
    int64_t (*read)(leat_http_request *req, void *buf, size_t n);
    /* The server, whose lock is held, is being shut down: no request is begun any more. */
    void (*ending)(struct http_conn *c);
};

extern const struct http_wire http__wire1, http__wire2;

enum conn_state {
    CONN_IDLE,   /* waits for a request; shutdown may end it */
    CONN_BUSY,   /* serves one; it ends by itself */
    CONN_ENDING, /* was idle when shutdown came */
};

/* It lies on the stack of the goroutine that serves it. */
struct http_conn {
    const struct http_wire *wire; /* server->lock, for those who are not its goroutine */
    struct h2_server *h2;         /* what wire2 needs */
    leat_io *io;
    leat_http_server *server;
    struct http_conn *prev, *next; /* server->lock */
    uint32_t state;                /* enum conn_state, atomic */
    bool served;                   /* there was a request */
    struct http_work *work;        /* while it is busy */
};

struct leat_http_server {
    leat_http_func handler;
    void *arg;
    leat_http_opts opts; /* with the defaults filled in */
    leat_pool works;
    leat_ctx *ctx; /* over when requests are given up */
    uint32_t closing;
    leat_mutex lock;
    leat_cond changed;
    struct http_conn *conns;          /* lock */
    int nconns;                       /* lock: those in conns, and those on their way there */
    int nserving;                     /* lock: calls of leat_http_serve */
    int nrefusing;                    /* lock */
    struct http_listening *listening; /* lock */
};

/* Serves it to its end; the goroutine's own. */
void http__conn_serve(struct http_conn *c);
/* From here on it speaks HTTP/2; the first bytes are in its work. To its end. */
void http__h2_serve(struct http_conn *c);
/* Gives the memory for work back. */
void http__conn_end_work(struct http_conn *c);
/* An idle one ends. */
void http__conn_ending(struct http_conn *c);
/* Its goroutine ends, perhaps inside of a handler. */
void http__conn_abandon(struct http_conn *c);
/* One more, which http__conn_main or http__conn_leave counts out again; false: the server is
 * full. */
bool http__conn_admit(leat_http_server *s);
void http__conn_main(leat_http_server *s, leat_io *io);
/* c of NULL: it was not on the list yet. */
void http__conn_leave(leat_http_server *s, struct http_conn *c);

/* Closes all that leat_http_serve serves; the server's lock is held. */
void http__listening_end(leat_http_server *s);

/* Says farewell so that the peer can read what was sent: it may still be sending. */
void http__conn_linger(leat_io *io);

static inline bool http_is_closing(const struct http_conn *c)
{
    return __atomic_load_n(&c->server->closing, __ATOMIC_SEQ_CST);
}

static inline leat_duration http_until(leat_duration timeout)
{
    return timeout < 0 ? LEAT_FOREVER : leat_now() + timeout;
}

#endif
