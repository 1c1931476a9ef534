/* SPDX-License-Identifier: MIT */
/*
 * leat/net/resolve.h - the addresses behind names.
 *
 *     leat_addr addrs[8];
 *     char text[LEAT_ADDR_TEXT];
 *
 *     int n = leat_resolve(addrs, 8, "tcp", "localhost:http");
 *     for (int i = 0; i < n; i++) {
 *         leat_addr_format(&addrs[i], text, sizeof(text));
 *         puts(text);
 *     }
 *
 * The system is asked, as by getaddrinfo, on a thread that does not hold up other goroutines.
 * leat_dial does this by itself, and tries all the addresses.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_NET_RESOLVE_H
#define LEAT_NET_RESOLVE_H

#include <leat/net/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Find the addresses behind a text, asking for names.
 *
 * Go         net.DefaultResolver.LookupNetIP(ctx, network, host)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled; leat_resolve_ctx can, and leat_resolve_until ends at a time.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the texts and the memory for the call.
 * Ordering   none.
 * Param      addrs   where the addresses go, in the order in which to try them.
 * Param      max     how many there is room for; at most 32 are found.
 * Param      network such as "tcp"; "tcp4" and "tcp6" ask for one family.
 * Param      address "host:port", both names or numbers, or a Unix address.
 * Returns    how many there are, at least 1 if max is; -ENXIO: no such host or port; -EAGAIN: the
 *            name cannot be asked for now; -EIO: who was asked has failed; else what
 *            leat_addr_parse says of the text.
 * Fatal      never.
 * See        leat_resolve_ctx, leat_resolve_until, leat_resolve_keep, leat_dial
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_resolve(leat_addr *addrs, int max, const char *network,
                                         const char *address);

/**
 * Find the addresses behind a text, unless a context is over first.
 *
 * The question itself cannot be taken back: it ends in the background, and nobody hears of it.
 *
 * Go         net.DefaultResolver.LookupNetIP(ctx, network, host)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_resolve.
 * Ordering   an error of the context comes after what its canceller did before.
 * Param      ctx     a context; NULL is the background.
 * Param      addrs   where the addresses go.
 * Param      max     how many there is room for.
 * Param      network such as "tcp".
 * Param      address "host:port".
 * Returns    as leat_resolve; -ECANCELED or -ETIMEDOUT by the context.
 * Fatal      never.
 * See        leat_resolve
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_resolve_ctx(leat_ctx *ctx, leat_addr *addrs, int max,
                                             const char *network, const char *address);

/**
 * Find the addresses behind a text, unless a time comes first.
 *
 * Go         net.DefaultResolver.LookupNetIP with a context that has a deadline
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     at the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_resolve.
 * Ordering   none.
 * Param      addrs   where the addresses go.
 * Param      max     how many there is room for.
 * Param      network such as "tcp".
 * Param      address "host:port".
 * Param      deadline as leat_now; LEAT_FOREVER: none.
 * Returns    as leat_resolve; -ETIMEDOUT at the deadline.
 * Fatal      never.
 * See        leat_resolve, leat_now
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_resolve_until(leat_addr *addrs, int max, const char *network,
                                               const char *address, leat_duration deadline);

/**
 * Remember what names mean, for a while, instead of asking each time.
 *
 * It holds for the whole process. At first nothing is remembered, and failures never are.
 *
 * Go         none: Go asks each time.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      keep    for how long; 0 forgets what there is and remembers nothing more.
 * Returns    what it was before.
 * Fatal      never.
 * See        leat_resolve
 * Since      0.3
 */
LEAT_API leat_duration leat_resolve_keep(leat_duration keep);

#ifdef __cplusplus
}
#endif

#endif
