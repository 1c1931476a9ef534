/* SPDX-License-Identifier: MIT */
/*
 * response.c - what handlers say about a response, and what they write into it.
 *
 * PICTURE   fields: [ room for the first lines | "Name: value\r\n" ... | room for the last ]
 *           body:   [ what was written and not yet sent ]
 *
 * INVARIANTS
 *   1. As long as nothing has been sent, everything can be changed, and the length of a body that
 *      fits the buffer becomes Content-Length. So a small response is one write, and its handler
 *      announces nothing.
 *   2. The fields that say where a message ends are ours alone: Content-Length is taken as an
 *      announcement, Transfer-Encoding refused. A name that is no token and a value with a line
 *      end in it are refused, so no input of a handler's can begin a second response.
 *
 * TIMED   Under the timeout middleware a timer may answer while the handler writes; then each call
 *   takes `lock`. Without it nobody else has the response.
 *
 * PROOF server_test.c, middleware_test.c
 */
#include "chars.h"
#include "http_conn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PIECE = 64 * 1024 };

void http__response_lock(leat_http_response *res)
{
    if (!res->deadline)
        return;
    leat_mutex_lock(&res->lock);
    http__answer_late(res, res->deadline);
}

void http__response_unlock(leat_http_response *res)
{
    if (res->deadline)
        leat_mutex_unlock(&res->lock);
}

static void fields_begin(leat_http_response *res)
{
    if (res->fields != res->fields_inline)
        free(res->fields);
    res->fields = res->fields_inline;
    res->fields_cap = HEAD_INLINE;
    res->fields_len = HEAD_LEAD;
}

void http__response_begin(leat_http_response *res)
{
    leat_http_request *req = res->req;

    res->conn = req->conn;
    res->filter = NULL;
    res->status = 200;
    res->err = 0;
    res->head_sent = res->chunked = res->has_date = res->ended = res->late = false;
    res->deadline = NULL;
    res->bodiless = req->head.method && strcmp(req->head.method, "HEAD") == 0;
    res->keep_alive = req->head.keep_alive;
    memset(&res->lock, 0, sizeof res->lock);
    res->length = -1;
    res->written = 0;
    res->body_len = 0;
    fields_begin(res);
}

bool http__response_restart(leat_http_response *res)
{
    if (res->head_sent)
        return false;
    fields_begin(res);
    res->has_date = false;
    res->length = -1;
    res->written = 0;
    res->body_len = 0;
    return true;
}

bool http__without_body(const leat_http_response *res)
{
    return res->bodiless || res->status < 200 || res->status == 204 || res->status == 304;
}

/* ---- fields ---- */

static bool fields_room(leat_http_response *res, size_t more)
{
    size_t cap = res->fields_cap;
    char *grown;

    more += HEAD_TAIL; /* put behind them when the head is sent */
    if (more <= cap - res->fields_len)
        return true;
    if (more > (size_t)1 << 20 || res->fields_len > (size_t)1 << 20)
        return false;
    while (cap - res->fields_len < more)
        cap *= 2;
    grown = malloc(cap);
    if (!grown)
        return false;
    memcpy(grown, res->fields, res->fields_len);
    if (res->fields != res->fields_inline)
        free(res->fields);
    res->fields = grown;
    res->fields_cap = cap;
    return true;
}

/* The line of a name from `at` on; NULL: there is none. *end is behind its line feed. */
static char *field_line(const leat_http_response *res, const char *name, size_t len, char **end)
{
    char *stop = res->fields + res->fields_len;

    for (char *line = res->fields + HEAD_LEAD; line < stop; line = *end) {
        *end = (char *)memchr(line, '\n', (size_t)(stop - line)) + 1;
        if ((size_t)(*end - line) > len && line[len] == ':' &&
            strncasecmp(line, name, len) == 0)
            return line;
    }
    return NULL;
}

bool http__has_field(const leat_http_response *res, const char *name)
{
    char *end;

    return field_line(res, name, strlen(name), &end) != NULL;
}

const char *http__field_text(const leat_http_response *res, const char *name, size_t *len)
{
    char *end, *line = field_line(res, name, strlen(name), &end);

    if (!line)
        return NULL;
    line += strlen(name) + 2;
    *len = (size_t)(end - 2 - line);
    return line;
}

void http__drop_field(leat_http_response *res, const char *name)
{
    size_t len = strlen(name);
    char *line, *end;

    while ((line = field_line(res, name, len, &end)) != NULL) {
        memmove(line, end, (size_t)(res->fields + res->fields_len - end));
        res->fields_len -= (size_t)(end - line);
    }
}

static char *line_add(char *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}

int http__put_field(leat_http_response *res, const char *name, const char *value)
{
    size_t name_len = strlen(name), value_len = strlen(value);
    char *at;

    if (!fields_room(res, name_len + value_len + 4))
        return -ENOMEM;
    at = res->fields + res->fields_len;
    at = line_add(at, name, name_len);
    at = line_add(at, ": ", 2);
    at = line_add(at, value, value_len);
    at = line_add(at, "\r\n", 2);
    res->fields_len = (size_t)(at - res->fields);
    return 0;
}

static bool field_good(const char *name, const char *value)
{
    size_t name_len = strlen(name), len = strlen(value);

    return name_len > 0 && http__span_is(name, name_len, CH_TOKEN) &&
           http__span_is(value, len, CH_VALUE) &&
           (len == 0 || (!strchr(" \t", value[0]) && !strchr(" \t", value[len - 1])));
}

/* Fields with a meaning for us: 1 when one was taken that way, 0 for others, -EINVAL. */
static int take_ours(leat_http_response *res, const char *name, const char *value)
{
    int64_t length;

    switch (strlen(name)) {
    case sizeof("date") - 1:
        res->has_date |= http__same_text(name, "date");
        return 0;
    case sizeof("connection") - 1:
        if (!http__same_text(name, "connection"))
            return 0;
        if (!http__list_has(value, strlen(value), "close"))
            return -EINVAL;
        res->keep_alive = false;
        return 1;
    case sizeof("content-length") - 1:
        if (!http__same_text(name, "content-length"))
            return 0;
        length = http__decimal(value, strlen(value));
        if (length < 0)
            return -EINVAL;
        res->length = length;
        return 1;
    case sizeof("transfer-encoding") - 1:
        return http__same_text(name, "transfer-encoding") ? -EINVAL : 0;
    default:
        return 0;
    }
}

static int set_field(leat_http_response *res, const char *name, const char *value, bool add)
{
    int taken;

    if (!field_good(name, value ? value : ""))
        return -EINVAL;
    if (res->head_sent)
        return -EALREADY;
    if (!value) {
        http__drop_field(res, name);
        return 0;
    }
    taken = take_ours(res, name, value);
    if (taken)
        return taken < 0 ? taken : 0;
    if (!add)
        http__drop_field(res, name);
    return http__put_field(res, name, value);
}

int leat_http_set_header(leat_http_response *res, const char *name, const char *value)
{
    http__response_lock(res);
    int err = res->ended ? -EALREADY : set_field(res, name, value, false);
    http__response_unlock(res);
    return err;
}

int leat_http_add_header(leat_http_response *res, const char *name, const char *value)
{
    http__response_lock(res);
    int err = res->ended ? -EALREADY : set_field(res, name, value, true);
    http__response_unlock(res);
    return err;
}

static int set_status(leat_http_response *res, int status)
{
    if (status < 200 || status > 999)
        return -EINVAL;
    if (res->head_sent || res->ended)
        return -EALREADY;
    res->status = status;
    return 0;
}

int leat_http_set_status(leat_http_response *res, int status)
{
    http__response_lock(res);
    int err = set_status(res, status);
    http__response_unlock(res);
    return err;
}

/* For its lock: what is asked may be changed by the timer meanwhile. */
static leat_http_response *unlocked(const leat_http_response *res)
{
    return (leat_http_response *)(uintptr_t)res;
}

int leat_http_status(const leat_http_response *res)
{
    http__response_lock(unlocked(res));
    int status = res->status;
    http__response_unlock(unlocked(res));
    return status;
}

int64_t leat_http_written(const leat_http_response *res)
{
    http__response_lock(unlocked(res));
    int64_t written = res->written;
    http__response_unlock(unlocked(res));
    return written;
}

bool leat_http_head_sent(const leat_http_response *res)
{
    http__response_lock(unlocked(res));
    bool head_sent = res->head_sent;
    http__response_unlock(unlocked(res));
    return head_sent;
}

void leat_http_close_after(leat_http_response *res)
{
    http__response_lock(res);
    res->keep_alive = false;
    http__response_unlock(res);
}

/* ---- the body ---- */

/* An error of the connection stays: what was half sent cannot be mended. */
static int send_on(leat_http_response *res, const char *buf, size_t n, bool last)
{
    int err = res->conn->wire->send(res, buf, n, last);

    if (err) {
        res->err = err;
        res->keep_alive = false;
    }
    return err;
}

int http__write_raw(leat_http_response *res, const char *buf, size_t n)
{
    if (res->err)
        return res->err;
    if (res->length >= 0 && n > (uint64_t)(res->length - res->written))
        return -EMSGSIZE;
    res->written += (int64_t)n;
    if (http__without_body(res))
        return 0;
    if (n <= BODY_BUFFER - res->body_len) {
        memcpy(res->body + res->body_len, buf, n);
        res->body_len += n;
        return 0;
    }
    while (n > 0) {
        size_t piece = n < PIECE ? n : PIECE;
        int err = send_on(res, buf, piece, false);
        if (err)
            return err;
        buf += piece;
        n -= piece;
    }
    return 0;
}

int http__flush_raw(leat_http_response *res)
{
    if (res->err)
        return res->err;
    if (res->head_sent && res->body_len == 0)
        return 0;
    return send_on(res, NULL, 0, false);
}

static int64_t write_some(leat_http_response *res, const void *buf, size_t n)
{
    int err;

    if (res->ended || res->late)
        return res->err ? res->err : -EALREADY;
    if (n == 0)
        return res->err;
    err = res->filter ? res->filter->write(res->filter, res, buf, n)
                      : http__write_raw(res, buf, n);
    return err ? err : (int64_t)n;
}

int64_t leat_http_write(leat_http_response *res, const void *buf, size_t n)
{
    http__response_lock(res);
    int64_t put = write_some(res, buf, n);
    http__response_unlock(res);
    return put;
}

static int flush_some(leat_http_response *res)
{
    if (res->ended)
        return res->err ? res->err : -EALREADY;
    return res->filter ? res->filter->flush(res->filter, res) : http__flush_raw(res);
}

int leat_http_flush(leat_http_response *res)
{
    http__response_lock(res);
    int err = flush_some(res);
    http__response_unlock(res);
    return err;
}

int64_t leat_http_printf(leat_http_response *res, const char *fmt, ...)
{
    char small[256], *text = small;
    va_list args, again;
    int64_t put;
    int n;

    va_start(args, fmt);
    va_copy(again, args);
    n = vsnprintf(small, sizeof small, fmt, args);
    va_end(args);
    if (n >= (int)sizeof small) {
        text = malloc((size_t)n + 1);
        if (text)
            n = vsnprintf(text, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    if (!text)
        return -ENOMEM;
    put = n < 0 ? -EINVAL : leat_http_write(res, text, (size_t)n);
    if (text != small)
        free(text);
    return put;
}

int http__response_end(leat_http_response *res)
{
    if (res->ended)
        return res->err;
    if (!res->err && !res->head_sent && res->length < 0 &&
        (!http__without_body(res) || (res->bodiless && res->written > 0)))
        res->length = res->written;
    if (res->length >= 0 && res->written != res->length && !http__without_body(res))
        res->keep_alive = false;
    if (!res->err)
        send_on(res, NULL, 0, true);
    res->ended = true;
    if (res->fields != res->fields_inline)
        fields_begin(res);
    return res->err;
}

/* ---- whole answers ---- */

int64_t leat_http_reply(leat_http_response *res, int status, const char *type, const void *body,
                        size_t n)
{
    int err = leat_http_set_status(res, status);

    if (!err && type)
        err = leat_http_set_header(res, "Content-Type", type);
    return err ? err : leat_http_write(res, body, n);
}

static int answer_text(leat_http_response *res, int status, const char *text)
{
    int err;

    if (res->ended || !http__response_restart(res))
        return -EALREADY;
    res->status = status;
    err = http__put_field(res, "Content-Type", "text/plain; charset=utf-8");
    if (!err)
        err = http__put_field(res, "X-Content-Type-Options", "nosniff");
    if (!err)
        err = http__write_raw(res, text, strlen(text));
    return err ? err : http__write_raw(res, "\n", 1);
}

int http__answer(leat_http_response *res, int status, const char *text)
{
    return answer_text(res, status, text ? text : http__reason(status));
}

int leat_http_error(leat_http_response *res, int status, const char *text)
{
    http__response_lock(res);
    int err = status < 200 || status > 999 ? -EINVAL : http__answer(res, status, text);
    http__response_unlock(res);
    return err;
}

int leat_http_redirect(leat_http_response *res, int status, const char *url)
{
    int err;

    if (status < 300 || status > 399)
        return -EINVAL;
    err = leat_http_set_header(res, "Location", url);
    return err ? err : leat_http_set_status(res, status);
}
