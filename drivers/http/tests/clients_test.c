/* SPDX-License-Identifier: MIT */
/* clients_test.c - a whole server, asked by programs of others: curl, wrk, Python. */
#define _GNU_SOURCE
#include "http_commands.h"

static leat_http_server *server;
static leat_waitgroup serving;

static const char *no_curl(void)
{
    return has_program("curl") ? NULL : "curl is not installed";
}

static const char *no_wrk(void)
{
    return has_program("wrk") ? NULL : "wrk is not installed";
}

static const char *no_python(void)
{
    return has_program("python3") ? NULL : "python3 is not installed";
}

static void hello(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)req, (void)arg;
    leat_http_reply(res, 200, "text/plain", "hello\n", 6);
}

static int echo(leat_http_request *req, leat_http_response *res, void *arg)
{
    char buf[5000];
    int64_t n;

    (void)arg;
    while ((n = leat_http_read(req, buf, sizeof buf)) > 0) {
        int64_t put = leat_http_write(res, buf, (size_t)n);
        if (put < 0)
            return (int)put;
    }
    return (int)n;
}

static void numbers(leat_http_request *req, leat_http_response *res, void *arg)
{
    (void)arg;
    leat_http_set_header(res, "Content-Type", "text/plain");
    for (long i = 0, n = atol(leat_http_path_value(req, "n")); i < n; i++)
        leat_http_printf(res, "%ld\n", i);
}

static void serve_here(leat_listener *l)
{
    T_ERR(leat_http_serve(server, l), -ESHUTDOWN);
    leat_waitgroup_done(&serving);
}

static leat_http_try echoes = {.fn = echo};
static leat_http_gzip compressed = {.next = {numbers, NULL}};
static leat_http_mux *mux;

static void clients_begin(void)
{
    leat_listener *l;
    leat_addr addr;
    char address[LEAT_ADDR_TEXT];

    T_ERR(leat_http_mux_make(&mux), 0);
    leat_http_mux_handle(mux, "GET /hello", hello, NULL);
    leat_http_mux_handle(mux, "POST /echo", leat_http_try_serve, &echoes);
    leat_http_mux_handle(mux, "PUT /echo", leat_http_try_serve, &echoes);
    leat_http_mux_handle(mux, "GET /numbers/{n}", leat_http_gzip_serve, &compressed);
    T_ERR(leat_http_server_make(&server, leat_http_mux_serve, mux, NULL), 0);
    T_ERR(leat_listen(&l, "tcp", "127.0.0.1:0"), 0);
    T_ERR(leat_listener_addr(l, &addr), 0);
    leat_addr_format(&addr, address, sizeof address);
    snprintf(base, sizeof base, "http://%s", address);
    leat_waitgroup_add(&serving, 1);
    leat_go(serve_here, l);
}

static void clients_end(void)
{
    leat_http_shutdown(server);
    leat_waitgroup_wait(&serving);
    leat_http_server_free(server);
    leat_http_mux_free(mux);
}

T_TEST(curl, .skip_if = no_curl, .procs = {1, 2})
{
    clients_begin();
    says(CURL "--fail @/hello", "hello\n");
    says(CURL "--fail --http1.0 @/hello", "hello\n");
    says(CURL "--fail --head @/hello", "Content-Length: 6");
    says(CURL "--fail @/hello @/hello @/hello --write-out '%{num_connects}'",
         "hello\n1hello\n0hello\n0");
    says(CURL "--fail --data 'some text' @/echo", "some text");
    says("seq 1 100000 | " CURL "--fail --upload-file - @/echo | tail -1", "100000\n");
    says("seq 1 100000 > /tmp/leat-curl-$$; " CURL "--fail -H 'Expect: 100-continue' "
         "--upload-file /tmp/leat-curl-$$ @/echo | cmp - /tmp/leat-curl-$$ && echo same; "
         "rm /tmp/leat-curl-$$",
         "same");
    says(CURL "--fail --compressed @/numbers/20000 | tail -1", "19999\n");
    says(CURL "--fail @/numbers/20000 | tail -1", "19999\n");
    says(CURL "--output /dev/null --write-out '%{http_code}' @/none", "404");
    says(CURL "--output /dev/null --write-out '%{http_code}' --request PATCH @/echo", "405");
    says(CURL "--fail --location @/x/..//hello", "hello\n");
    says(CURL "--fail --parallel --parallel-max 20 '@/numbers/[1-50]' | tail -1", "\n");
    clients_end();
}

T_TEST(wrk, .skip_if = no_wrk, .procs = {1, 2, 8})
{
    clients_begin();
    char *out = run("wrk -t 1 -c 50 -d 1s @/hello");
    T_STRHAS(out, "requests in");
    T_TRUE(!strstr(out, "Socket errors") && !strstr(out, "Non-2xx"));
    free(out);
    clients_end();
}

T_TEST(python, .skip_if = no_python, .procs = {1, 2})
{
    clients_begin();
    says("python3 - @ <<'END'\n"
         "import http.client, sys, urllib.parse\n"
         "c = http.client.HTTPConnection(urllib.parse.urlparse(sys.argv[1]).netloc, "
         "timeout=60)\n"
         "for i in range(50):\n"
         "    c.request('GET', '/hello')\n"
         "    r = c.getresponse()\n"
         "    assert r.status == 200 and r.read() == b'hello\\n', r.status\n"
         "    assert r.getheader('Content-Length') == '6'\n"
         "c.request('POST', '/echo', body=(b'x' * n for n in (1, 70000, 3)), "
         "encode_chunked=True,\n"
         "          headers={'Transfer-Encoding': 'chunked'})\n"
         "r = c.getresponse()\n"
         "assert r.read() == b'x' * 70004\n"
         "c.request('GET', '/numbers/5')\n"
         "assert c.getresponse().read().split() == [b'0', b'1', b'2', b'3', b'4']\n"
         "c.request('DELETE', '/hello')\n"
         "r = c.getresponse()\n"
         "assert r.status == 405 and r.getheader('Allow') == 'GET, HEAD', r.getheaders()\n"
         "print('all well')\n"
         "END",
         "all well\n");
    clients_end();
}
