/* SPDX-License-Identifier: MIT */
/* mutex.h - what the other files of the room may do to a mutex. */
#ifndef LEAT_SYNC_MUTEX_H
#define LEAT_SYNC_MUTEX_H

#include <leat/sync.h>

#include "park/limit.h"

int mutex_lock_limit(leat_mutex *m, const struct limit *l);

/* A mutex in the hands of another lock, which tells ThreadSanitizer of its own edges: what this one
 * orders is then nobody's business. Nobody yields here either. */

/* 0: locked; else the error, and it is not. NULL: no limit. */
LEAT__COLD int mutex_take_slow(leat_mutex *m, const struct limit *l);
bool mutex_try_take(leat_mutex *m);
LEAT__COLD void mutex_give_slow(leat_mutex *m);

static inline int mutex_take(leat_mutex *m, const struct limit *l)
{
    uint32_t state = 0; /* free */

    if (likely(__atomic_compare_exchange_n(&m->leat__state, &state, 1, false, __ATOMIC_ACQUIRE,
                                           __ATOMIC_RELAXED)))
        return 0;
    return mutex_take_slow(m, l);
}

static inline void mutex_give(leat_mutex *m)
{
    uint32_t state = 1; /* locked, and nobody waits */

    if (unlikely(!__atomic_compare_exchange_n(&m->leat__state, &state, 0, false,
                                              __ATOMIC_RELEASE, __ATOMIC_RELAXED)))
        mutex_give_slow(m);
}

#endif
