/* SPDX-License-Identifier: MIT */
/*
 * tls_conn.c - a TLS connection as a stream.
 *
 * PICTURE   leat_read  -> way[TLS_IN]  -> lock: SSL_read  <- in  <- the stream below
 *           leat_write -> way[TLS_OUT] -> lock: SSL_write -> out -> the stream below
 *
 * INVARIANTS
 *   T1  way[TLS_IN] is held by the one who reads, way[TLS_OUT] by the one who writes: a write is
 *       whole before the next one begins.
 *   T2  an SSL object is one state for both ways, so `lock` is held around each call of OpenSSL,
 *       and no longer: nobody waits for the stream below with it. Inside it there is no call of
 *       leat, which might go on in another thread, whose queue of errors is another one.
 *   T3  locks are taken in the order way, sending, lock.
 *
 * ENDS  A peer that has said that it ends (close_notify) is read as an end; a stream below that
 *   ends without is -ENODATA, as somebody may have cut it off, and OpenSSL is not told, so that
 *   we may still write. What OpenSSL calls fatal ends both ways for ever: `broken`.
 *   A write after our own close_notify is -EPIPE.
 *
 * CLOSING  sets `closed`, ends a waiting reader by a deadline, and says close_notify, unless a
 *   write is under way or was cut off, which is not whole and should not look so. It waits for
 *   room for at most 5 seconds, as Go. Then it closes the stream below, which ends whoever still
 *   waits there.
 *
 * DEADLINES  are the stream's below, where all waiting is done, and kept here as well, so that one
 *   that has passed ends a read of bytes that are there already, as it does on a socket.
 *
 * NO RENEGOTIATION (it is switched off), so a write never waits for reading, nor a read for
 *   writing, but for the one case in tls_wire.c.
 *
 * REJECTED  Two locks, one a way: OpenSSL allows no two threads in one SSL, and a KeyUpdate that
 *   is read changes what is written. A goroutine of its own that reads ahead: one more stack and
 *   two more switches for each connection.
 *
 * PROOF  tls_conn_test.c, tls_peer_test.c.
 */
#include "tls_conn.h"

#include <leat/context.h>
#include <leat/time.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 4 * TLS_RECORD, /* bytes that go to the stream below at once */
    ANSWERS = 4 * BATCH, /* what waits beyond a batch are answers that the peer does not read */
};

static const char cut_off[] =
    "the stream ended without a close_notify: it may have been cut off";

/* ---- making and freeing ---- */

struct tls_conn *tls__conn_make(leat_io *below, leat_tls_config *config, SSL_CTX *ctx)
{
    TLS_QUIET;
    struct tls_conn *c = calloc(1, sizeof(*c));
    BIO *bio = c ? BIO_new(config->wire) : NULL;

    if (bio)
        c->ssl = SSL_new(ctx);
    if (!bio || !c->ssl) {
        BIO_free(bio);
        free(c);
        ERR_clear_error();
        return NULL;
    }
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    SSL_set_bio(c->ssl, bio, bio);
    SSL_set_app_data(c->ssl, c);
    c->below = below;
    c->config = leat_tls_config_ref(config);
    c->until[TLS_IN] = c->until[TLS_OUT] = LEAT_FOREVER;
    leat_io_init(&c->io, &tls__ops);
    return c;
}

void tls__conn_drop(struct tls_conn *c)
{
    TLS_QUIET;
    SSL_free(c->ssl);
    ERR_clear_error();
    for (int i = 0; i < c->nfresh; i++)
        SSL_SESSION_free(c->fresh[i]);
    leat_tls_config_free(c->config);
    free(c->sent.p);
    free(c->in.p);
    free(c->out.p);
    free(c->server_name);
    free(c->subject);
    free(c->names);
    free(c->alpn);
    OPENSSL_free(c->cert);
    free(c);
}

/* ---- entering a way ---- */

int tls__lock(leat_mutex *m, const leat_limit *limit)
{
    int err;

    if (leat_mutex_trylock(m))
        return 0;
    if (!limit->ctx && limit->until == LEAT_FOREVER) {
        leat_mutex_lock(m);
        return 0;
    }
    if (!limit->ctx)
        return leat_mutex_lock_until(m, limit->until);
    if (limit->until == LEAT_FOREVER)
        return leat_mutex_lock_ctx(limit->ctx, m);
    leat_ctx *both = leat_ctx_with_deadline(limit->ctx, limit->until);
    err = leat_mutex_lock_ctx(both, m);
    leat_ctx_free(both);
    return err;
}

static bool is_closed(struct tls_conn *c)
{
    return __atomic_load_n(&c->closed, __ATOMIC_ACQUIRE);
}

static int enter_way(struct tls_conn *c, int way, const leat_limit *limit)
{
    int err = tls__lock(&c->way[way], limit);

    if (err)
        return is_closed(c) ? -EBADF : err;
    leat_duration until = __atomic_load_n(&c->until[way], __ATOMIC_RELAXED);
    if (is_closed(c))
        err = -EBADF;
    else if (until != LEAT_FOREVER && leat_now() >= until)
        err = -ETIMEDOUT;
    else if (limit->ctx)
        err = leat_ctx_err(limit->ctx);
    if (err)
        leat_mutex_unlock(&c->way[way]);
    return err;
}

/* The result as the caller should see it. */
static int64_t leave_way(struct tls_conn *c, int way, int64_t result)
{
    leat_mutex_unlock(&c->way[way]);
    return result < 0 && is_closed(c) ? -EBADF : result;
}

/* ---- reading ---- */

/* With the lock held. How much, 0 at the end, -EAGAIN: bytes are needed; else c->broken. */
static int64_t decrypt(struct tls_conn *c, const leat_iovec *to, int n)
{
    TLS_QUIET;
    size_t total = 0;

    if (c->broken)
        return c->broken;
    for (int i = 0; i < n; i++) {
        size_t have = 0, got = 0;
        while (have < to[i].len) {
            ERR_clear_error();
            int ok = SSL_read_ex(c->ssl, (char *)to[i].base + have, to[i].len - have, &got);
            if (!ok) {
                int why = tls__sort(c, ok);
                return total ? (int64_t)total : why;
            }
            have += got;
            total += got;
        }
    }
    return (int64_t)total;
}

/* With the lock held: 1 if there is something, else as decrypt. */
static int peek(struct tls_conn *c)
{
    TLS_QUIET;
    char byte;
    size_t got;

    if (c->broken)
        return c->broken;
    ERR_clear_error();
    int ok = SSL_peek_ex(c->ssl, &byte, 1, &got);
    return ok ? 1 : tls__sort(c, ok);
}

/* Sessions that have come go to the config, where the next connection finds them. */
static void put_fresh_away(struct tls_conn *c)
{
    SSL_SESSION *fresh[TLS_FRESH];

    leat_mutex_lock(&c->lock);
    int n = c->nfresh;
    memcpy(fresh, c->fresh, sizeof(fresh));
    c->nfresh = 0;
    leat_mutex_unlock(&c->lock);
    for (int i = 0; i < n; i++)
        tls__session_put(c->config, c->server_name, fresh[i]);
}

/* The stream below has ended, and the peer has not. */
static int ended_below(struct tls_conn *c)
{
    if (__atomic_load_n(&c->deaf, __ATOMIC_RELAXED))
        return 0;
    leat_mutex_lock(&c->lock);
    if (!c->broken)
        c->why = cut_off;
    leat_mutex_unlock(&c->lock);
    return -ENODATA;
}

/* For ThreadSanitizer: what is between skip and skip + bytes of the pieces has been used. */
static void saw_pieces(const leat_iovec *v, int n, size_t skip, size_t bytes, bool written)
{
    for (int i = 0; i < n && bytes > 0; i++) {
        size_t from = skip < v[i].len ? skip : v[i].len, room = v[i].len - from;
        size_t part = room < bytes ? room : bytes;

        if (written)
            saw_writing((char *)v[i].base + from, part);
        else
            saw_reading((char *)v[i].base + from, part);
        skip -= from;
        bytes -= part;
    }
}

/* n is 0: only until there is something, and 1. */
static int64_t read_way(struct tls_conn *c, const leat_iovec *to, int n,
                        const leat_limit *limit)
{
    for (;;) {
        leat_mutex_lock(&c->lock);
        int64_t got = n > 0 ? decrypt(c, to, n) : peek(c);
        size_t answers = c->out.end;
        bool fresh = c->nfresh > 0;
        leat_mutex_unlock(&c->lock);
        if (fresh)
            put_fresh_away(c);
        if (answers > 0 && answers < ANSWERS)
            tls__flush_now(c);
        int err = answers >= ANSWERS ? tls__flush(c, limit) : 0;
        if (got != -EAGAIN)
            return got;
        if (!err)
            err = tls__fill(c, limit);
        c->heard = c->heard || err > 0;
        if (err <= 0)
            return err ? err : ended_below(c);
    }
}

static int64_t tls_readv(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit)
{
    struct tls_conn *c = tls__conn(io);
    int err = enter_way(c, TLS_IN, limit);

    if (err)
        return err;
    int64_t got = read_way(c, to, n, limit);
    if (got > 0)
        saw_pieces(to, n, 0, (size_t)got, true);
    return leave_way(c, TLS_IN, got);
}

static int tls_readable(leat_io *io, const leat_limit *limit)
{
    struct tls_conn *c = tls__conn(io);
    int err = enter_way(c, TLS_IN, limit);

    if (err)
        return err;
    int64_t got = leave_way(c, TLS_IN, read_way(c, NULL, 0, limit));
    return got < 0 ? (int)got : 0;
}

/* ---- writing ---- */

/* What is to be written, and where the next record of it is. */
struct tls_source {
    const leat_iovec *from;
    int n;
    size_t skip;            /* how much of from[0] is done */
    unsigned char *scratch; /* for records that are made of several pieces; NULL: none yet */
};

static void source_advance(struct tls_source *s, size_t done)
{
    while (s->n > 0 && done >= s->from->len - s->skip) {
        done -= s->from->len - s->skip;
        s->skip = 0;
        s->from++;
        s->n--;
    }
    s->skip += done;
}

/* The next piece, at most a record long; small ones are put together. There is one. */
static leat_iovec source_next(struct tls_source *s)
{
    leat_iovec piece = {(char *)s->from->base + s->skip, s->from->len - s->skip};

    if (piece.len >= TLS_RECORD || s->n == 1) {
        piece.len = piece.len < TLS_RECORD ? piece.len : TLS_RECORD;
        return piece;
    }
    if (!s->scratch)
        s->scratch = malloc(TLS_RECORD);
    if (!s->scratch)
        return piece; /* a record of its own, then */
    memcpy(s->scratch, piece.base, piece.len);
    for (int i = 1; i < s->n && piece.len < TLS_RECORD; i++) {
        size_t part = s->from[i].len, room = TLS_RECORD - piece.len;
        part = part < room ? part : room;
        if (part > 0)
            memcpy(s->scratch + piece.len, s->from[i].base, part);
        piece.len += part;
    }
    piece.base = s->scratch;
    return piece;
}

/* With the lock held: a batch of records, or what is left. */
static int encrypt(struct tls_conn *c, struct tls_source *s, size_t *done)
{
    TLS_QUIET;
    if (c->broken)
        return c->broken;
    if (c->finished)
        return -EPIPE;
    while (s->n > 0 && c->out.end < BATCH) {
        leat_iovec piece = source_next(s);
        size_t put = 0;

        ERR_clear_error();
        int ok = SSL_write_ex(c->ssl, piece.base, piece.len, &put);

        if (!ok) {
            int err = tls__sort(c, ok);
            return err == -EAGAIN || err == 0 ? -EPROTO : err;
        }
        source_advance(s, put);
        *done += put;
    }
    return 0;
}

static int64_t write_way(struct tls_conn *c, struct tls_source *s, size_t *done,
                         const leat_limit *limit)
{
    do {
        leat_mutex_lock(&c->lock);
        int err = encrypt(c, s, done);
        leat_mutex_unlock(&c->lock);
        if (err) {
            tls__flush_now(c); /* an alert, perhaps */
            return err;
        }
        err = tls__flush(c, limit);
        if (err)
            return err;
    } while (s->n > 0);
    return (int64_t)*done;
}

static int64_t tls_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                          const leat_limit *limit)
{
    struct tls_conn *c = tls__conn(io);
    struct tls_source source = {.from = from, .n = n};
    int err = enter_way(c, TLS_OUT, limit);

    if (err)
        return err;
    source_advance(&source, 0); /* empty pieces make no record */
    int64_t put = write_way(c, &source, done, limit);
    free(source.scratch);
    saw_pieces(from, n, 0, *done, false);
    return leave_way(c, TLS_OUT, put);
}

/* ---- ends ---- */

/* Our close_notify, after all writes: by the holder of way[TLS_OUT]. */
static int finish(struct tls_conn *c)
{
    leat_mutex_lock(&c->lock);
    if (!c->broken && !c->finished) {
        TLS_QUIET;
        ERR_clear_error();
        int ok = SSL_shutdown(c->ssl); /* 0: said, and the peer has not yet; 1: both have */
        if (ok < 0)
            tls__sort(c, ok);
        c->finished = true;
    }
    int err = c->broken;
    leat_mutex_unlock(&c->lock);
    return err;
}

static int tls_shut(leat_io *io, int ways)
{
    static const leat_limit none = LEAT_NO_LIMIT;
    struct tls_conn *c = tls__conn(io);
    int64_t err = 0;

    if (ways & LEAT_WRITE) {
        err = enter_way(c, TLS_OUT, &none);
        if (err)
            return (int)err;
        err = finish(c);
        if (!err)
            err = tls__flush(c, &none);
        err = leave_way(c, TLS_OUT, err);
    }
    if (!err && ways & LEAT_READ) {
        __atomic_store_n(&c->deaf, 1, __ATOMIC_RELAXED);
        err = leat_io_shutdown(c->below, LEAT_READ);
    }
    return (int)err;
}

static int tls_deadline(leat_io *io, int ways, leat_duration until)
{
    struct tls_conn *c = tls__conn(io);

    if (is_closed(c))
        return -EBADF;
    int err = leat_io_set_deadline(c->below, ways, until);
    if (err)
        return err;
    if (ways & LEAT_READ)
        __atomic_store_n(&c->until[TLS_IN], until, __ATOMIC_RELAXED);
    if (ways & LEAT_WRITE)
        __atomic_store_n(&c->until[TLS_OUT], until, __ATOMIC_RELAXED);
    return 0;
}

/* Has a write left bytes behind, for which its time was not enough? */
static bool is_cut(struct tls_conn *c, const leat_limit *limit)
{
    if (tls__lock(&c->sending, limit))
        return true;
    bool cut = c->sent.start < c->sent.end;
    leat_mutex_unlock(&c->sending);
    return cut;
}

/* A client that has never read has not read the tickets that servers of TLS 1.3 send. A socket that
 * is closed with bytes to read is reset, and the peer may lose what we have written last. */
static void drop_tickets(struct tls_conn *c)
{
    static const leat_limit at_once = {NULL, 0};

    if (c->server || !leat_mutex_trylock(&c->way[TLS_IN]))
        return;
    if (!c->heard) {
        leat_io_set_deadline(c->below, LEAT_READ, LEAT_FOREVER);
        tls__fill(c, &at_once);
    }
    leat_mutex_unlock(&c->way[TLS_IN]);
}

static int tls_close(leat_io *io)
{
    struct tls_conn *c = tls__conn(io);

    if (__atomic_exchange_n(&c->closed, 1, __ATOMIC_ACQ_REL))
        return -EBADF;
    leat_io_set_deadline(c->below, LEAT_READ, 0);
    if (leat_mutex_trylock(&c->way[TLS_OUT])) {
        const leat_limit soon = {NULL, leat_now() + 5 * LEAT_SECOND};
        leat_io_set_deadline(c->below, LEAT_WRITE, LEAT_FOREVER);
        if (!is_cut(c, &soon)) {
            finish(c);
            tls__flush(c, &soon);
        }
        leat_mutex_unlock(&c->way[TLS_OUT]);
    }
    drop_tickets(c);
    return leat_io_close(c->below);
}

static void tls_free(leat_io *io)
{
    struct tls_conn *c = tls__conn(io);
    leat_io *below = c->below;

    if (!is_closed(c))
        tls_close(io);
    tls__conn_drop(c);
    leat_io_unref(below);
}

static int tls_fd(leat_io *io)
{
    struct tls_conn *c = tls__conn(io);

    return is_closed(c) ? -EBADF : leat_io_fd(c->below);
}

const leat_io_ops tls__ops = {
    .kind = "tls",
    .readv = tls_readv,
    .readable = tls_readable,
    .writev = tls_writev,
    .shut = tls_shut,
    .deadline = tls_deadline,
    .close = tls_close,
    .free = tls_free,
    .fd = tls_fd,
};
