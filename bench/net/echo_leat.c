/* SPDX-License-Identifier: MIT */
/* echo_leat.c - an echo server as one writes it with leat: a goroutine a connection. */
#include <leat.h>
#include <stdio.h>

enum { BUFFER = 16384 };

static void echo(leat_io *conn)
{
    char buf[BUFFER];
    int64_t n;

    while ((n = leat_read(conn, buf, sizeof(buf))) > 0)
        if (leat_write(conn, buf, (size_t)n) < 0)
            break;
    leat_io_free(conn);
}

int main(void)
{
    leat_listener *l;
    leat_addr addr;
    leat_io *conn;
    int err = leat_listen(&l, "tcp", "127.0.0.1:0");

    if (!err)
        err = leat_listener_addr(l, &addr);
    if (!err) {
        printf("%d\n", leat_addr_port(&addr));
        fflush(stdout);
    }
    while (!err && (err = leat_accept(l, &conn)) == 0)
        leat_go(echo, conn);
    fprintf(stderr, "echo: %s\n", leat_strerror(err));
    return 1;
}
