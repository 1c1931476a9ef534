/* SPDX-License-Identifier: MIT */
/* http2_head.h - heads as HTTP/2 has them, to and from the ones that handlers and callers know. */
#ifndef LEAT_HTTP_HTTP2_HEAD_H
#define LEAT_HTTP_HTTP2_HEAD_H

#include <nghttp2/nghttp2.h>

#include "message.h"

/* Names and values for nghttp2, which copies them. The zero value is empty. */
struct h2_fields {
    nghttp2_nv *at; /* few, or from the heap */
    size_t len, cap;
    bool failed; /* there was no memory */
    nghttp2_nv few[24];
};

void http__h2_fields_add(struct h2_fields *f, const char *name, size_t name_len,
                         const char *value, size_t value_len);
void http__h2_fields_free(struct h2_fields *f);

/* Is it a field that only HTTP/1 has? The name is in lower case. */
bool http__h2_is_forbidden(const char *name, size_t len);

/* What a field weighs, by RFC 9113 6.5.2. */
static inline size_t h2_field_size(nghttp2_vec name, nghttp2_vec value)
{
    return name.len + value.len + 32;
}

bool http__h2_is(nghttp2_vec name, const char *lower);
/* Both in the arena, with a NUL behind; false without memory. */
bool http__h2_copy_field(struct arena *arena, nghttp2_vec name, nghttp2_vec value,
                         struct http_field *f);
/* One field of a request, copied: 0, or the status of the answer. */
int http__h2_take_field(struct http_head *h, struct arena *arena, nghttp2_vec name,
                        nghttp2_vec value);
/* All were taken; `open`: a body follows. 0, or the status of the answer. */
int http__h2_head_done(struct http_head *h, struct arena *arena, bool open);

/* All of a response's head; the names in it become lower case. */
void http__h2_put_response(struct h2_fields *f, leat_http_response *res, char status[4],
                           char length[24]);

#endif
