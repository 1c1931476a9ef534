/* SPDX-License-Identifier: MIT */
/* http2_frames_test.c - clients of HTTP/2 that are wrong, greedy or hostile, frame by frame. */
#define _GNU_SOURCE
#include <stdatomic.h>

#include "h2_util.h"

static atomic_int nbegun;

static void read_and_count(leat_http_request *req, leat_http_response *res, void *arg)
{
    char *body;
    int64_t n;

    (void)arg;
    atomic_fetch_add(&nbegun, 1);
    n = leat_http_read_all(req, &body);
    if (n < 0) {
        leat_http_error(res, n == -E2BIG ? 413 : n == -ETIMEDOUT ? 408 : 400, NULL);
        return;
    }
    leat_http_printf(res, "%lld bytes\n", (long long)n);
    free(body);
}

static leat_http_server *server_with(const leat_http_opts *opts)
{
    leat_http_server *s;

    atomic_store(&nbegun, 0);
    T_ERR(leat_http_server_make(&s, read_and_count, NULL, opts), 0);
    return s;
}

/* ---- frames that end the connection ---- */

struct wrong {
    const char *what;
    void (*say)(struct h2_peer *h);
    uint32_t code;
};

static void no_settings(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void ping_of_seven(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    say_frame(h, NGHTTP2_PING, 0, 0, "1234567", 7);
}

static void settings_of_five(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "12345", 5);
}

static void frame_that_is_too_long(struct h2_peer *h)
{
    char *zeros = calloc(1, 16385);

    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    h2_ask_with(h, 1, 0, "POST", "/", NULL);
    say_frame(h, NGHTTP2_DATA, 0, 1, zeros, 16385);
    free(zeros);
}

static void data_on_idle_stream(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    say_frame(h, NGHTTP2_DATA, 0, 1, "x", 1);
}

static void head_on_stream_zero(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    h2_get(h, 0, "/");
}

static void even_stream(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    h2_get(h, 2, "/");
}

static void older_stream(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    h2_ask_with(h, 5, 0, "POST", "/", NULL);
    h2_get(h, 3, "/");
}

static void reset_of_idle_stream(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    say_word(h, NGHTTP2_RST_STREAM, 1, NGHTTP2_CANCEL);
}

static void index_that_is_not_there(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    say_frame(h, NGHTTP2_HEADERS, H2_ENDS | H2_WHOLE, 1, "\xff\x80\x01", 3);
}

static void table_that_is_too_large(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    say_frame(h, NGHTTP2_HEADERS, H2_ENDS | H2_WHOLE, 1, "\x3f\xff\xff\x01", 4);
}

static void window_of_nothing_more(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    say_word(h, NGHTTP2_WINDOW_UPDATE, 0, 0);
}

static void window_that_overflows(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    say_word(h, NGHTTP2_WINDOW_UPDATE, 0, 0x7fffffff);
}

static void initial_window_that_overflows(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "\0\4\x80\0\0\0", 6);
}

static void continuation_of_nothing(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    say_frame(h, NGHTTP2_CONTINUATION, H2_WHOLE, 1, "", 0);
}

static void head_that_is_interrupted(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    say_frame(h, NGHTTP2_HEADERS, H2_ENDS, 1, "", 0);
    say_frame(h, NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void promise_of_a_client(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    say_frame(h, NGHTTP2_PUSH_PROMISE, H2_WHOLE, 1, "\0\0\0\2", 4);
}

static void padding_that_is_too_long(struct h2_peer *h)
{
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    h2_ask_with(h, 1, 0, "POST", "/", NULL);
    say_frame(h, NGHTTP2_DATA, 8, 1, "\x05xx", 3);
}

T_TEST(wrong_frames_are_named_and_end_the_connection)
{
    static const struct wrong wrong[] = {
        {"no settings first", no_settings, NGHTTP2_PROTOCOL_ERROR},
        {"a ping of seven bytes", ping_of_seven, NGHTTP2_FRAME_SIZE_ERROR},
        {"settings of five bytes", settings_of_five, NGHTTP2_FRAME_SIZE_ERROR},
        {"a frame that is too long", frame_that_is_too_long, NGHTTP2_FRAME_SIZE_ERROR},
        {"data on an idle stream", data_on_idle_stream, NGHTTP2_PROTOCOL_ERROR},
        {"a head on stream 0", head_on_stream_zero, NGHTTP2_PROTOCOL_ERROR},
        {"an even stream", even_stream, NGHTTP2_PROTOCOL_ERROR},
        {"an older stream", older_stream, NGHTTP2_PROTOCOL_ERROR},
        {"a reset of an idle stream", reset_of_idle_stream, NGHTTP2_PROTOCOL_ERROR},
        {"an index that is not there", index_that_is_not_there, NGHTTP2_COMPRESSION_ERROR},
        {"a table that is too large", table_that_is_too_large, NGHTTP2_COMPRESSION_ERROR},
        {"a window of nothing more", window_of_nothing_more, NGHTTP2_PROTOCOL_ERROR},
        {"a window that overflows", window_that_overflows, NGHTTP2_FLOW_CONTROL_ERROR},
        {"a first window that overflows", initial_window_that_overflows,
         NGHTTP2_FLOW_CONTROL_ERROR},
        {"a continuation of nothing", continuation_of_nothing, NGHTTP2_PROTOCOL_ERROR},
        {"a head that is interrupted", head_that_is_interrupted, NGHTTP2_PROTOCOL_ERROR},
        {"a promise of a client's", promise_of_a_client, NGHTTP2_PROTOCOL_ERROR},
        {"padding that is too long", padding_that_is_too_long, NGHTTP2_PROTOCOL_ERROR},
    };
    leat_http_server *s = server_with(NULL);

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        T_LOG("%s", wrong[i].what);
        struct h2_peer h = h2_begin(s);
        wrong[i].say(&h);
        hear_goaway(&h, wrong[i].code);
        h2_close(&h);
    }
    server_free(s);
}

T_TEST(a_preface_that_goes_wrong_ends_the_connection)
{
    leat_http_server *s = server_with(NULL);
    struct peer p = peer_saying(s, H2_FIRST_HALF "XX\r\n\r\n");

    hear_all(&p);
    peer_free(&p);
    p = peer_saying(s, H2_FIRST_HALF);
    T_EQ(leat_io_shutdown(p.io, LEAT_WRITE), 0);
    hear_all(&p);
    peer_free(&p);
    /* Not the first thing on its connection, or not wanted at all. */
    p = peer_saying(s, "GET / HTTP/1.1\r\nHost: a\r\n\r\n" H2_PREFACE);
    T_STRHAS(hear_all(&p), "HTTP/1.1 505 ");
    peer_free(&p);
    server_free(s);
    s = server_with(&(leat_http_opts){.no_http2 = true});
    p = peer_saying(s, H2_PREFACE);
    T_STRHAS(hear_all(&p), "HTTP/1.1 505 ");
    peer_free(&p);
    server_free(s);
}

/* ---- frames that end a stream ---- */

T_TEST(wrong_requests_are_reset_and_others_go_on)
{
    static const char *const upper[] = {"Upper", "x", NULL};
    static const char *const connection[] = {"connection", "close", NULL};
    static const char *const late_pseudo[] = {"a", "b", ":path", "/", NULL};
    static const char *const te[] = {"te", "gzip", NULL};
    static const char *const not_long_enough[] = {"content-length", "1", NULL};
    static const char *const *const more[] = {upper, connection, late_pseudo, te,
                                              not_long_enough};
    leat_http_server *s = server_with(NULL);
    struct h2_peer h = h2_open(s);
    int32_t id = 1;

    for (size_t i = 0; i < sizeof more / sizeof *more; i++, id += 2) {
        h2_ask_with(&h, id, H2_ENDS, "GET", "/", more[i]);
        hear_reset(&h, id, NGHTTP2_PROTOCOL_ERROR);
    }
    h2_ask_with(&h, id, 0, "POST", "/", NULL);
    say_word(&h, NGHTTP2_WINDOW_UPDATE, id, 0x7fffffff);
    hear_reset(&h, id, NGHTTP2_FLOW_CONTROL_ERROR);
    id += 2;
    h2_gets(&h, id, "/", ":status: 200\n", "0 bytes\n");
    h2_close(&h);
    server_free(s);
}

T_TEST(requests_that_http1_would_refuse_are_refused)
{
    static const char *const two_hosts[] = {"host", "other", NULL};
    static const char *const same_host[] = {"host", "a", NULL};
    leat_http_server *s = server_with(NULL);
    struct h2_peer h = h2_open(s);

    h2_gets(&h, 1, "/%zz", ":status: 400\n", "Bad Request\n");
    h2_ask_with(&h, 3, H2_ENDS, "GET", "/", two_hosts);
    free(h2_answer(&h, 3));
    T_STRHAS(h.fields, ":status: 400\n");
    h2_ask_with(&h, 5, H2_ENDS, "GET", "/", same_host);
    free(h2_answer(&h, 5));
    T_STRHAS(h.fields, ":status: 200\n");
    h2_close(&h);
    server_free(s);
}

/* ---- limits ---- */

T_TEST(heads_and_bodies_that_are_too_large)
{
    const leat_http_opts opts = {.max_head = 6000, .max_fields = 8, .max_body = 10};
    static const char *const many[] = {"a", "b", "a", "b", "a", "b", "a", "b", "a",
                                       "b", "a", "b", "a", "b", "a", "b", NULL};
    static const char *const announced[] = {"content-length", "11", NULL};
    char *text = calloc(1, 7001);
    const char *const large[] = {"large", memset(text, 'a', 7000), NULL};
    leat_http_server *s = server_with(&opts);
    struct h2_peer h = h2_open(s);

    h2_ask_with(&h, 1, H2_ENDS, "GET", "/", large);
    free(h2_answer(&h, 1));
    T_STRHAS(h.fields, ":status: 431\n");
    h2_ask_with(&h, 3, H2_ENDS, "GET", "/", many);
    free(h2_answer(&h, 3));
    T_STRHAS(h.fields, ":status: 431\n");
    h2_ask_with(&h, 5, 0, "POST", "/", announced);
    free(h2_answer(&h, 5));
    T_STRHAS(h.fields, ":status: 413\n");
    hear_reset(&h, 5, NGHTTP2_NO_ERROR);
    T_EQ(atomic_load(&nbegun), 0);
    h2_ask_with(&h, 7, 0, "POST", "/", NULL);
    say_frame(&h, NGHTTP2_DATA, H2_ENDS, 7, "01234567890", 11);
    free(h2_answer(&h, 7));
    T_STRHAS(h.fields, ":status: 413\n");
    h2_ask_with(&h, 9, 0, "POST", "/", NULL);
    say_frame(&h, NGHTTP2_DATA, H2_ENDS, 9, "0123456789", 10);
    free(h2_answer(&h, 9));
    T_STRHAS(h.fields, ":status: 200\n");
    h2_close(&h);
    server_free(s);
    free(text);
}

T_TEST(slow_clients_are_given_up)
{
    const leat_http_opts head = {.head_timeout = 20 * LEAT_MILLISECOND},
                         body = {.body_timeout = 20 * LEAT_MILLISECOND};
    leat_http_server *s = server_with(&head);
    struct h2_peer h = h2_begin(s); /* no settings come */

    hear_goaway(&h, NGHTTP2_ENHANCE_YOUR_CALM);
    h2_close(&h);
    h = h2_open(s); /* a head that does not end */
    say_frame(&h, NGHTTP2_HEADERS, H2_ENDS, 1, "", 0);
    hear_goaway(&h, NGHTTP2_ENHANCE_YOUR_CALM);
    h2_close(&h);
    server_free(s);
    s = server_with(&body);
    h = h2_open(s); /* a body that does not */
    h2_ask_with(&h, 1, 0, "POST", "/", NULL);
    free(h2_answer(&h, 1));
    T_STRHAS(h.fields, ":status: 408\n");
    hear_reset(&h, 1, NGHTTP2_NO_ERROR);
    h2_close(&h);
    server_free(s);
}

T_TEST(an_idle_connection_ends_however_often_it_pings)
{
    const leat_http_opts opts = {.idle_timeout = 20 * LEAT_MILLISECOND};
    leat_http_server *s = server_with(&opts);
    struct h2_peer h = h2_open(s);
    struct h2_frame f;

    h2_gets(&h, 1, "/", ":status: 200\n", "0 bytes\n");
    do {
        say_frame(&h, NGHTTP2_PING, 0, 0, "12345678", 8);
        T_TRUE(hear_frame(&h, &f));
        leat_sleep(LEAT_MILLISECOND); /* the allowance of cheap frames is another test's */
    } while (f.type != NGHTTP2_GOAWAY);
    T_EQ(h2_word(f.at + 4), NGHTTP2_NO_ERROR);
    h2_close(&h);
    server_free(s);
}

/* ---- floods ---- */

static void flood_of_pings(struct h2_peer *h, int32_t i)
{
    (void)i;
    say_frame(h, NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void flood_of_settings(struct h2_peer *h, int32_t i)
{
    (void)i;
    say_frame(h, NGHTTP2_SETTINGS, 0, 0, "", 0);
}

static void flood_of_priorities(struct h2_peer *h, int32_t i)
{
    say_frame(h, NGHTTP2_PRIORITY, 0, 2 * i + 3, "\0\0\0\1\0", 5);
}

static void flood_of_empty_data(struct h2_peer *h, int32_t i)
{
    if (i == 0)
        h2_ask_with(h, 1, 0, "POST", "/", NULL);
    say_frame(h, NGHTTP2_DATA, 0, 1, "", 0);
}

/* Rapid reset, CVE-2023-44487. */
static void flood_of_resets(struct h2_peer *h, int32_t i)
{
    h2_ask_with(h, 2 * i + 1, 0, "POST", "/", NULL);
    say_word(h, NGHTTP2_RST_STREAM, 2 * i + 1, NGHTTP2_CANCEL);
}

/* A head that never ends, CVE-2024-27316. */
static void flood_of_continuations(struct h2_peer *h, int32_t i)
{
    struct h2_block *b = malloc(sizeof *b);

    b->len = 0;
    if (i == 0)
        h2_head(b, "GET", "/", NULL);
    else
        block_add(b, "name", "value");
    say_frame(h, i == 0 ? NGHTTP2_HEADERS : NGHTTP2_CONTINUATION, 0, 1, b->at, b->len);
    free(b);
}

/* What the server says is read beside, else both would wait. */
static void hear_the_end(struct h2_peer *h, leat_waitgroup *wg)
{
    struct h2_frame f;

    while (hear_frame(h, &f))
        h2_forget(h);
    leat_waitgroup_done(wg);
}

static void floods(void (*flood)(struct h2_peer *h, int32_t i))
{
    leat_http_server *s = server_with(&(leat_http_opts){.max_streams = 10});
    struct h2_peer h = h2_open(s);
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 1);
    leat_go(hear_the_end, &h, &wg);
    for (int32_t i = 0; i < 3000; i++)
        flood(&h, i);
    leat_waitgroup_wait(&wg); /* it ends, though the client does not */
    h2_close(&h);
    server_free(s);
}

T_TEST(floods_end_the_connection)
{
    floods(flood_of_pings);
    floods(flood_of_settings);
    floods(flood_of_priorities);
    floods(flood_of_empty_data);
    floods(flood_of_continuations);
    floods(flood_of_resets);
    T_TRUE(atomic_load(&nbegun) <= 1100);
}

/* Handlers that do not look at their context are not more for resetting their streams. */
static leat_int_chan gate;
static atomic_int ninside, most;

static void wait_at_gate(leat_http_request *req, leat_http_response *res, void *arg)
{
    int n = atomic_fetch_add(&ninside, 1) + 1, value;

    (void)req, (void)res, (void)arg;
    if (n > atomic_load(&most))
        atomic_store(&most, n);
    leat_recv(gate, &value);
    atomic_fetch_sub(&ninside, 1);
}

T_TEST(resets_do_not_buy_more_handlers)
{
    leat_scoped_chan(leat_int_chan, c, 0);
    leat_http_server *s;

    gate = c;
    T_ERR(leat_http_server_make(&s, wait_at_gate, NULL, &(leat_http_opts){.max_streams = 4}),
          0);
    struct h2_peer h = h2_open(s);
    for (int32_t i = 0; i < 40; i++)
        flood_of_resets(&h, i);
    hear_reset(&h, 17, NGHTTP2_REFUSED_STREAM); /* the ninth */
    say_frame(&h, NGHTTP2_PING, 0, 0, "12345678", 8);
    hear_type(&h, NGHTTP2_PING);
    leat_close(gate);
    h2_close(&h);
    server_free(s);
    T_TRUE(atomic_load(&most) <= 8);
}

T_TEST(streams_beyond_the_limit_are_not_served)
{
    leat_scoped_chan(leat_int_chan, c, 0);
    leat_http_server *s;
    struct h2_frame f = {0};

    gate = c;
    T_ERR(leat_http_server_make(&s, wait_at_gate, NULL, &(leat_http_opts){.max_streams = 4}),
          0);
    struct h2_peer h = h2_open(s);
    for (int32_t i = 0; i < 5; i++)
        h2_get(&h, 2 * i + 1, "/");
    while (f.type != NGHTTP2_RST_STREAM && f.type != NGHTTP2_GOAWAY)
        T_TRUE(hear_frame(&h, &f));
    leat_close(gate);
    h2_close(&h);
    server_free(s);
    T_TRUE(atomic_load(&most) <= 4);
}
