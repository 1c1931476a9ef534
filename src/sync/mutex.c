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
 * IN THE CALLER  sync.h has the two CAS of a mutex that nobody contends for as inline functions.
 *   They ask leat__attention first, which sends them here under TSan, whose edges are made here,
 *   and when a goroutine is to yield at the end of its next call. So the values of FREE and
 *   LOCKED are part of the binary interface.
 *
 * ORDERING  Lock is acquire, unlock release, of the state word; TSan's edges are on the mutex.
 * PROOF  tests/golike/mutex_test.c, tests/api/lifetime_test.c.
 */
#include <leat/sync.h>

#include "arch/sanitize.h"
#include "base/fatal.h"
#include "park/lot.h"
#include "sched/sched.h"

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
    uint32_t delta = (uint32_t)LOCKED - (uint32_t)WAITER;

    if (!starving || old < 2 * WAITER)
        delta -= (uint32_t)STARVING;
    __atomic_add_fetch(&m->leat__state, delta, __ATOMIC_SEQ_CST);
}

LEAT__COLD static void lock_slow(leat_mutex *m)
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
            return;
        bool again = since != 0;
        if (!again)
            since = sched_now();
        lot_acquire(&m->leat__sema, again, WAIT_MUTEX, m);
        starving = starving || sched_now() - since > STARVING_AFTER;
        old = load_relaxed(&m->leat__state);
        if (old & STARVING) {
            take_over(m, starving, old);
            return;
        }
        woken = true;
        round = 0;
    }
}

void leat__mutex_lock_slow(leat_mutex *m)
{
    lock_slow(m);
    san_acquire(m);
}

void leat_mutex_lock(leat_mutex *m)
{
    uint32_t free = 0;

    if (unlikely(!__atomic_compare_exchange_n(&m->leat__state, &free, LOCKED, false,
                                              __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        lock_slow(m);
    san_acquire(m);
}

bool leat_mutex_trylock(leat_mutex *m)
{
    uint32_t old = load_relaxed(&m->leat__state);

    if (old & (LOCKED | STARVING) || !cas(&m->leat__state, &old, old | LOCKED))
        return false;
    san_acquire(m);
    return true;
}

LEAT__COLD static void unlock_slow(leat_mutex *m)
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

void leat__mutex_unlock_slow(leat_mutex *m)
{
    struct m *self = tls_m();

    san_release(m);
    unlock_slow(m);
    if (likely(self))
        sched_poll(self);
}

void leat_mutex_unlock(leat_mutex *m)
{
    uint32_t locked = LOCKED;
    struct m *self = tls_m();

    san_release(m);
    if (unlikely(!__atomic_compare_exchange_n(&m->leat__state, &locked, 0, false,
                                              __ATOMIC_RELEASE, __ATOMIC_RELAXED)))
        unlock_slow(m);
    if (likely(self))
        sched_poll(self);
}

void leat__mutex_scope_end(void *m)
{
    leat_mutex_unlock(m);
}
