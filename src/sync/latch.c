/* SPDX-License-Identifier: MIT */
/*
 * latch.c - a count that goes down to zero, and those who wait for that.
 *
 * PICTURE   state:  [ number of waiters, 32 bits | count, 32 bits ]
 *
 * PROTOCOL  While nobody waits, counting down is one CAS. The step to zero with waiters is one CAS
 *   to an empty word under the lot's lock, which takes them out too. A waiter counts itself,
 *   then parks unless it finds the count at zero under that lock; who gives up takes itself off
 *   there as well, where it leaves the queue: so the count is not zero, and somebody else opens.
 * LAST TOUCH  The CAS; afterwards the address is a key only.
 *
 * ORDERING  Counting down releases, a wait that succeeds acquires.
 * REJECTED  A wait group inside: it can be counted up again, and says so when it is misused.
 *
 * PROOF  tests/api/barrier_test.c.
 */
#include <leat/barrier.h>

#include "arch/sanitize.h"
#include "base/fatal.h"
#include "park/lot.h"

#define LATCH_WAITER (UINT64_C(1) << 32)

struct latch_call {
    leat_latch *l;
    uint64_t old, new;
    bool left; /* gave up, and is not counted any more */
};

static bool latch_set(void *arg)
{
    struct latch_call *call = arg;

    return cas(&call->l->leat__state, &call->old, call->new);
}

void leat_latch_count_down(leat_latch *l, uint32_t n)
{
    struct latch_call call = {.l = l, .old = load_relaxed(&l->leat__state)};
    bool done;

    san_release(l);
    do {
        uint32_t count = (uint32_t)call.old;
        if (unlikely(count < n))
            leat__panic("leat: latch counted down below zero");
        call.new = count == n ? 0 : call.old - n;
        if (count == n && call.old >= LATCH_WAITER)
            done = lot_wake_all(l, latch_set, &call) >= 0;
        else
            done = latch_set(&call);
    } while (!done);
}

static bool is_closed(void *arg)
{
    const struct latch_call *call = arg;

    return (uint32_t)load_seq(&call->l->leat__state) != 0;
}

static void latch_left(void *arg)
{
    struct latch_call *call = arg;

    __atomic_sub_fetch(&call->l->leat__state, LATCH_WAITER, __ATOMIC_SEQ_CST);
    call->left = true;
}

static int latch_wait(leat_latch *l, const struct limit *limit)
{
    struct latch_call call = {.l = l};
    int err = limit_over(limit);

    if (err)
        return err;
    call.old = load_acquire(&l->leat__state);
    do {
        if ((uint32_t)call.old == 0) {
            san_acquire(l);
            return 0;
        }
        call.new = call.old + LATCH_WAITER;
    } while (!latch_set(&call));
    err = lot_park_limit(l, is_closed, &call, WAIT_LATCH, limit, latch_left);
    if (call.left)
        return err;
    san_acquire(l);
    return 0;
}

void leat_latch_init(leat_latch *l, uint32_t count)
{
    *l = (leat_latch)LEAT_LATCH(count);
}

bool leat_latch_is_open(leat_latch *l)
{
    bool open = (uint32_t)load_acquire(&l->leat__state) == 0;

    if (open)
        san_acquire(l);
    return open;
}

void leat_latch_wait(leat_latch *l)
{
    struct limit limit = limit_none();

    (void)latch_wait(l, &limit);
}

int leat_latch_wait_ctx(leat_ctx *ctx, leat_latch *l)
{
    struct limit limit = limit_ctx(ctx);

    return latch_wait(l, &limit);
}

int leat_latch_wait_until(leat_latch *l, leat_duration deadline)
{
    struct limit limit = limit_until(deadline);

    return latch_wait(l, &limit);
}
