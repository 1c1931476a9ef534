/* SPDX-License-Identifier: MIT */
/* map.h - the inside of a concurrent map, for map.c, map_walk.c and tests; map.c has the essay. */
#ifndef LEAT_SYNC_MAP_H
#define LEAT_SYNC_MAP_H

#include <leat/map.h>
#include <leat/mutex.h>

#include "base/util.h"

enum key_kind {
    KEY_WORD,    /* an integer, or a pointer compared by address */
    KEY_BYTES,   /* the word points to them, the size stands above the kind */
    KEY_POINTER, /* compared by the map's functions, if it has them */
    KEY_KIND_BITS = 2,
    KEY_KIND_MASK = 3,
    KEY_CLASSES = 40, /* powers of two, of the sizes of copied keys */
};

struct map_slot {
    uint64_t hash; /* 0: free */
    leat_key key;
    void *value;
};

struct map_table {
    uint64_t mask;
    struct map_table *older; /* retired, but readers may be in it */
    struct map_slot slots[];
};

/* Where the bytes of a key stand; for ever a block of its class, until the map goes. */
struct key_block {
    struct key_block *all, *free;
    char bytes[];
};

struct map_shard {
    leat_mutex lock;
    uint32_t changes; /* lock to change: odd while slots move */
    struct map_table *table;
    uint64_t count;                 /* lock */
    struct key_block *blocks;       /* lock: all of them */
    struct key_block **free_blocks; /* lock: by class; NULL before the first */
} LEAT__LINE;

struct map_inside {
    uint64_t seed;
    uint32_t shard_mask;
    struct map_shard shards[];
};

struct map_shard *map_shard_of(struct map_inside *in, uint64_t hash);
void map_edge_release(uint64_t hash);
void map_edge_acquire(uint64_t hash);
void *map_alloc(size_t size); /* zeroed; fatal when there is none */
/* Lock held: the keys go, the memory stays. */
void map_shard_clear(struct map_shard *s);
const char *map_check(leat_map *m); /* NULL: its invariants hold */

static inline bool key_is_bytes(leat_key k)
{
    return (k.leat__kind & KEY_KIND_MASK) == KEY_BYTES;
}

static inline size_t key_size(leat_key k)
{
    return (size_t)(k.leat__kind >> KEY_KIND_BITS);
}

#endif
