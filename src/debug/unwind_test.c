/* SPDX-License-Identifier: MIT */
/*
 * unwind_test.c - walks are compared with what the walked functions say of themselves: each
 * notes its own return address, which the compiler knows without any unwind table.
 */
#define _GNU_SOURCE 1
#include "debug/cfi.h"
#include "debug/fixture_test.h"
#include "debug/unwind.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { WALK_MAX = 64 };

/* What the last walk found, and the return addresses its callers had noted, innermost first. */
static uintptr_t walked[WALK_MAX];
static int walked_count;
static uintptr_t noted[8];

static __attribute__((noinline)) int walk_here(int result)
{
    struct leat__regs regs = {0};

    noted[0] = (uintptr_t)__builtin_return_address(0);
    leat__regs_here(&regs);
    walked_count = leat__unwind(&regs, 0, 0, walked, WALK_MAX);
    return result;
}

/* Where in the last walk the noted addresses start; they must be there one after another. */
static int walk_has_noted(int count)
{
    for (int at = 0; at + count <= walked_count; at++) {
        if (memcmp(&walked[at], noted, (size_t)count * sizeof(noted[0])) == 0)
            return at;
    }
    return -1;
}

/* Frames of every kind: plain, with a stack of variable size, with many saved registers. */
static const char walk_source[] =
    "#include <stdint.h>\n"
    "#define OUTER __attribute__((noinline))\n"
    "typedef int walk_fn(int);\n"
    "static OUTER int leaf(walk_fn *walk, uintptr_t *noted, int n)\n"
    "{\n"
    "    volatile char pad[n];\n"
    "    pad[0] = (char)n;\n"
    "    noted[1] = (uintptr_t)__builtin_return_address(0);\n"
    "    return walk(n) + pad[0];\n"
    "}\n"
    "OUTER int busy(walk_fn *walk, uintptr_t *noted, int n)\n"
    "{\n"
    "    int a = n * 3, b = n ^ 5, c = n - 7, d = n << 2, e = n | 8;\n"
    "    __asm__ volatile(\"\" : \"+r\"(a), \"+r\"(b), \"+r\"(c), \"+r\"(d), \"+r\"(e));\n"
    "    noted[2] = (uintptr_t)__builtin_return_address(0);\n"
    "    n = leaf(walk, noted, n);\n"
    "    __asm__ volatile(\"\" : \"+r\"(a), \"+r\"(b), \"+r\"(c), \"+r\"(d), \"+r\"(e));\n"
    "    return n + a + b + c + d + e;\n"
    "}\n"
    "static OUTER int aligned(walk_fn *walk, uintptr_t *noted, int n)\n"
    "{\n"
    "    volatile char big[1000] __attribute__((aligned(64)));\n"
    "    big[n] = 1;\n"
    "    noted[3] = (uintptr_t)__builtin_return_address(0);\n"
    "    return busy(walk, noted, n) + big[n];\n"
    "}\n"
    "OUTER int chain(walk_fn *walk, uintptr_t *noted, int n)\n"
    "{\n"
    "    volatile char pad[n + 100];\n"
    "    pad[n] = 2;\n"
    "    noted[4] = (uintptr_t)__builtin_return_address(0);\n"
    "    return aligned(walk, noted, n) + pad[n];\n"
    "}\n"
    "static __attribute__((noinline, noreturn)) void last(walk_fn *walk, uintptr_t *noted)\n"
    "{\n"
    "    noted[1] = (uintptr_t)__builtin_return_address(0);\n"
    "    walk(1);\n"
    "    __builtin_trap();\n"
    "}\n"
    "OUTER int never(walk_fn *walk, uintptr_t *noted)\n"
    "{\n"
    "    noted[2] = (uintptr_t)__builtin_return_address(0);\n"
    "    last(walk, noted);\n"
    "}\n";

typedef int walk_fn(int result);
typedef int walk_chain_fn(walk_fn *walk, uintptr_t *notes, int n);
typedef int walk_never_fn(walk_fn *walk, uintptr_t *notes);

static jmp_buf walk_escape;

static int walk_and_escape(int result)
{
    walk_here(result);
    longjmp(walk_escape, 1);
}

static void walk_compiled(struct fixture *fixture)
{
    walk_chain_fn *chain;
    walk_never_fn *never;

    fixture_load(fixture);
    chain = (walk_chain_fn *)fixture_symbol(fixture, "chain");
    never = (walk_never_fn *)fixture_symbol(fixture, "never");
    chain(walk_here, noted, 5);
    T_EQ(walk_has_noted(5), 1);
    if (setjmp(walk_escape) == 0)
        never(walk_and_escape, noted);
    T_GT(walked_count, 4);
    T_EQ(walked[1], noted[0]); /* in walk_and_escape, which returns into `last` */
    T_EQ(walked[3], noted[1]); /* the address after the last instruction of `never` */
    T_EQ(walked[4], noted[2]);
    fixture_unload(fixture);
}

static void walk_compilers(const char *compiler)
{
    static const char *const flags[] = {
        "-O2 -fomit-frame-pointer",
        "-O2 -fno-omit-frame-pointer",
        "-O0",
        "-Os -fomit-frame-pointer -Wl,-z,now",
        "-O3 -fcf-protection=none",
    };
    struct fixture fixture;

    fixture_make(&fixture, walk_source);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
#if defined(__aarch64__)
        const char *used = i == 4 ? "-O2 -mbranch-protection=standard" : flags[i];
#else
        const char *used = flags[i];
#endif

        if (!fixture_compile(&fixture, compiler, used)) {
            fixture_remove(&fixture);
            T_SKIP("the compiler is not installed");
        }
        walk_compiled(&fixture);
    }
    fixture_remove(&fixture);
}

T_TEST(unwind_through_gcc_frames, .procs = {1}, .timeout_ms = 60000)
{
    walk_compilers(FIXTURE_GCC);
}

T_TEST(unwind_through_clang_frames, .procs = {1}, .timeout_ms = 60000)
{
    walk_compilers(FIXTURE_CLANG);
}

/* Machine code of the tests' own. walk_below has other frame rules than what follows it, so a
   walk that looks up walk_trap at address - 1 goes wrong. */
#if defined(__x86_64__)
enum { WALK_TRAP_SIZE = 2, WALK_SAVED = 7 };
__asm__(".text\n"
        "walk_below:\n"
        "    .cfi_startproc\n"
        "    .cfi_def_cfa_offset 4096\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".globl walk_trap\n"
        "walk_trap:\n"
        "    .cfi_startproc\n"
        "    ud2\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".globl walk_switch\n"
        "walk_switch:\n"
        "    .cfi_startproc\n"
        "    pushq %rbp\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    pushq %rbx\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    pushq %r12\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    pushq %r13\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    pushq %r14\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    pushq %r15\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".globl walk_entry\n"
        "walk_entry:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined rip\n"
        "    call *%r12\n"
        "    ud2\n"
        "    .cfi_endproc\n"
        ".globl walk_entry_end\n"
        "walk_entry_end:\n");

static void walk_saved(const uintptr_t *slot, struct leat__regs *regs)
{
    static const int reg[6] = {15, 14, 13, 12, 3, 6};

    for (int i = 0; i < 6; i++)
        regs->r[reg[i]] = slot[i];
    regs->pc = slot[6];
    regs->sp = (uintptr_t)&slot[7];
}

static void walk_skip_trap(ucontext_t *context)
{
    context->uc_mcontext.gregs[REG_RIP] += WALK_TRAP_SIZE;
}

static void walk_prepare(uintptr_t *slot, void (*body)(void), void (*entry)(void))
{
    slot[3] = (uintptr_t)body; /* r12 */
    slot[6] = (uintptr_t)entry;
}
#elif defined(__aarch64__)
enum { WALK_TRAP_SIZE = 4, WALK_SAVED = 20 };
__asm__(".text\n"
        "walk_below:\n"
        "    .cfi_startproc\n"
        "    .cfi_def_cfa_offset 4096\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".globl walk_trap\n"
        "walk_trap:\n"
        "    .cfi_startproc\n"
        "    udf #0\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".globl walk_switch\n"
        "walk_switch:\n"
        "    .cfi_startproc\n"
        "    sub sp, sp, #160\n"
        "    .cfi_def_cfa_offset 160\n"
        "    stp x19, x20, [sp]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".globl walk_entry\n"
        "walk_entry:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined x30\n"
        "    blr x19\n"
        "    udf #0\n"
        "    .cfi_endproc\n"
        ".globl walk_entry_end\n"
        "walk_entry_end:\n");

static void walk_saved(const uintptr_t *slot, struct leat__regs *regs)
{
    for (int i = 0; i < 12; i++)
        regs->r[19 + i] = slot[i];
    regs->pc = slot[11];
    regs->sp = (uintptr_t)&slot[20];
}

static void walk_skip_trap(ucontext_t *context)
{
    context->uc_mcontext.pc += WALK_TRAP_SIZE;
}

static void walk_prepare(uintptr_t *slot, void (*body)(void), void (*entry)(void))
{
    slot[0] = (uintptr_t)body;   /* x19 */
    slot[11] = (uintptr_t)entry; /* x30 */
}
#endif

void walk_trap(void);
void walk_entry(void);
void walk_entry_end(void);
void walk_switch(uintptr_t **saved, uintptr_t *to);

/* The innermost frames of the interrupted code, from its registers. */
static uintptr_t walk_interrupted[2];

static void walk_on_trap(int sig, siginfo_t *info, void *ucontext)
{
    struct leat__regs regs = {0};

    (void)sig;
    (void)info;
    walk_here(0);
    leat__regs_from_ucontext(&regs, ucontext);
    T_EQ(leat__unwind(&regs, 0, 0, walk_interrupted, 2), 2);
    walk_skip_trap(ucontext);
}

static __attribute__((noinline)) int walk_into_trap(int n)
{
    volatile char pad[64];

    pad[n] = 1;
    noted[1] = (uintptr_t)__builtin_return_address(0);
    walk_trap();
    return pad[n];
}

static void walk_trapped(int flags)
{
    struct sigaction action = {.sa_sigaction = walk_on_trap, .sa_flags = SA_SIGINFO | flags};
    int trap = -1;

    T_EQ(sigaction(SIGILL, &action, NULL), 0);
    walk_into_trap(3);
    for (int i = 0; i < walked_count; i++) {
        if (walked[i] == (uintptr_t)walk_trap)
            trap = i;
    }
    T_GE(trap, 2);             /* handler and trampoline are before it */
    T_EQ(walked[1], noted[0]); /* in the handler */
    T_EQ(walked[trap + 2], noted[1]);
    T_EQ(walk_interrupted[0], (uintptr_t)walk_trap);
    T_EQ(walk_interrupted[1], walked[trap + 1]);
}

/* TSan's run-time library calls handlers from frames of its own, late. */
T_TEST(unwind_through_signal_frame, .procs = {1}, .modes = "!tsan")
{
    walk_trapped(0);
}

T_TEST(unwind_from_signal_stack, .procs = {1}, .modes = "!tsan")
{
    size_t size = 256 << 10;
    stack_t before, stack = {.ss_size = size};

    stack.ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    T_TRUE(stack.ss_sp != MAP_FAILED);
    T_EQ(sigaltstack(&stack, &before), 0);
    walk_trapped(SA_ONSTACK);
    T_EQ(sigaltstack(&before, NULL), 0);
    T_EQ(munmap(stack.ss_sp, size), 0);
}

static void walk_on_bad_call(int sig, siginfo_t *info, void *ucontext)
{
    struct leat__regs regs = {0};

    (void)sig;
    (void)info;
    leat__regs_from_ucontext(&regs, ucontext);
    walked_count = leat__unwind(&regs, 0, 0, walked, WALK_MAX);
    siglongjmp(walk_escape, 1);
}

static __attribute__((noinline)) int walk_call_null(void (*volatile nobody)(void))
{
    noted[0] = (uintptr_t)__builtin_return_address(0);
    nobody();
    return 1;
}

T_TEST(unwind_from_call_of_null, .procs = {1}, .modes = "!tsan,!ubsan,!valgrind")
{
    struct sigaction action = {.sa_sigaction = walk_on_bad_call, .sa_flags = SA_SIGINFO};

    T_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    if (sigsetjmp(walk_escape, 1) == 0)
        walk_call_null(NULL);
    T_GT(walked_count, 3);
    T_EQ(walked[0], 0u);
    T_GT(walked[1], (uintptr_t)walk_call_null);
    T_EQ(walked[2], noted[0]);
}

/* A coroutine on a stack of its own, between two pages that nobody may touch. */
struct walk_routine {
    uintptr_t *saved;
    uintptr_t *saved_main;
    uintptr_t lo;
    uintptr_t hi;
};

static struct walk_routine walk_routine;
static const size_t walk_page = 65536; /* the largest page of the machines supported */

static __attribute__((noinline)) int walk_park(int depth)
{
    volatile int result;

    noted[depth] = (uintptr_t)__builtin_return_address(0);
    if (depth > 0) {
        result = walk_park(depth - 1);
        return result + 1;
    }
    walk_switch(&walk_routine.saved, walk_routine.saved_main);
    return 0;
}

static void walk_body(void)
{
    noted[4] = (uintptr_t)__builtin_return_address(0);
    walk_park(3);
    walk_switch(&walk_routine.saved, walk_routine.saved_main);
    T_FAIL("resumed after its end");
}

static void walk_routine_start(void)
{
    size_t size = 16 * walk_page;
    char *stack = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    T_TRUE(stack != MAP_FAILED);
    walk_routine.lo = (uintptr_t)stack + walk_page;
    walk_routine.hi = (uintptr_t)stack + size - walk_page;
    T_EQ(mprotect((void *)walk_routine.lo, size - 2 * walk_page, PROT_READ | PROT_WRITE), 0);
    walk_routine.saved = (uintptr_t *)walk_routine.hi - WALK_SAVED - 1;
    if ((uintptr_t)(walk_routine.saved + WALK_SAVED) % 16 != 0)
        walk_routine.saved--;
    walk_prepare(walk_routine.saved, walk_body, walk_entry);
    walk_switch(&walk_routine.saved_main, walk_routine.saved);
}

static void walk_routine_end(void)
{
    T_EQ(munmap((char *)walk_routine.lo - walk_page, 16 * walk_page), 0);
}

/* The sanitizers' shadows do not know this switch of stacks. */
T_TEST(unwind_parked_routine_stops_at_entry, .procs = {1}, .modes = "!tsan")
{
    struct leat__regs regs = {0};

    walk_routine_start();
    walk_saved(walk_routine.saved, &regs);
    walked_count = leat__unwind(&regs, walk_routine.lo, walk_routine.hi, walked, WALK_MAX);
    T_EQ(walk_has_noted(5), 1);
    T_EQ(walked_count, 6);
    T_GT(walked[5], (uintptr_t)walk_entry);
    T_LT(walked[5], (uintptr_t)walk_entry_end);
    T_EQ(leat__unwind(&regs, 0, 0, walked, WALK_MAX), 6); /* no bounds, the same end */
    T_EQ(leat__unwind(&regs, 0, 0, walked, 3), 3);
    T_EQ(leat__unwind(&regs, 0, 0, walked, 0), 0);
    walk_routine_end();
}

T_TEST(unwind_stays_inside_bounds, .procs = {1}, .modes = "!tsan,!valgrind")
{
    struct leat__regs regs = {0};
    int longest;

    walk_routine_start();
    walk_saved(walk_routine.saved, &regs);
    longest = leat__unwind(&regs, walk_routine.lo, regs.sp, walked, WALK_MAX);
    T_GE(longest, 1);
    T_LE(longest, 2); /* AArch64 has the first return address in a register */
    for (uintptr_t hi = regs.sp; hi <= walk_routine.hi; hi += 8) {
        int now = leat__unwind(&regs, walk_routine.lo, hi, walked, WALK_MAX);

        T_GE(now, longest);
        longest = now;
    }
    T_EQ(longest, 6);
    T_EQ(mprotect((void *)walk_routine.lo, walk_page, PROT_NONE), 0);
    regs.sp = walk_routine.lo + walk_page - 8; /* straddles what may not be read */
    T_GE(leat__unwind(&regs, 0, 0, walked, WALK_MAX), 1);
    walk_routine_end();
}

/* Any register may hold anything: the walk ends, reads nothing unreadable, keeps errno. */
T_TEST(unwind_garbage, .procs = {1}, .modes = "!tsan,!valgrind")
{
    struct leat__module module;

    walk_routine_start();
    T_TRUE(leat__module_find((uintptr_t)walk_trap, &module));
    errno = 12345;
    for (long i = 0; i < t_scale(20000); i++) {
        struct leat__regs regs;
        uintptr_t text = module.text_hi - module.text_lo;
        uintptr_t room = walk_routine.hi - walk_routine.lo + 2 * walk_page;
        bool bounded = t_rand() % 2;
        int count;

        for (int j = 0; j < 33; j++)
            regs.r[j] = t_rand() % 4 ? walk_routine.lo - walk_page + t_rand() % room : t_rand();
        regs.sp = t_rand() % 4 ? walk_routine.lo - walk_page + t_rand() % room : t_rand();
        regs.pc = t_rand() % 4 ? module.text_lo + t_rand() % text : t_rand();
        for (int j = 0; j < 100; j++)
            ((uintptr_t *)walk_routine.lo)[t_rand() % 4096] = t_rand() % 2
                                                                  ? module.text_lo +
                                                                        t_rand() % text
                                                                  : walk_routine.lo +
                                                                        t_rand() % room;
        count = leat__unwind(&regs, bounded ? walk_routine.lo : 0,
                             bounded ? walk_routine.hi : 0, walked, WALK_MAX);
        T_GE(count, 1);
        T_LE(count, WALK_MAX);
        T_EQ(walked[0], regs.pc);
    }
    T_EQ(errno, 12345);
    walk_routine_end();
}

/* The picture of the modules may be older than an unloading. */
T_TEST(unwind_into_unloaded_library, .procs = {1}, .modes = "!valgrind")
{
    struct leat__regs regs = {0};
    struct leat__module module;
    struct fixture fixture;
    uintptr_t chain;

    fixture_make(&fixture, walk_source);
    if (!fixture_compile(&fixture, FIXTURE_GCC, "-O2")) {
        fixture_remove(&fixture);
        T_SKIP("the compiler is not installed");
    }
    fixture_load(&fixture);
    chain = (uintptr_t)fixture_symbol(&fixture, "chain");
    T_TRUE(leat__module_find(chain, &module));
    T_EQ(dlclose(fixture.handle), 0);
    fixture.handle = NULL;
    T_FALSE(leat__module_find(chain, &module));
    regs.pc = chain;
    regs.sp = (uintptr_t)&regs;
    T_EQ(leat__unwind(&regs, 0, 0, walked, WALK_MAX), 1);
    fixture_remove(&fixture);
}
