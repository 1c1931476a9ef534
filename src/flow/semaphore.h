/* SPDX-License-Identifier: MIT */
/* semaphore.h - the inside of leat_semaphore, for the other files of this room and the tests. */
#ifndef LEAT_FLOW_SEMAPHORE_H
#define LEAT_FLOW_SEMAPHORE_H

#include <leat/semaphore.h>

#include "park/limit.h"
#include "park/waiter.h"

struct semaphore {
    int64_t size;         /* lock */
    int64_t held;         /* lock */
    struct waitq waiters; /* lock: in order of arrival */
    struct waitq larger;  /* lock: ask for more than there is; in nobody's way */
    spinlock lock;
};
_Static_assert(sizeof(struct semaphore) == sizeof(leat_semaphore), "it is its storage");
_Static_assert(offsetof(struct semaphore, waiters) == offsetof(leat_semaphore, leat__queues),
               "LEAT_SEMAPHORE initialises it");

static inline struct semaphore *semaphore_of(leat_semaphore *s)
{
    return (struct semaphore *)(void *)s;
}

/* 0, or the error of the limit: then nothing was taken. */
int semaphore_acquire(leat_semaphore *s, int64_t n, const struct limit *limit);
/* One token, for a call that has been captured: the capture survives the wait. */
int semaphore_acquire_captured(leat_semaphore *s, const struct limit *limit);
int64_t semaphore_held(leat_semaphore *s);
int64_t semaphore_waiting(leat_semaphore *s);
/* The invariant that is broken, or NULL. */
const char *semaphore_check(leat_semaphore *s);

#endif
