/* SPDX-License-Identifier: MIT */
/*
 * tls-echo: a server and its clients, over TLS.
 *
 *     tls-echo CERT KEY        both files of PEM; test.sh makes a pair
 *
 * A TLS connection is a stream like any other, so echo() below does not know that it speaks TLS.
 * What is new is a config for each side. The server's holds its certificate; the clients' says
 * whom they trust. Here they trust the certificate itself, as one does for a service of one's
 * own; without that call they would trust the authorities that the system trusts.
 *
 * Handshakes wait for the other side, so each has a goroutine of its own and a limit. A server
 * that shook hands between two accepts could be stopped by one client that says nothing.
 */
#include <leat.h>
#include <leat/net.h>
#include <leat/tls.h>
#include <stdio.h>

enum { CLIENTS = 3 };

static leat_limit in_ten_seconds(void)
{
    return (leat_limit){NULL, leat_now() + 10 * LEAT_SECOND};
}

static void echo(leat_io *conn)
{
    char buf[4096];
    int64_t n;

    while ((n = leat_read(conn, buf, sizeof(buf))) > 0)
        if (leat_write(conn, buf, (size_t)n) < 0)
            break;
}

static void serve(leat_waitgroup *wg, leat_io *socket, leat_tls_config *config)
{
    leat_limit limit = in_ten_seconds();
    leat_io *conn;

    if (leat_tls_server(&conn, socket, config, &limit) < 0) {
        /* The one who does not trust us hangs up. A real server would write this to its log:
         * leat_tls_error(NULL). */
        leat_io_free(socket);
    } else {
        echo(conn);
        leat_io_free(conn); /* and the socket below */
    }
    leat_waitgroup_done(wg);
}

static void accept_all(leat_waitgroup *wg, leat_listener *listener, leat_tls_config *config)
{
    leat_io *socket;

    while (leat_accept(listener, &socket) == 0) {
        leat_waitgroup_add(wg, 1);
        leat_go(serve, wg, socket, config);
    }
    leat_waitgroup_done(wg);
}

static void visit(const char *address, leat_tls_config *config, const char *who)
{
    leat_limit limit = in_ten_seconds();
    leat_tls_info info;
    leat_io *conn;
    char line[100], answer[100] = "";

    if (leat_tls_dial(&conn, "tcp", address, config, &limit) < 0) {
        printf("%s hangs up: %s\n", who, leat_tls_error(NULL));
        return;
    }
    int len = snprintf(line, sizeof(line), "hello from %s", who);
    leat_write(conn, line, (size_t)len);
    if (leat_read_full(conn, answer, (size_t)len) == len && leat_tls_state(conn, &info) == 0)
        printf("%s hears \"%s\" from %s\n", who, answer, info.subject);
    leat_io_free(conn);
}

static int run(leat_listener *listener, leat_tls_config *server, leat_tls_config *friendly,
               leat_tls_config *strange)
{
    leat_waitgroup wg = {0};
    leat_addr addr;
    char address[64];

    if (leat_listener_addr(listener, &addr) < 0)
        return 1;
    leat_addr_format(&addr, address, sizeof(address));
    leat_waitgroup_add(&wg, 1);
    leat_go(accept_all, &wg, listener, server);
    for (int i = 1; i <= CLIENTS; i++) {
        char who[20];
        snprintf(who, sizeof(who), "client %d", i);
        visit(address, friendly, who);
    }
    visit(address, strange, "a stranger");
    leat_listener_close(listener); /* ends accept_all */
    leat_waitgroup_wait(&wg);
    return 0;
}

int main(int argc, char **argv)
{
    leat_tls_config *server = leat_tls_config_make();
    leat_tls_config *friendly = leat_tls_config_make();
    leat_tls_config *strange = leat_tls_config_make();
    leat_listener *listener;
    int status = 1;

    if (argc != 3) {
        fprintf(stderr, "usage: tls-echo CERT KEY\n");
        return 2;
    }
    if (leat_tls_config_cert(server, argv[1], argv[2]) < 0 ||
        leat_tls_config_ca(friendly, argv[1]) < 0)
        fprintf(stderr, "tls-echo: %s\n", leat_tls_error(NULL)); /* it names the file */
    else if (leat_listen(&listener, "tcp", "127.0.0.1:0") < 0)
        fprintf(stderr, "tls-echo: there is no port to listen on\n");
    else {
        status = run(listener, server, friendly, strange);
        leat_listener_free(listener);
    }
    leat_tls_config_free(server);
    leat_tls_config_free(friendly);
    leat_tls_config_free(strange);
    return status;
}
