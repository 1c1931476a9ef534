/* SPDX-License-Identifier: MIT */
/*
 * http2_head.c - heads of HTTP/2: lists of names and values instead of lines.
 *
 * PICTURE   :method :path :authority name... --> struct http_head, as a parsed request has it
 *           "Name: value\r\n" lines of a response --> :status name...
 *
 * nghttp2 has checked the names' and values' bytes, the pseudo-fields, that there is no field of
 * HTTP/1 connections and that Content-Length is true; what it lets pass and HTTP/1 would not is
 * refused here, so that handlers meet no request over one version that they cannot meet over the
 * other.
 *
 * COOKIES  Clients may send them one by one (RFC 9113 8.2.3); handlers get one field, as over
 * HTTP/1.
 *
 * PROOF http2_server_test.c
 */
#include "http2_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chars.h"

/* ---- lists ---- */

static bool list_room(struct h2_fields *f)
{
    size_t cap = f->cap ? 2 * f->cap : sizeof f->few / sizeof *f->few;
    nghttp2_nv *grown = f->few;

    if (f->len < f->cap)
        return true;
    if (f->cap) {
        grown = malloc(cap * sizeof *grown);
        if (!grown)
            return false;
        memcpy(grown, f->at, f->len * sizeof *grown);
        http__h2_fields_free(f);
    }
    f->at = grown;
    f->cap = cap;
    return true;
}

void http__h2_fields_add(struct h2_fields *f, const char *name, size_t name_len,
                         const char *value, size_t value_len)
{
    if (!list_room(f)) {
        f->failed = true;
        return;
    }
    f->at[f->len++] = (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
                                   .value = (uint8_t *)(uintptr_t)value,
                                   .namelen = name_len,
                                   .valuelen = value_len,
                                   .flags = NGHTTP2_NV_FLAG_NONE};
}

void http__h2_fields_free(struct h2_fields *f)
{
    if (f->at != f->few)
        free(f->at);
}

/* ---- requests ---- */

static bool name_is(const char *name, size_t len, const char *lower)
{
    return len == strlen(lower) && memcmp(name, lower, len) == 0;
}

bool http__h2_is_forbidden(const char *name, size_t len)
{
    return name_is(name, len, "connection") || name_is(name, len, "keep-alive") ||
           name_is(name, len, "proxy-connection") || name_is(name, len, "transfer-encoding") ||
           name_is(name, len, "upgrade");
}

bool http__h2_is(nghttp2_vec name, const char *lower)
{
    return name_is((const char *)name.base, name.len, lower);
}

bool http__h2_copy_field(struct arena *arena, nghttp2_vec name, nghttp2_vec value,
                         struct http_field *f)
{
    *f = (struct http_field){.name = http__arena_copy(arena, (const char *)name.base, name.len),
                             .value = http__arena_copy(arena, (const char *)value.base,
                                                       value.len),
                             .name_len = (uint32_t)name.len,
                             .value_len = (uint32_t)value.len};
    return f->name && f->value;
}

static int take_regular(struct http_head *h, const struct http_field *f)
{
    if (!http__span_is(f->name, f->name_len, CH_TOKEN) ||
        !http__span_is(f->value, f->value_len, CH_VALUE))
        return 400;
    if (h->host && name_is(f->name, f->name_len, "host")) /* it may say the same again */
        return strcmp(h->host, f->value) == 0 ? 0 : 400;
    return http__head_add(h, f);
}

static int take_target(struct http_head *h, char *target, size_t len)
{
    h->target = target;
    h->target_len = len;
    return http__span_is(target, len, CH_TARGET) ? 0 : 400;
}

int http__h2_take_field(struct http_head *h, struct arena *arena, nghttp2_vec name,
                        nghttp2_vec value)
{
    struct http_field f;
    char *text;

    if (!http__h2_copy_field(arena, name, value, &f))
        return 503;
    text = (char *)(uintptr_t)f.value;
    if (http__h2_is(name, ":method")) {
        h->method = text;
        h->method_len = f.value_len;
        return http__span_is(text, f.value_len, CH_TOKEN) ? 0 : 400;
    }
    if (http__h2_is(name, ":path"))
        return take_target(h, text, f.value_len);
    if (http__h2_is(name, ":authority")) {
        f.name = "host";
        f.name_len = 4;
    } else if (f.name_len > 0 && f.name[0] == ':') {
        return 0;
    }
    return take_regular(h, &f);
}

static bool is_cookie(const struct http_field *f)
{
    return name_is(f->name, f->name_len, "cookie");
}

/* Makes one field of the cookies, at the place of the first. */
static int join_cookies(struct http_fields *fields, struct arena *arena)
{
    int n = 0, kept = 0, first = -1;
    size_t room = 1;
    char *text, *end;

    for (int i = 0; i < fields->len; i++) {
        n += is_cookie(&fields->at[i]);
        room += is_cookie(&fields->at[i]) ? fields->at[i].value_len + 2 : 0;
    }
    if (n < 2)
        return 0;
    text = end = http__arena_take(arena, room);
    if (!text)
        return 503;
    for (int i = 0; i < fields->len; i++) {
        struct http_field *f = &fields->at[i];
        if (is_cookie(f)) {
            end = stpcpy(stpcpy(end, first < 0 ? "" : "; "), f->value);
            if (first >= 0)
                continue;
            first = kept;
        }
        fields->at[kept++] = *f;
    }
    fields->len = kept;
    fields->at[first].value = text;
    fields->at[first].value_len = (uint32_t)(end - text);
    return 0;
}

int http__h2_head_done(struct http_head *h, struct arena *arena, bool open)
{
    h->major = 2;
    h->minor = 0;
    h->chunked = open && h->content_length < 0;
    if (!h->target && h->host) { /* CONNECT has an authority instead */
        int bad = take_target(h, (char *)(uintptr_t)h->host, strlen(h->host));
        if (bad)
            return bad;
    }
    if (!h->method || !h->target)
        return 400;
    return join_cookies(&h->fields, arena);
}

/* ---- responses ---- */

static void put_line(struct h2_fields *f, char *line, char *end)
{
    char *colon = memchr(line, ':', (size_t)(end - line));

    for (char *c = line; c < colon; c++)
        *c = char_lower(*c);
    if (!http__h2_is_forbidden(line, (size_t)(colon - line)))
        http__h2_fields_add(f, line, (size_t)(colon - line), colon + 2,
                            (size_t)(end - 2 - (colon + 2)));
}

void http__h2_put_response(struct h2_fields *f, leat_http_response *res, char status[4],
                           char length[24])
{
    char *line = res->fields + HEAD_LEAD, *stop = res->fields + res->fields_len;

    snprintf(status, 4, "%03d", res->status);
    http__h2_fields_add(f, ":status", 7, status, 3);
    if (!res->has_date)
        http__h2_fields_add(f, "date", 4, http__work_date(res->work), 29);
    while (line < stop) {
        char *end = (char *)memchr(line, '\n', (size_t)(stop - line)) + 1;
        put_line(f, line, end);
        line = end;
    }
    if (res->length >= 0 && http__may_have_length(res)) {
        int n = snprintf(length, 24, "%lld", (long long)res->length);
        http__h2_fields_add(f, "content-length", 14, length, (size_t)n);
    }
}
