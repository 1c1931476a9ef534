/* SPDX-License-Identifier: MIT */
/*
 * echo_leat.c - an echo server as one writes it with leat: a goroutine a connection, and a buffer
 * only while there is something to put into it.
 */
#include <errno.h>
#include <leat.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUFFER = 16384 };

static void *make_buffer(void *unused)
{
    (void)unused;
    return malloc(BUFFER);
}

static void drop_buffer(void *buf, void *unused)
{
    (void)unused;
    free(buf);
}

static leat_pool buffers = {.make = make_buffer, .drop = drop_buffer};

static bool echo_once(leat_io *conn)
{
    char *buf = leat_pool_get(&buffers);
    int64_t n = buf ? leat_read(conn, buf, BUFFER) : -ENOMEM;
    bool more = n > 0 && leat_write(conn, buf, (size_t)n) == n;

    leat_pool_put(&buffers, buf);
    return more;
}

static void echo(leat_io *conn)
{
    while (leat_io_wait_readable(conn, NULL) == 0 && echo_once(conn))
        ;
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
