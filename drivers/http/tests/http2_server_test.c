/* SPDX-License-Identifier: MIT */
/* http2_server_test.c - requests over HTTP/2, many on a connection, frame by frame. */
#define _GNU_SOURCE
#include "h2_util.h"

static leat_int_chan begun, go_on; /* of handlers that wait */

static void serve_parts(leat_http_response *res)
{
    int value;

    for (int i = 0; i < 3; i++) {
        T_GT(leat_http_printf(res, "part %d\n", i), 0);
        T_ERR(leat_http_flush(res), 0);
        leat_recv(go_on, &value);
    }
}

static void serve_asked(leat_http_request *req, leat_http_response *res)
{
    const char *name, *value;

    leat_http_printf(res, "%s %s %s HTTP/%d.%d %lld", leat_http_method(req),
                     leat_http_target(req), leat_http_host(req), leat_http_major(req),
                     leat_http_minor(req), (long long)leat_http_content_length(req));
    for (int i = 0; leat_http_header_at(req, i, &name, &value); i++)
        leat_http_printf(res, " %s=%s", name, value);
}

static void wait_for_context(leat_http_request *req)
{
    leat_send(begun, 1);
    T_NE(leat_sleep_ctx(leat_http_ctx(req), LEAT_HOUR), 0);
    leat_send(begun, leat_ctx_err(leat_http_ctx(req)));
}

/* What each path answers. */
static void serve_path(leat_http_request *req, leat_http_response *res, void *arg)
{
    const char *path = leat_http_path(req);
    int value;

    (void)arg;
    if (strcmp(path, "/hello") == 0) {
        T_EQ(leat_http_reply(res, 200, "text/plain", "hello\n", 6), 6);
    } else if (strcmp(path, "/asked") == 0) {
        serve_asked(req, res);
    } else if (strcmp(path, "/echo") == 0) {
        echo_body(req, res);
    } else if (strcmp(path, "/parts") == 0) {
        serve_parts(res);
    } else if (strcmp(path, "/empty") == 0) {
        T_ERR(leat_http_set_status(res, 204), 0);
    } else if (strcmp(path, "/wait") == 0) {
        leat_send(begun, 1);
        leat_recv(go_on, &value);
        leat_http_reply(res, 200, NULL, "done\n", 5);
    } else if (strcmp(path, "/context") == 0) {
        wait_for_context(req);
    } else if (strcmp(path, "/short") == 0) {
        leat_http_set_header(res, "Content-Length", "10");
        leat_http_write(res, "short", 5);
    } else if (strcmp(path, "/exit") == 0) {
        leat_exit();
    } else if (strcmp(path, "/close") == 0) {
        leat_http_close_after(res);
        leat_http_set_header(res, "Keep-Alive", "timeout=5");
        leat_http_reply(res, 200, NULL, "bye\n", 4);
    } else {
        leat_http_error(res, 404, NULL);
    }
}

static leat_http_server *server_new(const leat_http_opts *opts)
{
    leat_http_server *s;

    T_ERR(leat_http_server_make(&s, serve_path, NULL, opts), 0);
    return s;
}

/* ---- requests and answers ---- */

T_TEST(small_answers_have_their_length_one_after_the_other)
{
    leat_http_server *s = server_new(NULL);
    struct h2_peer h = h2_open(s);

    for (int32_t id = 1; id < 9; id += 2) {
        h2_gets(&h, id, "/hello", "content-type: text/plain\ncontent-length: 6\n", "hello\n");
        T_STRHAS(h.fields, ":status: 200\ndate: ");
    }
    h2_gets(&h, 9, "/none", ":status: 404\n", "Not Found\n");
    h2_gets(&h, 11, "/empty", ":status: 204\n", "");
    h2_ask_with(&h, 13, H2_ENDS, "HEAD", "/hello", NULL);
    char *body = h2_answer(&h, 13);
    T_STREQ(body, "");
    free(body);
    T_STRHAS(h.fields, "content-length: 6\n");
    h2_close(&h);
    server_free(s);
}

T_TEST(handlers_see_what_http1_shows_them)
{
    static const char *const fields[] = {"cookie", "a=1", "x-one",    "1", "cookie",
                                         "b=2",    "te",  "trailers", NULL};
    static const char *const sized[] = {"content-length", "2", NULL};
    leat_http_server *s = server_new(NULL);
    struct h2_peer h = h2_open(s);

    h2_ask_with(&h, 1, H2_ENDS, "GET", "/asked?q=%41", fields);
    char *body = h2_answer(&h, 1);
    T_STREQ(body, "GET /asked?q=%41 a HTTP/2.0 0 host=a cookie=a=1; b=2 x-one=1 te=trailers");
    free(body);
    h2_ask_with(&h, 3, 0, "POST", "/asked", NULL);
    body = h2_answer(&h, 3);
    T_STREQ(body, "POST /asked a HTTP/2.0 -1 host=a");
    free(body);
    hear_reset(&h, 3, NGHTTP2_NO_ERROR); /* its body was not asked for */
    h2_ask_with(&h, 5, 0, "POST", "/asked", sized);
    body = h2_answer(&h, 5);
    T_STREQ(body, "POST /asked a HTTP/2.0 2 host=a content-length=2");
    free(body);
    h2_close(&h);
    server_free(s);
}

T_TEST(bodies_come_in_frames_and_trailers_are_dropped)
{
    static const char *const expect[] = {"expect", "100-continue", NULL};
    leat_http_server *s = server_new(NULL);
    struct h2_peer h = h2_open(s);
    struct h2_block *b = calloc(1, sizeof *b);

    h2_ask_with(&h, 1, 0, "POST", "/echo", NULL);
    for (int i = 0; i < 10; i++)
        say_frame(&h, NGHTTP2_DATA, 0, 1, "some text ", 10);
    block_add(b, "trailer", "x");
    say_frame(&h, NGHTTP2_HEADERS, H2_ENDS | H2_WHOLE, 1, b->at, b->len);
    char *body = h2_answer(&h, 1);
    T_EQ(strlen(body), 100);
    free(body);
    h2_ask_with(&h, 3, 0, "POST", "/echo", expect);
    hear_type(&h, NGHTTP2_HEADERS);
    T_STREQ(h.fields, ":status: 100\n");
    say_frame(&h, NGHTTP2_DATA, H2_ENDS, 3, "asked for", 9);
    body = h2_answer(&h, 3);
    T_STREQ(body, "asked for");
    free(body);
    free(b);
    h2_close(&h);
    server_free(s);
}

T_TEST(a_stream_is_answered_while_another_waits)
{
    leat_scoped_chan(leat_int_chan, b, 0);
    leat_scoped_chan(leat_int_chan, g, 0);
    leat_http_server *s = server_new(NULL);
    struct h2_peer h = h2_open(s);
    int value;

    begun = b, go_on = g;
    h2_get(&h, 1, "/wait");
    leat_recv(begun, &value);
    h2_gets(&h, 3, "/hello", ":status: 200\n", "hello\n");
    leat_send(go_on, 1);
    char *body = h2_answer(&h, 1);
    T_STREQ(body, "done\n");
    free(body);
    h2_close(&h);
    server_free(s);
}

T_TEST(what_is_flushed_is_sent_before_the_handler_ends)
{
    leat_scoped_chan(leat_int_chan, g, 0);
    leat_http_server *s = server_new(NULL);
    struct h2_peer h = h2_open(s);
    char text[] = "part 0\n";

    go_on = g;
    h2_get(&h, 1, "/parts");
    for (int i = 0; i < 3; i++) {
        struct h2_frame f = hear_type(&h, NGHTTP2_DATA);
        text[5] = (char)('0' + i);
        T_EQ(f.len, 7);
        T_MEMEQ(f.at, text, 7);
        T_EQ(f.flags & H2_ENDS, 0);
        leat_send(go_on, 1);
    }
    T_EQ(hear_type(&h, NGHTTP2_DATA).flags & H2_ENDS, H2_ENDS);
    h2_close(&h);
    server_free(s);
}

/* ---- windows ---- */

T_TEST(no_more_is_sent_than_the_window_has_room_for)
{
    leat_http_server *s = server_new(NULL);
    struct h2_peer h = h2_open_window(s, 3);

    h2_get(&h, 1, "/hello");
    struct h2_frame f = hear_type(&h, NGHTTP2_DATA);
    T_EQ(f.len, 3);
    T_EQ(f.flags & H2_ENDS, 0);
    say_frame(&h, NGHTTP2_PING, 0, 0, "12345678", 8);
    hear_type(&h, NGHTTP2_PING); /* and nothing before it */
    say_word(&h, NGHTTP2_WINDOW_UPDATE, 1, 2);
    T_EQ(hear_type(&h, NGHTTP2_DATA).len, 2);
    say_word(&h, NGHTTP2_WINDOW_UPDATE, 1, 2);
    f = hear_type(&h, NGHTTP2_DATA);
    T_EQ(f.len, 1);
    T_EQ(f.flags & H2_ENDS, H2_ENDS);
    h2_close(&h);
    server_free(s);
}

T_TEST(a_client_that_opens_no_window_is_given_up)
{
    leat_http_server *s = server_new(&(leat_http_opts){.write_timeout = 20 * LEAT_MILLISECOND});
    struct h2_peer h = h2_open_window(s, 0);

    h2_get(&h, 1, "/hello");
    hear_reset(&h, 1, NGHTTP2_CANCEL);
    h2_close(&h);
    server_free(s);
}

static void send_much(leat_waitgroup *wg, struct h2_peer *h, size_t n)
{
    char *piece = calloc(1, 16384);

    for (; n > 0; n -= 16384)
        say_frame(h, NGHTTP2_DATA, 0, 1, piece, 16384);
    free(piece);
    leat_waitgroup_done(wg);
}

/* What a handler has not read is all that is accepted; what it has read may be sent again. */
T_TEST(windows_open_as_the_handler_reads)
{
    leat_scoped_chan(leat_int_chan, b, 0);
    leat_scoped_chan(leat_int_chan, g, 0);
    leat_http_server *s = server_new(NULL);
    struct h2_peer h = h2_open_window(s, 0x7fffffff);
    leat_waitgroup wg = {0};
    struct h2_frame f;
    size_t window = 256 * 1024, opened = 0, echoed = 0;

    begun = b, go_on = g;
    say_word(&h, NGHTTP2_WINDOW_UPDATE, 0, 0x7fffffff - 65535);
    h2_ask_with(&h, 1, 0, "POST", "/echo", NULL);
    leat_waitgroup_add(&wg, 1);
    leat_go(send_much, &wg, &h, window);
    while (echoed + 4096 < window) { /* so much the response keeps for later */
        T_TRUE(hear_frame(&h, &f));
        T_NE(f.type, NGHTTP2_GOAWAY);
        echoed += f.type == NGHTTP2_DATA ? f.len : 0;
        opened += f.type == NGHTTP2_WINDOW_UPDATE && f.id == 1 ? h2_word(f.at) : 0;
    }
    T_GE(opened, window / 2);
    leat_waitgroup_wait(&wg);
    h2_close(&h);
    /* One byte more than the window, and nobody reads. */
    h = h2_open(s);
    h2_ask_with(&h, 1, 0, "POST", "/wait", NULL);
    int value;
    leat_recv(begun, &value);
    leat_waitgroup_add(&wg, 1);
    leat_go(send_much, &wg, &h, window);
    leat_waitgroup_wait(&wg);
    say_frame(&h, NGHTTP2_DATA, 0, 1, "x", 1);
    hear_reset(&h, 1, NGHTTP2_FLOW_CONTROL_ERROR);
    leat_send(go_on, 1);
    h2_close(&h);
    server_free(s);
}

/* ---- ends ---- */

T_TEST(a_reset_or_a_disconnect_ends_the_context)
{
    leat_scoped_chan(leat_int_chan, b, 0);
    leat_http_server *s = server_new(NULL);
    struct h2_peer h = h2_open(s);
    int value;

    begun = b;
    h2_get(&h, 1, "/context");
    leat_recv(begun, &value);
    say_word(&h, NGHTTP2_RST_STREAM, 1, NGHTTP2_CANCEL);
    leat_recv(begun, &value);
    T_ERR(value, -ECANCELED);
    h2_get(&h, 3, "/context");
    leat_recv(begun, &value);
    h2_close(&h);
    leat_recv(begun, &value);
    T_ERR(value, -ECANCELED);
    server_free(s);
}

T_TEST(answers_that_end_too_early)
{
    leat_http_server *s = server_new(NULL);
    struct h2_peer h = h2_open(s);

    h2_get(&h, 1, "/short");
    T_EQ(hear_type(&h, NGHTTP2_DATA).len, 5);
    hear_reset(&h, 1, NGHTTP2_INTERNAL_ERROR);
    h2_get(&h, 3, "/exit");
    hear_reset(&h, 3, NGHTTP2_INTERNAL_ERROR);
    h2_ask_with(&h, 5, 0, "POST", "/hello", NULL); /* its body is not wanted */
    free(h2_answer(&h, 5));
    hear_reset(&h, 5, NGHTTP2_NO_ERROR);
    h2_gets(&h, 7, "/hello", ":status: 200\n", "hello\n");
    h2_close(&h);
    server_free(s);
}

T_TEST(a_handler_may_close_the_connection)
{
    leat_http_server *s = server_new(NULL);
    struct h2_peer h = h2_open(s);

    h2_get(&h, 1, "/close");
    struct h2_frame f = hear_type(&h, NGHTTP2_GOAWAY); /* before the answer */
    T_EQ(h2_word(f.at), 1);
    T_EQ(h2_word(f.at + 4), NGHTTP2_NO_ERROR);
    char *body = h2_answer(&h, 1);
    T_STREQ(body, "bye\n");
    free(body);
    T_TRUE(!strstr(h.fields, "keep-alive"));
    T_TRUE(!hear_frame(&h, &f));
    h2_close(&h);
    server_free(s);
}

/* ---- shutdown ---- */

static void shut_down(leat_waitgroup *wg, leat_http_server *s)
{
    leat_http_shutdown(s);
    leat_waitgroup_done(wg);
}

T_TEST(shutdown_says_goaway_and_finishes_what_was_begun)
{
    leat_scoped_chan(leat_int_chan, b, 0);
    leat_scoped_chan(leat_int_chan, g, 0);
    leat_http_server *s = server_new(NULL);
    struct h2_peer h = h2_open(s), idle = h2_open(s);
    leat_waitgroup wg = {0};
    int value;

    begun = b, go_on = g;
    h2_gets(&idle, 1, "/hello", ":status: 200\n", "hello\n");
    h2_get(&h, 1, "/wait");
    leat_recv(begun, &value);
    leat_waitgroup_add(&wg, 1);
    leat_go(shut_down, &wg, s);
    hear_goaway(&idle, NGHTTP2_NO_ERROR);
    h2_close(&idle);
    struct h2_frame f = hear_type(&h, NGHTTP2_GOAWAY);
    T_EQ(h2_word(f.at), 1);  /* the last that was taken */
    h2_get(&h, 3, "/hello"); /* is not */
    leat_send(go_on, 1);
    char *body = h2_answer(&h, 1);
    T_STREQ(body, "done\n");
    free(body);
    T_TRUE(!hear_frame(&h, &f));
    h2_close(&h);
    leat_waitgroup_wait(&wg);
    T_EQ(leat_http_conns(s), 0);
    server_free(s);
}

T_TEST(a_context_bounds_the_patience_of_shutdown)
{
    leat_scoped_chan(leat_int_chan, b, 0);
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, 5 * LEAT_MILLISECOND));
    leat_http_server *s = server_new(NULL);
    struct h2_peer h = h2_open(s);
    int value;

    begun = b;
    h2_get(&h, 1, "/context");
    leat_recv(begun, &value);
    T_ERR(leat_http_shutdown_ctx(ctx, s), -ETIMEDOUT);
    leat_recv(begun, &value); /* the request's context is over */
    T_ERR(value, -ECANCELED);
    h2_close(&h);
    server_free(s);
}

/* ---- what stands above ---- */

static void too_late(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)arg;
    T_NE(leat_sleep_ctx(leat_http_ctx(req), LEAT_HOUR), 0);
    T_ERR((int)leat_http_write(res, "late", 4), -ETIMEDOUT);
}

static void numbers(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)req, (void)arg;
    leat_http_set_header(res, "Content-Type", "text/plain");
    for (int i = 0; i < 5000; i++)
        leat_http_printf(res, "%d\n", i);
}

static void event(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)req, (void)arg;
    T_ERR(leat_http_events_begin(res), 0);
    T_ERR(leat_http_event(res, "tick", "1", "now"), 0);
}

T_TEST(middleware_is_the_same)
{
    static const char *const zipped[] = {"accept-encoding", "gzip", NULL};
    leat_http_timeout timeout = {.next = {too_late, NULL}, .after = LEAT_MILLISECOND};
    leat_http_gzip gzip = {.next = {numbers, NULL}};
    leat_http_server *s;
    leat_http_mux *mux;

    T_ERR(leat_http_mux_make(&mux), 0);
    leat_http_mux_handle(mux, "GET /late", leat_http_timeout_serve, &timeout);
    leat_http_mux_handle(mux, "GET /numbers", leat_http_gzip_serve, &gzip);
    leat_http_mux_handle(mux, "GET /events", event, NULL);
    T_ERR(leat_http_server_make(&s, leat_http_mux_serve, mux, NULL), 0);
    struct h2_peer h = h2_open(s);
    h2_get(&h, 1, "/late");
    free(h2_answer(&h, 1));
    T_STRHAS(h.fields, ":status: 503\n");
    h2_ask_with(&h, 3, H2_ENDS, "GET", "/numbers", zipped);
    char *body = h2_answer(&h, 3);
    T_STRHAS(h.fields, "content-encoding: gzip\n");
    T_MEMEQ(body, "\x1f\x8b", 2);
    free(body);
    h2_gets(&h, 5, "/events", "content-type: text/event-stream\n",
            "event: tick\nid: 1\ndata: now\n\n");
    h2_ask_with(&h, 7, H2_ENDS, "DELETE", "/numbers", NULL);
    free(h2_answer(&h, 7));
    T_STRHAS(h.fields, "allow: GET, HEAD\n");
    h2_close(&h);
    server_free(s);
    leat_http_mux_free(mux);
}

/* ---- many ---- */

static void many_streams(leat_waitgroup *wg, leat_http_server *s)
{
    struct h2_peer h = h2_open(s);
    int32_t id = 1;

    for (long round = 0; round < t_scale(20); round++) {
        int32_t n = 1 + (int32_t)(t_rand() % 50), ended = 0;
        for (int32_t i = 0; i < n; i++, id += 2)
            h2_get(&h, id, "/hello");
        while (ended < n) {
            struct h2_frame f;
            T_TRUE(hear_frame(&h, &f));
            T_TRUE(f.type != NGHTTP2_GOAWAY && f.type != NGHTTP2_RST_STREAM);
            ended += f.type == NGHTTP2_DATA && (f.flags & H2_ENDS);
        }
        h2_forget(&h);
    }
    h2_close(&h);
    leat_waitgroup_done(wg);
}

T_TEST(many_streams_on_some_connections)
{
    leat_http_server *s = server_new(NULL);
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 5);
    for (int i = 0; i < 5; i++)
        leat_go(many_streams, &wg, s);
    leat_waitgroup_wait(&wg);
    server_free(s);
}
