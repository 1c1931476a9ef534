/* SPDX-License-Identifier: MIT */
/*
 * link.c - receive and send until told to stop.
 *
 * The usual step finds a value or room: it costs one look at the context and one operation. Only
 * a step that has to wait is a select. A context that is over wins over a channel that is ready,
 * so that a pipeline whose parts are all busy ends too.
 */
#include "flow/link.h"

#include <leat/select.h>

#include "os/mem.h"

enum link_result link_recv(leat_ctx *ctx, leat_chan_base *c, void *elem)
{
    bool open = true;

    if (leat_ctx_err(ctx))
        return LINK_OVER;
    if (leat_chan_base_try_recv(c, elem, &open))
        return LINK_VALUE;
    if (!open)
        return LINK_CLOSED;
    leat_case cases[2] = {
        {.kind = LEAT_CASE_RECV, .chan = c, .elem = elem, .ok = &open},
        leat_case_done(ctx),
    };
    if (leat_select_n(cases, 2) == 1)
        return LINK_OVER;
    return open ? LINK_VALUE : LINK_CLOSED;
}

enum link_result link_send(leat_ctx *ctx, leat_chan_base *c, const void *elem)
{
    if (leat_ctx_err(ctx))
        return LINK_OVER;
    if (leat_chan_base_try_send(c, elem))
        return LINK_VALUE;
    leat_case cases[2] = {
        {.kind = LEAT_CASE_SEND, .chan = c, .elem = (void *)(uintptr_t)elem},
        leat_case_done(ctx),
    };
    return leat_select_n(cases, 2) == 1 ? LINK_OVER : LINK_VALUE;
}

void *link_alloc(size_t size)
{
    return leat__need(leat__alloc_aligned(size, 16), "a part of a pipeline");
}
