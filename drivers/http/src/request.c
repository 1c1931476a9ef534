/* SPDX-License-Identifier: MIT */
/*
 * request.c - what handlers ask of a request.
 *
 * The strings of a request lie in the connection's buffer or in the arena of its work, and live
 * until the handler returns. Its context is made at the first question: most handlers never ask.
 *
 * PROOF server_test.c
 */
#include "chars.h"
#include "http_conn.h"
#include "url.h"

#include <stdlib.h>
#include <string.h>

/* The path of "http://host/path": a proxy's form, which servers must take too. */
static const char *path_of(const char *target)
{
    const char *slashes;

    if (target[0] == '/')
        return target;
    slashes = strstr(target, "://");
    if (!slashes)
        return NULL;
    slashes = strchr(slashes + 3, '/');
    return slashes ? slashes : "/";
}

int http__request_begin(leat_http_request *req)
{
    const char *raw = path_of(req->head.target);
    const char *mark = raw ? strchr(raw, '?') : NULL;
    size_t len = !raw ? 0 : mark ? (size_t)(mark - raw) : strlen(raw);
    int64_t n;
    char *path;

    req->query = mark ? mark + 1 : "";
    req->ctx = NULL;
    req->id = NULL;
    req->pattern = "";
    req->nvalues = 0;
    req->body_err = 0;
    req->owes_continue = req->head.expect_continue;
    req->body_got = 0;
    req->body_began = 0;
    req->chunks = (struct chunks){0};
    req->left = req->head.content_length;
    req->body = req->head.chunked ? BODY_CHUNKS : req->left > 0 ? BODY_LENGTH : BODY_OVER;
    if (req->body == BODY_OVER)
        req->owes_continue = false;
    if (!raw) { /* "*", or a CONNECT's authority */
        bool known = strcmp(req->head.target, "*") == 0 ||
                     strcmp(req->head.method, "CONNECT") == 0;
        req->path = req->head.target;
        req->path_len = req->head.target_len;
        return known ? 0 : 400;
    }
    path = http__arena_take(&req->work->arena, len + 1);
    if (!path)
        return 503;
    n = http__unescape(path, raw, len);
    if (n < 0)
        return 400;
    path[n] = '\0';
    req->path = path;
    req->path_len = (size_t)n;
    return 0;
}

void http__request_end(leat_http_request *req)
{
    if (req->ctx)
        leat_ctx_free(req->ctx);
    req->ctx = NULL;
}

const char *leat_http_method(const leat_http_request *req)
{
    return req->head.method;
}

const char *leat_http_target(const leat_http_request *req)
{
    return req->head.target;
}

const char *leat_http_path(const leat_http_request *req)
{
    return req->path;
}

const char *leat_http_query(const leat_http_request *req)
{
    return req->query;
}

const char *leat_http_host(const leat_http_request *req)
{
    return req->head.host ? req->head.host : "";
}

int leat_http_major(const leat_http_request *req)
{
    return req->head.major;
}

int leat_http_minor(const leat_http_request *req)
{
    return req->head.minor;
}

const char *leat_http_header(const leat_http_request *req, const char *name)
{
    const struct http_field *f = http__field(&req->head.fields, name);

    return f ? f->value : NULL;
}

bool leat_http_header_at(const leat_http_request *req, int i, const char **name,
                         const char **value)
{
    if (i < 0 || i >= req->head.fields.len)
        return false;
    *name = req->head.fields.at[i].name;
    *value = req->head.fields.at[i].value;
    return true;
}

int64_t leat_http_content_length(const leat_http_request *req)
{
    if (req->head.chunked)
        return -1;
    return req->head.content_length < 0 ? 0 : req->head.content_length;
}

const char *leat_http_path_value(const leat_http_request *req, const char *name)
{
    for (int i = 0; i < req->nvalues; i++) {
        if (strcmp(req->values[i].name, name) == 0)
            return req->values[i].text;
    }
    return NULL;
}

void http__set_value(leat_http_request *req, const char *name, const char *text)
{
    if (req->nvalues < VALUES_MAX)
        req->values[req->nvalues++] = (struct path_value){name, text};
}

const char *leat_http_pattern(const leat_http_request *req)
{
    return req->pattern;
}

const char *leat_http_query_value(leat_http_request *req, const char *name)
{
    size_t cap = strlen(req->query) + 1;
    char *out = http__arena_take(&req->work->arena, cap);

    return out && http__query_get(req->query, name, out, cap) >= 0 ? out : NULL;
}

leat_ctx *leat_http_ctx(leat_http_request *req)
{
    if (!req->ctx)
        req->ctx = leat_ctx_with_cancel(req->parent);
    return req->ctx;
}

leat_io *leat_http_stream(const leat_http_request *req)
{
    return req->conn->io;
}

const char *leat_http_request_id(const leat_http_request *req)
{
    return req->id ? req->id : "";
}

void *leat_http_alloc(leat_http_request *req, size_t n)
{
    return http__arena_take(&req->work->arena, n);
}

int http__body_broken(leat_http_request *req, int err)
{
    req->body = BODY_BROKEN;
    req->body_err = err;
    return err;
}

leat_duration http__body_until(leat_http_request *req)
{
    leat_duration allowance = req->conn->server->opts.body_timeout;

    if (allowance < 0)
        return LEAT_FOREVER;
    if (req->body_began == 0)
        req->body_began = leat_now();
    return req->body_began + allowance + (req->body_got >> 10) * LEAT_SECOND;
}

int64_t http__body_count(leat_http_request *req, int64_t n)
{
    req->body_got += n;
    if (req->body_max >= 0 && req->body_got > req->body_max)
        return http__body_broken(req, -E2BIG);
    return n;
}

int64_t leat_http_read(leat_http_request *req, void *buf, size_t n)
{
    if (req->body == BODY_BROKEN)
        return req->body_err;
    if (req->body == BODY_OVER || n == 0)
        return 0;
    return req->conn->wire->read(req, buf, n);
}

static int64_t grow_and_read(leat_http_request *req, char **text, size_t *cap, size_t used)
{
    if (*cap - used < 2) {
        char *grown = realloc(*text, *cap * 2);
        if (!grown)
            return -ENOMEM;
        *text = grown;
        *cap *= 2;
    }
    return leat_http_read(req, *text + used, *cap - used - 1);
}

int64_t leat_http_read_all(leat_http_request *req, char **body)
{
    int64_t known = leat_http_content_length(req), n;
    /* What is announced is believed up to a megabyte: more is paid for as it comes. */
    size_t cap = known < 0 ? 4096 : known > 1 << 20 ? 1 << 20 : (size_t)known + 2, used = 0;
    char *text = malloc(cap);

    if (!text)
        return -ENOMEM;
    while ((n = grow_and_read(req, &text, &cap, used)) > 0)
        used += (size_t)n;
    if (n < 0) {
        free(text);
        return n;
    }
    text[used] = '\0';
    *body = text;
    return (int64_t)used;
}
