/* SPDX-License-Identifier: MIT */
/* http2_client_test.c - the client over HTTP/2: against our server, and one that misbehaves. */
#define _GNU_SOURCE
#include <leat/net.h>
#include <stdatomic.h>

#include "h2_util.h"

/* A server on a free port. */
struct site {
    leat_http_server *server;
    leat_listener *listener;
    leat_waitgroup done;
    char address[LEAT_ADDR_TEXT], url[LEAT_ADDR_TEXT + 300];
    void (*first)(struct site *s, leat_io *io); /* what to do with the first connection, */
    bool always;                                /* or with each */
};

static atomic_int nconns, ninside, most;
static leat_int_chan noticed;

static void rest(leat_http_response *res)
{
    int n = atomic_fetch_add(&ninside, 1) + 1, before = atomic_load(&most);

    while (n > before && !atomic_compare_exchange_weak(&most, &before, n))
        continue;
    leat_sleep(LEAT_MILLISECOND);
    atomic_fetch_sub(&ninside, 1);
    leat_http_write(res, "rested", 6);
}

static void answer_path(leat_http_request *req, leat_http_response *res, void *arg)
{
    const char *path = leat_http_path(req);

    (void)arg;
    T_EQ(leat_http_major(req), 2);
    leat_http_set_header(res, "X-Method", leat_http_method(req));
    leat_http_set_header(res, "X-Agent", leat_http_header(req, "User-Agent"));
    if (strcmp(path, "/echo") == 0) {
        echo_body(req, res);
    } else if (strcmp(path, "/rest") == 0) {
        rest(res);
    } else if (strcmp(path, "/to") == 0) {
        leat_http_redirect(res, 302, "/hello?x=1");
    } else if (strcmp(path, "/bye") == 0) {
        leat_http_close_after(res);
        leat_http_write(res, "bye", 3);
    } else if (strcmp(path, "/cut") == 0) {
        leat_http_set_header(res, "Content-Length", "10");
        leat_http_write(res, "short", 5);
    } else if (strcmp(path, "/early") == 0) {
        leat_http_error(res, 413, NULL);
    } else if (strcmp(path, "/wait") == 0) {
        leat_http_flush(res);
        leat_send(noticed, 1);
        T_NE(leat_sleep_ctx(leat_http_ctx(req), LEAT_HOUR), 0);
        leat_send(noticed, leat_ctx_err(leat_http_ctx(req)));
    } else {
        leat_http_printf(res, "hello %s", leat_http_query(req));
    }
}

static void serve_conn(struct site *s, leat_io *io)
{
    leat_http_serve_conn(s->server, io);
    leat_waitgroup_done(&s->done);
}

static void serve_site(struct site *s)
{
    leat_io *io;

    while (leat_accept(s->listener, &io) == 0) {
        if ((atomic_fetch_add(&nconns, 1) == 0 || s->always) && s->first) {
            s->first(s, io);
            continue;
        }
        leat_waitgroup_add(&s->done, 1);
        leat_go(serve_conn, s, io);
    }
    leat_waitgroup_done(&s->done);
}

static void site_begin(struct site *s, const leat_http_opts *opts)
{
    leat_addr addr;

    atomic_store(&nconns, 0);
    atomic_store(&most, 0);
    T_ERR(leat_listen(&s->listener, "tcp", "127.0.0.1:0"), 0);
    T_ERR(leat_listener_addr(s->listener, &addr), 0);
    leat_addr_format(&addr, s->address, sizeof s->address);
    T_ERR(leat_http_server_make(&s->server, answer_path, NULL, opts), 0);
    leat_waitgroup_add(&s->done, 1);
    leat_go(serve_site, s);
}

static void site_end(struct site *s)
{
    leat_listener_close(s->listener);
    leat_http_server_close(s->server);
    leat_waitgroup_wait(&s->done);
    leat_http_server_free(s->server);
    leat_listener_free(s->listener);
}

static const char *at(struct site *s, const char *path)
{
    snprintf(s->url, sizeof s->url, "http://%s%s", s->address, path);
    return s->url;
}

static leat_http_client *client_new(void)
{
    leat_http_client *c;

    T_ERR(leat_http_client_make(&c, &(leat_http_client_opts){.http2 = true, .no_proxy = true}),
          0);
    return c;
}

static void gets(leat_http_client *c, struct site *s, const char *path, int status,
                 const char *want)
{
    leat_http_answer *a;

    T_ERR(leat_http_get(c, at(s, path), &a), 0);
    answered(a, status, want);
}

/* ---- answers ---- */

T_TEST(calls_one_after_the_other_share_a_connection)
{
    struct site s = {0};
    leat_http_client *c = client_new();
    leat_http_answer *a;
    const leat_http_field mine[] = {{"User-Agent", "me"}, {"X-Other", "1"}};

    site_begin(&s, NULL);
    for (int i = 0; i < 5; i++)
        gets(c, &s, "/hello?x=1", 200, "hello x=1");
    gets(c, &s, "/to", 200, "hello x=1");
    leat_http_call call = {.url = at(&s, "/hello"), .fields = mine, .nfields = 2};
    T_ERR(leat_http_do(NULL, c, &call, &a), 0);
    T_STREQ(leat_http_answer_header(a, "X-Agent"), "me");
    T_EQ(leat_http_answer_length(a), 6);
    answered(a, 200, "hello ");
    call = (leat_http_call){.url = at(&s, "/hello"), .method = "HEAD"};
    T_ERR(leat_http_do(NULL, c, &call, &a), 0);
    T_STREQ(leat_http_answer_header(a, "x-agent"), "leat");
    answered(a, 200, "");
    T_EQ(atomic_load(&nconns), 1);
    leat_http_client_free(c);
    site_end(&s);
}

T_TEST(fields_that_cannot_be_are_refused)
{
    static const leat_http_field wrong[] = {{"Connection", "close"},
                                            {"Keep-Alive", "1"},
                                            {":path", "/"},
                                            {"a", "b\r\nc: d"}};
    struct site s = {0};
    leat_http_client *c = client_new();
    leat_http_answer *a;

    site_begin(&s, NULL);
    for (int i = 0; i < 4; i++) {
        leat_http_call call = {.url = at(&s, "/"), .fields = &wrong[i], .nfields = 1};
        T_ERR(leat_http_do(NULL, c, &call, &a), -EINVAL);
    }
    gets(c, &s, "/hello", 200, "hello ");
    leat_http_client_free(c);
    site_end(&s);
}

T_TEST(answers_that_are_cut_or_early_leave_the_connection)
{
    struct site s = {0};
    leat_http_client *c = client_new();
    leat_http_answer *a;
    char *big = calloc(1, 1 << 20), *body;

    site_begin(&s, NULL);
    T_ERR(leat_http_get(c, at(&s, "/cut"), &a), 0);
    T_ERR((int)leat_http_answer_read_all(a, &body, 100), -ENODATA);
    leat_http_answer_free(a);
    leat_http_call call = {.url = at(&s, "/early"),
                           .body = big,
                           .body_len = 1 << 20,
                           .method = "POST"};
    T_ERR(leat_http_do(NULL, c, &call, &a), 0);
    answered(a, 413, "Content Too Large\n");
    /* One that nobody reads. */
    call.url = at(&s, "/echo");
    T_ERR(leat_http_do(NULL, c, &call, &a), 0);
    leat_http_answer_free(a);
    gets(c, &s, "/hello", 200, "hello ");
    T_EQ(atomic_load(&nconns), 1);
    leat_http_client_free(c);
    site_end(&s);
    free(big);
}

/* ---- bodies ---- */

struct source {
    uint64_t state;
    size_t left;
};

static uint64_t next_of(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* In pieces of different lengths. */
static int64_t read_source(void *buf, size_t n, void *arg)
{
    struct source *s = arg;
    size_t some = 1 + next_of(&s->state) % n;

    some = some < s->left ? some : s->left;
    for (size_t i = 0; i < some; i++)
        ((uint8_t *)buf)[i] = (uint8_t)(s->left - i);
    s->left -= some;
    return (int64_t)some;
}

/* What comes back must be what read_source has said. */
static void echoed(leat_http_answer *a, size_t size)
{
    uint8_t buf[30000];
    size_t left = size;
    int64_t n;

    while ((n = leat_http_answer_read(a, buf, sizeof buf)) > 0) {
        for (int64_t i = 0; i < n; i++)
            if (buf[i] != (uint8_t)(left - (size_t)i))
                T_FAIL("byte %zu is wrong", size - left + (size_t)i);
        left -= (size_t)n;
    }
    T_EQ(n, 0);
    T_EQ(left, 0);
    leat_http_answer_free(a);
}

T_TEST(long_bodies_go_both_ways_at_once)
{
    size_t size = (size_t)t_scale(10 << 20);
    struct source whole = {t_rand() | 1, size}, bits = whole;
    struct site s = {0};
    leat_http_client *c = client_new();
    leat_http_answer *a;
    uint8_t *body = malloc(size);

    for (size_t i = 0; i < size; i++)
        body[i] = (uint8_t)(size - i);
    site_begin(&s, NULL);
    leat_http_call call = {.url = at(&s, "/echo"),
                           .method = "POST",
                           .body = body,
                           .body_len = size};
    T_ERR(leat_http_do(NULL, c, &call, &a), 0);
    echoed(a, size);
    call = (leat_http_call){.url = at(&s, "/echo"),
                            .method = "PUT",
                            .read_body = read_source,
                            .arg = &bits};
    T_ERR(leat_http_do(NULL, c, &call, &a), 0);
    echoed(a, size);
    T_EQ(atomic_load(&nconns), 1);
    leat_http_client_free(c);
    site_end(&s);
    free(body);
}

/* ---- many ---- */

static void call_rest(leat_waitgroup *wg, leat_http_client *c, const char *url)
{
    leat_http_answer *a;

    T_ERR(leat_http_get(c, url, &a), 0);
    answered(a, 200, "rested");
    leat_waitgroup_done(wg);
}

T_TEST(no_more_streams_at_once_than_the_server_allows)
{
    struct site s = {0};
    leat_http_client *c = client_new();
    leat_waitgroup wg = {0};

    site_begin(&s, &(leat_http_opts){.max_streams = 3});
    gets(c, &s, "/hello", 200, "hello ");
    at(&s, "/rest");
    leat_waitgroup_add(&wg, 30);
    for (int i = 0; i < 30; i++)
        leat_go(call_rest, &wg, c, s.url);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&nconns), 1);
    T_TRUE(atomic_load(&most) <= 3);
    leat_http_client_free(c);
    site_end(&s);
}

T_TEST(many_first_calls_at_once)
{
    struct site s = {0};
    leat_http_client *c = client_new();
    leat_waitgroup wg = {0};

    site_begin(&s, NULL);
    at(&s, "/rest");
    leat_waitgroup_add(&wg, 20);
    for (int i = 0; i < 20; i++)
        leat_go(call_rest, &wg, c, s.url);
    leat_waitgroup_wait(&wg);
    leat_http_client_free(c);
    site_end(&s);
}

/* ---- ends ---- */

static void cancel_when_noticed(leat_ctx *ctx)
{
    int value;

    leat_recv(noticed, &value);
    leat_ctx_cancel(ctx);
}

T_TEST(a_context_resets_the_stream_and_no_other)
{
    leat_scoped_chan(leat_int_chan, ch, 0);
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    struct site s = {0};
    leat_http_client *c = client_new();
    leat_http_answer *a;
    char buf[10];
    int value;

    noticed = ch;
    site_begin(&s, NULL);
    T_ERR(leat_http_get_ctx(ctx, c, at(&s, "/wait"), &a), 0);
    leat_go(cancel_when_noticed, ctx);
    T_ERR((int)leat_http_answer_read(a, buf, sizeof buf), -ECANCELED);
    T_ERR((int)leat_http_answer_read(a, buf, sizeof buf), -ECANCELED);
    leat_http_answer_free(a);
    leat_recv(noticed, &value); /* the handler hears of it */
    T_ERR(value, -ECANCELED);
    T_ERR(leat_http_get_ctx(ctx, c, at(&s, "/hello"), &a), -ECANCELED);
    gets(c, &s, "/hello", 200, "hello ");
    T_EQ(atomic_load(&nconns), 1);
    leat_http_client_free(c);
    site_end(&s);
}

T_TEST(after_a_goaway_the_next_call_dials)
{
    struct site s = {0};
    leat_http_client *c = client_new();

    site_begin(&s, NULL);
    gets(c, &s, "/bye", 200, "bye");
    gets(c, &s, "/hello", 200, "hello ");
    leat_http_client_close_idle(c);
    gets(c, &s, "/hello", 200, "hello ");
    T_EQ(atomic_load(&nconns), 3);
    leat_http_client_free(c);
    site_end(&s);
}

/* Takes a preface and one request, and says that it has not begun with it. */
static void refuse_first(leat_io *io, uint8_t type)
{
    static const char settings[9] = {0, 0, 0, NGHTTP2_SETTINGS};
    static const char goaway[17] = {0, 0, 8, NGHTTP2_GOAWAY};
    static const char reset[13] = {0, 0, 4, NGHTTP2_RST_STREAM, 0, 0, 0, 0, 1, 0, 0, 0, 7};
    struct h2_peer h = {.p = peer_on(io)};
    struct h2_frame f = {0};

    while (h.p.len < 24)
        T_TRUE(peer_read(&h.p));
    h.p.used = 24;
    T_EQ(leat_write(io, settings, sizeof settings), sizeof settings);
    while (f.type != NGHTTP2_HEADERS)
        T_TRUE(hear_frame(&h, &f));
    if (type == NGHTTP2_GOAWAY)
        T_EQ(leat_write(io, goaway, sizeof goaway), sizeof goaway);
    else
        T_EQ(leat_write(io, reset, sizeof reset), sizeof reset);
    while (type == NGHTTP2_RST_STREAM && hear_frame(&h, &f) && f.type != NGHTTP2_HEADERS)
        continue; /* the second try comes over the same connection, and is cut off */
    peer_free(&h.p);
}

static void goaway_first(struct site *s, leat_io *io)
{
    (void)s;
    refuse_first(io, NGHTTP2_GOAWAY);
}

static void reset_first(struct site *s, leat_io *io)
{
    (void)s;
    refuse_first(io, NGHTTP2_RST_STREAM);
}

static void posts_in_spite_of(void (*first)(struct site *s, leat_io *io), bool always, int want)
{
    struct site s = {.first = first, .always = always};
    leat_http_client *c = client_new();
    leat_http_answer *a;

    site_begin(&s, NULL);
    leat_http_call call = {.url = at(&s, "/echo"),
                           .method = "POST",
                           .body = "text",
                           .body_len = 4};
    int err = leat_http_do(NULL, c, &call, &a);
    if (want == -EPROTO && err == -ENODATA) /* it was gone before we could find out */
        err = want;
    T_ERR(err, want);
    if (err == 0)
        answered(a, 200, "text");
    leat_http_client_free(c);
    site_end(&s);
}

T_TEST(a_request_that_was_not_begun_is_sent_again)
{
    posts_in_spite_of(goaway_first, false, 0);
    /* Sent again, and then cut off: the server may have begun with it, and POST is not repeated. */
    posts_in_spite_of(reset_first, false, -ENODATA);
}

/* Not HTTP/2 at all. */
static void speak_http1(struct site *s, leat_io *io)
{
    static const char text[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

    (void)s;
    leat_write(io, text, sizeof text - 1);
    leat_io_shutdown(io, LEAT_WRITE);
    struct peer p = peer_on(io);
    hear_all(&p);
    peer_free(&p);
}

T_TEST(a_server_that_does_not_speak_it)
{
    posts_in_spite_of(speak_http1, true, -EPROTO);
}
