/* SPDX-License-Identifier: MIT */
/*
 * lot.c - see lot.h.
 *
 * PICTURE  bucket[hash(address)]: lock, a list of heads, one head per address with waiters; the
 *   head is the first waiter itself and carries the tail. Buckets are enough that a million
 *   waiters on distinct addresses stand a few hundred to a bucket.
 * LOST WAKE-UPS  A release grants to the first waiter that stands in the queue. If none does, one
 *   is on its way: the release leaves a count at the address, under the bucket's lock, and the
 *   waiter takes the count under the same lock before it would enqueue. The object cannot vanish
 *   meanwhile, because that waiter is still inside its call.
 */
#include "park/lot.h"

#include "park/waiter.h"

enum { BUCKETS = 4096 };

struct parked {
    struct parked *next;  /* same address: behind me; heads: tail is valid */
    struct parked *tail;  /* of a head: the last of its address */
    struct parked *other; /* of a head: the head of the next address in the bucket */
    struct g *g;
    const void *key;
};

static struct bucket {
    spinlock lock;
    uint32_t waiters; /* atomic */
    struct parked *heads;
} LEAT__LINE buckets[BUCKETS];

static struct bucket *bucket_of(const void *key)
{
    uint64_t h = (uint64_t)(uintptr_t)key * UINT64_C(0x9E3779B97F4A7C15);

    return &buckets[h >> 52];
}

/* Lock held: where the head of `key` is linked, or the end of the list. */
static struct parked **find_head(struct bucket *b, const void *key)
{
    struct parked **at = &b->heads;

    while (*at && (*at)->key != key)
        at = &(*at)->other;
    return at;
}

static void parked_add(struct bucket *b, struct parked *w, bool front)
{
    struct parked **at = find_head(b, w->key);
    struct parked *head = *at;

    w->next = NULL;
    if (!head) {
        w->tail = w;
        w->other = NULL;
        *at = w;
    } else if (front) {
        w->next = head;
        w->tail = head->tail;
        w->other = head->other;
        *at = w;
    } else {
        head->tail->next = w;
        head->tail = w;
    }
}

static struct parked *parked_take(struct bucket *b, const void *key)
{
    struct parked **at = find_head(b, key);
    struct parked *head = *at;

    if (!head)
        return NULL;
    if (head->next) {
        head->next->tail = head->tail;
        head->next->other = head->other;
        *at = head->next;
    } else {
        *at = head->other;
    }
    __atomic_sub_fetch(&b->waiters, 1, __ATOMIC_RELAXED);
    return head;
}

void lot_acquire(uint32_t *addr, bool lifo, enum wait_reason reason, const void *object)
{
    struct g *g = g_self();
    struct bucket *b = bucket_of(addr);
    struct parked w = {.g = g, .key = addr};

    spin_lock(&b->lock, LEAT__RANK_LOT);
    if (*addr > 0) {
        *addr -= 1;
        spin_unlock(&b->lock, LEAT__RANK_LOT);
        return;
    }
    __atomic_add_fetch(&b->waiters, 1, __ATOMIC_RELAXED);
    store_relaxed(&g->status, G_WAITING);
    parked_add(b, &w, lifo);
    spin_unlock(&b->lock, LEAT__RANK_LOT);
    sched_park(g, reason, (void *)(uintptr_t)object);
}

void lot_release(uint32_t *addr, bool handoff)
{
    struct bucket *b = bucket_of(addr);

    spin_lock(&b->lock, LEAT__RANK_LOT);
    struct parked *w = parked_take(b, addr);
    struct g *g = w ? w->g : NULL;
    if (!w)
        *addr += 1;
    spin_unlock(&b->lock, LEAT__RANK_LOT);
    if (!g)
        return;
    sched_ready(g);
    if (handoff)
        sched_yield_now(m_self());
}

void lot_park(const void *key, bool (*valid)(void *), void *arg, enum wait_reason reason)
{
    struct g *g = g_self();
    struct bucket *b = bucket_of(key);
    struct parked w = {.g = g, .key = key};

    spin_lock(&b->lock, LEAT__RANK_LOT);
    if (!valid(arg)) {
        spin_unlock(&b->lock, LEAT__RANK_LOT);
        return;
    }
    __atomic_add_fetch(&b->waiters, 1, __ATOMIC_RELAXED);
    store_relaxed(&g->status, G_WAITING);
    parked_add(b, &w, false);
    spin_unlock(&b->lock, LEAT__RANK_LOT);
    sched_park(g, reason, (void *)(uintptr_t)key);
}

int lot_wake_all(const void *key, bool (*commit)(void *), void *arg)
{
    struct bucket *b = bucket_of(key);
    struct parked *first = NULL, *last = NULL, *w;
    int n = 0;

    spin_lock(&b->lock, LEAT__RANK_LOT);
    if (!commit(arg)) {
        spin_unlock(&b->lock, LEAT__RANK_LOT);
        return -1;
    }
    while ((w = parked_take(b, key))) {
        w->next = NULL;
        if (last)
            last->next = w;
        else
            first = w;
        last = w;
    }
    spin_unlock(&b->lock, LEAT__RANK_LOT);
    while ((w = first)) {
        first = w->next; /* w is gone once its goroutine runs */
        sched_ready(w->g);
        n++;
    }
    return n;
}

const char *lot_check(void)
{
    const char *bad = NULL;

    for (int i = 0; i < BUCKETS && !bad; i++) {
        struct bucket *b = &buckets[i];
        if (load_relaxed(&b->waiters) == 0)
            continue;
        spin_lock(&b->lock, LEAT__RANK_LOT);
        uint32_t n = 0;
        for (const struct parked *h = b->heads; h; h = h->other)
            for (const struct parked *w = h; w; w = w->next)
                n++;
        if (n != b->waiters)
            bad = "a bucket of the parking lot miscounts its waiters";
        spin_unlock(&b->lock, LEAT__RANK_LOT);
    }
    return bad;
}
