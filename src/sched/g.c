/* SPDX-License-Identifier: MIT */
/*
 * g.c - goroutine records: slabs, the free lists, walking them all.
 *
 * INVARIANTS
 *   R1  a record is never unmapped, so a late reader (a canceller, a dump, a thief that lost)
 *       reads an old goroutine at worst, never somebody else's memory.
 *   R2  a record is on one free list or in one use.
 *
 * FREE RECORDS  A proc has an array of them, the others are here: a list of records, each of which
 *   names up to LEAT__BATCH more where its arguments would be. A list of all would be as slow as
 *   memory: with a million free ones the processor would wait at each for the address of the next.
 *   An array of all could not grow where records are freed, without memory.
 *
 * Slabs grow geometrically and ask for huge pages from 2 MiB on: a million queued goroutines are
 * 256 MB of records, and touching them by 4 KiB pages would cost more than spawning them.
 */
#include <string.h>

#include "arch/sanitize.h"
#include "os/os.h"
#include "sched/sched.h"

enum { SLABS_MAX_ = 64, FIRST_SLAB = 256 };

static struct {
    spinlock lock;
    struct g *free; /* each with its batch */
    struct g *slab[SLABS_MAX_];
    unsigned len[SLABS_MAX_];
    unsigned nslabs; /* release-stored after slab[] and len[] are */
    unsigned used;   /* of the newest slab */
} records;

enum { HUGE_PAGE = 2 << 20, SLAB_RECORDS_MAX = 1 << 18 };

/* Lock held. */
static bool record_slab_new(void)
{
    unsigned n = records.nslabs;
    unsigned want = n == 0 ? FIRST_SLAB : records.len[n - 1] * 2;

    if (n == SLABS_MAX_)
        return false;
    if (want > SLAB_RECORDS_MAX)
        want = SLAB_RECORDS_MAX;
    void *p;
    while (!(p = os_map((size_t)want * sizeof(struct g))) && want > FIRST_SLAB / 4)
        want /= 2;
    if (!p)
        return false;
    size_t bytes = (size_t)want * sizeof(struct g);
    os_huge_pages(p, bytes, bytes >= HUGE_PAGE);
    leat__san_root(p, bytes);
    records.slab[n] = p;
    records.len[n] = want;
    records.used = 0;
    store_release(&records.nslabs, n + 1);
    return true;
}

/* Lock held. */
static struct g *record_take(void)
{
    struct g *g = records.free;

    if (g && g->u.batch.n > 0)
        return g->u.batch.g[--g->u.batch.n];
    if (g) {
        records.free = g->next;
        return g;
    }
    unsigned n = records.nslabs;
    if (n == 0 || records.used == records.len[n - 1]) {
        if (!record_slab_new())
            return NULL;
        n = records.nslabs;
    }
    return &records.slab[n - 1][records.used++];
}

struct g *g_alloc_shared(struct p *p)
{
    spin_lock(&records.lock, LEAT__RANK_GLIST);
    struct g *g = record_take();
    while (g && p && p->ngfree < LEAT__G_CACHE / 2) {
        struct g *more = record_take();
        if (!more)
            break;
        p->gfree[p->ngfree++] = more;
    }
    spin_unlock(&records.lock, LEAT__RANK_GLIST);
    return g;
}

/* Lock held. */
static void record_give(struct g *g)
{
    struct g *first = records.free;

    if (first && first->u.batch.n < LEAT__BATCH) {
        first->u.batch.g[first->u.batch.n++] = g;
        return;
    }
    g->u.batch.n = 0;
    g->next = first;
    records.free = g;
}

void g_give_back(struct p *p, int keep)
{
    spin_lock(&records.lock, LEAT__RANK_GLIST);
    while (p->ngfree > keep)
        record_give(p->gfree[--p->ngfree]);
    spin_unlock(&records.lock, LEAT__RANK_GLIST);
}

void g_fork_begin(void)
{
    spin_lock(&records.lock, LEAT__RANK_GLIST);
}

void g_fork_end(void)
{
    spin_unlock(&records.lock, LEAT__RANK_GLIST);
}

void g_each(void (*visit)(struct g *g, void *arg), void *arg)
{
    unsigned n = load_acquire(&records.nslabs);

    for (unsigned i = 0; i < n; i++) {
        unsigned len = records.len[i];
        unsigned used = load_relaxed(&records.used); /* of a newer slab, perhaps, by now */
        if (i + 1 == n && used < len)
            len = used;
        for (unsigned j = 0; j < len; j++)
            visit(&records.slab[i][j], arg);
    }
}

const char *g_check(void)
{
    const char *bad = NULL;

    spin_lock(&records.lock, LEAT__RANK_GLIST);
    for (struct g *g = records.free; g && !bad; g = g->next) {
        bool in_use = load_relaxed(&g->status) != G_FREE;
        for (uint32_t i = 0; i < g->u.batch.n; i++)
            in_use |= load_relaxed(&g->u.batch.g[i]->status) != G_FREE;
        if (in_use)
            bad = "R2: a record on the free list is in use";
    }
    spin_unlock(&records.lock, LEAT__RANK_GLIST);
    return bad;
}
