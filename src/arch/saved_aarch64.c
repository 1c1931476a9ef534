/* SPDX-License-Identifier: MIT */
/* saved_aarch64.c - reading the picture leat__switch leaves (switch_aarch64.S), for unwinding. */
#include <string.h>

#include "arch/arch.h"

enum { DWARF_X19 = 19, DWARF_X30 = 30, DWARF_SP = 31, SAVED_BYTES = 176 };

/* Of a goroutine that may go on meanwhile, when a program that lives on is dumped. */
__attribute__((no_sanitize("address"))) void leat__read_saved(void *saved_sp,
                                                              struct leat__saved *out)
{
    const uint64_t *w = saved_sp;

    memset(out, 0, sizeof(*out));
    for (int i = 0; i < 12; i++)
        out->regs[DWARF_X19 + i] = w[i];
    out->pc = out->regs[DWARF_X30];
    out->sp = (uintptr_t)saved_sp + SAVED_BYTES;
    out->regs[DWARF_SP] = out->sp;
}
