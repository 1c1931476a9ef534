/* SPDX-License-Identifier: MIT */
/* Reading memory that may not be there. The reasons are in peek.c. */
#ifndef LEAT_DEBUG_PEEK_H
#define LEAT_DEBUG_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEAT_PEEK_PAGES = 8 };

/* One walk's view of memory; lives on the walker's stack, so it needs no guard. */
struct leat__peek {
    uintptr_t lo;                    /* words are read only inside [lo, hi) */
    uintptr_t hi;                    /* 0: anywhere that is mapped */
    uintptr_t page[LEAT_PEEK_PAGES]; /* pages found readable, by number; 0 is none */
};

/* All size bytes from `at` can be loaded now. Ignores [lo, hi). */
bool leat__peek_ok(struct leat__peek *peek, uintptr_t at, size_t size);

/* Both in [lo, hi) and readable. */
bool leat__peek_inside(struct leat__peek *peek, uintptr_t at, size_t size);

/* Loads size (1 to 8) little-endian bytes, checked as leat__peek_inside(). */
bool leat__peek_load(struct leat__peek *peek, uintptr_t at, unsigned size, uint64_t *value);

/* Are these bytes there? Checked as leat__peek_ok(). */
bool leat__peek_equal(struct leat__peek *peek, uintptr_t at, const uint8_t *bytes, size_t size);

#endif
