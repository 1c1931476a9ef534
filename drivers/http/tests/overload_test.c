/* SPDX-License-Identifier: MIT */
/*
 * overload_test.c - more clients than a server wants: whoever gets an answer gets 200 or 503, and
 * when they have gone everybody is served again.
 */
#define _GNU_SOURCE
#include <stdatomic.h>

#include "site_util.h"

static const char *no_wrk(void)
{
    return is_installed("wrk") ? NULL : "wrk is not installed";
}

static const char *no_python(void)
{
    return is_installed("python3") ? NULL : "python3 is not installed";
}

static atomic_int at_work, most;

/* Work that takes a while, and notes how many do it at once. */
static void work(leat_http_request *req, leat_http_response *res, void *arg)
{
    int n = atomic_fetch_add(&at_work, 1) + 1, seen = atomic_load(&most);

    (void)req, (void)arg;
    while (n > seen && !atomic_compare_exchange_weak(&most, &seen, n))
        continue;
    leat_sleep(LEAT_MILLISECOND);
    atomic_fetch_sub(&at_work, 1);
    leat_http_reply(res, 200, "text/plain", "done\n", 5);
}

/* Everybody has gone: the next one is served. */
static void serves_again(struct site *s)
{
    leat_http_client *client = client_here();
    leat_http_answer *answer;
    char url[200], *body;

    while (leat_http_conns(s->server) > 0)
        leat_yield();
    snprintf(url, sizeof url, "http://%s/", s->address);
    T_ERR(leat_http_get(client, url, &answer), 0);
    T_EQ(leat_http_answer_status(answer), 200);
    T_EQ(leat_http_answer_read_all(answer, &body, 100), 5);
    T_STREQ(body, "done\n");
    free(body);
    leat_http_answer_free(answer);
    leat_http_client_free(client);
}

/* Of "ok=1 busy=2 other=0 errors=0": there are such answers and others, and no third kind. */
static void were_two_kinds(const char *said)
{
    const char *at = strstr(said, "ok=");
    long ok, busy, other, errors;

    if (!at ||
        sscanf(at, "ok=%ld busy=%ld other=%ld errors=%ld", &ok, &busy, &other, &errors) != 4)
        T_FAIL("it says: %s", said);
    T_GT(ok, 0);
    T_GT(busy, 0);
    if (other || errors)
        T_FAIL("it says: %s", said);
}

/* ---- more requests than are let through ---- */

static const char wrk_script[] =
    "local threads = {}\n"
    "function setup(thread) table.insert(threads, thread) end\n"
    "function init(args) ok = 0; busy = 0; other = 0 end\n"
    "function response(status)\n"
    "    if status == 200 then ok = ok + 1\n"
    "    elseif status == 503 then busy = busy + 1\n"
    "    else other = other + 1 end\n"
    "end\n"
    "function done(summary, latency, requests)\n"
    "    local t, e = threads[1], summary.errors\n"
    "    io.write(string.format('ok=%d busy=%d other=%d errors=%d\\n', t:get('ok'),\n"
    "        t:get('busy'), t:get('other'), e.connect + e.read + e.write + e.timeout))\n"
    "end\n";

T_TEST(requests_beyond_the_throttle_are_told_503_under_wrk, .skip_if = no_wrk,
       .timeout_ms = 60000)
{
    leat_http_throttle throttle = {.next = {work, NULL},
                                   .throttle = {.limit = 3, .backlog = 4}};
    char script[200], url[200];
    struct site s;
    leat_io *file;

    T_ERR(leat_temp_file(&file, script, sizeof script, NULL, "leat-wrk-*.lua"), 0);
    T_EQ(leat_write(file, wrk_script, sizeof wrk_script - 1), (int64_t)sizeof wrk_script - 1);
    leat_io_free(file);
    site_begin(&s, leat_http_throttle_serve, &throttle, NULL);
    snprintf(url, sizeof url, "http://%s/", s.address);
    char *said = said_by(LEAT_ARGV("wrk", "-t", "1", "-c", "50", "-d", "1s", "--timeout", "30s",
                                   "-s", script, url));
    were_two_kinds(said);
    free(said);
    T_LE(atomic_load(&most), 3);
    serves_again(&s);
    site_end(&s);
    T_EQ(unlink(script), 0);
}

/* ---- more connections than are taken ---- */

static const char crowd_script[] =
    "import collections, http.client, sys, threading\n"
    "counts, lock = collections.Counter(), threading.Lock()\n"
    "def visit():\n"
    "    for i in range(30):\n"
    "        c = http.client.HTTPConnection(sys.argv[1], timeout=60)\n"
    "        try:\n"
    "            c.request('GET', '/')\n"
    "            r = c.getresponse()\n"
    "            r.read()\n"
    "            kind = {200: 'ok', 503: 'busy'}.get(r.status, 'other')\n"
    "        except (OSError, http.client.HTTPException):\n"
    "            kind = 'errors'\n"
    "        c.close()\n"
    "        with lock:\n"
    "            counts[kind] += 1\n"
    "threads = [threading.Thread(target=visit) for i in range(20)]\n"
    "for t in threads: t.start()\n"
    "for t in threads: t.join()\n"
    "print(*(f'{k}={counts[k]}' for k in ('ok', 'busy', 'other', 'errors')))\n";

T_TEST(connections_beyond_the_limit_are_told_503, .skip_if = no_python, .timeout_ms = 60000)
{
    const leat_http_opts opts = {.max_conns = 3};
    struct site s;

    site_begin(&s, work, NULL, &opts);
    char *said = said_by(LEAT_ARGV("python3", "-c", crowd_script, s.address));
    were_two_kinds(said);
    free(said);
    T_LE(atomic_load(&most), 3);
    serves_again(&s);
    site_end(&s);
}
