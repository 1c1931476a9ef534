/* SPDX-License-Identifier: MIT */
/*
 * leat/net/addr.h - addresses of sockets, and their texts.
 *
 *     leat_addr a;
 *     char text[LEAT_ADDR_TEXT];
 *
 *     leat_addr_parse(&a, "tcp", "[::1]:http");
 *     leat_addr_format(&a, text, sizeof(text));           // "[::1]:80"
 *
 * Networks have Go's names:
 *
 *     "tcp", "udp"                   IPv6 and IPv4; with a 4 or 6 behind it, one of them
 *     "unix"                         streams in one machine
 *     "unixgram", "unixpacket"       datagrams there; streams of packets
 *
 * An address of the internet is "host:port", with brackets around a host of IPv6, which may have
 * a zone behind it: "[fe80::1%eth0]:80". No host is every address of this machine for those who
 * listen, and this machine for those who dial. A port is a number or one of the best known names.
 * A Unix address is a path, or "@name" for Linux's names without files, or "" for one that the
 * kernel chooses.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_NET_ADDR_API_H
#define LEAT_NET_ADDR_API_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An address of any network; zeroed it is none. Copy it like an int. */
typedef struct leat_addr {
    uint32_t leat__size;
    uint64_t leat__raw[14];
} leat_addr;

/** Memory that is enough for the text of any address. */
enum { LEAT_ADDR_TEXT = 128 };

/**
 * Read an address from a text, without asking anybody for names.
 *
 * Go         netip.ParseAddrPort(s), net.ResolveTCPAddr with numbers
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the texts for the call.
 * Ordering   none.
 * Param      a       where the address goes; unchanged after an error.
 * Param      network such as "tcp".
 * Param      text    the address.
 * Returns    0; -EPROTONOSUPPORT: no such network; -EINVAL: not an address, such as one without a
 *            port; -ERANGE: the port is above 65535; -ENXIO: the host or the port is a name;
 *            -EAFNOSUPPORT: an IPv6 address for "tcp4", or the like; -ENODEV: no such zone;
 *            -ENAMETOOLONG: the path has more than 107 bytes.
 * Fatal      never.
 * See        leat_addr_format, leat_addr_port
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_addr_parse(leat_addr *a, const char *network,
                                            const char *text);

/**
 * Write an address as a text that leat_addr_parse reads.
 *
 * Go         addr.String()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the address and the memory for the call.
 * Ordering   none.
 * Param      a       an address.
 * Param      buf     where the text goes, cut off where it does not fit.
 * Param      size    how much fits, with the NUL; 0: nothing is written.
 * Returns    the length of the whole text, without the NUL.
 * Fatal      never.
 * See        leat_addr_parse
 * Since      0.3
 */
LEAT_API size_t leat_addr_format(const leat_addr *a, char *buf, size_t size);

/**
 * Find the port of an address.
 *
 * Go         addr.Port
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the address.
 * Ordering   none.
 * Param      a       an address.
 * Returns    0 to 65535; -EAFNOSUPPORT: such addresses have none.
 * Fatal      never.
 * See        leat_addr_format
 * Since      0.3
 */
LEAT_API int leat_addr_port(const leat_addr *a);

/**
 * Tell whether two addresses are the same.
 *
 * Go         a == b on netip.AddrPort
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the addresses.
 * Ordering   none.
 * Param      a       an address.
 * Param      b       another.
 * Returns    true if host, zone and port, or the path, are the same.
 * Fatal      never.
 * See        leat_addr_parse
 * Since      0.3
 */
LEAT_API bool leat_addr_equal(const leat_addr *a, const leat_addr *b);

#ifdef __cplusplus
}
#endif

#endif
