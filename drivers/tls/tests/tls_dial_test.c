/* SPDX-License-Identifier: MIT */
/* tls_dial_test.c - a server on a socket, and clients that dial it. */
#include "tls_made.h"

#include <leat/net.h>

static void serve_dialled(leat_waitgroup *wg, leat_io *below, leat_tls_config *config)
{
    leat_io *conn;
    char buf[1000];
    int64_t n;

    if (leat_tls_server(&conn, below, config, NULL) < 0) {
        leat_io_free(below);
    } else {
        while ((n = leat_read(conn, buf, sizeof(buf))) > 0)
            T_EQ(leat_write(conn, buf, (size_t)n), n);
        leat_io_free(conn);
    }
    leat_waitgroup_done(wg);
}

static void accept_all(leat_waitgroup *wg, leat_listener *l, leat_tls_config *config)
{
    leat_io *below;

    while (leat_accept(l, &below) == 0) {
        leat_waitgroup_add(wg, 1);
        leat_go(serve_dialled, wg, below, config);
    }
    leat_waitgroup_done(wg);
}

static void listen_at(leat_listener **l, char *address, size_t size)
{
    leat_addr a;

    T_ERR(leat_listen(l, "tcp", "127.0.0.1:0"), 0);
    T_ERR(leat_listener_addr(*l, &a), 0);
    leat_addr_format(&a, address, size);
}

static void dial_and_talk(leat_waitgroup *wg, const char *address, leat_tls_config *config)
{
    leat_addr a;
    leat_io *conn;
    char got[8] = "";

    if (leat_tls_dial(&conn, "tcp", address, config, NULL) < 0)
        T_FAIL("%s", leat_tls_error(NULL));
    for (int i = 0; i < 20; i++) {
        T_EQ(leat_write(conn, "hello", 5), 5);
        T_EQ(leat_read_full(conn, got, 5), 5);
        T_STREQ(got, "hello");
    }
    T_ERR(leat_peer_addr(conn, &a), 0); /* through TLS, to the socket */
    leat_io_free(conn);
    leat_waitgroup_done(wg);
}

T_TEST(clients_dial_a_server)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);
    leat_tls_config *client = made_client(&authority), *server = made_server(&cert);
    leat_waitgroup servers = {0}, clients = {0};
    leat_listener *l;
    char address[100];

    listen_at(&l, address, sizeof(address));
    leat_waitgroup_add(&servers, 1);
    leat_go(accept_all, &servers, l, server);
    for (long i = 0; i < t_scale(60); i++) {
        leat_waitgroup_add(&clients, 1);
        leat_go(dial_and_talk, &clients, address, client);
    }
    leat_waitgroup_wait(&clients);
    T_ERR(leat_listener_close(l), 0);
    leat_waitgroup_wait(&servers);
    leat_listener_free(l);
    leat_tls_config_free(client);
    leat_tls_config_free(server);
}

T_TEST(a_dial_that_fails_says_why)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);
    struct made other = made_cert((struct made_spec){.cn = "Other", .authority = true});
    leat_tls_config *client = made_client(&other), *server = made_server(&cert);
    leat_waitgroup servers = {0};
    leat_listener *l;
    leat_io *conn = NULL;
    char address[100];

    listen_at(&l, address, sizeof(address));
    leat_waitgroup_add(&servers, 1);
    leat_go(accept_all, &servers, l, server);
    T_ERR(leat_tls_dial(&conn, "tcp", address, client, NULL), -EKEYREJECTED);
    T_STRHAS(leat_tls_error(NULL), "unknown authority, \"Test Authority\"");
    T_ERR(leat_listener_close(l), 0);
    leat_waitgroup_wait(&servers);
    T_ERR(leat_tls_dial(&conn, "tcp", address, client, NULL), -ECONNREFUSED);
    T_STRHAS(leat_tls_error(NULL), address);
    T_TRUE(!conn);
    leat_listener_free(l);
    leat_tls_config_free(client);
    leat_tls_config_free(server);
}

/* A listener that nobody serves: connected at once, then nothing. */
T_TEST(a_dial_has_a_limit)
{
    struct made authority = made_authority();
    leat_tls_config *client = made_client(&authority);
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, 2 * LEAT_MILLISECOND));
    leat_limit until = {NULL, leat_now() + 2 * LEAT_MILLISECOND}, by_ctx = {ctx, LEAT_FOREVER},
               both = {ctx, leat_now() + LEAT_HOUR};
    leat_listener *l;
    leat_io *conn;
    char address[100];

    listen_at(&l, address, sizeof(address));
    T_ERR(leat_tls_dial(&conn, "tcp", address, client, &until), -ETIMEDOUT);
    T_STRHAS(leat_tls_error(NULL), leat_strerror(-ETIMEDOUT));
    T_ERR(leat_tls_dial(&conn, "tcp", address, client, &by_ctx), -ETIMEDOUT);
    T_ERR(leat_tls_dial(&conn, "tcp", address, client, &both), -ETIMEDOUT);
    leat_listener_free(l);
    leat_tls_config_free(client);
}
