/* SPDX-License-Identifier: MIT */
/* Walking call frames without help from the frames' owner. The reasons are in unwind.c. */
#ifndef LEAT_DEBUG_UNWIND_H
#define LEAT_DEBUG_UNWIND_H

#include <stdint.h>

/* Registers by DWARF number: x86-64 has rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 to r15 and
   the return address; AArch64 has x0 to x30 and sp. */
enum {
#if defined(__x86_64__)
    LEAT_REGS = 17,
    LEAT_REG_FP = 6,
    LEAT_REG_SP = 7,
    LEAT_REG_RA = 16
#elif defined(__aarch64__)
    LEAT_REGS = 32,
    LEAT_REG_FP = 29,
    LEAT_REG_SP = 31,
    LEAT_REG_RA = 30
#else
    LEAT_REGS = 33,
    LEAT_REG_FP = 0,
    LEAT_REG_SP = 0,
    LEAT_REG_RA = 0
#endif
};

/* pc and sp speak for themselves; what r has for them is ignored. Registers that a callee need
   not preserve may hold anything: no frame of a caller is found through them. */
struct leat__regs {
    uintptr_t pc;
    uintptr_t sp;
    uintptr_t r[33];
};

/*
 * Fills pcs with from->pc as it is and the return addresses of its callers, at most max, and
 * returns how many. Reads the stack only in [lo, hi), or with hi == 0 wherever memory is
 * readable. Never faults, allocates, locks or changes errno.
 */
int leat__unwind(const struct leat__regs *from, uintptr_t lo, uintptr_t hi, uintptr_t *pcs,
                 int max);

/* The registers that a signal interrupted. */
void leat__regs_from_ucontext(struct leat__regs *regs, const void *ucontext);

/* The caller's own registers, as they are at this very place in it. */
static inline __attribute__((always_inline)) void leat__regs_here(struct leat__regs *regs)
{
#if defined(__x86_64__)
    __asm__ volatile("leaq 0f(%%rip), %%rax\n"
                     "0:\n\t"
                     "movq %%rax, 0(%0)\n\t"
                     "movq %%rsp, 8(%0)\n\t"
                     "movq %%rbx, 16+3*8(%0)\n\t"
                     "movq %%rbp, 16+6*8(%0)\n\t"
                     "movq %%r12, 16+12*8(%0)\n\t"
                     "movq %%r13, 16+13*8(%0)\n\t"
                     "movq %%r14, 16+14*8(%0)\n\t"
                     "movq %%r15, 16+15*8(%0)"
                     :
                     : "r"(regs)
                     : "rax", "memory");
#elif defined(__aarch64__)
    __asm__ volatile("adr x16, 0f\n"
                     "0:\n\t"
                     "mov x17, sp\n\t"
                     "stp x16, x17, [%0]\n\t"
                     "stp x19, x20, [%0, #16+19*8]\n\t"
                     "stp x21, x22, [%0, #16+21*8]\n\t"
                     "stp x23, x24, [%0, #16+23*8]\n\t"
                     "stp x25, x26, [%0, #16+25*8]\n\t"
                     "stp x27, x28, [%0, #16+27*8]\n\t"
                     "stp x29, x30, [%0, #16+29*8]"
                     :
                     : "r"(regs)
                     : "x16", "x17", "memory");
#else
    regs->pc = 0;
    regs->sp = 0;
#endif
}

#endif
