/* SPDX-License-Identifier: MIT */
/*
 * cond.c - wait for a change of what a lock guards.
 *
 * PICTURE   waiting: first -> w <-> w <-> w <- last     oldest first, each w on its waiter's stack
 *
 * INVARIANTS
 *   D1  who waits stands in the queue from before it unlocks the mutex until a signal takes it
 *       out, or it gives up: the queue is the order of the calls, and no signal falls between.
 *   D2  w.parked says that its goroutine is asleep, or about to be, and has to be made ready.
 *       Until then the signal only takes w out, and its owner finds that.
 *   D3  the lock is never held while the mutex is unlocked or locked, or somebody made ready.
 *
 * PROTOCOL  Waiting takes the lock twice: to stand in the queue, and, the mutex being unlocked,
 *   to find out whether to sleep. Standing first and sleeping later are two steps because
 *   unlocking a mutex may switch to another goroutine: who is runnable must not be readied.
 *
 * EARLY LEAVERS  A waiter with a limit has to be won (park/limit.h). A signal that takes one out
 *   and loses it goes on to the next, under the same lock: it reaches one that still waits, or
 *   nobody waits. The leaver then finds itself out of the queue, or takes itself out.
 *
 * LAST TOUCH  The store that drops the lock. Whom a signal has taken out cannot return before:
 *   it sleeps, or needs the lock to find that it is out.
 *
 * ORDERING  A signal releases and the woken acquires at the condition's address.
 * REJECTED  Go's tickets: one that gives up leaves a hole in their sequence, in which a signal
 *   is lost. The parking lot: it sleeps in the step in which it queues (D2).
 *
 * PROOF  tests/golike/cond_test.c, src/sync/early_test.c.
 */
#include "sync/cond.h"

#include "arch/sanitize.h"
#include "base/fatal.h"
#include "park/limit.h"

struct cond_waiter {
    struct waiter w;
    bool parked;
};

static struct cond *cond_of(leat_cond *c)
{
    struct cond *in = (struct cond *)(void *)c;
    const void *self = load_relaxed(&in->self);

    if (unlikely(self != c) && (self || (!cas(&in->self, &self, (const void *)c) && self != c)))
        leat__panic("sync.Cond is copied");
    return in;
}

/* ---- waiting ---- */

/* The mutex is unlocked. Sleep until a signal has taken `me` out, or the limit is reached. */
static int cond_sleep(struct cond *c, struct cond_waiter *me, const struct limit *l)
{
    struct g *g = g_self();

    spin_lock(&c->lock, LEAT__RANK_LOT);
    if (!me->w.queued) {
        spin_unlock(&c->lock, LEAT__RANK_LOT);
        return 0;
    }
    me->parked = true;
    me->w.selecting = !limit_is_none(l);
    limit_begin(g);
    spin_unlock(&c->lock, LEAT__RANK_LOT);
    int err = limit_park(g, WAIT_COND, c, l);
    if (err) {
        spin_lock(&c->lock, LEAT__RANK_LOT);
        waitq_remove(&c->waiting, &me->w);
        spin_unlock(&c->lock, LEAT__RANK_LOT);
    }
    return err;
}

static int cond_wait(leat_cond *cond, const leat_locker *mutex, const struct limit *l)
{
    struct cond *c = cond_of(cond);
    int err = limit_over(l);

    if (err)
        return err;
    struct cond_waiter me = {.w = {.g = g_self()}};
    spin_lock(&c->lock, LEAT__RANK_LOT);
    waitq_push(&c->waiting, &me.w);
    spin_unlock(&c->lock, LEAT__RANK_LOT);
    mutex->unlock(mutex->what);
    err = cond_sleep(c, &me, l);
    mutex->lock(mutex->what);
    if (!err)
        san_acquire(c);
    return err;
}

/* ---- waking ---- */

/* Lock held. The oldest that a signal can reach; made ready by the caller if it is parked. */
static struct cond_waiter *cond_take(struct cond *c)
{
    struct waiter *w = waitq_pop(&c->waiting);

    return w ? container_of(w, struct cond_waiter, w) : NULL;
}

void leat_cond_signal(leat_cond *cond)
{
    struct cond *c = cond_of(cond);
    struct g *wake = NULL;

    san_release(c);
    if (!load_seq(&c->waiting.first))
        return;
    spin_lock(&c->lock, LEAT__RANK_LOT);
    struct cond_waiter *w = cond_take(c);
    if (w && w->parked)
        wake = w->w.g;
    spin_unlock(&c->lock, LEAT__RANK_LOT);
    if (wake)
        sched_ready(wake);
}

void leat_cond_broadcast(leat_cond *cond)
{
    struct cond *c = cond_of(cond);
    struct waiter *asleep = NULL, **end = &asleep;
    struct cond_waiter *w;

    san_release(c);
    if (!load_seq(&c->waiting.first))
        return;
    spin_lock(&c->lock, LEAT__RANK_LOT);
    while ((w = cond_take(c))) {
        if (!w->parked)
            continue;
        *end = &w->w;
        end = &w->w.next;
    }
    *end = NULL;
    spin_unlock(&c->lock, LEAT__RANK_LOT);
    for (struct waiter *next; asleep; asleep = next) {
        next = asleep->next; /* it is gone once its goroutine runs */
        sched_ready(asleep->g);
    }
}

/* ---- lockers ---- */

static void lock_mutex(void *m)
{
    leat_mutex_lock(m);
}

static void lock_for_reading(void *rw)
{
    leat_rwmutex_rlock(rw);
}

static void lock_for_writing(void *rw)
{
    leat_rwmutex_lock(rw);
}

leat_locker leat_mutex_locker(leat_mutex *m)
{
    return (leat_locker){lock_mutex, leat__mutex_scope_end, m};
}

leat_locker leat_rwmutex_locker(leat_rwmutex *rw)
{
    return (leat_locker){lock_for_writing, leat__rwmutex_scope_end, rw};
}

leat_locker leat_rwmutex_rlocker(leat_rwmutex *rw)
{
    return (leat_locker){lock_for_reading, leat__rwmutex_read_end, rw};
}

/* ---- the public forms ---- */

void leat_cond_wait_locker(leat_cond *c, leat_locker locker)
{
    struct limit l = limit_none();

    (void)cond_wait(c, &locker, &l);
}

void leat_cond_wait(leat_cond *c, leat_mutex *m)
{
    leat_cond_wait_locker(c, leat_mutex_locker(m));
}

int leat_cond_wait_locker_ctx(leat_ctx *ctx, leat_cond *c, leat_locker locker)
{
    struct limit l = limit_ctx(ctx);

    return cond_wait(c, &locker, &l);
}

int cond_wait_limit(leat_cond *c, leat_mutex *m, const struct limit *l)
{
    leat_locker locker = leat_mutex_locker(m);

    return cond_wait(c, &locker, l);
}

int leat_cond_wait_ctx(leat_ctx *ctx, leat_cond *c, leat_mutex *m)
{
    return leat_cond_wait_locker_ctx(ctx, c, leat_mutex_locker(m));
}

int leat_cond_wait_locker_until(leat_cond *c, leat_locker locker, leat_duration deadline)
{
    struct limit l = limit_until(deadline);

    return cond_wait(c, &locker, &l);
}

int leat_cond_wait_until(leat_cond *c, leat_mutex *m, leat_duration deadline)
{
    return leat_cond_wait_locker_until(c, leat_mutex_locker(m), deadline);
}

const char *cond_check(leat_cond *cond)
{
    struct cond *c = cond_of(cond);
    const char *bad = NULL;
    const struct waiter *before = NULL;

    spin_lock(&c->lock, LEAT__RANK_LOT);
    for (const struct waiter *w = c->waiting.first; w && !bad; before = w, w = w->next)
        if (!w->queued || w->prev != before)
            bad = "D1: the queue of a condition is torn";
    if (!bad && c->waiting.last != before)
        bad = "D1: the last of a condition's queue is not its end";
    spin_unlock(&c->lock, LEAT__RANK_LOT);
    return bad;
}
