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
 * EARLY LEAVERS  A waiter with a limit has to be won (limit.h): a releaser that takes it off the
 *   queue and loses it to the canceller or the clock goes on to the next, and if there is none
 *   leaves the count, all under the one lock. So a grant reaches somebody who takes it, or stays
 *   at the address. The leaver unlinks itself under the same lock, unless a releaser has done
 *   so: O(1), but for the head of its address, which the bucket's list has to be searched for.
 */
#include "park/lot.h"

#include "park/waiter.h"

enum { BUCKETS = 4096 };

struct parked {
    struct parked *next;  /* same address: behind me; heads: tail is valid */
    struct parked *prev;  /* same address: before me; NULL: I am the head */
    struct parked *tail;  /* of a head: the last of its address */
    struct parked *other; /* of a head: the head of the next address in the bucket */
    struct g *g;
    const void *key;
    bool limited; /* must be won */
    bool queued;
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
    w->prev = NULL;
    w->queued = true;
    if (!head) {
        w->tail = w;
        w->other = NULL;
        *at = w;
    } else if (front) {
        w->next = head;
        head->prev = w;
        w->tail = head->tail;
        w->other = head->other;
        *at = w;
    } else {
        head->tail->next = w;
        w->prev = head->tail;
        head->tail = w;
    }
    __atomic_add_fetch(&b->waiters, 1, __ATOMIC_RELAXED);
}

/* `at` is where w's address hangs in the bucket. */
static void parked_remove(struct bucket *b, struct parked **at, struct parked *w)
{
    struct parked *head = *at;

    if (w->next)
        w->next->prev = w->prev;
    else
        head->tail = w->prev;
    if (w->prev) {
        w->prev->next = w->next;
    } else if (w->next) {
        w->next->tail = w->tail;
        w->next->other = w->other;
        *at = w->next;
    } else {
        *at = w->other;
    }
    w->queued = false;
    __atomic_sub_fetch(&b->waiters, 1, __ATOMIC_RELAXED);
}

/* The first that can be won; those that cannot are on their way out by themselves. */
static struct parked *parked_take(struct bucket *b, const void *key)
{
    struct parked **at = find_head(b, key);
    struct parked *w;

    while ((w = *at) && w->key == key) {
        uint32_t none = 0;
        parked_remove(b, at, w);
        if (!w->limited || cas(&w->g->u.wait.fired, &none, 1))
            return w;
    }
    return NULL;
}

/* Lock held; dropped. Stand in the queue and wait; 0: woken. */
static int wait_here(struct bucket *b, struct parked *w, bool front, enum wait_reason reason,
                     const void *object, const struct limit *l)
{
    struct g *g = w->g;

    w->limited = l && !limit_is_none(l);
    if (w->limited)
        limit_begin(g);
    else
        store_relaxed(&g->status, G_WAITING);
    parked_add(b, w, front);
    spin_unlock(&b->lock, LEAT__RANK_LOT);
    if (w->limited)
        return limit_park(g, reason, (void *)(uintptr_t)object, l);
    sched_park(g, reason, (void *)(uintptr_t)object);
    return 0;
}

/* After an error. */
static void leave(struct bucket *b, struct parked *w, void (*left)(void *arg), void *arg)
{
    spin_lock(&b->lock, LEAT__RANK_LOT);
    if (w->queued) {
        parked_remove(b, find_head(b, w->key), w);
        if (left)
            left(arg);
    }
    spin_unlock(&b->lock, LEAT__RANK_LOT);
}

int lot_acquire_limit(uint32_t *addr, bool lifo, enum wait_reason reason, const void *object,
                      const struct limit *l)
{
    struct bucket *b = bucket_of(addr);
    struct parked w = {.g = g_self(), .key = addr};

    spin_lock(&b->lock, LEAT__RANK_LOT);
    if (*addr > 0) {
        *addr -= 1;
        spin_unlock(&b->lock, LEAT__RANK_LOT);
        return 0;
    }
    int err = wait_here(b, &w, lifo, reason, object, l);
    if (unlikely(err))
        leave(b, &w, NULL, NULL);
    return err;
}

void lot_acquire(uint32_t *addr, bool lifo, enum wait_reason reason, const void *object)
{
    lot_acquire_limit(addr, lifo, reason, object, NULL);
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

int lot_park_limit(const void *key, bool (*valid)(void *), void *arg, enum wait_reason reason,
                   const struct limit *l, void (*left)(void *arg))
{
    struct bucket *b = bucket_of(key);
    struct parked w = {.g = g_self(), .key = key};

    spin_lock(&b->lock, LEAT__RANK_LOT);
    if (!valid(arg)) {
        spin_unlock(&b->lock, LEAT__RANK_LOT);
        return 0;
    }
    int err = wait_here(b, &w, false, reason, key, l);
    if (unlikely(err))
        leave(b, &w, left, arg);
    return err;
}

void lot_park(const void *key, bool (*valid)(void *), void *arg, enum wait_reason reason)
{
    lot_park_limit(key, valid, arg, reason, NULL, NULL);
}

/* ---- waking several ---- */

struct woken {
    struct parked *first, *last;
};

static void woken_add(struct woken *list, struct parked *w)
{
    w->next = NULL;
    if (list->last)
        list->last->next = w;
    else
        list->first = w;
    list->last = w;
}

static int wake_list(const struct woken *list)
{
    struct parked *w = list->first;
    int n = 0;

    for (struct parked *next; w; w = next, n++) {
        next = w->next; /* w is gone once its goroutine runs */
        sched_ready(w->g);
    }
    return n;
}

void lot_release_many(uint32_t *addr, uint32_t n)
{
    struct bucket *b = bucket_of(addr);
    struct woken list = {NULL, NULL};
    struct parked *w;

    spin_lock(&b->lock, LEAT__RANK_LOT);
    for (; n > 0 && (w = parked_take(b, addr)); n--)
        woken_add(&list, w);
    if (n > 0)
        *addr += n;
    spin_unlock(&b->lock, LEAT__RANK_LOT);
    wake_list(&list);
}

int lot_wake_one(const void *key)
{
    struct bucket *b = bucket_of(key);

    spin_lock(&b->lock, LEAT__RANK_LOT);
    struct parked *w = parked_take(b, key);
    struct g *g = w ? w->g : NULL;
    spin_unlock(&b->lock, LEAT__RANK_LOT);
    if (g)
        sched_ready(g);
    return g != NULL;
}

int lot_wake_all(const void *key, bool (*commit)(void *), void *arg)
{
    struct bucket *b = bucket_of(key);
    struct woken list = {NULL, NULL};
    struct parked *w;

    spin_lock(&b->lock, LEAT__RANK_LOT);
    if (!commit(arg)) {
        spin_unlock(&b->lock, LEAT__RANK_LOT);
        return -1;
    }
    while ((w = parked_take(b, key)))
        woken_add(&list, w);
    spin_unlock(&b->lock, LEAT__RANK_LOT);
    return wake_list(&list);
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
