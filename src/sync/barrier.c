/* SPDX-License-Identifier: MIT */
/*
 * barrier.c - where a fixed number of goroutines meet, round after round.
 *
 * PICTURE   state:  [ round, 32 bits | how many have come, 32 bits ]
 *
 * PROTOCOL  Who comes adds one and parks in the lot for as long as the round is the same. The last
 *   one ends the round instead: one CAS under the lot's lock, which takes all waiters out too.
 *   Who gives up takes itself off the count under that lock, where it leaves the queue: it either
 *   finds itself in the queue, and the round has not ended, or has been let go, and has not given
 *   up.
 * LAST TOUCH  The CAS; afterwards the address is a key only.
 *
 * ORDERING  Every party releases before it counts itself and acquires after the round.
 *
 * PROOF  tests/api/barrier_test.c.
 */
#include <leat/barrier.h>

#include "arch/sanitize.h"
#include "park/lot.h"

struct meeting {
    leat_barrier *b;
    uint64_t state;
    bool left; /* gave up, and does not count */
};

static inline uint32_t round_of(uint64_t state)
{
    return (uint32_t)(state >> 32);
}

static bool is_same_round(void *arg)
{
    const struct meeting *call = arg;

    return round_of(load_seq(&call->b->leat__state)) == round_of(call->state);
}

static bool end_round(void *arg)
{
    struct meeting *call = arg;
    uint64_t next = (uint64_t)(round_of(call->state) + 1) << 32;

    return cas(&call->b->leat__state, &call->state, next);
}

static void party_left(void *arg)
{
    struct meeting *call = arg;

    __atomic_sub_fetch(&call->b->leat__state, 1, __ATOMIC_SEQ_CST);
    call->left = true;
}

static int barrier_wait(leat_barrier *b, const struct limit *l)
{
    struct meeting call = {.b = b, .state = load_relaxed(&b->leat__state)};
    int err = limit_over(l);

    if (err)
        return err;
    san_release(b);
    for (;;) {
        if ((uint32_t)call.state + 1 >= b->leat__parties) {
            if (lot_wake_all(b, end_round, &call) < 0)
                continue;
            san_acquire(b);
            return 1;
        }
        if (cas(&b->leat__state, &call.state, call.state + 1))
            break;
    }
    err = lot_park_limit(b, is_same_round, &call, WAIT_BARRIER, l, party_left);
    if (call.left)
        return err;
    san_acquire(b);
    return 0;
}

void leat_barrier_init(leat_barrier *b, uint32_t parties)
{
    *b = (leat_barrier)LEAT_BARRIER(parties);
}

bool leat_barrier_wait(leat_barrier *b)
{
    struct limit l = limit_none();

    return barrier_wait(b, &l) == 1;
}

int leat_barrier_wait_ctx(leat_ctx *ctx, leat_barrier *b)
{
    struct limit l = limit_ctx(ctx);

    return barrier_wait(b, &l);
}

int leat_barrier_wait_until(leat_barrier *b, leat_duration deadline)
{
    struct limit l = limit_until(deadline);

    return barrier_wait(b, &l);
}
