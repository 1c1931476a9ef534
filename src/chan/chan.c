/* SPDX-License-Identifier: MIT */
/*
 * chan.c - channels: a ring of slots, two queues of waiting goroutines, one lock.
 *
 * PICTURE
 *      senders waiting          ring (cap slots)            receivers waiting
 *      senders: w -> w -> w     [ v | v | v |   |   ]       receivers: (empty)
 *   A value moves one of three ways: sender -> waiting receiver, no slot touched; sender -> slot;
 *   slot -> receiver, with the oldest waiting sender's value refilling the ring at its tail.
 *
 * INVARIANTS (chan_broken tests C1, C2, C3 and C5; builds with LEAT_CHECKS after every change)
 *   C1  receivers not empty  =>  the ring is empty, and senders holds at most cases of the same
 *       selecting goroutine.
 *   C2  senders not empty    =>  the ring is full.
 *   C3  closed               =>  both queues are empty, for ever.
 *   C4  version changes with every change of count, mode or a queue.
 *   C5  the ring holds count elements, from head to tail.
 *
 * PROTOCOL  Every operation: lock; look for a partner; look for a slot; else enqueue a waiter,
 *   unlock, park. Partners are woken after the lock is dropped. A waker copies the value into or
 *   out of the waiter's memory and sets its ok; the woken goroutine reads its own waiter only,
 *   so the channel may be freed by whoever learns from it that nobody needs it any more.
 *   Operations that would fail at once look without the lock first (C12 of Go's rules: each
 *   such look is one atomic state of one word that decides).
 *
 * ORDERING  The lock orders everything the memory model promises. For TSan the same edges are
 *   made by hand: slot i of the ring is a sync address (receive k -> send k+cap and send k ->
 *   receive k), an unbuffered hand-over exchanges edges through the waiter's goroutine, close
 *   releases and a receive that finds the channel closed acquires c->edge.
 *
 * REJECTED  A lock-free ring for the buffered case: select needs an atomic look at both ends,
 *   and between two processors a locked ring costs a cache line more per element (63 against
 *   6.5 ns) only when both ends are kept apart, which the scheduler avoids.
 *
 * PROOF  chan_test.c; tests/golike/{chan_core,chan_life,chan_size,closed,nonblock}_test.c;
 *   tests/race/race_chan_test.c.
 */
#include "chan/chan.h"

#include <string.h>

#include "arch/sanitize.h"
#include "base/fatal.h"

/* ---- slots ---- */

void chan_zero(void *to, uint32_t size)
{
    if (!to)
        return;
    if (unlikely(leat__san_thread))
        for (uint32_t i = 0; i < size; i++)
            ((volatile char *)to)[i] = 0;
    else
        memset(to, 0, size);
}

static inline char *slot(const leat_chan_base *c, uint64_t i)
{
    return c->ring + i * c->elem_size;
}

static inline uint64_t after_slot(const leat_chan_base *c, uint64_t i)
{
    return i + 1 == c->cap ? 0 : i + 1;
}

/* A slot's two edges: what its last user did comes before, what this one did goes with it. The
 * address of zero-size slots is the ring's, which they share. */
static inline void slot_edges(leat_chan_base *c, uint64_t i)
{
    if (unlikely(leat__san_thread)) {
        void *at = c->elem_size ? (void *)slot(c, i) : (void *)&c->ring;
        leat__san_acquire(at);
        leat__san_release(at);
    }
}

/* An unbuffered hand-over orders both sides; the partner is parked, its edge word is ours. */
static inline void partner_edges(struct waiter *w)
{
    if (unlikely(leat__san_thread)) {
        leat__san_acquire(&w->g->u.wait.edge);
        leat__san_release(&w->g->u.wait.edge);
    }
}

/* A waiter's value goes through slot i, or comes from it: its edges with that slot, made by
 * whoever moves the value. TSan cannot act for another goroutine, so the mover gets an edge from
 * the waiter that Go does not promise: a race may hide there, no false one appears. */
static inline void waiter_edges(leat_chan_base *c, uint64_t i, struct waiter *w)
{
    if (unlikely(leat__san_thread)) {
        void *at = c->elem_size ? (void *)slot(c, i) : (void *)&c->ring;
        leat__san_acquire(&w->g->u.wait.edge);
        leat__san_release(at);
        leat__san_release(&w->g->u.wait.edge);
    }
}

/* All with the lock held; there is room, or something to take. */
static inline void has_put(leat_chan_base *c)
{
    store_relaxed(&c->count, c->count + 1);
    chan_changed(c);
}

static inline void has_taken(leat_chan_base *c)
{
    store_relaxed(&c->count, c->count - 1);
    chan_changed(c);
}

static inline void ring_put(leat_chan_base *c, const void *elem)
{
    slot_edges(c, c->tail);
    chan_copy(slot(c, c->tail), elem, c->elem_size);
    c->tail = after_slot(c, c->tail);
}

static inline void ring_take(leat_chan_base *c, void *elem)
{
    slot_edges(c, c->head);
    chan_copy(elem, slot(c, c->head), c->elem_size);
    c->head = after_slot(c, c->head);
}

/* ---- the locked operations ---- */

/* Won: its twins leave too, while the channel is certain to exist. */
LEAT__COLD static void drop_twins(leat_chan_base *c, const struct waiter *won)
{
    for (struct waiter *w = won->twin; w != won; w = w->twin)
        waitq_remove(w->sends ? &c->senders : &c->receivers, w);
}

/* The first waiter of q, one of c's queues, that is not self's and can be won. */
static struct waiter *pop_partner(leat_chan_base *c, struct waitq *q, const struct g *self)
{
    for (;;) {
        struct waiter *w = q->first;
        while (w && w->g == self)
            w = w->next; /* a select never meets itself */
        if (!w)
            return NULL;
        waitq_remove(q, w);
        if (!waiter_win(w))
            continue;
        if (unlikely(w->twin))
            drop_twins(c, w);
        return w;
    }
}

__attribute__((noreturn, cold)) void chan_send_failed(enum chan_result r)
{
    if (r == CHAN_CLOSED)
        leat__panic("send on closed channel");
    leat__throw("out of memory: an unbounded channel cannot grow; raise the memory limit or "
                "bound the channel");
}

LEAT__COLD void chan_begin_special_send(leat_chan_base *c)
{
    uint32_t mode = load_relaxed(&c->mode);

    if (mode & CHAN_TIMED)
        leat__panic("send on a timer's channel");
    if (mode & CHAN_UNBOUNDED)
        backlog_stock(c);
}

/* What a buffered channel's waiting receiver gets is ordered as if it went through the ring. */
LEAT__COLD static void hand_over_edges(leat_chan_base *c, struct waiter *w)
{
    if (c->mode & CHAN_UNBOUNDED) {
        leat__san_release(&w->g->u.wait.edge);
        return;
    }
    slot_edges(c, c->tail);
    waiter_edges(c, c->tail, w);
    c->tail = c->head = after_slot(c, c->tail);
}

enum chan_result chan_send_locked(leat_chan_base *c, const void *elem, const struct g *self,
                                  struct g **wake)
{
    struct waiter *w;

    if (unlikely(c->mode & CHAN_SHUT))
        return CHAN_CLOSED;
    if (c->receivers.first && (w = pop_partner(c, &c->receivers, self))) {
        if (c->cap == 0)
            partner_edges(w);
        else if (unlikely(leat__san_thread))
            hand_over_edges(c, w);
        chan_copy(w->elem, elem, c->elem_size);
        w->ok = true;
        *wake = w->g;
        chan_changed(c);
        return CHAN_DONE;
    }
    if (c->count < c->cap) {
        if (unlikely(c->mode & CHAN_UNBOUNDED)) {
            if (!backlog_push(c, elem))
                return CHAN_NO_ROOM;
        } else {
            ring_put(c, elem);
        }
        has_put(c);
        return CHAN_DONE;
    }
    return CHAN_NOT_NOW;
}

/* A full ring: its head is received, the waiting sender's value becomes its tail. */
static void rotate(leat_chan_base *c, void *elem, struct waiter *w)
{
    slot_edges(c, c->head);
    chan_copy(elem, slot(c, c->head), c->elem_size);
    chan_copy(slot(c, c->head), w->elem, c->elem_size);
    waiter_edges(c, c->head, w);
    c->head = after_slot(c, c->head);
    c->tail = c->head;
}

/* Receive the oldest value of the buffer, which is not empty. */
static inline void take_first(leat_chan_base *c, void *elem)
{
    if (unlikely(c->mode & CHAN_UNBOUNDED))
        backlog_pop(c, elem);
    else
        ring_take(c, elem);
    if (unlikely(c->mode & CHAN_TIMED))
        timed_taken(c);
    has_taken(c);
}

enum chan_result chan_recv_locked(leat_chan_base *c, void *elem, const struct g *self,
                                  struct g **wake)
{
    struct waiter *w;

    if (c->senders.first && (w = pop_partner(c, &c->senders, self))) {
        if (c->cap == 0) {
            partner_edges(w);
            chan_copy(elem, w->elem, c->elem_size);
        } else {
            rotate(c, elem, w);
        }
        san_write(elem, c->elem_size);
        w->ok = true;
        *wake = w->g;
        chan_changed(c);
        return CHAN_DONE;
    }
    if (c->count > 0 || (unlikely(c->mode & CHAN_TIMED) && timed_strike(c))) {
        take_first(c, elem);
        san_write(elem, c->elem_size);
        return CHAN_DONE;
    }
    return c->mode & CHAN_SHUT ? chan_recv_drained(c, elem) : CHAN_NOT_NOW;
}

LEAT__COLD enum chan_result chan_recv_drained(leat_chan_base *c, void *elem)
{
    san_acquire(&c->edge);
    chan_zero(elem, c->elem_size);
    san_write(elem, c->elem_size);
    return CHAN_CLOSED;
}

/* ---- the calls ---- */

LEAT__COLD static void foreign_runtime(void)
{
    leat__throw("leat: a channel of another copy of libleat; link it once, shared");
}

void chan_enqueue(leat_chan_base *c, struct waitq *q, struct waiter *w)
{
    if (unlikely(c->runtime != &sched))
        foreign_runtime();
    waitq_push(q, w);
    chan_changed(c);
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
}

/* Lock held; dropped. The waiter is on the caller's stack until somebody wins it. */
static void wait_on(leat_chan_base *c, struct waitq *q, struct waiter *w, enum wait_reason why)
{
    struct g *g = w->g;

    san_reset(&g->u.wait.edge);
    store_relaxed(&g->status, G_WAITING);
    chan_enqueue(c, q, w);
    sched_park(g, why, c);
    san_acquire(&g->u.wait.edge);
}

__attribute__((noreturn)) LEAT__COLD static void wait_for_ever(enum wait_reason why)
{
    struct g *g = g_self();

    for (;;) {
        store_relaxed(&g->status, G_WAITING);
        sched_park(g, why, NULL);
    }
}

/* Lock held; dropped. */
__attribute__((noinline)) static void send_locked(leat_chan_base *c, const void *elem,
                                                  struct m *m)
{
    struct g *wake = NULL;
    enum chan_result r = chan_send_locked(c, elem, NULL, &wake);

    if (r == CHAN_NOT_NOW) {
        struct waiter w = {.g = m->cur, .elem = (void *)(uintptr_t)elem};
        wait_on(c, &c->senders, &w, WAIT_CHAN_SEND);
        if (unlikely(!w.ok))
            chan_send_failed(CHAN_CLOSED);
        return;
    }
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    if (unlikely(r != CHAN_DONE))
        chan_send_failed(r);
    if (wake)
        sched_ready(wake);
    sched_poll(m);
}

__attribute__((noinline)) static bool recv_locked(leat_chan_base *c, void *elem, struct m *m)
{
    struct g *wake = NULL;
    enum chan_result r = chan_recv_locked(c, elem, NULL, &wake);

    if (r == CHAN_NOT_NOW) {
        struct waiter w = {.g = m->cur, .elem = elem};
        uint32_t size = c->elem_size;
        wait_on(c, &c->receivers, &w, WAIT_CHAN_RECV);
        san_write(elem, size);
        if (!w.ok)
            chan_zero(elem, size);
        return w.ok;
    }
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    if (wake)
        sched_ready(wake);
    sched_poll(m);
    return r == CHAN_DONE;
}

__attribute__((noinline)) static void send_general(leat_chan_base *c, const void *elem)
{
    struct m *m = m_self();

    if (unlikely(!c))
        wait_for_ever(WAIT_CHAN_SEND_NIL);
    chan_begin_send(c, elem);
    spin_lock(&c->lock, LEAT__RANK_CHAN);
    send_locked(c, elem, m);
}

__attribute__((noinline)) static bool recv_general(leat_chan_base *c, void *elem)
{
    struct m *m = m_self();

    if (unlikely(!c))
        wait_for_ever(WAIT_CHAN_RECV_NIL);
    if (chan_drained(c)) {
        chan_recv_drained(c, elem);
        sched_poll(m);
        return false;
    }
    spin_lock(&c->lock, LEAT__RANK_CHAN);
    return recv_locked(c, elem, m);
}

/*
 * The short way: an element of 4, 8 or 16 bytes through the ring of an ordinary channel, nobody
 * waiting. It calls nothing, so it saves no register: every other way is a jump to a function
 * that does the whole.
 */
static inline bool short_size(uint32_t size)
{
    return size <= 16 && (0x10110u >> size & 1);
}

static inline void short_copy(void *to, const void *from, uint32_t size)
{
    if (likely(size == 8))
        memcpy(to, from, 8);
    else if (size == 4)
        memcpy(to, from, 4);
    else
        memcpy(to, from, 16);
}

static inline bool short_way(const leat_chan_base *c, const struct m *m, const void *elem)
{
    return likely(c && m && elem && !leat__san_thread && !load_relaxed(&c->mode) &&
                  short_size(c->elem_size));
}

void leat_chan_base_send(leat_chan_base *c, const void *elem)
{
    struct m *m = tls_m();

    if (!short_way(c, m, elem) || !spin_trylock(&c->lock, LEAT__RANK_CHAN)) {
        send_general(c, elem);
    } else if (c->mode || c->receivers.first || c->count == c->cap) {
        send_locked(c, elem, m);
    } else {
        short_copy(slot(c, c->tail), elem, c->elem_size);
        c->tail = after_slot(c, c->tail);
        has_put(c);
        spin_unlock(&c->lock, LEAT__RANK_CHAN);
        sched_poll(m);
    }
}

bool leat_chan_base_recv(leat_chan_base *c, void *elem)
{
    struct m *m = tls_m();

    if (!short_way(c, m, elem) || !spin_trylock(&c->lock, LEAT__RANK_CHAN))
        return recv_general(c, elem);
    if (c->senders.first || c->count == 0)
        return recv_locked(c, elem, m);
    short_copy(elem, slot(c, c->head), c->elem_size);
    c->head = after_slot(c, c->head);
    has_taken(c);
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    sched_poll(m);
    return true;
}

bool leat_chan_base_try_send(leat_chan_base *c, const void *elem)
{
    struct m *m = m_self();
    struct g *wake = NULL;

    if (!c || !chan_send_ready(c)) {
        sched_poll(m);
        return false;
    }
    chan_begin_send(c, elem);
    spin_lock(&c->lock, LEAT__RANK_CHAN);
    enum chan_result r = chan_send_locked(c, elem, NULL, &wake);
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    if (unlikely(r != CHAN_DONE && r != CHAN_NOT_NOW))
        chan_send_failed(r);
    if (wake)
        sched_ready(wake);
    sched_poll(m);
    return r == CHAN_DONE;
}

bool leat_chan_base_try_recv(leat_chan_base *c, void *elem, bool *open)
{
    struct m *m = m_self();
    struct g *wake = NULL;
    enum chan_result r = CHAN_NOT_NOW;

    if (c && chan_recv_ready(c)) {
        spin_lock(&c->lock, LEAT__RANK_CHAN);
        r = chan_recv_locked(c, elem, NULL, &wake);
        spin_unlock(&c->lock, LEAT__RANK_CHAN);
    }
    if (open)
        *open = r != CHAN_CLOSED;
    if (wake)
        sched_ready(wake);
    sched_poll(m);
    return r == CHAN_DONE;
}

/* Take every waiter off both queues; those won are linked by `next`. */
static struct waiter *take_all(leat_chan_base *c)
{
    struct waiter *all = NULL, **at = &all;
    struct waitq *queues[] = {&c->receivers, &c->senders};

    for (int i = 0; i < 2; i++) {
        struct waiter *w;
        while ((w = waitq_pop(queues[i]))) {
            w->ok = false;
            w->next = NULL;
            *at = w;
            at = &w->next;
        }
    }
    return all;
}

bool chan_close(leat_chan_base *c)
{
    struct waiter *w = NULL;

    spin_lock(&c->lock, LEAT__RANK_CHAN);
    bool first = !(c->mode & CHAN_SHUT);
    if (likely(first)) {
        san_release(&c->edge);
        san_write(&c->race, 1);
        store_relaxed(&c->mode, c->mode | CHAN_SHUT);
        w = take_all(c);
        chan_changed(c);
    }
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    while (w) {
        struct waiter *next = w->next; /* w is gone once its goroutine runs */
        san_release(&w->g->u.wait.edge);
        sched_ready(w->g);
        w = next;
    }
    return first;
}

void leat_chan_base_close(leat_chan_base *c)
{
    if (!c)
        leat__panic("close of nil channel");
    if (unlikely(load_relaxed(&c->mode) & CHAN_TIMED))
        leat__panic("close of a timer's channel");
    m_self();
    if (!chan_close(c)) {
        san_write(&c->race, 1);
        leat__panic("close of closed channel");
    }
    sched_poll(m_self());
}

/* A timer's value stands in a buffer that nobody is to know of. */
static bool timed(const leat_chan_base *c)
{
    return load_relaxed(&c->mode) & CHAN_TIMED;
}

int64_t leat_chan_base_len(const leat_chan_base *c)
{
    return c && !timed(c) ? (int64_t)load_relaxed(&c->count) : 0;
}

int64_t leat_chan_base_cap(const leat_chan_base *c)
{
    return c && !timed(c) ? (int64_t)c->cap : 0;
}

/* ---- invariants ---- */

static bool one_selecting_goroutine(const struct waitq *a, const struct waitq *b)
{
    for (const struct waiter *w = a->first; w; w = w->next)
        if (!w->selecting)
            return false;
    for (const struct waiter *w = b->first; w; w = w->next)
        if (!w->selecting)
            return false;
    return true;
}

const char *chan_broken(const leat_chan_base *c)
{
    if (c->receivers.first && c->count > 0)
        return "C1: receivers wait though the ring holds values";
    if (c->receivers.first && c->senders.first &&
        !one_selecting_goroutine(&c->receivers, &c->senders))
        return "C1: senders and receivers wait for each other";
    if (c->senders.first && c->count < c->cap)
        return "C2: senders wait though the ring has room";
    if (c->mode & CHAN_SHUT && (c->receivers.first || c->senders.first))
        return "C3: somebody waits on a closed channel";
    bool ring = c->cap > 0 && !(c->mode & CHAN_UNBOUNDED);
    if (c->count > c->cap || (ring && (c->head + c->count) % c->cap != c->tail))
        return "C5: head, tail and count do not fit together";
    return NULL;
}

const char *chan_check(leat_chan_base *c)
{
    spin_lock(&c->lock, LEAT__RANK_CHAN);
    const char *bad = chan_broken(c);
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    return bad;
}
