/* SPDX-License-Identifier: MIT */
/*
 * fan_out.c - one channel into many: each value to one of them (fan out) or to all (tee).
 *
 * One goroutine, which offers the value to all outputs in one select, and takes those that have
 * it off the list: a tee must not insist on an order in which its outputs are received from.
 *
 * PROOF tests/api/pattern_route_test.c
 */
#include <leat/pattern/route.h>

#include <leat/select.h>

#include "flow/part.h"
#include "os/mem.h"

struct fan {
    struct part part; /* first */
    bool to_all;
    size_t n;
    leat_chan_base *outs[];
};

/* The cases of one value's select: an output each, and the context. */
static void fan_offer(const struct fan *f, leat_case *cases, void *value)
{
    for (size_t i = 0; i < f->n; i++)
        cases[i] = (leat_case){.kind = LEAT_CASE_SEND, .chan = f->outs[i], .elem = value};
    cases[f->n] = leat_case_done(f->part.ctx);
}

static bool fan_pass(const struct fan *f, leat_case *cases, void *value)
{
    fan_offer(f, cases, value);
    for (size_t left = f->to_all ? f->n : 1; left > 0; left--) {
        size_t taken = (size_t)leat_select_n(cases, f->n + 1);
        if (taken == f->n)
            return false;
        cases[taken].chan = NULL;
    }
    return true;
}

static int fan_run(struct fan *f)
{
    size_t room = (f->n + 1) * sizeof(leat_case);
    char *buffer = link_alloc(room + 16 + f->part.what.in_size);
    struct part_user self = {.part = &f->part, .buffer = buffer};
    leat_case *cases = (leat_case *)(void *)buffer;
    void *value = buffer + ((room + 15) & ~(size_t)15);

    while (link_recv(f->part.ctx, f->part.what.in, value) == LINK_VALUE &&
           fan_pass(f, cases, value))
        continue;
    for (size_t i = 0; i < f->n; i++) {
        leat_chan_base_close(f->outs[i]);
        leat_chan_base_unref(f->outs[i]);
    }
    part_user_left(&self);
    return 0;
}

void leat__fan_out(leat_group *g, leat_chan_base *in, leat_chan_base *const *out, size_t n,
                   size_t size, bool to_all)
{
    struct leat__part what = {.in = in, .in_size = size, .out_size = size};
    struct fan *f = (struct fan *)(void *)part_make(g, &what, 1,
                                                    sizeof(struct fan) +
                                                        n * sizeof(leat_chan_base *));

    f->to_all = to_all;
    f->n = n;
    for (size_t i = 0; i < n; i++)
        f->outs[i] = leat_chan_base_ref(out[i]);
    leat_group_go(g, fan_run, f);
}
