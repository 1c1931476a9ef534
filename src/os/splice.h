/* SPDX-License-Identifier: MIT */
/* splice.h - bytes that the kernel moves from one descriptor to another: >= 0, else -errno. */
#ifndef LEAT_OS_SPLICE_H
#define LEAT_OS_SPLICE_H

#include <stddef.h>
#include <stdint.h>

/* One of the two is a pipe, the other does not block. -EAGAIN: one of them would. */
int64_t os_splice(int from, int to, size_t n);
/* From a file's place, which moves. It may sleep for the disk. */
int64_t os_sendfile(int from, int to, size_t n);

#endif
