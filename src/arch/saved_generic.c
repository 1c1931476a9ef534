/* SPDX-License-Identifier: MIT */
/*
 * saved_generic.c - reading the context leat__switch leaves (switch_generic.c), for unwinding.
 *
 * Which of its registers is which is known for the machines that the unwinder knows; elsewhere
 * the program counter is 0 and a parked goroutine is shown without its frames.
 */
#include <string.h>
#include <ucontext.h>

#include "arch/arch.h"

/* Of a goroutine that may go on meanwhile, when a program that lives on is dumped. */
__attribute__((no_sanitize("address"))) void leat__read_saved(void *saved_sp,
                                                              struct leat__saved *out)
{
    memset(out, 0, sizeof(*out));
    out->sp = (uintptr_t)saved_sp;
#if defined(__x86_64__)
    static const struct {
        uint8_t dwarf, greg;
    } kept[] = {{3, REG_RBX},  {6, REG_RBP},  {7, REG_RSP}, {12, REG_R12},
                {13, REG_R13}, {14, REG_R14}, {15, REG_R15}};
    const greg_t *gregs = ((const ucontext_t *)saved_sp)->uc_mcontext.gregs;

    for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        out->regs[kept[i].dwarf] = (uintptr_t)gregs[kept[i].greg];
    out->pc = (uintptr_t)gregs[REG_RIP];
    out->sp = (uintptr_t)gregs[REG_RSP];
#elif defined(__aarch64__)
    enum { DWARF_X19 = 19, DWARF_X30 = 30, DWARF_SP = 31 };
    const mcontext_t *mc = &((const ucontext_t *)saved_sp)->uc_mcontext;

    for (int i = DWARF_X19; i <= DWARF_X30; i++)
        out->regs[i] = mc->regs[i];
    out->pc = mc->pc;
    out->sp = mc->sp;
    out->regs[DWARF_SP] = out->sp;
#endif
}
