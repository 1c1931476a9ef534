/* SPDX-License-Identifier: MIT */
/* The clock, timers and tickers, in C++. */
#include <leat/select.h>
#include <leat/time.h>

#include <memory>
#include <string>

leat_duration wait_a_little();
void remind(const char *whom, double times);
void note(const std::string &text);
int timers(leat_duration (*span)());

leat_duration wait_a_little()
{
    leat_time_chan tick = leat_after(LEAT_MILLISECOND);
    leat_duration at = leat_now();

    leat_sleep(10 * LEAT_MICROSECOND);
    leat_sleep_until(at + LEAT_MICROSECOND);
    at += leat_sleep_ctx(nullptr, LEAT_MICROSECOND);
    leat_recv(tick, &at);
    leat_chan_free(tick);
    return leat_now() - at;
}

int timers(leat_duration (*span)())
{
    leat_timer *t = leat_timer_make(LEAT_SECOND);
    leat_ticker *tick = leat_ticker_make(LEAT_SECOND);
    leat_time_chan each = leat_tick(1);
    leat_duration at;
    int n = 0;
    auto held = std::make_unique<int>(3);
    leat_timer *calls[] = {
        leat_after_func(LEAT_SECOND, remind, "me", 3),
        leat_after_func(span(), leat_yield),
        leat_after_func(1, [&n, more = std::move(held)] { n += *more; }),
        leat_after_func(1, note, "a text"),
        leat_after_func(
            1, [](int a, const std::string &b) { (void)a, (void)b; }, 1, "x"),
    };
    int which = leat_select(leat_case_recv(leat_timer_chan(t), &at),
                            leat_case_recv(leat_ticker_chan(tick), nullptr));
    leat_range(now, each)
        if (now > at)
            break;
    if (leat_timer_stop(t) && leat_timer_reset(t, at))
        leat_ticker_reset(tick, 2);
    leat_ticker_stop(tick);
    leat_ticker_free(tick);
    for (leat_timer *call : calls)
        leat_timer_free(call);
    leat_timer_free(t);
    leat_chan_free(each);
    return which + n;
}
