/* SPDX-License-Identifier: MIT */
/*
 * waitgroup.c - wait for a number of goroutines.
 *
 * PICTURE   state:  [ counter, 32 bits | number of waiters, 32 bits ]
 *
 * Whoever brings the counter to 0 while somebody waits sets the whole word to 0 by one CAS and
 * takes the waiters out of the lot under the same lock: a waiter may return, free the group and
 * let another one live at the address at any moment after that.
 *
 * LOST WAKE-UPS  A waiter counts itself by CAS on a nonzero counter and then parks in the lot;
 *   the releaser may look there before it stands. So it parks only while the word still counts
 *   waiters, tested under the lot's lock, which the releaser takes after its CAS.
 *
 * MISUSE  For TSan the increase from zero reads the group and the first who waits writes it, so
 *   that an add that nothing orders with the wait is a race, as in Go, though no memory shows it.
 *
 * EARLY LEAVERS  One that gives up takes itself off the count under the lot's lock, where it
 *   leaves the lot's queue as well. If the counter is 0 by then, somebody is about to reset the
 *   word and counts on nothing but the address: to return now would let the caller free it. So
 *   it waits for that, and has not given up. If it was off the queue already, so was the reset.
 *
 * PROOF  tests/golike/waitgroup_test.c, src/sync/early_test.c.
 */
#include <leat/sync.h>

#include "arch/sanitize.h"
#include "base/fatal.h"
#include "park/lot.h"
#include "sched/sched.h"

#define COUNT_ONE (UINT64_C(1) << 32)

static inline uint32_t waiters_in(uint64_t state)
{
    return (uint32_t)state;
}

static inline int32_t counter_in(uint64_t state)
{
    return (int32_t)(state >> 32);
}

struct last {
    leat_waitgroup *wg;
    uint64_t state;
};

static bool reset_state(void *arg)
{
    struct last *last = arg;

    return cas(&last->wg->leat__state, &last->state, 0);
}

LEAT__COLD static void last_one_left(leat_waitgroup *wg, uint64_t state)
{
    struct last last = {wg, state};

    if (lot_wake_all(wg, reset_state, &last) < 0)
        leat__panic("sync: WaitGroup misuse: Add called concurrently with Wait");
}

/* The state after a change by delta shows that there is more to do. */
LEAT__COLD static void add_slow(leat_waitgroup *wg, uint64_t state, int delta)
{
    if (counter_in(state) < 0)
        leat__panic("sync: negative WaitGroup counter");
    if (delta > 0 && counter_in(state) == delta)
        leat__panic("sync: WaitGroup misuse: Add called concurrently with Wait");
    if (counter_in(state) > 0)
        return;
    last_one_left(wg, state);
}

static inline void add(leat_waitgroup *wg, int delta)
{
    uint64_t by = (uint64_t)(uint32_t)delta << 32;
    uint64_t state = __atomic_add_fetch(&wg->leat__state, by, __ATOMIC_SEQ_CST);

    if (unlikely(leat__san_thread) && counter_in(state) == delta)
        leat__san_read(wg, sizeof(*wg));
    if (unlikely(counter_in(state) < 0 || waiters_in(state) != 0))
        add_slow(wg, state, delta);
}

void leat_waitgroup_add(leat_waitgroup *wg, int delta)
{
    if (delta < 0)
        san_release(wg);
    add(wg, delta);
}

void leat_waitgroup_done(leat_waitgroup *wg)
{
    leat_waitgroup_add(wg, -1);
}

struct wait_call {
    leat_waitgroup *wg;
    bool left;     /* gave up, and is not counted any more */
    bool imminent; /* would have, but the counter had reached 0 */
};

static bool still_counted(void *arg)
{
    const struct wait_call *call = arg;

    return waiters_in(load_seq(&call->wg->leat__state)) != 0;
}

/* Under the lot's lock: we stood in the queue until now, so the word counts us. */
static void waiter_left(void *arg)
{
    struct wait_call *call = arg;
    uint64_t state = load_relaxed(&call->wg->leat__state);

    do {
        call->imminent = counter_in(state) == 0;
        if (call->imminent)
            return;
    } while (!cas(&call->wg->leat__state, &state, state - 1));
    call->left = true;
}

/* Counted: wait for the reset. */
LEAT__COLD static int wait_slow(leat_waitgroup *wg, const struct limit *l)
{
    struct wait_call call = {.wg = wg};
    int err = lot_park_limit(wg, still_counted, &call, WAIT_WAITGROUP, l, waiter_left);

    if (call.left)
        return err;
    if (call.imminent)
        lot_park(wg, still_counted, &call, WAIT_WAITGROUP);
    if (unlikely(load_relaxed(&wg->leat__state) != 0))
        leat__panic("sync: WaitGroup is reused before previous Wait has returned");
    return 0;
}

static int wait_limit(leat_waitgroup *wg, const struct limit *l)
{
    uint64_t state = load_acquire(&wg->leat__state);

    while (counter_in(state) != 0) {
        if (!cas(&wg->leat__state, &state, state + 1))
            continue;
        if (waiters_in(state) == 0 && !l) /* one that gives up would be no first */
            san_write(wg, sizeof(*wg));
        int err = wait_slow(wg, l);
        if (!err)
            san_acquire(wg);
        return err;
    }
    san_acquire(wg);
    sched_poll(m_self());
    return 0;
}

void leat_waitgroup_wait(leat_waitgroup *wg)
{
    (void)wait_limit(wg, NULL);
}

int leat_waitgroup_wait_ctx(leat_ctx *ctx, leat_waitgroup *wg)
{
    struct limit l = limit_ctx(ctx);
    int err = limit_over(&l);

    return err ? err : wait_limit(wg, &l);
}

int leat_waitgroup_wait_until(leat_waitgroup *wg, leat_duration deadline)
{
    struct limit l = limit_until(deadline);
    int err = limit_over(&l);

    return err ? err : wait_limit(wg, &l);
}

/* ---- goroutines that report their end ---- */

static void report_done(void *join, int ends)
{
    leat_waitgroup_add(join, -ends);
}

__attribute__((constructor)) static void install_join(void)
{
    leat__join_hook = report_done;
}

void leat__waitgroup_commit(void (*fn)(void), const leat_site *site, leat_waitgroup *wg)
{
    add(wg, 1);
    sched_spawn_joined(fn, site, wg, __builtin_return_address(0));
}

void leat__waitgroup_fork(void (*fn)(void), const leat_site *site, leat_waitgroup *wg)
{
    add(wg, 1);
    sched_fork_joined(fn, site, wg, __builtin_return_address(0));
}
