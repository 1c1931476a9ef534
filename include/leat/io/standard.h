/* SPDX-License-Identifier: MIT */
/*
 * leat/io/standard.h - standard input, output and error, as streams.
 *
 *     leat_reader *r;
 *     char *line = NULL;
 *     size_t size = 0;
 *
 *     if (leat_reader_make(&r, leat_stdin(), 0) == 0)
 *         while (leat_reader_getline(r, &line, &size, 1 << 20) >= 0)
 *             leat_submit(pool, look_up, line);
 *
 * Other processes may have the same terminal or pipe. So the descriptors stay as they are, above
 * all blocking. A goroutine waits until there is something and then takes it, by a call that does
 * not wait where the kernel has one (Linux 6.4 for pipes); else by one that is made as
 * leat_blocking makes it: if another process was faster, a thread waits, and no other goroutine.
 * In that moment contexts and deadlines do not reach it.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_IO_STANDARD_H
#define LEAT_IO_STANDARD_H

#include <leat/io/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Give the stream of standard input.
 *
 * What <stdio.h> has read ahead is not in it: use one of the two.
 *
 * Go         os.Stdin
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the stream is always there: leat_io_free is not needed. Closing it puts /dev/null
 *            in its place.
 * Ordering   none.
 * Param      none
 * Returns    the stream, never NULL.
 * Fatal      never.
 * See        leat_stdout, leat_reader_make
 * Since      0.3
 */
LEAT_API leat_io *leat_stdin(void);

/**
 * Give the stream of standard output.
 *
 * It has no buffer. What <stdio.h> holds back comes later.
 *
 * Go         os.Stdout
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the stream is always there: leat_io_free is not needed. Closing it puts /dev/null
 *            in its place, and who reads the other end sees its end.
 * Ordering   none.
 * Param      none
 * Returns    the stream, never NULL. When nobody reads it, writes return -EPIPE; unlike in Go no
 *            signal ends the program.
 * Fatal      never.
 * See        leat_stderr, leat_writer_make
 * Since      0.3
 */
LEAT_API leat_io *leat_stdout(void);

/**
 * Give the stream of standard error.
 *
 * Go         os.Stderr
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_stdout.
 * Ordering   none.
 * Param      none
 * Returns    the stream, never NULL.
 * Fatal      never.
 * See        leat_stdout
 * Since      0.3
 */
LEAT_API leat_io *leat_stderr(void);

#ifdef __cplusplus
}
#endif

#endif
