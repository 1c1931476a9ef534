/* SPDX-License-Identifier: MIT */
/*
 * queue.c - where ready goroutines stand: a proc's ring, its fork stack, the global list.
 *
 * RING  A single producer (the owner) and many takers. head and tail only grow; the ring holds
 *   slots head..tail-1. Takers, the owner among them, read the slot first and then move head by
 *   CAS: a failed CAS means that somebody else took what was read. The owner may reuse a slot
 *   only once head has passed it, which its full check reads with acquire.
 * FORK STACK  Chase and Lev's deque: the owner pushes and pops at bottom without a
 *   read-modify-write except for the last element, thieves move top by CAS. The slots are a
 *   fixed ring; when it is full a fork becomes an ordinary spawn. What is stored are records
 *   that are never unmapped, so a thief that loses has read nothing dangerous.
 * GLOBAL  A list under sched.lock; its length is read without the lock. What overflows from a ring
 *   comes as carriers: free records that name up to LEAT__BATCH goroutines each, in order. Linked
 *   one by one, a million that wait would be taken at the speed of memory, each link a miss, under
 *   the lock. Not in the hostile build, which picks from the middle.
 */
#include <sched.h>

#include "sched/hostile.h"
#include "sched/sched.h"

struct g *runq_get(struct runq *q)
{
    uint32_t head = load_acquire(&q->head);

    for (;;) {
        uint32_t tail = load_acquire(&q->tail);
        if (head == tail)
            return NULL;
        struct g *g = load_relaxed(&q->slots[head % LEAT__RUNQ_SIZE]);
        if (likely(cas(&q->head, &head, head + 1))) {
            /* The one after this runs soon: bring its record and its stack near. */
            if (tail - head > 2) {
                prefetch(load_relaxed(&q->slots[(head + 2) % LEAT__RUNQ_SIZE]));
                prefetch(load_relaxed(&q->slots[(head + 1) % LEAT__RUNQ_SIZE])->sp);
            }
            return g;
        }
    }
}

uint32_t runq_len(const struct runq *q)
{
    uint32_t tail = load_acquire(&q->tail);
    uint32_t head = load_acquire(&q->head);
    uint32_t len = tail - head;

    return len <= LEAT__RUNQ_SIZE ? len : 0; /* head overtook a stale tail */
}

/* Move half of `from` to the thief's ring, the first of them to *first. The thief owns `to`. */
uint32_t runq_steal(struct runq *from, struct runq *to, struct g **first)
{
    uint32_t head = load_acquire(&from->head);
    uint32_t tail, n;
    struct g *oldest;

    do {
        tail = load_acquire(&from->tail);
        n = tail - head;
        if (n > LEAT__RUNQ_SIZE) {
            head = load_acquire(&from->head); /* the two reads did not fit together */
            continue;
        }
        n -= n / 2;
        uint32_t space = LEAT__RUNQ_SIZE - (to->tail - load_acquire(&to->head));
        if (n > space + 1)
            n = space + 1;
        if (n == 0)
            return 0;
        oldest = load_relaxed(&from->slots[head % LEAT__RUNQ_SIZE]);
        for (uint32_t i = 1; i < n; i++)
            store_relaxed(&to->slots[(to->tail + i - 1) % LEAT__RUNQ_SIZE],
                          load_relaxed(&from->slots[(head + i) % LEAT__RUNQ_SIZE]));
        if (cas(&from->head, &head, head + n))
            break;
    } while (true);
    *first = oldest; /* ours only now */
    if (n > 1)
        store_release(&to->tail, to->tail + n - 1);
    return n;
}

bool forkq_push(struct forkq *q, struct g *g)
{
    int64_t b = q->bottom;
    int64_t t = load_acquire(&q->top);

    if (b - t >= LEAT__FORKQ_SIZE)
        return false;
    store_relaxed(&q->slots[b % LEAT__FORKQ_SIZE], g);
    store_release(&q->bottom, b + 1);
    return true;
}

struct g *forkq_pop(struct forkq *q)
{
    int64_t b = q->bottom;

    if (b == load_relaxed(&q->top))
        return NULL; /* nobody but the owner pushes, so empty stays empty */
    b--;
    store_relaxed(&q->bottom, b);
    fence_seq(); /* the new bottom before the look at top: thieves look the other way round */
    int64_t t = load_relaxed(&q->top);
    if (t > b) {
        store_relaxed(&q->bottom, b + 1);
        return NULL;
    }
    struct g *g = load_relaxed(&q->slots[b % LEAT__FORKQ_SIZE]);
    if (t == b) { /* the last one: a thief may be after it */
        if (!cas(&q->top, &t, t + 1))
            g = NULL;
        store_relaxed(&q->bottom, b + 1);
    }
    return g;
}

struct g *forkq_steal(struct forkq *q)
{
    int64_t t = load_acquire(&q->top);

    fence_seq();
    int64_t b = load_acquire(&q->bottom);
    if (t >= b)
        return NULL;
    struct g *g = load_relaxed(&q->slots[t % LEAT__FORKQ_SIZE]);
    return cas(&q->top, &t, t + 1) ? g : NULL;
}

bool forkq_empty(const struct forkq *q)
{
    return load_acquire(&q->top) >= load_acquire(&q->bottom);
}

/* Lock held. */
static void append(struct g *head, struct g *tail, int n)
{
    tail->next = NULL;
    if (sched.global_tail)
        sched.global_tail->next = head;
    else
        sched.global_head = head;
    sched.global_tail = tail;
    store_seq(&sched.nglobal, sched.nglobal + n);
}

void global_put_locked(struct g *g)
{
    append(g, g, 1);
}

void global_put(struct g *g)
{
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    append(g, g, 1);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    hostile_window();
}

static struct g *first_of(const struct g *item)
{
    return item->flags & G_CARRIER ? item->u.batch.g[item->u.batch.taken] : (struct g *)item;
}

/* Lock held: the first goroutine of the list has been taken. A carrier that has no more goes to
 * *spent. */
static void shift_global(struct g **spent)
{
    struct g *item = sched.global_head;
    bool carrier = item->flags & G_CARRIER;

    if (carrier && ++item->u.batch.taken < item->u.batch.n)
        return;
    sched.global_head = item->next;
    if (!sched.global_head)
        sched.global_tail = NULL;
    if (carrier) {
        item->next = *spent;
        *spent = item;
    }
}

static void free_carriers(struct p *p, struct g *spent)
{
    while (spent) {
        struct g *g = spent;
        spent = g->next;
        g->flags = 0;
        g_put_back(p, g);
    }
}

/* Take one, and up to a fair share more into the ring of p. */
struct g *global_get(struct p *p, int max)
{
    if (load_relaxed(&sched.nglobal) == 0)
        return NULL;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    if (LEAT__HOSTILE && hostile_has_run(sched.global_head)) {
        struct g *g = hostile_take(p);
        spin_unlock(&sched.lock, LEAT__RANK_SCHED);
        if (!g)
            sched_yield(); /* a refusal: let the thread come that may take it */
        return g;
    }
    int share = sched.nglobal / (sched.limit > 0 ? sched.limit : 1) + 1;
    if (share > max)
        share = max;
    struct g *first = NULL, *spent = NULL;
    int taken = 0;
    while (taken < share && sched.global_head) {
        struct g *g = first_of(sched.global_head);
        if (first && ((LEAT__HOSTILE && hostile_has_run(g)) || !runq_put(&p->runq, g)))
            break;
        shift_global(&spent);
        if (!first)
            first = g;
        taken++;
    }
    store_relaxed(&sched.nglobal, sched.nglobal - taken);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    free_carriers(p, spent);
    return first;
}

/* A list for the global queue, not yet there. */
struct load {
    struct g *head, *tail, *carrier; /* the last one, while it has room */
    int n;
};

static void load_link(struct load *l, struct g *item)
{
    if (l->tail)
        l->tail->next = item;
    else
        l->head = item;
    l->tail = item;
}

static void load_add(struct load *l, struct p *p, struct g *g)
{
    l->n++;
    if (!l->carrier && !LEAT__HOSTILE && (l->carrier = g_take(p)) != NULL) {
        l->carrier->flags = G_CARRIER;
        l->carrier->u.batch.n = l->carrier->u.batch.taken = 0;
        load_link(l, l->carrier);
    }
    if (!l->carrier) {
        load_link(l, g);
        return;
    }
    l->carrier->u.batch.g[l->carrier->u.batch.n++] = g;
    if (l->carrier->u.batch.n == LEAT__BATCH)
        l->carrier = NULL;
}

/* The oldest of the ring, `max` at most, then `last` unless NULL, go to the global queue, where
 * everybody finds them. */
LEAT__COLD static void ring_to_global(struct p *p, int max, struct g *last)
{
    struct load l = {.n = 0};
    struct g *g;

    while (l.n < max && (g = runq_get(&p->runq)))
        load_add(&l, p, g);
    if (last)
        load_add(&l, p, last);
    if (l.n == 0)
        return;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    append(l.head, l.tail, l.n);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
}

void queue_share(struct p *p)
{
    ring_to_global(p, LEAT__RUNQ_SIZE, NULL);
}

void queue_local(struct p *p, struct g *g)
{
    if (unlikely(!runq_put(&p->runq, g))) /* full: half of it makes room */
        ring_to_global(p, LEAT__RUNQ_SIZE / 2, g);
}
