/* SPDX-License-Identifier: MIT */
/* sleep.c - leat_now and leat_sleep. */
#include <leat/time.h>

#include <errno.h>
#include <time.h>

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
