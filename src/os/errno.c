/* SPDX-License-Identifier: MIT */
/*
 * errno.c - where this thread's errno is, asked anew at every use.
 *
 * glibc declares __errno_location const, so compilers fetch the address once per function and
 * reuse it after a goroutine has moved to another thread. This function is neither const nor
 * inlinable, and the asm keeps link-time optimisers from proving it so.
 */
#define LEAT_NO_ERRNO
#include <leat/base.h>

#include "arch/sanitize.h"

__attribute__((noinline)) int *leat_errno_location(void)
{
    __asm__ volatile("" ::: "memory");
    int *at = __errno_location();
    san_acquire(at); /* TSan: the thread's start wrote it, see thread_main */
    return at;
}
