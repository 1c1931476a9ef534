/* SPDX-License-Identifier: MIT */
/* spin.c - the slow path of spinlock, and lock ranks of checking builds. */
/* tls: the ranks a thread holds; no lock is held across a switch */
#include "base/spin.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    SPINS_BEFORE_YIELD = 100,
    YIELDS_BEFORE_SLEEP = 64,
    FIRST_BACKOFF = 16, /* pauses: about a quarter of a microsecond */
    LONGEST_BACKOFF = 128,
};

void spin_while(const uint32_t *word, uint32_t value)
{
    unsigned rounds = 0;

    while (load_acquire(word) == value) {
        for (unsigned i = 0; i < SPINS_BEFORE_YIELD && load_relaxed(word) == value; i++)
            cpu_relax();
        if (load_relaxed(word) != value)
            continue;
        if (++rounds < YIELDS_BEFORE_SLEEP) {
            sched_yield();
        } else {
            struct timespec ts = {0, 50000};
            syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &ts, NULL); /* never parks */
        }
    }
}

void leat__spin_contended(spinlock *l)
{
    unsigned pauses = FIRST_BACKOFF;

    do {
        for (unsigned i = 0; i < pauses; i++)
            cpu_relax();
        if (pauses < LONGEST_BACKOFF)
            pauses *= 2;
        spin_while(&l->held, 1);
    } while (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE));
}

#if LEAT__CHECKS

/* Bit r is set while this thread holds a lock of rank r. Locks are not held across a switch, so
 * the thread, not the goroutine, is the owner. */
static _Thread_local unsigned held_ranks;
static _Thread_local unsigned same_rank_depth;

static const char *rank_name(int rank)
{
    static const char *const names[] = {
        [LEAT__RANK_CANCEL] = "cancel", [LEAT__RANK_LOT] = "lot",
        [LEAT__RANK_CHAN] = "channel",  [LEAT__RANK_TIMERS] = "timers",
        [LEAT__RANK_SCHED] = "sched",   [LEAT__RANK_HOME] = "home",
        [LEAT__RANK_DEPOT] = "depot",   [LEAT__RANK_GLIST] = "glist",
        [LEAT__RANK_LEAF] = "leaf",
    };

    return names[rank];
}

void leat__rank_push(int rank, bool same_ok)
{
    unsigned above = held_ranks >> rank;

    if (same_ok && (above & 1u) && !(above >> 1)) {
        same_rank_depth++;
        return;
    }
    if (above) {
        fprintf(stderr, "leat: lock of rank %s taken while holding one of rank %s\n",
                rank_name(rank), rank_name(rank + __builtin_ctz(above)));
        abort();
    }
    held_ranks |= 1u << rank;
}

void leat__rank_pop(int rank)
{
    if (rank == LEAT__RANK_CHAN && same_rank_depth > 0)
        same_rank_depth--;
    else
        held_ranks &= ~(1u << rank);
}

#endif
