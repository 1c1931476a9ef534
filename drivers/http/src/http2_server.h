/* SPDX-License-Identifier: MIT */
/* http2_server.h - a server's connection of HTTP/2, and the requests on it. */
#ifndef LEAT_HTTP_HTTP2_SERVER_H
#define LEAT_HTTP_HTTP2_SERVER_H

#include "http2.h"
#include "http_conn.h"

/* On the stack of its reader. */
struct h2_server {
    struct h2_conn base;
    struct http_conn *c;
    leat_duration head_since; /* a head, or the first settings, has not ended since; 0: none */
    leat_duration
        given_up; /* when not to read on either, after the farewell; 0: not given up */
    leat_duration calm_since;
    int32_t newest; /* the highest number of a stream */
    int calm;       /* so many cheap frames more */
    bool ending;    /* no new requests */
};

/* A request. */
struct h2_served {
    struct h2_stream base;
    struct h2_server *server;
    struct http_work *work;
    leat_ctx *ctx;    /* the request's; NULL: it is not there yet, or over */
    size_t head_size; /* of what has come of its head */
    int refusal;      /* the status of the answer, if there is something wrong with it */
    bool head_given;  /* its response has begun */
    bool open;        /* a body follows its head */
};

extern const struct h2_role http__h2_server_role;

/* All with the lock held. */
struct h2_served *http__h2_served_make(struct h2_server *h, int32_t id);
void http__h2_served_field(struct h2_served *st, nghttp2_vec name, nghttp2_vec value);
/* Its head is whole. */
void http__h2_served_start(struct h2_served *st);
/* No new requests. */
void http__h2_server_goodbye(struct h2_server *h);

int http__h2_wire_send(leat_http_response *res, const char *data, size_t n, bool last);
int64_t http__h2_wire_read(leat_http_request *req, void *buf, size_t n);

#endif
