/* SPDX-License-Identifier: MIT */
/* saved_x86_64.c - reading the picture leat__switch leaves (switch_x86_64.S), for unwinding. */
#include <string.h>

#include "arch/arch.h"

void leat__entry(void); /* switch_x86_64.S */

enum { DWARF_RBX = 3, DWARF_RBP = 6, DWARF_RSP = 7, DWARF_R12 = 12 };

/* Of a goroutine that may go on meanwhile, when a program that lives on is dumped. */
__attribute__((no_sanitize("address"))) void leat__read_saved(void *saved_sp,
                                                              struct leat__saved *out)
{
    const uint64_t *w = saved_sp;

    memset(out, 0, sizeof(*out));
    if ((uintptr_t)saved_sp & 1) { /* an empty stack: its top + 1 */
        out->pc = (uintptr_t)leat__entry;
        out->sp = out->regs[DWARF_RSP] = (uintptr_t)saved_sp - 1;
        return;
    }
    for (int i = 0; i < 4; i++)
        out->regs[DWARF_R12 + 3 - i] = w[1 + i]; /* r15 r14 r13 r12 */
    out->regs[DWARF_RBX] = w[5];
    out->regs[DWARF_RBP] = w[6];
    out->pc = w[7];
    out->sp = (uintptr_t)(w + 8);
    out->regs[DWARF_RSP] = out->sp;
}
