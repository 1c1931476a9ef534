/* SPDX-License-Identifier: MIT */
/*
 * leat/io/pipe.h - streams whose one end reads what is written to the other.
 *
 *     leat_io *ends[2];
 *     int err = leat_io_pipe(ends);
 *
 *     if (err)
 *         return err;
 *     leat_go(compress, ends[1], file);          // writes, then leat_io_free(ends[1])
 *     leat_copy(conn, ends[0]);
 *     leat_io_free(ends[0]);
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_IO_PIPE_H
#define LEAT_IO_PIPE_H

#include <leat/io/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Make a pipe of the kernel's, which other processes can be given an end of.
 *
 * Go         os.Pipe()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  both ends are the caller's: leat_io_free.
 * Ordering   none.
 * Param      ends    where they go: ends[0] reads what is written to ends[1].
 * Returns    0; -EMFILE, -ENFILE, -ENOMEM.
 * Fatal      never.
 * See        leat_io_pipe, leat_cmd_in_pipe
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_pipe(leat_io *ends[2]);

/**
 * Make a pipe in memory, without a buffer: a write waits until readers have taken all of it.
 *
 * When the writing end is closed, readers get the end; when the reading end is closed, writers
 * get -EPIPE. Both ends have deadlines.
 *
 * Go         io.Pipe()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  both ends are the caller's: leat_io_free.
 * Ordering   a write happens before the read that takes the last of it, and that read before the
 *            write returns.
 * Param      ends    where they go: ends[0] reads what is written to ends[1].
 * Returns    0; -ENOMEM.
 * Fatal      never.
 * See        leat_io_pipe_fail, leat_pipe
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_io_pipe(leat_io *ends[2]);

/**
 * Close an end of leat_io_pipe, and say what the other end gets for it.
 *
 * Go         w.CloseWithError(err), r.CloseWithError(err)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the end: leat_io_free gives it back.
 * Ordering   as leat_io_close.
 * Param      end     an end of leat_io_pipe.
 * Param      err     a negative number, for the reads or writes of the other end; 0: as
 *            leat_io_close.
 * Returns    0; -EBADF: it was closed before; -EINVAL: it is no such end, or err is positive.
 * Fatal      never.
 * See        leat_io_pipe, leat_io_close
 * Since      0.3
 */
LEAT_API int leat_io_pipe_fail(leat_io *end, int err);

#ifdef __cplusplus
}
#endif

#endif
