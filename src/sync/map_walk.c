/* SPDX-License-Identifier: MIT */
/*
 * map_walk.c - what goes through a whole map: range, clear, free, the check.
 *
 * RANGE  One shard after the other is copied under its lock, keys and all, and the copy visited
 *   without a lock: so the function may do anything with the map. A key lives in one shard only,
 *   so nobody is visited twice, and who was there all the time is in the copy.
 *
 * PROOF  tests/golike/map_test.c, src/sync/map_inside_test.c.
 */
#include <string.h>

#include "os/mem.h"
#include "sync/map.h"

struct map_copy {
    size_t count, bytes;
    struct map_slot *slots; /* the copied keys stand behind them */
};

static void map_measure(const struct map_shard *s, struct map_copy *c)
{
    c->count = 0;
    c->bytes = 0;
    for (uint64_t i = 0; s->table && i <= s->table->mask; i++) {
        const struct map_slot *slot = &s->table->slots[i];
        c->count += slot->hash != 0;
        if (slot->hash && key_is_bytes(slot->key))
            c->bytes += key_size(slot->key) + 1;
    }
}

static void map_copy_out(const struct map_shard *s, const struct map_copy *c)
{
    struct map_slot *to = c->slots;
    char *bytes = (char *)(c->slots + c->count);

    for (uint64_t i = 0; i <= s->table->mask; i++) {
        if (!s->table->slots[i].hash)
            continue;
        *to = s->table->slots[i];
        if (key_is_bytes(to->key)) {
            size_t size = key_size(to->key);
            memcpy(bytes, leat_key_to_pointer(to->key), size);
            to->key.leat__word = (uintptr_t)bytes;
            bytes += size;
            *bytes++ = '\0'; /* strings end as strings do */
        }
        to++;
    }
}

static struct map_copy shard_copy(struct map_shard *s)
{
    struct map_copy c = {0, 0, NULL};

    leat_mutex_lock(&s->lock);
    map_measure(s, &c);
    if (c.count) {
        c.slots = map_alloc(c.count * sizeof *c.slots + c.bytes);
        map_copy_out(s, &c);
    }
    leat_mutex_unlock(&s->lock);
    return c;
}

static bool shard_visit(struct map_shard *s, bool (*visit)(leat_key, void *, void *), void *arg)
{
    struct map_copy c = shard_copy(s);
    bool more = true;

    for (size_t i = 0; i < c.count && more; i++) {
        map_edge_acquire(c.slots[i].hash);
        more = visit(c.slots[i].key, c.slots[i].value, arg);
    }
    leat__free(c.slots);
    return more;
}

static struct map_inside *inside_if_any(leat_map *m)
{
    return load_acquire(&m->leat__inside);
}

void leat_map_range(leat_map *m, bool (*visit)(leat_key, void *, void *), void *arg)
{
    struct map_inside *in = inside_if_any(m);

    for (uint32_t i = 0; in && i <= in->shard_mask; i++)
        if (!shard_visit(&in->shards[i], visit, arg))
            return;
}

void leat_map_clear(leat_map *m)
{
    struct map_inside *in = inside_if_any(m);

    for (uint32_t i = 0; in && i <= in->shard_mask; i++) {
        struct map_shard *s = &in->shards[i];
        leat_mutex_lock(&s->lock);
        for (uint64_t k = 0; s->table && k <= s->table->mask; k++)
            if (s->table->slots[k].hash)
                map_edge_release(s->table->slots[k].hash);
        map_shard_clear(s);
        leat_mutex_unlock(&s->lock);
    }
}

static void shard_free(struct map_shard *s)
{
    for (struct map_table *t = s->table, *older; t; t = older) {
        older = t->older;
        leat__free(t);
    }
    for (struct key_block *b = s->blocks, *next; b; b = next) {
        next = b->all;
        leat__free(b);
    }
    leat__free(s->free_blocks);
}

void leat_map_free(leat_map *m)
{
    struct map_inside *in = inside_if_any(m);

    for (uint32_t i = 0; in && i <= in->shard_mask; i++)
        shard_free(&in->shards[i]);
    leat__free(in);
    m->leat__inside = NULL;
}

static const char *shard_check(const struct map_inside *in, const struct map_shard *s)
{
    const struct map_table *t = s->table;
    uint64_t n = 0;

    for (uint64_t i = 0; t && i <= t->mask; i++) {
        uint64_t h = t->slots[i].hash;
        if (!h)
            continue;
        n++;
        if (map_shard_of((struct map_inside *)(uintptr_t)in, h) != s)
            return "H1: a key stands in another shard than its own";
        for (uint64_t k = h & t->mask; k != i; k = (k + 1) & t->mask)
            if (!t->slots[k].hash)
                return "H1: a free slot cuts a key off from its home";
    }
    if (n != s->count)
        return "a shard of a map miscounts its keys";
    if (t && n > t->mask + 1 - (t->mask + 1) / 4)
        return "H2: a table is too full";
    return s->changes % 2 ? "H4: a change of slots has not ended" : NULL;
}

const char *map_check(leat_map *m)
{
    struct map_inside *in = inside_if_any(m);
    const char *bad = NULL;

    for (uint32_t i = 0; in && i <= in->shard_mask && !bad; i++) {
        leat_mutex_lock(&in->shards[i].lock);
        bad = shard_check(in, &in->shards[i]);
        leat_mutex_unlock(&in->shards[i].lock);
    }
    return bad;
}
