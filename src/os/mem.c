/* SPDX-License-Identifier: MIT */
/*
 * mem.c - see mem.h. TSan intercepts the heap's functions even when the runtime calls them; who
 * wrote the runtime's own memory last is nobody's race, so their writes are ignored.
 */
#include "os/mem.h"

#include <stdlib.h>
#include <string.h>

#include "arch/sanitize.h"
#include "base/fatal.h"

void *leat__alloc(size_t size)
{
    leat__san_ignore_begin();
    void *p = calloc(1, size);
    leat__san_ignore_end();
    return p;
}

void *leat__alloc_aligned(size_t size, size_t align)
{
    size_t rounded = (size + align - 1) & ~(align - 1);

    leat__san_ignore_begin();
    void *p = aligned_alloc(align, rounded);
    if (p)
        memset(p, 0, rounded);
    leat__san_ignore_end();
    return p;
}

void leat__no_memory(const char *what)
{
    leat__throw("out of memory: cannot allocate %s; raise the memory limit (ulimit -v, "
                "RLIMIT_AS, the cgroup)",
                what);
}

void leat__free(void *p)
{
    leat__san_ignore_begin();
    free(p);
    leat__san_ignore_end();
}
