/* SPDX-License-Identifier: MIT */
/*
 * leat/io/copy.h - from one stream into another.
 *
 *     static void proxy(leat_io *client, leat_io *server)
 *     {
 *         leat_waitgroup wg = {0};
 *
 *         leat_waitgroup_go(&wg, leat_copy, server, client);
 *         leat_copy(client, server);
 *         leat_io_shutdown(client, LEAT_WRITE);
 *         leat_waitgroup_wait(&wg);
 *     }
 *
 * Between descriptors the kernel moves the bytes, where it can.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_IO_COPY_H
#define LEAT_IO_COPY_H

#include <leat/io/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Copy until the end of a stream. Both may be the same: that is an echo.
 *
 * Go         io.Copy(dst, src)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     as leat_read and leat_write; leat_copy_ctx with a context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows both streams.
 * Ordering   as leat_read and leat_write.
 * Param      to      where to write.
 * Param      from    what to read.
 * Returns    how many bytes; else the error of either side, some having been copied.
 * Fatal      never.
 * See        leat_copy_ctx, leat_copy_until, leat_copy_n
 * Since      0.3
 */
LEAT_API int64_t leat_copy(leat_io *to, leat_io *from);

/**
 * Copy until the end of a stream, unless a context is over first.
 *
 * Go         none: Go's users set a deadline from another goroutine.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows both streams.
 * Ordering   as leat_copy; an error of the context comes after what its canceller did before.
 * Param      ctx     a context; NULL is the background.
 * Param      to      where to write.
 * Param      from    what to read.
 * Returns    as leat_copy; -ECANCELED or -ETIMEDOUT by the context.
 * Fatal      never.
 * See        leat_copy
 * Since      0.3
 */
LEAT_API int64_t leat_copy_ctx(leat_ctx *ctx, leat_io *to, leat_io *from);

/**
 * Copy until the end of a stream, unless a time comes first.
 *
 * Go         none: Go's users set a deadline, which holds for later calls too.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     at the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows both streams.
 * Ordering   as leat_copy.
 * Param      to      where to write.
 * Param      from    what to read.
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    as leat_copy; -ETIMEDOUT at the deadline.
 * Fatal      never.
 * See        leat_copy, leat_now
 * Since      0.3
 */
LEAT_API int64_t leat_copy_until(leat_io *to, leat_io *from, leat_duration deadline);

/**
 * Copy so many bytes and no more, with a limit: what the other copies are made of.
 *
 * Go         io.CopyN(dst, src, n)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the limit, and as leat_read and leat_write.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows both streams.
 * Ordering   as leat_copy.
 * Param      to      where to write.
 * Param      from    what to read.
 * Param      n       how many; INT64_MAX: all there are.
 * Param      done    how many were written, also after an error; NULL if nobody asks.
 * Param      limit   when to give up; NULL: never.
 * Returns    n; less if the stream ended; else as leat_copy. After an error more may have been
 *            read than was written.
 * Fatal      never.
 * See        leat_copy
 * Since      0.3
 */
LEAT_API int64_t leat_copy_n(leat_io *to, leat_io *from, int64_t n, int64_t *done,
                             const leat_limit *limit);

#ifdef __cplusplus
}
#endif

#endif
