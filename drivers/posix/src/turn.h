/* SPDX-License-Identifier: MIT */
/* turn.h - "is it ready? then call" as one step, for what has no way to try; see turn.c. */
#ifndef LEAT_POSIX_TURN_H
#define LEAT_POSIX_TURN_H

#include <leat.h>

/* -EAGAIN if the descriptor is not ready for poll's events; else what call(arg) gives. */
int64_t turn_try(int fd, short events, int64_t (*call)(void *arg), void *arg);

#endif
