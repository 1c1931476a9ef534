/* SPDX-License-Identifier: MIT */
/*
 * fuzz_answer.c - what a client makes of a server's bytes, over HTTP/1 or HTTP/2.
 *
 * The input's first byte chooses the version and the length of the pieces, the rest is what the
 * server says. The client dials a listener of this program, and its `secure` puts memory in the
 * connection's place, as it would put TLS around it. Every call must end, with an answer whose
 * body ends or an error; and the client's end must end all that it has begun.
 */
#define _GNU_SOURCE
#include "mem_stream.h"

#include <leat/http.h>
#include <stdio.h>
#include <sys/socket.h>

struct input {
    const uint8_t *data;
    size_t len, step;
    bool http2;
};

static void hang_up(leat_listener *l)
{
    leat_io *io;

    while (leat_accept(l, &io) == 0)
        leat_io_free(io);
}

static const char *server_url(void)
{
    static char url[64];
    leat_listener *l;
    leat_addr addr;

    if (url[0])
        return url;
    FUZZ_CHECK(leat_listen(&l, "tcp", "127.0.0.1:0") == 0);
    FUZZ_CHECK(leat_listener_addr(l, &addr) == 0);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", leat_addr_port(&addr));
    leat_go(hang_up, l);
    return url;
}

/* Reset, so that no thousands of ports wait for stray packets. */
static int over_memory(leat_ctx *ctx, leat_io **io, const char *host, void *arg)
{
    const struct input *in = arg;
    const struct linger none = {1, 0};

    (void)ctx, (void)host;
    setsockopt(leat_io_fd(*io), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    leat_io_free(*io);
    *io = mem_stream(in->data, in->len, in->step);
    return in->http2 ? LEAT_HTTP_2 : 0;
}

static void look_at(leat_http_answer *answer)
{
    const char *name, *value;
    char buf[300];
    int status = leat_http_answer_status(answer);

    FUZZ_CHECK(status >= 200 && status <= 999);
    FUZZ_CHECK(leat_http_answer_length(answer) >= -1);
    for (int i = 0; leat_http_answer_header_at(answer, i, &name, &value); i++)
        FUZZ_CHECK(leat_http_answer_header(answer, name));
    while (leat_http_answer_read(answer, buf, sizeof buf) > 0)
        continue;
    leat_http_answer_free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct input in = {data + 1, len - 1, 1, false};
    const leat_http_client_opts opts = {.max_redirects = -1,
                                        .max_head = 2000,
                                        .no_proxy = true,
                                        .secure = over_memory,
                                        .arg = &in};
    leat_http_client *client;
    leat_http_answer *answer;

    if (len == 0)
        return 0;
    in.step = 1 + data[0] / 2;
    in.http2 = data[0] % 2;
    FUZZ_CHECK(leat_http_client_make(&client, &opts) == 0);
    if (leat_http_get(client, server_url(), &answer) == 0)
        look_at(answer);
    leat_http_client_free(client);
    return 0;
}
