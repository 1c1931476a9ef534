/* SPDX-License-Identifier: MIT */
/* offload.h - calls that can only block, on threads of their own; see offload.c. */
#ifndef LEAT_POSIX_OFFLOAD_H
#define LEAT_POSIX_OFFLOAD_H

/* Call fn(arg) on another thread and park until it is done. The caller is bound. */
void offload(void (*fn)(void *arg), void *arg);

#endif
