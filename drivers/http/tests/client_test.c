/* SPDX-License-Identifier: MIT */
/* client_test.c - the client against our server, and against servers that misbehave. */
#define _GNU_SOURCE
#include <leat/net.h>

#include "client.h"
#include "http_util.h"

/* A server on a free port, and its address. */
struct site {
    leat_http_server *server;
    leat_listener *listener;
    leat_waitgroup done;
    char address[LEAT_ADDR_TEXT], url[LEAT_ADDR_TEXT + 300];
    const char *const *answers; /* of a server that says what it was told to say, in turn */
};

static void listen_here(struct site *s)
{
    leat_addr addr;

    T_ERR(leat_listen(&s->listener, "tcp", "127.0.0.1:0"), 0);
    T_ERR(leat_listener_addr(s->listener, &addr), 0);
    leat_addr_format(&addr, s->address, sizeof s->address);
    leat_waitgroup_add(&s->done, 1);
}

static const char *at(struct site *s, const char *path)
{
    snprintf(s->url, sizeof s->url, "http://%s%s", s->address, path);
    return s->url;
}

static void answer_path(leat_http_request *req, leat_http_response *res, void *arg)
{
    const char *path = leat_http_path(req);
    char url[200];

    (void)arg;
    leat_http_set_header(res, "X-Method", leat_http_method(req));
    leat_http_set_header(res, "X-Auth", leat_http_header(req, "Authorization"));
    if (strcmp(path, "/echo") == 0) {
        echo_body(req, res);
    } else if (strncmp(path, "/to/", 4) == 0) {
        leat_http_redirect(res, atoi(path + 4),
                           strcmp(leat_http_query(req), "echo") == 0 ? "/echo"
                                                                     : "../hello?x=1");
    } else if (strncmp(path, "/turn/", 6) == 0) {
        snprintf(url, sizeof url, "/turn/%d", atoi(path + 6) + 1);
        leat_http_redirect(res, 302, url);
    } else if (strcmp(path, "/other") == 0) {
        snprintf(url, sizeof url, "http://localhost.invalid/");
        leat_http_redirect(res, 302, url);
    } else if (strcmp(path, "/early") == 0) {
        leat_http_close_after(res);
        leat_http_error(res, 413, NULL);
    } else if (strcmp(path, "/wait") == 0) {
        T_NE(leat_sleep_ctx(leat_http_ctx(req), LEAT_HOUR), 0);
    } else {
        leat_http_printf(res, "hello %s", leat_http_query(req));
    }
}

static void serve_site(struct site *s)
{
    T_ERR(leat_http_serve(s->server, s->listener), -ESHUTDOWN);
    leat_waitgroup_done(&s->done);
}

static void site_begin(struct site *s)
{
    listen_here(s);
    T_ERR(leat_http_server_make(&s->server, answer_path, NULL, NULL), 0);
    leat_go(serve_site, s);
}

static void site_end(struct site *s)
{
    leat_http_server_close(s->server);
    leat_waitgroup_wait(&s->done);
    leat_http_server_free(s->server);
}

static leat_http_client *client_new(const leat_http_client_opts *opts)
{
    leat_http_client *c;

    T_ERR(leat_http_client_make(&c, opts), 0);
    return c;
}

T_TEST(connections_are_used_again)
{
    struct site s = {0};
    leat_http_client *c = client_new(NULL);
    leat_http_answer *a;

    site_begin(&s);
    for (int i = 0; i < 20; i++) {
        T_ERR(leat_http_get(c, at(&s, "/hello?a"), &a), 0);
        T_EQ(a->reused, i > 0);
        T_EQ(leat_http_answer_length(a), 7);
        T_TRUE(leat_http_answer_header(a, "date") != NULL);
        answered(a, 200, "hello a");
    }
    T_EQ(leat_http_conns(s.server), 1);
    T_ERR(leat_http_get(c, at(&s, "/hello?a"), &a), 0);
    leat_http_answer_free(a); /* not read: closed */
    T_ERR(leat_http_get(c, at(&s, "/hello?a"), &a), 0);
    T_FALSE(a->reused);
    answered(a, 200, "hello a");
    leat_http_client_close_idle(c);
    T_ERR(leat_http_get(c, at(&s, "/hello?a"), &a), 0);
    T_FALSE(a->reused);
    answered(a, 200, "hello a");
    leat_http_client_free(c);
    site_end(&s);
}

static int64_t give_number(void *buf, size_t n, void *arg)
{
    int *left = arg;

    return *left > 0 ? snprintf(buf, n, "%d,", (*left)--) : *left;
}

T_TEST(bodies_short_long_and_as_they_come)
{
    static const leat_http_field fields[] = {{"Authorization", "me"}, {"User-Agent", "x"}};
    struct site s = {0};
    leat_http_client *c = client_new(NULL);
    leat_http_answer *a;
    size_t size = 700000;
    char *big = malloc(size + 1);
    int left = 3;

    site_begin(&s);
    for (size_t i = 0; i < size; i++)
        big[i] = (char)('a' + i % 25);
    big[size] = '\0';
    leat_http_call call = {
        .method = "POST", .fields = fields, .nfields = 2, .body = "text", .body_len = 4};
    call.url = at(&s, "/echo");
    T_ERR(leat_http_do(NULL, c, &call, &a), 0);
    T_STREQ(leat_http_answer_header(a, "x-auth"), "me");
    answered(a, 200, "text");
    call.body = big;
    call.body_len = size;
    T_ERR(leat_http_do(NULL, c, &call, &a), 0);
    T_TRUE(a->reused);
    answered(a, 200, big);
    call.body_len = 0;
    call.read_body = give_number;
    call.arg = &left;
    T_ERR(leat_http_do(NULL, c, &call, &a), 0);
    answered(a, 200, "3,2,1,");
    left = -EIO; /* a body that fails: the server sees no end of it */
    a = NULL;
    int err = leat_http_do(NULL, c, &call, &a);
    T_TRUE(err < 0 || leat_http_answer_status(a) == 400);
    leat_http_answer_free(a);
    free(big);
    leat_http_client_free(c);
    site_end(&s);
}

T_TEST(a_server_that_answers_before_it_has_read_all)
{
    struct site s = {0};
    leat_http_client *c = client_new(NULL);
    leat_http_answer *a;
    size_t size = 30 << 20;
    char *big = calloc(1, size);

    site_begin(&s);
    const leat_http_call call = {.method = "POST",
                                 .url = at(&s, "/early"),
                                 .body = big,
                                 .body_len = size};
    T_ERR(leat_http_do(NULL, c, &call, &a), 0);
    answered(a, 413, "Content Too Large\n");
    free(big);
    leat_http_client_free(c);
    site_end(&s);
}

T_TEST(redirects_are_followed)
{
    static const leat_http_field secret[] = {{"Authorization", "me"}};
    static const leat_http_client_opts stay = {.max_redirects = -1};
    struct site s = {0};
    leat_http_client *c = client_new(NULL), *stays = client_new(&stay);
    leat_http_answer *a;

    site_begin(&s);
    for (int status = 301; status <= 308; status++) {
        char path[30];
        if (status > 303 && status < 307)
            continue;
        snprintf(path, sizeof path, "/to/%d", status);
        leat_http_call call = {.method = "POST",
                               .url = at(&s, path),
                               .body = "b",
                               .body_len = 1,
                               .fields = secret,
                               .nfields = 1};
        T_ERR(leat_http_do(NULL, c, &call, &a), 0);
        T_STREQ(leat_http_answer_target(a), "/hello?x=1");
        T_STREQ(leat_http_answer_host(a), s.address);
        T_STREQ(leat_http_answer_header(a, "X-Method"), status < 304 ? "GET" : "POST");
        T_STREQ(leat_http_answer_header(a, "X-Auth"), "me");
        answered(a, 200, "hello x=1");
    }
    const leat_http_call again = {.method = "PUT",
                                  .url = at(&s, "/to/307?echo"),
                                  .body = "b",
                                  .body_len = 1};
    T_ERR(leat_http_do(NULL, c, &again, &a), 0);
    answered(a, 200, "b");
    T_ERR(leat_http_get(c, at(&s, "/turn/1"), &a), -ELOOP);
    T_ERR(leat_http_get(stays, at(&s, "/turn/1"), &a), 0);
    answered(a, 302, "");
    leat_http_client_free(c);
    leat_http_client_free(stays);
    site_end(&s);
}

T_TEST(a_context_ends_a_call)
{
    struct site s = {0};
    leat_http_client *c = client_new(NULL);
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, 5 * LEAT_MILLISECOND));
    leat_http_answer *a;

    site_begin(&s);
    T_ERR(leat_http_get_ctx(ctx, c, at(&s, "/wait"), &a), -ETIMEDOUT);
    T_ERR(leat_http_get_ctx(ctx, c, at(&s, "/hello"), &a), -ETIMEDOUT);
    leat_http_client_free(c);
    site_end(&s);
}

/* ---- servers that say what they were told to ---- */

/* A connection for each answer; "+" before one: another follows on the same connection. */
static void serve_script(struct site *s)
{
    leat_io *io = NULL;
    char buf[4000];

    for (const char *const *text = s->answers; *text; text++) {
        bool stays = **text == '+';
        if (!io)
            T_ERR(leat_accept(s->listener, &io), 0);
        size_t n = 0;
        buf[0] = '\0';
        while (!strstr(buf, "\r\n\r\n")) {
            int64_t got = leat_read(io, buf + n, sizeof buf - 1 - n);
            T_GT(got, 0);
            n += (size_t)got;
            buf[n] = '\0';
        }
        if (**text)
            T_GT(leat_write(io, *text + stays, strlen(*text + stays)), 0);
        if (!stays) {
            leat_io_free(io);
            io = NULL;
        }
    }
    if (io)
        leat_io_free(io);
    leat_listener_free(s->listener);
    leat_waitgroup_done(&s->done);
}

static void script_begin(struct site *s, const char *const *answers)
{
    s->answers = answers;
    listen_here(s);
    leat_go(serve_script, s);
}

T_TEST(a_kept_connection_that_has_ended_is_replaced)
{
    /* The second request is read and not answered. */
    static const char *const answers[] = {"+HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb",
                                          NULL};
    struct site s = {0};
    leat_http_client *c = client_new(NULL);
    leat_http_answer *a;

    script_begin(&s, answers);
    T_ERR(leat_http_get(c, at(&s, "/"), &a), 0);
    answered(a, 200, "a");
    T_ERR(leat_http_get(c, at(&s, "/"), &a), 0);
    T_FALSE(a->reused);
    answered(a, 200, "b");
    leat_http_client_free(c);
    leat_waitgroup_wait(&s.done);
}

T_TEST(what_must_not_be_repeated_is_not)
{
    static const char *const answers[] = {"+HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "",
                                          NULL};
    struct site s = {0};
    leat_http_client *c = client_new(NULL);
    leat_http_answer *a;

    script_begin(&s, answers);
    T_ERR(leat_http_get(c, at(&s, "/"), &a), 0);
    answered(a, 200, "a");
    const leat_http_call call = {.method = "POST",
                                 .url = at(&s, "/"),
                                 .body = "x",
                                 .body_len = 1};
    int err = leat_http_do(NULL, c, &call, &a);
    T_TRUE(err == -ENODATA || err == -ECONNRESET || err == -EPIPE);
    leat_http_client_free(c);
    leat_waitgroup_wait(&s.done);
}

T_TEST(answers_good_and_bad)
{
    static const struct {
        const char *answer, *want; /* NULL: err is the result */
        int err;
        bool of_body;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\n\r\nto the end", "to the end", 0, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab", 0, false},
        {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
         "1\r\n\r\na",
         "a", 0, false},
        {"HTTP/1.1 204 No Content\r\n\r\n", "", 0, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
         "abc", 0, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", NULL, -ENODATA,
         true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz", NULL, -EBADMSG, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", NULL, -ENODATA, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", NULL, -ENODATA, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", NULL, -EBADMSG, false},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", NULL, -EPROTO, false},
        {"SSH-2.0\r\n\r\n", NULL, -EBADMSG, false},
        {"", NULL, -ENODATA, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const answers[] = {cases[i].answer, NULL};
        struct site s = {0};
        leat_http_client *c = client_new(NULL);
        leat_http_answer *a;
        char *body;
        script_begin(&s, answers);
        int err = leat_http_get(c, at(&s, "/"), &a);
        if (cases[i].want) {
            T_ERR(err, 0);
            answered(a, atoi(strstr(cases[i].answer, "204") ? "204" : "200"), cases[i].want);
        } else if (cases[i].of_body) {
            T_ERR(err, 0);
            T_ERR(leat_http_answer_read_all(a, &body, 1000), cases[i].err);
            T_ERR(leat_http_answer_read(a, &err, 1), cases[i].err);
            leat_http_answer_free(a);
        } else {
            T_ERR(err, cases[i].err);
        }
        leat_http_client_free(c);
        leat_waitgroup_wait(&s.done);
    }
}

T_TEST(calls_that_cannot_be)
{
    static const leat_http_field bad[] = {{"X", "a\r\nY: b"}};
    static const leat_http_field ours[] = {{"Host", "b"}};
    static const leat_http_client_opts opts = {.no_proxy = true};
    leat_http_client *c = client_new(&opts);
    struct site s = {0};
    leat_http_answer *a;

    T_ERR(leat_http_get(c, "ftp://a/", &a), -EINVAL);
    T_ERR(leat_http_get(c, "http://u:p@a/", &a), -EINVAL);
    T_ERR(leat_http_get(c, "https://127.0.0.1:1/", &a), -EPROTONOSUPPORT);
    listen_here(&s); /* nobody accepts: the kernel does */
    leat_http_call call = {.url = at(&s, "/"), .fields = bad, .nfields = 1};
    T_ERR(leat_http_do(NULL, c, &call, &a), -EINVAL);
    call.fields = ours;
    T_ERR(leat_http_do(NULL, c, &call, &a), -EINVAL);
    call.nfields = 0;
    call.method = "GET /";
    T_ERR(leat_http_do(NULL, c, &call, &a), -EINVAL);
    leat_listener_free(s.listener);
    leat_http_client_free(c);
}

/* ---- proxies ---- */

static void say_target(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)arg;
    leat_http_printf(res, "%s of %s", leat_http_target(req), leat_http_host(req));
}

T_TEST(the_environment_names_a_proxy)
{
    struct site s = {0};
    leat_http_answer *a;

    listen_here(&s);
    T_ERR(leat_http_server_make(&s.server, say_target, NULL, NULL), 0);
    leat_go(serve_site, &s);
    setenv("http_proxy", s.address, 1);
    setenv("no_proxy", "b.test,.c.test:81", 1);
    leat_http_client *c = client_new(NULL);
    for (int i = 0; i < 2; i++) {
        T_ERR(leat_http_get(c, "http://a.test:81/x?y", &a), 0);
        answered(a, 200, "http://a.test:81/x?y of a.test:81");
    }
    T_ERR(leat_http_get(c, "http://b2.test/", &a), 0);
    T_TRUE(a->reused); /* one connection to the proxy serves every host */
    answered(a, 200, "http://b2.test/ of b2.test");
    T_ERR(leat_http_get(c, at(&s, "/direct"), &a), 0);
    snprintf(s.url, sizeof s.url, "/direct of %s", s.address);
    answered(a, 200, s.url);
    leat_http_client_free(c);
    site_end(&s);
    setenv("http_proxy", "ftp://x", 1);
    T_ERR(leat_http_client_make(&c, NULL), -EINVAL);
}

T_TEST(hosts_without_a_proxy)
{
    static const struct {
        const char *list, *url;
        bool has;
    } cases[] = {
        {"b.test", "http://b.test/", true},     {"b.test", "http://x.b.test/", true},
        {".b.test", "http://b.test/", true},    {"b.test", "http://ab.test/", false},
        {"B.TEST", "http://b.test/", true},     {"a, b.test", "http://b.test/", true},
        {"*", "http://b.test/", true},          {"", "http://b.test/", false},
        {"b.test:80", "http://b.test/", true},  {"b.test:81", "http://b.test/", false},
        {"10.0.0.1", "http://10.0.0.1/", true}, {",,", "http://b.test/", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_url url;
        T_ERR(http__url_parse(&url, cases[i].url), 0);
        if (http__no_proxy_has(cases[i].list, &url) != cases[i].has)
            T_FAIL("%s in %s", cases[i].url, cases[i].list);
    }
}

static void call_often(leat_waitgroup *wg, leat_http_client *c, const char *url, long n)
{
    for (long i = 0; i < n; i++) {
        leat_http_answer *a;
        T_ERR(leat_http_get(c, url, &a), 0);
        answered(a, 200, "hello ");
    }
    leat_waitgroup_done(wg);
}

T_TEST(many_goroutines_share_a_client)
{
    struct site s = {0};
    leat_http_client *c = client_new(NULL);
    leat_waitgroup wg = {0};

    site_begin(&s);
    at(&s, "/hello");
    for (int i = 0; i < 50; i++) {
        leat_waitgroup_add(&wg, 1);
        leat_go(call_often, &wg, c, s.url, t_scale(40));
    }
    leat_waitgroup_wait(&wg);
    leat_http_client_free(c);
    site_end(&s);
}
