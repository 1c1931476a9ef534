/* SPDX-License-Identifier: MIT */
/*
 * pattern.c - what patterns mean and how two of them relate, by the rules of Go 1.22's ServeMux.
 *
 * Of two patterns that match a request the more specific one wins: the one whose requests are a
 * subset of the other's. Two that overlap without one being more specific are refused when the
 * second is registered, so that the order of registration never matters.
 *
 * PROOF pattern_test.c, drivers/http/tests/fuzz/fuzz_url.c
 */
#include "pattern.h"

#include "chars.h"

#include <stdlib.h>
#include <string.h>

void http__pattern_free(struct pattern *p)
{
    free(p->source);
    free(p->text);
    free(p->host);
    *p = (struct pattern){0};
}

static bool is_identifier(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = char_lower(s[i]);
        bool letter = (c >= 'a' && c <= 'z') || c == '_';

        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return len > 0;
}

static bool name_is_new(const struct pattern *p, const struct part *part)
{
    for (int i = 0; i < p->nparts; i++) {
        const struct part *old = &p->parts[i];

        if ((old->wild || old->rest) && old->len == part->len &&
            memcmp(old->text, part->text, part->len) == 0)
            return false;
    }
    return true;
}

/* A part in braces. */
static const char *parse_wildcard(struct pattern *p, struct part *part, char *text, size_t len,
                                  bool last)
{
    if (text[len - 1] != '}')
        return "bad wildcard segment (must end with '}')";
    text++;
    len -= 2;
    if (len == 1 && *text == '$') {
        *part = (struct part){.text = ""};
        return last ? NULL : "{$} not at end";
    }
    part->rest = len >= 3 && memcmp(text + len - 3, "...", 3) == 0;
    part->wild = !part->rest;
    if (part->rest) {
        len -= 3;
        if (!last)
            return "{...} wildcard not at end";
    }
    if (!is_identifier(text, len))
        return len ? "bad wildcard name" : "empty wildcard";
    part->text = text;
    part->len = len;
    text[len] = '\0';
    return name_is_new(p, part) ? NULL : "duplicate wildcard name";
}

static const char *parse_part(struct pattern *p, char *text, size_t len, bool last)
{
    struct part part = {.text = text, .len = len};
    const char *bad = NULL;
    int64_t n;

    if (p->nparts == PATTERN_PARTS)
        return "too many segments";
    if (len == 0 && last) {
        part.rest = true;
        part.text = "";
    } else if (len > 0 && text[0] == '{') {
        bad = parse_wildcard(p, &part, text, len, last);
    } else if (memchr(text, '{', len) || memchr(text, '}', len)) {
        bad = "bad wildcard segment (must start with '{')";
    } else {
        n = http__unescape(text, text, len);
        if (n < 0)
            return "bad escape";
        part.len = (size_t)n;
    }
    if (!bad)
        p->parts[p->nparts++] = part;
    return bad;
}

static const char *parse_parts(struct pattern *p, char *path)
{
    if (path[0] == '/' && path[1] && !strchr(path, '{') &&
        (strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../")))
        return "non-CONNECT pattern with unclean path can never match";
    for (;;) {
        char *slash = strchr(++path, '/');
        size_t len = slash ? (size_t)(slash - path) : strlen(path);
        const char *bad = parse_part(p, path, len, !slash);

        if (bad || !slash)
            return bad;
        path = slash;
    }
}

/* "GET " in front; the rest, or NULL when it is no token. */
static char *parse_method(struct pattern *p, char *text)
{
    size_t len = strcspn(text, " \t");

    if (!text[len])
        return text;
    if (len == 0 || !http__span_is(text, len, CH_TOKEN))
        return NULL;
    text[len] = '\0';
    p->method = text;
    text += len + 1;
    return text + strspn(text, " \t");
}

const char *http__pattern_parse(struct pattern *p, const char *source)
{
    char *at, *slash;

    *p = (struct pattern){.source = strdup(source), .text = strdup(source)};
    if (!p->source || !p->text)
        return "out of memory";
    if (!*source)
        return "empty pattern";
    at = parse_method(p, p->text);
    if (!at)
        return "invalid method";
    slash = strchr(at, '/');
    if (!slash)
        return "host/path missing /";
    if (slash > at) {
        if (memchr(at, '{', (size_t)(slash - at)))
            return "host contains '{' (missing initial '/'?)";
        p->host = strndup(at, (size_t)(slash - at));
        if (!p->host)
            return "out of memory";
        for (char *c = p->host; *c; c++)
            *c = char_lower(*c);
    }
    return parse_parts(p, slash);
}

static enum relation relate_methods(const char *a, const char *b)
{
    if (a == b || (a && b && strcmp(a, b) == 0))
        return REL_SAME;
    if (!a || (b && strcmp(a, "GET") == 0 && strcmp(b, "HEAD") == 0))
        return REL_MORE_GENERAL;
    if (!b || (strcmp(b, "GET") == 0 && strcmp(a, "HEAD") == 0))
        return REL_MORE_SPECIFIC;
    return REL_DISJOINT;
}

static enum relation inverse(enum relation r)
{
    if (r == REL_MORE_GENERAL)
        return REL_MORE_SPECIFIC;
    return r == REL_MORE_SPECIFIC ? REL_MORE_GENERAL : r;
}

static enum relation combine(enum relation a, enum relation b)
{
    if (a == b || b == REL_SAME)
        return a;
    if (a == REL_SAME)
        return b;
    if (a == REL_DISJOINT || b == REL_DISJOINT)
        return REL_DISJOINT;
    return REL_OVERLAPS;
}

static enum relation relate_parts(const struct part *a, const struct part *b)
{
    if (a->rest || b->rest) {
        if (a->rest && b->rest)
            return REL_SAME;
        return a->rest ? REL_MORE_GENERAL : REL_MORE_SPECIFIC;
    }
    if (a->wild && b->wild)
        return REL_SAME;
    if (a->wild)
        return b->len ? REL_MORE_GENERAL : REL_DISJOINT;
    if (b->wild)
        return inverse(relate_parts(b, a));
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0 ? REL_SAME : REL_DISJOINT;
}

static enum relation relate_paths(const struct pattern *a, const struct pattern *b)
{
    enum relation rel = REL_SAME;
    int common = a->nparts < b->nparts ? a->nparts : b->nparts;

    for (int i = 0; i < common && rel != REL_DISJOINT; i++)
        rel = combine(rel, relate_parts(&a->parts[i], &b->parts[i]));
    if (a->nparts == b->nparts || rel == REL_DISJOINT)
        return rel;
    if (a->nparts < b->nparts && a->parts[common - 1].rest)
        return combine(rel, REL_MORE_GENERAL);
    if (b->nparts < a->nparts && b->parts[common - 1].rest)
        return combine(rel, REL_MORE_SPECIFIC);
    return REL_DISJOINT;
}

enum relation http__pattern_relation(const struct pattern *a, const struct pattern *b)
{
    enum relation methods = relate_methods(a->method, b->method);

    return methods == REL_DISJOINT ? REL_DISJOINT : combine(methods, relate_paths(a, b));
}
