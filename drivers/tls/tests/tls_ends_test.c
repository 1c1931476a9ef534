/* SPDX-License-Identifier: MIT */
/* tls_ends_test.c - how connections end: in order, cut off, by a time, by others, by garbage. */
#include "tls_made.h"

#include <stdlib.h>

/* ---- ends in order, and others ---- */

T_TEST(one_way_ends_and_the_other_goes_on)
{
    struct duo d;
    char c;

    duo_make(&d);
    T_EQ(leat_write(d.client, "a", 1), 1);
    T_ERR(leat_io_shutdown(d.client, LEAT_WRITE), 0);
    T_ERR(leat_io_shutdown(d.client, LEAT_WRITE), 0);
    T_ERR(leat_write(d.client, "b", 1), -EPIPE);
    T_EQ(leat_read(d.server, &c, 1), 1);
    T_EQ(leat_read(d.server, &c, 1), 0);
    T_EQ(leat_read(d.server, &c, 1), 0);
    T_EQ(leat_write(d.server, "c", 1), 1);
    T_EQ(leat_read(d.client, &c, 1), 1);
    T_EQ(c, 'c');
    T_ERR(leat_io_close(d.server), 0);
    T_EQ(leat_read(d.client, &c, 1), 0);
    T_STREQ(leat_tls_error(d.client), "");
    duo_free(&d);
}

T_TEST(close_is_an_end_in_order)
{
    struct duo d;
    char c;

    duo_make(&d);
    T_EQ(leat_write(d.server, "a", 1), 1);
    T_ERR(leat_io_close(d.server), 0);
    T_ERR(leat_io_close(d.server), -EBADF);
    T_ERR(leat_read(d.server, &c, 1), -EBADF);
    T_ERR(leat_write(d.server, &c, 1), -EBADF);
    T_ERR(leat_io_shutdown(d.server, LEAT_WRITE), -EBADF);
    T_ERR(leat_io_set_deadline(d.server, LEAT_READ, 0), -EBADF);
    T_ERR(leat_io_fd(d.server), -EBADF);
    T_EQ(leat_read(d.client, &c, 1), 1);
    T_EQ(leat_read(d.client, &c, 1), 0);
    duo_free(&d);
}

T_TEST(a_stream_that_is_cut_off_is_an_error)
{
    struct duo d;
    char c;

    duo_make(&d);
    T_EQ(leat_write(d.client, "a", 1), 1);
    T_ERR(leat_io_shutdown(leat_tls_below(d.client), LEAT_WRITE), 0);
    T_EQ(leat_read(d.server, &c, 1), 1);
    T_ERR(leat_read(d.server, &c, 1), -ENODATA);
    T_STRHAS(leat_tls_error(d.server), "without a close_notify");
    T_ERR(leat_read(d.server, &c, 1), -ENODATA);
    T_EQ(leat_write(d.server, "b", 1), 1); /* the other way still goes */
    T_EQ(leat_read(d.client, &c, 1), 1);
    duo_free(&d);
}

T_TEST(a_record_that_is_cut_off_is_an_error)
{
    struct duo d;
    char c;
    static const char half[] = {23, 3, 3, 0, 100, 'x', 'y'};

    duo_make(&d);
    T_EQ(leat_write(leat_tls_below(d.client), half, sizeof(half)), (int64_t)sizeof(half));
    T_ERR(leat_io_shutdown(leat_tls_below(d.client), LEAT_WRITE), 0);
    T_ERR(leat_read(d.server, &c, 1), -ENODATA);
    duo_free(&d);
}

T_TEST(who_wants_to_hear_no_more_reads_an_end)
{
    struct duo d;
    char c;

    duo_make(&d);
    T_ERR(leat_io_shutdown(d.client, LEAT_READ), 0);
    T_EQ(leat_read(d.client, &c, 1), 0);
    T_EQ(leat_write(d.client, "a", 1), 1);
    T_EQ(leat_read(d.server, &c, 1), 1);
    duo_free(&d);
}

T_TEST(a_record_that_was_changed_ends_both_ways)
{
    struct duo d;
    char c, record[40] = {23, 3, 3, 0, 35};

    duo_make(&d);
    T_EQ(leat_write(leat_tls_below(d.client), record, sizeof(record)), (int64_t)sizeof(record));
    T_ERR(leat_read(d.server, &c, 1), -EPROTO);
    T_STRHAS(leat_tls_error(d.server), "decryption failed or bad record mac");
    T_ERR(leat_read(d.server, &c, 1), -EPROTO);
    T_ERR(leat_write(d.server, &c, 1), -EPROTO);
    T_ERR(leat_read(d.client, &c, 1), -EPROTO);
    T_STRHAS(leat_tls_error(d.client), "with the alert \"bad record mac\"");
    duo_free(&d);
}

/* ---- handshakes with who does not speak TLS ---- */

static int serve_garbage(const void *data, size_t len)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);
    leat_tls_config *config = made_server(&cert);
    leat_io *a, *b, *conn = NULL;

    made_pair(&a, &b);
    T_EQ(leat_write(a, data, len), (int64_t)len);
    T_ERR(leat_io_shutdown(a, LEAT_WRITE), 0);
    int err = leat_tls_server(&conn, b, config, NULL);
    T_TRUE(!conn);
    leat_io_free(a);
    leat_io_free(b);
    leat_tls_config_free(config);
    return err;
}

T_TEST(a_server_is_told_what_came)
{
    char random[3000];

    T_ERR(serve_garbage("GET / HTTP/1.1\r\n\r\n", 18), -EPROTO);
    T_STREQ(leat_tls_error(NULL), "http request");
    T_ERR(serve_garbage("", 0), -ENODATA);
    T_STRHAS(leat_tls_error(NULL), "ended in the middle of the handshake");
    T_ERR(serve_garbage("\x16\x03\x01\x02", 4), -ENODATA);
    T_LT(serve_garbage("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10), 0);
    for (long i = 0; i < t_scale(50); i++) {
        for (size_t j = 0; j < sizeof(random); j++)
            random[j] = (char)t_rand();
        if (i % 2)
            memcpy(random, "\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03", 11);
        int err = serve_garbage(random, sizeof(random));
        T_TRUE(err == -EPROTO || err == -EPROTONOSUPPORT || err == -ENODATA);
        T_STRHAS(leat_tls_error(NULL), "");
        T_GT(strlen(leat_tls_error(NULL)), 3);
    }
}

T_TEST(a_client_is_told_what_came)
{
    struct made authority = made_authority();
    leat_tls_config *config = made_client(&authority);
    leat_io *a, *b, *conn = NULL;

    made_pair(&a, &b);
    T_EQ(leat_write(b, "220 mail.example ESMTP\r\n", 24), 24);
    T_ERR(leat_tls_client(&conn, a, config, "localhost", NULL), -EPROTO);
    T_STREQ(leat_tls_error(NULL), "wrong version number");
    T_TRUE(!conn);
    leat_io_free(a);
    leat_io_free(b);
    leat_tls_config_free(config);
}

/* ---- every call that waits, and all that can end it ---- */

enum how { BY_UNTIL, BY_DEADLINE, BY_CTX, BY_CLOSE, HOWS };
enum call { READ, WAIT, WRITE, SHUT };

struct waiting {
    enum call call;
    leat_io *io;
    leat_limit limit;
    leat_int_chan results;
};

static void wait_for(struct waiting *w)
{
    enum { MUCH = 4 << 20 };
    char c, *much = calloc(1, MUCH);
    bool reads = w->call <= WAIT;
    leat_iovec piece = {reads ? &c : much, reads ? 1 : MUCH};
    int64_t result;

    if (w->call == READ)
        result = leat_readv(w->io, &piece, 1, &w->limit);
    else if (w->call == WAIT)
        result = leat_io_wait_readable(w->io, &w->limit);
    else
        result = leat_writev(w->io, &piece, 1, NULL, &w->limit);
    if (w->call == SHUT) {
        T_ERR(result, -ETIMEDOUT);
        result = leat_io_shutdown(w->io, LEAT_WRITE);
    }
    free(much);
    leat_send(w->results, (int)result);
}

static void end_a_call(enum call call, enum how how)
{
    static const int errors[HOWS] = {-ETIMEDOUT, -ETIMEDOUT, -ECANCELED, -EBADF};
    struct duo d;
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    leat_scoped_chan(leat_int_chan, results, 0);
    int result;

    duo_make(&d);
    struct waiting w = {call, d.client, LEAT_NO_LIMIT, results};
    if (how == BY_CTX)
        w.limit.ctx = ctx;
    if (how == BY_UNTIL || call == SHUT)
        w.limit.until = leat_now() + 2 * LEAT_MILLISECOND;
    leat_go(wait_for, &w);
    if (t_rand() % 2)
        leat_sleep(LEAT_MILLISECOND);
    if (how == BY_DEADLINE)
        T_ERR(leat_io_set_deadline(d.client, call <= WAIT ? LEAT_READ : LEAT_WRITE,
                                   leat_now() + 5 * LEAT_MILLISECOND),
              0);
    if (how == BY_CTX)
        leat_ctx_cancel(ctx);
    if (how == BY_CLOSE)
        T_ERR(leat_io_close(d.client), 0);
    leat_recv(results, &result);
    T_ERR(result, errors[how]);
    duo_free(&d);
}

T_TEST(every_call_can_be_ended)
{
    for (enum how how = BY_UNTIL; how < HOWS; how++) {
        end_a_call(READ, how);
        end_a_call(WAIT, how);
        end_a_call(WRITE, how);
    }
    end_a_call(SHUT, BY_DEADLINE);
}

static void shake_with_nobody(leat_int_chan results, leat_io *io, leat_tls_config *config,
                              bool server, leat_limit *limit)
{
    leat_io *conn;

    leat_send(results, server ? leat_tls_server(&conn, io, config, limit)
                              : leat_tls_client(&conn, io, config, "localhost", limit));
}

static void end_a_handshake(bool server, enum how how)
{
    static const int errors[HOWS] = {-ETIMEDOUT, -ETIMEDOUT, -ECANCELED, -EBADF};
    struct made authority = made_authority(), cert = made_localhost(&authority);
    leat_tls_config *config = server ? made_server(&cert) : made_client(&authority);
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    leat_scoped_chan(leat_int_chan, results, 0);
    leat_limit limit = LEAT_NO_LIMIT;
    leat_io *io, *nobody;
    int result;

    made_pair(&io, &nobody);
    if (how == BY_UNTIL)
        limit.until = leat_now() + LEAT_MILLISECOND;
    if (how == BY_CTX)
        limit.ctx = ctx;
    leat_go(shake_with_nobody, results, io, config, server, &limit);
    if (t_rand() % 2)
        leat_sleep(LEAT_MILLISECOND);
    if (how == BY_DEADLINE)
        T_ERR(leat_io_set_deadline(io, LEAT_READ | LEAT_WRITE, leat_now() + LEAT_MILLISECOND),
              0);
    if (how == BY_CTX)
        leat_ctx_cancel(ctx);
    if (how == BY_CLOSE)
        T_ERR(leat_io_close(io), 0);
    leat_recv(results, &result);
    T_ERR(result, errors[how]);
    leat_io_free(io);
    leat_io_free(nobody);
    leat_tls_config_free(config);
}

T_TEST(every_handshake_can_be_ended)
{
    for (enum how how = BY_UNTIL; how < HOWS; how++) {
        end_a_handshake(false, how);
        end_a_handshake(true, how);
    }
}

T_TEST(a_deadline_holds_until_it_is_changed)
{
    struct duo d;
    char c;

    duo_make(&d);
    T_EQ(leat_write(d.server, "ab", 2), 2);
    T_EQ(leat_read(d.client, &c, 1), 1);
    T_ERR(leat_io_set_deadline(d.client, LEAT_READ, leat_now() - 1), 0);
    T_ERR(leat_read(d.client, &c, 1), -ETIMEDOUT); /* though a byte is there */
    T_EQ(leat_write(d.client, "c", 1), 1);
    T_ERR(leat_io_set_deadline(d.client, LEAT_READ | LEAT_WRITE, leat_now() - 1), 0);
    T_ERR(leat_write(d.client, "d", 1), -ETIMEDOUT);
    T_ERR(leat_io_set_deadline(d.client, LEAT_READ | LEAT_WRITE, LEAT_FOREVER), 0);
    T_EQ(leat_read(d.client, &c, 1), 1);
    T_EQ(c, 'b');
    duo_free(&d);
}

static void read_all(leat_int_chan results, leat_io *io, char *to, size_t size)
{
    leat_send(results, (int)leat_read_full(io, to, size));
}

/* What a write has taken before its time was over comes, and the rest may follow. */
T_TEST(a_write_that_was_cut_off_goes_on)
{
    enum { MUCH = 3 << 20 };
    struct duo d;
    char *from = malloc(MUCH), *to = malloc(MUCH);
    leat_scoped_chan(leat_int_chan, results, 0);
    leat_limit limit = LEAT_NO_LIMIT;
    size_t done = 0;
    int got;

    duo_make(&d);
    for (size_t i = 0; i < MUCH; i++)
        from[i] = (char)t_rand();
    limit.until = leat_now() + LEAT_MILLISECOND;
    leat_iovec piece = {from, MUCH};
    T_ERR(leat_writev(d.client, &piece, 1, &done, &limit), -ETIMEDOUT);
    T_LT(done, MUCH);
    leat_go(read_all, results, d.server, to, MUCH);
    T_EQ(leat_write(d.client, from + done, MUCH - done), (int64_t)(MUCH - done));
    leat_recv(results, &got);
    T_EQ(got, MUCH);
    T_MEMEQ(from, to, MUCH);
    duo_free(&d);
    free(from);
    free(to);
}

T_TEST(who_only_writes_is_heard_to_the_end)
{
    for (int i = 0; i < 20; i++) {
        struct duo d;
        char got[1000];
        char *sent = calloc(1, 100000);

        duo_make(&d);
        T_EQ(leat_write(d.client, sent, 100000), 100000);
        T_ERR(leat_io_close(d.client), 0); /* with tickets that it has not read */
        for (int j = 0; j < 100; j++)
            T_EQ(leat_read_full(d.server, got, sizeof(got)), (int64_t)sizeof(got));
        T_EQ(leat_read(d.server, got, 1), 0);
        duo_free(&d);
        free(sent);
    }
}

T_TEST(a_write_that_was_cut_off_does_not_end_in_order)
{
    enum { MUCH = 3 << 20 };
    struct duo d;
    char *from = calloc(1, MUCH);
    int64_t n;

    duo_make(&d);
    T_ERR(leat_write_until(d.client, from, MUCH, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    T_ERR(leat_io_close(d.client), 0); /* at once: nobody reads */
    while ((n = leat_read(d.server, from, MUCH)) > 0)
        ;
    T_ERR(n, -ENODATA);
    duo_free(&d);
    free(from);
}

static void use_until_closed(leat_waitgroup *wg, leat_io *io, bool reads)
{
    char buf[3000] = "";
    int64_t n;

    do
        n = reads ? leat_read(io, buf, sizeof(buf)) : leat_write(io, buf, sizeof(buf));
    while (n > 0);
    T_TRUE(n == -EBADF || n == -EPIPE || n == 0 || n == -ENODATA || n == -ECONNRESET);
    leat_io_unref(io);
    leat_waitgroup_done(wg);
}

T_TEST(close_while_others_read_and_write)
{
    for (long i = 0; i < t_scale(30); i++) {
        struct duo d;
        leat_waitgroup wg = {0};

        duo_make(&d);
        leat_waitgroup_add(&wg, 4);
        for (int j = 0; j < 4; j++)
            leat_go(use_until_closed, &wg, leat_io_ref(j < 2 ? d.client : d.server), j % 2);
        if (i % 2)
            leat_sleep((leat_duration)(t_rand() % 500) * LEAT_MICROSECOND);
        leat_io_free(i % 3 ? d.client : d.server);
        leat_waitgroup_wait(&wg);
        leat_io_free(i % 3 ? d.server : d.client);
    }
}
