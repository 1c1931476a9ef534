/* SPDX-License-Identifier: MIT */
/* Maps, pools, barriers, latches and values computed once. */
#include <leat/sync.h>

struct point {
    int x, y;
};
enum colour { RED, GREEN };
typedef leat_once_value(struct point *) origin_value;

static leat_map places;
static leat_pool pool = {.arg = &places};
static leat_barrier step = LEAT_BARRIER(4);
static leat_latch ready = LEAT_LATCH(2);
static origin_value origin;

static struct point *find_origin(int x)
{
    static struct point p;
    p.x = x;
    return &p;
}

static bool visit(leat_key key, void *value, void *arg)
{
    return leat_key_to_pointer(key) != value || leat_key_to_int(key) == *(int *)arg;
}

int use_maps(struct point *p, const char *name, char *text, uint8_t byte, const void *any);

int use_maps(struct point *p, const char *name, char *text, uint8_t byte, const void *any)
{
    void *v = NULL;
    int n = 0;

    leat_map_store(&places, name, p);
    leat_map_store(&places, text, p);
    leat_map_store(&places, "literal", p);
    leat_map_store(&places, GREEN, p);
    leat_map_store(&places, byte, p);
    leat_map_store(&places, 1L << 40, p);
    leat_map_store(&places, any, p);
    leat_map_store(&places, leat_key_bytes(p, sizeof *p), p);
    leat_map_delete(&places, p);
    n += leat_map_load(&places, name, &v) && leat_map_swap(&places, n, p, NULL);
    n += leat_map_load_or_store(&places, leat_key_of(n), p, &v);
    n += leat_map_load_and_delete(&places, leat_key_string(text), &v);
    n += leat_map_cas(&places, name, p, v) + leat_map_compare_and_delete(&places, name, p);
    leat_map_range(&places, visit, &n);
    leat_map_clear(&places);
    leat_map_free(&places);
    leat_pool_put(&pool, leat_pool_get(&pool));
    leat_pool_trim(&pool);
    leat_pool_free(&pool);
    leat_latch_count_down(&ready, 1);
    n += leat_barrier_wait(&step) + leat_barrier_wait_ctx(NULL, &step);
    n += leat_latch_wait_until(&ready, 0) + leat_latch_is_open(&ready);
    return n + leat_once_get(&origin, find_origin, n)->x;
}
