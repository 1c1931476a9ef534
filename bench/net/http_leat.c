/* SPDX-License-Identifier: MIT */
/* http_leat.c - the smallest server of libleat-http, the twin of go/main.go's. Prints its port. */
#include <leat.h>
#include <leat/http.h>
#include <stdio.h>

static void hello(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)req;
    (void)arg;
    leat_http_reply(res, 200, "text/plain; charset=utf-8", "hello, world\n", 13);
}

int main(void)
{
    leat_http_server *server;
    leat_listener *l;
    leat_addr addr;
    int err = leat_listen(&l, "tcp", "127.0.0.1:0");

    if (!err)
        err = leat_listener_addr(l, &addr);
    if (!err) {
        printf("%d\n", leat_addr_port(&addr));
        fflush(stdout);
        err = leat_http_server_make(&server, hello, NULL, NULL);
    }
    if (!err)
        err = leat_http_serve(server, l);
    fprintf(stderr, "http: %s\n", leat_strerror(err));
    return 1;
}
