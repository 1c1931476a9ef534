/* SPDX-License-Identifier: MIT */
/* http2_tls_test.c - HTTP/2 over TLS: what ALPN agrees on is what is spoken. */
#define _GNU_SOURCE
#include "http_commands.h"
#include "tls_made.h"

/* A server on a free port that speaks TLS. */
struct site {
    leat_http_server *server;
    leat_listener *listener;
    leat_tls_config *config;
    leat_waitgroup done;
    char address[LEAT_ADDR_TEXT];
};

static void say_version(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)arg;
    leat_http_printf(res, "HTTP/%d.%d", leat_http_major(req), leat_http_minor(req));
}

static void serve_tls(struct site *s, leat_io *below)
{
    leat_io *conn;

    if (leat_tls_server(&conn, below, s->config, NULL) == 0)
        leat_http_serve_conn(s->server, conn);
    else
        leat_io_free(below);
    leat_waitgroup_done(&s->done);
}

static void accept_all(struct site *s)
{
    leat_io *io;

    while (leat_accept(s->listener, &io) == 0) {
        leat_waitgroup_add(&s->done, 1);
        leat_go(serve_tls, s, io);
    }
    leat_waitgroup_done(&s->done);
}

static const char *const both[] = {"h2", "http/1.1"};

static void site_begin(struct site *s, const struct made *cert)
{
    leat_addr addr;

    s->config = made_server(cert);
    T_ERR(leat_tls_config_alpn(s->config, both, 2), 0);
    T_ERR(leat_http_server_make(&s->server, say_version, NULL, NULL), 0);
    T_ERR(leat_listen(&s->listener, "tcp", "127.0.0.1:0"), 0);
    T_ERR(leat_listener_addr(s->listener, &addr), 0);
    leat_addr_format(&addr, s->address, sizeof s->address);
    snprintf(base, sizeof base, "https://%s", s->address);
    leat_waitgroup_add(&s->done, 1);
    leat_go(accept_all, s);
}

static void site_end(struct site *s)
{
    leat_listener_close(s->listener);
    leat_http_shutdown(s->server);
    leat_waitgroup_wait(&s->done);
    leat_http_server_free(s->server);
    leat_listener_free(s->listener);
    leat_tls_config_free(s->config);
}

/* What clients are told to write: TLS, and what it has agreed on. */
static int secure(leat_ctx *ctx, leat_io **io, const char *host, void *config)
{
    const leat_limit limit = {ctx, LEAT_FOREVER};
    leat_tls_info info;
    int err = leat_tls_client(io, *io, config, host, &limit);

    if (err)
        return err;
    err = leat_tls_state(*io, &info);
    return err ? err : strcmp(info.alpn, "h2") == 0 ? LEAT_HTTP_2 : 0;
}

static void asks(const struct made *authority, const char *const *alpn, int n, const char *want)
{
    leat_tls_config *config = made_client(authority);
    leat_http_client_opts opts = {.no_proxy = true, .secure = secure, .arg = config};
    leat_http_client *c;
    leat_http_answer *a;
    char *body;

    T_ERR(leat_tls_config_alpn(config, alpn, n), 0);
    T_ERR(leat_http_client_make(&c, &opts), 0);
    for (int i = 0; i < 3; i++) {
        T_ERR(leat_http_get(c, base, &a), 0);
        T_EQ(leat_http_answer_read_all(a, &body, 100), 8);
        T_STREQ(body, want);
        free(body);
        leat_http_answer_free(a);
    }
    leat_http_client_free(c);
    leat_tls_config_free(config);
}

T_TEST(our_client_and_our_server)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);
    struct site s = {0};

    site_begin(&s, &cert);
    asks(&authority, both, 2, "HTTP/2.0");
    asks(&authority, both + 1, 1, "HTTP/1.1");
    asks(&authority, both, 0, "HTTP/1.1");
    site_end(&s);
}

static const char *no_curl(void)
{
    return has_program("curl") ? NULL : "curl is not installed";
}

T_TEST(curl, .skip_if = no_curl, .procs = {1, 2, 8})
{
    struct made authority = made_authority(), cert = made_localhost(&authority);
    struct site s = {0};

    site_begin(&s, &cert);
    says(CURL "--insecure --fail --http2 @/ --write-out ' %{http_version}'", "HTTP/2.0 2");
    says(CURL "--insecure --fail --http1.1 @/ --write-out ' %{http_version}'", "HTTP/1.1 1.1");
    says(CURL "--insecure --fail --http2 --parallel --parallel-max 20 '@/?[1-40]'", "HTTP/2.0");
    site_end(&s);
}
