/* SPDX-License-Identifier: MIT */
/*
 * cancel.h - something that is over at some moment, for good, and those who want to hear of it:
 * the inside of a context, as far as waiting needs it.
 */
#ifndef LEAT_PARK_CANCEL_H
#define LEAT_PARK_CANCEL_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/sanitize.h"
#include "base/spin.h"

enum watch_state {
    WATCH_IDLE,
    WATCH_LISTED,
    WATCH_FIRING, /* off the list, and not let go yet */
};

/* Who wants to hear. The memory is the watcher's; it lives until cancel_unwatch. */
struct watch {
    struct watch *next, *prev; /* the cancel's lock */
    uint32_t state;            /* atomic: enum watch_state; the cancel's lock to leave LISTED */
    /* Called once, without locks, by whoever cancels, perhaps inside the scheduler: short, and
     * never blocks. It lets the watch go as soon as it needs it no more. A watch without a
     * function is that of a child (struct cancel, up). */
    void (*fire)(struct watch *w, int err);
};

struct cancel {
    spinlock lock;
    int err;               /* lock to change, atomic to read: 0, -ECANCELED, -ETIMEDOUT */
    uint32_t below;        /* atomic: all that depends on it is over too */
    uint32_t owed;         /* canceller: references to give back; fire may add to it */
    struct watch *watches; /* lock to change, atomic to read: newest first */
    struct cancel *parent; /* constant; NULL: none */
    struct watch up;       /* its place among the parent's */
    const void *cause;     /* constant once err is not 0: the first canceller's, handed down */
    const struct cancel_hooks *hooks; /* constant; NULL: none */
    struct cancel *next_owed;         /* canceller */
    uint32_t edge;                    /* TSan: what cancelling releases */
};

struct cancel_hooks {
    /* By the canceller: err has just been set, nobody has been told. Short, never blocks. */
    void (*over)(struct cancel *c);
    /* By the canceller, who is done and holds nothing of the tree any more: give the `owed`
     * references back. c may be gone afterwards. */
    void (*settle)(struct cancel *c);
};

/* A parent that is over already makes a child that is. */
void cancel_init(struct cancel *c, struct cancel *parent, const struct cancel_hooks *hooks);
/* It and all its descendants are over when this returns. False: it was over before. */
bool cancel_now(struct cancel *c, int err, const void *cause);
/* Off the parent's list: c is over, or goes. Afterwards the parent knows nothing of it. */
void cancel_detach(struct cancel *c);

/* False: it is over already, and `w` will not be told. */
bool cancel_watch(struct cancel *c, struct watch *w);
/* Afterwards fire neither runs nor will. True: it has not run and never will. A watch that has
 * been told may outlive c: then c is not touched. */
bool cancel_unwatch(struct cancel *c, struct watch *w);

static inline void watch_let_go(struct watch *w)
{
    store_release(&w->state, WATCH_IDLE);
}

/* 0, or why it is over. */
static inline int cancel_err(struct cancel *c)
{
    int err = load_acquire(&c->err);

    if (err)
        san_acquire(&c->edge);
    return err;
}

#endif
