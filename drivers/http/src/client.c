/* SPDX-License-Identifier: MIT */
/*
 * client.c - clients: calls, redirects, second tries.
 *
 * PICTURE   call -> connection (kept or new) -> exchange -> answer
 *             ^                                    |
 *             +--- redirect, or a kept connection that had ended ---+
 *
 * SECOND TRIES  A kept connection may have been closed by the server while the request was on its
 *   way. If not one byte of an answer came, the method may be repeated without harm and the body
 *   can be sent again, it is sent again over a new connection, once. Over HTTP/2 a connection is
 *   used by others from the start, so there it is tried a few times; and what the server says it
 *   has not begun with (REFUSED_STREAM, or behind the last stream of a GOAWAY) is sent again
 *   whatever its method.
 *
 * REDIRECTS  301, 302 and 303 become GET (HEAD stays), without the body; 307 and 308 repeat the
 *   request, if its body can be sent again. A redirect to another host does not take credentials
 *   along. What cannot be followed is the answer itself.
 *
 * OWNERSHIP  An answer owns its connection until its body has been read to the end; then the
 *   connection goes back to the client, at leat_http_answer_free at the latest. One that is freed
 *   before that is closed: to read what nobody wants costs more than to dial.
 *
 * PROOF client_test.c
 */
#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "chars.h"

enum {
    FIRST_IN = 4096,
    CLIENT_HEAD = 64 * 1024,
    CLIENT_IDLE = 32,
    CLIENT_REDIRECTS = 10,
    MOST_TRIES = 8
};

int leat_http_client_make(leat_http_client **client, const leat_http_client_opts *opts)
{
    leat_http_client *c = calloc(1, sizeof *c);
    int err;

    if (!c)
        return -ENOMEM;
    if (opts)
        c->opts = *opts;
    if (!c->opts.max_idle)
        c->opts.max_idle = CLIENT_IDLE;
    if (!c->opts.max_redirects)
        c->opts.max_redirects = CLIENT_REDIRECTS;
    if (!c->opts.max_head)
        c->opts.max_head = CLIENT_HEAD;
    if (!c->opts.idle_timeout)
        c->opts.idle_timeout = 90 * LEAT_SECOND;
    err = c->opts.no_proxy ? 0 : http__proxies_init(&c->proxies);
    if (err) {
        free(c);
        return err;
    }
    *client = c;
    return 0;
}

void leat_http_client_close_idle(leat_http_client *c)
{
    http__client_forget(c);
}

void leat_http_client_free(leat_http_client *c)
{
    if (!c)
        return;
    http__client_forget(c);
    leat_waitgroup_wait(&c->readers);
    http__proxies_free(&c->proxies);
    free(c);
}

/* ---- one request ---- */

static bool may_repeat(const char *method)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(method, methods[i]) == 0)
            return true;
    }
    return false;
}

/* The connection is done with, for better or worse. */
static void end_exchange(leat_http_answer *a)
{
    if (a->h2)
        http__h2_call_end(a);
    if (!a->io)
        return;
    bool whole = a->body == ANSWER_OVER && a->head.keep_alive && a->start == a->end;
    if (a->sending.started && !__atomic_load_n(&a->sending.finished, __ATOMIC_ACQUIRE)) {
        whole = false; /* the server does not want the rest of the body */
        leat_io_close(a->io);
    }
    http__sending_end(a);
    if (whole && !a->sending.err) {
        http__client_keep(a);
        return;
    }
    leat_io_free(a->io);
    a->io = NULL;
}

/* May the request be sent once more, over another connection? */
static bool is_worth_another(const leat_http_answer *a, int err, bool repeatable, int tries)
{
    if (a->untaken)
        return tries < MOST_TRIES;
    return a->reused && !a->any_byte && repeatable && tries < MOST_TRIES &&
           (err == -ENODATA || err == -EPIPE || err == -ECONNRESET);
}

static int call_once(leat_http_answer *a, const leat_http_call *call, const char *method,
                     bool with_body)
{
    bool again = may_repeat(method) && !(with_body && call->read_body);
    int err, tries = 0;

    for (;;) {
        a->body = ANSWER_BROKEN;
        a->sending.err = 0;
        err = http__client_connect(a, tries++ > 0);
        if (err)
            return err;
        err = http__exchange(a, call, method, with_body);
        if (!err)
            return 0;
        end_exchange(a);
        if (!is_worth_another(a, err, again, tries))
            return err;
    }
}

/* ---- redirects ---- */

static bool is_credential(const char *name)
{
    return http__same_text(name, "authorization") || http__same_text(name, "cookie") ||
           http__same_text(name, "proxy-authorization");
}

/* The call without its credentials, its fields in memory of the caller's. */
static void drop_credentials(leat_http_call *call, leat_http_field *fields)
{
    int n = 0;

    for (int i = 0; i < call->nfields; i++) {
        if (!is_credential(call->fields[i].name))
            fields[n++] = call->fields[i];
    }
    call->fields = fields;
    call->nfields = n;
}

/* Where to go next, with which method; false: the answer is the last one. */
static bool is_redirect(leat_http_answer *a, const leat_http_call *call, const char **method,
                        bool *with_body, struct http_url *next)
{
    const struct http_field *where = http__field(&a->head.fields, "Location");

    if (!where || a->client->opts.max_redirects < 0 ||
        http__url_resolve(next, &a->url, where->value) < 0)
        return false;
    switch (a->head.status) {
    case 301:
    case 302:
    case 303:
        if (strcmp(*method, "HEAD") != 0)
            *method = "GET";
        *with_body = false;
        return true;
    case 307:
    case 308:
        return !(*with_body && call->read_body);
    default:
        return false;
    }
}

/* Reads what little a redirect has to say, so that the connection can be kept. */
static void skip_body(leat_http_answer *a)
{
    char sink[1024];

    for (int i = 0; i < 16 && leat_http_answer_read(a, sink, sizeof sink) > 0; i++)
        continue;
}

static int call_along(leat_http_answer *a, const leat_http_call *given, leat_http_field *fields,
                      struct http_url *next)
{
    leat_http_call call = *given;
    const char *method = call.method ? call.method : "GET";
    bool with_body = http__has_body(&call);

    for (int turns = 0;; turns++) {
        int err = call_once(a, &call, method, with_body);
        if (err || !is_redirect(a, &call, &method, &with_body, next))
            return err;
        if (turns >= a->client->opts.max_redirects)
            return -ELOOP;
        skip_body(a);
        end_exchange(a);
        if (strcmp(next->host, a->url.host) != 0 || next->port != a->url.port)
            drop_credentials(&call, fields);
        a->url = *next;
    }
}

/* ---- the calls ---- */

int leat_http_do(leat_ctx *ctx, leat_http_client *c, const leat_http_call *call,
                 leat_http_answer **answer)
{
    leat_http_answer *a = calloc(1, sizeof *a);
    size_t fields = sizeof(leat_http_field) * (size_t)(call->nfields + 1);
    leat_http_field *spare = malloc(fields);
    struct http_url *next = malloc(sizeof *next);
    int err = a && spare && next ? 0 : -ENOMEM;

    if (a) {
        a->client = c;
        a->ctx = ctx;
        a->head.fields.limit = 200;
        a->in_cap = FIRST_IN;
        a->in = malloc(FIRST_IN);
        if (!a->in)
            err = -ENOMEM;
    }
    if (!err)
        err = http__url_parse(&a->url, call->url);
    if (!err)
        err = call_along(a, call, spare, next);
    free(spare);
    free(next);
    if (err) {
        leat_http_answer_free(a);
        return err;
    }
    *answer = a;
    return 0;
}

int leat_http_get_ctx(leat_ctx *ctx, leat_http_client *c, const char *url,
                      leat_http_answer **answer)
{
    const leat_http_call call = {.url = url};

    return leat_http_do(ctx, c, &call, answer);
}

int leat_http_get(leat_http_client *c, const char *url, leat_http_answer **answer)
{
    return leat_http_get_ctx(NULL, c, url, answer);
}

void leat_http_answer_free(leat_http_answer *a)
{
    if (!a)
        return;
    end_exchange(a);
    http__arena_reset(&a->arena);
    free(a->head.fields.at);
    free(a->in);
    free(a);
}

int leat_http_answer_status(const leat_http_answer *a)
{
    return a->head.status;
}

const char *leat_http_answer_header(const leat_http_answer *a, const char *name)
{
    const struct http_field *f = http__field(&a->head.fields, name);

    return f ? f->value : NULL;
}

bool leat_http_answer_header_at(const leat_http_answer *a, int i, const char **name,
                                const char **value)
{
    if (i < 0 || i >= a->head.fields.len)
        return false;
    *name = a->head.fields.at[i].name;
    *value = a->head.fields.at[i].value;
    return true;
}

int64_t leat_http_answer_length(const leat_http_answer *a)
{
    return a->head.content_length;
}

const char *leat_http_answer_host(const leat_http_answer *a)
{
    return a->url.authority;
}

const char *leat_http_answer_target(const leat_http_answer *a)
{
    return a->url.target;
}

int64_t leat_http_answer_read_all(leat_http_answer *a, char **body, size_t max)
{
    size_t cap = 4096, used = 0;
    char *text = malloc(cap);
    int64_t n = text ? 1 : -ENOMEM;

    while (n > 0) {
        if (cap - used < 2) {
            char *grown = realloc(text, cap * 2);
            n = grown ? n : -ENOMEM;
            text = grown ? grown : text;
            cap *= grown ? 2 : 1;
        }
        if (n > 0)
            n = leat_http_answer_read(a, text + used, cap - used - 1);
        used += n > 0 ? (size_t)n : 0;
        if (used > max)
            n = -E2BIG;
    }
    if (n < 0) {
        free(text);
        return n;
    }
    text[used] = '\0';
    *body = text;
    return (int64_t)used;
}
