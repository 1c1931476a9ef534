/* SPDX-License-Identifier: MIT */
/*
 * map.c - a concurrent hash map: readers without locks, a lock per shard for writers.
 *
 * PICTURE   hash -> [ shard | ... | slot ]     shard: lock, changes, table -> slots, probed in line
 *
 * INVARIANTS
 *   H1  a slot with hash 0 is free; between a key's home slot and its own no slot is free, so a
 *       probe ends at the first free one. Deleting moves the followers up (no tombstones).
 *   H2  at most three quarters of a table's slots are taken.
 *   H3  what a reader without a lock may look at stays memory of the same kind until the map
 *       goes: tables that grew are kept (together smaller than the last), and the blocks of
 *       copied keys are used again for keys of their class only.
 *   H4  `changes` is odd while slots are filled, emptied or moved, and after that another one.
 *
 * READING  A seqlock: read `changes`, probe, read it again. Before bytes are compared it is read
 *   once more: then pointer and size belong together, and the block holds at least that many
 *   bytes (H3), whatever they say by now. A reader that fails READ_TRIES_MAP times, or compares
 *   by the user's functions, whose keys may be freed by who deletes them, takes the lock.
 *   A value alone is replaced by one store, without a change of slots.
 * WRITING  A mutex, not a spin lock: tables are allocated and the user's `equal` called under it.
 *
 * ORDERING  The value is stored with release and read before an acquire fence. For TSan a write
 *   releases and a read acquires at an address that depends on the hash alone: keys are ordered
 *   with themselves, and by accident with one in EDGES others.
 *
 * REJECTED  Go's hash trie: its nodes need a collector. Epochs to free memory under readers: a
 *   store and a fence per read, where the seqlock writes nothing at all. Tombstones: a map in
 *   which keys come and go would grow, or need copying again and again.
 *
 * PROOF  tests/golike/map_test.c, src/sync/map_inside_test.c.
 */
#include "sync/map.h"

#include <string.h>

#include "arch/sanitize.h"
#include "os/mem.h"
#include "sched/sched.h"

enum { READ_TRIES_MAP = 8, FIRST_SLOTS = 8, EDGES = 1024, MIN_SHARDS = 8, MAX_SHARDS = 256 };

static uint64_t map_edges[EDGES];

void map_edge_release(uint64_t hash)
{
    san_release(&map_edges[hash % EDGES]);
}

void map_edge_acquire(uint64_t hash)
{
    san_acquire(&map_edges[hash % EDGES]);
}

void *map_alloc(size_t size)
{
    return leat__need(leat__alloc(size), "room in a leat_map");
}

/* ---- keys ---- */

leat_key leat__key_uint(uint64_t u)
{
    return (leat_key){u, KEY_WORD};
}

leat_key leat__key_int(int64_t i)
{
    return leat__key_uint((uint64_t)i);
}

leat_key leat__key_same(leat_key key)
{
    return key;
}

leat_key leat_key_pointer(const void *p)
{
    return (leat_key){(uintptr_t)p, KEY_POINTER};
}

leat_key leat_key_bytes(const void *p, size_t size)
{
    return (leat_key){(uintptr_t)p, (uint64_t)size << KEY_KIND_BITS | KEY_BYTES};
}

leat_key leat_key_string(const char *text)
{
    return leat_key_bytes(text, strlen(text));
}

int64_t leat_key_to_int(leat_key key)
{
    return (int64_t)key.leat__word;
}

const void *leat_key_to_pointer(leat_key key)
{
    return (const void *)(uintptr_t)key.leat__word;
}

/* The high bits of a product depend on all of x; in the middle of the second, so do the low. */
static inline uint64_t mix(uint64_t x)
{
    x *= UINT64_C(0x9E3779B97F4A7C15);
    return (x ^ x >> 32) * UINT64_C(0xD6E8FEB86659FD93);
}

static uint64_t hash_bytes(const char *p, size_t size, uint64_t h)
{
    uint64_t word;

    for (h ^= size; size >= 8; size -= 8, p += 8) {
        memcpy(&word, p, 8);
        h = mix(h ^ word);
    }
    word = 0;
    memcpy(&word, p, size);
    return mix(h ^ word);
}

static uint64_t hash_other(const leat_map *m, uint64_t seed, leat_key k)
{
    if (key_is_bytes(k))
        return hash_bytes(leat_key_to_pointer(k), key_size(k), seed);
    return mix((m->hash ? m->hash(leat_key_to_pointer(k)) : k.leat__word) ^ seed);
}

static inline uint64_t hash_of(const leat_map *m, uint64_t seed, leat_key k)
{
    bool word = k.leat__kind == KEY_WORD;
    uint64_t h = likely(word) ? mix(k.leat__word ^ seed) : hash_other(m, seed, k);

    return h ? h : 1;
}

static inline bool compared_by_functions(const leat_map *m, leat_key k)
{
    return k.leat__kind == KEY_POINTER && m->equal;
}

/* Lock held. */
static bool same_key(const leat_map *m, leat_key a, leat_key b)
{
    if (a.leat__kind != b.leat__kind)
        return false;
    if (a.leat__word == b.leat__word)
        return true;
    if (key_is_bytes(a))
        return memcmp(leat_key_to_pointer(a), leat_key_to_pointer(b), key_size(a)) == 0;
    return compared_by_functions(m, a) &&
           m->equal(leat_key_to_pointer(a), leat_key_to_pointer(b));
}

/* ---- the inside ---- */

static struct map_inside *inside_make(void)
{
    uint32_t n = MIN_SHARDS, wanted = 4 * (uint32_t)load_relaxed(&sched.procs);

    while (n < wanted && n < MAX_SHARDS)
        n *= 2;
    size_t size = sizeof(struct map_inside) + n * sizeof(struct map_shard);
    struct map_inside *in = leat__need(leat__alloc_aligned(size, _Alignof(struct map_inside)),
                                       "the inside of a leat_map");
    in->seed = mix((uint64_t)sched_now() ^ (uintptr_t)in);
    in->shard_mask = n - 1;
    return in;
}

LEAT__COLD static struct map_inside *inside_install(leat_map *m)
{
    void *none = NULL;

    m_self(); /* the runtime runs: it knows how many procs there are */
    struct map_inside *in = inside_make();
    if (cas(&m->leat__inside, &none, (void *)in))
        return in;
    leat__free(in);
    return none;
}

static inline struct map_inside *inside_of(leat_map *m)
{
    struct map_inside *in = load_acquire(&m->leat__inside);

    return likely(in != NULL) ? in : inside_install(m);
}

struct map_shard *map_shard_of(struct map_inside *in, uint64_t hash)
{
    return &in->shards[hash >> 48 & in->shard_mask];
}

/* ---- changing slots, under the lock ---- */

static void change_begin(struct map_shard *s)
{
    store_relaxed(&s->changes, s->changes + 1);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static void change_end(struct map_shard *s)
{
    store_release(&s->changes, s->changes + 1);
}

static void slot_set(struct map_slot *to, const struct map_slot *from)
{
    store_relaxed(&to->key.leat__word, from->key.leat__word);
    store_relaxed(&to->key.leat__kind, from->key.leat__kind);
    store_release(&to->value, from->value);
    store_relaxed(&to->hash, from->hash);
}

static struct map_slot *find_slot(const leat_map *m, struct map_shard *s, uint64_t hash,
                                  leat_key k)
{
    struct map_table *t = s->table;

    if (!t)
        return NULL;
    for (uint64_t i = hash;; i++) {
        struct map_slot *slot = &t->slots[i & t->mask];
        if (slot->hash == 0)
            return NULL;
        if (slot->hash == hash && same_key(m, slot->key, k))
            return slot;
    }
}

static void fill_free_slot(struct map_table *t, const struct map_slot *with)
{
    uint64_t i = with->hash & t->mask;

    while (t->slots[i].hash)
        i = (i + 1) & t->mask;
    slot_set(&t->slots[i], with);
}

/* Room for one more (H2). Readers stay in the old table or come to the new one; both are whole. */
static void make_room(struct map_shard *s)
{
    struct map_table *old = s->table;
    uint64_t slots = old ? old->mask + 1 : 0;

    if (s->count + 1 <= slots - slots / 4)
        return;
    slots = slots ? 2 * slots : FIRST_SLOTS;
    struct map_table *t = map_alloc(sizeof *t + slots * sizeof t->slots[0]);
    t->mask = slots - 1;
    t->older = old;
    for (uint64_t i = 0; old && i <= old->mask; i++)
        if (old->slots[i].hash)
            fill_free_slot(t, &old->slots[i]);
    store_release(&s->table, t);
}

static unsigned class_of(size_t size)
{
    return size <= 16 ? 4 : 64 - (unsigned)__builtin_clzll(size - 1);
}

/* The key as it stands in the map: bytes in a block of ours. */
/* A reader may look at a block while it is written to, and finds out by the shard's version. TSan
 * intercepts memcpy and memcmp and would call that a race. */
static void bytes_copy(char *to, const char *from, size_t n)
{
    if (likely(!leat__san_thread)) {
        memcpy(to, from, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        ((volatile char *)to)[i] = from[i];
}

static bool bytes_equal(const char *a, const char *b, size_t n)
{
    if (likely(!leat__san_thread))
        return memcmp(a, b, n) == 0;
    for (size_t i = 0; i < n; i++)
        if (((const volatile char *)a)[i] != b[i])
            return false;
    return true;
}

static leat_key key_keep(struct map_shard *s, leat_key k)
{
    if (!key_is_bytes(k))
        return k;
    unsigned c = class_of(key_size(k));
    if (!s->free_blocks)
        s->free_blocks = map_alloc(KEY_CLASSES * sizeof(struct key_block *));
    struct key_block *b = s->free_blocks[c];
    if (b) {
        s->free_blocks[c] = b->free;
    } else {
        b = map_alloc(sizeof *b + ((size_t)1 << c));
        b->all = s->blocks;
        s->blocks = b;
    }
    bytes_copy(b->bytes, leat_key_to_pointer(k), key_size(k));
    return (leat_key){(uintptr_t)b->bytes, k.leat__kind};
}

static void key_drop(struct map_shard *s, leat_key k)
{
    if (!key_is_bytes(k))
        return;
    struct key_block *b = container_of((char *)(uintptr_t)k.leat__word, struct key_block,
                                       bytes);
    unsigned c = class_of(key_size(k));
    b->free = s->free_blocks[c];
    s->free_blocks[c] = b;
}

static void insert(struct map_shard *s, uint64_t hash, leat_key k, void *value)
{
    make_room(s);
    change_begin(s); /* before a block that a reader may still look at is written to */
    struct map_slot new = {hash, key_keep(s, k), value};
    fill_free_slot(s->table, &new);
    change_end(s);
    s->count++;
}

/* Move up whom the gap would cut off from its home (H1). */
static void remove_slot(struct map_shard *s, struct map_slot *slot)
{
    struct map_table *t = s->table;
    uint64_t gap = (uint64_t)(slot - t->slots);

    key_drop(s, slot->key);
    change_begin(s);
    for (uint64_t i = (gap + 1) & t->mask; t->slots[i].hash; i = (i + 1) & t->mask) {
        uint64_t home = t->slots[i].hash & t->mask;
        if (((i - home) & t->mask) < ((i - gap) & t->mask))
            continue;
        slot_set(&t->slots[gap], &t->slots[i]);
        gap = i;
    }
    store_relaxed(&t->slots[gap].hash, 0);
    change_end(s);
    s->count--;
}

void map_shard_clear(struct map_shard *s)
{
    struct map_table *t = s->table;

    change_begin(s);
    for (uint64_t i = 0; t && i <= t->mask; i++) {
        if (t->slots[i].hash)
            key_drop(s, t->slots[i].key);
        store_relaxed(&t->slots[i].hash, 0);
    }
    change_end(s);
    s->count = 0;
}

/* ---- reading without the lock ---- */

enum look { LOOK_HIT, LOOK_MISS, LOOK_TORN };

static inline bool is_changed(const struct map_shard *s, uint32_t before)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return load_relaxed(&s->changes) != before;
}

/* The words of the key apart: as a struct it would go through memory on the way. In line, for
 * of a kind that is known little is left. */
static inline __attribute__((always_inline)) enum look look_once(struct map_shard *s,
                                                                 uint64_t hash, uint64_t word,
                                                                 uint64_t kind, void **value)
{
    uint32_t before = load_acquire(&s->changes);
    struct map_table *t = load_acquire(&s->table);
    enum look result = LOOK_MISS;

    if (before % 2)
        return LOOK_TORN;
    for (uint64_t i = hash, n = 0; t && n <= t->mask; i++, n++) {
        struct map_slot *slot = &t->slots[i & t->mask];
        uint64_t h = load_relaxed(&slot->hash);
        if (h == 0)
            break;
        if (h != hash || load_relaxed(&slot->key.leat__kind) != kind)
            continue;
        uint64_t at = load_relaxed(&slot->key.leat__word);
        if ((kind & KEY_KIND_MASK) == KEY_BYTES) {
            if (is_changed(s, before))
                return LOOK_TORN;
            if (!bytes_equal((const char *)(uintptr_t)at, (const char *)(uintptr_t)word,
                             (size_t)(kind >> KEY_KIND_BITS)))
                continue;
        } else if (at != word) {
            continue;
        }
        *value = load_acquire(&slot->value);
        result = LOOK_HIT;
        break;
    }
    return is_changed(s, before) ? LOOK_TORN : result;
}

static bool look_locked(leat_map *m, struct map_shard *s, uint64_t hash, leat_key k,
                        void **value)
{
    leat_mutex_lock(&s->lock);
    struct map_slot *slot = find_slot(m, s, hash, k);
    if (slot)
        *value = slot->value;
    leat_mutex_unlock(&s->lock);
    return slot != NULL;
}

/* Keys that are no words, and words after a first look that was torn. */
static __attribute__((noinline)) bool look_long(leat_map *m, struct map_shard *s, uint64_t hash,
                                                leat_key k, void **value)
{
    for (int i = 0; i < READ_TRIES_MAP && !compared_by_functions(m, k); i++) {
        enum look look = look_once(s, hash, k.leat__word, k.leat__kind, value);
        if (likely(look != LOOK_TORN))
            return look == LOOK_HIT;
        cpu_relax();
    }
    return look_locked(m, s, hash, k, value);
}

static inline bool look_up(leat_map *m, struct map_inside *in, uint64_t hash, leat_key k,
                           void **value)
{
    struct map_shard *s = map_shard_of(in, hash);
    enum look look = LOOK_TORN;
    void *found = NULL;

    if (likely(k.leat__kind == KEY_WORD))
        look = look_once(s, hash, k.leat__word, KEY_WORD, &found);
    bool hit = look == LOOK_HIT;
    if (unlikely(look == LOOK_TORN))
        hit = look_long(m, s, hash, k, &found);
    map_edge_acquire(hash);
    if (hit && value)
        *value = found;
    return hit;
}

bool leat__map_load(leat_map *m, leat_key k, void **value)
{
    struct map_inside *in = inside_of(m);

    return look_up(m, in, hash_of(m, in->seed, k), k, value);
}

/* ---- writing ---- */

/* Where a writer works: the shard, locked, and the key's slot, NULL: it is not there. */
struct map_place {
    struct map_shard *shard;
    struct map_slot *slot;
    uint64_t hash;
};

static struct map_place place_lock_at(leat_map *m, struct map_inside *in, uint64_t hash,
                                      leat_key k)
{
    struct map_place p = {.shard = map_shard_of(in, hash), .hash = hash};

    leat_mutex_lock(&p.shard->lock);
    p.slot = find_slot(m, p.shard, p.hash, k);
    map_edge_acquire(p.hash);
    return p;
}

static struct map_place place_lock(leat_map *m, leat_key k)
{
    struct map_inside *in = inside_of(m);

    return place_lock_at(m, in, hash_of(m, in->seed, k), k);
}

static void place_set(const struct map_place *p, leat_key k, void *value)
{
    map_edge_release(p->hash);
    if (p->slot)
        store_release(&p->slot->value, value);
    else
        insert(p->shard, p->hash, k, value);
}

static void place_delete(const struct map_place *p)
{
    map_edge_release(p->hash);
    remove_slot(p->shard, p->slot);
}

bool leat__map_swap(leat_map *m, leat_key k, void *value, void **previous)
{
    struct map_place p = place_lock(m, k);

    if (p.slot && previous)
        *previous = p.slot->value;
    place_set(&p, k, value);
    leat_mutex_unlock(&p.shard->lock);
    return p.slot != NULL;
}

bool leat__map_load_or_store(leat_map *m, leat_key k, void *value, void **actual)
{
    struct map_inside *in = inside_of(m);
    uint64_t hash = hash_of(m, in->seed, k);

    if (look_up(m, in, hash, k, actual))
        return true;
    struct map_place p = place_lock_at(m, in, hash, k);
    if (actual)
        *actual = p.slot ? p.slot->value : value;
    if (!p.slot)
        place_set(&p, k, value);
    leat_mutex_unlock(&p.shard->lock);
    return p.slot != NULL;
}

bool leat__map_load_and_delete(leat_map *m, leat_key k, void **value)
{
    struct map_inside *in = inside_of(m);
    uint64_t hash = hash_of(m, in->seed, k);

    if (!look_up(m, in, hash, k, NULL))
        return false;
    struct map_place p = place_lock_at(m, in, hash, k);
    if (p.slot) {
        if (value)
            *value = p.slot->value;
        place_delete(&p);
    }
    leat_mutex_unlock(&p.shard->lock);
    return p.slot != NULL;
}

bool leat__map_cas(leat_map *m, leat_key k, const void *old, void *value)
{
    struct map_place p = place_lock(m, k);
    bool same = p.slot && p.slot->value == old;

    if (same)
        place_set(&p, k, value);
    leat_mutex_unlock(&p.shard->lock);
    return same;
}

bool leat__map_compare_and_delete(leat_map *m, leat_key k, const void *old)
{
    struct map_place p = place_lock(m, k);
    bool same = p.slot && p.slot->value == old;

    if (same)
        place_delete(&p);
    leat_mutex_unlock(&p.shard->lock);
    return same;
}
