/* SPDX-License-Identifier: MIT */
/*
 * fuzz_conn.c - a server's whole connection, of HTTP/1 or HTTP/2 as the bytes say, over memory.
 *
 * The client's bytes come in pieces whose lengths the input chooses; what the server says is
 * dropped. Every connection must end, and with it every goroutine and every request.
 */
#include "mem_stream.h"

#include <leat/http.h>

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
