/* SPDX-License-Identifier: MIT */
/*
 * arch.h - the machine: capturing a call, starting it later, switching stacks.
 *
 * PICTURE  a stack that is not running holds, from its saved pointer upward,
 *     [ floating-point control ][ callee-saved registers ][ where to continue ]
 *   leat__switch pushes that picture on the stack it leaves and pops the one it enters. A new
 *   stack continues in leat__entry, with the floating-point control a process starts with:
 *   reading the current one costs more than the rest (fnstcw). On x86-64 it has no picture: its
 *   saved pointer is odd, and the switch jumps to the entry, where a ret would be mispredicted.
 *
 * SWITCH  Out of line and alone in its file: the compiler sees a call, so only callee-saved
 *   registers live across it. The floating-point control words (rounding, traps) belong to the
 *   goroutine and are reloaded unconditionally: comparing first measured slower (7.3 against
 *   5.7 ns). It is left by a ret: all goroutines switch from one place (sched_resume, never
 *   inlined), below the same few callers, so the processor's return stack, filled by the one that
 *   left, is right for the one that enters. An indirect jump leaves that stack one entry ahead,
 *   and each of those callers' returns is mispredicted (measured: a yield 22 ns instead of 13).
 *   For the same reason a goroutine's last C code returns (leat__g_end), and leat__jump too is
 *   left by a ret: who continues where its child has ended finds its own callers predicted
 *   (measured: a fork and its join 40 ns instead of 64).
 *
 * CAPTURE  leat_go(f, args) calls leat__capture_stub through a pointer of f's own type, so the
 *   compiler converts and places the arguments as f wants them. The stub stores the argument
 *   registers into the calling thread's spare goroutine record; leat__entry loads them back and
 *   calls f. On x86-64 %al (vector registers used, for variadic functions) is always 8.
 *   Each half of the registers is a cache line of the record, and with many goroutines lines are
 *   what a spawn costs: so there is a stub for calls whose arguments are known to be in integer
 *   registers, a call without arguments needs none, and g->captured tells the entry what to load.
 *   It may say more than there is: registers that f does not look at may hold anything.
 *
 * UNWINDING  Every function here has CFI that is right at each instruction. leat__entry marks
 *   its caller undefined, so gdb, perf and our own unwinder stop there.
 *
 * CET  Entry points carry endbr64 / bti, and the objects say so, or one of them would take indirect
 *   branch tracking from the whole program (tests/compile/landing). The switch does not claim
 *   SHSTK support, so glibc keeps shadow stacks off for the process.
 *
 * REJECTED  setjmp and ucontext: a system call or a mangled pointer on the fast path, and TSan
 *   aborts on longjmp between stacks. ucontext remains as the generic port (switch_generic.c).
 */
#ifndef LEAT_ARCH_ARCH_H
#define LEAT_ARCH_ARCH_H

#include <stdint.h>

#if defined(LEAT_GENERIC)
enum { LEAT__INT_REGS = 6, LEAT__FP_REGS = 8 };
#elif defined(__x86_64__)
enum { LEAT__INT_REGS = 6, LEAT__FP_REGS = 8 };
#elif defined(__aarch64__)
enum { LEAT__INT_REGS = 8, LEAT__FP_REGS = 8 };
#else
enum { LEAT__INT_REGS = 6, LEAT__FP_REGS = 8 };
#endif

/* A captured call. The offsets are known to the assembly files (asserted in sched/sched.h). */
struct leat__args {
    uint64_t ints[8];
    uint64_t fps[8]; /* low halves: doubles, floats, and members of small structs */
};

/* The result registers of a captured call: two integer, two floating. */
struct leat__result {
    uint64_t ints[2];
    uint64_t fps[4]; /* AArch64 returns structs of four floats; scalars use the first */
};

/* Leave this stack, saving its pointer in *save, for the one at `load`; `arg` is what the call
 * returns there (or what a fresh stack's leat__g_begin receives). */
void *leat__switch(void **save, void *load, void *arg);

/* Go to the stack at `load` for good: what is left is not saved. */
__attribute__((noreturn)) void leat__jump(void *load, void *arg);

/* Start leat__entry on the empty stack whose top is `top` (16-aligned); never comes back. */
__attribute__((noreturn)) void leat__restart(void *top, void *arg);

/* End the running goroutine from any depth; its result is LEAT__LEFT. */
#define LEAT__LEFT INT32_MIN
__attribute__((noreturn)) void leat__leave(void);

/* Make an empty stack look left by leat__switch; returns the saved pointer. */
void *leat__prepare(void *top);

/* Call fn with captured arguments on the stack below `sp`, then come back. */
void leat__call_on(void *sp, void (*fn)(void), const struct leat__args *args,
                   struct leat__result *out);

/* The stubs behind leat__capture and leat__blocking_call; called with foreign signatures. */
void leat__capture_stub(void);
#if defined(LEAT_GENERIC) || !(defined(__x86_64__) || defined(__aarch64__))
#define leat__capture_ints_stub leat__capture_stub
#else
void leat__capture_ints_stub(void);
#endif
void leat__blocking_stub(void);

/* What the assembly calls. */
struct leat__start {
    void (*fn)(void);
    const struct leat__args *args;
};
/* First C code on a new stack: `prev` is who was left. Fills what to call. */
void leat__g_begin(void *prev, struct leat__start *start);
/* Last C code of a goroutine. It returns where its thread goes from here, instead of going
 * there: so every call of a goroutine's life has its return, and the processor's own stack of
 * return addresses is right for whoever comes next, often the one that forked it. */
struct leat__next {
    void *sp;  /* a saved stack; NULL: */
    void *top; /* a new goroutine begins on the empty stack with this top, as leat__restart */
};
/* `result` is what the goroutine's function returned, if that is an int. */
struct leat__next leat__g_end(int result);
struct m;
struct m *leat__thread_attach(void); /* this thread's record, made if need be */
void leat__blocking_run(struct leat__result *out);

/* The callee-saved registers of a saved stack, for unwinding; see debug/unwind.h for numbers. */
struct leat__saved {
    uintptr_t pc, sp;
    uintptr_t regs[33]; /* DWARF numbering; only callee-saved entries are meaningful */
};
void leat__read_saved(void *saved_sp, struct leat__saved *out);

/* Offsets the assembly uses. */
#define LEAT__M_SPARE    0
#define LEAT__G_CAPTURED 49
#define LEAT__G_ARGS     128

#endif
