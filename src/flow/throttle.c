/* SPDX-License-Identifier: MIT */
/*
 * throttle.c - admission: a semaphore with a waiting room of limited size and patience.
 *
 * The count of those who wait is approximate for an instant: two that come at once may both find
 * the last chair taken by the other. It never lets more wait than there are chairs.
 *
 * PROOF tests/api/pattern_throttle_test.c
 */
#include <leat/pattern/throttle.h>

#include "flow/semaphore.h"

static void throttle_init(leat_throttle *t)
{
    leat_semaphore_init(&t->leat__slots, t->limit);
}

static int64_t patience_ends(const leat_throttle *t)
{
    int64_t now = sched_now();

    if (t->timeout <= 0 || t->timeout > INT64_MAX - now)
        return INT64_MAX;
    return now + t->timeout;
}

int leat_throttle_enter_ctx(leat_ctx *ctx, leat_throttle *t)
{
    struct limit limit = limit_ctx(ctx);
    int err = limit_over(&limit);

    if (err)
        return err;
    leat_once_do(&t->leat__once, throttle_init, t);
    if (leat_semaphore_try_acquire(&t->leat__slots, 1))
        return 0;
    if (fetch_add(&t->leat__waiting, 1) < t->backlog) {
        limit.deadline = patience_ends(t);
        err = semaphore_acquire(&t->leat__slots, 1, &limit);
    } else {
        err = -EBUSY;
    }
    fetch_sub(&t->leat__waiting, 1);
    return err;
}

int leat_throttle_enter(leat_throttle *t)
{
    return leat_throttle_enter_ctx(NULL, t);
}

void leat_throttle_leave(leat_throttle *t)
{
    leat_semaphore_release(&t->leat__slots, 1);
}

static void throttle_left(void *t)
{
    leat_throttle_leave(t);
}

int leat__throttle_begin(leat_ctx *ctx, leat_throttle *t, leat__defer *end)
{
    int err = leat_throttle_enter_ctx(ctx, t);

    if (!err)
        leat__defer_push(end, throttle_left, t);
    return err;
}
