/* SPDX-License-Identifier: MIT */
/*
 * leat/time.h - the monotonic clock, sleep, timers and tickers.
 *
 *     leat_sleep(10 * LEAT_MILLISECOND);
 *
 *     leat_timer *t = leat_timer_make(2 * LEAT_SECOND);
 *     switch (leat_select(leat_case_recv(answers, &a),
 *                         leat_case_recv(leat_timer_chan(t), NULL))) { ... }
 *     leat_timer_free(t);
 *
 *     leat_ticker *tick = leat_ticker_make(LEAT_SECOND);
 *     leat_range(now, leat_ticker_chan(tick))
 *         report(now);
 *
 *     leat_timer *kill = leat_after_func(LEAT_MINUTE, give_up, job);
 *
 * The rules are those of Go since 1.23. The channel of a timer is as good as unbuffered: what
 * has been stopped or reset delivers nothing old, and len and cap are 0. Only the timer sends to
 * it, and nobody closes it.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_TIME_H
#define LEAT_TIME_H

#include <leat/base.h>
#include <leat/chan.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Read the monotonic clock.
 *
 * It counts from an unknown start, never goes back, and does not know the time of day.
 *
 * Go         time.Now(), its monotonic reading.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread, also from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      none
 * Returns    nanoseconds.
 * Fatal      never.
 * See        leat_sleep
 * Since      0.1
 */
LEAT_API leat_duration leat_now(void);

/**
 * Let at least a span of time pass.
 *
 * Go         time.Sleep(d)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled; leat_sleep_ctx can.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      d       how long; 0 or less returns at once, LEAT_FOREVER never.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_sleep_ctx, leat_sleep_until, leat_after, leat_case_timeout
 * Since      0.1
 */
LEAT_API void leat_sleep(leat_duration d);

/**
 * Let a span of time pass, unless a context ends first.
 *
 * Go         select { case <-time.After(d): case <-ctx.Done(): }
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     the context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   what the canceller did happens before -ECANCELED.
 * Param      ctx     a context; NULL is the background, which never ends.
 * Param      d       how long; 0 or less returns at once.
 * Returns    0, or -ECANCELED or -ETIMEDOUT when the context is over.
 * Fatal      never.
 * See        leat_sleep, leat_sleep_until
 * Since      0.2
 */
LEAT_API int leat_sleep_ctx(leat_ctx *ctx, leat_duration d);

/**
 * Sleep until a point of time.
 *
 * For a rhythm that does not drift: add the period to the last point.
 *
 * Go         time.Sleep(time.Until(t))
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled; leat_sleep_ctx can.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      t       when to go on, as leat_now counts; the past returns at once, LEAT_FOREVER
 *                    never.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_sleep, leat_sleep_ctx, leat_now
 * Since      0.2
 */
LEAT_API void leat_sleep_until(leat_duration t);

/** A timer: strikes once, into its channel or by calling a function. */
typedef struct leat_timer leat_timer;

/** A ticker: strikes again and again, into its channel. */
typedef struct leat_ticker leat_ticker;

/**
 * Make a channel that receives the time once, after a span of it.
 *
 * It is the channel of a leat_timer that nobody can stop or reset but by freeing the channel. In
 * a select leat_case_timeout is cheaper and leaves nothing to free.
 *
 * Go         time.After(d)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the channel is the caller's: leat_chan_free, which stops the timer.
 * Ordering   what precedes the call happens before the receive returns.
 * Param      d       how long; 0 or less is now.
 * Returns    a channel of the time at which it expired, as leat_now gives it.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_timer_make, leat_sleep, leat_case_timeout, leat_chan_free
 * Since      0.1
 */
LEAT_API leat_time_chan leat_after(leat_duration d);

/**
 * Make a timer that sends the time to its channel once, after a span of it.
 *
 * Go         time.NewTimer(d)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller's: leat_timer_free.
 * Ordering   what precedes the call happens before the receive returns.
 * Param      d       how long; 0 or less is now.
 * Returns    the timer, never NULL.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_timer_chan, leat_timer_stop, leat_timer_reset, leat_timer_free, leat_after_func
 * Since      0.2
 */
LEAT_API leat_timer *leat_timer_make(leat_duration d);

/**
 * Give the channel that a timer sends to.
 *
 * It stays the same through stop and reset.
 *
 * Go         t.C
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the channel is the timer's and goes with it, unless it is kept by
 *            leat_chan_ref.
 * Ordering   none.
 * Param      t       a timer.
 * Returns    the channel; NULL for a timer of leat_after_func.
 * Fatal      never.
 * See        leat_timer_make
 * Since      0.2
 */
LEAT_API leat_time_chan leat_timer_chan(const leat_timer *t);

/**
 * Stop a timer.
 *
 * No receive that begins after it can get a value of before it. That a function has begun is not
 * undone, nor is it waited for.
 *
 * Go         t.Stop()
 * Blocks     no.
 * Cancel     none needed.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the timer remains to be freed, and may be reset.
 * Ordering   none.
 * Param      t       a timer.
 * Returns    true when this call stopped it: it had not struck, or its value had not been
 *            received; of leat_after_func, the function has not been started.
 * Fatal      "time: Stop called on uninitialized Timer" for NULL.
 * See        leat_timer_reset, leat_timer_free
 * Since      0.2
 */
LEAT_API bool leat_timer_stop(leat_timer *t);

/**
 * Let a timer strike after a span from now, whatever it did before.
 *
 * No receive that begins after it can get a value of before it; those who wait already wait on. A
 * function of leat_after_func is called again, perhaps while an earlier call still runs.
 *
 * Go         t.Reset(d)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   what precedes the call happens before the receive returns, or the function
 *            begins.
 * Param      t       a timer.
 * Param      d       how long; 0 or less is now.
 * Returns    true when it was still to strike, as leat_timer_stop.
 * Fatal      "time: Reset called on uninitialized Timer" for NULL.
 * See        leat_timer_stop
 * Since      0.2
 */
LEAT_API bool leat_timer_reset(leat_timer *t, leat_duration d);

/**
 * Stop a timer and end its use.
 *
 * A function of leat_after_func that has begun runs on, and may be the one that calls this.
 *
 * Go         none: Go collects timers.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives the timer and its reference to the channel up.
 * Ordering   none.
 * Param      t       a timer, or NULL. NULL does nothing.
 * Returns    nothing.
 * Fatal      when somebody waits on the channel.
 * See        leat_timer_make, leat_after_func
 * Since      0.2
 */
LEAT_API void leat_timer_free(leat_timer *t);

/**
 * Make a ticker: it sends the time to its channel, once each period.
 *
 * A tick that nobody has taken when the next is due makes that one fall out; the rhythm stays.
 *
 * Go         time.NewTicker(d)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller's: leat_ticker_free.
 * Ordering   what precedes the call happens before each receive returns.
 * Param      period  how long between ticks.
 * Returns    the ticker, never NULL.
 * Fatal      "non-positive interval for NewTicker"; out of memory, with a text that says
 *            what to raise.
 * See        leat_ticker_chan, leat_ticker_stop, leat_ticker_reset, leat_ticker_free
 * Since      0.2
 */
LEAT_API leat_ticker *leat_ticker_make(leat_duration period);

/**
 * Give the channel that a ticker sends to.
 *
 * It stays the same through stop and reset.
 *
 * Go         t.C
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the channel is the ticker's and goes with it, unless it is kept by
 *            leat_chan_ref.
 * Ordering   none.
 * Param      t       a ticker.
 * Returns    the channel.
 * Fatal      never.
 * See        leat_ticker_make
 * Since      0.2
 */
LEAT_API leat_time_chan leat_ticker_chan(const leat_ticker *t);

/**
 * Stop a ticker.
 *
 * No receive that begins after it can get a tick of before it. The channel is not closed: who
 * waits on it waits on.
 *
 * Go         t.Stop()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the ticker remains to be freed, and may be reset.
 * Ordering   none.
 * Param      t       a ticker, or NULL. NULL does nothing.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_ticker_reset, leat_ticker_free
 * Since      0.2
 */
LEAT_API void leat_ticker_stop(leat_ticker *t);

/**
 * Give a ticker a period; the next tick comes when one has passed from now.
 *
 * No receive that begins after it can get a tick of before it.
 *
 * Go         t.Reset(d)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   what precedes the call happens before each receive returns.
 * Param      t       a ticker.
 * Param      period  how long between ticks.
 * Returns    nothing.
 * Fatal      "non-positive interval for Ticker.Reset"; "time: Reset called on
 *            uninitialized Ticker" for NULL.
 * See        leat_ticker_make, leat_ticker_stop
 * Since      0.2
 */
LEAT_API void leat_ticker_reset(leat_ticker *t, leat_duration period);

/**
 * Stop a ticker and end its use.
 *
 * Go         none: Go collects tickers.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives the ticker and its reference to the channel up.
 * Ordering   none.
 * Param      t       a ticker, or NULL. NULL does nothing.
 * Returns    nothing.
 * Fatal      when somebody waits on the channel.
 * See        leat_ticker_make, leat_ticker_stop
 * Since      0.2
 */
LEAT_API void leat_ticker_free(leat_ticker *t);

/**
 * Make the channel of a ticker that is never stopped.
 *
 * Go         time.Tick(d)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the channel is the caller's: leat_chan_free, which stops the ticker.
 * Ordering   what precedes the call happens before each receive returns.
 * Param      period  how long between ticks.
 * Returns    the channel; NULL, which is never ready, when period is 0 or less.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_ticker_make, leat_chan_free
 * Since      0.2
 */
LEAT_API leat_time_chan leat_tick(leat_duration period);

/* What leat_after_func expands to: of a captured call, and of a C++ closure. */
LEAT_API leat_timer *leat__after_func(void (*fn)(void), const leat_site *site, leat_duration d);
LEAT_API leat_timer *leat__after_closure(void (*run)(void *), void (*drop)(void *),
                                         void *closure, const leat_site *site, leat_duration d);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

/**
 * Call a function in a goroutine of its own, after a span of time.
 *
 *     leat_timer *t = leat_after_func(LEAT_SECOND, remind, user, "tea");
 *
 * The call is captured now, as leat_go does, and made when the time has come, and again after
 * each leat_timer_reset.
 *
 * Go         time.AfterFunc(d, func() { fn(args) })
 * Blocks     no.
 * Cancel     leat_timer_stop.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the timer is the caller's: leat_timer_free, also when it has struck. The
 *            arguments are copied; what pointers point to must live until fn has done
 *            with it.
 * Ordering   what precedes the call happens before fn begins.
 * Param      d       how long; 0 or less is now. Evaluated first.
 * Param      fn      what to call: as for leat_go.
 * Param      args    its arguments, evaluated once, now: as for leat_go.
 * Returns    the timer; its channel is NULL.
 * Fatal      "go of nil func value"; out of memory, with a text that says what to raise.
 * See        leat_timer_stop, leat_timer_reset, leat_timer_free, leat_go
 * Since      0.2
 */
#define leat_after_func(d, ...) LEAT__AFTER_FUNC(__COUNTER__, d, __VA_ARGS__)

#define LEAT__AFTER_FUNC(id, d_, ...)                                           \
    __extension__({                                                             \
        LEAT__SITE_DECL(LEAT__CAT(leat__site_, id));                            \
        leat_duration LEAT__CAT(leat__d_, id) = (d_);                           \
        LEAT__CAPTURE(LEAT__CAT(leat__fn_, id), __VA_ARGS__);                   \
        leat__after_func((void (*)(void))LEAT__CAT(leat__fn_, id),              \
                         &LEAT__CAT(leat__site_, id), LEAT__CAT(leat__d_, id)); \
    })

#endif /* !__cplusplus */

#endif
