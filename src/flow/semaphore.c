/* SPDX-License-Identifier: MIT */
/*
 * semaphore.c - weighted semaphores: tokens, and a queue of those who want some.
 *
 * PICTURE   size 10, held 8     waiters: [ wants 5 ] [ wants 1 ] [ wants 2 ]
 *                               larger:  [ wants 11 ]
 *
 * INVARIANTS (semaphore_check)
 *   P1  No token is granted while somebody waits, except to the first in the queue.
 *   P2  Whenever the lock is free, the first in the queue wants more than there is: whoever
 *       changes held, size or the queue's head grants what has become possible. The head may
 *       also be one that has given up and is about to take itself off, which does the same.
 *   P3  Nobody in the queue wants more than the size: who does would hold up all behind it for
 *       ever. Such a request waits aside, for its limit or for leat_semaphore_resize.
 *
 * PROTOCOL  A waiter is won by the releaser, the canceller or the timer (park/limit.h). The
 *   releaser books the tokens of those it won under the lock and wakes them after it. A waiter
 *   whose limit won has no tokens: it takes itself off the queue and grants to who was behind.
 *   Go lets both happen and has the cancelled one give its tokens back.
 *
 * ORDERING  The edges are on the semaphore, from every release to every later acquire: a
 *   semaphore of one is a lock, one of n is a channel's buffer.
 *
 * PROOF tests/golike/semaphore_test.c
 */
#include "flow/semaphore.h"

#include "arch/sanitize.h"
#include "base/fatal.h"

struct sem_waiter {
    struct waiter w;
    int64_t n;
};

static inline int64_t wanted(const struct waiter *w)
{
    return ((const struct sem_waiter *)(const void *)w)->n;
}

static void check_weight(int64_t n)
{
    if (unlikely(n < 0))
        leat__panic("semaphore: negative weight");
}

static inline void sem_lock(struct semaphore *s)
{
    spin_lock(&s->lock, LEAT__RANK_LEAF);
}

static inline void sem_unlock(struct semaphore *s)
{
    spin_unlock(&s->lock, LEAT__RANK_LEAF);
}

/* Lock held. */
static bool take(struct semaphore *s, int64_t n)
{
    if (s->waiters.first || n > s->size - s->held)
        return false;
    s->held += n;
    return true;
}

/* Lock held: let those in front through. Returns them as a chain, to be woken without it. */
static struct waiter *grant(struct semaphore *s)
{
    struct waiter *chain = NULL, **end = &chain, *w;

    while ((w = s->waiters.first) && wanted(w) <= s->size - s->held) {
        waitq_remove(&s->waiters, w);
        if (!waiter_win(w))
            continue;
        s->held += wanted(w);
        w->next = NULL;
        *end = w;
        end = &w->next;
    }
    return chain;
}

/* The semaphore may be gone when the first of them runs. */
static void wake_granted(struct waiter *w)
{
    while (w) {
        struct waiter *next = w->next;
        sched_ready(w->g);
        w = next;
    }
}

/* Lock held when it begins, not when it returns. */
static int wait_for_tokens(struct semaphore *s, struct g *g, int64_t n,
                           const struct limit *limit)
{
    struct sem_waiter self = {.w = {.g = g, .selecting = true}, .n = n};

    limit_begin(g);
    waitq_push(n > s->size ? &s->larger : &s->waiters, &self.w);
    sem_unlock(s);
    int err = limit_park(g, WAIT_SEMAPHORE, s, limit);
    if (!err)
        return 0;
    sem_lock(s);
    waitq_remove(self.n > s->size ? &s->larger : &s->waiters, &self.w);
    struct waiter *chain = grant(s);
    sem_unlock(s);
    wake_granted(chain);
    return err;
}

int semaphore_acquire(leat_semaphore *sem, int64_t n, const struct limit *limit)
{
    struct semaphore *s = semaphore_of(sem);
    struct g *g = g_self();
    int err = limit_over(limit);

    check_weight(n);
    if (err)
        return err;
    sem_lock(s);
    if (take(s, n))
        sem_unlock(s);
    else
        err = wait_for_tokens(s, g, n, limit);
    if (!err)
        san_acquire(s);
    return err;
}

/* The arguments lie in this thread's spare record, where others capture while we wait; and we
 * may go on on another thread. */
int semaphore_acquire_captured(leat_semaphore *s, const struct limit *limit)
{
    struct g *spare = m_self()->spare;
    uint8_t captured = spare->captured;
    struct leat__args args = spare->u.args;
    int err = semaphore_acquire(s, 1, limit);

    spare = m_self()->spare;
    spare->captured = captured;
    spare->u.args = args;
    return err;
}

void leat_semaphore_acquire(leat_semaphore *s, int64_t n)
{
    struct limit limit = limit_none();

    semaphore_acquire(s, n, &limit);
    sched_poll(m_self());
}

int leat_semaphore_acquire_ctx(leat_ctx *ctx, leat_semaphore *s, int64_t n)
{
    struct limit limit = limit_ctx(ctx);
    int err = semaphore_acquire(s, n, &limit);

    sched_poll(m_self());
    return err;
}

int leat_semaphore_acquire_until(leat_semaphore *s, int64_t n, leat_duration deadline)
{
    struct limit limit = limit_until(deadline);
    int err = semaphore_acquire(s, n, &limit);

    sched_poll(m_self());
    return err;
}

bool leat_semaphore_try_acquire(leat_semaphore *sem, int64_t n)
{
    struct semaphore *s = semaphore_of(sem);

    check_weight(n);
    sem_lock(s);
    bool took = take(s, n);
    sem_unlock(s);
    if (took)
        san_acquire(s);
    return took;
}

void leat_semaphore_release(leat_semaphore *sem, int64_t n)
{
    struct semaphore *s = semaphore_of(sem);

    check_weight(n);
    san_release(s);
    sem_lock(s);
    if (unlikely(n > s->held)) {
        sem_unlock(s);
        leat__panic("semaphore: released more than held");
    }
    s->held -= n;
    struct waiter *chain = grant(s);
    sem_unlock(s);
    wake_granted(chain);
    sched_poll(m_self());
}

void leat_semaphore_init(leat_semaphore *sem, int64_t size)
{
    *semaphore_of(sem) = (struct semaphore){.size = size};
}

/* Lock held: those who no longer ask for too much queue up; those who now do, step aside. */
static void sort_waiters(struct semaphore *s, int64_t size)
{
    struct waitq all = s->waiters, larger = s->larger;
    struct waiter *w;

    s->waiters = s->larger = (struct waitq){NULL, NULL};
    s->size = size;
    for (int pass = 0; pass < 2; pass++) {
        struct waitq *from = pass ? &larger : &all;
        while ((w = from->first)) {
            waitq_remove(from, w);
            waitq_push(wanted(w) > size ? &s->larger : &s->waiters, w);
        }
    }
}

void leat_semaphore_resize(leat_semaphore *sem, int64_t size)
{
    struct semaphore *s = semaphore_of(sem);

    san_release(s);
    sem_lock(s);
    sort_waiters(s, size);
    struct waiter *chain = grant(s);
    sem_unlock(s);
    wake_granted(chain);
}

int64_t semaphore_held(leat_semaphore *sem)
{
    struct semaphore *s = semaphore_of(sem);

    sem_lock(s);
    int64_t held = s->held;
    sem_unlock(s);
    return held;
}

int64_t semaphore_waiting(leat_semaphore *sem)
{
    struct semaphore *s = semaphore_of(sem);
    int64_t n = 0;

    sem_lock(s);
    for (const struct waiter *w = s->waiters.first; w; w = w->next)
        n++;
    for (const struct waiter *w = s->larger.first; w; w = w->next)
        n++;
    sem_unlock(s);
    return n;
}

static bool has_given_up(const struct waiter *w)
{
    return load_relaxed(&w->g->u.wait.fired) != 0;
}

const char *semaphore_check(leat_semaphore *sem)
{
    struct semaphore *s = semaphore_of(sem);
    const char *bad = NULL;

    sem_lock(s);
    const struct waiter *head = s->waiters.first;
    if (s->held < 0)
        bad = "a semaphore holds less than nothing";
    if (head && wanted(head) <= s->size - s->held && !has_given_up(head))
        bad = "the first waiter of a semaphore could have its tokens";
    for (const struct waiter *w = head; w; w = w->next)
        if (wanted(w) > s->size)
            bad = "a waiter that asks for too much is in the others' way";
    sem_unlock(s);
    return bad;
}
