/* SPDX-License-Identifier: MIT */
/* mux_test.c - which pattern answers which request, and what is answered without one. */
#define _GNU_SOURCE
#include "http_util.h"

/* Says which pattern was chosen, and for what its wildcards stood. */
static void say_pattern(leat_http_request *req, leat_http_response *res, void *arg)
{
    static const char *const names[] = {"id", "name", "rest"};

    (void)arg;
    leat_http_printf(res, "[%s]", leat_http_pattern(req));
    for (int i = 0; i < 3; i++) {
        const char *value = leat_http_path_value(req, names[i]);
        if (value)
            leat_http_printf(res, " %s=%s", names[i], value);
    }
}

static const char *const patterns[] = {
    "/",
    "GET /items/{id}",
    "DELETE /items/{id}",
    "POST /items",
    "GET /items/new",
    "GET /items/{id}/parts/{name}",
    "/files/{rest...}",
    "/dir/",
    "/dir/exact/{$}",
    "example.org/",
    "example.org/items/new",
    "HEAD /headed",
    "GET /headed",
};

enum { PATTERNS = sizeof patterns / sizeof *patterns };

static const struct {
    const char *method, *host, *path, *want;
} asked[] = {
    {"GET", "a", "/", "200 [/]"},
    {"GET", "a", "/nothing/like/that", "200 [/]"},
    {"GET", "a", "/items/7", "200 [GET /items/{id}] id=7"},
    {"GET", "a", "/items/a%20b%2e", "200 [GET /items/{id}] id=a b."},
    {"DELETE", "a", "/items/7", "200 [DELETE /items/{id}] id=7"},
    {"PUT", "a", "/items/7", "200 [/]"},
    {"GET", "a", "/items/new", "200 [GET /items/new]"},
    {"DELETE", "a", "/items/new", "200 [DELETE /items/{id}] id=new"},
    {"GET", "a", "/items/7/parts/x", "200 [GET /items/{id}/parts/{name}] id=7 name=x"},
    {"GET", "a", "/items/new/parts/x", "200 [GET /items/{id}/parts/{name}] id=new name=x"},
    {"GET", "a", "/items//parts/x", "308 /items/parts/x"},
    {"GET", "a", "/files/", "200 [/files/{rest...}] rest="},
    {"GET", "a", "/files/a/b", "200 [/files/{rest...}] rest=a/b"},
    {"GET", "a", "/dir/", "200 [/dir/]"},
    {"GET", "a", "/dir/exact/", "200 [/dir/exact/{$}]"},
    {"GET", "a", "/dir/exact/more", "200 [/dir/]"},
    {"GET", "a", "/dir/../items/./new?q=1", "308 /items/new?q=1"},
    {"GET", "a", "/%2e%2e/etc/a%0ab", "308 /etc/a%0Ab"},
    {"GET", "example.org", "/", "200 [example.org/]"},
    {"GET", "EXAMPLE.org:8080", "/items/new", "200 [example.org/items/new]"},
    {"GET", "example.org", "/items/7", "200 [example.org/]"},
    {"GET", "a", "http://a/items/7", "200 [GET /items/{id}] id=7"},
    {"GET", "a", "/headed", "200 [GET /headed]"},
};

T_TEST(the_most_specific_pattern_answers_whatever_the_order)
{
    for (int turn = 0; turn < PATTERNS; turn++) {
        leat_http_mux *mux;
        leat_http_server *s;
        T_ERR(leat_http_mux_make(&mux), 0);
        for (int i = 0; i < PATTERNS; i++)
            leat_http_mux_handle(mux, patterns[(i + turn) % PATTERNS], say_pattern, NULL);
        T_ERR(leat_http_server_make(&s, leat_http_mux_serve, mux, NULL), 0);
        struct peer p = peer_open(s);
        for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
            char request[300], status[20];
            snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: %s\r\n\r\n",
                     asked[i].method, asked[i].path, asked[i].host);
            say(&p, request);
            char *text = hear(&p);
            snprintf(status, sizeof status, "HTTP/1.1 %.4s", asked[i].want);
            if (strncmp(text, status, 12) != 0 || !strstr(text, asked[i].want + 4))
                T_FAIL("%s: not %s but %s", request, asked[i].want, text);
            free(text);
        }
        peer_free(&p);
        server_free(s);
        leat_http_mux_free(mux);
    }
}

T_TEST(without_a_pattern)
{
    leat_http_mux *mux;
    leat_http_server *s;

    T_ERR(leat_http_mux_make(&mux), 0);
    leat_http_mux_handle(mux, "GET /a/{id}", say_pattern, NULL);
    leat_http_mux_handle(mux, "POST /a/{id}", say_pattern, NULL);
    leat_http_mux_handle(mux, "LOCK /a/{id}", say_pattern, NULL);
    leat_http_mux_handle(mux, "UNLOCK /a/{id}", say_pattern, NULL);
    leat_http_mux_handle(mux, "/b/", say_pattern, NULL);
    T_ERR(leat_http_server_make(&s, leat_http_mux_serve, mux, NULL), 0);
    struct peer p = peer_open(s);
    ask(&p, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 ");
    ask(&p, "GET /a/ HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 ");
    say(&p, "PUT /a/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    char *text = hear(&p);
    T_STRHAS(text, "HTTP/1.1 405 ");
    T_STRHAS(text, "Allow: UNLOCK, LOCK, POST, GET, HEAD\r\n");
    free(text);
    ask(&p, "GET /b?x HTTP/1.1\r\nHost: a\r\n\r\n", "Location: /b/?x\r\n");
    ask(&p, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 ");
    peer_free(&p);
    server_free(s);
    leat_http_mux_free(mux);
}

static void register_two(const char *a, const char *b)
{
    leat_http_mux *mux;

    T_ERR(leat_http_mux_make(&mux), 0);
    leat_http_mux_handle(mux, a, say_pattern, NULL);
    leat_http_mux_handle(mux, b, say_pattern, NULL);
}

T_TEST(two_that_overlap_are_fatal, .expect_exit = 2,
       .expect_stderr = {"pattern \"/{id}/b\" conflicts with pattern \"/a/{id}\""})
{
    register_two("/a/{id}", "/{id}/b");
}

T_TEST(two_that_are_the_same_are_fatal, .expect_exit = 2,
       .expect_stderr = {"both match the same requests"})
{
    register_two("GET /a/{id}", "GET /a/{name}");
}

T_TEST(one_that_is_not_well_formed_is_fatal, .expect_exit = 2,
       .expect_stderr = {"parsing \"/{a\""})
{
    register_two("/", "/{a");
}
