/* SPDX-License-Identifier: MIT */
/*
 * pool.c - objects to be used again, kept by the procs.
 *
 * PICTURE   table[proc id] -> local: own, one object | items, a stack
 *                                    rested, one     | resting, a stack
 *
 * PROTOCOL  The one object of its own is touched only by the thread that holds the proc, without
 *   any atomic: nothing between looking at the proc and using its local can switch. The stacks
 *   have a spin lock, because other procs take from them. get: own object, own items, items of
 *   the others, resting ones, make. Threads without a proc share one local and have no object
 *   of their own.
 * AGEING  Drops what rests and lays the items to rest; who finds nothing else takes a resting
 *   object back. So what nobody needed for a whole round goes, as through Go's victim cache. Go
 *   ages at each collection; here sysmon counts an epoch a second (a second is long for whoever
 *   keeps objects busy, and short for a program that has become smaller), and the first get that
 *   sees another epoch than the pool's does the work. That costs a get two loads and a branch, a
 *   put nothing. Ageing belongs to get because it calls `drop`: a get must expect the user's
 *   functions already, since it calls `make`; a put calls nobody and may happen under any lock.
 *   A pool without `drop` never ages: its objects would be lost.
 * OWN OBJECTS  Who gets takes his own first, so it is idle only where nobody gets. A proc that
 *   only puts exchanges it once an epoch with what is put, and the old one ages with the items.
 *   That of a proc which no thread holds is laid to rest under the scheduler's lock, which keeps
 *   the proc from being taken meanwhile. There remains one object for each proc that runs but
 *   does not use this pool any more.
 * UNUSED  A pool that nobody gets from keeps what it has until leat_pool_trim or leat_pool_free.
 *
 * TABLE  It grows by a copy; old ones are kept until the pool goes, as somebody may be reading
 *   one. Locals never move.
 *
 * ORDERING  For TSan a put releases and a get acquires at an address that depends on the object's:
 *   at the object's own it would order what its users do by themselves.
 *
 * REJECTED  A list of all pools, aged by sysmon: it would call `drop` on a thread of ours, beside
 *   its users, and outlive pools that are simply forgotten (a zeroed struct is a pool). A goroutine
 *   that drops: it could still run when the pool and what its functions need are gone. The time in
 *   place of an epoch: a pool would age by as many rounds as it was idle for, and drop everything
 *   just when it is used again.
 *
 * PROOF  tests/golike/pool_test.c, src/sync/pool_inside_test.c.
 */
#include <leat/mutex.h>
#include <leat/pool.h>

#include "arch/sanitize.h"
#include "os/mem.h"
#include "sched/sched.h"

enum { CHUNK_ITEMS = 62, POOL_EDGES = 256, TABLE_STEP = 8 };

struct pool_chunk {
    struct pool_chunk *below;
    uint64_t n;
    void *items[CHUNK_ITEMS];
};

struct pool_local {
    void *own;       /* the proc's */
    void *rested;    /* atomic; sched.lock to set: the own object of a proc that idled */
    uint32_t epoch;  /* the proc's: when it last exchanged its own object */
    uint32_t filled; /* lock to change, atomic to read: a stack may hold something */
    spinlock lock;
    struct pool_chunk *items, *resting; /* lock */
    struct pool_chunk *spare;           /* lock: empty */
} LEAT__LINE;

struct pool_table {
    struct pool_table *older;
    int n;
    struct pool_local *local[];
};

struct pool_inside {
    struct pool_local shared; /* of those without a proc */
    leat_mutex growing;
    struct pool_table *table; /* growing to change, atomic to read */
    uint32_t epoch;           /* atomic: of the last ageing */
};

static uint64_t pool_edges[POOL_EDGES];

static void *pool_edge(const void *item)
{
    return &pool_edges[((uintptr_t)item >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 56];
}

static void *pool_alloc(size_t size, size_t align)
{
    return leat__need(leat__alloc_aligned(size, align), "room in a leat_pool");
}

/* ---- locals ---- */

static struct pool_inside *pool_inside_of(leat_pool *p)
{
    struct pool_inside *in = load_acquire(&p->leat__inside);

    if (likely(in != NULL))
        return in;
    void *none = NULL;
    in = pool_alloc(sizeof *in, _Alignof(struct pool_inside));
    in->epoch = load_relaxed(&sched.epoch);
    if (cas(&p->leat__inside, &none, (void *)in))
        return in;
    leat__free(in);
    return none;
}

LEAT__COLD static void table_grow(struct pool_inside *in, int id)
{
    leat_mutex_lock(&in->growing);
    struct pool_table *old = in->table;
    int had = old ? old->n : 0, n = had;
    while (n <= id)
        n = n ? 2 * n : TABLE_STEP;
    if (n > had) {
        struct pool_table *t = pool_alloc(sizeof *t + (size_t)n * sizeof(void *),
                                          _Alignof(struct pool_table));
        t->older = old;
        t->n = n;
        for (int i = 0; i < n; i++)
            t->local[i] = i < had ? old->local[i]
                                  : pool_alloc(sizeof(struct pool_local),
                                               _Alignof(struct pool_local));
        store_release(&in->table, t);
    }
    leat_mutex_unlock(&in->growing);
}

/* This proc's, NULL without one. Good until something may switch. */
static struct pool_local *own_local(struct pool_inside *in)
{
    for (;;) {
        const struct p *p = m_self()->p;
        const struct pool_table *t = load_acquire(&in->table);
        if (unlikely(!p))
            return NULL;
        if (likely(t && p->id < t->n))
            return t->local[p->id];
        table_grow(in, p->id); /* may switch: look again who we are */
    }
}

/* ---- stacks; the local's lock is held ---- */

/* What is empty is kept once: a stack whose height swings around the end of a chunk would
 * allocate at each turn. */
static void *stack_pop(struct pool_local *l, struct pool_chunk **stack,
                       struct pool_chunk **empty)
{
    struct pool_chunk *c = *stack;

    if (!c)
        return NULL;
    void *item = c->items[--c->n];
    if (c->n == 0) {
        *stack = c->below;
        *empty = l->spare;
        l->spare = c;
    }
    return item;
}

static void *local_take(struct pool_local *l, bool resting)
{
    struct pool_chunk *empty = NULL;

    if (resting && load_relaxed(&l->rested)) {
        void *rested = exchange(&l->rested, NULL);
        if (rested)
            return rested;
    }
    if (!load_relaxed(&l->filled))
        return NULL;
    spin_lock(&l->lock, LEAT__RANK_LOT);
    void *item = stack_pop(l, resting ? &l->resting : &l->items, &empty);
    if (!l->items && !l->resting)
        store_relaxed(&l->filled, 0);
    spin_unlock(&l->lock, LEAT__RANK_LOT);
    leat__free(empty);
    return item;
}

static void local_put(struct pool_local *l, void *item)
{
    struct pool_chunk *fresh = NULL;

    for (;;) {
        spin_lock(&l->lock, LEAT__RANK_LOT);
        bool room = l->items && l->items->n < CHUNK_ITEMS;
        if (!room && !fresh) {
            fresh = l->spare;
            l->spare = NULL;
        }
        if (fresh) {
            fresh->below = l->items;
            l->items = fresh;
            room = true;
        }
        if (room) {
            l->items->items[l->items->n++] = item;
            store_relaxed(&l->filled, 1);
        }
        spin_unlock(&l->lock, LEAT__RANK_LOT);
        if (room)
            return;
        fresh = pool_alloc(sizeof *fresh, _Alignof(struct pool_chunk));
    }
}

/* ---- the pool ---- */

/* From anybody, those behind this proc first. */
static void *steal_item(struct pool_inside *in, bool resting)
{
    struct pool_table *t = load_acquire(&in->table);
    const struct p *p = m_self()->p;
    int id = p ? p->id : 0;
    void *item = local_take(&in->shared, resting);

    for (int i = 0; t && i < t->n && !item; i++) {
        if (++id >= t->n)
            id = 0;
        item = local_take(t->local[id], resting);
    }
    return item;
}

static void *pool_find(struct pool_inside *in)
{
    struct pool_local *l = own_local(in);
    void *item = NULL;

    if (likely(l != NULL)) {
        item = l->own;
        l->own = NULL;
        if (!item)
            item = local_take(l, false);
    }
    if (!item)
        item = steal_item(in, false);
    return item ? item : steal_item(in, true);
}

/* ---- ageing and the end ---- */

static void drop_item(const leat_pool *p, void *item)
{
    if (!item || !p->drop)
        return;
    san_acquire(pool_edge(item));
    p->drop(item, p->arg);
}

static void drop_stack(const leat_pool *p, struct pool_chunk *c)
{
    for (struct pool_chunk *below; c; c = below) {
        below = c->below;
        while (c->n > 0)
            drop_item(p, c->items[--c->n]);
        leat__free(c);
    }
}

static void trim_local(const leat_pool *p, struct pool_local *l)
{
    void *rested = load_relaxed(&l->rested) ? exchange(&l->rested, NULL) : NULL;
    spin_lock(&l->lock, LEAT__RANK_LOT);
    struct pool_chunk *old = l->resting;
    l->resting = l->items;
    l->items = NULL;
    store_relaxed(&l->filled, l->resting != NULL);
    spin_unlock(&l->lock, LEAT__RANK_LOT);
    drop_item(p, rested);
    drop_stack(p, old);
}

/* Its own object is nobody's to take but ours. */
static void rest_own(const struct p *idle, void *table)
{
    struct pool_table *t = table;
    struct pool_local *l = idle->id < t->n ? t->local[idle->id] : NULL;

    if (l && l->own && !load_relaxed(&l->rested)) {
        store_release(&l->rested, l->own);
        l->own = NULL;
    }
}

void leat_pool_trim(leat_pool *p)
{
    struct pool_inside *in = load_acquire(&p->leat__inside);

    if (!in || !p->drop)
        return;
    trim_local(p, &in->shared);
    struct pool_table *t = load_acquire(&in->table);
    for (int i = 0; t && i < t->n; i++)
        trim_local(p, t->local[i]);
    if (t)
        procs_each_idle(rest_own, t);
}

static void free_local(const leat_pool *p, struct pool_local *l)
{
    drop_item(p, l->own);
    drop_item(p, l->rested);
    drop_stack(p, l->items);
    drop_stack(p, l->resting);
    leat__free(l->spare);
}

void leat_pool_free(leat_pool *p)
{
    struct pool_inside *in = load_acquire(&p->leat__inside);

    if (!in)
        return;
    p->leat__inside = NULL;
    free_local(p, &in->shared);
    struct pool_table *t = in->table;
    for (int i = 0; t && i < t->n; i++) {
        free_local(p, t->local[i]);
        leat__free(t->local[i]);
    }
    for (struct pool_table *older; t; t = older) {
        older = t->older;
        leat__free(t);
    }
    leat__free(in);
}

/* ---- put and get ---- */

/* What goes to the stack of l, this proc's, where an own object stands already. */
static void *older_of(struct pool_local *l, void *item)
{
    uint32_t epoch = load_relaxed(&sched.epoch);
    void *own = l->own;

    if (l->epoch == epoch)
        return item;
    l->epoch = epoch;
    l->own = item;
    return own;
}

void leat_pool_put(leat_pool *p, void *item)
{
    if (!item)
        return;
    struct pool_inside *in = pool_inside_of(p);
    san_release(pool_edge(item));
    struct pool_local *l = own_local(in);
    if (unlikely(!l))
        local_put(&in->shared, item);
    else if (likely(!l->own))
        l->own = item;
    else
        local_put(l, p->drop ? older_of(l, item) : item);
}

/* The first that sees another epoch ages the pool. */
LEAT__COLD static void age_once(leat_pool *p, struct pool_inside *in)
{
    uint32_t seen = load_relaxed(&in->epoch), epoch = load_relaxed(&sched.epoch);

    if (seen != epoch && cas(&in->epoch, &seen, epoch))
        leat_pool_trim(p);
}

void *leat_pool_get(leat_pool *p)
{
    struct pool_inside *in = pool_inside_of(p);

    if (unlikely(load_relaxed(&in->epoch) != load_relaxed(&sched.epoch)))
        age_once(p, in);
    void *item = pool_find(in);
    if (item)
        san_acquire(pool_edge(item));
    else if (p->make)
        item = p->make(p->arg);
    return item;
}
