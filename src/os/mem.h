/* SPDX-License-Identifier: MIT */
/*
 * mem.h - the heap, as the runtime uses it: for objects users make (channels, names, records of
 * threads), never on a path that must work when memory is gone. LEAT_DEBUG=failmmap does not
 * reach it; tests/fault/refuse.h does.
 */
#ifndef LEAT_OS_MEM_H
#define LEAT_OS_MEM_H

#include <stddef.h>

#include "base/util.h"

void *leat__alloc(size_t size);                       /* zeroed; NULL when there is none */
void *leat__alloc_aligned(size_t size, size_t align); /* zeroed; align a power of two */
void leat__free(void *p);

/* The end, by a text that says what could not be had and what to raise. */
__attribute__((noreturn, cold)) void leat__no_memory(const char *what);

static inline void *leat__need(void *p, const char *what)
{
    if (unlikely(!p))
        leat__no_memory(what);
    return p;
}

#endif
