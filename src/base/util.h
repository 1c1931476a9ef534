/* SPDX-License-Identifier: MIT */
/* util.h - the few words every room uses. */
#ifndef LEAT_BASE_UTIL_H
#define LEAT_BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)                       __builtin_expect(!!(x), 1)
#define unlikely(x)                     __builtin_expect(!!(x), 0)
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define array_len(a)                    (sizeof(a) / sizeof((a)[0]))
#define LEAT__COLD                      __attribute__((cold, noinline))
/* For variables that hot code reads: not through the table of what other libraries may replace. */
#define LEAT__OURS __attribute__((visibility("hidden")))
#define LEAT__LINE __attribute__((aligned(64)))

/* Orders are spelled at each use; the short names keep the lines readable. */
#define load_relaxed(p)     __atomic_load_n(p, __ATOMIC_RELAXED)
#define load_acquire(p)     __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define load_seq(p)         __atomic_load_n(p, __ATOMIC_SEQ_CST)
#define store_relaxed(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define store_seq(p, v)     __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define fetch_add(p, v)     __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define fetch_sub(p, v)     __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST)
#define fetch_or(p, v)      __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define fetch_and(p, v)     __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)
#define exchange(p, v)      __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define cas(p, old, new) \
    __atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
#define fence_seq() __atomic_thread_fence(__ATOMIC_SEQ_CST)

static inline void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#else
    __asm__ volatile("" ::: "memory");
#endif
}

static inline void prefetch(const void *p)
{
    __builtin_prefetch(p, 1);
}

#endif
