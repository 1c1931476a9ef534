/* SPDX-License-Identifier: MIT */
/*
 * 33 reverse-proxy: a server in front of another one, which it protects.
 *
 * The proxy is a handler. It asks the server behind by a client, under the request's own context,
 * and passes the answer on as it comes. Around it stand handlers of the library's middleware, each
 * a struct with the next one in it:
 *
 *     number  ->  timeout  ->  throttle  ->  proxy  ->  the server behind
 *
 * The throttle lets two requests through at once and two more wait; others are told 503 at once,
 * and the server behind never hears of them. When the program ends, requests that are under way
 * are finished first: that is leat_http_shutdown.
 *
 *     33-reverse-proxy                      what you see below
 *     33-reverse-proxy LISTEN BEHIND        a real one: 127.0.0.1:8080 127.0.0.1:9000, until ^C
 */
#include <leat.h>
#include <leat/http.h>
#include <leat/signal.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the proxy ---- */

struct proxy {
    leat_http_client *client;
    char behind[200]; /* "http://127.0.0.1:9000" */
};

static int64_t body_of_request(void *buf, size_t n, void *req)
{
    return leat_http_read(req, buf, n);
}

/* Fields that belong to one connection, and not to the message, are not passed on. */
static bool belongs_to_connection(const char *name)
{
    static const char *const names[] = {"connection",        "content-length", "host",
                                        "transfer-encoding", "keep-alive",     "te",
                                        "upgrade",           "expect",         "date"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

static int pass_answer(leat_http_answer *answer, leat_http_response *res)
{
    const char *name, *value;
    char buf[16384];
    int64_t n;

    leat_http_set_status(res, leat_http_answer_status(answer));
    for (int i = 0; leat_http_answer_header_at(answer, i, &name, &value); i++)
        if (!belongs_to_connection(name))
            leat_http_add_header(res, name, value);
    while ((n = leat_http_answer_read(answer, buf, sizeof buf)) > 0)
        if ((n = leat_http_write(res, buf, (size_t)n)) < 0)
            break;
    return (int)n;
}

/* 0 or -errno: leat_http_try makes answers of errors. */
static int pass_on(leat_http_request *req, leat_http_response *res, void *arg)
{
    struct proxy *proxy = arg;
    leat_http_call call = {.method = leat_http_method(req)};
    leat_http_field fields[32];
    leat_http_answer *answer;
    size_t size = strlen(proxy->behind) + strlen(leat_http_target(req)) + 1;
    char *url = leat_http_alloc(req, size);

    if (!url)
        return -ENOMEM;
    snprintf(url, size, "%s%s", proxy->behind, leat_http_target(req));
    call.url = url;
    call.fields = fields;
    for (int i = 0; call.nfields < 32; i++) {
        leat_http_field *f = &fields[call.nfields];
        if (!leat_http_header_at(req, i, &f->name, &f->value))
            break;
        call.nfields += !belongs_to_connection(f->name);
    }
    if (leat_http_content_length(req) != 0) {
        call.read_body = body_of_request;
        call.arg = req;
    }
    int err = leat_http_do(leat_http_ctx(req), proxy->client, &call, &answer);
    if (err == -ECONNREFUSED) {
        leat_http_error(res, 502, NULL);
        return 0;
    }
    if (err)
        return err;
    err = pass_answer(answer, res);
    leat_http_answer_free(answer);
    return err;
}

static struct proxy proxy;
static leat_http_try asks = {.fn = pass_on, .arg = &proxy};
static leat_http_throttle throttle = {.next = {leat_http_try_serve, &asks},
                                      .throttle = {.limit = 2, .backlog = 2}};
static leat_http_timeout timeout = {.next = {leat_http_throttle_serve, &throttle},
                                    .after = 10 * LEAT_SECOND};
static leat_http_id number = {.next = {leat_http_timeout_serve, &timeout}};

static leat_http_server *proxy_make(const char *behind)
{
    static const leat_http_client_opts opts = {.max_redirects = -1, .no_proxy = true};
    leat_http_server *server;

    snprintf(proxy.behind, sizeof proxy.behind, "http://%s", behind);
    if (leat_http_client_make(&proxy.client, &opts) < 0 ||
        leat_http_server_make(&server, leat_http_id_serve, &number, NULL) < 0)
        exit(1);
    return server;
}

/* ---- a real one ---- */

static void end_on_signal(leat_http_server *server)
{
    leat_scoped_ctx(stop, leat_signal_notify_ctx(NULL, SIGINT, SIGTERM));
    leat_recv(leat_ctx_done(stop), NULL);
    leat_scoped_ctx(patience, leat_ctx_with_timeout(NULL, 10 * LEAT_SECOND));
    leat_http_shutdown_ctx(patience, server);
}

static int run(const char *listen, const char *behind)
{
    leat_http_server *server = proxy_make(behind);

    leat_go(end_on_signal, server);
    int err = leat_http_listen_and_serve(server, "tcp", listen);
    leat_http_shutdown(server);
    leat_http_server_free(server);
    leat_http_client_free(proxy.client);
    printf("%s\n", err == -ESHUTDOWN ? "shut down" : leat_strerror(err));
    return err != -ESHUTDOWN;
}

/* ---- the demonstration ---- */

/* The server behind: each request waits until it may be answered. */
struct behind {
    leat_int_chan begun, go_on;
};

static void answer_slowly(leat_http_request *req, leat_http_response *res, void *arg)
{
    struct behind *b = arg;

    if (strcmp(leat_http_path(req), "/slow") == 0) {
        leat_send(b->begun, 1);
        leat_recv(b->go_on, NULL);
    }
    leat_http_printf(res, "%s %s\n", leat_http_method(req), leat_http_target(req));
}

static void serve(leat_waitgroup *wg, leat_http_server *server, leat_listener *l)
{
    leat_http_serve(server, l);
    leat_waitgroup_done(wg);
}

/* Serves on a port that is free. */
static void start(leat_waitgroup *wg, leat_http_server *server, char address[LEAT_ADDR_TEXT])
{
    leat_listener *l;
    leat_addr addr;

    if (leat_listen(&l, "tcp", "127.0.0.1:0") < 0 || leat_listener_addr(l, &addr) < 0)
        exit(1);
    leat_addr_format(&addr, address, LEAT_ADDR_TEXT);
    leat_waitgroup_add(wg, 1);
    leat_go(serve, wg, server, l);
}

/* The status of an answer, and what it says. */
static int get(leat_http_client *client, const char *address, const char *path, bool show)
{
    char url[300], *body;
    leat_http_answer *answer;

    snprintf(url, sizeof url, "http://%s%s", address, path);
    int err = leat_http_get(client, url, &answer);
    if (err)
        return err;
    int status = leat_http_answer_status(answer);
    if (leat_http_answer_read_all(answer, &body, 1 << 20) >= 0) {
        if (show)
            printf("%s: %d %s", path, status, body);
        free(body);
    }
    leat_http_answer_free(answer);
    return status;
}

static void get_slow(leat_int_chan statuses, leat_http_client *client, const char *address)
{
    leat_send(statuses, get(client, address, "/slow", false));
}

enum { CALLERS = 6, ADMITTED = 4 };

static void crowd(leat_http_client *client, const char *front, struct behind *b)
{
    leat_scoped_chan(leat_int_chan, statuses, CALLERS);
    int status, busy = 0, done = 0;

    for (int i = 0; i < CALLERS; i++)
        leat_go(get_slow, statuses, client, front);
    for (int i = 0; i < CALLERS - ADMITTED; i++) {
        leat_recv(statuses, &status);
        busy += status == 503;
    }
    printf("%d callers, two at work and two waiting: %d were told to come back\n", CALLERS,
           busy);
    for (int i = 0; i < ADMITTED; i++) {
        leat_recv(b->begun, NULL);
        leat_send(b->go_on, 1);
    }
    for (int i = 0; i < ADMITTED; i++) {
        leat_recv(statuses, &status);
        done += status == 200;
    }
    printf("the other %d were served\n", done);
}

static void shut_down(leat_waitgroup *wg, leat_http_server *server)
{
    leat_http_shutdown(server);
    leat_waitgroup_done(wg);
}

static void end_gracefully(leat_http_client *client, const char *front, struct behind *b,
                           leat_http_server *server)
{
    leat_scoped_chan(leat_int_chan, statuses, 1);
    leat_waitgroup wg = {0};
    int status;

    leat_go(get_slow, statuses, client, front);
    leat_recv(b->begun, NULL); /* it is under way */
    leat_waitgroup_add(&wg, 1);
    leat_go(shut_down, &wg, server);
    while (get(client, front, "/late", false) > 0) /* until nobody is let in any more */
        leat_yield();
    leat_send(b->go_on, 1);
    leat_recv(statuses, &status);
    leat_waitgroup_wait(&wg);
    printf("shut down, and the last request was answered: %d\n", status);
}

int main(int argc, char **argv)
{
    static const leat_http_client_opts opts = {.no_proxy = true};
    leat_scoped_chan(leat_int_chan, begun, 0);
    leat_scoped_chan(leat_int_chan, go_on, 0);
    struct behind b = {begun, go_on};
    char behind_at[LEAT_ADDR_TEXT], front_at[LEAT_ADDR_TEXT];
    leat_http_server *behind, *front;
    leat_http_client *client;
    leat_waitgroup wg = {0};

    if (argc == 3)
        return run(argv[1], argv[2]);
    if (leat_http_server_make(&behind, answer_slowly, &b, NULL) < 0 ||
        leat_http_client_make(&client, &opts) < 0)
        return 1;
    start(&wg, behind, behind_at);
    front = proxy_make(behind_at);
    start(&wg, front, front_at);

    get(client, front_at, "/hello?name=leat", true);
    crowd(client, front_at, &b);
    end_gracefully(client, front_at, &b, front);
    leat_http_shutdown(behind);
    leat_waitgroup_wait(&wg);

    leat_http_client_free(client);
    leat_http_client_free(proxy.client);
    leat_http_server_free(front);
    leat_http_server_free(behind);
    return 0;
}
