/* SPDX-License-Identifier: MIT */
/*
 * cancel.h - something that is over at some moment, for good, and those who want to hear of it.
 *
 * The inside of a context, as far as waiting needs it. A context that cannot be cancelled by
 * itself (one that adds a value) has no more of struct cancel than `source`.
 */
#ifndef LEAT_PARK_CANCEL_H
#define LEAT_PARK_CANCEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/spin.h"
#include "sched/sched.h"

enum watch_state {
    WATCH_IDLE,
    WATCH_LISTED,
    WATCH_FIRING, /* off the list, and the canceller still looks at it */
};

/* Who wants to hear. The memory is the watcher's; it lives until cancel_unwatch. */
struct watch {
    struct watch *next, *prev; /* the cancel's lock */
    uint32_t state;            /* atomic: enum watch_state; the cancel's lock to leave LISTED */
    /* Called once, without locks, by whoever cancels, perhaps inside the scheduler: short, and
     * never blocks. Returns a goroutine to be made ready once the watch has been let go, or
     * NULL. A watch without a function is that of a child (struct cancel, up). */
    struct g *(*fire)(struct watch *w, int err);
};

struct cancel {
    struct cancel
        *source; /* constant: who decides for this one: itself, or an ancestor's cancel,
                              or NULL: never over */
    int err;     /* atomic: 0, -ECANCELED, -ETIMEDOUT */
    spinlock lock;
    bool claimed;          /* lock: somebody is cancelling it, or has */
    uint32_t below;        /* atomic: all that depends on it is over too */
    struct watch *watches; /* lock: newest first */
    struct cancel *parent; /* constant: NULL: none */
    struct watch up;       /* its place among the parent's */
    const void *cause;     /* constant once err is not 0: the first canceller's, handed down */
    void (*announce)(struct cancel *c,
                     int err); /* lock to change; stores err, says so; or NULL */
    uint32_t edge;             /* TSan: what cancelling releases */
};

/* `parent` is a source, or NULL; one that is over already makes a child that is. */
void cancel_init(struct cancel *c, struct cancel *parent);
/* It and all its descendants are over when this returns. False: it was over before. */
bool cancel_now(struct cancel *c, int err, const void *cause);
/* Off the parent's list: c is over, or goes. Afterwards the parent knows nothing of it. */
void cancel_detach(struct cancel *c);

/* False: it is over already, and `w` will not be told. */
bool cancel_watch(struct cancel *c, struct watch *w);
/* Afterwards fire neither runs nor will. True: it has not run and never will. */
bool cancel_unwatch(struct cancel *c, struct watch *w);

/* 0, or why it is over. */
static inline int cancel_err(struct cancel *c)
{
    int err = load_acquire(&c->err);

    if (err)
        san_acquire(&c->edge);
    return err;
}

#endif
