/* SPDX-License-Identifier: MIT */
/* chan.h - the inside of a channel, for chan.c, select.c and tests. The essay is chan.c's. */
#ifndef LEAT_CHAN_CHAN_H
#define LEAT_CHAN_CHAN_H

#include <leat/chan.h>

#include <string.h>

#include "arch/sanitize.h"
#include "base/check.h"
#include "base/spin.h"
#include "park/waiter.h"

enum chan_mode {
    CHAN_SHUT = 1,      /* closed, for ever */
    CHAN_TIMED = 2,     /* the time is sent, by a timer only (timed.c) */
    CHAN_UNBOUNDED = 4, /* a send never waits (backlog.c) */
};

struct leat_chan_base {
    spinlock lock;
    uint32_t version; /* lock to change: counts every change of what is ready */
    uint32_t mode;    /* lock to change, atomic to read: of enum chan_mode; 0 is the rule */
    uint32_t elem_size;
    uint64_t count; /* lock to change, atomic to read: elements in the ring */
    uint64_t cap;
    uint64_t head, tail;             /* lock: next slot to receive from, to send to */
    char *ring;                      /* NULL: unbounded */
    struct waitq receivers, senders; /* lock to change; `first` atomic to read */
    uint32_t refs;                   /* atomic */
    uint32_t race; /* TSan: sends read it, close writes it: the two are not ordered */
    uint32_t edge; /* TSan: what an unbuffered hand-over and a close release */
    void *runtime; /* whose channel this is: two copies of libleat are fatal */
    const leat_site *site;
    void (*gone)(void *attached);
    size_t attached_at; /* offset of what chan_make_with attached */
};

/* A channel with `extra` bytes attached; `gone` is called when the last reference goes. */
leat_chan_base *chan_make_with(size_t elem_size, size_t align, int64_t cap, size_t extra,
                               void (*gone)(void *attached));
void *chan_attached(leat_chan_base *c);

/* The locked operations: what select and the plain calls share. */
enum chan_result {
    CHAN_DONE,    /* happened */
    CHAN_CLOSED,  /* the channel is closed (a receive has zeroed its target) */
    CHAN_NOT_NOW, /* would have to wait */
    CHAN_NO_ROOM, /* no memory for one more value of an unbounded channel */
};

/* `self`: the selecting goroutine, whose own waiters do not count; NULL for plain calls.
 * Someone to make ready once the lock is dropped; NULL: nobody. */
enum chan_result chan_send_locked(leat_chan_base *c, const void *elem, const struct g *self,
                                  struct g **wake);
enum chan_result chan_recv_locked(leat_chan_base *c, void *elem, const struct g *self,
                                  struct g **wake);

/* Has its hour come, though nobody has sent the time yet? A racy look. */
LEAT__COLD bool timed_due(leat_chan_base *c);
/* Lock held: if so, make the time its value. */
LEAT__COLD bool timed_strike(leat_chan_base *c);
/* Lock held: its value has been taken. */
LEAT__COLD void timed_taken(leat_chan_base *c);

/* Attached to an unbounded channel: its values, in chunks (backlog.c). */
struct backlog {
    struct chunk *first, *last; /* lock; NULL: no value has come yet */
    struct chunk *spare;        /* atomic */
    uint32_t head, tail;        /* lock: next to receive in first, to send in last */
    uint32_t per_chunk;
    uint32_t align;
};

void backlog_init(leat_chan_base *c, size_t align);
LEAT__COLD void backlog_stock(leat_chan_base *c);       /* so that a push needs no memory */
bool backlog_push(leat_chan_base *c, const void *elem); /* lock held; false: no memory */
void backlog_pop(leat_chan_base *c, void *elem);        /* lock held */

/* Lock held; dropped. From here on w is anybody's who wins it. */
void chan_enqueue(leat_chan_base *c, struct waitq *q, struct waiter *w);

/* Might the operation proceed? A racy look. The mode is read last: a closed channel never opens
 * again, so open then means open at the reads before. */
static inline bool chan_send_ready(const leat_chan_base *c)
{
    return load_acquire(&c->count) < c->cap || load_acquire(&c->receivers.first) ||
           load_relaxed(&c->mode);
}

static inline bool chan_recv_ready(leat_chan_base *c)
{
    if (load_acquire(&c->count) > 0 || load_acquire(&c->senders.first))
        return true;
    uint32_t mode = load_relaxed(&c->mode);
    return unlikely(mode & CHAN_SHUT) || (unlikely(mode & CHAN_TIMED) && timed_due(c));
}

const char *chan_check(leat_chan_base *c);
const char *chan_broken(const leat_chan_base *c); /* the same with the lock held */

/* Closed and empty, and the closer is out of its lock: nothing will ever change again, so a
 * receive needs no lock to say so. Who only saw the mode could free the channel while its closer
 * still has to unlock it. */
static inline bool chan_drained(const leat_chan_base *c)
{
    return unlikely(load_acquire(&c->mode) & CHAN_SHUT) && !load_acquire(&c->lock.held) &&
           load_acquire(&c->count) == 0;
}

/* After every change, before the lock is dropped: select's proof of "none was ready" counts an
 * operation as done from here on. */
static inline void chan_changed(leat_chan_base *c)
{
    store_release(&c->version, c->version + 1);
    check_holds(chan_broken(c));
}

/* The channel's mode is not the rule. Fatal if nobody may send. */
LEAT__COLD void chan_begin_special_send(leat_chan_base *c);

/* Before a send takes the lock: what needs none, and what TSan shall see. */
static inline void chan_begin_status_send(leat_chan_base *c, const void *elem)
{
    if (unlikely(load_relaxed(&c->mode)))
        chan_begin_special_send(c);
    san_read(elem, c->elem_size);
}

/* The same for a send that dies of a close: one that is not ordered with it is a race. */
static inline void chan_begin_send(leat_chan_base *c, const void *elem)
{
    chan_begin_status_send(c, elem);
    san_read(&c->race, 1);
}

static inline void chan_copy(void *to, const void *from, uint32_t size)
{
    if (!to)
        return;
    if (unlikely(leat__san_thread)) {
        /* TSan intercepts memcpy and would see an access without the edges made by hand. */
        for (uint32_t i = 0; i < size; i++)
            ((volatile char *)to)[i] = ((const volatile char *)from)[i];
        return;
    }
    if (size == 8)
        memcpy(to, from, 8);
    else if (size == 4)
        memcpy(to, from, 4);
    else if (size > 0)
        memcpy(to, from, size);
}

/* Close it; false: it was. Yields to nobody, so the scheduler may call it as well. */
bool chan_close(leat_chan_base *c);
void chan_zero(void *to, uint32_t size); /* a receive's target on a closed channel */
/* What a receive from a drained channel does. */
LEAT__COLD enum chan_result chan_recv_drained(leat_chan_base *c, void *elem);
/* Fatal: `r` is what a send that must not fail came to. */
__attribute__((noreturn, cold)) void chan_send_failed(enum chan_result r);

#endif
