/* SPDX-License-Identifier: MIT */
/*
 * Twins of the benchmarks of Go's own tests of Map, under their names, and a mix of loads, stores
 * and deletes. Goroutines go through the keys from places of their own, as Go's do.
 */
#include "go_twins.h"

enum {
    MAP_MOSTLY = 1023,
    MAP_EVEN = 128,
    MAP_MIX_KEYS = 1024,
    MAP_MIX = 16, /* operations, of which one stores and one deletes */
};

typedef struct map_keys {
    leat_map map;
    long hits, misses; /* keys below hits are there, the others not */
    long part;         /* operations of a goroutine */
    int started;       /* atomic */
} map_keys;

static void *map_value(long i)
{
    return (void *)(uintptr_t)(i + 1);
}

/* The first key of the next goroutine. */
static long map_begin(map_keys *k)
{
    return k->part * __atomic_fetch_add(&k->started, 1, __ATOMIC_RELAXED);
}

static void map_load_some(map_keys *k, long n)
{
    long all = k->hits + k->misses, found = 0, wanted = 0;
    for (long first = map_begin(k), i = first; i < first + n; i++) {
        void *value;
        found += leat_map_load(&k->map, i % all, &value);
        wanted += i % all < k->hits;
    }
    BENCH_CHECK(found == wanted);
}

static void map_load_or_store_some(map_keys *k, long n)
{
    long all = k->hits + k->misses;
    for (long first = map_begin(k), i = first; i < first + n; i++) {
        void *value;
        long key = i % all < k->hits ? i % all : i + all; /* a new one, which nobody else has */
        bool loaded = leat_map_load_or_store(&k->map, key, map_value(i), &value);
        BENCH_CHECK(loaded == (key < k->hits));
    }
}

static void map_load_and_delete_some(map_keys *k, long n)
{
    long all = k->hits + k->misses;
    for (long first = map_begin(k), i = first; i < first + n; i++) {
        void *value;
        leat_map_load_and_delete(&k->map, i % all < k->hits ? i % all : i + all, &value);
    }
}

static void map_mix(map_keys *k, long n)
{
    uint64_t state = (uint64_t)map_begin(k) + 1;
    for (long i = 0; i < n; i++) {
        long key = (long)(bench_random(&state) % MAP_MIX_KEYS);
        void *value;
        if (i % MAP_MIX == 0)
            leat_map_store(&k->map, key, map_value(key));
        else if (i % MAP_MIX == MAP_MIX / 2)
            leat_map_delete(&k->map, key);
        else if (leat_map_load(&k->map, key, &value))
            BENCH_CHECK(value == map_value(key));
    }
}

static void map_row(const char *row, long hits, long misses, void (*body)(map_keys *, long),
                    long n)
{
    map_keys k = {.hits = hits, .misses = misses, .part = n / leat_procs(0)};
    for (long i = 0; i < hits; i++)
        leat_map_store(&k.map, i, map_value(i));
    int64_t start = bench_now();
    TWIN_PARALLEL(n, body, &k);
    bench_report_since(row, start, n);
    leat_map_free(&k.map);
}

void bench_go_map(void)
{
    long n = bench_count(20000000);
    map_row("go/MapLoadMostlyHits", MAP_MOSTLY, 1, map_load_some, n);
    map_row("go/MapLoadMostlyMisses", 1, MAP_MOSTLY, map_load_some, n);
    map_row("go/MapLoadOrStoreBalanced", MAP_EVEN, MAP_EVEN, map_load_or_store_some, n / 10);
    map_row("go/MapLoadAndDeleteBalanced", MAP_EVEN, MAP_EVEN, map_load_and_delete_some, n);
    map_row("go/MapMixed", MAP_MIX_KEYS, 0, map_mix, n / 2);
}
