/* SPDX-License-Identifier: MIT */
/*
 * mutex.c - mutual exclusion, fast when free and fair when not: Go's two modes.
 *
 * PICTURE   state:  [ number of waiters | STARVING | WOKEN | LOCKED ]
 *
 * NORMAL MODE  A waiter that is woken competes with newcomers, who are on a processor already and
 *   usually win; it then waits again, at the front. That gives the throughput. WOKEN says that a
 *   waiter is up or spinning, so that unlock need not wake another.
 * STARVING MODE  A waiter that has waited more than 1 ms switches the mutex over: unlock hands the
 *   lock to the first waiter directly and newcomers queue at the tail without spinning. The
 *   last waiter, or one that waited less than 1 ms, switches back.
 * SPINNING  A few rounds before parking while the holder runs, only when another proc runs.
 *
 * UNLOCK  One CAS drops LOCKED, and in normal mode also takes a waiter off the count and sets
 *   WOKEN. From then on the mutex may belong to somebody who unlocks and frees it, so only its
 *   address is used, as the parking lot's key. Dropping LOCKED first and looking for waiters
 *   after, as Go can, would read memory that C may have freed.
 *
 * IN THE CALLER  mutex.h has the two CAS of a mutex that nobody contends for as inline functions.
 *   They ask leat__attention first, which sends them here under TSan, whose edges are made here,
 *   and when a goroutine is to yield at the end of its next call. So the values of FREE and
 *   LOCKED are part of the binary interface.
 *
 * EARLY LEAVERS  (leat_mutex_lock_ctx and _until.) `promised`: the waiters counted in the state,
 *   plus the grants on their way (an unlock takes a waiter off the count, then releases the lot),
 *   are as many as the goroutines inside wait_for_grant. The lot has taken a leaver off its queue
 *   and given its grant to the next, or left it at the address. So while the state counts a
 *   waiter, the leaver may take itself off: whoever it is that has the grant, one is left over.
 *   While it counts none, each of those inside has a grant coming, and the leaver takes one and
 *   goes on as a woken waiter: it locks if the mutex is free, else clears WOKEN, so that the next
 *   unlock wakes another, and leaves the next time round. A mutex that is being handed over
 *   (STARVING, not LOCKED) counts its heir until that has it: the last waiter may not leave then,
 *   it is the heir. The last one to leave a starving mutex ends the mode, else an unlock would
 *   hand over to nobody.
 *
 * ORDERING  Lock is acquire, unlock release, of the state word; TSan's edges are on the mutex.
 * PROOF  tests/golike/mutex_test.c, tests/api/lifetime_test.c, src/sync/early_test.c.
 */
#include <leat/sync.h>

#include "arch/sanitize.h"
#include "base/fatal.h"
#include "park/lot.h"
#include "sched/sched.h"
#include "sync/mutex.h"

enum {
    LOCKED = 1,
    WOKEN = 2,
    STARVING = 4,
    WAITER = 8, /* one of the count above the flags */
    SPIN_ROUNDS_MUTEX = 4,
    SPIN_PAUSES_MUTEX = 30,
};
#define STARVING_AFTER INT64_C(1000000)

/* Is it likely that the holder runs on another proc and will be done soon? */
static bool may_spin(const struct g *g, unsigned round)
{
    const struct m *m = m_self();

    if (round >= SPIN_ROUNDS_MUTEX || load_relaxed(&sched.running) <= 1)
        return false;
    return g->flags & G_FOREIGN || (m->p && runq_len(&m->p->runq) == 0);
}

/* The next state for one that could not take it: locked by us, or one waiter more. */
static uint32_t wanted_state(uint32_t old, bool starving, bool woken)
{
    uint32_t new = old;

    if (!(old & STARVING))
        new |= LOCKED;
    if (old & (LOCKED | STARVING))
        new += WAITER;
    if (starving && old & LOCKED)
        new |= STARVING;
    if (woken)
        new &= ~(uint32_t)WOKEN;
    return new;
}

/* Handed over in starving mode: nobody holds it, and we still count as a waiter. */
static void take_over(leat_mutex *m, bool starving, uint32_t old)
{
    uint32_t new;

    do {
        new = old + LOCKED - WAITER;
        if (!starving || new < WAITER)
            new &= ~(uint32_t)STARVING;
    } while (!cas(&m->leat__state, &old, new));
}

/* Off the count of waiters; false: a grant is ours, or on its way to us. */
static bool mutex_withdraw(leat_mutex *m)
{
    uint32_t old = load_relaxed(&m->leat__state);
    uint32_t new;

    do {
        if (old < WAITER || ((old & (LOCKED | STARVING)) == STARVING && old < 2 * WAITER))
            return false;
        new = old - WAITER;
        if (new < WAITER)
            new &= ~(uint32_t)STARVING;
    } while (!cas(&m->leat__state, &old, new));
    return true;
}

static int wait_for_grant(leat_mutex *m, bool again, const struct limit *l)
{
    for (;;) {
        int err = lot_acquire_limit(&m->leat__sema, again, WAIT_MUTEX, m, l);
        if (likely(!err) || mutex_withdraw(m))
            return err;
        sched_yield_now(m_self()); /* somebody is about to release what we are promised */
    }
}

LEAT__COLD static int lock_slow(leat_mutex *m, const struct limit *l)
{
    struct g *g = g_self();
    int64_t since = 0;
    bool starving = false, woken = false;
    unsigned round = 0;
    uint32_t old = load_relaxed(&m->leat__state);

    for (;;) {
        if ((old & (LOCKED | STARVING)) == LOCKED && may_spin(g, round)) {
            if (!woken && !(old & WOKEN) && old >= WAITER &&
                cas(&m->leat__state, &old, old | WOKEN))
                woken = true;
            for (int i = 0; i < SPIN_PAUSES_MUTEX; i++)
                cpu_relax();
            round++;
            old = load_relaxed(&m->leat__state);
            continue;
        }
        if (!cas(&m->leat__state, &old, wanted_state(old, starving, woken)))
            continue;
        if (!(old & (LOCKED | STARVING)))
            return 0;
        bool again = since != 0;
        if (!again)
            since = sched_now();
        int err = wait_for_grant(m, again, l);
        if (unlikely(err))
            return err;
        starving = starving || sched_now() - since > STARVING_AFTER;
        old = load_relaxed(&m->leat__state);
        if (old & STARVING) {
            take_over(m, starving, old);
            return 0;
        }
        woken = true;
        round = 0;
    }
}

/* TSan: locking reads the mutex, so that overwriting it meanwhile is a race. */
static inline void locked(leat_mutex *m)
{
    san_acquire(m);
    san_read(m, sizeof(*m));
}

void leat__mutex_lock_slow(leat_mutex *m)
{
    lock_slow(m, NULL);
    locked(m);
}

int mutex_take_slow(leat_mutex *m, const struct limit *l)
{
    return lock_slow(m, l);
}

bool mutex_try_take(leat_mutex *m)
{
    uint32_t old = load_relaxed(&m->leat__state);

    return !(old & (LOCKED | STARVING)) && cas(&m->leat__state, &old, old | LOCKED);
}

void leat_mutex_lock(leat_mutex *m)
{
    (void)mutex_take(m, NULL);
    locked(m);
}

int mutex_lock_limit(leat_mutex *m, const struct limit *l)
{
    int err = limit_over(l);

    if (!err)
        err = mutex_take(m, l);
    if (!err)
        locked(m);
    return err;
}

int leat_mutex_lock_ctx(leat_ctx *ctx, leat_mutex *m)
{
    struct limit l = limit_ctx(ctx);

    return mutex_lock_limit(m, &l);
}

int leat_mutex_lock_until(leat_mutex *m, leat_duration deadline)
{
    struct limit l = limit_until(deadline);

    return mutex_lock_limit(m, &l);
}

bool leat_mutex_trylock(leat_mutex *m)
{
    if (!mutex_try_take(m))
        return false;
    locked(m);
    return true;
}

void mutex_give_slow(leat_mutex *m)
{
    uint32_t old = load_relaxed(&m->leat__state);
    uint32_t new;
    bool wake, handoff;

    do {
        if (!(old & LOCKED))
            leat__throw("sync: unlock of unlocked mutex");
        new = old - LOCKED;
        handoff = old & STARVING;
        wake = handoff || (old >= WAITER && !(old & WOKEN));
        if (wake && !handoff)
            new = (new - WAITER) | WOKEN;
    } while (!cas(&m->leat__state, &old, new));
    if (wake)
        lot_release(&m->leat__sema, handoff);
}

/* A hand-over has switched goroutines, so the thread may be another one by now. */
static inline void unlocked(void)
{
    struct m *self = tls_m();

    if (likely(self))
        sched_poll(self);
}

void leat__mutex_unlock_slow(leat_mutex *m)
{
    san_release(m);
    mutex_give_slow(m);
    unlocked();
}

void leat_mutex_unlock(leat_mutex *m)
{
    san_release(m);
    mutex_give(m);
    unlocked();
}

void leat__mutex_scope_end(void *m)
{
    leat_mutex_unlock(m);
}
