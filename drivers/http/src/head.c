/* SPDX-License-Identifier: MIT */
/*
 * head.c - the heads of HTTP/1.1 messages (RFC 9112), strictly.
 *
 * PICTURE  Two passes over what has been read. The first looks for the empty line, a line feed
 *   at a time, and can be continued when more has come; the second, over a head that is
 *   complete, splits it in place: the strings of a request are its own bytes, with NULs written
 *   over what stood behind them. Nothing is copied and nothing allocated, but for the array of
 *   fields when it must grow.
 *
 * INVARIANTS
 *   1. Two readers of the same bytes must see the same messages, or one can be made to take for
 *      a request what the other took for a body. So whatever RFC 9112 lets a lenient server
 *      accept in two ways is refused: a line feed without its carriage return, a carriage return
 *      alone, continuation lines, a blank before a colon or at the start of a line, NUL and
 *      other controls, more than one Content-Length (even equal ones), Content-Length beside
 *      Transfer-Encoding, any transfer coding but one "chunked", one in HTTP/1.0, a missing or
 *      second Host, more than one blank in the start line.
 *   2. A head that http__head_end called complete is parsed without reading beyond it.
 *
 * REJECTED  llhttp: packaged with Node only, as generated JavaScript and WebAssembly, no library.
 *   http-parser: packaged, but abandoned by its authors in 2020, and lenient by default.
 *   picohttpparser: inside libh2o alone, not exported by it; it accepts bare line feeds and
 *   leaves all meaning of the fields to its caller. What is left to write is small.
 *
 * PROOF head_test.c, drivers/http/tests/fuzz/fuzz_head.c
 */
#include "head.h"

#include "chars.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int64_t http__head_end(const char *buf, size_t len, size_t *seen)
{
    size_t from = *seen;

    while (from < len) {
        const char *lf = memchr(buf + from, '\n', len - from);
        size_t line_end;

        if (!lf) {
            *seen = len;
            return 0;
        }
        line_end = (size_t)(lf - buf);
        if (line_end == 0 || lf[-1] != '\r')
            return -EBADMSG;
        /* An empty line: the one before ended two bytes ago, or this is the first. */
        if (line_end >= 3 && lf[-2] == '\n')
            return (int64_t)line_end + 1;
        if (line_end == 1)
            return -EBADMSG;
        from = line_end + 1;
    }
    *seen = from;
    return 0;
}

/* -ENOMEM, or -E2BIG beyond the limit. */
static int field_add(struct http_fields *fields, const struct http_field *f)
{
    if (fields->len == fields->limit)
        return -E2BIG;
    if (fields->len == fields->cap) {
        int cap = fields->cap ? 2 * fields->cap : 16;
        struct http_field *grown = reallocarray(fields->at, (size_t)cap,
                                                sizeof(struct http_field));

        if (!grown)
            return -ENOMEM;
        fields->at = grown;
        fields->cap = cap;
    }
    fields->at[fields->len++] = *f;
    return 0;
}

const struct http_field *http__field(const struct http_fields *fields, const char *name)
{
    size_t len = strlen(name);

    for (int i = 0; i < fields->len; i++) {
        const struct http_field *f = &fields->at[i];

        if (f->name_len == len && http__same_text(f->name, name))
            return f;
    }
    return NULL;
}

static int take_length(struct http_head *h, const struct http_field *f)
{
    if (h->content_length >= 0)
        return 400;
    h->content_length = http__decimal(f->value, f->value_len);
    return h->content_length < 0 ? 400 : 0;
}

static int take_coding(struct http_head *h, const struct http_field *f)
{
    if (h->chunked || h->minor == 0)
        return 400;
    if (!http__same(f->value, f->value_len, "chunked", 7))
        return 501;
    h->chunked = true;
    return 0;
}

static int take_host(struct http_head *h, const struct http_field *f)
{
    if (h->host || !http__span_is(f->value, f->value_len, CH_HOST))
        return 400;
    h->host = f->value;
    return 0;
}

static void take_connection(struct http_head *h, const struct http_field *f)
{
    if (http__list_has(f->value, f->value_len, "close"))
        h->keep_alive = false;
    else if (h->minor == 0 && http__list_has(f->value, f->value_len, "keep-alive"))
        h->keep_alive = true;
    if (http__list_has(f->value, f->value_len, "upgrade"))
        h->upgrade = true;
}

static bool field_is(const struct http_field *f, const char *lower)
{
    return http__same(f->name, f->name_len, lower, f->name_len);
}

/* The fields that say where a message ends and who is meant; their lengths are all different. */
static int take_meaning(struct http_head *h, const struct http_field *f)
{
    switch (f->name_len) {
    case sizeof("host") - 1:
        return field_is(f, "host") ? take_host(h, f) : 0;
    case sizeof("expect") - 1:
        if (field_is(f, "expect") && http__same(f->value, f->value_len, "100-continue", 12))
            h->expect_continue = h->minor == 1;
        return 0;
    case sizeof("connection") - 1:
        if (field_is(f, "connection"))
            take_connection(h, f);
        return 0;
    case sizeof("content-length") - 1:
        return field_is(f, "content-length") ? take_length(h, f) : 0;
    case sizeof("transfer-encoding") - 1:
        return field_is(f, "transfer-encoding") ? take_coding(h, f) : 0;
    default:
        return 0;
    }
}

int http__head_add(struct http_head *h, const struct http_field *f)
{
    int err = field_add(&h->fields, f);

    if (err)
        return err == -E2BIG ? 431 : 500;
    return take_meaning(h, f);
}

/* One line without its end; *end is a byte that may be written. */
static int parse_field(struct http_head *h, char *line, char *end)
{
    struct http_field f = {.name = line};
    char *colon = line, *value;

    while (colon < end && char_is(*colon, CH_TOKEN))
        colon++;
    if (colon == line || colon == end || *colon != ':')
        return 400;
    value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (!http__span_is(value, (size_t)(end - value), CH_VALUE))
        return 400;
    *colon = *end = '\0';
    f.name_len = (uint32_t)(colon - line);
    f.value = value;
    f.value_len = (uint32_t)(end - value);
    return http__head_add(h, &f);
}

static int parse_fields(struct http_head *h, char *at, char *stop)
{
    while (at < stop) {
        char *lf = memchr(at, '\n', (size_t)(stop - at));
        int bad = parse_field(h, at, lf - 1);

        if (bad)
            return bad;
        at = lf + 1;
    }
    if (h->chunked && h->content_length >= 0)
        return 400;
    return 0;
}

/* "HTTP/1.x", eight bytes. */
static int parse_version(struct http_head *h, const char *at)
{
    if (memcmp(at, "HTTP/", 5) != 0 || at[5] < '0' || at[5] > '9' || at[6] != '.' ||
        at[7] < '0' || at[7] > '9')
        return 400;
    if (at[5] != '1')
        return 505;
    h->major = 1;
    h->minor = at[7] > '0';
    h->keep_alive = h->minor == 1;
    return 0;
}

void http__head_begin(struct http_head *h)
{
    struct http_fields fields = h->fields;

    fields.len = 0;
    *h = (struct http_head){.fields = fields, .content_length = -1};
}

static int parse_request_line(struct http_head *h, char *line, const char *end)
{
    char *at = line;
    int bad;

    while (at < end && char_is(*at, CH_TOKEN))
        at++;
    if (at == line || at == end || *at != ' ')
        return 400;
    h->method = line;
    h->method_len = (size_t)(at - line);
    *at++ = '\0';
    h->target = at;
    while (at < end && char_is(*at, CH_TARGET))
        at++;
    if (at == h->target || end - at != 9 || *at != ' ')
        return 400;
    h->target_len = (size_t)(at - h->target);
    bad = parse_version(h, at + 1);
    *at = '\0';
    return bad;
}

int http__parse_request(struct http_head *h, char *buf, size_t len)
{
    char *lf = memchr(buf, '\n', len);
    int bad;

    http__head_begin(h);
    bad = parse_request_line(h, buf, lf - 1);
    if (!bad)
        bad = parse_fields(h, lf + 1, buf + len - 2);
    if (!bad && h->minor == 1 && !h->host)
        bad = 400;
    return bad;
}

static int parse_status_line(struct http_head *h, char *line, char *end)
{
    if (end - line < 12 || parse_version(h, line) || line[8] != ' ')
        return -EBADMSG;
    h->status = (int)http__decimal(line + 9, 3);
    if (h->status < 100)
        return -EBADMSG;
    h->reason = end - line > 13 ? line + 13 : "";
    if (end - line > 12 && line[12] != ' ')
        return -EBADMSG;
    if (end - line > 13 && !http__span_is(h->reason, (size_t)(end - h->reason), CH_VALUE))
        return -EBADMSG;
    *end = '\0';
    return 0;
}

int http__head_error(int status)
{
    switch (status) {
    case 0:
        return 0;
    case 431:
        return -E2BIG;
    case 500:
        return -ENOMEM;
    default:
        return -EBADMSG;
    }
}

int http__parse_response(struct http_head *h, char *buf, size_t len)
{
    char *lf = memchr(buf, '\n', len);
    int bad;

    http__head_begin(h);
    bad = parse_status_line(h, buf, lf - 1);
    if (bad)
        return bad;
    return http__head_error(parse_fields(h, lf + 1, buf + len - 2));
}
