/* SPDX-License-Identifier: MIT */
/* tls_conn.h - a connection's parts. How they work together is told in tls_conn.c. */
#ifndef LEAT_TLS_CONN_H
#define LEAT_TLS_CONN_H

#include "tls_config.h"

#include <leat/mutex.h>

enum { TLS_IN, TLS_OUT };      /* indices of ways */
enum { TLS_TEXT = 400 };       /* bytes of a text about a failure */
enum { TLS_FRESH = 2 };        /* sessions that wait to be put away */
enum { TLS_RECORD = 1 << 14 }; /* bytes that one record takes */

/* Bytes in [start, end) of p. */
struct tls_bytes {
    unsigned char *p;
    size_t start, end, size;
};

struct tls_conn {
    leat_io io; /* first: a leat_io * is one of these */
    leat_io *below;
    leat_tls_config *config;
    leat_mutex way[2];             /* one reads, one writes at a time */
    leat_mutex sending;            /* who hands `sent` to the stream below */
    struct tls_bytes sent;         /* sending */
    leat_mutex lock;               /* what follows; never held across a call that may park */
    SSL *ssl;                      /* lock */
    struct tls_bytes in;           /* lock; what is behind `end`: way[TLS_IN] */
    struct tls_bytes out;          /* lock */
    int broken;                    /* lock: an error that ends both ways, or 0 */
    int nfresh;                    /* lock */
    SSL_SESSION *fresh[TLS_FRESH]; /* lock */
    const char *why;               /* lock: a static text, or `text` */
    char text[TLS_TEXT];           /* lock: written once */
    bool finished;                 /* lock: our close_notify is out, or in `out` */
    bool server;                   /* constant */
    char *server_name;      /* constant: a client's, as the key of sessions; NULL: none */
    bool heard;             /* way[TLS_IN]: something was read since the handshake */
    bool in_was_full;       /* way[TLS_IN]: the last read of the stream below filled `in` */
    uint32_t closed;        /* atomic */
    uint32_t deaf;          /* atomic: reading was shut down */
    leat_duration until[2]; /* atomic: deadlines, by way */
    char *subject, *names, *alpn; /* lock: made when they are asked for, then constant */
    unsigned char *cert;          /* as these */
    size_t cert_len;
};

extern const leat_io_ops tls__ops;

static inline struct tls_conn *tls__conn(leat_io *io)
{
    return (struct tls_conn *)(void *)io;
}

/* tls_conn.c: a connection before its handshake; NULL: no memory. It borrows `below`. */
struct tls_conn *tls__conn_make(leat_io *below, leat_tls_config *config, SSL_CTX *ctx);
/* Frees the connection alone, not what is below. */
void tls__conn_drop(struct tls_conn *c);
/* Lock, unless the limit comes first. */
int tls__lock(leat_mutex *m, const leat_limit *limit);

/* tls_wire.c: between OpenSSL and the stream below. */
BIO_METHOD *tls__wire_method(void);
/* More bytes for OpenSSL: 1, 0 at the end, -errno. By the holder of way[TLS_IN]. */
int tls__fill(struct tls_conn *c, const leat_limit *limit);
/* All of `out` to the stream below. */
int tls__flush(struct tls_conn *c, const leat_limit *limit);
/* As much of it as can be without waiting; somebody else who sends takes it along. */
void tls__flush_now(struct tls_conn *c);

/* tls_reason.c: `result` is that of a call of OpenSSL a moment ago, with the lock held: -EAGAIN, it
 * needs bytes; 0, the peer has ended; else c->broken. */
int tls__sort(struct tls_conn *c, int result);
/* For SSL_set_verify: remembers in words what is wrong. */
int tls__verified(int ok, X509_STORE_CTX *store);
/* Keeps a text for leat_tls_error(NULL), and returns err. */
int tls__fail(int err, const char *format, ...) LEAT_PRINTF(2, 3);
/* As tls__fail, and adds what OpenSSL says, whose queue becomes empty. */
int tls__fail_ssl(int err, const char *what);
/* Bytes as a text of its own; NULL: no memory. There need be no NUL behind them, as strndup may
 * want. */
char *tls__text(const void *bytes, size_t len);
/* A certificate's host names and addresses, separated by ", "; free it. NULL: no memory. */
char *tls__names(const X509 *cert);

#endif
