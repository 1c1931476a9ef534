/* SPDX-License-Identifier: MIT */
/*
 * calls_lock.c - pthread mutexes and reader-writer locks, counted.
 *
 * They do what libc's do, and note on goroutines what is held (held.c). What is switched off costs
 * a load. Waiting for one still blocks the thread: see leat/posix.h.
 */
#include <pthread.h>

#include "ground.h"
#include "held.h"
#include "real.h"

static inline bool counts(void)
{
    return __atomic_load_n(&held_mode, __ATOMIC_RELAXED) != LEAT_POSIX_LOCKS_OFF &&
           ground_is_goroutine();
}

/* A robust mutex whose owner died is held as well. */
static inline int noted(int err, const void *lock, const void *place)
{
    if (__builtin_expect((err == 0 || err == EOWNERDEAD) && counts(), 0))
        held_add(lock, place);
    return err;
}

#define PLACE __builtin_extract_return_addr(__builtin_return_address(0))

INTERPOSED int pthread_mutex_lock(pthread_mutex_t *m)
{
    return noted(REAL(pthread_mutex_lock)(m), m, PLACE);
}

INTERPOSED int pthread_mutex_trylock(pthread_mutex_t *m)
{
    return noted(REAL(pthread_mutex_trylock)(m), m, PLACE);
}

INTERPOSED int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *until)
{
    return noted(REAL(pthread_mutex_timedlock)(m, until), m, PLACE);
}

INTERPOSED int pthread_mutex_unlock(pthread_mutex_t *m)
{
    if (__builtin_expect(counts(), 0))
        held_remove(m);
    return REAL(pthread_mutex_unlock)(m);
}

INTERPOSED int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
    return noted(REAL(pthread_rwlock_rdlock)(l), l, PLACE);
}

INTERPOSED int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
    return noted(REAL(pthread_rwlock_wrlock)(l), l, PLACE);
}

INTERPOSED int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
    return noted(REAL(pthread_rwlock_tryrdlock)(l), l, PLACE);
}

INTERPOSED int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
    return noted(REAL(pthread_rwlock_trywrlock)(l), l, PLACE);
}

INTERPOSED int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
    if (__builtin_expect(counts(), 0))
        held_remove(l);
    return REAL(pthread_rwlock_unlock)(l);
}
