/* SPDX-License-Identifier: MIT */
/*
 * commands_site.h - the server that programs of others are run against: /hello, /echo and
 * /numbers/{n}, and what a test adds between commands_begin and commands_serve.
 */
#ifndef COMMANDS_SITE_H
#define COMMANDS_SITE_H

#include "http_commands.h"

static leat_http_mux *mux;
static leat_http_server *server;
static leat_waitgroup serving;

static void hello(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)req, (void)arg;
    leat_http_reply(res, 200, "text/plain", "hello\n", 6);
}

static int echo(leat_http_request *req, leat_http_response *res, void *arg)
{
    char buf[20000];
    int64_t n;

    (void)arg;
    while ((n = leat_http_read(req, buf, sizeof buf)) > 0) {
        int64_t put = leat_http_write(res, buf, (size_t)n);
        if (put < 0)
            return (int)put;
    }
    return (int)n;
}

static void numbers(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)arg;
    leat_http_set_header(res, "Content-Type", "text/plain");
    for (long i = 0, n = atol(leat_http_path_value(req, "n")); i < n; i++)
        leat_http_printf(res, "%ld\n", i);
}

static void commands_begin(void)
{
    static leat_http_try echoes = {.fn = echo};
    static leat_http_gzip compressed = {.next = {numbers, NULL}};

    T_ERR(leat_http_mux_make(&mux), 0);
    leat_http_mux_handle(mux, "GET /hello", hello, NULL);
    leat_http_mux_handle(mux, "POST /echo", leat_http_try_serve, &echoes);
    leat_http_mux_handle(mux, "PUT /echo", leat_http_try_serve, &echoes);
    leat_http_mux_handle(mux, "GET /numbers/{n}", leat_http_gzip_serve, &compressed);
}

static void serve_here(leat_listener *l)
{
    T_ERR(leat_http_serve(server, l), -ESHUTDOWN);
    leat_waitgroup_done(&serving);
}

static void commands_serve(void)
{
    leat_listener *l;
    leat_addr addr;
    char address[LEAT_ADDR_TEXT];

    T_ERR(leat_http_server_make(&server, leat_http_mux_serve, mux, NULL), 0);
    T_ERR(leat_listen(&l, "tcp", "127.0.0.1:0"), 0);
    T_ERR(leat_listener_addr(l, &addr), 0);
    leat_addr_format(&addr, address, sizeof address);
    snprintf(base, sizeof base, "http://%s", address);
    leat_waitgroup_add(&serving, 1);
    leat_go(serve_here, l);
}

static void commands_end(void)
{
    leat_http_shutdown(server);
    leat_waitgroup_wait(&serving);
    leat_http_server_free(server);
    leat_http_mux_free(mux);
}

#endif
