/* SPDX-License-Identifier: MIT */
/*
 * parallel.c - a range on all processors: halved, and halved again.
 *
 * PICTURE   [........|........]   fork the left half, go on with the right:
 *           child: left, at once  leat_waitgroup_fork runs the child here and leaves the rest
 *           of the caller where an idle processor can take it
 *
 * The pieces a thief finds are the oldest, and so the largest: few thefts balance the load. With
 * nobody idle a fork costs little more than a call.
 *
 * LEAVING  The pieces that others run point into the caller's frame. A function that leaves it by
 *   leat_exit ends its own piece; the caller's frame waits for the others by a deferred call.
 *
 * ERRORS  The first one is kept; pieces look at it, and at the context, before they begin.
 *
 * REJECTED  A counter from which workers take the next piece: one shared word for each piece, no
 *   neighbourhood, and the joins of a reduction would be in no order.
 *
 * PROOF tests/api/pattern_parallel_test.c
 */
#include <leat/pattern/parallel.h>

#include <leat/context.h>
#include <leat/sync.h>

#include <string.h>

#include "base/util.h"
#include "flow/link.h"
#include "os/mem.h"

enum { PIECES_PER_PROC = 16 };

static int64_t grain_for(int64_t wanted, int64_t length)
{
    int64_t grain = length / ((int64_t)leat_procs(0) * PIECES_PER_PROC);

    if (wanted > 0)
        return wanted;
    return grain > 0 ? grain : 1;
}

/* What the pieces of one call share. */
struct pieces {
    leat_ctx *ctx;
    int64_t grain;
    int err; /* atomic: the first */
};

static void piece_failed(struct pieces *p, int err)
{
    int none = 0;

    cas(&p->err, &none, err);
}

/* The deferred end of a frame that others point into. */
static void wait_for_pieces(void *wg)
{
    leat_waitgroup_wait(wg);
}

/* May another piece begin? */
static bool piece_begins(struct pieces *p)
{
    int err = leat_ctx_err(p->ctx);

    if (unlikely(err))
        piece_failed(p, err);
    return load_relaxed(&p->err) == 0;
}

/* ---- for ---- */

struct loop {
    struct pieces pieces;
    int (*fn)(int64_t from, int64_t to, void *arg);
    void *arg;
    leat_waitgroup wg;
};

static void loop_range(struct loop *l, int64_t from, int64_t to)
{
    while (to - from > l->pieces.grain) {
        int64_t middle = from + (to - from) / 2;
        leat_waitgroup_fork(&l->wg, loop_range, l, from, middle);
        from = middle;
    }
    if (!piece_begins(&l->pieces))
        return;
    int err = l->fn(from, to, l->arg);
    if (err < 0)
        piece_failed(&l->pieces, err);
}

int leat__parallel_for(leat_ctx *ctx, int64_t from, int64_t to, int64_t grain, void (*fn)(void),
                       void *arg)
{
    struct loop l = {.pieces = {.ctx = ctx}, .arg = arg};

    if (to <= from)
        return 0;
    l.fn = (int (*)(int64_t, int64_t, void *))fn;
    l.pieces.grain = grain_for(grain, to - from);
    leat__defer end;
    leat__defer_push(&end, wait_for_pieces, &l.wg);
    loop_range(&l, from, to);
    leat__defer_run(&end);
    return load_relaxed(&l.pieces.err);
}

/* ---- reduce ---- */

struct reduction {
    struct pieces pieces;
    int (*fn)(int64_t from, int64_t to, void *value, void *arg);
    void (*join)(void *left, const void *right);
    void *arg;
    size_t size;
    const void *neutral;
};

/* Values that are larger than this are on the heap. */
enum { SMALL_VALUE = 128 };

static void reduce_range(struct reduction *r, int64_t from, int64_t to, void *value)
{
    _Alignas(16) char small[SMALL_VALUE];

    if (to - from <= r->pieces.grain) {
        int err = piece_begins(&r->pieces) ? r->fn(from, to, value, r->arg) : 0;
        if (err < 0)
            piece_failed(&r->pieces, err);
        return;
    }
    int64_t middle = from + (to - from) / 2;
    leat_waitgroup left = {0};
    void *right = r->size <= SMALL_VALUE ? small : link_alloc(r->size);
    memcpy(right, r->neutral, r->size);
    leat__defer end;
    leat__defer_push(&end, wait_for_pieces, &left);
    leat_waitgroup_fork(&left, reduce_range, r, from, middle, value);
    reduce_range(r, middle, to, right);
    leat__defer_run(&end);
    if (load_relaxed(&r->pieces.err) == 0)
        r->join(value, right);
    if (right != small)
        leat__free(right);
}

int leat__parallel_reduce(leat_ctx *ctx, const struct leat__reduction *what)
{
    struct reduction r = {.pieces = {.ctx = ctx}, .arg = what->arg, .size = what->size};

    if (what->to <= what->from)
        return 0;
    void *neutral = link_alloc(what->size);
    memcpy(neutral, what->result, what->size);
    r.neutral = neutral;
    r.fn = (int (*)(int64_t, int64_t, void *, void *))what->fn;
    r.join = (void (*)(void *, const void *))what->join;
    r.pieces.grain = grain_for(what->grain, what->to - what->from);
    reduce_range(&r, what->from, what->to, what->result);
    leat__free(neutral);
    return load_relaxed(&r.pieces.err);
}
