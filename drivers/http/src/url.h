/* SPDX-License-Identifier: MIT */
/* url.h - URLs of http and https, and the paths in them. */
#ifndef LEAT_HTTP_URL_H
#define LEAT_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { URL_MAX = 8 * 1024, URL_HOST_MAX = 255 };

/* All of it in one object without pointers, so that it can be copied. */
struct http_url {
    bool tls;                    /* https */
    uint16_t port;               /* the given one, or the scheme's */
    char host[URL_HOST_MAX + 1]; /* in lower case, without brackets */
    char authority[URL_HOST_MAX +
                   9];    /* for Host: with brackets, without the scheme's own port */
    char target[URL_MAX]; /* path and query, at least "/" */
};

/* Parses an absolute URL; its fragment is dropped. -EINVAL: it is none, or not of http(s), or
 * carries a password; -ENAMETOOLONG. */
int http__url_parse(struct http_url *url, const char *text);

/* What ref, found at base, refers to (RFC 3986 5.2). */
int http__url_resolve(struct http_url *out, const struct http_url *base, const char *ref);

/* "host:port" to dial, brackets around IPv6. */
int http__url_dial(const struct http_url *url, char *out, size_t cap);

/*
 * The path without empty, "." and ".." parts, a slash at the end kept: what Go's ServeMux
 * redirects to. out has room for len + 2 bytes, and may not be in. Its length.
 */
size_t http__path_clean(char *out, const char *in, size_t len);

/* Is it clean already? */
bool http__path_is_clean(const char *path, size_t len);

/* The first value of a name in a query, decoded (+ is a blank): its length, -ENOENT, -EBADMSG or
 * -ENAMETOOLONG when cap is too small for it and a NUL. */
int64_t http__query_get(const char *query, const char *name, char *out, size_t cap);

#endif
