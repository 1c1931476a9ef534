/* SPDX-License-Identifier: MIT */
/* after.c - leat_after: a channel that owns a timer; freeing the channel stops it. */
#include "time/after.h"

#include <leat/time.h>

#include "chan/chan.h"
#include "time/timer.h"

static void send_time(void *arg)
{
    leat_duration now = sched_now();

    leat_chan_base_try_send(arg, &now);
}

static void after_gone(void *timer)
{
    timer_stop(timer);
}

leat_time_chan leat_after(leat_duration d)
{
    leat_chan_base *c = chan_make_with(sizeof(leat_duration), __alignof__(leat_duration), 1,
                                       sizeof(struct timer), after_gone);
    struct timer *t = chan_attached(c);

    timer_start(m_self(), t, time_after(d < 0 ? 0 : d), send_time, c);
    return (leat_time_chan)(void *)c;
}
