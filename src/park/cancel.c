/* SPDX-License-Identifier: MIT */
/*
 * cancel.c - cancelling a tree, and telling those who watch it.
 *
 * PICTURE         root                  each: lock, err, a list of watches
 *               /  |   \                watches: a waiting goroutine, a function to be called,
 *            wait  child  child                  or a child (its `up`)
 *                   |  \
 *                 wait child
 *
 * INVARIANTS
 *   N1  err leaves 0 once; a cancel that is over has no watch listed once `below` is 1.
 *   N2  one canceller only, the one that set err, fires the watches of a cancel.
 *   N3  `below` is 1 only after every descendant's is.
 *
 * PROTOCOL  A canceller claims the root (sets err), then goes down and up again by the parents'
 *   pointers: take a watch off the list; if it is a child, claim that and go on there, with the
 *   root's err and cause; else fire it. With the list empty set `below` and go up. So a chain of
 *   any length needs no stack. Who loses a claim waits until `below` is 1: when any call of
 *   cancel_now returns, the whole tree below is over, as Go promises.
 *
 * LIFETIME  A watch that is FIRING is let go by a store of IDLE, the canceller's last touch, and
 *   cancel_unwatch waits for that. A child's watch is FIRING until everything below the child is
 *   over, so neither the child nor, by the reference it holds, its parents go meanwhile. What
 *   is fired may own a reference to the cancel itself: it is owed, and given back when the
 *   canceller is done with the whole tree, because the last one would wait for the canceller.
 *
 * NO WATCH IS FORGOTTEN  err is stored before the canceller looks at the list under the lock for
 *   the first time; cancel_watch looks at err under the same lock before it adds. Whichever
 *   comes second sees the other.
 *
 * WAITING HERE IS SPINNING  Whoever waits for a canceller waits for a thread that runs (a canceller
 *   never parks or yields its proc), like one waiting for a lock: it may be a timer's function
 *   inside the scheduler. It waits only for those below it in the tree: no circle.
 *
 * REJECTED  The parent's lock held while the children are cancelled, as in Go: a chain of locks
 *   as long as the tree is deep. Firing under the lock: those who wake would queue up for it.
 *
 * PROOF  cancel_test.c, limit_test.c.
 */
#include "park/cancel.h"

/* ---- watches ---- */

/* Lock held. */
static void watch_unlink(struct cancel *c, struct watch *w, enum watch_state next)
{
    if (w->prev)
        w->prev->next = w->next;
    else
        store_relaxed(&c->watches, w->next);
    if (w->next)
        w->next->prev = w->prev;
    store_relaxed(&w->state, next);
}

bool cancel_watch(struct cancel *c, struct watch *w)
{
    spin_lock(&c->lock, LEAT__RANK_CANCEL);
    bool in_time = load_relaxed(&c->err) == 0;
    if (in_time) {
        w->prev = NULL;
        w->next = c->watches;
        if (c->watches)
            c->watches->prev = w;
        store_relaxed(&c->watches, w);
        store_relaxed(&w->state, WATCH_LISTED);
    }
    spin_unlock(&c->lock, LEAT__RANK_CANCEL);
    return in_time;
}

bool cancel_unwatch(struct cancel *c, struct watch *w)
{
    if (load_acquire(&w->state) == WATCH_LISTED) {
        spin_lock(&c->lock, LEAT__RANK_CANCEL);
        bool listed = load_relaxed(&w->state) == WATCH_LISTED;
        if (listed)
            watch_unlink(c, w, WATCH_IDLE);
        spin_unlock(&c->lock, LEAT__RANK_CANCEL);
        if (listed)
            return true;
    }
    spin_while(&w->state, WATCH_FIRING);
    return false;
}

/* The next to be told. Children stay FIRING until everything below them is over. c is over, so
 * nobody is added any more and an empty list needs no lock. */
static struct watch *take_watch(struct cancel *c)
{
    if (!load_relaxed(&c->watches))
        return NULL;
    spin_lock(&c->lock, LEAT__RANK_CANCEL);
    struct watch *w = c->watches;
    if (w)
        watch_unlink(c, w, WATCH_FIRING);
    spin_unlock(&c->lock, LEAT__RANK_CANCEL);
    return w;
}

/* ---- cancelling ---- */

/* Become the one who cancels c. */
static bool claim(struct cancel *c, int err, const void *cause)
{
    spin_lock(&c->lock, LEAT__RANK_CANCEL);
    bool first = load_relaxed(&c->err) == 0;
    if (first) {
        c->cause = cause;
        san_release(&c->edge);
        store_release(&c->err, err);
    }
    spin_unlock(&c->lock, LEAT__RANK_CANCEL);
    if (first && c->hooks)
        c->hooks->over(c);
    return first;
}

struct walk {
    struct cancel *root;
    struct cancel *owed; /* those with references to give back */
};

/* c is over with all below it: back to its parent. c may be gone now, unless we owe it. */
static struct cancel *go_up(struct walk *walk, struct cancel *c)
{
    struct cancel *parent = c == walk->root ? NULL : c->parent;

    if (c->owed) {
        c->next_owed = walk->owed;
        walk->owed = c;
    }
    store_release(&c->below, 1);
    if (parent)
        watch_let_go(&c->up);
    return parent;
}

/* Tell one that watches c. Returns where to go on: c, or a child that we cancel now. */
static struct cancel *tell(struct cancel *c, struct watch *w)
{
    if (w->fire) {
        w->fire(w, c->err);
        return c;
    }
    struct cancel *child = container_of(w, struct cancel, up);
    if (claim(child, c->err, c->cause))
        return child;
    spin_while(&child->below, 0);
    watch_let_go(w);
    return c;
}

bool cancel_now(struct cancel *root, int err, const void *cause)
{
    struct walk walk = {.root = root};

    if (!claim(root, err, cause)) {
        spin_while(&root->below, 0);
        return false;
    }
    for (struct cancel *c = root; c;) {
        struct watch *w = take_watch(c);
        c = w ? tell(c, w) : go_up(&walk, c);
    }
    while (walk.owed) {
        struct cancel *c = walk.owed;
        walk.owed = c->next_owed;
        c->hooks->settle(c);
    }
    return true;
}

/* ---- the beginning and the end of one ---- */

void cancel_init(struct cancel *c, struct cancel *parent, const struct cancel_hooks *hooks)
{
    *c = (struct cancel){.parent = parent, .hooks = hooks};
    if (parent && !cancel_watch(parent, &c->up))
        cancel_now(c, cancel_err(parent), parent->cause);
}

void cancel_detach(struct cancel *c)
{
    if (c->parent)
        cancel_unwatch(c->parent, &c->up);
}
