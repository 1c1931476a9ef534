/* SPDX-License-Identifier: MIT */
/*
 * spin.h - the runtime's only lock: one word, held for a few dozen instructions.
 *
 * PROTOCOL  Taking is an exchange, releasing a plain release store: 2.3 ns a pair where two
 *   read-modify-writes need 4.8. No goroutine switch, no system call that can sleep and no user
 *   code ever happens under one, so the holder is late only when the kernel took its processor;
 *   then spinning is useless and the waiter yields its processor, and after many yields sleeps.
 * BACKOFF  Who finds it taken does not touch the word for a while, longer each time. The holder
 *   does something short that it is likely to do again at once, with every line it needs in its
 *   cache: two threads that take turns at each operation pay for those lines every time, two that
 *   take turns at dozens hardly ever (a channel between two processors: 93 to 14 ns a value).
 * RANK  In checking builds a thread may only take locks in rising rank (enum leat__rank); a
 *   violation is an abort at the place that breaks the order, not a deadlock some day.
 * REJECTED  A futex word: release would need a read-modify-write to learn of sleepers. A pthread
 *   mutex: ThreadSanitizer would see edges through it that the memory model does not promise.
 */
#ifndef LEAT_BASE_SPIN_H
#define LEAT_BASE_SPIN_H

#include "base/config.h"
#include "base/util.h"

enum leat__rank {
    LEAT__RANK_CANCEL = 1,
    LEAT__RANK_LOT,
    LEAT__RANK_CHAN,
    LEAT__RANK_TIMERS,
    LEAT__RANK_SCHED,
    LEAT__RANK_HOME,
    LEAT__RANK_DEPOT,
    LEAT__RANK_GLIST,
    LEAT__RANK_DESC,
    LEAT__RANK_LEAF,
};

typedef struct spinlock {
    uint32_t held;
} spinlock;

void leat__spin_contended(spinlock *l);
/* Wait for a thread that runs to change *word, as for a lock. */
void spin_while(const uint32_t *word, uint32_t value);
void leat__rank_push(int rank, bool same_ok);
void leat__rank_pop(int rank);

static inline void spin_lock(spinlock *l, int rank)
{
#if LEAT__CHECKS
    leat__rank_push(rank, rank == LEAT__RANK_CHAN);
#else
    (void)rank;
#endif
    if (unlikely(__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE)))
        leat__spin_contended(l);
}

static inline bool spin_trylock(spinlock *l, int rank)
{
    if (unlikely(__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE)))
        return false;
#if LEAT__CHECKS
    leat__rank_push(rank, rank == LEAT__RANK_CHAN);
#else
    (void)rank;
#endif
    return true;
}

static inline void spin_unlock(spinlock *l, int rank)
{
    store_release(&l->held, 0);
#if LEAT__CHECKS
    leat__rank_pop(rank);
#else
    (void)rank;
#endif
}

#endif
