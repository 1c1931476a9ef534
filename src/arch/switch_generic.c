/* SPDX-License-Identifier: MIT */
/*
 * switch_generic.c - arch.h in plain C over ucontext, for machines without assembly of ours.
 *
 * PICTURE  a saved pointer is the address of a struct context on the stack that was left:
 *     left by leat__switch   [ free ... | swapcontext | context | leat__switch | ... ]
 *     new                    [ free ................... | leat__entry | context ] top
 *   Whatever lies below a saved pointer by more than BELOW_CONTEXT is free: leat__call_on
 *   builds its new stack there.
 *
 * CAPTURE  C has no function that takes whatever its caller passes. But leat needs only the
 *   argument registers, and where integers and doubles travel in registers of their own, each
 *   kind counted from its first (x86-64 SysV, AArch64, RISC-V LP64D, LoongArch LP64D, POWER),
 *   a function of so many integers and so many doubles has a name for each of them. Called
 *   through the type of the user's function it finds the registers as that function would, and
 *   calling the user's function as one of its own type puts them back: a float or a struct
 *   travels as the bits of the registers it occupies. C leaves such calls undefined; calling
 *   conventions define them. That type ends in an ellipsis, because a variadic callee wants to
 *   be told (x86-64: %al) how many vector registers are in use; for the named parameters the
 *   ellipsis changes nothing.
 *
 * RESULTS  go the same way. An integer result of up to two words is an unsigned __int128 to us.
 *   A double result lies in the first floating register, which is where a first double
 *   parameter is expected: keep_result has that parameter, and is called through a type that
 *   does not have it, with the integer result, the moment the function is back. The opposite
 *   way, leave_result takes both and returns the integer: the double stays where it came.
 *
 * INVARIANTS
 *   X1  A ucontext is never copied: on some machines it points into itself.
 *   X2  The calls that rely on registers go through volatile pointers: a compiler that saw both
 *       sides would drop what looks unused.
 *
 * LIMITS  swapcontext makes a system call to swap the signal mask: a switch costs 0.3 us, the
 *   mask belongs to the goroutine, and what a function called by leat_blocking changes in the
 *   mask or in the rounding mode is undone when it returns.
 *
 * REJECTED  __builtin_apply: gcc only, and its size of the stack arguments is a guess.
 *   setjmp with a first entry by a signal stack: glibc's longjmp refuses to jump up.
 *
 * PROOF  tests/api/spawn_args_test.c, tests/api/blocking_test.c in the preset `generic`.
 */
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include "arch/arch.h"

#if !defined(__SIZEOF_INT128__)
#error "leat: the generic port needs a 64-bit machine whose compiler has __int128"
#endif
__extension__ typedef unsigned __int128 words2;

/* A saved stack; saved_generic.c relies on `uc` being first. */
struct context {
    ucontext_t uc;
    void *arg; /* what leat__switch returns here, or leat__g_begin receives */
};

/* ---- calls by register ---- */

/* The registers as parameters, as types, and as arguments of a call. x86-64 has six for
 * integers, the others eight; a seventh would be taken from the stack there. */
#if defined(__x86_64__)
#define MORE_PARAMETERS
#define MORE_TYPES
#define MORE_LOADED(a)
#define MORE_STORED
#else
#define MORE_PARAMETERS uint64_t i6, uint64_t i7,
#define MORE_TYPES      uint64_t, uint64_t,
#define MORE_LOADED(a)  (a)->ints[6], (a)->ints[7],
#define MORE_STORED     i6, i7,
#endif
#define REGISTER_PARAMETERS                                                               \
    uint64_t i0, uint64_t i1, uint64_t i2, uint64_t i3, uint64_t i4, uint64_t i5,         \
        MORE_PARAMETERS double d0, double d1, double d2, double d3, double d4, double d5, \
        double d6, double d7
#define REGISTER_TYPES                                                                     \
    uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, MORE_TYPES double, double, \
        double, double, double, double, double, double
#define LOADED_REGISTERS(a)                                                                    \
    (a)->ints[0], (a)->ints[1], (a)->ints[2], (a)->ints[3], (a)->ints[4], (a)->ints[5],        \
        MORE_LOADED(a) double_of((a)->fps[0]), double_of((a)->fps[1]), double_of((a)->fps[2]), \
        double_of((a)->fps[3]), double_of((a)->fps[4]), double_of((a)->fps[5]),                \
        double_of((a)->fps[6]), double_of((a)->fps[7])

static inline double double_of(uint64_t bits)
{
    double d;

    memcpy(&d, &bits, sizeof(d));
    return d;
}

/* Its name for the linker is the one that arch.h declares with the type of no parameters. */
void leat__generic_capture(REGISTER_PARAMETERS) __asm__("leat__capture_stub");

void leat__generic_capture(REGISTER_PARAMETERS)
{
    const uint64_t ints[] = {i0, i1, i2, i3, i4, i5, MORE_STORED};
    const double fps[] = {d0, d1, d2, d3, d4, d5, d6, d7};
    char *m = (char *)leat__thread_attach();
    char *spare = *(char **)(m + LEAT__M_SPARE);
    struct leat__args *args = (struct leat__args *)(spare + LEAT__G_ARGS);

    memcpy(args->ints, ints, sizeof(ints));
    memcpy(args->fps, fps, sizeof(fps));
}

static void keep_result(words2 integer, struct leat__result *out, double first)
{
    memcpy(out->ints, &integer, sizeof(integer));
    memcpy(out->fps, &first, sizeof(first));
}

/* Without the parameter that the called function has left in its register. */
static void (*volatile keep_registers)(words2, struct leat__result *) =
    (void (*)(words2, struct leat__result *))(void (*)(void))keep_result;

static void call_by_registers(void (*fn)(void), const struct leat__args *args,
                              struct leat__result *out)
{
    words2 (*call)(REGISTER_TYPES, ...) = (words2(*)(REGISTER_TYPES, ...))fn;
    void (*keep)(words2, struct leat__result *) = keep_registers;

    keep(call(LOADED_REGISTERS(args)), out);
}

static words2 leave_result(words2 integer, double first)
{
    (void)first;
    return integer;
}

static words2 (*volatile leave_registers)(words2, double) = leave_result;

words2 leat__generic_blocking(void) __asm__("leat__blocking_stub");

/* Instrumentation at its end might use the register of the double. */
__attribute__((no_sanitize("address"))) words2 leat__generic_blocking(void)
{
    struct leat__result r;
    words2 integer;

    leat__blocking_run(&r);
    memcpy(&integer, r.ints, sizeof(integer));
    return leave_registers(integer, double_of(r.fps[0]));
}

/* ---- stacks ---- */

/* makecontext hands over ints: an address goes in two halves. */
static void *address_of(unsigned high, unsigned low)
{
    return (void *)((uintptr_t)high << 32 | low);
}

/* Make `uc` begin with start(given) on the empty stack below `top`. */
static void context_make(ucontext_t *uc, char *top, void (*start)(unsigned, unsigned),
                         void *given, ucontext_t *after)
{
    enum { ROOM = 4096 }; /* stacks grow down: only the upper end is used */
    uintptr_t bits = (uintptr_t)given;

    getcontext(uc);
    uc->uc_stack.ss_sp = top - ROOM;
    uc->uc_stack.ss_size = ROOM;
    uc->uc_link = after;
    makecontext(uc, (void (*)(void))start, 2, (unsigned)(bits >> 32), (unsigned)bits);
}

__attribute__((noreturn)) static void end_with(int result)
{
    struct leat__next next = leat__g_end(result);

    if (next.sp)
        leat__jump(next.sp, NULL);
    leat__restart(next.top, NULL);
}

static void leat__entry(unsigned high, unsigned low)
{
    const struct context *self = address_of(high, low);
    struct leat__start start;

    leat__g_begin(self->arg, &start);
    end_with(((int (*)(REGISTER_TYPES, ...))start.fn)(LOADED_REGISTERS(start.args)));
}

void *leat__prepare(void *top)
{
    struct context *c = (struct context *)top - 1;

    context_make(&c->uc, (char *)c, leat__entry, c, NULL);
    return c;
}

/* The stack we are on begins anew: what lies where its context goes has been left for good. */
void leat__restart(void *top, void *arg)
{
    struct context *c = leat__prepare(top);

    c->arg = arg;
    setcontext(&c->uc);
    __builtin_unreachable();
}

/* The context must be on this very stack, which a detector of stale frames would prevent. */
__attribute__((no_sanitize("address"))) void *leat__switch(void **save, void *load, void *arg)
{
    struct context self;
    struct context *to = load;

    to->arg = arg;
    *save = &self;
    swapcontext(&self.uc, &to->uc);
    return self.arg;
}

void leat__jump(void *load, void *arg)
{
    struct context *to = load;

    to->arg = arg;
    setcontext(&to->uc);
    __builtin_unreachable();
}

void leat__leave(void)
{
    end_with(LEAT__LEFT);
}

struct call {
    void (*fn)(void);
    const struct leat__args *args;
    struct leat__result *out;
};

static void start_call(unsigned high, unsigned low)
{
    const struct call *c = address_of(high, low);

    call_by_registers(c->fn, c->args, c->out);
}

void leat__call_on(void *sp, void (*fn)(void), const struct leat__args *args,
                   struct leat__result *out)
{
    enum { BELOW_CONTEXT = 1024, NEAR = 2048 };
    struct call c = {.fn = fn, .args = args, .out = out};
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    ucontext_t back, there;

    /* So near below us is no other stack, which would end with a guard; and our own frame,
     * bigger than the assembly's, reaches over that place: this is where fn shall run. */
    if (here - (uintptr_t)sp <= NEAR) {
        call_by_registers(fn, args, out);
        return;
    }
    char *top = (char *)sp - BELOW_CONTEXT;
    context_make(&there, top, start_call, &c, &back);
    swapcontext(&back, &there);
}
