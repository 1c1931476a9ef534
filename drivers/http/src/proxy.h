/* SPDX-License-Identifier: MIT */
/* proxy.h - which proxy the environment wants for a URL. */
#ifndef LEAT_HTTP_PROXY_H
#define LEAT_HTTP_PROXY_H

#include "url.h"

struct http_proxies {
    struct http_url *http, *https; /* NULL: none */
    char *except;                  /* no_proxy */
};

/* Reads http_proxy, https_proxy and no_proxy; -EINVAL: one of them is no URL of a proxy. */
int http__proxies_init(struct http_proxies *p);
void http__proxies_free(struct http_proxies *p);
/* NULL: none. */
const struct http_url *http__proxy_for(const struct http_proxies *p,
                                       const struct http_url *url);
/* Does a list such as "localhost,.example.org,10.0.0.1:81" hold the host? */
bool http__no_proxy_has(const char *list, const struct http_url *url);

#endif
