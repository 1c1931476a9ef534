/* SPDX-License-Identifier: MIT */
/*
 * leat/io/compose.h - streams made of streams.
 *
 *     leat_io *body;
 *     int err = leat_io_limited(&body, conn, content_length);
 *
 *     if (err)
 *         return err;
 *     leat_copy(file, body);                 // and not a byte more
 *     leat_io_free(body);
 *
 * They are read, and hold references to what they are made of. Closing one does not close that.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_IO_COMPOSE_H
#define LEAT_IO_COMPOSE_H

#include <leat/io/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Make a stream that reads another one, and ends after so many bytes.
 *
 * Go         io.LimitReader(r, n)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *io is the caller's: leat_io_free. It takes a reference to `from`.
 * Ordering   none.
 * Param      io      where the stream goes.
 * Param      from    what to read.
 * Param      n       how many bytes; it may end before.
 * Returns    0; -EINVAL: n is negative; -ENOMEM.
 * Fatal      never.
 * See        leat_io_joined, leat_copy_n
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_io_limited(leat_io **io, leat_io *from, int64_t n);

/**
 * Make a stream that reads another one, and writes to a third what it has read.
 *
 * A read that cannot be written returns that error: what was read is lost.
 *
 * Go         io.TeeReader(r, w)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *io is the caller's: leat_io_free. It takes references to both.
 * Ordering   none.
 * Param      io      where the stream goes.
 * Param      from    what to read.
 * Param      to      where to write it.
 * Returns    0; -ENOMEM.
 * Fatal      never.
 * See        leat_io_joined, leat_copy
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_io_tee(leat_io **io, leat_io *from, leat_io *to);

/**
 * Make a stream that reads several, one after the other.
 *
 * Go         io.MultiReader(rs...)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *io is the caller's: leat_io_free. It takes references to all of them, and gives
 *            back that of each when it has ended.
 * Ordering   none.
 * Param      io      where the stream goes.
 * Param      from    what to read.
 * Param      n       how many.
 * Returns    0; -EINVAL: n is negative; -ENOMEM.
 * Fatal      never.
 * See        leat_io_limited, leat_io_tee
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_io_joined(leat_io **io, leat_io *const *from, int n);

#ifdef __cplusplus
}
#endif

#endif
