/* SPDX-License-Identifier: MIT */
/*
 * mem.h - the heap, as the runtime uses it: for objects users make (channels, names, records of
 * threads), never on a path that must work when memory is gone. LEAT_DEBUG=failmmap does not
 * reach it; tests interpose malloc.
 */
#ifndef LEAT_OS_MEM_H
#define LEAT_OS_MEM_H

#include <stddef.h>

void *leat__alloc(size_t size);                       /* zeroed; NULL when there is none */
void *leat__alloc_aligned(size_t size, size_t align); /* zeroed; align a power of two */
void leat__free(void *p);

#endif
