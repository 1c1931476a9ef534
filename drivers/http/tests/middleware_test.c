/* SPDX-License-Identifier: MIT */
/* middleware_test.c - admission, timeouts, errors, numbers, the log, compression. */
#define _GNU_SOURCE
#include <zlib.h>

#include "http_util.h"

#define REQUEST "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static leat_http_server *server_of(leat_http_func fn, void *arg)
{
    leat_http_server *s;

    T_ERR(leat_http_server_make(&s, fn, arg, NULL), 0);
    return s;
}

/* ---- admission ---- */

struct turnstile {
    leat_int_chan begun, go_on;
};

static void hold(leat_http_request *req, leat_http_response *res, void *arg)
{
    struct turnstile *t = arg;
    int value;

    (void)req;
    leat_send(t->begun, 1);
    leat_recv(t->go_on, &value);
    leat_http_reply(res, 200, NULL, "ok\n", 3);
}

T_TEST(one_too_many_is_turned_away_and_one_waits)
{
    leat_scoped_chan(leat_int_chan, begun, 0);
    leat_scoped_chan(leat_int_chan, go_on, 0);
    struct turnstile t = {begun, go_on};
    leat_http_throttle throttle = {.next = {hold, &t}, .throttle = {.limit = 1, .backlog = 1}};
    leat_http_server *s = server_of(leat_http_throttle_serve, &throttle);
    struct peer p[3];
    int value, refused = -1;

    for (int i = 0; i < 3; i++) {
        p[i] = peer_open(s);
        say(&p[i], REQUEST);
        if (i == 0)
            leat_recv(begun, &value);
    }
    /* One of the other two waits, the other one is answered. */
    while (refused < 0) {
        for (int i = 1; i < 3; i++)
            if (leat_read_until(p[i].io, p[i].got, 12, leat_now() + LEAT_MILLISECOND) > 0)
                refused = i;
    }
    T_EQ(strncmp(p[refused].got, "HTTP/1.1 503", 12), 0);
    leat_send(go_on, 1);
    leat_recv(begun, &value);
    leat_send(go_on, 1);
    for (int i = 0; i < 3; i++) {
        if (i != refused) {
            char *text = hear(&p[i]);
            T_STRHAS(text, "ok\n");
            free(text);
        }
        peer_free(&p[i]);
    }
    server_free(s);
}

/* ---- timeouts ---- */

static int late_result;

static void wait_for_ctx(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)arg;
    if (strcmp(leat_http_path(req), "/quick") == 0) {
        leat_http_reply(res, 200, NULL, "quick\n", 6);
        return;
    }
    if (strcmp(leat_http_path(req), "/half") == 0) {
        leat_http_write(res, "half", 4);
        leat_http_flush(res);
    }
    T_ERR(leat_sleep_ctx(leat_http_ctx(req), LEAT_HOUR), -ETIMEDOUT);
    int64_t n;
    while ((n = leat_http_write(res, "late", 4)) >= 0) /* until the timer has been here */
        leat_yield();
    __atomic_store_n(&late_result, (int)n,
                     __ATOMIC_RELAXED); /* the other one may end as late */
}

T_TEST(a_handler_that_takes_too_long_is_answered_for)
{
    leat_http_timeout timeout = {.next = {wait_for_ctx, NULL}, .after = 5 * LEAT_MILLISECOND};
    leat_http_timeout patient = {.next = {wait_for_ctx, NULL}, .after = LEAT_HOUR};
    leat_http_server *s = server_of(leat_http_timeout_serve, &timeout);
    struct peer p = peer_open(s);

    say(&p, REQUEST);
    T_STRHAS(hear_all(&p), "HTTP/1.1 503 Service Unavailable\r\n");
    T_STRHAS(p.got, "Connection: close\r\n");
    T_TRUE(!strstr(p.got, "late"));
    peer_free(&p);
    p = peer_open(s);
    say(&p, "GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
    if (!strstr(hear_all(&p),
                "HTTP/1.1 503 ")) /* unless it came to write too late even for that */
        T_STRHAS(p.got, "4\r\nhalf\r\n");
    T_TRUE(!strstr(p.got, "\r\n0\r\n"));
    peer_free(&p);
    server_free(s);
    T_ERR(late_result, -ETIMEDOUT);
    s = server_of(leat_http_timeout_serve, &patient);
    p = peer_open(s);
    for (int i = 0; i < 3; i++)
        ask(&p, "GET /quick HTTP/1.1\r\nHost: a\r\n\r\n", "quick\n");
    peer_free(&p);
    server_free(s);
}

static void take_a_moment(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)req, (void)arg;
    leat_sleep((leat_duration)(t_rand() % 400) * LEAT_MICROSECOND);
    leat_http_printf(res, "done");
    leat_http_set_header(res, "X-Done", "1");
}

T_TEST(the_timer_and_the_handler_race_and_one_answer_is_whole)
{
    leat_http_timeout timeout = {.next = {take_a_moment, NULL},
                                 .after = 200 * LEAT_MICROSECOND};
    leat_http_server *s = server_of(leat_http_timeout_serve, &timeout);

    for (long i = 0; i < t_scale(300); i++) {
        struct peer p = peer_open(s);
        say(&p, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        const char *text = hear_all(&p);
        T_EQ(strncmp(text, "HTTP/1.1 ", 9), 0);
        T_TRUE(!strstr(text + 1, "HTTP/1.1"));
        if (strncmp(text + 9, "200", 3) == 0)
            T_STRHAS(text, "X-Done: 1\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone");
        else
            T_STRHAS(text, "\r\n\r\nService Unavailable\n");
        peer_free(&p);
    }
    server_free(s);
}

/* ---- handlers that end their goroutine ---- */

static void exit_inside(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)arg;
    leat_http_set_header(res, "Content-Type", "text/plain");
    for (int i = 0; i < 100; i++) /* more than lies in the response itself */
        leat_http_add_header(res, "X-More", "of the same, of the same, of the same");
    for (int i = 0; i < 2000; i++)
        leat_http_printf(res, "%d\n", i);
    if (strcmp(leat_http_path(req), "/exit") == 0)
        leat_exit();
}

T_TEST(a_handler_that_exits_ends_its_connection_and_nothing_else)
{
    leat_http_gzip gzip = {.next = {exit_inside, NULL}};
    leat_http_throttle throttle = {.next = {leat_http_gzip_serve, &gzip},
                                   .throttle = {.limit = 1}};
    leat_http_timeout timeout = {.next = {leat_http_throttle_serve, &throttle},
                                 .after = LEAT_HOUR};
    leat_http_server *s = server_of(leat_http_timeout_serve, &timeout);

    for (int i = 0; i < 3; i++) {
        struct peer p = peer_open(s);
        say(&p, "GET /exit HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
        T_TRUE(!strstr(hear_all(&p), "\r\n0\r\n\r\n"));
        peer_free(&p);
    }
    struct peer p = peer_open(s);
    say(&p, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    T_STRHAS(hear_all(&p), "\r\n0\r\n\r\n");
    peer_free(&p);
    server_free(s);
}

/* ---- errors ---- */

static int last_error;

static int fail_as_asked(leat_http_request *req, leat_http_response *res, void *arg)
{
    const char *n = leat_http_query(req);

    (void)arg;
    leat_http_set_header(res, "X-Half", "1");
    leat_http_printf(res, "half of it");
    if (strcmp(n, "sent") == 0) {
        leat_http_flush(res);
        return -EIO;
    }
    return -atoi(n);
}

static void note_error(leat_http_request *req, int err, void *arg)
{
    (void)req, (void)arg;
    last_error = err;
}

T_TEST(errors_become_answers)
{
    static const struct {
        int err, status;
    } errors[] = {{ENOENT, 404}, {EINVAL, 400},    {EACCES, 403}, {E2BIG, 413},
                  {EBUSY, 503},  {ETIMEDOUT, 504}, {EIO, 500}};
    leat_http_try may_fail = {.fn = fail_as_asked, .failed = note_error};
    leat_http_server *s = server_of(leat_http_try_serve, &may_fail);
    struct peer p = peer_open(s);
    char request[100], pin[20];

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        snprintf(request, sizeof request, "GET /?%d HTTP/1.1\r\nHost: a\r\n\r\n",
                 errors[i].err);
        snprintf(pin, sizeof pin, "HTTP/1.1 %d ", errors[i].status);
        say(&p, request);
        char *text = hear(&p);
        T_STRHAS(text, pin);
        T_TRUE(!strstr(text, "half") && !strstr(text, "X-Half"));
        free(text);
        T_ERR(last_error, -errors[i].err);
    }
    ask(&p, "GET /?0 HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\nhalf of it");
    say(&p, "GET /?sent HTTP/1.1\r\nHost: a\r\n\r\n");
    T_STRHAS(hear_all(&p), "half of it");
    peer_free(&p);
    server_free(s);
}

/* ---- numbers and the log ---- */

static char logged[4000];

static void log_here(const char *line, size_t n, void *arg)
{
    size_t len = strlen(logged);

    (void)arg;
    memcpy(logged + len, line, n);
    logged[len + n] = '\0';
}

static void say_id(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)arg;
    leat_http_printf(res, "id=%s;", leat_http_request_id(req));
}

T_TEST(requests_have_numbers_and_a_line_in_the_log)
{
    leat_http_log log = {.next = {say_id, NULL}, .write = log_here};
    leat_http_id with_id = {.next = {leat_http_log_serve, &log}, .trust = true};
    leat_http_server *s = server_of(leat_http_id_serve, &with_id);
    struct peer p = peer_open(s);
    char *first, *second;

    say(&p, "GET /a\"b HTTP/1.1\r\nHost: a\r\nUser-Agent: x\"y\r\n\r\n");
    first = hear(&p);
    say(&p, "GET /b HTTP/1.1\r\nHost: a\r\nX-Request-Id: \xff\r\n\r\n");
    second = hear(&p);
    T_STRHAS(first, "X-Request-Id: ");
    T_NE(strcmp(strstr(first, "id="), strstr(second, "id=")), 0);
    ask(&p, "GET /c HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine-7\r\n\r\n", "\r\n\r\nid=mine-7;");
    free(first);
    free(second);
    peer_free(&p);
    server_free(s);
    T_STRHAS(logged, "\"GET /a\\x22b HTTP/1.1\" 200 ");
    T_STRHAS(logged, " \"x\\x22y\" ");
    T_STRHAS(logged, " mine-7\n");
}

/* ---- compression ---- */

static void say_much(leat_http_request *req, leat_http_response *res, void *arg)
{
    const char *path = leat_http_path(req);
    long n = atol(path + 1);

    (void)arg;
    leat_http_set_header(res, "Content-Type",
                         strcmp(leat_http_query(req), "png") == 0 ? "image/png" : "text/plain");
    leat_http_set_header(res, "ETag", "\"tag\"");
    for (long i = 0; i < n; i++) {
        leat_http_printf(res, "line %ld\n", i);
        if (strcmp(leat_http_query(req), "flush") == 0 && i == n / 2)
            leat_http_flush(res);
    }
}

/* The body of a response with its length, or in chunks, in one piece. */
static size_t body_of(struct peer *p, char *out)
{
    const char *at = strstr(hear_all(p), "\r\n\r\n") + 4;
    size_t n = 0, part;

    if (!strstr(p->got, "Transfer-Encoding: chunked")) {
        n = (size_t)(p->got + p->len - at);
        memcpy(out, at, n);
        return n;
    }
    while ((part = strtoul(at, NULL, 16)) > 0) {
        at = strchr(at, '\n') + 1;
        memcpy(out + n, at, part);
        n += part;
        at += part + 2;
    }
    return n;
}

static void is_compressed(leat_http_server *s, const char *path, const char *accept, bool gzip)
{
    char *raw = malloc(SAID_MAX), *plain = malloc(SAID_MAX), *want = malloc(SAID_MAX);
    char request[200];
    size_t n, len = 0;
    struct peer p = peer_open(s);

    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: a\r\nAccept-Encoding: %s\r\nConnection: close\r\n\r\n",
             path, accept);
    say(&p, request);
    n = body_of(&p, raw);
    T_STRHAS(p.got, "Vary: Accept-Encoding\r\n");
    for (long i = 0; i < atol(path + 1); i++)
        len += (size_t)sprintf(want + len, "line %ld\n", i);
    if (gzip) {
        z_stream z = {.next_in = (unsigned char *)raw,
                      .avail_in = (unsigned)n,
                      .next_out = (unsigned char *)plain,
                      .avail_out = SAID_MAX};
        T_STRHAS(p.got, "Content-Encoding: gzip\r\n");
        T_STRHAS(p.got, "ETag: W/\"tag\"\r\n");
        T_EQ(inflateInit2(&z, 15 + 16), Z_OK);
        T_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
        T_EQ(z.avail_in, 0);
        n = z.total_out;
        inflateEnd(&z);
    } else {
        T_TRUE(!strstr(p.got, "Content-Encoding"));
        memcpy(plain, raw, n);
    }
    T_EQ(n, len);
    T_MEMEQ(plain, want, len);
    peer_free(&p);
    free(raw);
    free(plain);
    free(want);
}

T_TEST(what_is_worth_it_is_compressed)
{
    leat_http_gzip gzip = {.next = {say_much, NULL}};
    leat_http_server *s = server_of(leat_http_gzip_serve, &gzip);

    is_compressed(s, "/10", "gzip", false);
    is_compressed(s, "/300", "gzip", true);
    is_compressed(s, "/300", "br, gzip;q=0.5", true);
    is_compressed(s, "/300", "*", true);
    is_compressed(s, "/300", "br", false);
    is_compressed(s, "/300", "gzip;q=0", false);
    is_compressed(s, "/300", "gzip; q=0.000, deflate;q=1", false);
    is_compressed(s, "/30000", "gzip", true);
    is_compressed(s, "/30000?flush", "gzip", true);
    is_compressed(s, "/3?flush", "gzip", true);
    is_compressed(s, "/30000?png", "gzip", false);
    server_free(s);
}
