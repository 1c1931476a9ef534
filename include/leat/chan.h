/* SPDX-License-Identifier: MIT */
/*
 * leat/chan.h - typed channels.
 *
 *     typedef leat_chan(struct job) job_chan;      // once, in one header
 *
 *     job_chan jobs = leat_chan_make(job_chan, 100);
 *     leat_send(jobs, j);
 *     leat_close(jobs);
 *     leat_range(j2, jobs)
 *         handle(j2);
 *     leat_chan_free(jobs);
 *
 * A channel type is a pointer type that carries its element's type; two expansions of
 * leat_chan(T) are two types, as two anonymous structs are. NULL is Go's nil channel: it blocks
 * for ever and is never ready in a select.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_CHAN_H
#define LEAT_CHAN_H

#include <leat/base.h>
#include <leat/chan_base.h>
#include <leat/detail/chan.h>
#include <leat/go.h>

/**
 * Name the type of a channel of T.
 *
 *     typedef leat_chan(struct job) job_chan;
 *
 * In C write it once, in a typedef that everybody includes: two expansions are two types, as
 * two anonymous structs are. In C++ it is leat::chan<T>, always the same. T is any complete
 * type but an array.
 *
 * Go         chan T
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere a type may stand.
 * Ownership  a channel is a pointer: copies name the same channel.
 * Ordering   none.
 * Param      T       the type of an element.
 * Returns    a pointer type; NULL is the nil channel.
 * Fatal      never.
 * See        leat_chan_make
 * Since      0.1
 */
#define leat_chan(T) LEAT__CHAN_TYPE(T)

/** The empty value, Go's struct{}: a channel of it carries events and stores nothing. */
typedef struct leat_unit leat_unit;
#define LEAT_UNIT LEAT__UNIT

/** Channels of common types, so that libraries that never met can exchange them. */
typedef leat_chan(int) leat_int_chan;
typedef leat_chan(bool) leat_bool_chan;
typedef leat_chan(size_t) leat_size_chan;
typedef leat_chan(int64_t) leat_int64_chan;
typedef leat_chan(double) leat_double_chan;
typedef leat_chan(void *) leat_ptr_chan;
typedef leat_chan(const char *) leat_str_chan;
typedef leat_chan(leat_duration) leat_time_chan;
typedef leat_chan(leat_unit) leat_done_chan;

#ifndef __cplusplus

/**
 * Make a channel.
 *
 *     job_chan jobs = leat_chan_make(job_chan, 100);
 *
 * A send blocks while the buffer is full, a receive while it is empty; with a capacity of 0
 * each waits for the other and the value goes from hand to hand. With LEAT_UNBOUNDED no send
 * waits: leat_len says how far the receivers are behind.
 *
 * Go         make(chan T, cap)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller holds the one reference: leat_chan_free. Channels are counted, so a
 *            goroutine that may outlive its maker takes a leat_chan_ref.
 * Ordering   none.
 * Param      type    a channel type.
 * Param      cap     how many elements it buffers; 0 is unbuffered, LEAT_UNBOUNDED no limit.
 * Returns    the channel, never NULL.
 * Fatal      out of memory, with a text that says what to raise; "makechan: size out of
 *            range", or an element larger than 64 KiB.
 * See        leat_chan_free, leat_scoped_chan, leat_chan_try_make
 * Since      0.1
 */
#define leat_chan_make(type, cap) LEAT__CHAN_MAKE(__COUNTER__, leat__chan_make, type, cap)

/**
 * Make a channel, or give NULL when memory does not allow it.
 *
 * Go         none: there it is fatal.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_chan_make.
 * Ordering   none.
 * Param      type    a channel type.
 * Param      cap     how many elements it buffers; 0 is unbuffered, LEAT_UNBOUNDED no limit.
 * Returns    the channel, or NULL. Check it: NULL is the nil channel, which blocks for ever.
 * Fatal      "makechan: size out of range", or an element larger than 64 KiB.
 * See        leat_chan_make
 * Since      0.1
 */
#define leat_chan_try_make(type, cap) \
    LEAT__CHAN_MAKE(__COUNTER__, leat__chan_try_make, type, cap)

/**
 * End a channel's use by the one who made it.
 *
 * It is leat_chan_unref with a check: that nobody waits on the channel any more. Values that
 * are still in it are dropped.
 *
 * Go         none: Go collects channels.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives the creator's reference up.
 * Ordering   what precedes it happens before the memory is used again.
 * Param      c       a channel, or NULL. NULL does nothing.
 * Returns    nothing.
 * Fatal      when somebody waits on the channel.
 * See        leat_chan_make, leat_chan_unref, leat_scoped_chan
 * Since      0.1
 */
#define leat_chan_free(c) leat_chan_base_free(LEAT__CHAN(c))

/**
 * Take one more reference to a channel.
 *
 * Go         none: Go collects channels.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller holds the new reference: leat_chan_unref.
 * Ordering   none.
 * Param      c       a channel, or NULL.
 * Returns    c.
 * Fatal      never.
 * See        leat_chan_unref
 * Since      0.1
 */
#define leat_chan_ref(c) ((__typeof__(c))(void *)leat_chan_base_ref(LEAT__CHAN(c)))

/**
 * Give one reference to a channel up; the last one frees it.
 *
 * Go         none: Go collects channels.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives one reference up.
 * Ordering   what precedes it happens before the channel is freed.
 * Param      c       a channel, or NULL. NULL does nothing.
 * Returns    nothing.
 * Fatal      when it was the last and somebody waits on the channel.
 * See        leat_chan_ref, leat_chan_free
 * Since      0.1
 */
#define leat_chan_unref(c) leat_chan_base_unref(LEAT__CHAN(c))

/**
 * Close a channel: no more values will be sent.
 *
 * Values in it are still received; after them every receive returns at once, with false and a
 * zeroed target. All who wait in a receive wake so, all who wait in a send wake to a fatal
 * error. Close it in the goroutine that sends, and once.
 *
 * Go         close(c)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the channel remains to be freed.
 * Ordering   what precedes it happens before a receive that finds the channel closed.
 * Param      c       a channel.
 * Returns    nothing.
 * Fatal      "close of closed channel", "close of nil channel".
 * See        leat_recv, leat_range, leat_chan_free
 * Since      0.1
 */
#define leat_close(c) leat_chan_base_close(LEAT__CHAN(c))

/**
 * Count the values that wait in a channel's buffer.
 *
 * Go         len(c)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none: the number may be old when it returns.
 * Param      c       a channel, or NULL.
 * Returns    the number, from 0 to the capacity; 0 for NULL.
 * Fatal      never.
 * See        leat_cap
 * Since      0.1
 */
#define leat_len(c) leat_chan_base_len(LEAT__CHAN(c))

/**
 * Give a channel's capacity.
 *
 * Go         cap(c)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      c       a channel, or NULL.
 * Returns    what leat_chan_make was given, INT64_MAX for LEAT_UNBOUNDED; 0 for NULL.
 * Fatal      never.
 * See        leat_len
 * Since      0.1
 */
#define leat_cap(c) leat_chan_base_cap(LEAT__CHAN(c))

/**
 * Send a value into a channel.
 *
 *     leat_send(jobs, 42);
 *     leat_send(points, (struct point){1, 2});
 *
 * It returns when the value is in the buffer or with a receiver. Those who wait are served in
 * the order of their arrival. A value that is no struct of the channel's type, or a pointer
 * where a number is wanted, is refused by the compiler.
 *
 * Go         c <- value
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     close the channel, or use a form with a limit or a select.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is copied; what a pointer points to is the receiver's from then on.
 * Ordering   what precedes a send happens before its receive returns; the k-th receive of a
 *            channel of capacity n happens before the (k+n)-th send returns, on an unbuffered
 *            one before the matching send does.
 * Param      c       a channel; NULL is the nil channel. A send to that blocks for ever.
 * Param      value   an expression of the element's type, or one that converts to it;
 *                    evaluated once.
 * Returns    nothing.
 * Fatal      "send on closed channel", also when it is closed while this waits.
 * See        leat_recv, leat_try_send, leat_select
 * Since      0.1
 */
#define leat_send(c, ...) LEAT__SEND(__COUNTER__, leat_chan_base_send, (), (), c, __VA_ARGS__)

/**
 * Send a value if that needs no wait.
 *
 * Go         select { case c <- value: default: }
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is copied; what a pointer points to is the receiver's from then on.
 * Ordering   as leat_send when it sent; none when not.
 * Param      c       a channel; NULL is the nil channel. That is never ready.
 * Param      value   an expression of the element's type, or one that converts to it;
 *                    evaluated once.
 * Returns    whether it was sent.
 * Fatal      "send on closed channel".
 * See        leat_send, leat_try_recv
 * Since      0.1
 */
#define leat_try_send(c, ...) \
    LEAT__SEND(__COUNTER__, leat_chan_base_try_send, (), (), c, __VA_ARGS__)

/**
 * Receive a value from a channel.
 *
 *     while (leat_recv(jobs, &job))
 *         handle(&job);
 *
 * Go         v, ok := <-c
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     close the channel, or use a form with a limit or a select.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is copied to the target, which stays yours.
 * Ordering   what precedes the send, or the close, happens before this returns.
 * Param      c       a channel; NULL is the nil channel. A receive from that blocks for ever.
 * Param      target  where to put it: a pointer to the element's type; NULL discards.
 * Returns    true, or false with the target zeroed: the channel is closed and drained.
 * Fatal      never.
 * See        leat_send, leat_range, leat_try_recv, leat_select
 * Since      0.1
 */
#define leat_recv(c, target) LEAT__RECV(__COUNTER__, leat_chan_base_recv, (), (), c, target)

/**
 * Receive a value if that needs no wait.
 *
 * Go         select { case v := <-c: default: }
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is copied to the target, which stays yours.
 * Ordering   what precedes the send, or the close, happens before this returns, when it
 *            received or found the channel closed.
 * Param      c       a channel; NULL is the nil channel. That is never ready.
 * Param      target  where to put it: a pointer to the element's type; NULL discards.
 * Returns    whether a value was received. If not, the target is zeroed when the channel is
 *            closed, else untouched.
 * Fatal      never.
 * See        leat_try_recv_ok, leat_recv
 * Since      0.1
 */
#define leat_try_recv(c, target) \
    LEAT__RECV(__COUNTER__, leat_chan_base_try_recv, (), (, (bool *)0), c, target)

/**
 * Receive a value if that needs no wait, and tell empty from closed.
 *
 * Go         select { case v, open := <-c: default: }
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is copied to the target, which stays yours.
 * Ordering   what precedes the send, or the close, happens before this returns, when it
 *            received or found the channel closed.
 * Param      c       a channel; NULL is the nil channel. That is never ready.
 * Param      target  where to put it: a pointer to the element's type; NULL discards.
 * Param      open    a bool *, set to false when the channel is closed and drained, else to
 *                    true; may be NULL.
 * Returns    whether a value was received. If not, the target is zeroed when the channel is
 *            closed, else untouched.
 * Fatal      never.
 * See        leat_try_recv
 * Since      0.1
 */
#define leat_try_recv_ok(c, target, open) \
    LEAT__RECV(__COUNTER__, leat_chan_base_try_recv, (), (, (open)), c, target)

/**
 * Send a value, or learn that the channel is closed.
 *
 * For senders that do not own the channel: where leat_send ends the program, this says so.
 *
 * Go         none: it panics; "is this channel closed" is a wish of Go's users.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     close the channel, or use leat_send_ctx.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is copied; what a pointer points to is the receiver's when it was
 *            sent, and else remains yours.
 * Ordering   as leat_send when it sent; what the closer did happens before -EPIPE.
 * Param      c       a channel; NULL is the nil channel. A send to that blocks for ever.
 * Param      value   an expression of the element's type, or one that converts to it;
 *                    evaluated once.
 * Returns    0, or -EPIPE: the channel is closed, also when that happened while this
 *            waited; -ENOMEM: no memory for one more value of an unbounded channel.
 * Fatal      never.
 * See        leat_send, leat_try_send_status, leat_close
 * Since      0.2
 */
#define leat_send_status(c, ...) \
    LEAT__SEND(__COUNTER__, leat_chan_base_send_status, (), (), c, __VA_ARGS__)

/**
 * Send a value if that needs no wait, and say why if it was not sent.
 *
 * Go         none: a send on a closed channel panics.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is copied; what a pointer points to is the receiver's when it was
 *            sent, and else remains yours.
 * Ordering   as leat_send when it sent; none when not.
 * Param      c       a channel; NULL is the nil channel, which is never ready.
 * Param      value   an expression of the element's type, or one that converts to it;
 *                    evaluated once.
 * Returns    0; -EAGAIN: it would have to wait; -EPIPE: the channel is closed; -ENOMEM as
 *            leat_send_status.
 * Fatal      never.
 * See        leat_try_send, leat_send_status
 * Since      0.2
 */
#define leat_try_send_status(c, ...) \
    LEAT__SEND(__COUNTER__, leat_chan_base_try_send_status, (), (), c, __VA_ARGS__)

/**
 * Send a value, unless a context ends first.
 *
 *     int err = leat_send_ctx(ctx, jobs, j);
 *     if (err)
 *         return err;
 *
 * Go         select { case c <- value: case <-ctx.Done(): }
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     the context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is copied; what a pointer points to is the receiver's when it was
 *            sent, and else remains yours.
 * Ordering   as leat_send when it sent; what the canceller or the closer did happens
 *            before the error that says so.
 * Param      ctx     a context; NULL is the background, which never ends.
 * Param      c       a channel; NULL is the nil channel, which is never ready.
 * Param      value   an expression of the element's type, or one that converts to it;
 *                    evaluated once.
 * Returns    0; -ECANCELED or -ETIMEDOUT when the
 *            context is over, and then nothing was sent; -EPIPE when the channel is
 *            closed: here that is not fatal; -ENOMEM as leat_send_status.
 * Fatal      never.
 * See        leat_send, leat_send_until, leat_recv_ctx
 * Since      0.2
 */
#define leat_send_ctx(ctx, c, ...) \
    LEAT__SEND(__COUNTER__, leat_chan_base_send_ctx, ((ctx), ), (), c, __VA_ARGS__)

/**
 * Send a value, unless a time comes first.
 *
 * Go         select { case c <- value: case <-time.After(d): }
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is copied; what a pointer points to is the receiver's when it was
 *            sent, and else remains yours.
 * Ordering   as leat_send when it sent; else none.
 * Param      c       a channel; NULL is the nil channel, which is never ready.
 * Param      value   as for leat_send; one with a comma in braces needs parentheses.
 * Param      deadline when to give up, as leat_now counts; one that has passed is
 *                    -ETIMEDOUT at once.
 * Returns    0; -ETIMEDOUT, and then nothing was sent; -EPIPE and -ENOMEM as
 *            leat_send_status.
 * Fatal      never.
 * See        leat_send_ctx, leat_recv_until, leat_now
 * Since      0.2
 */
#define leat_send_until(c, value, deadline) \
    LEAT__SEND(__COUNTER__, leat_chan_base_send_until, (), (, (deadline)), c, value)

/**
 * Receive a value, unless a context ends first.
 *
 * Go         select { case v, ok := <-c: case <-ctx.Done(): }
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     the context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is copied to the target, which stays yours.
 * Ordering   as leat_recv; what the canceller did happens before -ECANCELED.
 * Param      ctx     a context; NULL is the background, which never ends.
 * Param      c       a channel; NULL is the nil channel, which is never ready.
 * Param      target  where to put it: a pointer to the element's type; NULL discards.
 * Returns    0; -ECANCELED or -ETIMEDOUT when the
 *            context is over, and then nothing was received; -EPIPE with the target
 *            zeroed: the channel is closed and drained.
 * Fatal      never.
 * See        leat_recv, leat_recv_until, leat_send_ctx
 * Since      0.2
 */
#define leat_recv_ctx(ctx, c, target) \
    LEAT__RECV(__COUNTER__, leat_chan_base_recv_ctx, ((ctx), ), (), c, target)

/**
 * Receive a value, unless a time comes first.
 *
 * Go         select { case v, ok := <-c: case <-time.After(d): }
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is copied to the target, which stays yours.
 * Ordering   as leat_recv; -ETIMEDOUT orders nothing.
 * Param      c       a channel; NULL is the nil channel, which is never ready.
 * Param      target  where to put it: a pointer to the element's type; NULL discards.
 * Param      deadline when to give up, as leat_now counts; one that has passed is
 *                    -ETIMEDOUT at once.
 * Returns    0; -ETIMEDOUT, and then nothing was received; -EPIPE with the target zeroed:
 *            the channel is closed and drained.
 * Fatal      never.
 * See        leat_recv_ctx, leat_send_until, leat_now
 * Since      0.2
 */
#define leat_recv_until(c, target, deadline) \
    LEAT__RECV(__COUNTER__, leat_chan_base_recv_until, (), (, (deadline)), c, target)

/**
 * Receive every value of a channel in turn, until it is closed and drained.
 *
 *     leat_range(job, jobs)
 *         handle(&job);
 *
 * It is a loop: break, continue, return and goto mean what they mean in one.
 *
 * Go         for v := range c
 * Blocks     at each turn: the calling goroutine only; on a thread that leat did not create,
 *            the thread.
 * Cancel     close the channel, or use a form with a limit or a select.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the variable is a copy, one for each turn.
 * Ordering   what precedes the send, or the close, happens before its turn.
 * Param      v       the name of the variable, which it declares.
 * Param      c       a channel, evaluated once; NULL is the nil channel, which blocks for
 *                    ever.
 * Returns    nothing: it is a statement.
 * Fatal      never.
 * See        leat_recv, leat_close
 * Since      0.1
 */
#define leat_range(v, c) LEAT__RANGE(__COUNTER__, v, c)

/**
 * Declare a channel that is freed at the end of the block.
 *
 *     leat_scoped_chan(leat_int_chan, done, 0);
 *
 * leat_exit frees it as well.
 *
 * Go         c := make(chan T, cap)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the block holds the reference; do not free it.
 * Ordering   none.
 * Param      type    a channel type.
 * Param      name    the name of the variable, which it declares.
 * Param      cap     how many elements it buffers; 0 is unbuffered, LEAT_UNBOUNDED no limit.
 * Returns    nothing: it is a declaration.
 * Fatal      out of memory, with a text that says what to raise; "makechan: size out of
 *            range", or an element larger than 64 KiB; when somebody waits on the channel at
 *            the end.
 * See        leat_chan_make, leat_defer
 * Since      0.1
 */
#define leat_scoped_chan(type, name, cap) LEAT__SCOPED_CHAN(__COUNTER__, type, name, cap)

#endif /* !__cplusplus */

#endif
