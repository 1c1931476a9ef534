/* SPDX-License-Identifier: MIT */
/*
 * parallel_sort.c - quicksort on all processors, in place.
 *
 * PICTURE   [ < pivot | >= pivot ]   fork the smaller part, go on with the larger
 *
 * INVARIANTS
 *   T1  Forks nest no deeper than log2(n): what is forked is at most half.
 *   T2  n log n comparisons at worst: a part that has been split too often goes to heapsort.
 *   T3  A comparison function that contradicts itself gives a wrong order, never an access
 *       outside the array: each scan has a bound of its own.
 *
 * The splits near the top are serial, n steps of n log n; two processors still come close to
 * twice the speed. Parts below the grain are sorted by one, with insertion at the end. The
 * elements move by code for their size: 4, 8, 16 bytes, or any.
 *
 * A context is looked at before each split and each part that one sorts: elements are only ever
 * swapped, so whatever is left out, they are all there.
 *
 * REJECTED  Merge sort: stable, but it needs the array's memory twice and moves each element
 *   log n times through it. Parallel partition: pays from many more processors on.
 *
 * PROOF tests/api/pattern_parallel_test.c
 */
#include <leat/pattern/parallel.h>

#include <leat/context.h>
#include <leat/sync.h>

#include <string.h>

#include "base/util.h"

typedef int (*cmp_fn)(const void *a, const void *b);
typedef void (*sort_fn)(char *base, size_t n, size_t size, cmp_fn cmp, int splits);

enum {
    INSERTION = 12,        /* parts of so many are sorted by insertion */
    NINTHER = 128,         /* from so many on the pivot is a median of nine */
    SMALLEST_GRAIN = 2048, /* elements: below, a fork costs more than it gains */
};

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS void swap_words(char *a, char *b, size_t size)
{
    uint64_t x, y;

    for (; size >= 8; size -= 8, a += 8, b += 8) {
        memcpy(&x, a, 8);
        memcpy(&y, b, 8);
        memcpy(a, &y, 8);
        memcpy(b, &x, 8);
    }
    for (; size > 0; size--, a++, b++) {
        char c = *a;
        *a = *b;
        *b = c;
    }
}

ALWAYS void swap_elems(char *a, char *b, size_t size)
{
    uint32_t x, y;

    if (size != 4) {
        swap_words(a, b, size);
        return;
    }
    memcpy(&x, a, 4);
    memcpy(&y, b, 4);
    memcpy(a, &y, 4);
    memcpy(b, &x, 4);
}

ALWAYS char *median(char *a, char *b, char *c, cmp_fn cmp)
{
    if (cmp(a, b) < 0)
        return cmp(b, c) < 0 ? b : cmp(a, c) < 0 ? c : a;
    return cmp(a, c) < 0 ? a : cmp(b, c) < 0 ? c : b;
}

ALWAYS char *pivot_of(char *base, size_t n, size_t size, cmp_fn cmp)
{
    size_t step = n / 8 * size;
    char *middle = base + n / 2 * size, *last = base + (n - 1) * size;

    if (n < NINTHER)
        return median(base, middle, last, cmp);
    return median(median(base, base + step, base + 2 * step, cmp),
                  median(middle - step, middle, middle + step, cmp),
                  median(last - 2 * step, last - step, last, cmp), cmp);
}

/* Split around a pivot, which ends where the result says: smaller ones before it, larger after.
 * Both scans stop at equal ones, so that an array of nothing else is split in halves. */
ALWAYS size_t split(char *base, size_t n, size_t size, cmp_fn cmp)
{
    char *i = base, *j = base + n * size, *end = j;

    swap_elems(base, pivot_of(base, n, size, cmp), size);
    for (;;) {
        do {
            i += size;
        } while (i < end && cmp(i, base) < 0);
        do {
            j -= size;
        } while (j > base && cmp(base, j) < 0);
        if (i >= j)
            break;
        swap_elems(i, j, size);
    }
    swap_elems(base, j, size);
    return (size_t)(j - base) / size;
}

ALWAYS void insertion_sort(char *base, size_t n, size_t size, cmp_fn cmp)
{
    for (char *i = base + size; i < base + n * size; i += size)
        for (char *j = i; j > base && cmp(j, j - size) < 0; j -= size)
            swap_elems(j, j - size, size);
}

ALWAYS void sift_down(char *base, size_t at, size_t n, size_t size, cmp_fn cmp)
{
    size_t child;

    while ((child = 2 * at + 1) < n) {
        if (child + 1 < n && cmp(base + child * size, base + (child + 1) * size) < 0)
            child++;
        if (cmp(base + at * size, base + child * size) >= 0)
            return;
        swap_elems(base + at * size, base + child * size, size);
        at = child;
    }
}

static void heap_sort(char *base, size_t n, size_t size, cmp_fn cmp)
{
    for (size_t i = n / 2; i > 0; i--)
        sift_down(base, i - 1, n, size, cmp);
    for (size_t i = n; i > 1; i--) {
        swap_elems(base, base + (i - 1) * size, size);
        sift_down(base, 0, i - 1, size, cmp);
    }
}

/* Sorts by one processor; `self` is the function that this is the body of. */
ALWAYS void sort_body(char *base, size_t n, size_t size, cmp_fn cmp, int splits, sort_fn self)
{
    while (n > INSERTION) {
        if (splits-- == 0) {
            heap_sort(base, n, size, cmp);
            return;
        }
        size_t at = split(base, n, size, cmp);
        char *right = base + (at + 1) * size;
        size_t nright = n - at - 1;
        if (at < nright) {
            self(base, at, size, cmp, splits);
            base = right;
            n = nright;
        } else {
            self(right, nright, size, cmp, splits);
            n = at;
        }
    }
    insertion_sort(base, n, size, cmp);
}

static void sort_4(char *base, size_t n, size_t size, cmp_fn cmp, int splits)
{
    (void)size;
    sort_body(base, n, 4, cmp, splits, sort_4);
}

static void sort_8(char *base, size_t n, size_t size, cmp_fn cmp, int splits)
{
    (void)size;
    sort_body(base, n, 8, cmp, splits, sort_8);
}

static void sort_16(char *base, size_t n, size_t size, cmp_fn cmp, int splits)
{
    (void)size;
    sort_body(base, n, 16, cmp, splits, sort_16);
}

static void sort_any(char *base, size_t n, size_t size, cmp_fn cmp, int splits)
{
    sort_body(base, n, size, cmp, splits, sort_any);
}

/* ---- on all processors ---- */

struct sort {
    leat_ctx *ctx;
    int err; /* atomic: why something was left out */
    cmp_fn cmp;
    sort_fn serial;
    size_t size, grain;
    leat_waitgroup wg;
};

static bool sort_goes_on(struct sort *s)
{
    int err = leat_ctx_err(s->ctx);

    if (unlikely(err))
        store_relaxed(&s->err, err);
    return !err;
}

static void sort_range(struct sort *s, char *base, size_t n, int splits)
{
    while (n > s->grain && splits > 0 && sort_goes_on(s)) {
        splits--;
        size_t at = split(base, n, s->size, s->cmp);
        char *right = base + (at + 1) * s->size;
        size_t nright = n - at - 1;
        if (at < nright) {
            leat_waitgroup_fork(&s->wg, sort_range, s, base, at, splits);
            base = right;
            n = nright;
        } else {
            leat_waitgroup_fork(&s->wg, sort_range, s, right, nright, splits);
            n = at;
        }
    }
    if (n > 1 && sort_goes_on(s))
        s->serial(base, n, s->size, s->cmp, splits);
}

static size_t sort_grain(size_t wanted, size_t n)
{
    size_t grain = n / ((size_t)leat_procs(0) * 16);

    if (wanted > 0)
        return wanted;
    return grain > SMALLEST_GRAIN ? grain : SMALLEST_GRAIN;
}

/* Twice the splits that halving would take. */
static int splits_for(size_t n)
{
    int splits = 2;

    for (; n > 1; n /= 2)
        splits += 2;
    return splits;
}

int leat__parallel_sort(leat_ctx *ctx, void *base, size_t n, size_t size, size_t grain,
                        void (*cmp)(void))
{
    struct sort s = {.ctx = ctx,
                     .cmp = (cmp_fn)cmp,
                     .size = size,
                     .grain = sort_grain(grain, n)};

    s.serial = size == 4 ? sort_4 : size == 8 ? sort_8 : size == 16 ? sort_16 : sort_any;
    sort_range(&s, base, n, splits_for(n));
    leat_waitgroup_wait(&s.wg);
    return load_relaxed(&s.err);
}
