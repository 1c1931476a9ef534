/* SPDX-License-Identifier: MIT */
/*
 * signals.c - what a signal does in this process.
 *
 * glibc's own name for sigaction is used where there is one: ThreadSanitizer takes sigaction over
 * and keeps a signal back until the thread that got it calls libc again, which a thread that
 * sleeps on a futex of ours may never do.
 */
#include "os/signals.h"

__attribute__((weak)) int __sigaction(int sig, const struct sigaction *now,
                                      struct sigaction *before);

void os_sigaction(int sig, const struct sigaction *now, struct sigaction *before)
{
    if (__sigaction)
        __sigaction(sig, now, before);
    else
        sigaction(sig, now, before);
}
