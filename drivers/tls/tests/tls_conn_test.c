/* SPDX-License-Identifier: MIT */
/* tls_conn_test.c - bytes through TLS: whole, in order, both ways at once, and by slow ways. */
#include "tls_made.h"

#include "tls_conn.h"

#include <stdlib.h>

static void echo(leat_waitgroup *wg, leat_io *io)
{
    char buf[5000];
    int64_t n;

    while ((n = leat_read(io, buf, sizeof(buf))) > 0)
        T_EQ(leat_write(io, buf, (size_t)n), n);
    T_ERR(n, 0);
    T_ERR(leat_io_shutdown(io, LEAT_WRITE), 0);
    leat_waitgroup_done(wg);
}

T_TEST(what_is_written_is_read)
{
    struct duo d;
    leat_waitgroup wg = {0};
    char got[16] = "";

    duo_make(&d);
    leat_waitgroup_add(&wg, 1);
    leat_go(echo, &wg, d.server);
    for (long i = 0; i < t_scale(500); i++) {
        memset(got, 0, sizeof(got));
        T_EQ(leat_write(d.client, "hello", 5), 5);
        T_EQ(leat_read_full(d.client, got, 5), 5);
        T_STREQ(got, "hello");
    }
    T_EQ(leat_write(d.client, "", 0), 0);
    T_STREQ(leat_io_kind(d.client), "tls");
    T_EQ(leat_io_fd(d.client), leat_io_fd(leat_tls_below(d.client)));
    T_ERR(leat_io_shutdown(d.client, LEAT_WRITE), 0);
    T_ERR(leat_read(d.client, got, 1), 0);
    leat_waitgroup_wait(&wg);
    duo_free(&d);
}

static void writes_records(leat_io *io, long records)
{
    char record[16];

    for (long i = 0; i < records; i++) {
        memset(record, (int)i, sizeof record);
        T_EQ(leat_write(io, record, sizeof record), sizeof record);
        if (t_rand() % 4 == 0)
            leat_yield();
    }
    T_ERR(leat_io_shutdown(io, LEAT_WRITE), 0);
}

/* What is left of a record is there already, and nothing below will tell of it. */
T_TEST(what_comes_is_waited_for_and_read)
{
    struct duo d;
    long records = t_scale(500), got = 0;
    int64_t n;

    duo_make(&d);
    leat_go(writes_records, d.client, records);
    do {
        char part[7];
        T_ERR(leat_io_wait_readable(d.server, NULL), 0);
        n = leat_read(d.server, part, sizeof part);
        for (int64_t i = 0; i < n; i++)
            T_EQ(part[i], (char)((got + i) / 16));
        got += n;
    } while (n > 0);
    T_EQ(n, 0);
    T_EQ(got, 16 * records);
    duo_free(&d);
}

/* The byte at a place of a stream. */
static char at(size_t i)
{
    return (char)((i * 2654435761u) >> 13);
}

/* Asks the peer for new keys and gives it ours, as both may at any time. */
static void new_keys(leat_io *io)
{
    struct tls_conn *c = tls__conn(io);

    leat_mutex_lock(&c->lock);
    T_EQ(SSL_key_update(c->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    leat_mutex_unlock(&c->lock);
}

static void pour(leat_waitgroup *wg, leat_io *io, size_t size, bool keys)
{
    enum { MOST = 100000 };
    char *buf = malloc(MOST);
    size_t done = 0;

    while (done < size) {
        size_t n = 1 + t_rand() % MOST;
        n = n < size - done ? n : size - done;
        for (size_t i = 0; i < n; i++)
            buf[i] = at(done + i);
        if (keys && t_rand() % 4 == 0)
            new_keys(io);
        T_EQ(leat_write(io, buf, n), (int64_t)n);
        done += n;
    }
    free(buf);
    T_ERR(leat_io_shutdown(io, LEAT_WRITE), 0);
    leat_waitgroup_done(wg);
}

static void drink(leat_waitgroup *wg, leat_io *io, size_t size)
{
    enum { MOST = 70000 };
    char *buf = malloc(MOST);
    size_t done = 0;
    int64_t n;

    while ((n = leat_read(io, buf, 1 + t_rand() % MOST)) > 0) {
        for (int64_t i = 0; i < n; i++)
            if (buf[i] != at(done + (size_t)i))
                T_FAIL("byte %zu is wrong", done + (size_t)i);
        done += (size_t)n;
    }
    T_ERR(n, 0);
    T_EQ(done, size);
    free(buf);
    leat_waitgroup_done(wg);
}

static void both_ways(leat_io *a, leat_io *b, size_t size, bool keys)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 4);
    leat_go(pour, &wg, a, size, keys);
    leat_go(pour, &wg, b, size, keys);
    leat_go(drink, &wg, a, size);
    leat_go(drink, &wg, b, size);
    leat_waitgroup_wait(&wg);
}

T_TEST(both_ways_at_once)
{
    struct duo d;

    duo_make(&d);
    both_ways(d.client, d.server, (size_t)t_scale(256) << 14, false);
    duo_free(&d);
}

T_TEST(both_ways_at_once_with_new_keys)
{
    struct duo d;

    duo_make(&d);
    both_ways(d.client, d.server, (size_t)t_scale(256) << 14, true);
    duo_free(&d);
}

T_TEST(both_ways_at_once_in_1_2)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);
    leat_tls_config *client = made_client(&authority);
    struct duo d;

    T_ERR(leat_tls_config_versions(client, LEAT_TLS_1_2, LEAT_TLS_1_2), 0);
    duo_shake(&d, client, made_server(&cert), "localhost");
    T_ERR(d.client_err, 0);
    both_ways(d.client, d.server, (size_t)t_scale(256) << 14, false);
    duo_free(&d);
}

static void serve_over(leat_waitgroup *wg, struct duo *d, leat_io *below, struct made *cert)
{
    leat_tls_config *config = made_server(cert);

    T_ERR(leat_tls_server(&d->server, below, config, NULL), 0);
    leat_tls_config_free(config);
    leat_waitgroup_done(wg);
}

/* A handshake over what is given, which the connections own from then on. */
static void shake_over(struct duo *d, leat_io *client, leat_io *server)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);
    leat_tls_config *config = made_client(&authority);
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 1);
    leat_go(serve_over, &wg, d, server, &cert);
    T_ERR(leat_tls_client(&d->client, client, config, "localhost", NULL), 0);
    leat_waitgroup_wait(&wg);
    leat_tls_config_free(config);
}

T_TEST(tls_in_tls)
{
    struct duo outer, inner;

    duo_make(&outer);
    shake_over(&inner, outer.client, outer.server);
    both_ways(inner.client, inner.server, (size_t)t_scale(64) << 14, true);
    duo_free(&inner);
}

/* Hands bytes on, a few at a time, and ends as its source. */
static void trickle(leat_waitgroup *wg, leat_io *from, leat_io *to, size_t most)
{
    char buf[64];
    int64_t n;

    while ((n = leat_read(from, buf, 1 + t_rand() % most)) > 0) {
        int64_t put = leat_write(to, buf, (size_t)n);
        if (put == -EPIPE)
            break; /* its reader hung up, and this is the other's farewell */
        T_EQ(put, n);
        leat_yield();
    }
    leat_io_shutdown(to, LEAT_WRITE);
    leat_waitgroup_done(wg);
}

static void by_pieces(size_t most, size_t size)
{
    leat_io *client, *left, *right, *server;
    struct duo d;
    leat_waitgroup wg = {0};

    made_pair(&client, &left);
    made_pair(&right, &server);
    leat_waitgroup_add(&wg, 2);
    leat_go(trickle, &wg, left, right, most);
    leat_go(trickle, &wg, right, left, most);
    shake_over(&d, client, server);
    both_ways(d.client, d.server, size, true);
    duo_free(&d);
    leat_waitgroup_wait(&wg);
    leat_io_free(left);
    leat_io_free(right);
}

T_TEST(bytes_may_come_one_by_one)
{
    by_pieces(1, 3000);
    by_pieces(60, (size_t)t_scale(100000));
}

static void write_lines(leat_waitgroup *wg, leat_io *io, char letter, long lines)
{
    enum { LINE = 20000 }; /* more than a record */
    char *line = malloc(LINE);

    memset(line, letter, LINE);
    line[LINE - 1] = '\n';
    for (long i = 0; i < lines; i++)
        T_EQ(leat_write(io, line, LINE), LINE);
    free(line);
    leat_waitgroup_done(wg);
}

T_TEST(a_write_is_whole_before_the_next)
{
    enum { WRITERS = 4 };
    struct duo d;
    leat_waitgroup wg = {0};
    long lines = t_scale(20), seen = 0;
    char buf[3000], last = '\n';

    duo_make(&d);
    leat_waitgroup_add(&wg, WRITERS);
    for (int i = 0; i < WRITERS; i++)
        leat_go(write_lines, &wg, d.client, (char)('a' + i), lines);
    while (seen < WRITERS * lines) {
        int64_t n = leat_read(d.server, buf, sizeof(buf));
        T_GT(n, 0);
        for (int64_t i = 0; i < n; i++) {
            if (last != '\n' && buf[i] != '\n')
                T_EQ(buf[i], last);
            last = buf[i];
            seen += last == '\n';
        }
    }
    leat_waitgroup_wait(&wg);
    duo_free(&d);
}

/* Many small pieces become few records; empty ones nothing. */
T_TEST(pieces_are_put_together)
{
    enum { PIECES = 3000 };
    struct duo d;
    leat_waitgroup wg = {0};
    leat_iovec *pieces = calloc(PIECES, sizeof(*pieces));
    char *all = malloc(PIECES * 40);
    size_t size = 0, done;

    for (int i = 0; i < PIECES; i++) {
        size_t len = t_rand() % 40;
        pieces[i] = (leat_iovec){all + size, len};
        for (size_t j = 0; j < len; j++, size++)
            all[size] = at(size);
    }
    duo_make(&d);
    leat_waitgroup_add(&wg, 1);
    leat_go(drink, &wg, d.server, size);
    T_EQ(leat_writev(d.client, pieces, PIECES, &done, NULL), (int64_t)size);
    T_EQ(done, size);
    leat_io_shutdown(d.client, LEAT_WRITE);
    leat_waitgroup_wait(&wg);
    duo_free(&d);
    free(pieces);
    free(all);
}

T_TEST(a_read_fills_several_pieces_from_several_records)
{
    struct duo d;
    char a[3], b[5], c[100];
    leat_iovec to[] = {{a, 3}, {b, 0}, {b, 5}, {c, 100}};

    duo_make(&d);
    T_EQ(leat_write(d.client, "abcd", 4), 4);
    T_EQ(leat_write(d.client, "efghij", 6), 6);
    T_EQ(leat_readv(d.server, to, 4, NULL), 10);
    T_MEMEQ(a, "abc", 3);
    T_MEMEQ(b, "defgh", 5);
    T_MEMEQ(c, "ij", 2);
    duo_free(&d);
}

/* New keys, sent at once. -ETIMEDOUT when nobody takes them. */
static int send_new_keys(leat_io *io, const leat_limit *limit)
{
    struct tls_conn *c = tls__conn(io);

    new_keys(io);
    leat_mutex_lock(&c->lock);
    T_EQ(SSL_do_handshake(c->ssl), 1);
    leat_mutex_unlock(&c->lock);
    return tls__flush(c, limit);
}

T_TEST(a_reader_that_never_writes_answers)
{
    const leat_limit none = LEAT_NO_LIMIT;
    struct duo d;
    char c;

    duo_make(&d);
    for (int i = 0; i < 100; i++) {
        T_ERR(send_new_keys(d.client, &none), 0);
        T_EQ(leat_write(d.client, "x", 1), 1);
        T_EQ(leat_read(d.server, &c, 1), 1);
    }
    T_EQ(leat_write(d.server, "y", 1), 1);
    T_EQ(leat_read(d.client, &c, 1), 1);
    T_EQ(c, 'y');
    duo_free(&d);
}

static void flood(leat_waitgroup *wg, leat_io *io, leat_ctx *ctx)
{
    const leat_limit limit = {ctx, LEAT_FOREVER};
    int err = 0;

    while (!err)
        err = send_new_keys(io, &limit);
    T_ERR(err, -ECANCELED);
    leat_waitgroup_done(wg);
}

/* Whether the reader waits for room by now, or will as soon as it has read on. */
static bool answers_stand(leat_io *io)
{
    struct tls_conn *c = tls__conn(io);

    leat_mutex_lock(&c->lock);
    size_t waiting = c->out.end;
    leat_mutex_unlock(&c->lock);
    T_LT(waiting, 400 << 10);
    return waiting >= 256 << 10;
}

static void read_nothing(leat_waitgroup *wg, leat_io *io, leat_ctx *ctx)
{
    char c;

    T_ERR(leat_read_ctx(ctx, io, &c, 1), -ECANCELED);
    leat_waitgroup_done(wg);
}

T_TEST(answers_that_nobody_reads_are_bounded, .timeout_ms = 60000)
{
    struct duo d;
    leat_waitgroup wg = {0};
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));

    duo_make(&d);
    leat_waitgroup_add(&wg, 2);
    leat_go(flood, &wg, d.client, ctx);
    leat_go(read_nothing, &wg, d.server, ctx);
    while (!answers_stand(d.server))
        leat_sleep(LEAT_MILLISECOND);
    leat_ctx_cancel(ctx);
    leat_waitgroup_wait(&wg);
    duo_free(&d);
}

static void visit(leat_waitgroup *wg, leat_tls_config *client, leat_tls_config *server)
{
    struct duo d;
    leat_waitgroup echoes = {0};
    char buf[100];

    duo_shake(&d, leat_tls_config_ref(client), leat_tls_config_ref(server), "localhost");
    T_ERR(d.client_err, 0);
    T_ERR(d.server_err, 0);
    leat_waitgroup_add(&echoes, 1);
    leat_go(echo, &echoes, d.server);
    for (int i = 0; i < 5; i++) {
        T_EQ(leat_write(d.client, "hello", 5), 5);
        T_EQ(leat_read_full(d.client, buf, 5), 5);
    }
    leat_io_shutdown(d.client, LEAT_WRITE);
    T_ERR(leat_read(d.client, buf, 1), 0);
    leat_waitgroup_wait(&echoes);
    duo_free(&d);
    leat_waitgroup_done(wg);
}

T_TEST(many_share_a_config)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);
    leat_tls_config *client = made_client(&authority), *server = made_server(&cert);
    leat_waitgroup wg = {0};

    for (int round = 0; round < 3; round++) {
        for (long i = 0; i < t_scale(40); i++) {
            leat_waitgroup_add(&wg, 1);
            leat_go(visit, &wg, client, server);
        }
        leat_waitgroup_wait(&wg);
    }
    leat_tls_config_free(client);
    leat_tls_config_free(server);
}
