/* SPDX-License-Identifier: MIT */
/* cond.h - the inside of a condition, for cond.c and tests. */
#ifndef LEAT_SYNC_COND_H
#define LEAT_SYNC_COND_H

#include <leat/cond.h>

#include "base/spin.h"
#include "park/limit.h"
#include "park/waiter.h"

/* What a leat_cond holds. */
struct cond {
    spinlock lock;
    const void *self;     /* atomic: where it was first used; NULL: not yet */
    struct waitq waiting; /* lock; oldest first */
};
_Static_assert(sizeof(struct cond) == sizeof(leat_cond), "leat_cond is storage for one");
_Static_assert(_Alignof(struct cond) == _Alignof(leat_cond), "aligned as one");

int cond_wait_limit(leat_cond *c, leat_mutex *m, const struct limit *l);
const char *cond_check(leat_cond *c); /* NULL: its invariants hold */

#endif
