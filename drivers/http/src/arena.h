/* SPDX-License-Identifier: MIT */
/* arena.h - memory of one request: taken piece by piece, given back all at once. */
#ifndef LEAT_HTTP_ARENA_H
#define LEAT_HTTP_ARENA_H

#include <stddef.h>

enum { ARENA_INLINE = 1024 };

/* The first kilobyte lies in the owner, so that most requests never see the heap. The zero value
 * is empty. */
struct arena {
    size_t used;
    struct arena_block *blocks; /* what did not fit */
    _Alignas(16) char first[ARENA_INLINE];
};

/* Aligned to 16 bytes; NULL without memory. */
void *http__arena_take(struct arena *a, size_t len);

/* A copy with a NUL behind it. */
char *http__arena_copy(struct arena *a, const char *s, size_t len);

/* Gives back all that was taken; the arena is as new. */
void http__arena_reset(struct arena *a);

#endif
