/* SPDX-License-Identifier: MIT */
/*
 * names.c - see names.h.
 *
 * REJECTED  A resolver of our own, which would not block: hosts' files, nsswitch, resolved, VPNs
 *   and split horizons are what getaddrinfo is for, and users blame whoever disagrees with it.
 */
#include "os/names.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

static int error_of(int result)
{
    int err = errno;

    switch (result) {
    case EAI_AGAIN:
        return -EAGAIN;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_FAIL:
        return -EIO;
    case EAI_SYSTEM:
        return err > 0 ? -err : -EIO;
    default:
        return -ENXIO;
    }
}

int os_resolve(const char *host, const char *service, int family, int type,
               struct os_names *out)
{
    const struct addrinfo hints = {.ai_family = family, .ai_socktype = type};
    struct addrinfo *found = NULL;

    errno = 0;
    int result = getaddrinfo(host, *service ? service : NULL, &hints, &found);
    if (result)
        return error_of(result);
    out->n = 0;
    for (struct addrinfo *i = found; i && out->n < OS_NAMES_MAX; i = i->ai_next) {
        if (i->ai_family != AF_INET && i->ai_family != AF_INET6)
            continue;
        if (i->ai_addrlen > sizeof(out->at[0].raw))
            continue;
        out->at[out->n].size = i->ai_addrlen;
        memcpy(out->at[out->n++].raw, i->ai_addr, i->ai_addrlen);
    }
    freeaddrinfo(found);
    return out->n > 0 ? 0 : -ENXIO;
}
