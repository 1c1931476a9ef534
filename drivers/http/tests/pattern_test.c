/* SPDX-License-Identifier: MIT */
/* pattern_test.c - patterns, and how two of them relate: the tables of Go's own rules. */
#include "pattern.h"

#include "t.h"

#include <string.h>

static const struct {
    const char *source, *bad;
} sources[] = {
    {"/", NULL},
    {"/a", NULL},
    {"/a/", NULL},
    {"/path/to/something", NULL},
    {"/{w1}/lit/{w2}", NULL},
    {"/{w1}/lit/{w2}/", NULL},
    {"example.com/", NULL},
    {"GET /", NULL},
    {"POST example.com/foo/{w}", NULL},
    {"/{$}", NULL},
    {"DELETE example.com/a/{foo12}/{$}", NULL},
    {"/foo/{$}", NULL},
    {"/{a}/foo/{rest...}", NULL},
    {"//", "non-CONNECT pattern with unclean path can never match"},
    {"/foo///./../bar", "non-CONNECT pattern with unclean path can never match"},
    {"a.com/foo//", "non-CONNECT pattern with unclean path can never match"},
    {"/%61%62/%7b/%", "bad escape"},
    {"/a%2Fb", NULL},
    {"", "empty pattern"},
    {"A=B /", "invalid method"},
    {" ", "invalid method"},
    {"/{w}x", "bad wildcard segment (must end with '}')"},
    {"/x{w}", "bad wildcard segment (must start with '{')"},
    {"/{wx", "bad wildcard segment (must end with '}')"},
    {"/a}", "bad wildcard segment (must start with '{')"},
    {"/{a$}", "bad wildcard name"},
    {"/{}", "empty wildcard"},
    {"/{...}", "empty wildcard"},
    {"/{$...}", "bad wildcard name"},
    {"/{$}/", "{$} not at end"},
    {"/{$}/x", "{$} not at end"},
    {"/{a...}/", "{...} wildcard not at end"},
    {"/{a...}/x", "{...} wildcard not at end"},
    {"{a}/b", "host contains '{' (missing initial '/'?)"},
    {"/a/{x}/b/{x...}", "duplicate wildcard name"},
    {"GET", "host/path missing /"},
};

T_TEST(patterns_are_taken_or_refused)
{
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct pattern p;
        const char *bad = http__pattern_parse(&p, sources[i].source);

        if (!bad != !sources[i].bad || (bad && strcmp(bad, sources[i].bad) != 0))
            T_FAIL("'%s' for '%s'", bad ? bad : "fine", sources[i].source);
        http__pattern_free(&p);
    }
}

static const struct {
    const char *a, *b;
    enum relation want;
} pairs[] = {
    {"/a", "/a", REL_SAME},
    {"/a", "/b", REL_DISJOINT},
    {"/a", "/{x}", REL_MORE_SPECIFIC},
    {"/a/{$}", "/a/", REL_MORE_SPECIFIC},
    {"/a/{$}", "/a", REL_DISJOINT},
    {"/a/{$}", "/a/{x}", REL_DISJOINT},
    {"/a/{$}", "/a/{x...}", REL_MORE_SPECIFIC},
    {"/a/{x}", "/a/{y}", REL_SAME},
    {"/a/{x}", "/{y}/b", REL_OVERLAPS},
    {"/a/{z}/{m...}", "/b/{z}/{m...}", REL_DISJOINT},
    {"/", "/{m...}", REL_SAME},
    {"/a/", "/a/{m...}", REL_SAME},
    {"/a", "/a/", REL_DISJOINT},
    {"/a/b/", "/a/", REL_MORE_SPECIFIC},
    {"/a/{x}/b", "/a/{m...}", REL_MORE_SPECIFIC},
    {"/a/{x}/b/{m...}", "/{y}/b/{m...}", REL_OVERLAPS},
    {"/b/{x}", "/a/{m...}", REL_DISJOINT},
    {"GET /", "/", REL_MORE_SPECIFIC},
    {"GET /", "HEAD /", REL_MORE_GENERAL},
    {"GET /", "POST /", REL_DISJOINT},
    {"GET /{x}", "/lit", REL_OVERLAPS},
    {"GET /a", "/{x}", REL_MORE_SPECIFIC},
    {"HEAD /a", "GET /{x}", REL_MORE_SPECIFIC},
    {"HEAD /{x}", "GET /a", REL_OVERLAPS},
};

T_TEST(patterns_relate_both_ways)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        enum relation want = pairs[i].want, back = want;
        struct pattern a, b;

        T_TRUE(!http__pattern_parse(&a, pairs[i].a));
        T_TRUE(!http__pattern_parse(&b, pairs[i].b));
        if (want == REL_MORE_GENERAL || want == REL_MORE_SPECIFIC)
            back = want == REL_MORE_GENERAL ? REL_MORE_SPECIFIC : REL_MORE_GENERAL;
        if (http__pattern_relation(&a, &b) != want || http__pattern_relation(&b, &a) != back)
            T_FAIL("'%s' and '%s': %d and %d", pairs[i].a, pairs[i].b,
                   (int)http__pattern_relation(&a, &b), (int)http__pattern_relation(&b, &a));
        http__pattern_free(&a);
        http__pattern_free(&b);
    }
}
