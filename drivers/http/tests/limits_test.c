/* SPDX-License-Identifier: MIT */
/* limits_test.c - clients that are slow, greedy, wrong or too many. */
#define _GNU_SOURCE
#include <leat/net.h>

#include "http_util.h"

static void say_ok(leat_http_request *req, leat_http_response *res, void *arg)
{
    char *body;
    int64_t n = leat_http_read_all(req, &body);

    (void)arg;
    if (n < 0) {
        leat_http_error(res, n == -E2BIG ? 413 : n == -ETIMEDOUT ? 408 : 400, NULL);
        return;
    }
    free(body);
    leat_http_reply(res, 200, NULL, "ok\n", 3);
}

static leat_http_server *limited(const leat_http_opts *opts)
{
    leat_http_server *s;

    T_ERR(leat_http_server_make(&s, say_ok, NULL, opts), 0);
    return s;
}

/* All that a server says to some bytes, after which it ends the connection. */
static void is_told(const leat_http_opts *opts, const char *bytes, const char *pin)
{
    leat_http_server *s = limited(opts);
    struct peer p = peer_saying(s, bytes);

    T_STRHAS(hear_all(&p), pin);
    T_STRHAS(p.got, "Connection: close\r\n");
    peer_free(&p);
    server_free(s);
}

T_TEST(wrong_heads_are_told_and_end_the_connection)
{
    static const struct {
        const char *bytes, *pin;
    } wrong[] = {
        {"hello\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
        {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "HTTP/1.1 505 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
         "chunked\r\n\r\n",
         "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
         "HTTP/1.1 400 "},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        is_told(NULL, wrong[i].bytes, wrong[i].pin);
}

T_TEST(heads_that_are_too_long_and_too_many_fields)
{
    const leat_http_opts opts = {.max_head = 6000, .max_fields = 5};
    char *text = malloc(8000);

    memset(text, 'a', 7999);
    memcpy(text, "GET /", 5);
    text[7999] = '\0';
    is_told(&opts, text, "HTTP/1.1 431 ");
    is_told(&opts, "GET / HTTP/1.1\r\nHost: a\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\n\r\n",
            "HTTP/1.1 431 ");
    /* One that needs more than the first buffer, and is not too long. */
    memcpy(text + 5, " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: ", 42);
    strcpy(text + 5500, "\r\n\r\n");
    is_told(&opts, text, "HTTP/1.1 200 ");
    free(text);
}

T_TEST(bodies_that_are_too_large)
{
    const leat_http_opts opts = {.max_body = 10};

    is_told(&opts, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n01234567890",
            "HTTP/1.1 413 ");
    is_told(&opts,
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
            "Expect: 100-continue\r\n\r\n",
            "HTTP/1.1 413 ");
    is_told(&opts,
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            "6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n",
            "HTTP/1.1 413 ");
    is_told(&opts,
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\n"
            "0123456789",
            "HTTP/1.1 200 ");
}

T_TEST(slow_clients_are_given_up)
{
    const leat_http_opts opts = {.head_timeout = 20 * LEAT_MILLISECOND,
                                 .body_timeout = 20 * LEAT_MILLISECOND,
                                 .idle_timeout = 20 * LEAT_MILLISECOND};
    leat_http_server *s;
    struct peer p;

    is_told(&opts, "GET / HTTP/1.1\r\nHos", "HTTP/1.1 408 ");
    is_told(&opts, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n012",
            "HTTP/1.1 408 ");
    is_told(&opts, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5",
            "HTTP/1.1 408 ");
    s = limited(&opts);
    p = peer_open(s); /* one that never says anything */
    T_STREQ(hear_all(&p), "");
    peer_free(&p);
    p = peer_saying(s, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); /* and one nothing more */
    T_STRHAS(hear_all(&p), "\r\n\r\nok\n");
    T_TRUE(!strstr(p.got, "Connection: close"));
    peer_free(&p);
    server_free(s);
}

static int write_result;

static void write_for_ever(leat_http_request *req, leat_http_response *res, void *arg)
{
    static const char block[65536];
    int64_t n;

    (void)req, (void)arg;
    do
        n = leat_http_write(res, block, sizeof block);
    while (n > 0);
    T_EQ(leat_http_write(res, block, 1), n);
    write_result = (int)n;
}

T_TEST(clients_that_do_not_read_are_given_up)
{
    const leat_http_opts opts = {.write_timeout = 20 * LEAT_MILLISECOND};
    leat_http_server *s;
    struct peer p;

    T_ERR(leat_http_server_make(&s, write_for_ever, NULL, &opts), 0);
    p = peer_open(s);
    say(&p, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    leat_waitgroup_wait(&peers_served);
    T_ERR(write_result, -ETIMEDOUT);
    peer_free(&p);
    write_result = 0;
    p = peer_open(s); /* one that goes away */
    say(&p, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    T_TRUE(peer_read(&p));
    peer_free(&p);
    leat_waitgroup_wait(&peers_served);
    T_TRUE(write_result == -EPIPE || write_result == -ECONNRESET);
    server_free(s);
}

T_TEST(clients_that_end_in_the_middle_leave_nothing)
{
    static const char text[] =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n0\r\n\r\n";
    leat_http_server *s = limited(NULL);

    for (size_t len = 0; len < sizeof text; len++) {
        struct peer p = peer_open(s);
        say_bytes(&p, text, len);
        peer_free(&p);
    }
    server_free(s);
}

/* ---- too many ---- */

struct served {
    leat_http_server *server;
    leat_waitgroup done;
    char address[64];
    int result;
};

static void serve_listener(struct served *s, leat_listener *l)
{
    s->result = leat_http_serve(s->server, l);
    leat_waitgroup_done(&s->done);
}

static void served_start(struct served *s, const leat_http_opts *opts)
{
    leat_listener *l;
    leat_addr addr;

    s->server = limited(opts);
    T_ERR(leat_listen(&l, "tcp", "127.0.0.1:0"), 0);
    T_ERR(leat_listener_addr(l, &addr), 0);
    leat_addr_format(&addr, s->address, sizeof s->address);
    leat_waitgroup_add(&s->done, 1);
    leat_go(serve_listener, s, l);
}

static void served_end(struct served *s)
{
    leat_http_shutdown(s->server);
    leat_waitgroup_wait(&s->done);
    T_ERR(s->result, -ESHUTDOWN);
    server_free(s->server);
}

static struct peer peer_dial(const char *address)
{
    leat_io *io;

    T_ERR(leat_dial(&io, "tcp", address), 0);
    return peer_on(io);
}

T_TEST(one_connection_too_many_is_answered_503)
{
    const leat_http_opts opts = {.max_conns = 2};
    struct served s = {0};
    struct peer p[3];

    served_start(&s, &opts);
    for (int i = 0; i < 2; i++) {
        p[i] = peer_dial(s.address);
        ask(&p[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "ok\n");
    }
    p[2] = peer_dial(s.address);
    say(&p[2], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    T_STRHAS(hear_all(&p[2]), "HTTP/1.1 503 Service Unavailable\r\n");
    ask(&p[0], "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "ok\n");
    for (int i = 0; i < 3; i++)
        peer_free(&p[i]);
    served_end(&s);
}

T_TEST(one_connection_too_many_waits_if_that_was_asked_for)
{
    const leat_http_opts opts = {.max_conns = 1, .wait_when_full = true};
    struct served s = {0};
    struct peer first, second;

    served_start(&s, &opts);
    first = peer_dial(s.address);
    ask(&first, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "ok\n");
    second = peer_dial(s.address);
    say(&second, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    T_EQ(leat_read_until(second.io, second.got, 1, leat_now() + 5 * LEAT_MILLISECOND),
         -ETIMEDOUT);
    T_EQ(leat_http_conns(s.server), 1);
    peer_free(&first);
    char *text = hear(&second);
    T_STRHAS(text, "ok\n");
    free(text);
    peer_free(&second);
    served_end(&s);
}
