/* SPDX-License-Identifier: MIT */
/* mem.c - see mem.h. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void *leat__alloc(size_t size)
{
    return calloc(1, size);
}

void *leat__alloc_aligned(size_t size, size_t align)
{
    size_t rounded = (size + align - 1) & ~(align - 1);
    void *p = aligned_alloc(align, rounded);

    if (p)
        memset(p, 0, rounded);
    return p;
}

void leat__free(void *p)
{
    free(p);
}
