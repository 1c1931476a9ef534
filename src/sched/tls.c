/* SPDX-License-Identifier: MIT */
/* tls.c - the one thread-local of libleat; see tls.h. */
#include "sched/tls.h"

__thread struct m *leat__tls_m __attribute__((tls_model("initial-exec")));

#if defined(LEAT_GENERIC)
__attribute__((noinline)) struct m *leat__tls_read(void)
{
    __asm__ volatile("" ::: "memory"); /* nor proves it free of effects, and calls it once */
    return leat__tls_m;
}
#endif
