/* SPDX-License-Identifier: MIT */
/* map_inside_test.c - the invariants of a map while it fills, empties and is changed by many. */
#include <leat.h>
#include <stdio.h>

#include "sync/map.h"
#include "t.h"

T_TEST(invariants_hold_while_a_map_fills_and_empties, .procs = {1, 2})
{
    leat_map m = {0};
    int n = (int)t_scale(3000);

    for (int i = 0; i < n; i++) {
        leat_map_store(&m, i, &m);
        if (i % 100 == 0)
            T_STREQ(map_check(&m), NULL);
    }
    for (int i = 0; i < n; i++) {
        leat_map_delete(&m, (i * 7919) % n);
        if (i % 100 == 0)
            T_STREQ(map_check(&m), NULL);
    }
    leat_map_clear(&m);
    T_STREQ(map_check(&m), NULL);
    leat_map_free(&m);
}

static uint64_t inside_memory(const leat_map *m)
{
    const struct map_inside *in = m->leat__inside;
    uint64_t n = 0;

    for (uint32_t i = 0; i <= in->shard_mask; i++) {
        for (const struct map_table *t = in->shards[i].table; t; t = t->older)
            n += t->mask + 1;
        for (const struct key_block *b = in->shards[i].blocks; b; b = b->all)
            n++;
    }
    return n;
}

/* Neither tables nor blocks of keys pile up where keys come and go. */
T_TEST(a_map_in_which_keys_come_and_go_does_not_grow, .procs = {1})
{
    leat_map m = {0};
    char name[32];
    uint64_t before = 0;

    for (int round = 0; round < 20; round++) {
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < 200; i++) {
                snprintf(name, sizeof name, "%d", i);
                if (pass)
                    leat_map_delete(&m, name);
                else
                    leat_map_store(&m, name, &m);
            }
        }
        T_STREQ(map_check(&m), NULL);
        if (round == 0)
            before = inside_memory(&m);
        T_EQ(inside_memory(&m), before);
    }
    leat_map_free(&m);
}
