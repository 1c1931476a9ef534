/* SPDX-License-Identifier: MIT */
/*
 * batch.c - values taken many at a time: when there are enough, or the first has waited enough.
 *
 * The time counts from the first value of a batch, so a steady trickle is handed over in time
 * and an idle channel wakes nobody.
 *
 * PROOF tests/api/pattern_pipeline_test.c
 */
#include <leat/pattern/pipeline.h>

#include <leat/select.h>
#include <leat/time.h>

#include "base/fatal.h"
#include "flow/part.h"

typedef int (*batch_fn)(const void *values, size_t n, void *arg);

struct batcher {
    struct part *part;
    char *values;
    size_t max, n;
    leat_duration wait;
    leat_duration deadline; /* of the batch whose first value has come */
};

enum batch_step {
    BATCH_MORE,
    BATCH_DUE,  /* hand it over */
    BATCH_LAST, /* hand it over, and that is the end */
    BATCH_OVER,
};

static leat_duration time_left(const struct batcher *b)
{
    leat_duration left = b->deadline - leat_now();

    return left > 0 ? left : 0;
}

/* Wait for the next value, or for the time of those that are there. */
static enum batch_step batch_wait(struct batcher *b)
{
    bool open = true;
    leat_case cases[3] = {
        {.kind = LEAT_CASE_RECV,
         .chan = b->part->what.in,
         .elem = b->values + b->n * b->part->what.in_size,
         .ok = &open},
        leat_case_done(b->part->ctx),
        leat_case_timeout(time_left(b)),
    };
    bool timed = b->n > 0 && b->wait != LEAT_FOREVER;

    switch (leat_select_n(cases, timed ? 3 : 2)) {
    case 0:
        b->n += open;
        return open ? BATCH_MORE : BATCH_LAST;
    case 1:
        return BATCH_OVER;
    default:
        return BATCH_DUE;
    }
}

static enum batch_step batch_next(struct batcher *b)
{
    bool first = b->n == 0;
    enum batch_step step;

    if (leat_ctx_err(b->part->ctx))
        return BATCH_OVER;
    step = batch_wait(b);
    if (first && b->n == 1)
        b->deadline = leat_now() + (b->wait < LEAT_FOREVER / 2 ? b->wait : LEAT_FOREVER / 2);
    return b->n == b->max ? BATCH_DUE : step;
}

static int batch_hand_over(struct batcher *b)
{
    size_t n = b->n;

    b->n = 0;
    if (n == 0)
        return 0;
    int err = ((batch_fn)b->part->what.fn)(b->values, n, b->part->what.arg);
    return err < 0 ? err : 0;
}

static int batch_run(struct part *p, size_t max, leat_duration wait)
{
    struct part_user self = {.part = p, .buffer = link_alloc(max * p->what.in_size + 1)};
    leat_defer(part_user_left, &self);
    struct batcher b = {.part = p, .values = self.buffer, .max = max, .wait = wait};
    enum batch_step step;

    do {
        step = batch_next(&b);
        if (step == BATCH_DUE || step == BATCH_LAST)
            self.err = batch_hand_over(&b);
    } while (step < BATCH_LAST && self.err == 0);
    return self.err;
}

void leat__batch(leat_group *g, size_t max, leat_duration wait, const struct leat__part *what)
{
    if (max == 0)
        leat__panic("leat: a batch of no values");
    struct part *p = part_make(g, what, 1, sizeof(struct part));
    leat_group_go(g, batch_run, p, max, wait);
}
