/* SPDX-License-Identifier: MIT */
/*
 * leat/net/option.h - options of sockets, and groups of many receivers.
 *
 *     leat_net_set(conn, LEAT_NET_NODELAY, 0);            // small writes may wait for more
 *     leat_net_set(conn, LEAT_NET_LINGER, 0);             // closing resets the connection
 *     leat_net_get(conn, LEAT_NET_READ_BUFFER, &size);
 *
 * What is not here can be set on leat_io_fd.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_NET_OPTION_H
#define LEAT_NET_OPTION_H

#include <leat/io/stream.h>
#include <leat/net/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An option of a socket, and what its number means. */
typedef enum leat_net_option {
    LEAT_NET_NODELAY,        /**< TCP: 1 sends small writes at once (at first), 0 collects */
    LEAT_NET_KEEPALIVE,      /**< TCP: probe a peer silent for so many seconds (15); 0: never */
    LEAT_NET_LINGER,         /**< closing waits for so many seconds; 0 resets; -1: neither */
    LEAT_NET_READ_BUFFER,    /**< bytes of the kernel's memory; it may give twice as many */
    LEAT_NET_WRITE_BUFFER,   /**< the same for what is written */
    LEAT_NET_TTL,            /**< how many routers a packet may pass */
    LEAT_NET_BROADCAST,      /**< IPv4 datagrams: 1 may be sent to all of a network */
    LEAT_NET_MULTICAST_TTL,  /**< the same as TTL, of datagrams to groups */
    LEAT_NET_MULTICAST_LOOP, /**< 1: this machine's members of a group get them as well */
    LEAT_NET_MULTICAST_INTERFACE, /**< by which interface they go: its number; IPv4 does not tell */
} leat_net_option;

/**
 * Set an option of a socket.
 *
 * Go         conn.SetNoDelay(b), SetKeepAlivePeriod, SetLinger, SetReadBuffer, SetWriteBuffer
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream.
 * Ordering   none.
 * Param      io      a stream over a socket.
 * Param      option  which.
 * Param      value   what it shall be.
 * Returns    0; -EBADF: closed; -ENOTSOCK, -EOPNOTSUPP: not a stream over a socket, or a socket
 *            without such an option; -EINVAL: no such option, or not such a value; else what the
 *            kernel says.
 * Fatal      never.
 * See        leat_net_get, leat_io_fd
 * Since      0.3
 */
LEAT_API int leat_net_set(leat_io *io, leat_net_option option, int value);

/**
 * Find what an option of a socket is.
 *
 * Go         none: Go's users ask the descriptor.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream.
 * Ordering   none.
 * Param      io      a stream over a socket.
 * Param      option  which.
 * Param      value   where it goes; unchanged after an error.
 * Returns    as leat_net_set.
 * Fatal      never.
 * See        leat_net_set
 * Since      0.3
 */
LEAT_API int leat_net_get(leat_io *io, leat_net_option option, int *value);

/**
 * Receive the datagrams that are sent to a group.
 *
 * Go         net.ListenMulticastUDP(network, ifi, group)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream and the address.
 * Ordering   none.
 * Param      io      a socket of datagrams, of the group's family.
 * Param      group   the group's address; its port does not matter.
 * Param      interface the number of one, as if_nametoindex gives it; 0: the kernel chooses.
 * Returns    0; -EADDRINUSE: it is a member already; else as leat_net_set.
 * Fatal      never.
 * See        leat_multicast_leave, leat_listen_packet
 * Since      0.3
 */
LEAT_API int leat_multicast_join(leat_io *io, const leat_addr *group, unsigned interface);

/**
 * Receive a group's datagrams no more.
 *
 * Go         none in net; golang.org/x/net has p.LeaveGroup(ifi, group).
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream and the address.
 * Ordering   none.
 * Param      io      a socket that has joined the group.
 * Param      group   the group's address.
 * Param      interface what was given to leat_multicast_join.
 * Returns    0; -EADDRNOTAVAIL: it is no member; else as leat_net_set.
 * Fatal      never.
 * See        leat_multicast_join
 * Since      0.3
 */
LEAT_API int leat_multicast_leave(leat_io *io, const leat_addr *group, unsigned interface);

#ifdef __cplusplus
}
#endif

#endif
