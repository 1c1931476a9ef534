/* SPDX-License-Identifier: MIT */
/* server_test.c - requests and responses, byte by byte, over pairs of sockets. */
#define _GNU_SOURCE
#include "http_util.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

/* What each path answers. */
static void serve_path(leat_http_request *req, leat_http_response *res, void *arg)
{
    const char *path = leat_http_path(req);
    char *body, buf[100];
    int64_t n;

    (void)arg;
    if (strcmp(path, "/hello") == 0) {
        T_EQ(leat_http_reply(res, 200, "text/plain", "hello\n", 6), 6);
    } else if (strcmp(path, "/echo") == 0) {
        n = leat_http_read_all(req, &body);
        if (n < 0) {
            leat_http_error(res, 400, leat_strerror((int)n));
            return;
        }
        T_EQ(leat_http_write(res, body, (size_t)n), n);
        free(body);
    } else if (strcmp(path, "/bytewise") == 0) {
        while ((n = leat_http_read(req, buf, 1)) > 0)
            T_EQ(leat_http_write(res, buf, 1), 1);
        T_EQ(n, 0);
    } else if (strcmp(path, "/parts") == 0) {
        for (int i = 0; i < 3; i++) {
            T_GT(leat_http_printf(res, "part %d\n", i), 0);
            T_ERR(leat_http_flush(res), 0);
        }
    } else if (strcmp(path, "/empty") == 0) {
        T_ERR(leat_http_set_status(res, 204), 0);
    } else if (strcmp(path, "/query") == 0) {
        const char *value = leat_http_query_value(req, "q");
        leat_http_printf(res, "%s %s %s %s", leat_http_method(req), leat_http_host(req),
                         leat_http_query(req), value ? value : "none");
    } else {
        leat_http_error(res, 404, NULL);
    }
}

static leat_http_server *server_new(leat_http_func fn, const leat_http_opts *opts)
{
    leat_http_server *s;

    T_ERR(leat_http_server_make(&s, fn, NULL, opts), 0);
    return s;
}

T_TEST(a_small_answer_has_its_length_and_the_connection_is_kept)
{
    leat_http_server *s = server_new(serve_path, NULL);
    struct peer p = peer_open(s);

    for (int i = 0; i < 3; i++) {
        say(&p, GET("/hello"));
        char *text = hear(&p);
        T_TRUE(strncmp(text, "HTTP/1.1 200 OK\r\nDate: ", 23) == 0);
        T_STRHAS(text, " GMT\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n");
        free(text);
    }
    leat_http_shutdown(s);
    T_STREQ(hear_all(&p), "");
    peer_free(&p);
    server_free(s);
}

T_TEST(requests_in_one_piece_and_byte_by_byte_are_answered_in_order)
{
    static const char two[] =
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\ntw\r\n1;x=y\r\no\r\n0\r\nT: x\r\n\r\n" GET(
            "/hello") "GET /query?q=%41+b HTTP/1.1\r\nHost: x:1\r\n"
                      "Connection: close\r\n\r\n";

    for (int bytewise = 0; bytewise < 2; bytewise++) {
        leat_http_server *s = server_new(serve_path, NULL);
        struct peer p = peer_open(s);
        if (!bytewise)
            say(&p, two);
        for (size_t i = 0; bytewise && i < sizeof two - 1; i++)
            say_bytes(&p, two + i, 1);
        const char *all = hear_all(&p);
        const char *one = strstr(all, "\r\n\r\noneHTTP/1.1 200");
        T_TRUE(one != NULL);
        const char *next = strstr(one, "\r\n\r\ntwoHTTP/1.1 200");
        T_TRUE(next != NULL);
        next = strstr(next, "hello\nHTTP/1.1 200");
        T_TRUE(next != NULL);
        T_STRHAS(next, "Connection: close\r\n");
        T_STRHAS(next, "GET x:1 q=%41+b A b");
        peer_free(&p);
        server_free(s);
    }
}

T_TEST(parts_that_are_flushed_come_in_chunks)
{
    leat_http_server *s = server_new(serve_path, NULL);
    struct peer p = peer_open(s);

    say(&p, "GET /parts HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const char *text = hear_all(&p);
    T_STRHAS(text, "Transfer-Encoding: chunked\r\n");
    T_STRHAS(text, "\r\n\r\n7\r\npart 0\n\r\n7\r\npart 1\n\r\n7\r\npart 2\n\r\n0\r\n\r\n");
    peer_free(&p);
    server_free(s);
}

T_TEST(old_clients_get_no_chunks_and_keep_the_connection_if_they_ask)
{
    leat_http_server *s = server_new(serve_path, NULL);
    struct peer p = peer_open(s);

    ask(&p, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "Connection: keep-alive\r\n");
    say(&p, "GET /parts HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const char *text = hear_all(&p);
    T_STRHAS(text, "Connection: close\r\n\r\npart 0\npart 1\npart 2\n");
    T_TRUE(!strstr(text, "chunked"));
    peer_free(&p);
    p = peer_open(s);
    say(&p, "GET /hello HTTP/1.0\r\n\r\n");
    T_STRHAS(hear_all(&p), "Connection: close\r\n\r\nhello\n");
    peer_free(&p);
    server_free(s);
}

T_TEST(answers_without_a_body)
{
    leat_http_server *s = server_new(serve_path, NULL);
    struct peer p = peer_open(s);

    say(&p, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" GET(
                "/empty") "HEAD /parts HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const char *text = hear_all(&p);
    T_STRHAS(text, "Content-Length: 6\r\n\r\nHTTP/1.1 204 No Content\r\n");
    T_TRUE(!strstr(text, "hello\n"));
    T_TRUE(!strstr(text, "part 0"));
    T_TRUE(!strstr(strstr(text, " 204 "), "Content-Length: 0"));
    peer_free(&p);
    server_free(s);
}

T_TEST(a_client_that_waits_to_be_asked_is_asked)
{
    leat_http_server *s = server_new(serve_path, NULL);
    struct peer p = peer_open(s);

    say(&p,
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    char *text = hear(&p);
    T_STREQ(text, "HTTP/1.1 100 Continue\r\n\r\n");
    free(text);
    ask(&p, "body", "\r\n\r\nbody");
    /* A handler that does not want the body: the connection ends, for it may come or not. */
    say(&p,
        "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    T_STRHAS(hear_all(&p), "Connection: close\r\n\r\nhello\n");
    peer_free(&p);
    server_free(s);
}

T_TEST(what_a_handler_leaves_of_a_body_does_not_become_a_request)
{
    leat_http_server *s = server_new(serve_path, NULL);
    struct peer p = peer_open(s);

    say(&p, "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 47\r\n\r\n" GET(
                "/nowhere") "0123456789abc" GET("/hello") "( / HTTP/1.1\r\n\r\n");
    char *text = hear(&p);
    T_STRHAS(text, "hello\n");
    free(text);
    text = hear(&p);
    T_STRHAS(text, "hello\n");
    free(text);
    T_STRHAS(hear_all(&p), "HTTP/1.1 400 Bad Request");
    peer_free(&p);
    server_free(s);
}

T_TEST(large_bodies_go_through_both_ways)
{
    leat_http_server *s = server_new(serve_path, NULL);
    size_t size = 300000;
    char *body = malloc(size + 1), head[100];

    for (size_t i = 0; i < size; i++)
        body[i] = (char)('a' + i % 23);
    body[size] = '\0';
    for (int round = 0; round < 2; round++) {
        struct peer p = peer_open(s);
        snprintf(
            head, sizeof head,
            "POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
            round ? "/bytewise" : "/echo", round ? (size_t)3000 : size);
        say(&p, head);
        say_bytes(&p, body, round ? 3000 : size);
        const char *text = hear_all(&p);
        if (round) {
            T_STRHAS(text, "Content-Length: 3000\r\n");
            T_EQ(strncmp(strstr(text, "\r\n\r\n") + 4, body, 3000), 0);
        } else {
            /* One chunk after the other: what lies between is not compared here. */
            T_STRHAS(text, "Transfer-Encoding: chunked\r\n");
            T_GT(p.len, size);
        }
        peer_free(&p);
    }
    free(body);
    server_free(s);
}

/* ---- fields ---- */

static void check_fields(leat_http_request *req, leat_http_response *res, void *arg)
{
    const char *name, *value;
    char big[5000];
    int n = 0;

    (void)arg;
    while (leat_http_header_at(req, n, &name, &value))
        n++;
    T_EQ(n, 3);
    T_STREQ(leat_http_header(req, "x-one"), "1");
    T_TRUE(!leat_http_header(req, "x-none"));
    T_ERR(leat_http_set_header(res, "X-A", "1"), 0);
    T_ERR(leat_http_set_header(res, "x-a", "2"), 0);
    T_ERR(leat_http_add_header(res, "X-B", "1"), 0);
    T_ERR(leat_http_add_header(res, "X-B", "2"), 0);
    T_ERR(leat_http_set_header(res, "X-C", "3"), 0);
    T_ERR(leat_http_set_header(res, "X-C", NULL), 0);
    T_ERR(leat_http_set_header(res, "X-D", "a\r\nX-E: b"), -EINVAL);
    T_ERR(leat_http_set_header(res, "X D", "a"), -EINVAL);
    T_ERR(leat_http_set_header(res, "", "a"), -EINVAL);
    T_ERR(leat_http_set_header(res, "X-D", " a"), -EINVAL);
    T_ERR(leat_http_set_header(res, "Transfer-Encoding", "chunked"), -EINVAL);
    T_ERR(leat_http_set_header(res, "Connection", "upgrade"), -EINVAL);
    T_ERR(leat_http_set_header(res, "Content-Length", "-1"), -EINVAL);
    T_ERR(leat_http_set_status(res, 99), -EINVAL);
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    T_ERR(leat_http_set_header(res, "X-Big", big), 0);
    T_ERR(leat_http_set_header(res, "Content-Length", "4"), 0);
    T_EQ(leat_http_write(res, "12345", 5), -EMSGSIZE);
    T_EQ(leat_http_write(res, "1234", 4), 4);
    T_ERR(leat_http_flush(res), 0);
    T_TRUE(leat_http_head_sent(res));
    T_ERR(leat_http_set_header(res, "X-A", "3"), -EALREADY);
    T_ERR(leat_http_set_status(res, 500), -EALREADY);
    T_ERR(leat_http_error(res, 500, NULL), -EALREADY);
    T_EQ(leat_http_written(res), 4);
}

T_TEST(fields_are_set_added_taken_away_and_refused)
{
    leat_http_server *s = server_new(check_fields, NULL);
    struct peer p = peer_open(s);

    say(&p, "GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nConnection: close\r\n\r\n");
    const char *text = hear_all(&p);
    T_STRHAS(text, "x-a: 2\r\nX-B: 1\r\nX-B: 2\r\nX-Big: xxx");
    T_STRHAS(text, "xxx\r\nContent-Length: 4\r\nConnection: close\r\n\r\n1234");
    T_TRUE(!strstr(text, "X-C") && !strstr(text, "X-D") && !strstr(text, "X-E"));
    peer_free(&p);
    server_free(s);
}

static void promise_more(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)req, (void)arg;
    leat_http_set_header(res, "Content-Length", "10");
    leat_http_write(res, "1234", 4);
}

T_TEST(a_response_shorter_than_announced_ends_the_connection)
{
    leat_http_server *s = server_new(promise_more, NULL);
    struct peer p = peer_open(s);

    say(&p, GET("/") GET("/"));
    const char *text = hear_all(&p);
    T_STRHAS(text, "\r\n\r\n1234");
    T_TRUE(!strstr(text + 1, "HTTP/1.1"));
    peer_free(&p);
    server_free(s);
}

static void use_memory(leat_http_request *req, leat_http_response *res, void *arg)
{
    char *small = leat_http_alloc(req, 100), *large = leat_http_alloc(req, 100000);

    (void)arg;
    T_TRUE(small && large);
    memset(small, 1, 100);
    memset(large, 2, 100000);
    T_TRUE(!leat_ctx_err(leat_http_ctx(req)));
    T_EQ(leat_http_ctx(req), leat_http_ctx(req));
    leat_http_printf(res, "%0500d", 7);
}

T_TEST(memory_and_contexts_of_requests)
{
    leat_http_server *s = server_new(use_memory, NULL);
    struct peer p = peer_open(s);

    for (int i = 0; i < 5; i++)
        ask(&p, GET("/"), "Content-Length: 500\r\n");
    peer_free(&p);
    server_free(s);
}

static void many_requests(leat_waitgroup *wg, leat_http_server *s, long n)
{
    struct peer p = peer_open(s);

    for (long i = 0; i < n; i++)
        ask(&p, GET("/hello"), "\r\n\r\nhello\n");
    peer_free(&p);
    leat_waitgroup_done(wg);
}

T_TEST(many_connections_at_once)
{
    leat_http_server *s = server_new(serve_path, NULL);
    leat_waitgroup wg = {0};

    for (long i = 0; i < 100; i++) {
        leat_waitgroup_add(&wg, 1);
        leat_go(many_requests, &wg, s, t_scale(50));
    }
    leat_waitgroup_wait(&wg);
    server_free(s);
}
