/* SPDX-License-Identifier: MIT */
/*
 * once.c - do something exactly once.
 *
 * done is stored only after the function has returned, so a caller that finds it set also finds
 * what the function did; callers that come meanwhile wait on the mutex. The end is a deferred
 * call: a function that leaves by leat_exit counts as done, as in Go.
 */
#include <leat/sync.h>

#include "arch/sanitize.h"
#include "base/util.h"

static void once_end(void *arg)
{
    leat_once *o = arg;

    san_release(o);
    store_release(&o->leat__done, 1);
    leat_mutex_unlock(&o->leat__mutex);
}

/* True: the caller runs the function, and then the deferred end. */
bool leat__once_slow(leat_once *o, leat__defer *d)
{
    leat_mutex_lock(&o->leat__mutex);
    if (load_acquire(&o->leat__done)) {
        leat_mutex_unlock(&o->leat__mutex);
        san_acquire(o);
        return false;
    }
    leat__defer_push(d, once_end, o);
    return true;
}
