/* SPDX-License-Identifier: MIT */
/*
 * tls.h - the runtime's one thread-local word: this thread's record.
 *
 * A goroutine continues on other threads, and compilers may keep the address of a thread-local
 * across a call that switches. So the word is read by volatile assembly only, each time anew,
 * and a value read before a switch is never used after it (runtime rule 3). The initial-exec
 * model makes the read two instructions in the shared library too. The generic port reads it in
 * a function that no compiler sees into.
 */
#ifndef LEAT_SCHED_TLS_H
#define LEAT_SCHED_TLS_H

struct m;

extern __thread struct m *leat__tls_m
    __attribute__((visibility("hidden"), tls_model("initial-exec")));

#if defined(LEAT_GENERIC)
struct m *leat__tls_read(void);
#endif

static inline struct m *tls_m(void)
{
    struct m *m;

#if defined(LEAT_GENERIC)
    m = leat__tls_read();
#elif defined(__x86_64__)
    __asm__ volatile("movq leat__tls_m@gottpoff(%%rip), %0\n\tmovq %%fs:(%0), %0"
                     : "=r"(m)
                     :
                     : "memory");
#elif defined(__aarch64__)
    void *tp;
    __asm__ volatile("mrs %1, tpidr_el0\n\t"
                     "adrp %0, :gottprel:leat__tls_m\n\t"
                     "ldr %0, [%0, :gottprel_lo12:leat__tls_m]\n\t"
                     "ldr %0, [%1, %0]"
                     : "=&r"(m), "=&r"(tp)
                     :
                     : "memory");
#endif
    return m;
}

#endif
