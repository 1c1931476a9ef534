/* SPDX-License-Identifier: MIT */
/*
 * pool.c - objects to be used again, kept by the procs.
 *
 * PICTURE   table[proc id] -> local: one object of its own | items, a stack | resting, a stack
 *
 * PROTOCOL  The one object of its own is touched only by the thread that holds the proc, without
 *   any atomic: nothing between looking at the proc and using its local can switch. The stacks
 *   have a spin lock, because other procs take from them. get: own object, own items, items of
 *   the others, resting ones, make. Threads without a proc share one local and have no object
 *   of their own.
 * AGEING  A trim drops what rests and lays the items to rest; who finds nothing else takes a
 *   resting object back. The objects of the procs themselves stay.
 *
 * TABLE  It grows by a copy; old ones are kept until the pool goes, as somebody may be reading
 *   one. Locals never move.
 *
 * ORDERING  For TSan a put releases and a get acquires at an address that depends on the object's:
 *   at the object's own it would order what its users do by themselves.
 *
 * PROOF  tests/golike/pool_test.c.
 */
#include <leat/mutex.h>
#include <leat/pool.h>

#include "arch/sanitize.h"
#include "base/fatal.h"
#include "os/mem.h"
#include "sched/sched.h"

enum { CHUNK_ITEMS = 62, POOL_EDGES = 256, TABLE_STEP = 8 };

struct pool_chunk {
    struct pool_chunk *below;
    uint64_t n;
    void *items[CHUNK_ITEMS];
};

struct pool_local {
    void *own; /* the proc's */
    spinlock lock;
    uint32_t filled; /* lock to change, atomic to read: a stack may hold something */
    struct pool_chunk *items, *resting; /* lock */
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
};

static uint64_t pool_edges[POOL_EDGES];

static void *pool_edge(const void *item)
{
    return &pool_edges[((uintptr_t)item >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 56];
}

static void *pool_alloc(size_t size, size_t align)
{
    void *p = leat__alloc_aligned(size, align);

    if (!p)
        leat__throw("out of memory: a leat_pool cannot grow; raise the memory limit");
    return p;
}

/* ---- locals ---- */

static struct pool_inside *pool_inside_of(leat_pool *p)
{
    struct pool_inside *in = load_acquire(&p->leat__inside);

    if (likely(in != NULL))
        return in;
    void *none = NULL;
    in = pool_alloc(sizeof *in, _Alignof(struct pool_inside));
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

static void *stack_pop(struct pool_chunk **stack, struct pool_chunk **empty)
{
    struct pool_chunk *c = *stack;

    if (!c)
        return NULL;
    void *item = c->items[--c->n];
    if (c->n == 0) {
        *stack = c->below;
        *empty = c;
    }
    return item;
}

static void *local_take(struct pool_local *l, bool resting)
{
    struct pool_chunk *empty = NULL;

    if (!load_relaxed(&l->filled))
        return NULL;
    spin_lock(&l->lock, LEAT__RANK_LOT);
    void *item = stack_pop(resting ? &l->resting : &l->items, &empty);
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
        if (fresh) {
            fresh->below = l->items;
            l->items = fresh;
        }
        bool room = l->items && l->items->n < CHUNK_ITEMS;
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
    void *item = local_take(&in->shared, resting);

    for (int i = 1; t && i <= t->n && !item; i++)
        item = local_take(t->local[((p ? p->id : 0) + i) % t->n], resting);
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

void *leat_pool_get(leat_pool *p)
{
    void *item = pool_find(pool_inside_of(p));

    if (item)
        san_acquire(pool_edge(item));
    else if (p->make)
        item = p->make(p->arg);
    return item;
}

void leat_pool_put(leat_pool *p, void *item)
{
    if (!item)
        return;
    struct pool_inside *in = pool_inside_of(p);
    san_release(pool_edge(item));
    struct pool_local *l = own_local(in);
    if (!l) {
        local_put(&in->shared, item);
    } else if (!l->own) {
        l->own = item;
    } else {
        local_put(l, item);
    }
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
    spin_lock(&l->lock, LEAT__RANK_LOT);
    struct pool_chunk *old = l->resting;
    l->resting = l->items;
    l->items = NULL;
    store_relaxed(&l->filled, l->resting != NULL);
    spin_unlock(&l->lock, LEAT__RANK_LOT);
    drop_stack(p, old);
}

void leat_pool_trim(leat_pool *p)
{
    struct pool_inside *in = load_acquire(&p->leat__inside);

    if (!in || !p->drop)
        return;
    trim_local(p, &in->shared);
    const struct pool_table *t = load_acquire(&in->table);
    for (int i = 0; t && i < t->n; i++)
        trim_local(p, t->local[i]);
}

static void free_local(const leat_pool *p, struct pool_local *l)
{
    drop_item(p, l->own);
    drop_stack(p, l->items);
    drop_stack(p, l->resting);
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
