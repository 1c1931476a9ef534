/* SPDX-License-Identifier: MIT */
/*
 * pipeline.c - sources, stages and sinks: goroutines of a group between channels.
 *
 * PICTURE   part (in, out, function, argument) <- shared by its goroutines
 *           goroutine: [ value that came | value that goes ]
 *
 * INVARIANTS
 *   I1  The output is closed once, by the last goroutine of the part, and nobody of it sends
 *       after that.
 *   I2  A goroutine waits on a channel only together with the group's context: when that is
 *       over, all parts end, whatever their neighbours do.
 *
 *   I3  An error is the group's before the output is closed: whoever is told of the end finds the
 *       context over, and does not take the end of half the values for the end of all.
 *
 * A sink is a stage without an output. The buffers are on the heap: an element may be 64 KiB.
 *
 * PROOF tests/api/pattern_pipeline_test.c
 */
#include <leat/pattern/pipeline.h>

#include "flow/group.h"
#include "flow/part.h"
#include "os/mem.h"

/* As what the functions of users are called: their pointers are typed. */
typedef int (*source_fn)(void *out, void *arg);
typedef int (*stage_fn)(const void *in, void *out, void *arg);
typedef int (*sink_fn)(const void *in, void *arg);

struct part *part_make(leat_group *g, const struct leat__part *what, int users, size_t size)
{
    struct part *p = link_alloc(size);

    p->what = *what;
    p->group = g;
    p->ctx = leat_group_ctx(g);
    p->users = users;
    leat_chan_base_ref(what->in);
    leat_chan_base_ref(what->out);
    return p;
}

void part_user_left(void *arg)
{
    struct part_user *u = arg;
    struct part *p = u->part;

    leat__free(u->buffer);
    if (u->err < 0)
        group_fail(p->group, u->err);
    if (!part_last(&p->users))
        return;
    if (p->what.out)
        leat_chan_base_close(p->what.out);
    leat_chan_base_unref(p->what.in);
    leat_chan_base_unref(p->what.out);
    leat__free(p);
}

int part_workers(int wanted)
{
    return wanted > 0 ? wanted : leat_procs(0);
}

/* ---- sources ---- */

static int source_run(struct part *p)
{
    struct part_user self = {.part = p, .buffer = link_alloc(p->what.out_size + 1)};
    leat_defer(part_user_left, &self);
    int r;

    while ((r = ((source_fn)p->what.fn)(self.buffer, p->what.arg)) == 0)
        if (link_send(p->ctx, p->what.out, self.buffer) != LINK_VALUE)
            return 0;
    self.err = r < 0 ? r : 0;
    return self.err;
}

void leat__source(leat_group *g, const struct leat__part *what)
{
    struct part *p = part_make(g, what, 1, sizeof(struct part));

    leat_group_go(g, source_run, p);
}

/* ---- stages and sinks ---- */

/* One value through the stage; 0, 1: the stage ends, or the function's error. */
static int stage_step(struct part *p, void *in, void *out)
{
    if (link_recv(p->ctx, p->what.in, in) != LINK_VALUE)
        return 1;
    if (!p->what.out) {
        int err = ((sink_fn)p->what.fn)(in, p->what.arg);
        return err < 0 ? err : 0;
    }
    int r = ((stage_fn)p->what.fn)(in, out, p->what.arg);
    if (r == 0)
        return link_send(p->ctx, p->what.out, out) != LINK_VALUE;
    return r < 0 ? r : 0;
}

static int stage_run(struct part *p)
{
    size_t in_size = (p->what.in_size + 15) & ~(size_t)15;
    char *in = link_alloc(in_size + p->what.out_size + 1);
    struct part_user self = {.part = p, .buffer = in};
    leat_defer(part_user_left, &self);
    int r;

    do {
        r = stage_step(p, in, in + in_size);
    } while (r == 0);
    self.err = r < 0 ? r : 0;
    return self.err;
}

void leat__stage(leat_group *g, int workers, const struct leat__part *what)
{
    int n = part_workers(workers);
    struct part *p = part_make(g, what, n, sizeof(struct part));

    for (int i = 0; i < n; i++)
        leat_group_go(g, stage_run, p);
}
