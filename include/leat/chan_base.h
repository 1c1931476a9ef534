/* SPDX-License-Identifier: MIT */
/*
 * leat/chan_base.h - channels without their element's type, for bindings and generic code.
 *
 *     leat_chan_base *c = leat_chan_base_make(sizeof(double), 16);
 *     double in = 1.5, out;
 *     leat_chan_base_send(c, &in);
 *     leat_chan_base_recv(c, &out);
 *     leat_chan_base_free(c);
 *
 * These are the calls that the typed ones of <leat/chan.h> become. Nobody checks here that what
 * a pointer points to is as big as the channel's elements.
 */
#ifndef LEAT_CHAN_BASE_H
#define LEAT_CHAN_BASE_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A channel without its element type. */
typedef struct leat_chan_base leat_chan_base;

/**
 * The capacity of a channel whose sends never wait: it takes memory as it fills and gives it
 * back as it drains. leat_cap gives INT64_MAX for it.
 */
#define LEAT_UNBOUNDED (-INT64_MAX)

/**
 * Make a channel of elements of a size: leat_chan_make for bindings and generic code.
 *
 * Go         reflect.MakeChan(t, cap)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller holds the one reference: leat_chan_base_free.
 * Ordering   none.
 * Param      elem_size bytes of an element; 0 is legal.
 * Param      cap     how many elements it buffers; 0 is unbuffered, LEAT_UNBOUNDED no limit.
 * Returns    the channel, never NULL.
 * Fatal      out of memory, with a text that says what to raise; "makechan: size out of
 *            range", or an element larger than 64 KiB.
 * See        leat_chan_make, leat_chan_base_try_make, leat_chan_base_free
 * Since      0.1
 */
LEAT_API leat_chan_base *leat_chan_base_make(size_t elem_size, int64_t cap);

/**
 * Make an untyped channel, or give NULL when memory does not allow it.
 *
 * Go         none: there it is fatal.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller holds the one reference: leat_chan_base_free.
 * Ordering   none.
 * Param      elem_size bytes of an element; 0 is legal.
 * Param      cap     how many elements it buffers; 0 is unbuffered, LEAT_UNBOUNDED no limit.
 * Returns    the channel, or NULL.
 * Fatal      "makechan: size out of range", or an element larger than 64 KiB.
 * See        leat_chan_base_make
 * Since      0.1
 */
LEAT_API leat_chan_base *leat_chan_base_try_make(size_t elem_size, int64_t cap);

/**
 * End an untyped channel's use: leat_chan_free.
 *
 * Go         none: Go collects channels.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives the creator's reference up.
 * Ordering   none.
 * Param      c       a channel, or NULL. NULL does nothing.
 * Returns    nothing.
 * Fatal      when somebody waits on the channel.
 * See        leat_chan_free, leat_chan_base_unref
 * Since      0.1
 */
LEAT_API void leat_chan_base_free(leat_chan_base *c);

/**
 * Take one more reference to an untyped channel: leat_chan_ref.
 *
 * Go         none: Go collects channels.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller holds the new reference: leat_chan_base_unref.
 * Ordering   none.
 * Param      c       a channel, or NULL.
 * Returns    c.
 * Fatal      never.
 * See        leat_chan_ref, leat_chan_base_unref
 * Since      0.1
 */
LEAT_API leat_chan_base *leat_chan_base_ref(leat_chan_base *c);

/**
 * Give one reference to an untyped channel up: leat_chan_unref.
 *
 * Go         none: Go collects channels.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives one reference up; the last one frees.
 * Ordering   what precedes it happens before the channel is freed.
 * Param      c       a channel, or NULL. NULL does nothing.
 * Returns    nothing.
 * Fatal      when it was the last and somebody waits on the channel.
 * See        leat_chan_unref, leat_chan_base_ref
 * Since      0.1
 */
LEAT_API void leat_chan_base_unref(leat_chan_base *c);

/**
 * Send an element of an untyped channel: leat_send.
 *
 * Go         reflect.Value.Send
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     close the channel, or use leat_select with a timeout.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows elem until it returns.
 * Ordering   what precedes a send happens before its receive returns; the k-th receive of a
 *            channel of capacity n happens before the (k+n)-th send returns, on an unbuffered
 *            one before the matching send does.
 * Param      c       a channel; NULL is the nil channel.
 * Param      elem    the element, as many bytes as the channel was made for.
 * Returns    nothing.
 * Fatal      "send on closed channel", also when it is closed while this waits.
 * See        leat_send
 * Since      0.1
 */
LEAT_API void leat_chan_base_send(leat_chan_base *c, const void *elem);

/**
 * Receive an element of an untyped channel: leat_recv.
 *
 * Go         reflect.Value.Recv
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     close the channel, or use leat_select with a timeout.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows elem until it returns.
 * Ordering   what precedes the send, or the close, happens before this returns.
 * Param      c       a channel; NULL is the nil channel.
 * Param      elem    where to put the element; NULL discards it.
 * Returns    true, or false with *elem zeroed: closed and drained.
 * Fatal      never.
 * See        leat_recv
 * Since      0.1
 */
LEAT_API bool leat_chan_base_recv(leat_chan_base *c, void *elem);

/**
 * Send an element of an untyped channel if that needs no wait: leat_try_send.
 *
 * Go         reflect.Value.TrySend
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows elem until it returns.
 * Ordering   as leat_send when it sent; none when not.
 * Param      c       a channel; NULL is the nil channel.
 * Param      elem    the element.
 * Returns    whether it was sent.
 * Fatal      "send on closed channel".
 * See        leat_try_send
 * Since      0.1
 */
LEAT_API bool leat_chan_base_try_send(leat_chan_base *c, const void *elem);

/**
 * Receive from an untyped channel if that needs no wait: leat_try_recv_ok.
 *
 * Go         reflect.Value.TryRecv
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows elem and open until it returns.
 * Ordering   what precedes the send, or the close, happens before this returns, when it
 *            received or found the channel closed.
 * Param      c       a channel; NULL is the nil channel.
 * Param      elem    where to put the element; NULL discards it.
 * Param      open    set to false when the channel is closed and drained, else to true; may be
 *                    NULL.
 * Returns    whether an element was received. If not, *elem is zeroed when closed, else
 *            untouched.
 * Fatal      never.
 * See        leat_try_recv_ok
 * Since      0.1
 */
LEAT_API bool leat_chan_base_try_recv(leat_chan_base *c, void *elem, bool *open);

/**
 * Close an untyped channel: leat_close.
 *
 * Go         reflect.Value.Close
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the channel remains to be freed.
 * Ordering   what precedes it happens before a receive that finds the channel closed.
 * Param      c       a channel.
 * Returns    nothing.
 * Fatal      "close of closed channel", "close of nil channel".
 * See        leat_close
 * Since      0.1
 */
LEAT_API void leat_chan_base_close(leat_chan_base *c);

/**
 * Count the elements that wait in an untyped channel: leat_len.
 *
 * Go         reflect.Value.Len
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none: the number may be old when it returns.
 * Param      c       a channel, or NULL.
 * Returns    the number; 0 for NULL.
 * Fatal      never.
 * See        leat_len
 * Since      0.1
 */
LEAT_API int64_t leat_chan_base_len(const leat_chan_base *c);

/**
 * Give the capacity of an untyped channel: leat_cap.
 *
 * Go         reflect.Value.Cap
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      c       a channel, or NULL.
 * Returns    the capacity; 0 for NULL.
 * Fatal      never.
 * See        leat_cap
 * Since      0.1
 */
LEAT_API int64_t leat_chan_base_cap(const leat_chan_base *c);

/**
 * Send an element, or learn that the channel is closed: leat_send_status.
 *
 * Go         none.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     close the channel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows elem until it returns.
 * Ordering   as leat_send when it sent.
 * Param      c       a channel; NULL is the nil channel.
 * Param      elem    the element, as many bytes as the channel was made for.
 * Returns    0, -EPIPE or -ENOMEM.
 * Fatal      never.
 * See        leat_send_status
 * Since      0.2
 */
LEAT_API int leat_chan_base_send_status(leat_chan_base *c, const void *elem);

/**
 * Send an element without waiting, or say why not: leat_try_send_status.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows elem until it returns.
 * Ordering   as leat_send when it sent.
 * Param      c       a channel; NULL is the nil channel.
 * Param      elem    the element, as many bytes as the channel was made for.
 * Returns    0, -EAGAIN, -EPIPE or -ENOMEM.
 * Fatal      never.
 * See        leat_try_send_status
 * Since      0.2
 */
LEAT_API int leat_chan_base_try_send_status(leat_chan_base *c, const void *elem);

/**
 * Send an element, unless a context ends first: leat_send_ctx.
 *
 * Go         none; select.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     the context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows elem until it returns.
 * Ordering   as leat_send when it sent; what the canceller did happens before -ECANCELED.
 * Param      ctx     a context; NULL is the background, which never ends.
 * Param      c       a channel; NULL is the nil channel.
 * Param      elem    the element, as many bytes as the channel was made for.
 * Returns    0, -ECANCELED, -ETIMEDOUT, -EPIPE or -ENOMEM.
 * Fatal      never.
 * See        leat_send_ctx
 * Since      0.2
 */
LEAT_API int leat_chan_base_send_ctx(leat_ctx *ctx, leat_chan_base *c, const void *elem);

/**
 * Send an element, unless a time comes first: leat_send_until.
 *
 * Go         none; select.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows elem until it returns.
 * Ordering   as leat_send when it sent.
 * Param      c       a channel; NULL is the nil channel.
 * Param      elem    the element, as many bytes as the channel was made for.
 * Param      deadline when to give up, as leat_now counts.
 * Returns    0, -ETIMEDOUT, -EPIPE or -ENOMEM.
 * Fatal      never.
 * See        leat_send_until
 * Since      0.2
 */
LEAT_API int leat_chan_base_send_until(leat_chan_base *c, const void *elem,
                                       leat_duration deadline);

/**
 * Receive an element, unless a context ends first: leat_recv_ctx.
 *
 * Go         none; select.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     the context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows elem until it returns.
 * Ordering   as leat_recv; what the canceller did happens before -ECANCELED.
 * Param      ctx     a context; NULL is the background, which never ends.
 * Param      c       a channel; NULL is the nil channel.
 * Param      elem    where to put the element; NULL discards it.
 * Returns    0, -ECANCELED, -ETIMEDOUT, or -EPIPE with *elem zeroed.
 * Fatal      never.
 * See        leat_recv_ctx
 * Since      0.2
 */
LEAT_API int leat_chan_base_recv_ctx(leat_ctx *ctx, leat_chan_base *c, void *elem);

/**
 * Receive an element, unless a time comes first: leat_recv_until.
 *
 * Go         none; select.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows elem until it returns.
 * Ordering   as leat_recv.
 * Param      c       a channel; NULL is the nil channel.
 * Param      elem    where to put the element; NULL discards it.
 * Param      deadline when to give up, as leat_now counts.
 * Returns    0, -ETIMEDOUT, or -EPIPE with *elem zeroed.
 * Fatal      never.
 * See        leat_recv_until
 * Since      0.2
 */
LEAT_API int leat_chan_base_recv_until(leat_chan_base *c, void *elem, leat_duration deadline);

/* What the typed calls expand to; align is of the element, site where the channel was made. */
LEAT_API leat_chan_base *leat__chan_make(size_t elem_size, size_t elem_align, int64_t cap,
                                         const leat_site *site);
LEAT_API leat_chan_base *leat__chan_try_make(size_t elem_size, size_t elem_align, int64_t cap,
                                             const leat_site *site);
LEAT_API void leat__chan_scope_end(void *c);

#ifdef __cplusplus
}
#endif

#endif
