/* SPDX-License-Identifier: MIT */
/*
 * arena.c - a bump allocator whose first block lies in its owner; each piece that does not fit
 * there is a block of its own, since it is the rare long value.
 *
 * PROOF url_test.c
 */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    _Alignas(16) char data[];
};

void *http__arena_take(struct arena *a, size_t len)
{
    size_t need = (len + 15) & ~(size_t)15;
    struct arena_block *block;

    if (need >= len && need <= ARENA_INLINE - a->used) {
        void *piece = a->first + a->used;

        a->used += need;
        return piece;
    }
    if (len > PTRDIFF_MAX - sizeof *block)
        return NULL;
    block = malloc(sizeof *block + len);
    if (!block)
        return NULL;
    block->next = a->blocks;
    a->blocks = block;
    return block->data;
}

char *http__arena_copy(struct arena *a, const char *s, size_t len)
{
    char *copy = http__arena_take(a, len + 1);

    if (copy) {
        memcpy(copy, s, len);
        copy[len] = '\0';
    }
    return copy;
}

void http__arena_reset(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *block = a->blocks;

        a->blocks = block->next;
        free(block);
    }
    a->used = 0;
}
