/* SPDX-License-Identifier: MIT */
/* sleep.c - leat_now, leat_sleep, leat_after. */
#include <leat/time.h>

#include <errno.h>
#include <time.h>

#include "chan/chan.h"
#include "os/clock.h"
#include "sched/sched.h"
#include "time/after.h"
#include "time/timer.h"

leat_duration leat_now(void)
{
    return sched_now();
}

static void wake_sleeper(void *arg)
{
    sched_ready(arg);
}

static void thread_sleep(leat_duration d)
{
    struct timespec ts;
    int64_t until = os_now() + d;

    if (until < d)
        until = INT64_MAX;
    ts.tv_sec = until / LEAT_SECOND;
    ts.tv_nsec = until % LEAT_SECOND;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
        continue;
}

void leat_sleep(leat_duration d)
{
    struct m *m = m_self();
    struct g *g = m->cur;

    if (d <= 0) {
        sched_poll(m);
        return;
    }
    if (g->flags & G_FOREIGN) {
        thread_sleep(d);
        return;
    }
    struct timer t = {.detached = true};
    store_relaxed(&g->status, G_WAITING);
    timer_start(m, &t, time_after(d), wake_sleeper, g);
    sched_park(g, WAIT_SLEEP, NULL);
}

/* ---- leat_after ---- */

static void send_time(void *arg)
{
    leat_duration now = sched_now();

    leat_chan_base_try_send(arg, &now);
}

/* The channel owns its timer; freeing the channel stops it. */
struct after {
    struct timer timer;
};

static void after_gone(void *attached)
{
    struct after *a = attached;

    timer_stop(&a->timer);
}

leat_time_chan leat_after(leat_duration d)
{
    leat_chan_base *c = chan_make_with(sizeof(leat_duration), __alignof__(leat_duration), 1,
                                       sizeof(struct after), after_gone);
    struct after *a = chan_attached(c);

    timer_start(m_self(), &a->timer, time_after(d < 0 ? 0 : d), send_time, c);
    return (leat_time_chan)(void *)c;
}
