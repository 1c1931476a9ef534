/* SPDX-License-Identifier: MIT */
/* resolve.h - the addresses behind a text; see resolve.c. */
#ifndef LEAT_NET_RESOLVE_INSIDE_H
#define LEAT_NET_RESOLVE_INSIDE_H

#include <leat/io/stream.h>

#include "net/addr.h"
#include "os/names.h"

struct addr_list {
    int n;
    leat_addr at[OS_NAMES_MAX];
};

/* 0, with at least one address, in the order in which to try them. */
int resolve_all(struct addr_list *list, const struct network *net, const char *text,
                const leat_limit *limit);

/* What has been found, remembered for a while: names_cache.c. */
struct name_key {
    const char *host, *service;
    int family, type;
};

bool names_cached(const struct name_key *key, struct os_names *found);
void names_remember(const struct name_key *key, const struct os_names *found);

#endif
