/* SPDX-License-Identifier: MIT */
/*
 * leat/io/stream.h - streams: what bytes are read from and written to.
 *
 *     static void echo(leat_io *conn)
 *     {
 *         char buf[4096];
 *         int64_t n;
 *
 *         while ((n = leat_read(conn, buf, sizeof(buf))) > 0)
 *             if ((n = leat_write(conn, buf, (size_t)n)) < 0)
 *                 break;
 *         if (n < 0)                       // 0: the peer has ended it
 *             fprintf(stderr, "echo: %s\n", leat_strerror((int)n));
 *         leat_io_free(conn);
 *     }
 *
 * A socket, a pipe, a file, a TLS connection are all a leat_io. A call that has to wait parks its
 * goroutine and nobody else. One goroutine may read while another writes; two that read, or two
 * that write, take turns, and a write is whole before the next one begins.
 *
 * Any call ends with -EBADF once the stream is closed, also by another goroutine and also one that
 * waits. A deadline holds for all calls of its way until it is changed, as in Go; a limit holds
 * for one call.
 *
 * To make a kind of stream of your own, put a leat_io first in a struct and fill leat_io_ops.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_IO_STREAM_H
#define LEAT_IO_STREAM_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A stream. Its memory is counted: see leat_io_ref. */
typedef struct leat_io leat_io;

/** A piece of memory, laid out as POSIX's struct iovec. */
typedef struct leat_iovec {
    void *base;
    size_t len;
} leat_iovec;

/** When a call gives up: at the end of a context (NULL: never), at a time (LEAT_FOREVER). */
typedef struct leat_limit {
    leat_ctx *ctx;
    leat_duration until;
} leat_limit;

/** No limit, as an initialiser. */
#define LEAT_NO_LIMIT      \
    {                      \
        NULL, LEAT_FOREVER \
    }

/** The two ways of a stream, to be or'ed. */
enum { LEAT_READ = 1, LEAT_WRITE = 2 };

/**
 * What a kind of stream can do. A NULL function means that it cannot: -EOPNOTSUPP; `close`,
 * `free` and `kind` must be there. Calls may come from several goroutines at once.
 */
typedef struct leat_io_ops {
    const char *kind; /* a word for messages: "tcp", "tls", "file" */
    /* Read something: how much, 0 at the end, -errno. n is at least 1 and some len is not 0. */
    int64_t (*readv)(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit);
    /* Wait until readv would not. NULL: it never does, or does so itself. */
    int (*readable)(leat_io *io, const leat_limit *limit);
    /* Write all of it: how much that is, or -errno; *done, 0 before, is what was written then. */
    int64_t (*writev)(leat_io *io, const leat_iovec *from, int n, size_t *done,
                      const leat_limit *limit);
    int (*shut)(leat_io *io, int ways);
    int (*deadline)(leat_io *io, int ways, leat_duration until);
    int (*close)(leat_io *io); /* -EBADF when it is closed already */
    void (*free)(leat_io *io); /* the last reference is gone; close it if nobody has */
    int (*fd)(leat_io *io);    /* the descriptor below, for options; NULL: there is none */
} leat_io_ops;

/** What each stream begins with; made by leat_io_init. */
struct leat_io {
    const leat_io_ops *leat__ops;
    uint32_t leat__refs;
};

/**
 * Begin a stream of a kind of your own, with one reference.
 *
 * Go         none: Go's interfaces need no such call.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows ops for the life of the stream; the memory is freed by ops->free.
 * Ordering   none.
 * Param      io      the beginning of your stream's memory.
 * Param      ops     what it can do; usually static.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_io_ref, leat_io_free
 * Since      0.3
 */
LEAT_API void leat_io_init(leat_io *io, const leat_io_ops *ops);

/**
 * Take over a descriptor that somebody else has opened: a socket, a pipe, a terminal.
 *
 * It is made non-blocking, for all who share it: also for other processes, if it was inherited
 * (which is why standard input and its like are streams of their own). What one cannot wait for,
 * such as a regular file, is read and written as it comes.
 *
 * Go         os.NewFile(fd, name), net.FileConn(f)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *io is the caller's: leat_io_free. It owns the descriptor, and closes it; after an
 *            error it does not.
 * Ordering   none.
 * Param      io      where the stream goes.
 * Param      fd      a descriptor.
 * Returns    0; -EBADF: there is no such descriptor; -ENOMEM.
 * Fatal      never.
 * See        leat_io_free, leat_wait_fd
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_io_adopt(leat_io **io, int fd);

/**
 * Read what there is, waiting until there is something.
 *
 * Go         r.Read(buf)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by a deadline or leat_io_close; leat_read_ctx with a context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream and the memory for the call.
 * Ordering   a read comes after the writes of what it reads.
 * Param      io      a stream.
 * Param      buf     where to put it; unchanged if nothing was read.
 * Param      n       how much may be put there.
 * Returns    how many bytes, 1 to n; 0 at the end of the stream, or if n is 0; -ETIMEDOUT at the
 *            deadline; -EBADF when the stream is closed on this side; else what the kernel says.
 * Fatal      never.
 * See        leat_read_full, leat_read_ctx, leat_read_until, leat_io_set_deadline
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_read(leat_io *io, void *buf, size_t n);

/**
 * Read what there is, unless a context is over first.
 *
 * Go         none: Go's users set a deadline from another goroutine.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_read.
 * Ordering   as leat_read; an error of the context comes after what its canceller did before.
 * Param      ctx     a context; NULL is the background.
 * Param      io      a stream.
 * Param      buf     where to put it.
 * Param      n       how much may be put there.
 * Returns    as leat_read; -ECANCELED or -ETIMEDOUT by the context.
 * Fatal      never.
 * See        leat_read
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_read_ctx(leat_ctx *ctx, leat_io *io, void *buf, size_t n);

/**
 * Read what there is, unless a time comes first.
 *
 * Go         none: Go's users set a deadline, which holds for later reads too.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     at the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_read.
 * Ordering   as leat_read.
 * Param      io      a stream.
 * Param      buf     where to put it.
 * Param      n       how much may be put there.
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    as leat_read; -ETIMEDOUT at the deadline.
 * Fatal      never.
 * See        leat_read, leat_now
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_read_until(leat_io *io, void *buf, size_t n,
                                                leat_duration deadline);

/**
 * Read until memory is full.
 *
 * Go         io.ReadFull(r, buf)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by a deadline or leat_io_close.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_read.
 * Ordering   as leat_read.
 * Param      io      a stream.
 * Param      buf     where to put it; what had come before an error is there.
 * Param      n       how much to read.
 * Returns    n; 0 if the stream ended before the first byte; -ENODATA if it ended later; else as
 *            leat_read.
 * Fatal      never.
 * See        leat_read, leat_readv
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_read_full(leat_io *io, void *buf, size_t n);

/**
 * Read into several pieces of memory, with a limit: what the other reads are made of.
 *
 * Go         none: net.Buffers only writes.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the limit, a deadline or leat_io_close.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream and the memory for the call.
 * Ordering   as leat_read.
 * Param      io      a stream.
 * Param      to      the pieces, filled in order.
 * Param      n       how many.
 * Param      limit   when to give up; NULL: never.
 * Returns    as leat_read; -EOPNOTSUPP if the stream cannot be read.
 * Fatal      never.
 * See        leat_read, leat_writev
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_readv(leat_io *io, const leat_iovec *to, int n,
                                           const leat_limit *limit);

/**
 * Wait until there is something to read, and read nothing.
 *
 *     while (leat_io_wait_readable(conn, NULL) == 0) {
 *         char *buf = leat_pool_get(&buffers);        // only now, and only for so long
 *         int64_t n = leat_read(conn, buf, SIZE);
 *         bool more = n > 0 && leat_write(conn, buf, (size_t)n) == n;
 *         leat_pool_put(&buffers, buf);
 *         if (!more)
 *             break;
 *     }
 *
 * For many connections of which few have something to say: those that wait hold no memory for
 * it, and those that read share what is still in the processor's caches. Afterwards a read finds
 * bytes, the end or an error, unless another goroutine was quicker, or the kernel's news was of
 * bytes that the last read had already: then it waits. So it may for what leat_io_joined has
 * made, when a part has ended. A kind of stream that cannot tell says 0 at once, and it is the
 * read that waits.
 *
 * Go         none: there a connection that waits in Read holds its buffer.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the limit, a deadline or leat_io_close.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream and the limit for the call.
 * Ordering   none; the read has it.
 * Param      io      a stream.
 * Param      limit   when to give up; NULL: never.
 * Returns    0; -ETIMEDOUT or -ECANCELED by the limit or the deadline; -EBADF when the stream is
 *            closed on this side; -EOPNOTSUPP: it cannot be read; else what a read would say.
 * Fatal      never.
 * See        leat_read, leat_pool_get, leat_wait_fd
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_io_wait_readable(leat_io *io, const leat_limit *limit);

/**
 * Write all of it, waiting where there is no room.
 *
 * The bytes of other writers come before or after, never in between. After an error an unknown
 * part has been written: leat_writev tells how much.
 *
 * Go         w.Write(buf)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by a deadline or leat_io_close; leat_write_ctx with a context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream and the memory for the call.
 * Ordering   what precedes a write happens before the reads of it.
 * Param      io      a stream.
 * Param      buf     what to write.
 * Param      n       how much.
 * Returns    n; -EPIPE when nobody reads any more (no signal is raised); -ETIMEDOUT at the
 *            deadline; -EBADF when the stream is closed on this side; else what the kernel says.
 * Fatal      never.
 * See        leat_write_ctx, leat_write_until, leat_writev, leat_io_set_deadline
 * Since      0.3
 */
LEAT_API int64_t leat_write(leat_io *io, const void *buf, size_t n);

/**
 * Write all of it, unless a context is over first.
 *
 * Go         none: Go's users set a deadline from another goroutine.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_write.
 * Ordering   as leat_write; an error of the context comes after what its canceller did before.
 * Param      ctx     a context; NULL is the background.
 * Param      io      a stream.
 * Param      buf     what to write.
 * Param      n       how much.
 * Returns    as leat_write; -ECANCELED or -ETIMEDOUT by the context.
 * Fatal      never.
 * See        leat_write
 * Since      0.3
 */
LEAT_API int64_t leat_write_ctx(leat_ctx *ctx, leat_io *io, const void *buf, size_t n);

/**
 * Write all of it, unless a time comes first.
 *
 * Go         none: Go's users set a deadline, which holds for later writes too.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     at the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_write.
 * Ordering   as leat_write.
 * Param      io      a stream.
 * Param      buf     what to write.
 * Param      n       how much.
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    as leat_write; -ETIMEDOUT at the deadline.
 * Fatal      never.
 * See        leat_write, leat_now
 * Since      0.3
 */
LEAT_API int64_t leat_write_until(leat_io *io, const void *buf, size_t n,
                                  leat_duration deadline);

/**
 * Write several pieces of memory as one, with a limit: what the other writes are made of.
 *
 * Go         net.Buffers.WriteTo(w)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the limit, a deadline or leat_io_close.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream and the memory for the call.
 * Ordering   as leat_write.
 * Param      io      a stream.
 * Param      from    the pieces, written in order.
 * Param      n       how many.
 * Param      done    how much was written, also after an error; NULL if nobody asks.
 * Param      limit   when to give up; NULL: never.
 * Returns    as leat_write, of all the pieces; -EOPNOTSUPP if the stream cannot be written.
 * Fatal      never.
 * See        leat_write, leat_readv
 * Since      0.3
 */
LEAT_API int64_t leat_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                             const leat_limit *limit);

/**
 * End one way of a stream, or both: the peer reads an end, or writes in vain.
 *
 * Closing frees what a stream holds; this does not.
 *
 * Go         conn.CloseWrite(), conn.CloseRead()
 * Blocks     no; a TLS stream sends a record.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream.
 * Ordering   none.
 * Param      io      a stream.
 * Param      ways    LEAT_READ, LEAT_WRITE, or both, or'ed.
 * Returns    0; -ENOTCONN: the peer has gone; -EOPNOTSUPP: streams of this kind have no such end.
 * Fatal      never.
 * See        leat_io_close
 * Since      0.3
 */
LEAT_API int leat_io_shutdown(leat_io *io, int ways);

/**
 * Say until when calls on a stream may wait, those that wait now and those to come.
 *
 * A time that has passed ends them at once. It holds until it is set anew; LEAT_FOREVER takes it
 * back, and the stream can be used as before.
 *
 * Go         conn.SetDeadline(t), SetReadDeadline, SetWriteDeadline
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream.
 * Ordering   none.
 * Param      io      a stream.
 * Param      ways    LEAT_READ, LEAT_WRITE, or both, or'ed.
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    0; -EBADF: closed; -EOPNOTSUPP: such streams have no deadlines.
 * Fatal      never.
 * See        leat_read_until, leat_now
 * Since      0.3
 */
LEAT_API int leat_io_set_deadline(leat_io *io, int ways, leat_duration deadline);

/**
 * Close a stream: who waits on it gets -EBADF, and so does who uses it from now on.
 *
 * The memory stays until the last reference is gone, so goroutines that still have the stream
 * are safe. When it returns, the descriptor is closed.
 *
 * Go         conn.Close()
 * Blocks     until calls that are under way have noticed.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream: leat_io_free gives it back.
 * Ordering   what precedes it happens before the errors it causes are returned.
 * Param      io      a stream, or NULL.
 * Returns    0; -EBADF: it was closed before; what the kernel said when it closed: it is closed all
 *            the same.
 * Fatal      never.
 * See        leat_io_free, leat_io_shutdown
 * Since      0.3
 */
LEAT_API int leat_io_close(leat_io *io);

/**
 * Close a stream and give its reference back: what most goroutines do with theirs at the end.
 *
 * Go         defer conn.Close()
 * Blocks     as leat_io_close.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes the reference.
 * Ordering   as leat_io_close.
 * Param      io      a stream, closed or not; NULL does nothing.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_io_close, leat_io_ref
 * Since      0.3
 */
LEAT_API void leat_io_free(leat_io *io);

/**
 * Share a stream: its memory stays until as many references have been given back.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the new reference is the caller's, or whom it gives it to.
 * Ordering   none.
 * Param      io      a stream, or NULL.
 * Returns    io.
 * Fatal      never.
 * See        leat_io_unref, leat_io_free
 * Since      0.3
 */
LEAT_API leat_io *leat_io_ref(leat_io *io);

/**
 * Give a reference back without closing; the last one closes and frees.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     no, unless it is the last: as leat_io_close.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes the reference.
 * Ordering   what precedes any unref happens before the stream is freed.
 * Param      io      a stream, or NULL.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_io_ref, leat_io_free
 * Since      0.3
 */
LEAT_API void leat_io_unref(leat_io *io);

/**
 * Name a stream's kind: "tcp", "unix", "pipe", "file", "tls" or what ops say.
 *
 * Go         none: Go has type switches.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the text belongs to the stream's kind.
 * Ordering   none.
 * Param      io      a stream.
 * Returns    a word.
 * Fatal      never.
 * See        leat_io_fd
 * Since      0.3
 */
LEAT_API const char *leat_io_kind(leat_io *io);

/**
 * Find the descriptor below a stream, for options that leat has no call for.
 *
 * It is non-blocking, and may be closed by another goroutine at any time: keep a stream from being
 * closed while you use it. Do not read, write or close it.
 *
 * Go         conn.SyscallConn()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the descriptor stays the stream's.
 * Ordering   none.
 * Param      io      a stream.
 * Returns    the descriptor; -EBADF: closed; -EOPNOTSUPP: there is none.
 * Fatal      never.
 * See        leat_wait_fd
 * Since      0.3
 */
LEAT_API int leat_io_fd(leat_io *io);

#ifdef __cplusplus
}
#endif

#endif
