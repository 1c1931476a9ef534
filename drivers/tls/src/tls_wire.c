/* SPDX-License-Identifier: MIT */
/*
 * tls_wire.c - between OpenSSL, which never waits, and the stream below, which does.
 *
 * PICTURE   the stream below --tls__fill--> in  --wire_read-->  SSL
 *           the stream below <-- sent <--swap-- out <--wire_write-- SSL
 *                            tls__flush
 *
 * A BIO of ours, not BIO_s_mem: that one clears and moves its memory as it empties.
 *
 * INVARIANTS
 *   W1  wire_read and wire_write run inside calls of OpenSSL, with the connection's lock held.
 *       They copy, and never wait; so no goroutine changes threads inside of OpenSSL.
 *   W2  bytes that OpenSSL has made are sent in their order, all of them: who holds `sending`
 *       takes the whole of `out`, and what a failed write has left stays in `sent` for the next
 *       one. So a write that a deadline has cut off may be continued behind what it reports.
 *   W3  `in` is empty when OpenSSL asks for more, so reading into it needs no lock: OpenSSL is
 *       shown the bytes when they are there.
 *
 * SENDING  Who makes bytes sees to it that they are sent. A writer waits for room. A reader, who
 *   makes answers to what it reads, does not, because the peer may read nothing before we have
 *   read: it sends what goes at once (tls__flush_now), or leaves it to the one who is sending.
 *   That one looks at `out` once more after it has given `sending` back: a reader that did not get
 *   `sending` has filled `out` before, so nothing stays behind. Only when the peer asks for
 *   answers and does not read them, a reader waits too, so `out` has a bound.
 *
 * PROOF  tls_conn_test.c.
 */
#include "tls_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    IN_SMALL = 4 << 10, /* what an idle connection keeps */
    IN_LARGE = 32 << 10,
    OUT_KEPT = 4 << 10,
};

/* ---- the side of OpenSSL ---- */

static int wire_read(BIO *bio, char *buf, int len)
{
    struct tls_conn *c = BIO_get_data(bio);
    struct tls_bytes *in = &c->in;
    size_t n = in->end - in->start;

    BIO_clear_retry_flags(bio);
    if (n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (n > (size_t)len)
        n = (size_t)len;
    memcpy(buf, in->p + in->start, n);
    in->start += n;
    return (int)n;
}

static bool bytes_reserve(struct tls_bytes *b, size_t n)
{
    size_t size = b->size ? b->size : 512;

    if (b->size - b->end >= n)
        return true;
    while (size - b->end < n)
        size *= 2;
    unsigned char *p = realloc(b->p, size);
    if (!p)
        return false;
    b->p = p;
    b->size = size;
    return true;
}

static int wire_write(BIO *bio, const char *buf, int len)
{
    struct tls_conn *c = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (len <= 0 || !bytes_reserve(&c->out, (size_t)len))
        return -1;
    memcpy(c->out.p + c->out.end, buf, (size_t)len);
    c->out.end += (size_t)len;
    return len;
}

static long wire_ctrl(BIO *bio, int what, long number, void *arg)
{
    (void)bio;
    (void)number;
    (void)arg;
    return what == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls__wire_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "leat stream");

    if (method && BIO_meth_set_read(method, wire_read) &&
        BIO_meth_set_write(method, wire_write) && BIO_meth_set_ctrl(method, wire_ctrl))
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* ---- the side of the stream below ---- */

/* Makes `in` empty memory to read into. */
static int prepare_in(struct tls_conn *c)
{
    struct tls_bytes *in = &c->in;
    size_t want = c->in_was_full ? IN_LARGE : IN_SMALL;
    int err = 0;

    leat_mutex_lock(&c->lock);
    in->start = in->end = 0;
    if (in->size < want) {
        free(in->p);
        in->p = malloc(want);
        in->size = in->p ? want : 0;
        err = in->p ? 0 : -ENOMEM;
    }
    leat_mutex_unlock(&c->lock);
    return err;
}

int tls__fill(struct tls_conn *c, const leat_limit *limit)
{
    int err = prepare_in(c);

    if (err)
        return err;
    const leat_iovec piece = {c->in.p, c->in.size};
    int64_t got = leat_readv(c->below, &piece, 1, limit);
    if (got <= 0)
        return (int)got;
    c->in_was_full = (size_t)got == piece.len;
    leat_mutex_lock(&c->lock);
    c->in.end = (size_t)got;
    leat_mutex_unlock(&c->lock);
    return 1;
}

/* `sent` is empty: takes what there is to send. False: there is nothing. */
static bool take_out(struct tls_conn *c)
{
    struct tls_bytes empty = c->sent;

    empty.start = empty.end = 0;
    leat_mutex_lock(&c->lock);
    bool some = c->out.end > 0;
    if (some) {
        c->sent = c->out;
        c->out = empty;
    }
    leat_mutex_unlock(&c->lock);
    return some;
}

/* By the holder of `sending`. */
static int send_all(struct tls_conn *c, const leat_limit *limit)
{
    struct tls_bytes *sent = &c->sent;

    for (;;) {
        if (sent->start < sent->end) {
            const leat_iovec piece = {sent->p + sent->start, sent->end - sent->start};
            size_t done = 0;
            int64_t put = leat_writev(c->below, &piece, 1, &done, limit);

            sent->start += done;
            if (put < 0)
                return (int)put;
        }
        if (sent->size > OUT_KEPT) {
            free(sent->p);
            *sent = (struct tls_bytes){0};
        }
        sent->start = sent->end = 0;
        if (!take_out(c))
            return 0;
    }
}

static bool left_over(struct tls_conn *c)
{
    leat_mutex_lock(&c->lock);
    bool some = c->out.end > 0;
    leat_mutex_unlock(&c->lock);
    return some;
}

int tls__flush(struct tls_conn *c, const leat_limit *limit)
{
    do {
        int err = tls__lock(&c->sending, limit);
        if (err)
            return err;
        err = send_all(c, limit);
        leat_mutex_unlock(&c->sending);
        if (err)
            return err;
    } while (left_over(c));
    return 0;
}

void tls__flush_now(struct tls_conn *c)
{
    static const leat_limit at_once = {NULL, 0};

    do {
        if (!leat_mutex_trylock(&c->sending))
            return;
        int err = send_all(c, &at_once);
        leat_mutex_unlock(&c->sending);
        if (err)
            return;
    } while (left_over(c));
}
