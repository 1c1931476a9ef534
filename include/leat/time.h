/* SPDX-License-Identifier: MIT */
/*
 * leat/time.h - the monotonic clock, sleep and one-shot timers on channels.
 *
 *     leat_sleep(10 * LEAT_MILLISECOND);
 *
 *     leat_time_chan tick = leat_after(LEAT_SECOND);
 *     leat_recv(tick, NULL);
 *     leat_chan_free(tick);
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
 * Cancel     cannot be cancelled; leat_select with a timeout case can.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      d       how long; 0 or less returns at once, LEAT_FOREVER never.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_after, leat_case_timeout
 * Since      0.1
 */
LEAT_API void leat_sleep(leat_duration d);

/**
 * Make a channel that receives the time once, after a span of it.
 *
 * The channel has a capacity of 1, so nothing waits for a receiver. In a select
 * leat_case_timeout is cheaper and leaves nothing to free.
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
 * See        leat_sleep, leat_case_timeout, leat_chan_free
 * Since      0.1
 */
LEAT_API leat_time_chan leat_after(leat_duration d);

#ifdef __cplusplus
}
#endif

#endif
