/* SPDX-License-Identifier: MIT */
/*
 * leat/net/conn.h - connections: dialling, and the addresses at both ends.
 *
 *     leat_io *conn;
 *     int err = leat_dial(&conn, "tcp", "127.0.0.1:7");
 *
 *     if (err < 0)
 *         return err;
 *     leat_write(conn, "hello\n", 6);
 *     leat_io_free(conn);
 *
 * A connection is a stream: leat/io/stream.h says how it is read, written, ended and closed. As in
 * Go, TCP sends what is written at once, and finds out by probes when a peer has vanished.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_NET_CONN_API_H
#define LEAT_NET_CONN_API_H

#include <leat/io/stream.h>
#include <leat/net/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Connect to an address.
 *
 * The host may be a name. If it has several addresses they are tried in turn, the next one a
 * quarter of a second after the last one or as soon as that has failed, and the first connection
 * is taken: so a family that does not get through costs little (RFC 8305).
 *
 * Go         net.Dial(network, address)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled; leat_dial_ctx can, and leat_dial_until ends at a time.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *conn is the caller's: leat_io_free. After an error there is none.
 * Ordering   none.
 * Param      conn    where the connection goes.
 * Param      network "tcp", "udp", "unix" and the others of leat/net/addr.h.
 * Param      address whom to connect to.
 * Returns    0; -ECONNREFUSED: nobody listens there; what leat_resolve says of an address; else
 *            what the kernel says of the first address.
 * Fatal      never.
 * See        leat_dial_ctx, leat_dial_until, leat_listen
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_dial(leat_io **conn, const char *network, const char *address);

/**
 * Connect to an address, unless a context is over first.
 *
 * Go         d.DialContext(ctx, network, address)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over. A connection that exists by then is not touched.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_dial.
 * Ordering   an error of the context comes after what its canceller did before.
 * Param      ctx     a context; NULL is the background.
 * Param      conn    where the connection goes.
 * Param      network such as "tcp".
 * Param      address whom to connect to.
 * Returns    as leat_dial; -ECANCELED or -ETIMEDOUT by the context.
 * Fatal      never.
 * See        leat_dial
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_dial_ctx(leat_ctx *ctx, leat_io **conn, const char *network,
                                          const char *address);

/**
 * Connect to an address, unless a time comes first.
 *
 * Go         net.DialTimeout(network, address, d)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     at the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_dial.
 * Ordering   none.
 * Param      conn    where the connection goes.
 * Param      network such as "tcp".
 * Param      address whom to connect to.
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    as leat_dial; -ETIMEDOUT at the deadline.
 * Fatal      never.
 * See        leat_dial, leat_now
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_dial_until(leat_io **conn, const char *network,
                                            const char *address, leat_duration deadline);

/**
 * Find the address at this end of a stream.
 *
 * Go         conn.LocalAddr()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream; the address is a copy.
 * Ordering   none.
 * Param      io      a stream over a socket.
 * Param      a       where the address goes; unchanged after an error.
 * Returns    0; -EBADF: closed; -ENOTSOCK, -EOPNOTSUPP: not a stream over a socket.
 * Fatal      never.
 * See        leat_peer_addr, leat_listener_addr, leat_addr_format
 * Since      0.3
 */
LEAT_API int leat_local_addr(leat_io *io, leat_addr *a);

/**
 * Find the address at the other end of a stream.
 *
 * A TCP connection knows it even when the peer has gone or the stream is closed.
 *
 * Go         conn.RemoteAddr()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream; the address is a copy.
 * Ordering   none.
 * Param      io      a stream over a socket.
 * Param      a       where the address goes; unchanged after an error.
 * Returns    0; -ENOTCONN: there is no peer; else as leat_local_addr.
 * Fatal      never.
 * See        leat_local_addr, leat_addr_format
 * Since      0.3
 */
LEAT_API int leat_peer_addr(leat_io *io, leat_addr *a);

#ifdef __cplusplus
}
#endif

#endif
