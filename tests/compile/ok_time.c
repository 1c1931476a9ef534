/* SPDX-License-Identifier: MIT */
/* The clock, timers and tickers. */
#include <leat/select.h>
#include <leat/time.h>

leat_duration wait_a_little(void);
void remind(const char *whom, double times);
int timers(leat_duration (*span)(void));

leat_duration wait_a_little(void)
{
    leat_time_chan tick = leat_after(LEAT_MILLISECOND);
    leat_duration at = leat_now();

    leat_sleep(10 * LEAT_MICROSECOND);
    leat_sleep_until(at + LEAT_MICROSECOND);
    at += leat_sleep_ctx(NULL, LEAT_MICROSECOND);
    leat_recv(tick, &at);
    leat_chan_free(tick);
    return leat_now() - at;
}

int timers(leat_duration (*span)(void))
{
    leat_timer *t = leat_timer_make(LEAT_SECOND), *calls[2];
    leat_ticker *tick = leat_ticker_make(LEAT_SECOND);
    leat_time_chan each = leat_tick(1);
    leat_duration at;

    calls[0] = leat_after_func(LEAT_SECOND, remind, "me", 3);
    calls[1] = leat_after_func(span(), leat_timer_free, leat_after_func(1, leat_yield));
    int which = leat_select(leat_case_recv(leat_timer_chan(t), &at),
                            leat_case_recv(leat_ticker_chan(tick), NULL));
    leat_range(now, each)
        if (now > at)
            break;
    if (leat_timer_stop(t) && leat_timer_reset(t, at))
        leat_ticker_reset(tick, 2);
    leat_ticker_stop(tick);
    leat_ticker_free(tick);
    leat_timer_free(t);
    leat_timer_free(calls[0]);
    leat_timer_free(calls[1]);
    leat_chan_free(each);
    return which;
}
