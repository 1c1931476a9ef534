/* SPDX-License-Identifier: MIT */
/*
 * stack.h - goroutine stacks: slabs of slots, guards, recycling.
 *
 * PICTURE   one slot of a slab, low address left:
 *     [ guard 64 KiB | usable, touched from the right ........ | colour | struct stack ]
 *                     lo                                        hi       record
 *   A slab is 256 slots of 256 KiB. Only touched pages cost memory: a parked goroutine costs one.
 *   The record sits in the top page, which every use touches anyway. Tops are staggered
 *   ("coloured"), because tops a power of two apart share cache sets.
 *
 * INVARIANTS
 *   K1  a slot is in exactly one of: a goroutine, a proc's cache, its slab's free list.
 *   K2  the guard of a slot is installed before the slot is used first, and stays.
 *   K3  lo <= every byte user code may touch < hi <= record.
 *
 * PROTOCOL  A proc keeps up to LEAT__STACK_CACHE free stacks, last in first out and warm; it
 *   exchanges half of them with the depot under one lock. sysmon gives whole free slabs back to
 *   the system by one MADV_DONTNEED each, one second after they became free: trimming per exit
 *   would cost 1.5 us and a page fault.
 *
 * GUARDS  Chosen by trying, per process: MADV_GUARD_INSTALL (Linux >= 6.13; no mapping is split,
 *   0.5 us), else mprotect, for as many stacks as a quarter of vm.max_map_count: each such guard
 *   costs two mappings, and the application needs some too; else none: then the stack pointer is
 *   compared at every switch and a canary word at lo is checked. LEAT_DEBUG=guard=madvise,
 *   mprotect or none forces a mode. 64 KiB, so that an array on the stack does not jump it;
 *   build with -fstack-clash-protection.
 *
 * REJECTED  2 and 4 KiB stacks: one ordinary signal frame is 3.4 KiB with AVX-512. Growing by
 *   copying: C has pointers into stacks. One map per stack: 1.4 us and a mapping each.
 *
 * PROOF  stack_test.c, tests/death/overflow_test.c, tests/stress/guard_test.c.
 */
#ifndef LEAT_STACK_STACK_H
#define LEAT_STACK_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/sanitize.h"
#include "base/config.h"

struct stack_slab;

struct stack {
    char *lo; /* lowest usable byte */
    char *hi; /* one past the highest; 16-aligned, where the first frame begins */
    struct stack_slab *slab; /* NULL: a mapping of its own, or a thread's stack */
    struct stack *next;      /* owner: the cache or free list it is on */
    struct san_stack san;
};

/* A proc's cache; owner only. */
struct stack_cache {
    struct stack *free[LEAT__STACK_CACHE];
    int n;
};

/* A stack with at least `size` usable bytes (0: the default); NULL when memory is out. */
struct stack *stack_get(struct stack_cache *cache, size_t size);
void stack_put(struct stack_cache *cache, struct stack *s);
void stack_flush(struct stack_cache *cache);

/* Give free slabs back to the system; `now` decides which have rested long enough. Returns
 * whether any is still waiting for its time. */
bool stack_decay(int64_t now);

/* Is the address in a guard of ours? Fills the slot's usable size. Legal in a signal handler. */
bool stack_guard_hit(const void *addr, size_t *usable);

/* The same for a stack that may be of unusual size. */
bool stack_own_guard_hit(const struct stack *s, const void *addr, size_t *usable);

/* Unguarded stacks: did the stack run over? */
bool stack_overrun(const struct stack *s, const void *sp);
extern bool leat__stack_unguarded LEAT__OURS;

void stack_fork_begin(void); /* hold the depot over a fork */
void stack_fork_end(void);
const char *stack_guard_mode(void);
size_t stack_in_use(void);
const char *stack_check(void);

#endif
