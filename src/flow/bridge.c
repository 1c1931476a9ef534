/* SPDX-License-Identifier: MIT */
/*
 * bridge.c - a channel of channels, flattened.
 *
 * The channels that come are owned from then on. At the end those that nobody will read from are
 * given up too, as far as they have been sent.
 *
 * PROOF tests/api/pattern_route_test.c
 */
#include <leat/pattern/route.h>

#include "flow/part.h"

/* All of one channel; false: the context is over. */
static bool bridge_drain(struct part *p, leat_chan_base *from, void *value)
{
    enum link_result r;

    while ((r = link_recv(p->ctx, from, value)) == LINK_VALUE)
        if (link_send(p->ctx, p->what.out, value) != LINK_VALUE)
            return false;
    return r == LINK_CLOSED;
}

static int bridge_run(struct part *p)
{
    struct part_user self = {.part = p, .buffer = link_alloc(p->what.out_size + 1)};
    leat_defer(part_user_left, &self);
    leat_chan_base *from;
    bool more = true;

    while (more && link_recv(p->ctx, p->what.in, &from) == LINK_VALUE) {
        more = bridge_drain(p, from, self.buffer);
        leat_chan_base_unref(from);
    }
    while (leat_chan_base_try_recv(p->what.in, &from, NULL))
        leat_chan_base_unref(from);
    return 0;
}

void leat__bridge(leat_group *g, leat_chan_base *in, leat_chan_base *out, size_t size)
{
    struct leat__part what = {.in = in,
                              .out = out,
                              .in_size = sizeof(leat_chan_base *),
                              .out_size = size};
    struct part *p = part_make(g, &what, 1, sizeof(struct part));

    leat_group_go(g, bridge_run, p);
}
