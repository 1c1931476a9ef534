/* SPDX-License-Identifier: MIT */
/* held.h - pthread locks that goroutines hold; see held.c. */
#ifndef LEAT_POSIX_HELD_H
#define LEAT_POSIX_HELD_H

#include <leat/posix.h>

/* Is anybody counting? */
extern int held_mode; /* atomic: enum of leat_posix_locks */

void held_add(const void *lock, const void *place);
void held_remove(const void *lock);

/* The calling goroutine is about to park in this call: report what it holds. */
void held_check(const char *call);

#endif
