/* SPDX-License-Identifier: MIT */
/* url_test.c - URLs, references, paths, queries; and the arena that holds what is decoded. */
#include "url.h"

#include "arena.h"
#include "chars.h"
#include "t.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *text, *authority, *dial, *target;
    int err;
} urls[] = {
    {"http://Example.org", "example.org", "example.org:80", "/", 0},
    {"https://example.org/", "example.org", "example.org:443", "/", 0},
    {"HTTP://example.org:8080/a?b#c", "example.org:8080", "example.org:8080", "/a?b", 0},
    {"http://example.org:80/a", "example.org", "example.org:80", "/a", 0},
    {"https://example.org:80/a", "example.org:80", "example.org:80", "/a", 0},
    {"http://example.org?q=1", "example.org", "example.org:80", "/?q=1", 0},
    {"http://[::1]:99/x", "[::1]:99", "[::1]:99", "/x", 0},
    {"http://[fe80::1%25lo]/", "[fe80::1%25lo]", "[fe80::1%25lo]:80", "/", 0},
    {"http://h:/", "h", "h:80", "/", 0},
    {"ftp://example.org/", NULL, NULL, NULL, -EINVAL},
    {"http:/example.org/", NULL, NULL, NULL, -EINVAL},
    {"example.org", NULL, NULL, NULL, -EINVAL},
    {"http:///x", NULL, NULL, NULL, -EINVAL},
    {"http://user:pw@h/", NULL, NULL, NULL, -EINVAL},
    {"http://h:0/", NULL, NULL, NULL, -EINVAL},
    {"http://h:65536/", NULL, NULL, NULL, -EINVAL},
    {"http://h:8x/", NULL, NULL, NULL, -EINVAL},
    {"http://[::1/", NULL, NULL, NULL, -EINVAL},
    {"http://[::1]x/", NULL, NULL, NULL, -EINVAL},
    {"http://h/a b", NULL, NULL, NULL, -EINVAL},
    {"http://h/a\r\nX: y", NULL, NULL, NULL, -EINVAL},
    {"http://h\r\n/", NULL, NULL, NULL, -EINVAL},
    {"http://h /", NULL, NULL, NULL, -EINVAL},
};

T_TEST(urls_are_split_or_refused)
{
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        static struct http_url url;
        char dial[300];
        int err = http__url_parse(&url, urls[i].text);

        if (err != urls[i].err)
            T_FAIL("%d instead of %d for %s", err, urls[i].err, urls[i].text);
        if (err)
            continue;
        T_STREQ(url.authority, urls[i].authority);
        T_STREQ(url.target, urls[i].target);
        T_ERR(http__url_dial(&url, dial, sizeof dial), 0);
        T_STREQ(dial, urls[i].dial);
    }
}

T_TEST(references_lead_where_they_should)
{
    static const struct {
        const char *ref, *authority, *target;
    } refs[] = {
        {"https://other:1/x", "other:1", "/x"},
        {"//other/x", "other", "/x"},
        {"/x?y", "base", "/x?y"},
        {"x", "base", "/a/x"},
        {"../x", "base", "/x"},
        {"../../../x", "base", "/x"},
        {"./", "base", "/a/"},
        {"?z", "base", "/a/b?z"},
        {"#f", "base", "/a/b?c"},
        {"", "base", "/a/b?c"},
    };
    static struct http_url base, out;

    T_ERR(http__url_parse(&base, "http://base/a/b?c"), 0);
    for (size_t i = 0; i < sizeof refs / sizeof *refs; i++) {
        T_ERR(http__url_resolve(&out, &base, refs[i].ref), 0);
        T_STREQ(out.authority, refs[i].authority);
        T_STREQ(out.target, refs[i].target);
    }
    T_ERR(http__url_resolve(&out, &base, "javascript:alert(1)"), -EINVAL);
    T_ERR(http__url_resolve(&out, &base, "/a b"), -EINVAL);
}

T_TEST(paths_become_clean)
{
    static const struct {
        const char *in, *out;
    } paths[] = {
        {"", "/"},
        {"/", "/"},
        {"a", "/a"},
        {"//", "/"},
        {"/a//b", "/a/b"},
        {"/a/./b", "/a/b"},
        {"/.", "/"},
        {"/a/..", "/"},
        {"/a/../b", "/b"},
        {"/../a", "/a"},
        {"/a/b/", "/a/b/"},
        {"/a/b/..", "/a/"},
        {"/...", "/..."},
        {"/a/.b", "/a/.b"},
        {"/..a", "/..a"},
        {"/a/b/../../..", "/"},
        {"/a/../../b/", "/b/"},
    };

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char out[64];
        size_t len = strlen(paths[i].in);

        T_EQ(http__path_clean(out, paths[i].in, len), strlen(paths[i].out));
        T_STREQ(out, paths[i].out);
        T_EQ(http__path_is_clean(paths[i].in, len), strcmp(paths[i].in, out) == 0);
    }
}

T_TEST(queries_are_looked_up)
{
    const char *q = "a=1&b=two+words&c&d=%41%42&e=%zz&a=2&%66=7&g=";
    char out[16];

    T_EQ(http__query_get(q, "a", out, sizeof out), 1);
    T_STREQ(out, "1");
    T_EQ(http__query_get(q, "b", out, sizeof out), 9);
    T_STREQ(out, "two words");
    T_EQ(http__query_get(q, "c", out, sizeof out), 0);
    T_EQ(http__query_get(q, "g", out, sizeof out), 0);
    T_EQ(http__query_get(q, "d", out, sizeof out), 2);
    T_STREQ(out, "AB");
    T_EQ(http__query_get(q, "e", out, sizeof out), -EBADMSG);
    T_EQ(http__query_get(q, "f", out, sizeof out), 1);
    T_EQ(http__query_get(q, "x", out, sizeof out), -ENOENT);
    T_EQ(http__query_get(q, "b", out, 9), -ENAMETOOLONG);
    T_EQ(http__query_get(NULL, "b", out, 9), -ENOENT);
}

T_TEST(escapes_are_decoded)
{
    char out[16];

    T_EQ(http__unescape(out, "a%2Fb%2f", 8), 4);
    T_MEMEQ(out, "a/b/", 4);
    T_EQ(http__unescape(out, "%0", 2), -1);
    T_EQ(http__unescape(out, "%", 1), -1);
    T_EQ(http__unescape(out, "%g0", 3), -1);
    T_EQ(http__unescape(out, "%00", 3), -1);
}

T_TEST(an_arena_gives_pieces_of_any_size)
{
    static struct arena a;
    char *pieces[40];

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 40; i++) {
            pieces[i] = http__arena_take(&a, i * i);
            T_TRUE(pieces[i]);
            T_EQ((uintptr_t)pieces[i] % 16, 0);
            memset(pieces[i], (int)i, i * i);
        }
        for (size_t i = 0; i < 40; i++) {
            for (size_t k = 0; k < i * i; k++)
                T_EQ(pieces[i][k], (char)i);
        }
        http__arena_reset(&a);
    }
    T_STREQ(http__arena_copy(&a, "hello", 4), "hell");
    T_TRUE(!http__arena_take(&a, SIZE_MAX - 8));
    http__arena_reset(&a);
}
