/* SPDX-License-Identifier: MIT */
/* tls.c - the one thread-local of libleat; see tls.h. */
#include "sched/tls.h"

__thread struct m *leat__tls_m __attribute__((tls_model("initial-exec")));

#if !defined(__x86_64__) && !defined(__aarch64__)
struct m *leat__tls_m_slow(void);

__attribute__((noinline)) struct m *leat__tls_m_slow(void)
{
    __asm__ volatile("" ::: "memory");
    return leat__tls_m;
}
#endif
