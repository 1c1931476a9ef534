/* SPDX-License-Identifier: MIT */
/* site_util.h - a server that listens, and programs of others that are started beside it. */
#ifndef SITE_UTIL_H
#define SITE_UTIL_H

#include "http_util.h"

struct site {
    leat_http_server *server;
    leat_waitgroup serving;
    char address[LEAT_ADDR_TEXT];
};

static void site_serve(struct site *s, leat_listener *l)
{
    T_ERR(leat_http_serve(s->server, l), -ESHUTDOWN);
    leat_waitgroup_done(&s->serving);
}

__attribute__((unused)) static void site_begin(struct site *s, leat_http_func handler,
                                               void *arg, const leat_http_opts *opts)
{
    leat_listener *l;
    leat_addr addr;

    *s = (struct site){0};
    T_ERR(leat_http_server_make(&s->server, handler, arg, opts), 0);
    T_ERR(leat_listen(&l, "tcp", "127.0.0.1:0"), 0);
    T_ERR(leat_listener_addr(l, &addr), 0);
    leat_addr_format(&addr, s->address, sizeof s->address);
    leat_waitgroup_add(&s->serving, 1);
    leat_go(site_serve, s, l);
}

__attribute__((unused)) static void site_end(struct site *s)
{
    leat_http_shutdown(s->server);
    leat_waitgroup_wait(&s->serving);
    leat_http_server_free(s->server);
}

__attribute__((unused)) static bool is_installed(const char *program)
{
    char path[300];

    return leat_look_path(path, sizeof path, program) == 0;
}

/* What a program says; its status must be 0. */
__attribute__((unused)) static char *said_by(const char *const *argv)
{
    leat_cmd c = {.argv = argv};
    char *text;
    int status = leat_cmd_combined(&c, &text, NULL);

    if (status != 0)
        T_FAIL("%s: status %d, said %s", argv[0], status, text ? text : "nothing");
    return text;
}

__attribute__((unused)) static leat_http_client *client_here(void)
{
    const leat_http_client_opts opts = {.no_proxy = true};
    leat_http_client *client;

    T_ERR(leat_http_client_make(&client, &opts), 0);
    return client;
}

#endif
