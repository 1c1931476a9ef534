/* SPDX-License-Identifier: MIT */
/* message.h - a request, its response, and the memory both live in. */
#ifndef LEAT_HTTP_MESSAGE_H
#define LEAT_HTTP_MESSAGE_H

#include <leat.h>
#include <leat/http/response.h>

#include "arena.h"
#include "chunks.h"
#include "head.h"

struct h2_served;
struct http_conn;
struct http_work;

enum { VALUES_MAX = 16 };

enum body_state {
    BODY_LENGTH, /* left bytes of it are to come */
    BODY_CHUNKS,
    BODY_OVER,   /* all of it was read */
    BODY_BROKEN, /* body_err says why; nothing more can be read from the connection */
};

/* The parts of the path that wildcards stood for. */
struct path_value {
    const char *name, *text;
};

struct leat_http_request {
    struct http_work *work;
    struct http_conn *conn;
    struct h2_served *stream; /* of HTTP/2 */
    struct http_head head;
    const char *path; /* decoded */
    const char *query;
    size_t path_len;
    leat_ctx *parent;
    leat_ctx *ctx; /* made when somebody asks; ended with the request */
    const char *id;
    const char *pattern; /* what the mux has chosen */
    struct path_value values[VALUES_MAX];
    int nvalues;
    int body_err;
    enum body_state body;
    bool owes_continue; /* the peer waits for 100 before it sends the body */
    int64_t left;
    int64_t body_got;
    int64_t body_max; /* negative: no limit */
    leat_duration body_began;
    struct chunks chunks;
};

/* What a middleware puts between a handler's writes and the wire; it takes it away itself. */
struct http_filter {
    int (*write)(struct http_filter *f, leat_http_response *res, const char *buf, size_t n);
    int (*flush)(struct http_filter *f, leat_http_response *res);
};

/* A time at which the response is answered for, whatever its handler does. */
struct http_deadline {
    leat_ctx *ctx; /* is over then */
    const char *text;
};

/* HEAD_LEAD: room before the fields for the start line and the date; HEAD_TAIL: behind them, for
 * Content-Length or Transfer-Encoding and Connection. */
enum { HEAD_INLINE = 1536, HEAD_LEAD = 96, HEAD_TAIL = 96, BODY_BUFFER = 4096 };

struct leat_http_response {
    struct http_work *work;
    struct http_conn *conn;
    leat_http_request *req;
    struct http_filter *filter;
    int status;
    int err;         /* the first error of a write; later ones give it too */
    bool head_sent;  /* the status can no longer be changed */
    bool chunked;    /* what follows the head is in chunks */
    bool bodiless;   /* what is written is counted and dropped */
    bool keep_alive; /* may the connection be used for another request? */
    bool has_date;   /* the handler gave one */
    bool ended;
    bool late; /* the timer has answered */
    leat_mutex lock;
    const struct http_deadline *deadline; /* when another answers; NULL: never, no lock */
    int64_t length;                       /* announced by the handler; -1: not */
    int64_t written;                      /* by the handler, after filters */
    char *fields; /* "Name: value\r\n" of each; head_inline, or from the heap */
    size_t fields_len, fields_cap;
    size_t body_len;
    char fields_inline[HEAD_INLINE];
    char body[BODY_BUFFER];
};

enum { IN_INLINE = 4096 };

/* All that a connection needs while it serves a request. Idle connections have none. */
struct http_work {
    leat_http_request req;
    leat_http_response res;
    struct arena arena;
    char *in; /* what was read: in_inline, or from the heap when a head is long */
    size_t in_cap;
    size_t head_len;   /* the head of the request that is served stays there, then comes ... */
    size_t start, end; /* ... what was read and not yet used */
    int64_t date_second;
    char date[32];
    char in_inline[IN_INLINE];
};

struct http_work *http__work_make(int max_fields);
void http__work_free(struct http_work *w);
/* At least so many bytes in all; what is there stays, but may move. */
bool http__work_room(struct http_work *w, size_t cap);
/* The request is done: what is left of `in` moves to its front, all else is given back. */
void http__work_reset(struct http_work *w);
/* What Date says now, 29 characters. */
const char *http__work_date(struct http_work *w);

/* 0, or the status of the answer: fills in what the head says. */
int http__request_begin(leat_http_request *req);
void http__request_end(leat_http_request *req);
/* The body can be read no further: err. */
int http__body_broken(leat_http_request *req, int err);
/* When the next part of it must have come. */
leat_duration http__body_until(leat_http_request *req);
/* n more have come: n, or -E2BIG. */
int64_t http__body_count(leat_http_request *req, int64_t n);
void http__set_value(leat_http_request *req, const char *name, const char *text);

void http__response_begin(leat_http_response *res);
/* All is sent; 0 or what went wrong. */
int http__response_end(leat_http_response *res);
/* Will none be sent, whatever is written? */
bool http__without_body(const leat_http_response *res);
static inline bool http__may_have_length(const leat_http_response *res)
{
    return res->status >= 200 && res->status != 204;
}
/* Take back what was set, if nothing has been sent: for answers of our own. */
bool http__response_restart(leat_http_response *res);
/* Under a deadline that has come, the first to lock answers. */
void http__response_lock(leat_http_response *res);
void http__answer_late(leat_http_response *res, const struct http_deadline *deadline);
void http__response_unlock(leat_http_response *res);
/* The value of a field that was set, up to its line's end; NULL: there is none. */
const char *http__field_text(const leat_http_response *res, const char *name, size_t *len);
bool http__has_field(const leat_http_response *res, const char *name);
const char *http__reason(int status);
/* A short answer of ours, in one write; `text` of NULL is the reason. */
int http__answer(leat_http_response *res, int status, const char *text);
/* For one who has checked the name and the value. */
int http__put_field(leat_http_response *res, const char *name, const char *value);
void http__drop_field(leat_http_response *res, const char *name);
int http__write_raw(leat_http_response *res, const char *buf, size_t n);
int http__flush_raw(leat_http_response *res);

/* "Sun, 06 Nov 1994 08:49:37 GMT": 29 characters and a NUL. */
void http__date_format(char out[32], int64_t seconds);
/* In any of the three forms of RFC 9110 5.6.7; -1 if it is none. */
int64_t http__date_parse(const char *text);

#endif
