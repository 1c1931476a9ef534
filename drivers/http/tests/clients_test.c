/* SPDX-License-Identifier: MIT */
/* clients_test.c - a whole server, asked by programs of others: curl, wrk, Python. */
#define _GNU_SOURCE
#include "commands_site.h"

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

static void clients_begin(void)
{
    commands_begin();
    commands_serve();
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
    commands_end();
}

T_TEST(wrk, .skip_if = no_wrk, .procs = {1, 2, 8})
{
    clients_begin();
    char *out = run("wrk -t 1 -c 50 -d 1s @/hello");
    T_STRHAS(out, "requests in");
    T_TRUE(!strstr(out, "Socket errors") && !strstr(out, "Non-2xx"));
    free(out);
    commands_end();
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
    commands_end();
}
