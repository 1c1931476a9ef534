/* SPDX-License-Identifier: MIT */
/*
 * Walking call frames by call frame information, in a process that may be falling apart.
 *
 * PICTURE     registers --module.c--> whose code --cfi.h--> row of rules --step--> registers of
 *             the caller, and so on, until a function says that nobody called it (undefined
 *             return address: a goroutine's entry, _start, clone), or nothing is known.
 *
 * INVARIANTS  1. No allocation, no lock, no stdio, errno kept: leat__unwind() may run in any
 *                signal handler at any instruction of the program, on any number of threads.
 *             2. No load outside [lo, hi), none of unreadable memory (peek.c).
 *             3. The walk moves up the stack or ends: a frame at the old place with the old pc,
 *                or below it, is a damaged or circular chain. Only the frame under a signal
 *                handler may be anywhere: handlers may have a stack of their own.
 *             4. About 5 KiB of stack: less than a quarter of the smallest signal stack in use.
 *
 * WHICH ROW   A return address is the instruction after the call; when the call was the last
 *             instruction (noreturn), that is in another function. So a caller is looked up at
 *             address - 1. The first frame, and one that a signal interrupted, stand at their
 *             own address. A parked goroutine's first pc is where it will go on, and the
 *             registers are those it will have there: it is exact too.
 *
 * SIGNALS     The trampoline under a handler is known by its two instructions, and the kernel's
 *             frame is read. Its CFI is not asked: musl and qemu-user have none, and address - 1
 *             would find the function before it; older AArch64 kernels have one that names the
 *             interrupted link register instead of the pc.
 *
 * A BAD CALL  When an exact pc is in nobody's code, somebody called through a bad pointer: the
 *             return address is still where the call put it, and the walk goes on from there.
 *
 * REJECTED    _Unwind_Backtrace: dl_iterate_phdr's lock on older systems, no start from given
 *             registers, no bounds, and it calls abort() on rules it does not like.
 *             Frame pointers: distributions build without them, and a false chain looks true.
 *
 * PROOF       unwind_test.c.
 */
#define _GNU_SOURCE 1
#include "debug/unwind.h"

#include "debug/cfi.h"
#include "debug/module.h"
#include "debug/peek.h"

#include <stddef.h>
#include <ucontext.h>

struct unwind_walk {
    struct leat__regs regs;
    struct leat__peek peek;
    bool exact; /* regs.pc was interrupted or saved, not called from */
};

/* Where the kernel's frame has the ucontext, and how much of it is read. */
#if defined(__x86_64__)
static const uint8_t unwind_sigreturn[] = {/* mov $15, %rax; syscall */
                                           0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
enum { LEAT_SIGNAL_UCONTEXT = 0, LEAT_SIGNAL_READ = offsetof(ucontext_t, uc_mcontext.fpregs) };
#elif defined(__aarch64__)
static const uint8_t unwind_sigreturn[] = {/* mov x8, #139; svc #0 */
                                           0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4};
enum {
    LEAT_SIGNAL_UCONTEXT = 128, /* after the siginfo */
    LEAT_SIGNAL_READ = offsetof(ucontext_t, uc_mcontext.pstate)
};
#else
static const uint8_t unwind_sigreturn[] = {0};
enum { LEAT_SIGNAL_UCONTEXT = 0, LEAT_SIGNAL_READ = 0 };
#endif

__attribute__((no_sanitize("address"))) void leat__regs_from_ucontext(struct leat__regs *regs,
                                                                      const void *ucontext)
{
    const ucontext_t *context = ucontext;

#if defined(__x86_64__)
    static const uint8_t greg[16] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                     REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                     REG_R12, REG_R13, REG_R14, REG_R15};

    for (int i = 0; i < 16; i++)
        regs->r[i] = (uintptr_t)context->uc_mcontext.gregs[greg[i]];
    regs->pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    regs->sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    for (int i = 0; i < 31; i++)
        regs->r[i] = context->uc_mcontext.regs[i];
    regs->pc = context->uc_mcontext.pc;
    regs->sp = context->uc_mcontext.sp;
    regs->r[LEAT_REG_SP] = regs->sp;
#else
    (void)context;
    regs->pc = 0;
    regs->sp = 0;
#endif
}

/* Takes the authentication code out of a return address; a no-op before ARMv8.3. */
static uintptr_t unwind_strip(uintptr_t address)
{
#if defined(__aarch64__)
    register uintptr_t x30 __asm__("x30") = address;

    __asm__("hint #7" : "+r"(x30)); /* xpaclri, by a name that old assemblers know */
    return x30;
#else
    return address;
#endif
}

static bool unwind_load(struct unwind_walk *walk, uintptr_t at, uintptr_t *value)
{
    uint64_t word;

    if (!leat__peek_load(&walk->peek, at, sizeof(*value), &word))
        return false;
    *value = (uintptr_t)word;
    return true;
}

/* The value that a register had in the caller; false when it cannot be told. */
static bool unwind_rule(struct unwind_walk *walk, const struct leat__cfi_rule *rule,
                        uintptr_t cfa, uintptr_t same, uintptr_t *value)
{
    uintptr_t at;

    switch (rule->kind) {
    case LEAT_CFI_SAME:
        *value = same;
        return true;
    case LEAT_CFI_OFFSET:
        return unwind_load(walk, cfa + (uintptr_t)rule->value, value);
    case LEAT_CFI_VAL_OFFSET:
        *value = cfa + (uintptr_t)rule->value;
        return true;
    case LEAT_CFI_REGISTER:
        if ((uint64_t)rule->value >= LEAT_REGS)
            return false;
        *value = walk->regs.r[rule->value];
        return true;
    case LEAT_CFI_EXPRESSION:
        return leat__cfi_evaluate(rule, &walk->regs, &walk->peek, &cfa, &at) &&
               unwind_load(walk, at, value);
    case LEAT_CFI_VAL_EXPRESSION:
        return leat__cfi_evaluate(rule, &walk->regs, &walk->peek, &cfa, value);
    default: /* LEAT_CFI_UNDEFINED */
        return false;
    }
}

static bool unwind_cfa(struct unwind_walk *walk, const struct leat__cfi_row *row,
                       uintptr_t *cfa)
{
    if (row->cfa.kind == LEAT_CFI_VAL_EXPRESSION)
        return leat__cfi_evaluate(&row->cfa, &walk->regs, &walk->peek, NULL, cfa);
    if (row->cfa.kind != LEAT_CFI_REGISTER || (uint64_t)row->cfa.value >= LEAT_REGS)
        return false;
    *cfa = walk->regs.r[row->cfa.value] + (uintptr_t)row->cfa_offset;
    return true;
}

static bool unwind_by_row(struct unwind_walk *walk, const struct leat__fde *fde,
                          const struct leat__cfi_row *row)
{
    struct leat__regs caller = {0};
    uintptr_t cfa, pc;

    if (fde->ra_register >= LEAT_REGS || !unwind_cfa(walk, row, &cfa) ||
        !unwind_rule(walk, &row->reg[fde->ra_register], cfa, walk->regs.r[fde->ra_register],
                     &pc))
        return false;
    for (unsigned i = 0; i < LEAT_REGS; i++) {
        /* An unreadable slot only spoils its register; who needs that will stop there. */
        if (!unwind_rule(walk, &row->reg[i], cfa, walk->regs.r[i], &caller.r[i]))
            caller.r[i] = 0;
    }
    if (row->reg[LEAT_REG_SP].kind == LEAT_CFI_SAME)
        caller.r[LEAT_REG_SP] = cfa;
    caller.sp = caller.r[LEAT_REG_SP];
    caller.pc = row->ra_signed ? unwind_strip(pc) : pc;
    walk->regs = caller;
    walk->exact = fde->signal_frame;
    return true;
}

static bool unwind_by_trampoline(struct unwind_walk *walk)
{
    uintptr_t at = walk->regs.sp + LEAT_SIGNAL_UCONTEXT;

    if (!leat__peek_equal(&walk->peek, walk->regs.pc, unwind_sigreturn,
                          sizeof(unwind_sigreturn)) ||
        at % 8 != 0 || !leat__peek_inside(&walk->peek, at, LEAT_SIGNAL_READ))
        return false;
    leat__regs_from_ucontext(&walk->regs, (const void *)at);
    walk->exact = true;
    return true;
}

static bool unwind_by_cfi(struct unwind_walk *walk)
{
    uintptr_t lookup = walk->exact ? walk->regs.pc : walk->regs.pc - 1;
    struct leat__cfi_row row;
    struct leat__module module;
    struct leat__fde fde;

    return leat__module_find(lookup, &module) &&
           leat__fde_find(&walk->peek, &module, lookup, &fde) &&
           leat__cfi_row_at(&fde, lookup, &row) && unwind_by_row(walk, &fde, &row);
}

/* Undoes the call instruction that led to where no code is. */
static bool unwind_bad_call(struct unwind_walk *walk)
{
    struct leat__module module;
    uintptr_t pc = walk->regs.r[LEAT_REG_RA];

    if (leat__module_find(walk->regs.pc, &module))
        return false;
#if defined(__x86_64__)
    if (!unwind_load(walk, walk->regs.sp, &pc))
        return false;
    walk->regs.sp += 8;
    walk->regs.r[LEAT_REG_SP] = walk->regs.sp;
#endif
    pc = unwind_strip(pc);
    if (!leat__module_find(pc - 1, &module))
        return false;
    walk->regs.pc = pc;
    walk->exact = false;
    return true;
}

static bool unwind_step(struct unwind_walk *walk)
{
    if (unwind_by_trampoline(walk) || unwind_by_cfi(walk))
        return true;
    return walk->exact && unwind_bad_call(walk);
}

int leat__unwind(const struct leat__regs *from, uintptr_t lo, uintptr_t hi, uintptr_t *pcs,
                 int max)
{
    struct unwind_walk walk = {.regs = *from, .peek = {.lo = lo, .hi = hi}, .exact = true};
    int count = 0;

    walk.regs.r[LEAT_REG_SP] = from->sp;
    while (count < max) {
        uintptr_t pc = walk.regs.pc;
        uintptr_t sp = walk.regs.sp;

        pcs[count++] = pc;
        if (!unwind_step(&walk))
            break;
        if (!walk.exact && (walk.regs.pc == 0 || walk.regs.sp < sp ||
                            (walk.regs.sp == sp && walk.regs.pc == pc)))
            break;
    }
    return count;
}
