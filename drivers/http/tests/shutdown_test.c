/* SPDX-License-Identifier: MIT */
/* shutdown_test.c - servers that end: idle connections, busy ones, and those that do not stop. */
#define _GNU_SOURCE
#include <leat/net.h>

#include "http_util.h"

#define REQUEST "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

/* A handler that says when it has begun, and waits to be let go. */
struct gate {
    leat_int_chan begun, go_on;
};

static void wait_at_gate(leat_http_request *req, leat_http_response *res, void *arg)
{
    struct gate *g = arg;
    leat_ctx *ctx = leat_http_ctx(req);
    int value;

    leat_send(g->begun, 1);
    switch (leat_select(leat_case_recv(g->go_on, &value), leat_case_done(ctx))) {
    case 0:
        leat_http_reply(res, 200, NULL, "done\n", 5);
        break;
    default:
        leat_send(g->begun, leat_ctx_err(ctx));
        break;
    }
}

static void shut_down(leat_waitgroup *wg, leat_http_server *s)
{
    leat_http_shutdown(s);
    leat_waitgroup_done(wg);
}

T_TEST(idle_connections_end_and_busy_ones_finish)
{
    leat_scoped_chan(leat_int_chan, begun, 0);
    leat_scoped_chan(leat_int_chan, go_on, 0);
    struct gate gate = {begun, go_on};
    leat_http_server *s;
    leat_waitgroup wg = {0};
    int value;

    T_ERR(leat_http_server_make(&s, wait_at_gate, &gate, NULL), 0);
    struct peer idle = peer_open(s), busy = peer_open(s), fresh = peer_open(s);
    say(&idle, REQUEST);
    leat_recv(begun, &value);
    leat_send(go_on, 1);
    char *text = hear(&idle);
    T_STRHAS(text, "done\n");
    free(text);
    say(&busy, REQUEST REQUEST);
    leat_recv(begun, &value);
    leat_waitgroup_add(&wg, 1);
    leat_go(shut_down, &wg, s);
    T_STREQ(hear_all(&idle), "");
    T_STREQ(hear_all(&fresh), "");
    leat_send(go_on, 1);
    /* The first request is answered; the second was not begun. */
    text = strdup(hear_all(&busy));
    T_STRHAS(text, "done\n");
    T_TRUE(!strstr(text + 10, "HTTP/1.1"));
    free(text);
    leat_waitgroup_wait(&wg);
    T_EQ(leat_http_conns(s), 0);
    peer_free(&idle);
    peer_free(&busy);
    peer_free(&fresh);
    server_free(s);
}

T_TEST(a_context_bounds_the_patience_with_busy_ones)
{
    leat_scoped_chan(leat_int_chan, begun, 0);
    leat_scoped_chan(leat_int_chan, go_on, 0);
    struct gate gate = {begun, go_on};
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, 5 * LEAT_MILLISECOND));
    leat_http_server *s;
    int value;

    T_ERR(leat_http_server_make(&s, wait_at_gate, &gate, NULL), 0);
    struct peer busy = peer_open(s);
    say(&busy, REQUEST);
    leat_recv(begun, &value);
    T_ERR(leat_http_shutdown_ctx(ctx, s), -ETIMEDOUT);
    leat_recv(begun, &value); /* the request's context is over */
    T_ERR(value, -ECANCELED);
    T_STREQ(hear_all(&busy), "");
    peer_free(&busy);
    server_free(s);
}

static void read_for_ever(leat_http_request *req, leat_http_response *res, void *arg)
{
    char c;
    int64_t n;

    (void)res;
    leat_send((leat_int_chan)arg, 1);
    while ((n = leat_http_read(req, &c, 1)) > 0)
        continue;
    T_TRUE(n == -EBADF || n == -ENODATA);
}

T_TEST(close_ends_all_at_once)
{
    leat_scoped_chan(leat_int_chan, begun, 0);
    leat_http_server *s;
    int value;

    T_ERR(leat_http_server_make(&s, read_for_ever, (void *)begun, NULL), 0);
    struct peer busy = peer_open(s), idle = peer_open(s);
    say(&busy, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
    leat_recv(begun, &value);
    leat_http_server_close(s);
    T_STREQ(hear_all(&busy), "");
    T_STREQ(hear_all(&idle), "");
    peer_free(&busy);
    peer_free(&idle);
    server_free(s);
}

/* ---- with listeners ---- */

static void say_hi(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)req, (void)arg;
    leat_http_reply(res, 200, NULL, "hi\n", 3);
}

static void serve_until_end(leat_waitgroup *wg, leat_http_server *s, leat_listener *l)
{
    T_ERR(leat_http_serve(s, l), -ESHUTDOWN);
    leat_waitgroup_done(wg);
}

static void ask_until_refused(leat_waitgroup *wg, const char *address)
{
    leat_io *io;
    char buf[500];

    while (leat_dial(&io, "tcp", address) == 0) {
        bool answered = leat_write(io, REQUEST, sizeof REQUEST - 1) > 0 &&
                        leat_read(io, buf, sizeof buf) > 0;
        leat_io_free(io);
        if (!answered)
            break;
    }
    leat_waitgroup_done(wg);
}

T_TEST(a_server_that_ends_while_clients_come)
{
    for (long i = 0; i < t_scale(20); i++) {
        leat_http_server *s;
        leat_listener *l[2];
        leat_waitgroup wg = {0};
        char address[2][64];

        T_ERR(leat_http_server_make(&s, say_hi, NULL, NULL), 0);
        for (int k = 0; k < 2; k++) {
            leat_addr addr;
            T_ERR(leat_listen(&l[k], "tcp", "127.0.0.1:0"), 0);
            T_ERR(leat_listener_addr(l[k], &addr), 0);
            leat_addr_format(&addr, address[k], sizeof address[k]);
            leat_waitgroup_add(&wg, 2);
            leat_go(serve_until_end, &wg, s, l[k]);
            leat_go(ask_until_refused, &wg, address[k]);
        }
        leat_sleep((leat_duration)(t_rand() % 2000) * LEAT_MICROSECOND);
        leat_http_shutdown(s);
        leat_waitgroup_wait(&wg);
        T_EQ(leat_http_conns(s), 0);
        T_ERR(leat_listen(&l[0], "tcp", "127.0.0.1:0"), 0);
        T_ERR(leat_http_serve(s, l[0]), -ESHUTDOWN); /* it has ended for good */
        server_free(s);
    }
}
