/* SPDX-License-Identifier: MIT */
/* names.h - asking the system for the addresses of a name. Blocks the thread. */
#ifndef LEAT_OS_NAMES_H
#define LEAT_OS_NAMES_H

#include <stdint.h>

enum { OS_NAMES_MAX = 32 };

struct os_names {
    int n;
    struct {
        uint32_t size;
        uint64_t raw[4]; /* a struct sockaddr_in or _in6 */
    } at[OS_NAMES_MAX];
};

/* 0, with at least one address; -ENXIO: no such host or service; -EAGAIN: ask later; -EIO: who was
 * asked cannot answer; -ENOMEM, or another error of the system's. */
int os_resolve(const char *host, const char *service, int family, int type,
               struct os_names *out);

#endif
