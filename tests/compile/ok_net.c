/* SPDX-License-Identifier: MIT */
/* Sockets, from their header alone. */
#include <leat/net.h>

static const leat_listen_options shared = {.backlog = 10, .reuse_port = true};

int use_net(leat_ctx *ctx, char text[LEAT_ADDR_TEXT]);

int use_net(leat_ctx *ctx, char text[LEAT_ADDR_TEXT])
{
    leat_listener *l;
    leat_io *conn, *socket;
    leat_addr at = {0}, copy = at;
    char buf[16];
    leat_message message = {.data = buf, .size = sizeof(buf), .addr = &copy};

    if (leat_listen_with(&l, "tcp", ":0", &shared) < 0 || leat_accept_ctx(ctx, l, &conn) < 0)
        return -1;
    if (leat_dial_until(&conn, "tcp", "localhost:http", LEAT_FOREVER) < 0)
        return -1;
    leat_net_set(conn, LEAT_NET_NODELAY, 0);
    if (leat_listen_packet(&socket, "udp", ":0") < 0)
        return -1;
    if (leat_recv_message(socket, &message, NULL) < 0)
        return -1;
    leat_send_to(socket, buf, 1, &copy);
    leat_listener_free(l);
    return (int)leat_addr_format(&at, text, LEAT_ADDR_TEXT) + leat_addr_equal(&at, &copy);
}
