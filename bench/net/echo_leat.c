/* SPDX-License-Identifier: MIT */
/* echo_leat.c - an echo server as one writes it with leat: a goroutine a connection. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <leat.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

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

static int listen_on_any_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 65535) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
        perror("listen");
        exit(1);
    }
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

int main(void)
{
    int listener = listen_on_any_port(), one = 1;

    while (leat_wait_fd(listener, LEAT_READABLE, LEAT_FOREVER) > 0) {
        for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
            leat_io *conn;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            if (leat_io_adopt(&conn, fd) == 0)
                leat_go(echo, conn);
        }
    }
    return 1;
}
