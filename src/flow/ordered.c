/* SPDX-License-Identifier: MIT */
/*
 * ordered.c - a parallel map that keeps the order, in bounded memory.
 *
 * PICTURE   in -> feeder -> work -> workers          emitter -> out
 *                   ^  \---> order ------------------^   |
 *                   \------------- spare <---------------/
 *
 *   A slot holds one value and what became of it. The feeder takes a spare slot, fills it, and
 *   puts it into two queues: work, for any worker, and order, for the emitter. The emitter takes
 *   the slots in order and waits for each until its worker has said that it is done.
 *
 * INVARIANTS
 *   O1  There are as many slots as the window is wide, and each queue has room for all of them:
 *       only `spare` makes anybody wait, and that is the bound.
 *   O2  A slot in `order` is in `work` or with a worker, or its `done` says so.
 *
 * PROOF tests/api/pattern_pipeline_test.c
 */
#include "flow/part.h"

#include "flow/group.h"
#include "os/mem.h"

struct slot {
    leat_int_chan done; /* what the function returned */
    char *in, *out;
};

struct ordered {
    struct part part;                 /* first */
    leat_int_chan spare, work, order; /* of numbers of slots */
    int window;
    int living; /* atomic: goroutines; the last takes it apart */
    struct slot slots[];
};

static enum link_result ordered_take(struct ordered *o, leat_int_chan from, int *value)
{
    return link_recv(o->part.ctx, (leat_chan_base *)(void *)from, value);
}

static void ordered_free(struct ordered *o)
{
    for (int i = 0; i < o->window; i++) {
        leat_chan_free(o->slots[i].done);
        leat__free(o->slots[i].in);
    }
    leat_chan_free(o->spare);
    leat_chan_free(o->work);
    leat_chan_free(o->order);
}

/* A goroutine of the stage: what it must not leave behind. */
struct ordered_user {
    struct ordered *o;
    struct slot *slot; /* a worker's, for which the emitter waits */
    struct part_user user;
};

static void ordered_user_left(void *arg)
{
    struct ordered_user *u = arg;

    if (u->slot)
        leat_send(u->slot->done, LEAT_SKIP);
    if (u->user.err < 0)
        group_fail(u->o->part.group, u->user.err);
    if (part_last(&u->o->living))
        ordered_free(u->o);
    part_user_left(&u->user);
}

static int feeder_run(struct ordered *o)
{
    struct ordered_user self = {.o = o, .user.part = &o->part};
    leat_defer(ordered_user_left, &self);
    int i;

    while (ordered_take(o, o->spare, &i) == LINK_VALUE &&
           link_recv(o->part.ctx, o->part.what.in, o->slots[i].in) == LINK_VALUE) {
        leat_send(o->order, i);
        leat_send(o->work, i);
    }
    leat_close(o->order);
    leat_close(o->work);
    return 0;
}

static int worker_run(struct ordered *o)
{
    typedef int (*stage_fn)(const void *in, void *out, void *arg);
    struct ordered_user self = {.o = o, .user.part = &o->part};
    leat_defer(ordered_user_left, &self);
    int i;

    while (self.user.err == 0 && ordered_take(o, o->work, &i) == LINK_VALUE) {
        struct slot *s = self.slot = &o->slots[i];
        int r = ((stage_fn)o->part.what.fn)(s->in, s->out, o->part.what.arg);
        self.slot = NULL;
        if (r < 0) {
            group_fail(o->part.group, r);
            self.user.err = r;
        }
        leat_send(s->done, r);
    }
    return self.user.err;
}

static int emitter_run(struct ordered *o)
{
    struct ordered_user self = {.o = o, .user.part = &o->part};
    leat_defer(ordered_user_left, &self);
    int i, r;

    while (ordered_take(o, o->order, &i) == LINK_VALUE &&
           ordered_take(o, o->slots[i].done, &r) == LINK_VALUE) {
        if (r == 0 && link_send(o->part.ctx, o->part.what.out, o->slots[i].out) != LINK_VALUE)
            break;
        leat_send(o->spare, i);
    }
    return 0;
}

static void ordered_init(struct ordered *o)
{
    size_t in_size = (o->part.what.in_size + 15) & ~(size_t)15;

    o->spare = leat_chan_make(leat_int_chan, o->window);
    o->work = leat_chan_make(leat_int_chan, o->window);
    o->order = leat_chan_make(leat_int_chan, o->window);
    for (int i = 0; i < o->window; i++) {
        struct slot *s = &o->slots[i];
        s->done = leat_chan_make(leat_int_chan, 1);
        s->in = link_alloc(in_size + o->part.what.out_size + 1);
        s->out = s->in + in_size;
        leat_send(o->spare, i);
    }
}

static void ordered_start(leat_group *g, struct ordered *o, int workers)
{
    leat_group_go(g, feeder_run, o);
    for (int i = 0; i < workers; i++)
        leat_group_go(g, worker_run, o);
    leat_group_go(g, emitter_run, o);
}

void leat__ordered(leat_group *g, int workers, int window, const struct leat__part *what)
{
    int n = part_workers(workers);
    int slots = window > n ? window : n;
    size_t size = sizeof(struct ordered) + (size_t)slots * sizeof(struct slot);
    struct ordered *o = (struct ordered *)(void *)part_make(g, what, n + 2, size);

    o->window = slots;
    o->living = n + 2;
    ordered_init(o);
    ordered_start(g, o, n);
}
