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

static bool still_counted(void *arg)
{
    const leat_waitgroup *wg = arg;

    return waiters_in(load_seq(&wg->leat__state)) != 0;
}

void leat_waitgroup_wait(leat_waitgroup *wg)
{
    uint64_t state = load_acquire(&wg->leat__state);

    for (;;) {
        if (counter_in(state) == 0) {
            san_acquire(wg);
            sched_poll(m_self());
            return;
        }
        if (cas(&wg->leat__state, &state, state + 1))
            break;
    }
    lot_park(wg, still_counted, wg, WAIT_WAITGROUP);
    san_acquire(wg);
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
