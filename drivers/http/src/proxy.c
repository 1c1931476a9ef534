/* SPDX-License-Identifier: MIT */
/*
 * proxy.c - proxies by environment, as curl and Go understand it.
 *
 * HTTP_PROXY in capitals is not read: in a CGI program it is the client's field "Proxy". This
 * machine itself is never asked through a proxy.
 *
 * PROOF client_test.c
 */
#include "proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chars.h"

static int take_proxy(struct http_url **out, const char *text)
{
    char *with_scheme = NULL;
    struct http_url *url;
    int err;

    if (!text || !*text)
        return 0;
    if (!strstr(text, "://")) {
        if (asprintf(&with_scheme, "http://%s", text) < 0)
            return -ENOMEM;
    }
    url = malloc(sizeof *url);
    err = url ? http__url_parse(url, with_scheme ? with_scheme : text) : -ENOMEM;
    if (!err && url->tls)
        err = -EINVAL;
    free(with_scheme);
    if (err)
        free(url);
    else
        *out = url;
    return err;
}

static const char *env_either(const char *lower, const char *upper)
{
    const char *value = getenv(lower);

    return value ? value : getenv(upper);
}

int http__proxies_init(struct http_proxies *p)
{
    const char *except = env_either("no_proxy", "NO_PROXY");
    int err = take_proxy(&p->http, getenv("http_proxy"));

    if (!err)
        err = take_proxy(&p->https, env_either("https_proxy", "HTTPS_PROXY"));
    if (!err && except) {
        p->except = strdup(except);
        err = p->except ? 0 : -ENOMEM;
    }
    if (err)
        http__proxies_free(p);
    return err;
}

void http__proxies_free(struct http_proxies *p)
{
    free(p->http);
    free(p->https);
    free(p->except);
    *p = (struct http_proxies){0};
}

/* Is the host the name, or below it? */
static bool host_is_below(const char *host, const char *name, size_t len)
{
    size_t host_len = strlen(host);

    if (len > 0 && *name == '.') {
        name++;
        len--;
    }
    if (len == 0 || host_len < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (char_lower(name[i]) != host[host_len - len + i])
            return false;
    }
    return host_len == len || host[host_len - len - 1] == '.';
}

static bool entry_has(const char *entry, size_t len, const struct http_url *url)
{
    const char *colon = memrchr(entry, ':', len);

    if (len == 1 && *entry == '*')
        return true;
    if (colon && memchr(entry, ':', len) == colon) { /* one colon: a port, not IPv6 */
        if (http__decimal(colon + 1, len - (size_t)(colon + 1 - entry)) != url->port)
            return false;
        len = (size_t)(colon - entry);
    }
    return host_is_below(url->host, entry, len);
}

bool http__no_proxy_has(const char *list, const struct http_url *url)
{
    while (*list) {
        list += strspn(list, ", \t");
        size_t len = strcspn(list, ", \t");
        if (len > 0 && entry_has(list, len, url))
            return true;
        list += len;
    }
    return false;
}

const struct http_url *http__proxy_for(const struct http_proxies *p, const struct http_url *url)
{
    const struct http_url *proxy = url->tls ? p->https : p->http;

    if (!proxy || strcmp(url->host, "localhost") == 0 || strncmp(url->host, "127.", 4) == 0 ||
        strcmp(url->host, "::1") == 0)
        return NULL;
    return p->except && http__no_proxy_has(p->except, url) ? NULL : proxy;
}
