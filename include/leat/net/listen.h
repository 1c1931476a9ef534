/* SPDX-License-Identifier: MIT */
/*
 * leat/net/listen.h - listeners: waiting for others to connect.
 *
 *     static int serve_all(leat_listener *l)
 *     {
 *         leat_io *conn;
 *         int err;
 *
 *         while ((err = leat_accept(l, &conn)) == 0)
 *             leat_go(serve, conn);
 *         return err == -EBADF ? 0 : err;      // leat_listener_close is how a server ends
 *     }
 *
 * Any number of goroutines may accept from one listener.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_NET_LISTEN_H
#define LEAT_NET_LISTEN_H

#include <leat/io/stream.h>
#include <leat/net/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Who waits for connections. Its memory is counted, as a stream's. */
typedef struct leat_listener leat_listener;

/** How to listen; zeroed, or NULL, is how Go does. */
typedef struct leat_listen_options {
    int backlog;     /**< how many may wait to be accepted; 0: as many as the kernel allows */
    bool reuse_port; /**< several listeners share the port, and the kernel deals them out */
    bool no_reuse_addr; /**< the port is refused while old connections of it linger */
} leat_listen_options;

/**
 * Listen at an address.
 *
 * The file of a Unix address is made, must not be there before, and is removed when the listener
 * is closed.
 *
 * Go         net.Listen(network, address)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *l is the caller's: leat_listener_free. After an error there is none.
 * Ordering   none.
 * Param      l       where the listener goes.
 * Param      network "tcp", "tcp4", "tcp6", "unix" or "unixpacket".
 * Param      address where; port 0 is one that is free, no host is every address of the machine.
 * Returns    0; -EADDRINUSE: somebody else listens there; -EOPNOTSUPP: datagrams have no listener;
 *            what leat_addr_parse says of an address; else what the kernel says.
 * Fatal      never.
 * See        leat_accept, leat_listener_addr, leat_listen_with
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_listen(leat_listener **l, const char *network,
                                        const char *address);

/**
 * Listen at an address, with options.
 *
 * Go         lc.Listen(ctx, network, address) of a net.ListenConfig
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_listen; borrows the options for the call.
 * Ordering   none.
 * Param      l       where the listener goes.
 * Param      network such as "tcp".
 * Param      address where.
 * Param      options NULL: none.
 * Returns    as leat_listen.
 * Fatal      never.
 * See        leat_listen
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_listen_with(leat_listener **l, const char *network,
                                             const char *address,
                                             const leat_listen_options *options);

/**
 * Take the next connection, waiting until there is one.
 *
 * A connection that its peer has given up before it was taken is passed over. When descriptors
 * have run out, the connection waits, and asking again at once says so again: pause before.
 *
 * Go         l.Accept()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by a deadline or leat_listener_close; leat_accept_ctx with a context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *conn is the caller's: leat_io_free. After an error there is none.
 * Ordering   none.
 * Param      l       a listener.
 * Param      conn    where the connection goes.
 * Returns    0; -EBADF: the listener is closed; -ETIMEDOUT at its deadline; -EMFILE, -ENFILE,
 *            -ENOBUFS, -ENOMEM: something has run out, the listener is still good; else what the
 *            kernel says.
 * Fatal      never.
 * See        leat_accept_ctx, leat_accept_until, leat_listener_set_deadline
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_accept(leat_listener *l, leat_io **conn);

/**
 * Take the next connection, unless a context is over first.
 *
 * Go         none: Go's users close the listener, or set its deadline.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_accept.
 * Ordering   an error of the context comes after what its canceller did before.
 * Param      ctx     a context; NULL is the background.
 * Param      l       a listener.
 * Param      conn    where the connection goes.
 * Returns    as leat_accept; -ECANCELED or -ETIMEDOUT by the context.
 * Fatal      never.
 * See        leat_accept
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_accept_ctx(leat_ctx *ctx, leat_listener *l, leat_io **conn);

/**
 * Take the next connection, unless a time comes first.
 *
 * Go         none: Go's users set the listener's deadline.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     at the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_accept.
 * Ordering   none.
 * Param      l       a listener.
 * Param      conn    where the connection goes.
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    as leat_accept; -ETIMEDOUT at the deadline.
 * Fatal      never.
 * See        leat_accept, leat_now
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_accept_until(leat_listener *l, leat_io **conn,
                                              leat_duration deadline);

/**
 * Say until when those who accept may wait, those who wait now and those to come.
 *
 * Go         l.SetDeadline(t)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the listener.
 * Ordering   none.
 * Param      l       a listener.
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    0; -EBADF: closed.
 * Fatal      never.
 * See        leat_accept_until, leat_now
 * Since      0.3
 */
LEAT_API int leat_listener_set_deadline(leat_listener *l, leat_duration deadline);

/**
 * Find where a listener listens, with the port that the kernel has chosen.
 *
 * Go         l.Addr()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the listener; the address is a copy.
 * Ordering   none.
 * Param      l       a listener, closed or not.
 * Param      a       where the address goes.
 * Returns    0.
 * Fatal      never.
 * See        leat_addr_format, leat_addr_port
 * Since      0.3
 */
LEAT_API int leat_listener_addr(leat_listener *l, leat_addr *a);

/**
 * Find the descriptor of a listener, for options that leat has no call for.
 *
 * Go         l.SyscallConn()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the descriptor stays the listener's: see leat_io_fd.
 * Ordering   none.
 * Param      l       a listener.
 * Returns    the descriptor; -EBADF: closed.
 * Fatal      never.
 * See        leat_io_fd
 * Since      0.3
 */
LEAT_API int leat_listener_fd(leat_listener *l);

/**
 * Stop listening: who waits in leat_accept gets -EBADF, and so does who calls it from now on.
 *
 * Connections that nobody has taken are reset. When it returns, the address is free.
 *
 * Go         l.Close()
 * Blocks     until calls that are under way have noticed.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the listener: leat_listener_free gives it back.
 * Ordering   what precedes it happens before the errors it causes are returned.
 * Param      l       a listener, or NULL.
 * Returns    0; -EBADF: it was closed before.
 * Fatal      never.
 * See        leat_listener_free
 * Since      0.3
 */
LEAT_API int leat_listener_close(leat_listener *l);

/**
 * Stop listening and give the listener's reference back.
 *
 * Go         defer l.Close()
 * Blocks     as leat_listener_close.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes the reference.
 * Ordering   as leat_listener_close.
 * Param      l       a listener, closed or not; NULL does nothing.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_listener_close, leat_listener_ref
 * Since      0.3
 */
LEAT_API void leat_listener_free(leat_listener *l);

/**
 * Share a listener: its memory stays until as many references have been given back.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the new reference is the caller's, or whom it gives it to.
 * Ordering   none.
 * Param      l       a listener, or NULL.
 * Returns    l.
 * Fatal      never.
 * See        leat_listener_unref, leat_listener_free
 * Since      0.3
 */
LEAT_API leat_listener *leat_listener_ref(leat_listener *l);

/**
 * Give a reference back without closing; the last one closes and frees.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     no, unless it is the last: as leat_listener_close.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes the reference.
 * Ordering   what precedes any unref happens before the listener is freed.
 * Param      l       a listener, or NULL.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_listener_ref, leat_listener_free
 * Since      0.3
 */
LEAT_API void leat_listener_unref(leat_listener *l);

#ifdef __cplusplus
}
#endif

#endif
