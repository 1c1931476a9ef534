/* SPDX-License-Identifier: MIT */
/*
 * leat/io/wait.h - waiting for a descriptor that leat did not open.
 *
 *     int got = leat_wait_fd(PQsocket(conn), LEAT_READABLE, leat_now() + LEAT_SECOND);
 *     if (got < 0)
 *         return got;                       // -ETIMEDOUT, or what the kernel says
 *     PQconsumeInput(conn);
 *
 * This is how a library that has a descriptor and calls that do not block becomes one whose
 * calls park a goroutine. The descriptor stays the library's: leat remembers nothing of it
 * between two waits.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_IO_WAIT_H
#define LEAT_IO_WAIT_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What to wait for, and what came; LEAT_HANGUP and LEAT_ERROR come unasked. */
enum {
    LEAT_READABLE = 1,
    LEAT_WRITABLE = 2,
    LEAT_HANGUP = 4,
    LEAT_ERROR = 8,
    LEAT_URGENT = 16,
};

/**
 * Wait until a descriptor is ready, or a time.
 *
 * Any number of goroutines may wait for one descriptor, each for what it wants. What cannot be
 * waited for, such as a regular file, is ready at once. Whoever closes the descriptor must see
 * to it that nobody waits: the kernel does not tell.
 *
 * Go         none: Go's users call os.NewFile.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     at the deadline; leat_wait_fd_ctx with a context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the descriptor while it waits, and does not change it.
 * Ordering   none: what is read from the descriptor afterwards orders itself.
 * Param      fd      a descriptor, blocking or not.
 * Param      events  LEAT_READABLE, LEAT_WRITABLE, LEAT_URGENT, or'ed.
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    what is there, a positive number; -ETIMEDOUT at the deadline; -EBADF: no such
 *            descriptor; -EINVAL: nothing to wait for.
 * Fatal      never.
 * See        leat_wait_fd_ctx, leat_now
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_wait_fd(int fd, unsigned events, leat_duration deadline);

/**
 * Wait until a descriptor is ready, or a context is over.
 *
 * Go         none: Go's users call os.NewFile.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the descriptor while it waits, and does not change it.
 * Ordering   an error of the context comes after what its canceller did before.
 * Param      ctx     a context; NULL is the background.
 * Param      fd      a descriptor, blocking or not.
 * Param      events  LEAT_READABLE, LEAT_WRITABLE, LEAT_URGENT, or'ed.
 * Returns    as leat_wait_fd; -ECANCELED or -ETIMEDOUT by the context.
 * Fatal      never.
 * See        leat_wait_fd
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_wait_fd_ctx(leat_ctx *ctx, int fd, unsigned events);

#ifdef __cplusplus
}
#endif

#endif
