/* SPDX-License-Identifier: MIT */
/*
 * tls_dial.c - a connection and the handshake on it in one.
 *
 * PROOF  tls_dial_test.c.
 */
#include "tls_conn.h"

#include <leat/context.h>
#include <leat/net.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int dial_within(leat_io **io, const char *network, const char *address,
                       const leat_limit *limit)
{
    if (!limit || (!limit->ctx && limit->until == LEAT_FOREVER))
        return leat_dial(io, network, address);
    if (!limit->ctx)
        return leat_dial_until(io, network, address, limit->until);
    if (limit->until == LEAT_FOREVER)
        return leat_dial_ctx(limit->ctx, io, network, address);
    leat_ctx *both = leat_ctx_with_deadline(limit->ctx, limit->until);
    int err = leat_dial_ctx(both, io, network, address);
    leat_ctx_free(both);
    return err;
}

/* The host of "host:port"; a copy. */
static char *host_of(const char *address)
{
    const char *colon = strrchr(address, ':');

    return strndup(address, colon ? (size_t)(colon - address) : strlen(address));
}

int leat_tls_dial(leat_io **conn, const char *network, const char *address,
                  leat_tls_config *config, const leat_limit *limit)
{
    char *host = host_of(address);
    leat_io *below;

    if (!host)
        return tls__fail(-ENOMEM, "out of memory");
    int err = dial_within(&below, network, address, limit);
    if (err) {
        tls__fail(err, "%s: %s", address, leat_strerror(err));
    } else {
        err = leat_tls_client(conn, below, config, host, limit);
        if (err)
            leat_io_free(below);
    }
    free(host);
    return err;
}
