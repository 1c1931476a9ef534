/* SPDX-License-Identifier: MIT */
/*
 * leat/io/buffer.h - reading and writing in small pieces, through memory in between.
 *
 *     static int answer(leat_io *conn)
 *     {
 *         leat_reader *r = NULL;
 *         leat_writer *w = NULL;
 *         char line[256];
 *         int64_t n = leat_reader_make(&r, conn, 0);
 *
 *         if (!n)
 *             n = leat_writer_make(&w, conn, 0);
 *         while (!n && (n = leat_reader_line(r, line, sizeof(line))) >= 0)
 *             n = leat_writer_printf(w, "you said: %s\n", line) < 0 ? 0 : leat_writer_flush(w);
 *         leat_writer_free(w);
 *         leat_reader_free(r);
 *         return (int)n;                    // -ENODATA: that was the last line
 *     }
 *
 * A reader takes from its stream as much as there is, and hands it out as it is asked; a writer
 * collects what is written until its memory is full or it is flushed. Streams of any kind can be
 * below. A reader, and a writer, is for one goroutine at a time; the two may be used at once.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_IO_BUFFER_H
#define LEAT_IO_BUFFER_H

#include <leat/io/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A buffered reader. */
typedef struct leat_reader leat_reader;

/** A buffered writer. */
typedef struct leat_writer leat_writer;

/**
 * Make a buffered reader of a stream.
 *
 * Go         bufio.NewReaderSize(r, size)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *r is the caller's: leat_reader_free. It takes a reference to the stream.
 * Ordering   none.
 * Param      r       where the reader goes.
 * Param      io      a stream; NULL: leat_reader_reset gives it one.
 * Param      size    how much memory; 0: 4096; at least 16 is taken.
 * Returns    0; -ENOMEM.
 * Fatal      never.
 * See        leat_reader_free, leat_reader_reset
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_reader_make(leat_reader **r, leat_io *io, size_t size);

/**
 * Free a reader. The stream stays open; what was read ahead of it is lost.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes the reader, and gives its reference to the stream back.
 * Ordering   none.
 * Param      r       a reader, or NULL.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_reader_make
 * Since      0.3
 */
LEAT_API void leat_reader_free(leat_reader *r);

/**
 * Drop what is buffered and read from another stream from now on, so that a reader's memory
 * serves many connections.
 *
 * Go         r.Reset(io)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes a reference to the new stream, and gives that to the old one back.
 * Ordering   none.
 * Param      r       a reader.
 * Param      io      a stream; NULL: none.
 * Returns    nothing. The limit is taken back, too.
 * Fatal      never.
 * See        leat_reader_make
 * Since      0.3
 */
LEAT_API void leat_reader_reset(leat_reader *r, leat_io *io);

/**
 * Say when calls on a reader give up, from now on: at the end of a context, at a time.
 *
 * Calls that find what they need in the buffer do not look at it.
 *
 * Go         none: Go's users set a deadline.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the context must live until the limit is changed or the reader is freed.
 * Ordering   none.
 * Param      r       a reader.
 * Param      ctx     a context; NULL: none.
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_io_set_deadline, leat_now
 * Since      0.3
 */
LEAT_API void leat_reader_set_limit(leat_reader *r, leat_ctx *ctx, leat_duration deadline);

/**
 * Say how much can be read without waiting.
 *
 * Go         r.Buffered()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the reader.
 * Ordering   none.
 * Param      r       a reader.
 * Returns    how many bytes are buffered.
 * Fatal      never.
 * See        leat_reader_peek
 * Since      0.3
 */
LEAT_API size_t leat_reader_buffered(const leat_reader *r);

/**
 * Read what there is, from the buffer or by one read of the stream.
 *
 * Go         r.Read(buf)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the reader's limit, and as leat_read.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the reader and the memory for the call.
 * Ordering   as leat_read.
 * Param      r       a reader.
 * Param      buf     where to put it.
 * Param      n       how much may be put there.
 * Returns    how many bytes, 1 to n; 0 at the end of the stream, or if n is 0; else as
 *            leat_read.
 * Fatal      never.
 * See        leat_reader_read_full, leat_reader_peek
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_reader_read(leat_reader *r, void *buf, size_t n);

/**
 * Read until memory is full.
 *
 * Go         io.ReadFull(r, buf)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the reader's limit, and as leat_read.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the reader and the memory for the call.
 * Ordering   as leat_read.
 * Param      r       a reader.
 * Param      buf     where to put it; what had come before an error is there, and is not read
 *            again.
 * Param      n       how much to read.
 * Returns    n; 0 if the stream ended before the first byte; -ENODATA if it ended later; else as
 *            leat_read.
 * Fatal      never.
 * See        leat_reader_read, leat_reader_peek
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_reader_read_full(leat_reader *r, void *buf, size_t n);

/**
 * Read a byte.
 *
 * Go         r.ReadByte()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the reader's limit, and as leat_read.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the reader.
 * Ordering   as leat_read.
 * Param      r       a reader.
 * Returns    the byte, 0 to 255; -ENODATA at the end of the stream; else as leat_read.
 * Fatal      never.
 * See        leat_reader_unread_byte, leat_reader_read
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_reader_read_byte(leat_reader *r);

/**
 * Take back the last byte that was read, so that it is read again.
 *
 * Go         r.UnreadByte()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the reader.
 * Ordering   none.
 * Param      r       a reader.
 * Returns    0; -EINVAL: the last call did not read anything, or one byte has been taken back
 *            already.
 * Fatal      never.
 * See        leat_reader_read_byte
 * Since      0.3
 */
LEAT_API int leat_reader_unread_byte(leat_reader *r);

/**
 * Look at what comes next without reading it, waiting until there is as much.
 *
 *     while ((n = leat_reader_peek(r, &p, want)) == (int64_t)want && !whole(p, &n))
 *         want = leat_reader_buffered(r) + 1;         // one more than there is: whatever comes
 *
 * Go         r.Peek(n)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the reader's limit, and as leat_read. What has come stays buffered.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the bytes are the reader's; they stand until the next call that reads or peeks.
 * Ordering   as leat_read.
 * Param      r       a reader.
 * Param      bytes   where to leave where they stand.
 * Param      n       how many.
 * Returns    n; less, also 0, at the end of the stream; -EMSGSIZE if n is more than the reader's
 *            memory; else as leat_read.
 * Fatal      never.
 * See        leat_reader_discard, leat_reader_buffered
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_reader_peek(leat_reader *r, const void **bytes, size_t n);

/**
 * Read bytes and drop them.
 *
 * Go         r.Discard(n)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the reader's limit, and as leat_read.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the reader.
 * Ordering   as leat_read.
 * Param      r       a reader.
 * Param      n       how many.
 * Returns    n; less at the end of the stream; else as leat_read, some having been dropped.
 * Fatal      never.
 * See        leat_reader_peek
 * Since      0.3
 */
LEAT_API int64_t leat_reader_discard(leat_reader *r, size_t n);

/**
 * Read up to a byte, within the reader's memory.
 *
 * Go         r.ReadSlice(delim)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the reader's limit, and as leat_read. What has come stays buffered.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the bytes are the reader's; they stand until the next call that reads or peeks.
 * Ordering   as leat_read.
 * Param      r       a reader.
 * Param      delim   the byte, 0 to 255.
 * Param      bytes   where to leave where they stand.
 * Returns    how many bytes, the last of which is delim; at the end of the stream what is left,
 *            without it, and then 0; -EMSGSIZE: there is none in as much as the reader's memory
 *            holds, all of which stays buffered; else as leat_read.
 * Fatal      never.
 * See        leat_reader_line, leat_reader_getdelim
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_reader_until(leat_reader *r, int delim,
                                                  const void **bytes);

/**
 * Read a line into the caller's memory, without its "\n" or "\r\n" and with a NUL.
 *
 * A last line that does not end in "\n" is one like others.
 *
 * Go         r.ReadLine(), bufio.Scanner
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the reader's limit, and as leat_read. What had come of the line is in buf, and
 *            is not read again.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the reader and the memory for the call.
 * Ordering   as leat_read.
 * Param      r       a reader.
 * Param      buf     where to put it.
 * Param      size    how much room there is, the NUL included; at least 1.
 * Returns    its length; -ENODATA: there are no more lines; -EMSGSIZE: it is longer: as much as
 *            there is room for is in buf, the rest is still to be read; else as leat_read.
 * Fatal      never.
 * See        leat_reader_getline, leat_reader_until
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_reader_line(leat_reader *r, char *buf, size_t size);

/**
 * Read a line into memory that grows, without its "\n" or "\r\n" and with a NUL.
 *
 *     char *line = NULL;
 *     size_t size = 0;
 *     int64_t n;
 *
 *     while ((n = leat_reader_getline(r, &line, &size, 1 << 20)) >= 0)
 *         puts(line);
 *     free(line);
 *
 * Go         bufio.Scanner with a Buffer
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the reader's limit, and as leat_read. What had come of the line is in *line, and
 *            is not read again.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *line is the caller's: free(), after an error, too.
 * Ordering   as leat_read.
 * Param      r       a reader.
 * Param      line    NULL, or memory of malloc, which is made larger when it has to be.
 * Param      size    how large that is.
 * Param      max     how long a line may be; SIZE_MAX: as long as memory lasts.
 * Returns    its length; -ENODATA: there are no more lines; -EMSGSIZE: it is longer: its
 *            beginning is in *line, the rest is still to be read; -ENOMEM; else as leat_read.
 * Fatal      never.
 * See        leat_reader_line, leat_reader_getdelim
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_reader_getline(leat_reader *r, char **line, size_t *size,
                                                    size_t max);

/**
 * Read up to a byte into memory that grows, with a NUL behind it.
 *
 * Go         r.ReadBytes(delim), r.ReadString(delim)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     as leat_reader_getline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *buf is the caller's: free(), after an error, too.
 * Ordering   as leat_read.
 * Param      r       a reader.
 * Param      buf     NULL, or memory of malloc, which is made larger when it has to be.
 * Param      size    how large that is.
 * Param      delim   the byte, 0 to 255.
 * Param      max     how long it may be, delim included; SIZE_MAX: as long as memory lasts.
 * Returns    how many bytes, the last of which is delim; at the end of the stream what is left,
 *            without it, and then 0; -EMSGSIZE: it is longer: its beginning is in *buf, the rest
 *            is still to be read; -ENOMEM; else as leat_read.
 * Fatal      never.
 * See        leat_reader_getline, leat_reader_until
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_reader_getdelim(leat_reader *r, char **buf, size_t *size,
                                                     int delim, size_t max);

/**
 * Copy the rest of the stream to another one: first what is buffered, then as leat_copy.
 *
 * Go         r.WriteTo(w)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the reader's limit, and as leat_read and leat_write.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the reader and the stream.
 * Ordering   as leat_read and leat_write.
 * Param      r       a reader.
 * Param      to      a stream.
 * Returns    how many bytes; else the error of either side, some having been copied.
 * Fatal      never.
 * See        leat_copy
 * Since      0.3
 */
LEAT_API int64_t leat_reader_copy_to(leat_reader *r, leat_io *to);

/**
 * Make a buffered writer of a stream.
 *
 * Go         bufio.NewWriterSize(w, size)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *w is the caller's: leat_writer_free. It takes a reference to the stream.
 * Ordering   none.
 * Param      w       where the writer goes.
 * Param      io      a stream; NULL: leat_writer_reset gives it one.
 * Param      size    how much memory; 0: 4096; at least 16 is taken.
 * Returns    0; -ENOMEM.
 * Fatal      never.
 * See        leat_writer_flush, leat_writer_free
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_writer_make(leat_writer **w, leat_io *io, size_t size);

/**
 * Free a writer. What has not been flushed is lost; the stream stays open.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes the writer, and gives its reference to the stream back.
 * Ordering   none.
 * Param      w       a writer, or NULL.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_writer_flush, leat_writer_make
 * Since      0.3
 */
LEAT_API void leat_writer_free(leat_writer *w);

/**
 * Drop what is buffered, forget an error, and write to another stream from now on.
 *
 * Go         w.Reset(io)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes a reference to the new stream, and gives that to the old one back.
 * Ordering   none.
 * Param      w       a writer.
 * Param      io      a stream; NULL: none.
 * Returns    nothing. The limit is taken back, too.
 * Fatal      never.
 * See        leat_writer_make
 * Since      0.3
 */
LEAT_API void leat_writer_reset(leat_writer *w, leat_io *io);

/**
 * Say when calls on a writer give up, from now on: at the end of a context, at a time.
 *
 * Go         none: Go's users set a deadline.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the context must live until the limit is changed or the writer is freed.
 * Ordering   none.
 * Param      w       a writer.
 * Param      ctx     a context; NULL: none.
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_io_set_deadline, leat_now
 * Since      0.3
 */
LEAT_API void leat_writer_set_limit(leat_writer *w, leat_ctx *ctx, leat_duration deadline);

/**
 * Say how much waits to be flushed.
 *
 * Go         w.Buffered()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the writer.
 * Ordering   none.
 * Param      w       a writer.
 * Returns    how many bytes are buffered.
 * Fatal      never.
 * See        leat_writer_flush
 * Since      0.3
 */
LEAT_API size_t leat_writer_buffered(const leat_writer *w);

/**
 * Write, into the buffer as long as there is room.
 *
 * Once the stream has refused something, every call on the writer returns that error, until
 * leat_writer_reset: so it suffices to look at what leat_writer_flush returns.
 *
 * Go         w.Write(buf)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the writer's limit, and as leat_write; both are final.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the writer and the memory for the call.
 * Ordering   as leat_write, when it is flushed.
 * Param      w       a writer.
 * Param      buf     what to write.
 * Param      n       how much.
 * Returns    n; or the first error of the stream.
 * Fatal      never.
 * See        leat_writer_flush, leat_writer_printf
 * Since      0.3
 */
LEAT_API int64_t leat_writer_write(leat_writer *w, const void *buf, size_t n);

/**
 * Write a byte.
 *
 * Go         w.WriteByte(c)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     as leat_writer_write.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the writer.
 * Ordering   as leat_writer_write.
 * Param      w       a writer.
 * Param      byte    its lowest eight bits.
 * Returns    0; or the first error of the stream.
 * Fatal      never.
 * See        leat_writer_write
 * Since      0.3
 */
LEAT_API int leat_writer_write_byte(leat_writer *w, int byte);

/**
 * Write a text and "\n".
 *
 * Go         fmt.Fprintln(w, text)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     as leat_writer_write.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the writer and the text for the call.
 * Ordering   as leat_writer_write.
 * Param      w       a writer.
 * Param      text    what to write, up to its NUL.
 * Returns    how many bytes; or the first error of the stream.
 * Fatal      never.
 * See        leat_writer_printf
 * Since      0.3
 */
LEAT_API int64_t leat_writer_line(leat_writer *w, const char *text);

/**
 * Write as printf does.
 *
 * Go         fmt.Fprintf(w, format, args...)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     as leat_writer_write.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the writer and the arguments for the call.
 * Ordering   as leat_writer_write.
 * Param      w       a writer.
 * Param      format  as printf's.
 * Param      args    what the format asks for.
 * Returns    how many bytes; -EINVAL for what the C library cannot print; -ENOMEM; or the first
 *            error of the stream.
 * Fatal      never.
 * See        leat_writer_line, leat_writer_write
 * Since      0.3
 */
LEAT_API int64_t leat_writer_printf(leat_writer *w, const char *format, ...) LEAT_PRINTF(2, 3);

/**
 * Write out what is buffered.
 *
 * Go         w.Flush()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     as leat_writer_write.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the writer.
 * Ordering   as leat_write.
 * Param      w       a writer.
 * Returns    0; or the first error of the stream.
 * Fatal      never.
 * See        leat_writer_write, leat_writer_free
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_writer_flush(leat_writer *w);

/**
 * Write out what is buffered, then copy the rest of another stream, as leat_copy.
 *
 * Go         w.ReadFrom(r)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the writer's limit, and as leat_read and leat_write.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the writer and the stream.
 * Ordering   as leat_read and leat_write.
 * Param      w       a writer.
 * Param      from    a stream.
 * Returns    how many bytes were copied; else the error of either side, some having been copied.
 * Fatal      never.
 * See        leat_copy
 * Since      0.3
 */
LEAT_API int64_t leat_writer_copy_from(leat_writer *w, leat_io *from);

#ifdef __cplusplus
}
#endif

#endif
