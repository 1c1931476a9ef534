/* SPDX-License-Identifier: MIT */
/*
 * lot.c - see lot.h.
 *
 * PICTURE  bucket[hash(address)]: lock, a list of heads, one head per address with waiters; the
 *   head is the first waiter itself and carries the tail. Buckets are enough that a million
 *   waiters on distinct addresses stand a few hundred to a bucket.
 * LOST WAKE-UPS  acquire enqueues under the bucket's lock and only after it saw the count 0
 *   there; release adds to the count before it looks for waiters, and skips the lock only when
 *   the bucket counts no waiter. waiters is raised before the last look at the count, both
 *   sequentially consistent: one of the two sees the other.
 */
#include "park/lot.h"

#include "arch/sanitize.h"
#include "park/waiter.h"

enum { BUCKETS = 4096 };

struct parked {
    struct parked *next;  /* same address: behind me; heads: tail is valid */
    struct parked *tail;  /* of a head: the last of its address */
    struct parked *other; /* of a head: the head of the next address in the bucket */
    struct g *g;
    const void *key;
    bool granted; /* a count was handed over */
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

static bool count_take(uint32_t *addr)
{
    uint32_t n = load_relaxed(addr);

    while (n > 0)
        if (cas(addr, &n, n - 1))
            return true;
    return false;
}

void lot_acquire(uint32_t *addr, bool lifo, enum wait_reason reason, const void *object)
{
    struct g *g = g_self();
    struct bucket *b = bucket_of(addr);
    struct parked w = {.g = g, .key = addr};

    if (count_take(addr))
        return;
    for (;;) {
        spin_lock(&b->lock, LEAT__RANK_LOT);
        __atomic_add_fetch(&b->waiters, 1, __ATOMIC_SEQ_CST);
        if (count_take(addr)) {
            __atomic_sub_fetch(&b->waiters, 1, __ATOMIC_RELAXED);
            spin_unlock(&b->lock, LEAT__RANK_LOT);
            return;
        }
        store_relaxed(&g->status, G_WAITING);
        parked_add(b, &w, lifo);
        spin_unlock(&b->lock, LEAT__RANK_LOT);
        sched_park(g, reason, (void *)(uintptr_t)object);
        san_acquire(&g->u.wait.edge);
        if (w.granted || count_take(addr))
            return;
    }
}

void lot_release(uint32_t *addr, bool handoff)
{
    struct bucket *b = bucket_of(addr);

    fetch_add(addr, 1);
    if (load_seq(&b->waiters) == 0)
        return;
    spin_lock(&b->lock, LEAT__RANK_LOT);
    struct parked *w = parked_take(b, addr);
    struct g *g = w ? w->g : NULL;
    if (w && handoff && count_take(addr))
        w->granted = true;
    spin_unlock(&b->lock, LEAT__RANK_LOT);
    if (!g)
        return;
    san_release(&g->u.wait.edge);
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

int lot_wake_all(const void *key)
{
    struct bucket *b = bucket_of(key);
    struct parked *first = NULL, *last = NULL, *w;
    int n = 0;

    spin_lock(&b->lock, LEAT__RANK_LOT);
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
