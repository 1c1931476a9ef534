/* SPDX-License-Identifier: MIT */
/* stack.c - see stack.h. */
#include "stack/stack.h"

#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/env.h"
#include "base/fatal.h"
#include "base/spin.h"
#include "os/os.h"

#if defined(__SANITIZE_ADDRESS__)
#define SLOT_SCALE 4u /* red zones make frames several times larger */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SLOT_SCALE 4u
#endif
#endif
#ifndef SLOT_SCALE
#define SLOT_SCALE 1u
#endif

enum {
    COLOURS = 16,
    COLOUR_STEP = 64,
    RECORD_BYTES = 64,
    SLAB_SLOTS_MAX = LEAT__SLAB_BYTES / LEAT__STACK_SLOT,
    SLABS_MAX = 16384,
    CANARY = 0x5afe57ac,
};
#define SLOT_BYTES  ((size_t)LEAT__STACK_SLOT * SLOT_SCALE)
#define DECAY_AFTER INT64_C(1000000000)

struct stack_slab {
    char *base;
    unsigned nslots;
    unsigned nfree;          /* depot lock */
    unsigned fresh;          /* slots from here on were never used; depot lock */
    unsigned guarded;        /* slots below have their guard; depot lock */
    struct stack_slab *next; /* of those with a free slot; depot lock */
    bool listed;             /* is on that list */
    int64_t free_since;      /* when it became wholly free, 0: it is not, or is dropped */
    uint16_t free[SLAB_SLOTS_MAX];
};

static struct {
    spinlock lock;
    struct stack_slab *with_free;
    struct stack_slab *all[SLABS_MAX];
    unsigned nslabs;   /* release-stored after all[] is */
    size_t slab_bytes; /* size of the next slab */
    size_t in_use;
    size_t guards; /* mprotect guards installed */
    size_t guard_budget;
    enum leat__guard_mode mode;
    bool one_by_one; /* the kernel does not take several guards at once */
    bool warned;
} depot;

bool leat__stack_unguarded;

static size_t page_size(void)
{
    static size_t size;

    if (size == 0)
        size = (size_t)sysconf(_SC_PAGESIZE);
    return size;
}

static void go_unguarded(void)
{
    leat__stack_unguarded = true;
    if (!depot.warned && leat__env.guard != LEAT__GUARD_NONE) {
        depot.warned = true;
        leat__print("leat: more than %zu goroutine stacks: further ones have no guard page; "
                    "raise vm.max_map_count, or use Linux 6.13 or later\n",
                    depot.guards);
    }
}

/* Make [p, p+size) trap. Depot lock, or the caller's own mapping. */
static void guard_install(void *p, size_t size)
{
    if (depot.mode == LEAT__GUARD_AUTO) {
        depot.mode = leat__env.guard;
        if (depot.mode == LEAT__GUARD_AUTO)
            depot.mode = os_guard(p, size) == 0 ? LEAT__GUARD_MADVISE : LEAT__GUARD_MPROTECT;
        depot.guard_budget = (size_t)os_max_map_count() / 4; /* a guard splits off two maps */
    }
    if (depot.mode == LEAT__GUARD_MADVISE && os_guard(p, size) == 0)
        return;
    if (depot.mode != LEAT__GUARD_NONE && depot.guards < depot.guard_budget &&
        os_protect_none(p, size) == 0) {
        depot.guards++;
        return;
    }
    go_unguarded();
}

/* Depot lock held: see that fresh slot i has its guard, and those after it while we are there. */
static void guard_slots(struct stack_slab *slab, unsigned i)
{
    unsigned n = slab->nslots - i;

    if (i < slab->guarded)
        return;
    if (n > OS_GUARDS_MAX)
        n = OS_GUARDS_MAX;
    if (depot.mode == LEAT__GUARD_MADVISE && !depot.one_by_one) {
        char *first = slab->base + (size_t)i * SLOT_BYTES;
        if (os_guard_many(first, LEAT__STACK_GUARD, SLOT_BYTES, n) == 0) {
            slab->guarded = i + n;
            return;
        }
        depot.one_by_one = true;
    }
    guard_install(slab->base + (size_t)i * SLOT_BYTES, LEAT__STACK_GUARD);
    slab->guarded = i + 1;
}

const char *stack_guard_mode(void)
{
    static const char *const names[] = {"not chosen yet", "madvise", "mprotect", "none"};

    return names[depot.mode];
}

/* ---- slabs ---- */

static struct stack_slab *slab_new(void)
{
    if (depot.slab_bytes == 0)
        depot.slab_bytes = SLOT_BYTES * 16;
    if (depot.nslabs == SLABS_MAX)
        return NULL;
    struct stack_slab *slab = os_map(sizeof(*slab));
    if (!slab)
        slab = os_map(sizeof(*slab)); /* a refusal on purpose comes once */
    if (!slab)
        return NULL;
    size_t bytes = depot.slab_bytes;
    char *base;
    while (!(base = os_map(bytes)) && bytes > SLOT_BYTES)
        bytes /= 2;
    if (!base) {
        os_unmap(slab, sizeof(*slab));
        return NULL;
    }
    os_huge_pages(base, bytes, false);
    slab->base = base;
    slab->nslots = (unsigned)(bytes / SLOT_BYTES);
    slab->nfree = slab->nslots;
    depot.all[depot.nslabs] = slab;
    store_release(&depot.nslabs, depot.nslabs + 1);
    if (depot.slab_bytes < (size_t)LEAT__SLAB_BYTES * SLOT_SCALE)
        depot.slab_bytes *= 2;
    slab->listed = true;
    slab->next = depot.with_free;
    depot.with_free = slab;
    return slab;
}

static struct stack *record_of(char *slot, size_t slot_bytes, unsigned colour)
{
    return (struct stack *)(void *)(slot + slot_bytes - RECORD_BYTES -
                                    (size_t)(colour % COLOURS) * COLOUR_STEP);
}

static struct stack *slot_init(struct stack_slab *slab, unsigned i)
{
    char *slot = slab->base + (size_t)i * SLOT_BYTES;
    struct stack *s = record_of(slot, SLOT_BYTES, i);

    _Static_assert(sizeof(struct stack) <= RECORD_BYTES, "the record fits its place");
    s->lo = slot + LEAT__STACK_GUARD;
    s->hi = (char *)s;
    s->slab = slab;
    if (leat__stack_unguarded)
        *(uint32_t *)(void *)s->lo = CANARY;
    return s;
}

/* Depot lock held. */
static struct stack *depot_take(void)
{
    struct stack_slab *slab = depot.with_free;

    if (!slab && !(slab = slab_new()))
        return NULL;
    unsigned i;
    bool fresh = slab->fresh < slab->nslots && slab->nfree == slab->nslots - slab->fresh;
    if (fresh) {
        i = slab->fresh++;
        guard_slots(slab, i);
    } else {
        i = slab->free[slab->nfree - (slab->nslots - slab->fresh) - 1];
    }
    if (--slab->nfree == 0) {
        depot.with_free = slab->next;
        slab->listed = false;
    }
    slab->free_since = 0;
    depot.in_use++;
    struct stack *s = slot_init(slab, i);
    leat__san_stack_new(&s->san, s->lo, s->hi);
    return s;
}

/* Depot lock held. */
static void depot_give(struct stack *s)
{
    struct stack_slab *slab = s->slab;
    unsigned i = (unsigned)((size_t)((char *)s - slab->base) / SLOT_BYTES);

    leat__san_stack_gone(&s->san, s->lo, s->hi);
    slab->free[slab->nfree - (slab->nslots - slab->fresh)] = (uint16_t)i;
    slab->nfree++;
    depot.in_use--;
    if (!slab->listed) {
        slab->listed = true;
        slab->next = depot.with_free;
        depot.with_free = slab;
    }
    if (slab->nfree == slab->nslots)
        slab->free_since = 1; /* stamped by the next decay */
}

/* ---- stacks of unusual size: a mapping each, unmapped at exit ---- */

static struct stack *odd_get(size_t size)
{
    size_t page = page_size();
    size_t least = (size_t)getauxval(AT_MINSIGSTKSZ) + (12u << 10);

    if (size < least)
        size = least;
    size_t bytes = (size + RECORD_BYTES + page - 1) / page * page + LEAT__STACK_GUARD;
    char *base = os_map(bytes);
    if (!base && !(base = os_map(bytes)))
        return NULL;
    os_huge_pages(base, bytes, false);
    spin_lock(&depot.lock, LEAT__RANK_DEPOT);
    guard_install(base, LEAT__STACK_GUARD);
    depot.in_use++;
    spin_unlock(&depot.lock, LEAT__RANK_DEPOT);
    struct stack *s = record_of(base, bytes, 0);
    s->lo = base + LEAT__STACK_GUARD;
    s->hi = (char *)s;
    s->slab = NULL;
    if (leat__stack_unguarded)
        *(uint32_t *)(void *)s->lo = CANARY;
    leat__san_stack_reuse(s->lo, s->hi); /* the addresses may have been a stack before */
    leat__san_stack_new(&s->san, s->lo, s->hi);
    return s;
}

static void odd_put(struct stack *s)
{
    char *base = s->lo - LEAT__STACK_GUARD;
    size_t bytes = (size_t)(s->hi + RECORD_BYTES - base);

    leat__san_stack_gone(&s->san, s->lo, s->hi);
    spin_lock(&depot.lock, LEAT__RANK_DEPOT);
    depot.in_use--;
    spin_unlock(&depot.lock, LEAT__RANK_DEPOT);
    os_unmap(base, bytes);
}

/* ---- the proc's cache ---- */

LEAT__COLD static bool cache_refill(struct stack_cache *cache)
{
    spin_lock(&depot.lock, LEAT__RANK_DEPOT);
    do {
        struct stack *s = depot_take();
        if (!s)
            break;
        cache->free[cache->n++] = s;
    } while (cache->n < LEAT__STACK_CACHE / 2);
    spin_unlock(&depot.lock, LEAT__RANK_DEPOT);
    return cache->n > 0;
}

static void cache_shrink(struct stack_cache *cache, int keep)
{
    spin_lock(&depot.lock, LEAT__RANK_DEPOT);
    while (cache->n > keep)
        depot_give(cache->free[--cache->n]);
    spin_unlock(&depot.lock, LEAT__RANK_DEPOT);
}

struct stack *stack_get(struct stack_cache *cache, size_t size)
{
    if (unlikely(size > SLOT_BYTES - LEAT__STACK_GUARD - RECORD_BYTES - COLOURS * COLOUR_STEP))
        return odd_get(size);
    if (unlikely(size != 0 && size < LEAT__STACK_SLOT / 2))
        return odd_get(size);
    if (unlikely(cache->n == 0 && !cache_refill(cache)))
        return NULL;
    struct stack *s = cache->free[--cache->n];
    if (unlikely(san_switching())) {
        leat__san_stack_reuse(s->lo, s->hi);
        s->san.fake = NULL;
    }
    return s;
}

void stack_put(struct stack_cache *cache, struct stack *s)
{
    if (unlikely(leat__stack_unguarded) && stack_overrun(s, s->hi))
        leat__throw("stack overflow of an unguarded goroutine stack");
    if (unlikely(!s->slab)) {
        odd_put(s);
        return;
    }
    if (unlikely(cache->n == LEAT__STACK_CACHE))
        cache_shrink(cache, LEAT__STACK_CACHE / 2);
    cache->free[cache->n++] = s;
}

void stack_flush(struct stack_cache *cache)
{
    if (cache->n > 0)
        cache_shrink(cache, 0);
}

bool stack_decay(int64_t now)
{
    bool waiting = false;

    spin_lock(&depot.lock, LEAT__RANK_DEPOT);
    for (unsigned i = 0; i < depot.nslabs; i++) {
        struct stack_slab *slab = depot.all[i];
        if (slab->free_since == 0)
            continue;
        if (slab->free_since == 1)
            slab->free_since = now;
        if (now - slab->free_since < DECAY_AFTER) {
            waiting = true;
            continue;
        }
        os_drop(slab->base, (size_t)slab->nslots * SLOT_BYTES);
        slab->free_since = 0;
    }
    spin_unlock(&depot.lock, LEAT__RANK_DEPOT);
    return waiting;
}

void stack_fork_begin(void)
{
    spin_lock(&depot.lock, LEAT__RANK_DEPOT);
}

void stack_fork_end(void)
{
    spin_unlock(&depot.lock, LEAT__RANK_DEPOT);
}

bool stack_guard_hit(const void *addr, size_t *usable)
{
    unsigned n = load_acquire(&depot.nslabs);

    for (unsigned i = 0; i < n; i++) {
        const struct stack_slab *slab = depot.all[i];
        size_t at = (size_t)((const char *)addr - slab->base);
        if ((const char *)addr < slab->base || at >= (size_t)slab->nslots * SLOT_BYTES)
            continue;
        *usable = SLOT_BYTES - LEAT__STACK_GUARD;
        return at % SLOT_BYTES < LEAT__STACK_GUARD;
    }
    return false;
}

bool stack_own_guard_hit(const struct stack *s, const void *addr, size_t *usable)
{
    if (!s || !s->lo)
        return false;
    *usable = (size_t)(s->hi - s->lo);
    return (const char *)addr < s->lo && (const char *)addr >= s->lo - LEAT__STACK_GUARD;
}

bool stack_overrun(const struct stack *s, const void *sp)
{
    return (const char *)sp < s->lo ||
           (leat__stack_unguarded && *(const uint32_t *)(const void *)s->lo != CANARY &&
            *(const uint32_t *)(const void *)s->lo != 0);
}

size_t stack_in_use(void)
{
    return load_relaxed(&depot.in_use);
}

const char *stack_check(void)
{
    const char *bad = NULL;

    spin_lock(&depot.lock, LEAT__RANK_DEPOT);
    size_t used = 0;
    for (unsigned i = 0; i < depot.nslabs; i++) {
        const struct stack_slab *slab = depot.all[i];
        used += slab->nslots - slab->nfree;
        if (slab->nfree > slab->nslots || slab->fresh > slab->nslots)
            bad = "K1: a slab has more free slots than slots";
        if ((slab->nfree > 0) != slab->listed)
            bad = "K1: a slab with free slots is not listed";
    }
    if (used > depot.in_use)
        bad = "K1: more slots taken than counted";
    spin_unlock(&depot.lock, LEAT__RANK_DEPOT);
    return bad;
}
