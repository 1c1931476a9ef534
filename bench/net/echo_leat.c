/* SPDX-License-Identifier: MIT */
/*
 * echo_leat.c - an echo server as one writes it with leat: a goroutine a connection. With the
 * argument "idle", its buffers are small, as for ten thousand connections that mostly wait.
 */
#include <leat.h>
#include <stdio.h>
#include <string.h>

enum { BUFFER = 16384, SMALL_BUFFER = 512 };

static void echo_through(leat_io *conn, char *buf, size_t size)
{
    int64_t n;

    while ((n = leat_read(conn, buf, size)) > 0)
        if (leat_write(conn, buf, (size_t)n) < 0)
            break;
    leat_io_free(conn);
}

static void echo(leat_io *conn)
{
    char buf[BUFFER];

    echo_through(conn, buf, sizeof(buf));
}

static void echo_idle(leat_io *conn)
{
    char buf[SMALL_BUFFER];

    echo_through(conn, buf, sizeof(buf));
}

int main(int argc, char **argv)
{
    void (*serve)(leat_io *) = argc > 1 && strcmp(argv[1], "idle") == 0 ? echo_idle : echo;
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
        leat_go(serve, conn);
    fprintf(stderr, "echo: %s\n", leat_strerror(err));
    return 1;
}
