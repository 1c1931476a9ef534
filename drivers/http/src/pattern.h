/* SPDX-License-Identifier: MIT */
/* pattern.h - patterns of a mux: [METHOD ][HOST]/PATH, with {wildcards}. */
#ifndef LEAT_HTTP_PATTERN_H
#define LEAT_HTTP_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

enum { PATTERN_PARTS = 32 };

/* One part of a path, between slashes. */
struct part {
    const char *text; /* literal: decoded; wildcard: its name, "" for the one of a last slash */
    size_t len;
    bool wild; /* {x}: any one part that is not empty */
    bool rest; /* {x...} and a slash at the end: all that follows, also nothing */
};

struct pattern {
    char *source;       /* as it was given */
    char *text;         /* what the parts point into */
    const char *method; /* NULL: any */
    char *host;         /* NULL: any; in lower case */
    struct part parts[PATTERN_PARTS];
    int nparts;
};

/* NULL, or what is wrong with it, as Go says it. The strings are new: http__pattern_free. */
const char *http__pattern_parse(struct pattern *p, const char *source);
void http__pattern_free(struct pattern *p);

enum relation { REL_SAME, REL_MORE_GENERAL, REL_MORE_SPECIFIC, REL_OVERLAPS, REL_DISJOINT };

/* How the requests that a matches relate to those of b; hosts are the caller's to compare. */
enum relation http__pattern_relation(const struct pattern *a, const struct pattern *b);

#endif
