/* SPDX-License-Identifier: MIT */
/*
 * mux.c - which handler answers which request, by patterns as in Go 1.22's ServeMux.
 *
 * PICTURE   a tree with a node for each part of a path:
 *             root -"items"-> node -{}-> node: "GET /items/{id}", "DELETE /items/{id}"
 *                                  -...-> "/items/"
 *
 * INVARIANTS
 *   1. Of the patterns that match a request one is the most specific: those that overlap otherwise
 *      are refused when they are registered (pattern.c). So looking for a literal part first, then
 *      for a wildcard, then for a rest, finds it, whatever the order of registration was.
 *   2. A path that is not clean is redirected to what it means and never reaches a handler, so
 *      none sees ".." or an empty part.
 *   3. The tree does not change while the server runs: it is read without a lock.
 *
 * HOSTS   A pattern with a host goes before all that have none: two walks.
 *
 * REJECTED  A walk over the escaped path, as Go's: an escaped slash is a slash here, and a literal
 *   part cannot hide behind %2F from a middleware that looks at the path.
 *
 * PROOF mux_test.c
 */
#include <leat/http/mux.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chars.h"
#include "message.h"
#include "pattern.h"
#include "url.h"

struct route {
    struct pattern pattern;
    leat_http_handler handler;
    struct route *same_end; /* the next of the same node */
    struct route *next;     /* the next of the mux */
};

struct node {
    const char *text; /* of a literal part */
    size_t len;
    struct node *literals, *sibling;
    struct node *wild;
    struct route *ends;  /* patterns that end here */
    struct route *rests; /* ... whose last part is the rest behind here */
};

struct leat_http_mux {
    struct node root;
    struct route *routes;
    bool hosts; /* some pattern has one */
};

int leat_http_mux_make(leat_http_mux **mux)
{
    leat_http_mux *m = calloc(1, sizeof *m);

    if (!m)
        return -ENOMEM;
    *mux = m;
    return 0;
}

/* Its depth is the longest pattern's, PATTERN_PARTS. */
static void node_clear(struct node *n)
{
    while (n->literals) {
        struct node *child = n->literals;
        n->literals = child->sibling;
        node_clear(child);
        free(child);
    }
    if (n->wild) {
        node_clear(n->wild);
        free(n->wild);
    }
}

void leat_http_mux_free(leat_http_mux *m)
{
    if (!m)
        return;
    node_clear(&m->root);
    while (m->routes) {
        struct route *r = m->routes;
        m->routes = r->next;
        http__pattern_free(&r->pattern);
        free(r);
    }
    free(m);
}

/* ---- registering ---- */

static void *mux_alloc(size_t size)
{
    void *p = calloc(1, size);

    if (!p)
        leat_panic("http: out of memory for a pattern");
    return p;
}

static bool same_host(const struct pattern *a, const struct pattern *b)
{
    return a->host && b->host ? strcmp(a->host, b->host) == 0 : a->host == b->host;
}

static void check_conflicts(const leat_http_mux *m, const struct pattern *p)
{
    for (const struct route *r = m->routes; r; r = r->next) {
        if (!same_host(p, &r->pattern))
            continue;
        enum relation rel = http__pattern_relation(p, &r->pattern);
        if (rel == REL_SAME || rel == REL_OVERLAPS)
            leat_panic("http: pattern \"%s\" conflicts with pattern \"%s\": %s", p->source,
                       r->pattern.source,
                       rel == REL_SAME
                           ? "both match the same requests"
                           : "both match some request, and neither is more specific");
    }
}

static struct node *literal_child(const struct node *n, const char *text, size_t len)
{
    struct node *child = n->literals;

    while (child && (child->len != len || memcmp(child->text, text, len) != 0))
        child = child->sibling;
    return child;
}

static struct node *child_for(struct node *n, const struct part *part)
{
    struct node *child;

    if (part->wild) {
        if (!n->wild)
            n->wild = mux_alloc(sizeof *n->wild);
        return n->wild;
    }
    child = literal_child(n, part->text, part->len);
    if (!child) {
        child = mux_alloc(sizeof *child);
        child->text = part->text;
        child->len = part->len;
        child->sibling = n->literals;
        n->literals = child;
    }
    return child;
}

void leat_http_mux_handle(leat_http_mux *m, const char *pattern, leat_http_func fn, void *arg)
{
    struct route *r = mux_alloc(sizeof *r), **list;
    const char *bad = http__pattern_parse(&r->pattern, pattern);
    struct node *n = &m->root;
    int i = 0;

    if (bad)
        leat_panic("http: parsing \"%s\": %s", pattern, bad);
    if (!fn)
        leat_panic("http: nil handler");
    check_conflicts(m, &r->pattern);
    r->handler = (leat_http_handler){fn, arg};
    while (i < r->pattern.nparts && !r->pattern.parts[i].rest)
        n = child_for(n, &r->pattern.parts[i++]);
    list = i < r->pattern.nparts ? &n->rests : &n->ends;
    r->same_end = *list;
    *list = r;
    r->next = m->routes;
    m->routes = r;
    m->hosts |= r->pattern.host != NULL;
}

/* ---- looking for one ---- */

struct search {
    const char *method;
    const char *host; /* NULL: patterns without one */
    size_t host_len;
    struct route *found;
    char allow[200]; /* the methods that some pattern has for this path */
};

static bool method_fits(const char *pattern, const char *method)
{
    return strcmp(pattern, method) == 0 ||
           (strcmp(pattern, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static bool is_allowed(const struct search *s, const char *method)
{
    size_t len = strlen(method);

    for (const char *at = s->allow; *at; at += strspn(at, ", ")) {
        size_t word = strcspn(at, ",");
        if (word == len && memcmp(at, method, len) == 0)
            return true;
        at += word;
    }
    return false;
}

static void allow_method(struct search *s, const char *method)
{
    size_t len = strlen(s->allow);

    if (is_allowed(s, method) || len + strlen(method) + 9 > sizeof s->allow)
        return;
    snprintf(s->allow + len, sizeof s->allow - len, "%s%s%s", len ? ", " : "", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

static bool host_fits(const struct route *r, const struct search *s)
{
    if (!s->host || !r->pattern.host)
        return !s->host && !r->pattern.host;
    return http__same(s->host, s->host_len, r->pattern.host, strlen(r->pattern.host));
}

/* The route of a list for the method: its own one first, then GET for HEAD, then any. */
static bool choose_route(struct search *s, struct route *list)
{
    struct route *best = NULL;

    for (struct route *r = list; r; r = r->same_end) {
        const char *method = r->pattern.method;
        if (!host_fits(r, s))
            continue;
        if (method && !method_fits(method, s->method)) {
            allow_method(s, method);
            continue;
        }
        if (!best || !best->pattern.method || (method && strcmp(method, s->method) == 0))
            best = method || !best ? r : best;
    }
    s->found = best;
    return best != NULL;
}

/* What is left of the path behind a slash; NULL: the path has ended. Its depth is the tree's. */
static bool search_node(struct search *s, const struct node *n, const char *at)
{
    const struct node *child;
    const char *slash;
    size_t len;

    if (!at)
        return choose_route(s, n->ends);
    slash = strchr(at, '/');
    len = slash ? (size_t)(slash - at) : strlen(at);
    child = literal_child(n, at, len);
    if (child && search_node(s, child, slash ? slash + 1 : NULL))
        return true;
    if (n->wild && len > 0 && search_node(s, n->wild, slash ? slash + 1 : NULL))
        return true;
    return choose_route(s, n->rests);
}

static struct route *find_route(const leat_http_mux *m, const leat_http_request *req,
                                const char *path, struct search *s)
{
    const char *host = req->head.host;

    s->method = req->head.method;
    s->found = NULL;
    if (m->hosts && host) {
        const char *colon = strrchr(host, ':');
        s->host = host;
        s->host_len = colon && !strchr(colon, ']') ? (size_t)(colon - host) : strlen(host);
        if (search_node(s, &m->root, path + 1))
            return s->found;
    }
    s->host = NULL;
    search_node(s, &m->root, path + 1);
    return s->found;
}

/* ---- serving ---- */

static bool take_values(leat_http_request *req, const struct pattern *p)
{
    const char *at = req->path + 1;

    for (int i = 0; i < p->nparts; i++) {
        const struct part *part = &p->parts[i];
        size_t len = part->rest ? strlen(at) : strcspn(at, "/");
        if ((part->wild || part->rest) && part->len > 0) {
            const char *text = http__arena_copy(&req->work->arena, at, len);
            if (!text)
                return false;
            http__set_value(req, part->text, text);
        }
        at += len + (at[len] == '/');
    }
    return true;
}

/* The path, encoded again, and the query behind it. */
static void redirect_to(leat_http_request *req, leat_http_response *res, const char *path)
{
    size_t query = strlen(req->query);
    char *url = http__arena_take(&req->work->arena, 3 * strlen(path) + query + 2), *at;

    if (!url) {
        leat_http_error(res, 503, NULL);
        return;
    }
    at = http__path_escape(url, path);
    if (query > 0) {
        *at++ = '?';
        memcpy(at, req->query, query + 1);
    }
    leat_http_redirect(res, 308, url);
}

static void no_route(const leat_http_mux *m, leat_http_request *req, leat_http_response *res,
                     const struct search *s)
{
    char *with_slash = http__arena_take(&req->work->arena, req->path_len + 2);

    if (s->allow[0]) {
        leat_http_error(res, 405, NULL);
        leat_http_set_header(res, "Allow", s->allow);
        return;
    }
    if (with_slash) {
        struct search again = {0};
        memcpy(with_slash, req->path, req->path_len);
        memcpy(with_slash + req->path_len, "/", 2);
        if (req->path[req->path_len - 1] != '/' && find_route(m, req, with_slash, &again)) {
            redirect_to(req, res, with_slash);
            return;
        }
    }
    leat_http_error(res, 404, NULL);
}

void leat_http_mux_serve(leat_http_request *req, leat_http_response *res, void *mux)
{
    const leat_http_mux *m = mux;
    struct search s = {0};
    struct route *r;

    if (req->path[0] != '/') {
        leat_http_error(res, strcmp(req->path, "*") == 0 ? 404 : 400, NULL);
        return;
    }
    if (!http__path_is_clean(req->path, req->path_len)) {
        char *clean = http__arena_take(&req->work->arena, req->path_len + 2);
        if (clean)
            clean[http__path_clean(clean, req->path, req->path_len)] = '\0';
        if (clean)
            redirect_to(req, res, clean);
        else
            leat_http_error(res, 503, NULL);
        return;
    }
    r = find_route(m, req, req->path, &s);
    if (!r) {
        no_route(m, req, res, &s);
        return;
    }
    req->pattern = r->pattern.source;
    if (!take_values(req, &r->pattern)) {
        leat_http_error(res, 503, NULL);
        return;
    }
    r->handler.fn(req, res, r->handler.arg);
}
