/* SPDX-License-Identifier: MIT */
/* http2.h - a connection of HTTP/2 and its streams, as servers and clients share them. */
#ifndef LEAT_HTTP_HTTP2_H
#define LEAT_HTTP_HTTP2_H

#include <leat.h>
#include <nghttp2/nghttp2.h>

/* Bytes that may have come and not been read: of one stream, and, on a server's connection, of all
 * together. */
enum { H2_STREAM_WINDOW = 256 * 1024, H2_CONN_WINDOW = 1024 * 1024 };

struct h2_conn;

/* One request and its answer. The connection's lock guards all of it. */
struct h2_stream {
    struct h2_conn *conn;
    struct h2_stream *prev, *next;
    int32_t id;
    int refs;          /* the session's until it is closed, and its user's */
    bool closed;       /* nothing goes either way any more */
    bool peer_ended;   /* what is in `in` is the rest */
    bool ended;        /* our last byte is in a frame */
    bool last;         /* `out` ends our side */
    bool deferred;     /* the session waits for more of `out` */
    bool broken;       /* it was closed because the connection was */
    bool given_up;     /* by its user, who wants nothing sent any more */
    uint32_t code;     /* why it was closed */
    leat_iovec out[2]; /* memory of the goroutine that waits in http__h2_send */
    leat_cond readable;
    leat_cond writable;
    char *in; /* what has come: from in_start to in_end */
    size_t in_start, in_end, in_cap;
};

/* What differs between servers and clients; called with the lock held. */
struct h2_role {
    void (*closed)(struct h2_stream *st); /* it has just become so */
    void (*free)(struct h2_stream *st);   /* the last reference is gone */
};

struct h2_conn {
    const struct h2_role *role;
    nghttp2_session *session; /* lock */
    leat_io *io;
    leat_duration write_timeout;
    leat_mutex lock;
    leat_waitgroup goroutines; /* what uses the connection, but for its reader */
    leat_cond written;         /* nobody writes any more */
    struct h2_stream *streams; /* lock */
    int nstreams;              /* lock */
    int nunended;              /* lock: those whose our side has not ended */
    leat_duration idle_since;  /* lock: when the last of them went */
    int err;                   /* lock: why it broke; then the session is used no more */
    bool writing;              /* lock: a writer is at work, or about to be */
    bool over;                 /* lock: all is said; the reader need not read on */
    bool lingers;              /* its peer may still be sending when all is said */
};

/* ---- the connection (http2_session.c) ---- */

/* Callbacks with what is shared filled in; the caller adds its own. NULL without memory. */
nghttp2_session_callbacks *http__h2_callbacks(void);
/* Options that are the same for both. */
nghttp2_option *http__h2_options(void);
/* The lock is held from here to http__h2_unlock, which sees to it that what is to be sent is. */
void http__h2_lock(struct h2_conn *h);
void http__h2_unlock(struct h2_conn *h);
/* Makes sure, under the lock, that a writer is at work if there is anything to send. */
void http__h2_push(struct h2_conn *h);
/* Bytes of the peer's. False: nothing more is to be read. */
bool http__h2_feed(struct h2_conn *h, const void *buf, size_t n);
bool http__h2_is_over(struct h2_conn *h);
/* Lock held: every stream is closed, and nothing sent any more. */
void http__h2_break(struct h2_conn *h, int err);
/* The reader's last call: sends what is left if all went well, ends the streams, and returns when
 * no goroutine uses the connection. The session is freed. */
void http__h2_end(struct h2_conn *h);

/* ---- its streams (http2_stream.c); the lock is held ---- */

void http__h2_stream_add(struct h2_conn *h, struct h2_stream *st, int32_t id);
void http__h2_stream_release(struct h2_stream *st);
void http__h2_stream_closed(struct h2_stream *st, uint32_t code);
void http__h2_stream_arrived(struct h2_stream *st, const uint8_t *data, size_t n);
void http__h2_stream_peer_ended(struct h2_stream *st);
/* Our last byte is given away. */
void http__h2_stream_ended(struct h2_stream *st);
/* Ends it with a code, if it has not ended. */
void http__h2_stream_reset(struct h2_stream *st, uint32_t code);
/* Where the session finds what http__h2_send was given. */
nghttp2_data_provider http__h2_stream_body(struct h2_stream *st);
/* Waits until all of it is in frames: 0, -EPIPE when the stream is closed, or the limit's error. */
int http__h2_send(struct h2_stream *st, const leat_iovec body[2], bool last,
                  const leat_limit *limit);
/* Waits for something of the body: how much, 0 at its end, -ENODATA, or the limit's error. */
int64_t http__h2_take(struct h2_stream *st, void *buf, size_t n, const leat_limit *limit);
/* Waits once. */
int http__h2_wait(struct h2_conn *h, leat_cond *c, const leat_limit *limit);

#endif
