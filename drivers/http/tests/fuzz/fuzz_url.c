/* SPDX-License-Identifier: MIT */
/* fuzz_url.c - URLs, paths, queries and patterns: what comes out is clean, and clean again. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "chars.h"
#include "pattern.h"
#include "url.h"

static void try_url(const char *text)
{
    static struct http_url url, other;
    char dial[300];

    if (http__url_parse(&url, text))
        return;
    FUZZ_CHECK(http__span_is(url.target, strlen(url.target), CH_TARGET));
    FUZZ_CHECK(url.target[0] == '/');
    FUZZ_CHECK(http__span_is(url.authority, strlen(url.authority), CH_HOST));
    FUZZ_CHECK(!http__url_dial(&url, dial, sizeof dial));
    if (!http__url_resolve(&other, &url, text + 1))
        FUZZ_CHECK(other.target[0] == '/');
}

static void try_path(const char *text, size_t len)
{
    char *once = malloc(2 * len + 8), *twice = once + len + 3;
    size_t n, m;

    FUZZ_CHECK(once);
    n = http__path_clean(once, text, len);
    FUZZ_CHECK(n <= len + 1 && once[0] == '/');
    FUZZ_CHECK(http__path_is_clean(once, n));
    m = http__path_clean(twice, once, n);
    FUZZ_CHECK(n == m && memcmp(once, twice, n) == 0);
    FUZZ_CHECK(http__path_is_clean(text, len) == (n == len && memcmp(once, text, n) == 0));
    free(once);
}

static void try_patterns(const char *a, const char *b)
{
    struct pattern p, q;
    const char *bad = http__pattern_parse(&p, a), *worse = http__pattern_parse(&q, b);

    if (!bad)
        FUZZ_CHECK(http__pattern_relation(&p, &p) == REL_SAME);
    if (!bad && !worse) {
        enum relation there = http__pattern_relation(&p, &q);
        enum relation back = http__pattern_relation(&q, &p);

        FUZZ_CHECK((there == REL_MORE_GENERAL) == (back == REL_MORE_SPECIFIC));
        FUZZ_CHECK((there == REL_SAME) == (back == REL_SAME));
        FUZZ_CHECK((there == REL_DISJOINT) == (back == REL_DISJOINT));
    }
    http__pattern_free(&p);
    http__pattern_free(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1), out[64];
    size_t half;

    FUZZ_CHECK(text);
    memcpy(text, data, len);
    text[len] = '\0';
    if (len > 0 && strlen(text) == len) {
        try_url(text);
        try_path(text, len);
        half = strcspn(text, "\n");
        http__query_get(text, "a", out, sizeof out);
        if (half < len)
            text[half++] = '\0';
        try_patterns(text, text + half);
    }
    free(text);
    return 0;
}
