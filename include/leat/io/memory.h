/* SPDX-License-Identifier: MIT */
/*
 * leat/io/memory.h - streams that are memory.
 *
 *     leat_io *page;
 *     size_t n;
 *     int err = leat_io_memory(&page);
 *
 *     if (err)
 *         return err;
 *     leat_copy(page, conn);
 *     fwrite(leat_io_memory_bytes(page, &n), 1, n, stdout);
 *     leat_io_free(page);
 *
 * Nobody ever waits for them.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_IO_MEMORY_H
#define LEAT_IO_MEMORY_H

#include <leat/io/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Make a stream that keeps what is written to it, and from which that is read, first in, first
 * out.
 *
 * Its end comes when it is empty, and it may be written again. It grows as memory lasts.
 *
 * Go         new(bytes.Buffer)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *io is the caller's: leat_io_free.
 * Ordering   none.
 * Param      io      where the stream goes.
 * Returns    0; -ENOMEM. Writes return -ENOMEM, and leave it as it was, when it cannot grow.
 * Fatal      never.
 * See        leat_io_memory_bytes, leat_io_memory_take, leat_io_bytes
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_io_memory(leat_io **io);

/**
 * Look at what a stream of leat_io_memory holds.
 *
 * Go         b.Bytes()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the bytes are the stream's; they stand until it is next written, read, or freed.
 *            Closing it leaves them.
 * Ordering   none.
 * Param      io      a stream of leat_io_memory or leat_io_bytes.
 * Param      n       where to leave how many there are.
 * Returns    the bytes, never NULL.
 * Fatal      "leat: no stream of memory".
 * See        leat_io_memory, leat_io_memory_take
 * Since      0.3
 */
LEAT_API const void *leat_io_memory_bytes(leat_io *io, size_t *n);

/**
 * Take what a stream of leat_io_memory holds: it is empty then.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the bytes are the caller's: free().
 * Ordering   none.
 * Param      io      a stream of leat_io_memory.
 * Param      n       where to leave how many there are; NULL if nobody asks.
 * Returns    the bytes, with a NUL behind them; NULL when memory for an empty text is lacking.
 * Fatal      "leat: no stream of memory".
 * See        leat_io_memory, leat_io_memory_bytes
 * Since      0.3
 */
LEAT_API char *leat_io_memory_take(leat_io *io, size_t *n);

/**
 * Make a stream from which bytes are read.
 *
 * Go         bytes.NewReader(b), strings.NewReader(s)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *io is the caller's: leat_io_free. The bytes are borrowed as long as it is read.
 * Ordering   none.
 * Param      io      where the stream goes.
 * Param      bytes   what is read.
 * Param      n       how much that is.
 * Returns    0; -ENOMEM.
 * Fatal      never.
 * See        leat_io_memory
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_io_bytes(leat_io **io, const void *bytes, size_t n);

#ifdef __cplusplus
}
#endif

#endif
