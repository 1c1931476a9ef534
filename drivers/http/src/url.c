/* SPDX-License-Identifier: MIT */
/*
 * url.c - absolute URLs of http and https, references to be resolved, queries, clean paths.
 *
 * A user and password before an @ are refused: they are how one is made to believe that a URL
 * leads elsewhere, and nobody here would send them. Bytes that may not stand in a request's
 * target (blanks, controls, what is not ASCII) are an error and not silently encoded.
 *
 * PROOF url_test.c, drivers/http/tests/fuzz/fuzz_url.c
 */
#include "url.h"

#include "chars.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int take_port(struct http_url *url, const char *at, const char *end)
{
    int64_t port = http__decimal(at, (size_t)(end - at));

    if (at == end) /* "host:" means the default */
        return 0;
    if (port < 1 || port > 65535)
        return -EINVAL;
    url->port = (uint16_t)port;
    return 0;
}

static int copy_host(struct http_url *url, const char *at, size_t len)
{
    if (len == 0 || len > URL_HOST_MAX)
        return len ? -ENAMETOOLONG : -EINVAL;
    for (size_t i = 0; i < len; i++)
        url->host[i] = char_lower(at[i]);
    url->host[len] = '\0';
    return 0;
}

static bool ipv6_chars(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!char_is(s[i], CH_UNRESERVED) && s[i] != ':' && s[i] != '%')
            return false;
    }
    return true;
}

static int take_authority(struct http_url *url, const char *at, const char *end)
{
    const char *stop, *colon;
    uint16_t usual = url->tls ? 443 : 80;
    int err;

    url->port = usual;
    if (at < end && *at == '[') {
        stop = memchr(at, ']', (size_t)(end - at));
        if (!stop || !ipv6_chars(at + 1, (size_t)(stop - at - 1)))
            return -EINVAL;
        err = copy_host(url, at + 1, (size_t)(stop - at - 1));
        stop++;
    } else {
        colon = memchr(at, ':', (size_t)(end - at));
        stop = colon ? colon : end;
        if (!http__span_is(at, (size_t)(stop - at), CH_HOST))
            return -EINVAL;
        err = copy_host(url, at, (size_t)(stop - at));
    }
    if (!err && stop < end)
        err = *stop == ':' ? take_port(url, stop + 1, end) : -EINVAL;
    if (err)
        return err;
    snprintf(url->authority, sizeof url->authority, *at == '[' ? "[%s]" : "%s", url->host);
    if (url->port != usual) {
        size_t len = strlen(url->authority);

        snprintf(url->authority + len, sizeof url->authority - len, ":%u", url->port);
    }
    return 0;
}

/* Path and query up to a fragment; a slash is put in front if there is none. */
static int take_target(struct http_url *url, const char *at)
{
    size_t len = strcspn(at, "#"), slash = *at != '/';

    if (len + slash >= sizeof url->target)
        return -ENAMETOOLONG;
    if (!http__span_is(at, len, CH_TARGET))
        return -EINVAL;
    url->target[0] = '/';
    memcpy(url->target + slash, at, len);
    url->target[len + slash] = '\0';
    return 0;
}

/* "scheme:" of http or https: what follows it, else NULL. */
static const char *take_scheme(struct http_url *url, const char *text)
{
    if (strncasecmp(text, "http:", 5) == 0) {
        url->tls = false;
        return text + 5;
    }
    if (strncasecmp(text, "https:", 6) == 0) {
        url->tls = true;
        return text + 6;
    }
    return NULL;
}

static int after_slashes(struct http_url *url, const char *at)
{
    const char *end = at + strcspn(at, "/?#");
    int err;

    if (memchr(at, '@', (size_t)(end - at)))
        return -EINVAL;
    err = take_authority(url, at, end);
    return err ? err : take_target(url, end);
}

int http__url_parse(struct http_url *url, const char *text)
{
    const char *at = take_scheme(url, text);

    if (!at || at[0] != '/' || at[1] != '/')
        return -EINVAL;
    return after_slashes(url, at + 2);
}

/* Does it start with "scheme:"? */
static bool has_scheme(const char *ref)
{
    size_t n = strcspn(ref, ":/?#");

    return ref[n] == ':' && n > 0;
}

static int resolve_path(struct http_url *out, const char *ref)
{
    size_t path = strcspn(out->target, "?"), keep = path, ref_path = strcspn(ref, "?#"), n;
    char joined[URL_MAX + 2], clean[URL_MAX + 4];

    if (*ref == '#' || !*ref)
        return 0;
    if (*ref != '?') {
        while (keep > 0 && out->target[keep - 1] != '/')
            keep--;
    }
    if (*ref == '/')
        keep = 0;
    if (keep + strlen(ref) >= URL_MAX)
        return -ENAMETOOLONG;
    memcpy(joined, out->target, keep);
    memcpy(joined + keep, ref, ref_path);
    n = http__path_clean(clean, joined, keep + ref_path);
    if (n + strlen(ref + ref_path) >= URL_MAX)
        return -ENAMETOOLONG;
    memcpy(clean + n, ref + ref_path, strlen(ref + ref_path) + 1);
    return take_target(out, clean);
}

int http__url_resolve(struct http_url *out, const struct http_url *base, const char *ref)
{
    *out = *base;
    if (has_scheme(ref))
        return http__url_parse(out, ref);
    if (ref[0] == '/' && ref[1] == '/')
        return after_slashes(out, ref + 2);
    return resolve_path(out, ref);
}

int http__url_dial(const struct http_url *url, char *out, size_t cap)
{
    bool six = strchr(url->host, ':') != NULL;
    int n = snprintf(out, cap, six ? "[%s]:%u" : "%s:%u", url->host, url->port);

    return n < 0 || (size_t)n >= cap ? -ENAMETOOLONG : 0;
}

/* Drops the last part of what is written; the slash before it stays out too. */
static size_t path_up(const char *out, size_t n)
{
    while (n > 0 && out[n - 1] != '/')
        n--;
    return n > 0 ? n - 1 : 0;
}

size_t http__path_clean(char *out, const char *in, size_t len)
{
    size_t n = 0, i = 0;
    bool slash = true;

    while (i < len) {
        const char *part = in + i, *stop = memchr(part, '/', len - i);
        size_t part_len = stop ? (size_t)(stop - part) : len - i;

        i += part_len + 1;
        slash = stop != NULL;
        if (part_len == 0)
            continue;
        if (part_len <= 2 && part[0] == '.' && part[part_len - 1] == '.') {
            if (part_len == 2)
                n = path_up(out, n);
            slash = true;
            continue;
        }
        out[n++] = '/';
        memcpy(out + n, part, part_len);
        n += part_len;
    }
    if (slash || n == 0)
        out[n++] = '/';
    out[n] = '\0';
    return n;
}

bool http__path_is_clean(const char *path, size_t len)
{
    if (len == 0 || path[0] != '/')
        return false;
    for (size_t i = 0; i + 1 < len; i++) {
        size_t dots = 1;

        if (path[i] != '/')
            continue;
        if (path[i + 1] == '/')
            return false;
        while (i + dots < len && path[i + dots] == '.')
            dots++;
        if ((dots == 2 || dots == 3) && (i + dots == len || path[i + dots] == '/'))
            return false;
    }
    return true;
}

/* Decodes a part of a query; + is a blank. */
static int64_t query_unescape(char *out, const char *in, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = in[i] == '+' ? ' ' : in[i];
    return http__unescape(out, out, len);
}

int64_t http__query_get(const char *query, const char *name, char *out, size_t cap)
{
    char key[256];

    while (query && *query) {
        size_t len = strcspn(query, "&"), key_len = strcspn(query, "=&"), from;
        int64_t n = key_len < sizeof key ? query_unescape(key, query, key_len) : -1;

        if (n >= 0 && (size_t)n == strlen(name) && memcmp(key, name, (size_t)n) == 0) {
            from = key_len < len ? key_len + 1 : len;
            if (len - from >= cap)
                return -ENAMETOOLONG;
            n = query_unescape(out, query + from, len - from);
            if (n >= 0)
                out[n] = '\0';
            return n >= 0 ? n : -EBADMSG;
        }
        query += len + (query[len] == '&');
    }
    return -ENOENT;
}
