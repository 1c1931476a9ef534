/* SPDX-License-Identifier: MIT */
/* client.h - a client's connections, and one exchange over one of them. */
#ifndef LEAT_HTTP_CLIENT_IMPL_H
#define LEAT_HTTP_CLIENT_IMPL_H

#include <leat.h>
#include <leat/http/client.h>

#include "arena.h"
#include "chunks.h"
#include "head.h"
#include "proxy.h"
#include "url.h"

enum { KEY_MAX = 3 * URL_HOST_MAX };

struct h2_call;
struct h2_client;

/* A connection that a next request may use. */
struct kept_conn {
    struct kept_conn *next;
    leat_io *io;
    leat_duration since;
    char key[KEY_MAX];
};

struct leat_http_client {
    leat_http_client_opts opts; /* with the defaults filled in */
    struct http_proxies proxies;
    leat_mutex lock;
    struct kept_conn *kept; /* lock: the last one that was put back first */
    int nkept;
    struct h2_client *h2; /* lock: connections of HTTP/2 */
    leat_waitgroup readers;
};

enum answer_body {
    ANSWER_LENGTH,
    ANSWER_CHUNKS,
    ANSWER_TO_END,
    ANSWER_FRAMES, /* of HTTP/2 */
    ANSWER_OVER,
    ANSWER_BROKEN,
};

/* What goes out while the answer comes in, if it is long. */
struct sending {
    leat_waitgroup done;
    leat_http_call call; /* a copy: its caller goes on while this is sent */
    leat_io *io;
    struct h2_call *stream; /* over HTTP/2, instead */
    leat_ctx *ctx;
    int err;
    bool started;
    bool finished; /* atomic: the goroutine needs the stream no longer */
};

struct leat_http_answer {
    leat_http_client *client;
    leat_io *io;            /* NULL: given back */
    struct h2_client *h2;   /* or one of HTTP/2, */
    struct h2_call *stream; /* and this call's part of it */
    leat_ctx *ctx;
    struct sending sending;
    struct http_head head;
    char *in;
    size_t in_cap, start, end;
    size_t head_end; /* up to here `in` is the head */
    int64_t left;
    struct chunks chunks;
    enum answer_body body;
    int err;
    bool reused;   /* the connection was used before */
    bool any_byte; /* of the answer has come */
    bool untaken;  /* the server has not begun with the request */
    struct arena arena;
    char key[KEY_MAX];
    struct http_url url;
};

/* A connection to where the URL says, kept or new; which one, a->reused tells. */
int http__client_connect(leat_http_answer *a, bool fresh);
/* After a whole answer. */
void http__client_keep(leat_http_answer *a);
void http__client_forget(leat_http_client *c);

/* Sends the request and reads the head of the answer. */
int http__exchange(leat_http_answer *a, const leat_http_call *call, const char *method,
                   bool with_body);
bool http__has_body(const leat_http_call *call);
void http__sending_end(leat_http_answer *a);
/* A field that its caller may set, and that cannot be taken for another. */
bool http__field_can_be(const leat_http_field *f);
/* Is the length of the body known, and to be told? */
bool http__sends_length(const leat_http_call *call, const char *method, bool with_body);

/* The same over HTTP/2 (http2_call.c). */
int http__h2_exchange(leat_http_answer *a, const leat_http_call *call, const char *method,
                      bool with_body);
int64_t http__h2_answer_read(leat_http_answer *a, void *buf, size_t n);
/* The call is done with. */
void http__h2_call_end(leat_http_answer *a);
/* Reads on until a head is whole: its length, or -errno. */
int64_t http__answer_head(leat_http_answer *a);

#endif
