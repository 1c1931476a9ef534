/* SPDX-License-Identifier: MIT */
/*
 * link.h - what all that works between channels does: receive and send until it is told to stop.
 */
#ifndef LEAT_FLOW_LINK_H
#define LEAT_FLOW_LINK_H

#include <leat/chan.h>
#include <leat/context.h>

enum link_result {
    LINK_VALUE,  /* a value has been passed */
    LINK_CLOSED, /* the channel is closed and drained */
    LINK_OVER,   /* the context is */
};

enum link_result link_recv(leat_ctx *ctx, leat_chan_base *c, void *elem);
enum link_result link_send(leat_ctx *ctx, leat_chan_base *c, const void *elem);

/* Memory that the pattern cannot do without: fatal when there is none. Zeroed. */
void *link_alloc(size_t size);

#endif
