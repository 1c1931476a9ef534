/* SPDX-License-Identifier: MIT */
/*
 * fan_in.c - many channels into one; and one channel that ends with the context (or-done).
 *
 * A goroutine for each input: they wait in parallel, and the cost of a value does not grow with
 * the number of inputs, as that of a select over all would. The last to end closes the output.
 *
 * PROOF tests/api/pattern_route_test.c
 */
#include <leat/pattern/route.h>

#include "flow/part.h"

static int lane_run(struct part *p, leat_chan_base *in)
{
    struct part_user self = {.part = p, .buffer = link_alloc(p->what.in_size + 1)};
    leat_defer(part_user_left, &self);

    while (link_recv(p->ctx, in, self.buffer) == LINK_VALUE &&
           link_send(p->ctx, p->what.out, self.buffer) == LINK_VALUE)
        continue;
    leat_chan_base_unref(in);
    return 0;
}

void leat__fan_in(leat_group *g, leat_chan_base *const *in, size_t n, leat_chan_base *out,
                  size_t size)
{
    struct leat__part what = {.out = out, .in_size = size, .out_size = size};

    if (n == 0) {
        leat_chan_base_close(out);
        return;
    }
    struct part *p = part_make(g, &what, (int)n, sizeof(struct part));
    for (size_t i = 0; i < n; i++)
        leat_group_go(g, lane_run, p, leat_chan_base_ref(in[i]));
}
