/* SPDX-License-Identifier: MIT */
/*
 * switch_generic.c - arch.h in plain C over ucontext, for machines without assembly of ours.
 *
 * PICTURE  a saved pointer is the address of a struct context on the stack that was left:
 *     stack left by leat__switch   [ free ... | swapcontext | context | leat__switch | ... ]
 *     stack that is new            [ free ................ | frame of start | context ] top
 *   Whatever lies below a saved pointer by more than BELOW_CONTEXT is free: leat__call_on
 *   builds its new stack there.
 *
 * CAPTURE  C has no function that takes whatever its caller passes. But leat needs only the
 *   argument registers, and where integers and doubles travel in registers of their own, each
 *   kind counted from its first (x86-64 SysV, AArch64, RISC-V LP64D, LoongArch LP64D, POWER),
 *   a function of so many integers and so many doubles has a name for each of them. Called
 *   through the type of the user's function it finds the registers as that function would, and
 *   calling the user's function as one of its own type puts them back: a float or a struct
 *   travels as the bits of the registers it occupies. C leaves such calls undefined; the calling
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
 * LIMITS  swapcontext makes a system call to swap the signal mask, so a switch costs 0.3 us, the
 *   mask belongs to the goroutine, and what a function called by leat_blocking changes in the
 *   mask or in the rounding mode is undone when it returns.
 *
 * REJECTED  __builtin_apply: gcc only, and its size of the stack arguments is a guess.
 *   setjmp with a first entry by a signal stack: glibc's longjmp refuses to jump up.
 *
 * PROOF  tests/api/spawn_args_test.c, tests/api/blocking_test.c in the preset `generic`.
 */
#include <string.h>
#include <ucontext.h>

#include "sched/sched.h"
