/* SPDX-License-Identifier: MIT */
/* http2_client.h - a client's connections of HTTP/2, which calls share. */
#ifndef LEAT_HTTP_HTTP2_CLIENT_H
#define LEAT_HTTP_HTTP2_CLIENT_H

#include "client.h"
#include "http2.h"

/* A connection. Its reader and each call on it hold a reference. */
struct h2_client {
    struct h2_conn base;
    leat_http_client *client;
    struct h2_client *next; /* client->lock */
    int refs;               /* atomic */
    bool leaving;           /* lock: no new calls: the server has said so, or we have */
    bool works;             /* lock: the server speaks HTTP/2 */
    bool wrong;             /* lock: what the server says is not HTTP/2 */
    char key[KEY_MAX];
};

/* A request and what has come of its answer. */
struct h2_call {
    struct h2_stream base;
    struct h2_client *conn;
    leat_http_answer *answer;
    size_t head_size;
    bool head_done;
    bool broken; /* what has come of the head cannot be taken: answer->err */
};

extern const struct h2_role http__h2_client_role;

/* One with this key that takes calls, with a reference; NULL: there is none. */
struct h2_client *http__h2_find(leat_http_client *c, const char *key);
/* Makes one of a stream, which it takes in any case, with a reference; another that has come up in
 * the meantime is preferred. */
int http__h2_connect(leat_http_client *c, const char *key, leat_io *io,
                     struct h2_client **conn);
void http__h2_client_unref(struct h2_client *hc);
/* It takes no calls any more; lock held. */
void http__h2_client_goodbye(struct h2_client *hc);
/* They take no calls any more, and end with the last one on them. */
void http__h2_forget(leat_http_client *c);

/* What comes for calls (http2_call.c); the lock is held. */
void http__h2_call_field(struct h2_call *call, nghttp2_vec name, nghttp2_vec value);
void http__h2_call_head_done(struct h2_call *call);

#endif
