/* SPDX-License-Identifier: MIT */
/* chan.h - the inside of a channel, for chan.c, select.c and tests. The essay is chan.c's. */
#ifndef LEAT_CHAN_CHAN_H
#define LEAT_CHAN_CHAN_H

#include <leat/chan.h>

#include "arch/sanitize.h"
#include "base/spin.h"
#include "park/waiter.h"

struct leat_chan_base {
    spinlock lock;
    uint32_t version; /* lock to change: counts every change of what is ready */
    uint32_t closed;  /* lock to change, atomic to read */
    uint32_t elem_size;
    uint64_t count; /* lock to change, atomic to read: elements in the ring */
    uint64_t cap;
    uint64_t head, tail; /* lock: next slot to receive from, to send to */
    char *ring;
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
};

/* `self`: the selecting goroutine, whose own waiters do not count; NULL for plain calls.
 * Someone to make ready once the lock is dropped; NULL: nobody. */
enum chan_result chan_send_locked(leat_chan_base *c, const void *elem, const struct g *self,
                                  struct g **wake);
enum chan_result chan_recv_locked(leat_chan_base *c, void *elem, const struct g *self,
                                  struct g **wake);

/* Might the operation proceed? A racy look. closed is read last: it never turns back, so open then
 * means open at the reads before. */
static inline bool chan_send_ready(const leat_chan_base *c)
{
    return load_acquire(&c->count) < c->cap || load_acquire(&c->receivers.first) ||
           load_relaxed(&c->closed);
}

static inline bool chan_recv_ready(const leat_chan_base *c)
{
    return load_acquire(&c->count) > 0 || load_acquire(&c->senders.first) ||
           load_relaxed(&c->closed);
}

/* After every change, before the lock is dropped: select's proof of "none was ready" counts an
 * operation as done from here on. */
static inline void chan_changed(leat_chan_base *c)
{
    store_release(&c->version, c->version + 1);
}

/* What a send does to the eyes of TSan, before it takes the lock. */
static inline void chan_note_send(leat_chan_base *c, const void *elem)
{
    san_read(elem, c->elem_size);
    san_read(&c->race, 1);
}

void chan_zero(void *to, uint32_t size); /* a receive's target on a closed channel */
__attribute__((noreturn, cold)) void chan_panic_closed(void);
const char *chan_check(leat_chan_base *c);

#endif
