/* SPDX-License-Identifier: MIT */
/*
 * leat/pattern/route.h - channels into channels: fan in, fan out, tee, bridge, or-done.
 *
 *     leat_int_chan in[] = {temperature, pressure, wind};
 *     leat_fan_in(&g, in, 3, all);
 *
 * Each is one or more goroutines of a leat_group, as the parts of pipeline.h are: it ends when
 * its input is closed and drained, or when the group's context is over, and closes its output.
 * References to the channels are held until then; arrays of channels are copied.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_PATTERN_ROUTE_H
#define LEAT_PATTERN_ROUTE_H

#include <leat/base.h>
#include <leat/chan.h>
#include <leat/group.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the macros expand to; size is of an element. */
LEAT_API void leat__fan_in(leat_group *g, leat_chan_base *const *in, size_t n,
                           leat_chan_base *out, size_t size);
LEAT_API void leat__fan_out(leat_group *g, leat_chan_base *in, leat_chan_base *const *out,
                            size_t n, size_t size, bool to_all);
LEAT_API void leat__bridge(leat_group *g, leat_chan_base *in, leat_chan_base *out, size_t size);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

#define LEAT__SAME_CHAN(a, b)                                                \
    LEAT__ASSERT(__builtin_types_compatible_p(LEAT__ELEM(a), LEAT__ELEM(b)), \
                 "leat: the channels are not of the same element type")
#define LEAT__CHANS(array) ((leat_chan_base *const *)(const void *)(array))

/**
 * Merge channels: whatever comes on one of them goes to the output.
 *
 * Each input keeps its order; between inputs there is none. The output is closed when the last
 * input has ended.
 *
 * Go         none; a goroutine for each input and a wait group
 * Blocks     no.
 * Cancel     when the group's context is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the array until it returns.
 * Ordering   what precedes a send to an input happens before the receive of its value.
 * Param      g       a group.
 * Param      in      an array of channels.
 * Param      n       how many.
 * Param      out     a channel of the same type, closed at the end.
 * Returns    nothing: it is a statement.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_fan_out, leat_stage
 * Since      0.2
 */
#define leat_fan_in(g, in, n, out)  \
    (LEAT__SAME_CHAN((in)[0], out), \
     leat__fan_in((g), LEAT__CHANS(in), (n), LEAT__CHAN(out), sizeof((out)->elem)))

/**
 * Distribute a channel: each value goes to one of the outputs that has room for it.
 *
 * Among several that have, the choice is random. All outputs are closed at the end.
 *
 * Go         none; a select over the outputs
 * Blocks     no.
 * Cancel     when the group's context is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the array until it returns.
 * Ordering   what precedes a send to the input happens before the receive of its value.
 * Param      g       a group.
 * Param      in      a channel.
 * Param      out     an array of channels of the same type.
 * Param      n       how many.
 * Returns    nothing: it is a statement.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_fan_in, leat_tee
 * Since      0.2
 */
#define leat_fan_out(g, in, out, n) \
    (LEAT__SAME_CHAN(in, (out)[0]), \
     leat__fan_out((g), LEAT__CHAN(in), LEAT__CHANS(out), (n), sizeof((in)->elem), false))

/**
 * Copy a channel: each value goes to all of the outputs.
 *
 * The outputs may be received from in any order; the next value is taken when all have this
 * one. All outputs are closed at the end.
 *
 * Go         none; the tee channel of the books
 * Blocks     no.
 * Cancel     when the group's context is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the array until it returns. What a value points to is shared.
 * Ordering   what precedes a send to the input happens before the receives of its value.
 * Param      g       a group.
 * Param      in      a channel.
 * Param      out     an array of channels of the same type.
 * Param      n       how many.
 * Returns    nothing: it is a statement.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_fan_out, leat_publish
 * Since      0.2
 */
#define leat_tee(g, in, out, n)     \
    (LEAT__SAME_CHAN(in, (out)[0]), \
     leat__fan_out((g), LEAT__CHAN(in), LEAT__CHANS(out), (n), sizeof((in)->elem), true))

/**
 * Forward a channel until it ends or the group's context is over: then the output ends.
 *
 * For a channel whose sender knows nothing of the context: range over the output instead.
 *
 * Go         none; the or-done channel of the books
 * Blocks     no.
 * Cancel     when the group's context is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  holds references to the channels until it ends.
 * Ordering   what precedes a send to the input happens before the receive of its value.
 * Param      g       a group.
 * Param      in      a channel.
 * Param      out     a channel of the same type, closed at the end.
 * Returns    nothing: it is a statement.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_fan_in
 * Since      0.2
 */
#define leat_or_done(g, in, out)                                                               \
    (LEAT__SAME_CHAN(in, out), leat__fan_in((g), (leat_chan_base *const[]){LEAT__CHAN(in)}, 1, \
                                            LEAT__CHAN(out), sizeof((out)->elem)))

/**
 * Flatten a channel of channels: the values of each, one channel after the other.
 *
 * Go         none; the bridge channel of the books
 * Blocks     no.
 * Cancel     when the group's context is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes over the reference of each channel that it receives: leat_chan_unref when
 *            that is drained, or at the end.
 * Ordering   what precedes the send of a value happens before its receive.
 * Param      g       a group.
 * Param      in      a channel of channels.
 * Param      out     a channel of the type that they have, closed at the end.
 * Returns    nothing: it is a statement.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_fan_in
 * Since      0.2
 */
#define leat_bridge(g, in, out)        \
    (LEAT__SAME_CHAN((in)->elem, out), \
     leat__bridge((g), LEAT__CHAN(in), LEAT__CHAN(out), sizeof((out)->elem)))

#endif /* !__cplusplus */

#endif
