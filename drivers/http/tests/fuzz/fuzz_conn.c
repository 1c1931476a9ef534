/* SPDX-License-Identifier: MIT */
/*
 * fuzz_conn.c - a server's whole connection, of HTTP/1 or HTTP/2 as the bytes say, over memory.
 *
 * The client's bytes come in pieces whose lengths the input chooses; what the server says is
 * dropped. Every connection must end, and with it every goroutine and every request.
 */
#include "fuzz.h"

#include <leat.h>
#include <leat/http.h>
#include <stdlib.h>
#include <string.h>

/* A stream that reads from memory and writes to nowhere. */
struct mem_stream {
    leat_io io;
    const uint8_t *data;
    size_t len, step;
    bool closed; /* atomic */
};

static int64_t mem_readv(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit)
{
    struct mem_stream *m = (struct mem_stream *)io;
    size_t some = to[0].len < m->step ? to[0].len : m->step;

    (void)n, (void)limit;
    if (__atomic_load_n(&m->closed, __ATOMIC_SEQ_CST))
        return -EBADF;
    some = some < m->len ? some : m->len;
    if (some > 0)
        memcpy(to[0].base, m->data, some);
    m->data += some;
    m->len -= some;
    return (int64_t)some;
}

static int64_t mem_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                          const leat_limit *limit)
{
    struct mem_stream *m = (struct mem_stream *)io;

    (void)limit;
    if (__atomic_load_n(&m->closed, __ATOMIC_SEQ_CST))
        return -EBADF;
    *done = 0;
    for (int i = 0; i < n; i++)
        *done += from[i].len;
    return (int64_t)*done;
}

static int mem_shut(leat_io *io, int ways)
{
    (void)io, (void)ways;
    return 0;
}

static int mem_close(leat_io *io)
{
    struct mem_stream *m = (struct mem_stream *)io;

    return __atomic_exchange_n(&m->closed, true, __ATOMIC_SEQ_CST) ? -EBADF : 0;
}

static void mem_free(leat_io *io)
{
    free(io);
}

static const leat_io_ops mem_ops = {.kind = "memory",
                                    .readv = mem_readv,
                                    .writev = mem_writev,
                                    .shut = mem_shut,
                                    .close = mem_close,
                                    .free = mem_free};

static leat_io *mem_stream(const uint8_t *data, size_t len, size_t step)
{
    struct mem_stream *m = calloc(1, sizeof *m);

    FUZZ_CHECK(m);
    leat_io_init(&m->io, &mem_ops);
    m->data = data;
    m->len = len;
    m->step = step;
    return &m->io;
}

static uint32_t nrequests; /* atomic: begun and not ended */

/* Asks a request for all that it has, and sends its body back. */
static void serve_any(leat_http_request *req, leat_http_response *res, void *arg)
{
    const char *name, *value;
    char buf[300];
    int64_t n;

    (void)arg;
    __atomic_add_fetch(&nrequests, 1, __ATOMIC_SEQ_CST);
    FUZZ_CHECK(leat_http_method(req)[0] && leat_http_target(req)[0]);
    for (int i = 0; leat_http_header_at(req, i, &name, &value); i++)
        FUZZ_CHECK(leat_http_header(req, name));
    leat_http_set_header(res, "X-Path", leat_http_path(req));
    while ((n = leat_http_read(req, buf, sizeof buf)) > 0)
        leat_http_write(res, buf, (size_t)n);
    __atomic_sub_fetch(&nrequests, 1, __ATOMIC_SEQ_CST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const leat_http_opts opts = {.max_head = 2000,
                                 .max_fields = 10,
                                 .max_body = 1000,
                                 .max_streams = 5};
    leat_http_server *s;

    FUZZ_CHECK(leat_http_server_make(&s, serve_any, NULL, &opts) == 0);
    leat_http_serve_conn(s, mem_stream(data, len, len ? 1 + data[len - 1] : 1));
    FUZZ_CHECK(leat_http_conns(s) == 0);
    FUZZ_CHECK(__atomic_load_n(&nrequests, __ATOMIC_SEQ_CST) == 0);
    leat_http_server_free(s);
    return 0;
}
