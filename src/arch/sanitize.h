/* SPDX-License-Identifier: MIT */
/*
 * sanitize.h - the only place that knows ASan, TSan and Valgrind.
 *
 * The hooks are weak references: one libleat serves plain, ASan and TSan programs, and the
 * runtime's own objects are never instrumented for TSan. Therefore every happens-before edge of
 * the memory model is made by hand, by san_acquire and san_release on addresses of our choice;
 * a switch itself makes none (no_sync), else goroutines that merely share a thread would look
 * ordered and their races would stay hidden.
 *
 * A TSan fiber is made where the goroutine is spawned, so that reports show that stack, and
 * destroyed when it has ended; a goroutine that was spawned always runs before it ends, so no
 * fiber is destroyed unused (a crash in libtsan before LLVM 22).
 */
#ifndef LEAT_ARCH_SANITIZE_H
#define LEAT_ARCH_SANITIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"

/* One context: what ASan must know of a stack, Valgrind's handle. Lives in struct stack. */
struct san_stack {
    void *fake;
    unsigned valgrind_id;
};

extern bool leat__san_address LEAT__OURS;
extern bool leat__san_thread LEAT__OURS;

void leat__san_init(void);

void leat__san_acquire(void *addr);
void leat__san_release(void *addr);
void leat__san_reset(void *addr);
void leat__san_read(const void *p, size_t size);
void leat__san_write(void *p, size_t size);

static inline void san_acquire(void *addr)
{
    if (unlikely(leat__san_thread))
        leat__san_acquire(addr);
}

static inline void san_release(void *addr)
{
    if (unlikely(leat__san_thread))
        leat__san_release(addr);
}

/* Forget what earlier owners of a recycled address released there; then release. */
static inline void san_reset(void *addr)
{
    if (unlikely(leat__san_thread))
        leat__san_reset(addr);
}

/* Writes between these, by libraries the runtime calls, are nobody's business. */
void leat__san_ignore_begin(void);
void leat__san_ignore_end(void);

/* The runtime reads or writes user memory on behalf of the running goroutine. */
static inline void san_read(const void *p, size_t size)
{
    if (unlikely(leat__san_thread))
        leat__san_read(p, size);
}

static inline void san_write(void *p, size_t size)
{
    if (unlikely(leat__san_thread))
        leat__san_write(p, size);
}

/* TSan fibers; NULL without TSan. */
/* `spawner`: the address in user code that spawns, for the creation stack of reports. */
void *leat__san_fiber_make(uint64_t id, const char *name, void *spawner);
void leat__san_fiber_free(void *fiber);
void *leat__san_fiber_self(void);

/* Around a switch: leave (last thing on the old stack) and arrive (first thing on the new). */
void leat__san_leave(struct san_stack *from, void *to_fiber, const void *to_lo, size_t to_size,
                     bool from_ends);
void leat__san_arrive(struct san_stack *self, const void **from_lo, size_t *from_size);

/* A stack begins or ends to be one; a recycled one is made clean before its next owner. */
void leat__san_stack_new(struct san_stack *s, void *lo, void *hi);
void leat__san_stack_gone(struct san_stack *s, void *lo, void *hi);
void leat__san_stack_reuse(void *lo, void *hi);
/* A thread's own stack, which we leave and enter: Valgrind must know it. */
void leat__san_thread_stack(void *lo, void *hi);
/* Memory outside the heap that holds pointers into it: LeakSanitizer shall look there. */
void leat__san_root(void *p, size_t size);
/* A heap object that nothing points to any more, on purpose. */
void leat__san_forget(const void *p);

static inline bool san_switching(void)
{
    return unlikely(leat__san_address | leat__san_thread);
}

#endif
