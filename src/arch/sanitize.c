/* SPDX-License-Identifier: MIT */
/* sanitize.c - see sanitize.h. Built without -fsanitize=thread, like the whole runtime. */
#include "arch/sanitize.h"

#include <stdio.h>

#include "base/fatal.h"

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>
#define WITH_VALGRIND 1
#endif
#endif
#ifndef WITH_VALGRIND
#define WITH_VALGRIND 0
#endif

#define WEAK __attribute__((weak))

/* The sanitizers' own interface; declared here because their headers differ in name and place. */
WEAK void *__tsan_create_fiber(unsigned flags);
WEAK void __tsan_destroy_fiber(void *fiber);
WEAK void __tsan_switch_to_fiber(void *fiber, unsigned flags);
WEAK void *__tsan_get_current_fiber(void);
WEAK void __tsan_set_fiber_name(void *fiber, const char *name);
WEAK void __tsan_acquire(void *addr);
WEAK void __tsan_release(void *addr);
WEAK void __tsan_read_range(void *addr, long size);
WEAK void __tsan_write_range(void *addr, long size);
WEAK void __tsan_atomic32_store(volatile void *addr, uint32_t v, int order);
WEAK void __tsan_func_entry(void *call_pc);
WEAK void __tsan_func_exit(void *ignored);
WEAK void AnnotateIgnoreWritesBegin(const char *file, int line);
WEAK void AnnotateIgnoreWritesEnd(const char *file, int line);
WEAK void __sanitizer_start_switch_fiber(void **fake, const void *bottom, size_t size);
WEAK void __sanitizer_finish_switch_fiber(void *fake, const void **bottom, size_t *size);
WEAK void __asan_init(void);
WEAK void __asan_unpoison_memory_region(const volatile void *addr, size_t size);
WEAK void __lsan_register_root_region(const void *p, size_t size);
WEAK void __lsan_ignore_object(const void *p);
WEAK void __lsan_unregister_root_region(const void *p, size_t size);
WEAK void __msan_unpoison(const volatile void *p, size_t size);

enum { NO_SYNC = 1, ORDER_RELEASE = 3 };

bool leat__san_address;
bool leat__san_thread;

void leat__san_init(void)
{
    leat__san_thread = __tsan_create_fiber != NULL;
    leat__san_address = __asan_init != NULL && __sanitizer_start_switch_fiber != NULL;
}

void leat__san_acquire(void *addr)
{
    __tsan_acquire(addr);
}

void leat__san_release(void *addr)
{
    __tsan_release(addr);
}

/* A release store replaces the clock at the address; a plain release would join the old one.
 * The word's value is kept. */
void leat__san_reset(void *addr)
{
    uint32_t *word = addr;

    if (__tsan_atomic32_store)
        __tsan_atomic32_store(word, load_relaxed(word), ORDER_RELEASE);
    else
        __tsan_release(addr);
}

void leat__san_ignore_begin(void)
{
    if (AnnotateIgnoreWritesBegin)
        AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

void leat__san_ignore_end(void)
{
    if (AnnotateIgnoreWritesEnd)
        AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
}

void leat__san_read(const void *p, size_t size)
{
    if (__tsan_read_range && p && size)
        __tsan_read_range((void *)(uintptr_t)p, (long)size);
}

void leat__san_write(void *p, size_t size)
{
    if (__tsan_write_range && p && size)
        __tsan_write_range(p, (long)size);
}

void *leat__san_fiber_make(uint64_t id, const char *name, void *spawner)
{
    char text[64];

    if (!leat__san_thread)
        return NULL;
    /* The runtime is not instrumented, so TSan's shadow stack ends above the spawning function. */
    if (spawner && __tsan_func_entry)
        __tsan_func_entry(spawner);
    void *fiber = __tsan_create_fiber(0);
    if (spawner && __tsan_func_entry)
        __tsan_func_exit(NULL);
    if (name)
        snprintf(text, sizeof(text), "goroutine %llu %s", (unsigned long long)id, name);
    else
        snprintf(text, sizeof(text), "goroutine %llu", (unsigned long long)id);
    __tsan_set_fiber_name(fiber, text);
    return fiber;
}

void leat__san_forget(const void *p)
{
    if (__lsan_ignore_object)
        __lsan_ignore_object(p);
}

void leat__san_thread_stack(void *lo, void *hi)
{
#if WITH_VALGRIND
    if (lo)
        VALGRIND_STACK_REGISTER(lo, hi);
#else
    (void)lo;
    (void)hi;
#endif
}

void leat__san_root(void *p, size_t size)
{
    if (__lsan_register_root_region)
        __lsan_register_root_region(p, size);
}

void leat__san_fiber_free(void *fiber)
{
    if (fiber)
        __tsan_destroy_fiber(fiber);
}

void *leat__san_fiber_self(void)
{
    return leat__san_thread ? __tsan_get_current_fiber() : NULL;
}

void leat__san_leave(struct san_stack *from, void *to_fiber, const void *to_lo, size_t to_size,
                     bool from_ends)
{
    if (leat__san_address)
        __sanitizer_start_switch_fiber(from_ends ? NULL : &from->fake, to_lo, to_size);
    if (leat__san_thread && to_fiber)
        __tsan_switch_to_fiber(to_fiber, NO_SYNC);
}

void leat__san_arrive(struct san_stack *self, const void **from_lo, size_t *from_size)
{
    if (leat__san_address)
        __sanitizer_finish_switch_fiber(self->fake, from_lo, from_size);
}

void leat__san_stack_new(struct san_stack *s, void *lo, void *hi)
{
#if WITH_VALGRIND
    s->valgrind_id = VALGRIND_STACK_REGISTER(lo, hi);
#endif
    if (__lsan_register_root_region)
        __lsan_register_root_region(lo, (size_t)((char *)hi - (char *)lo));
    s->fake = NULL;
}

void leat__san_stack_gone(struct san_stack *s, void *lo, void *hi)
{
#if WITH_VALGRIND
    VALGRIND_STACK_DEREGISTER(s->valgrind_id);
#else
    (void)s;
#endif
    if (__lsan_unregister_root_region)
        __lsan_unregister_root_region(lo, (size_t)((char *)hi - (char *)lo));
}

void leat__san_stack_reuse(void *lo, void *hi)
{
    size_t size = (size_t)((char *)hi - (char *)lo);

    if (leat__san_address && __asan_unpoison_memory_region)
        __asan_unpoison_memory_region(lo, size);
    if (__msan_unpoison)
        __msan_unpoison(lo, size);
#if WITH_VALGRIND
    if (RUNNING_ON_VALGRIND)
        VALGRIND_MAKE_MEM_UNDEFINED(lo, size);
#endif
}
