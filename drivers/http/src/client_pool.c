/* SPDX-License-Identifier: MIT */
/*
 * client_pool.c - connections of a client: dialled, kept, and used again.
 *
 * PICTURE   key -> connection. A key says all that must be the same for two requests to share one:
 *           whether there is TLS, the host and port, the proxy.
 *
 * INVARIANT  A kept connection has no owner but the list, and nothing unread: one whose answer was
 *   not read to its end is closed instead. The server may close it at any time; a look before it is
 *   used again finds most of those, and http__exchange's caller tries anew for the others.
 *
 * The last one put back is the first one taken, so those that are not needed grow old and are
 * closed by whoever comes by.
 *
 * PROOF client_test.c
 */
#include "client.h"
#include "http2_client.h"

#include <leat/net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the kept ones ---- */

static struct kept_conn *take_kept(leat_http_client *c, const char *key)
{
    struct kept_conn *k, **at = &c->kept;

    leat_mutex_lock(&c->lock);
    while (*at && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    k = *at;
    if (k) {
        *at = k->next;
        c->nkept--;
    }
    leat_mutex_unlock(&c->lock);
    return k;
}

static void free_kept(struct kept_conn *list)
{
    while (list) {
        struct kept_conn *k = list;
        list = k->next;
        leat_io_free(k->io);
        free(k);
    }
}

/* Lock held. What is too old, or beyond the limit. */
static struct kept_conn *cut_old(leat_http_client *c)
{
    leat_duration now = leat_now();
    struct kept_conn **at = &c->kept, *old;
    int n = 0;

    while (*at && n < c->opts.max_idle && now - (*at)->since < c->opts.idle_timeout) {
        at = &(*at)->next;
        n++;
    }
    old = *at;
    *at = NULL;
    c->nkept = n;
    return old;
}

void http__client_keep(leat_http_answer *a)
{
    leat_http_client *c = a->client;
    struct kept_conn *k = malloc(sizeof *k), *old;
    leat_io *io = a->io;

    a->io = NULL;
    if (!k) {
        leat_io_free(io);
        return;
    }
    k->io = io;
    k->since = leat_now();
    memcpy(k->key, a->key, sizeof k->key);
    leat_mutex_lock(&c->lock);
    k->next = c->kept;
    c->kept = k;
    c->nkept++;
    old = cut_old(c);
    leat_mutex_unlock(&c->lock);
    free_kept(old);
}

void http__client_forget(leat_http_client *c)
{
    leat_mutex_lock(&c->lock);
    struct kept_conn *all = c->kept;
    c->kept = NULL;
    c->nkept = 0;
    leat_mutex_unlock(&c->lock);
    free_kept(all);
    http__h2_forget(c);
}

/* Nothing may come on a connection between two requests, not even its end. */
static bool is_quiet(leat_io *io)
{
    char c;

    return leat_read_until(io, &c, 1, 1) == -ETIMEDOUT;
}

/* ---- new ones ---- */

/* Asks a proxy for a connection of bytes to the host. */
static int open_tunnel(leat_http_answer *a)
{
    char request[2 * URL_HOST_MAX + 100], host[URL_HOST_MAX + 10];
    leat_limit limit = {a->ctx, LEAT_FOREVER};
    int n, err = http__url_dial(&a->url, host, sizeof host);

    if (err)
        return err;
    n = snprintf(request, sizeof request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host,
                 host);
    leat_iovec v = {request, (size_t)n};
    int64_t result = leat_writev(a->io, &v, 1, NULL, &limit);
    if (result >= 0)
        result = http__answer_head(a);
    if (result < 0)
        return (int)result;
    err = http__parse_response(&a->head, a->in + a->start, (size_t)result);
    if (err)
        return err;
    if (a->head.status / 100 != 2 || a->start + (size_t)result != a->end)
        return -ECONNREFUSED;
    a->start = a->end = 0;
    a->any_byte = false;
    return 0;
}

/* The protocol that was agreed on, 0 for HTTP/1, or -errno. */
static int dial_new(leat_http_answer *a, const struct http_url *proxy)
{
    const leat_http_client_opts *opts = &a->client->opts;
    char address[URL_HOST_MAX + 10];
    int err = http__url_dial(proxy ? proxy : &a->url, address, sizeof address);

    if (!err && a->url.tls && !opts->secure)
        err = -EPROTONOSUPPORT;
    if (!err)
        err = leat_dial_ctx(a->ctx, &a->io, "tcp", address);
    if (err) {
        a->io = NULL;
        return err;
    }
    if (proxy && a->url.tls)
        err = open_tunnel(a);
    if (err == 0 && a->url.tls)
        err = opts->secure(a->ctx, &a->io, a->url.host, opts->arg);
    if (err < 0) {
        leat_io_free(a->io);
        a->io = NULL;
    } else if (!a->url.tls && !proxy && opts->http2) {
        err = LEAT_HTTP_2;
    }
    return err;
}

/* A connection of HTTP/2 is shared from now on. */
static int share(leat_http_answer *a)
{
    leat_io *io = a->io;

    a->io = NULL;
    return http__h2_connect(a->client, a->key, io, &a->h2);
}

int http__client_connect(leat_http_answer *a, bool fresh)
{
    const struct http_url *proxy = http__proxy_for(&a->client->proxies, &a->url);
    struct kept_conn *k;

    snprintf(a->key, sizeof a->key, "%c%s:%u %s:%u", a->url.tls ? 's' : 'p',
             proxy && !a->url.tls ? "" : a->url.host, proxy && !a->url.tls ? 0 : a->url.port,
             proxy ? proxy->host : "", proxy ? proxy->port : 0);
    a->reused = false;
    a->h2 = http__h2_find(a->client, a->key);
    if (a->h2) {
        a->reused = true;
        return 0;
    }
    while (!fresh && (k = take_kept(a->client, a->key)) != NULL) {
        a->io = k->io;
        free(k);
        if (is_quiet(a->io)) {
            a->reused = true;
            return 0;
        }
        leat_io_free(a->io);
        a->io = NULL;
    }
    int protocol = dial_new(a, proxy);
    return protocol == LEAT_HTTP_2 ? share(a) : protocol < 0 ? protocol : 0;
}
