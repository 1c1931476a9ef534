/* SPDX-License-Identifier: MIT */
/*
 * leat/net/packet.h - datagrams, and messages with descriptors in them.
 *
 *     leat_io *socket;
 *     leat_addr from;
 *     char buf[1500];
 *     int64_t n;
 *
 *     int err = leat_listen_packet(&socket, "udp", ":9999");
 *     if (err < 0)
 *         return err;
 *     while ((n = leat_recv_from(socket, buf, sizeof(buf), &from)) >= 0)
 *         leat_send_to(socket, buf, (size_t)n, &from);
 *
 * A socket of datagrams that leat_dial has made has one peer, and is read and written as a stream:
 * a write is one datagram, a read takes one and loses what does not fit. An empty one reads as 0.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_NET_PACKET_H
#define LEAT_NET_PACKET_H

#include <leat/io/stream.h>
#include <leat/net/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is received or sent as one. Zeroed fields are not asked for, or not there. */
typedef struct leat_message {
    void *data;      /**< the bytes */
    size_t size;     /**< how many, or how many there is room for */
    leat_addr *addr; /**< whom from or to; NULL: the peer */
    int *fds;        /**< descriptors that go along, on Unix sockets only */
    int nfds;        /**< how many; received: how much room, then how many have come */
    bool cut;        /**< received: something did not fit and is lost */
} leat_message;

/** So many descriptors go into a message, at most. */
enum { LEAT_MESSAGE_FDS = 253 };

/**
 * Make a socket that receives datagrams at an address, and sends them to any.
 *
 * Go         net.ListenPacket(network, address)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *io is the caller's: leat_io_free. After an error there is none.
 * Ordering   none.
 * Param      io      where the socket goes.
 * Param      network "udp", "udp4", "udp6" or "unixgram", whose file is the caller's to remove.
 * Param      address where; port 0 is one that is free, no host is every address of the machine.
 * Returns    0; -EADDRINUSE: somebody else is there; -EOPNOTSUPP: no network of datagrams; what
 *            leat_addr_parse says of an address; else what the kernel says.
 * Fatal      never.
 * See        leat_recv_from, leat_send_to, leat_local_addr
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_listen_packet(leat_io **io, const char *network,
                                               const char *address);

/**
 * Receive a datagram, waiting until there is one.
 *
 * Go         pc.ReadFrom(buf)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by a deadline or leat_io_close; leat_recv_from_ctx with a context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream and the memory for the call.
 * Ordering   a datagram is received after what preceded its sending.
 * Param      io      a stream over a socket.
 * Param      buf     where to put it.
 * Param      n       how much may be put there; what does not fit is lost.
 * Param      from    where the sender's address goes; NULL if nobody asks.
 * Returns    how many bytes, 0 for an empty datagram; -ETIMEDOUT at the deadline; -EBADF: closed;
 *            -EOPNOTSUPP, -ENOTSOCK: not a stream over a socket; else what the kernel says.
 * Fatal      never.
 * See        leat_recv_from_ctx, leat_recv_from_until, leat_recv_message, leat_send_to
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_recv_from(leat_io *io, void *buf, size_t n,
                                               leat_addr *from);

/**
 * Receive a datagram, unless a context is over first.
 *
 * Go         none: Go's users set a deadline from another goroutine.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_recv_from.
 * Ordering   as leat_recv_from; an error of the context comes after what its canceller did before.
 * Param      ctx     a context; NULL is the background.
 * Param      io      a stream over a socket.
 * Param      buf     where to put it.
 * Param      n       how much may be put there.
 * Param      from    where the sender's address goes, or NULL.
 * Returns    as leat_recv_from; -ECANCELED or -ETIMEDOUT by the context.
 * Fatal      never.
 * See        leat_recv_from
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_recv_from_ctx(leat_ctx *ctx, leat_io *io, void *buf,
                                                   size_t n, leat_addr *from);

/**
 * Receive a datagram, unless a time comes first.
 *
 * Go         none: Go's users set a deadline, which holds for later reads too.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     at the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_recv_from.
 * Ordering   as leat_recv_from.
 * Param      io      a stream over a socket.
 * Param      buf     where to put it.
 * Param      n       how much may be put there.
 * Param      from    where the sender's address goes, or NULL.
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    as leat_recv_from; -ETIMEDOUT at the deadline.
 * Fatal      never.
 * See        leat_recv_from, leat_now
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_recv_from_until(leat_io *io, void *buf, size_t n,
                                                     leat_addr *from, leat_duration deadline);

/**
 * Send a datagram to an address, waiting where there is no room.
 *
 * Go         pc.WriteTo(buf, addr)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by a deadline or leat_io_close; leat_send_to_ctx with a context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream, the memory and the address for the call.
 * Ordering   what precedes it happens before the datagram is received.
 * Param      io      a stream over a socket.
 * Param      buf     what to send.
 * Param      n       how much, may be 0.
 * Param      to      whom; NULL: the peer of a socket that has one.
 * Returns    n; -EMSGSIZE: too long for a datagram; -ETIMEDOUT at the deadline; -EBADF: closed;
 *            -EOPNOTSUPP, -ENOTSOCK: not a stream over a socket; else what the kernel says, which
 *            may be about an earlier datagram.
 * Fatal      never.
 * See        leat_send_to_ctx, leat_send_to_until, leat_send_message, leat_recv_from
 * Since      0.3
 */
LEAT_API int64_t leat_send_to(leat_io *io, const void *buf, size_t n, const leat_addr *to);

/**
 * Send a datagram to an address, unless a context is over first.
 *
 * Go         none: Go's users set a deadline from another goroutine.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_send_to.
 * Ordering   as leat_send_to; an error of the context comes after what its canceller did before.
 * Param      ctx     a context; NULL is the background.
 * Param      io      a stream over a socket.
 * Param      buf     what to send.
 * Param      n       how much, may be 0.
 * Param      to      whom, or NULL.
 * Returns    as leat_send_to; -ECANCELED or -ETIMEDOUT by the context.
 * Fatal      never.
 * See        leat_send_to
 * Since      0.3
 */
LEAT_API int64_t leat_send_to_ctx(leat_ctx *ctx, leat_io *io, const void *buf, size_t n,
                                  const leat_addr *to);

/**
 * Send a datagram to an address, unless a time comes first.
 *
 * Go         none: Go's users set a deadline, which holds for later writes too.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     at the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_send_to.
 * Ordering   as leat_send_to.
 * Param      io      a stream over a socket.
 * Param      buf     what to send.
 * Param      n       how much, may be 0.
 * Param      to      whom, or NULL.
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    as leat_send_to; -ETIMEDOUT at the deadline.
 * Fatal      never.
 * See        leat_send_to, leat_now
 * Since      0.3
 */
LEAT_API int64_t leat_send_to_until(leat_io *io, const void *buf, size_t n, const leat_addr *to,
                                    leat_duration deadline);

/**
 * Receive a message with all that comes along: the sender, descriptors, whether it was cut off.
 *
 * Descriptors that have come are closed by exec. Those that do not fit are closed at once.
 *
 * Go         uc.ReadMsgUnix(b, oob), syscall.ParseUnixRights
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the limit, a deadline or leat_io_close.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream and the memory for the call; descriptors are the caller's.
 * Ordering   as leat_recv_from.
 * Param      io      a stream over a socket; a stream of bytes gives what there is.
 * Param      message where to put what; nfds, cut and *addr are set.
 * Param      limit   when to give up; NULL: never.
 * Returns    as leat_recv_from.
 * Fatal      never.
 * See        leat_recv_from, leat_send_message
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_recv_message(leat_io *io, leat_message *message,
                                                  const leat_limit *limit);

/**
 * Send a message with all that goes along: an address, descriptors.
 *
 * A stream of bytes sends all of it, as a write; descriptors go with the first byte.
 *
 * Go         uc.WriteMsgUnix(b, syscall.UnixRights(fds...), addr)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     by the limit, a deadline or leat_io_close.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows all of it for the call; the receiver gets copies of the descriptors.
 * Ordering   as leat_send_to.
 * Param      io      a stream over a socket.
 * Param      message what to send; it is not changed.
 * Param      limit   when to give up; NULL: never.
 * Returns    as leat_send_to; -EINVAL: descriptors with no byte, or more than LEAT_MESSAGE_FDS.
 * Fatal      never.
 * See        leat_send_to, leat_recv_message
 * Since      0.3
 */
LEAT_API int64_t leat_send_message(leat_io *io, const leat_message *message,
                                   const leat_limit *limit);

#ifdef __cplusplus
}
#endif

#endif
