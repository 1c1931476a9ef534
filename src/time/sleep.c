/* SPDX-License-Identifier: MIT */
/* sleep.c - leat_now, leat_sleep and leat_sleep_until. */
#include <leat/time.h>

#include <errno.h>
#include <time.h>

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

static void thread_sleep_until(int64_t t)
{
    struct timespec ts = {.tv_sec = t / LEAT_SECOND, .tv_nsec = t % LEAT_SECOND};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
        continue;
}

static void sleep_until(struct m *m, int64_t t)
{
    struct g *g = m->cur;

    if (g->flags & G_FOREIGN) {
        thread_sleep_until(t);
        return;
    }
    struct timer alarm = {.detached = true};
    store_relaxed(&g->status, G_WAITING);
    timer_start(m, &alarm, t, wake_sleeper, g);
    sched_park(g, WAIT_SLEEP, NULL);
}

void leat_sleep(leat_duration d)
{
    struct m *m = m_self();

    if (d <= 0)
        sched_poll(m);
    else
        sleep_until(m, time_after(d));
}

void leat_sleep_until(leat_duration t)
{
    struct m *m = m_self();

    if (t <= sched_now())
        sched_poll(m);
    else
        sleep_until(m, t < INT64_MAX ? t : INT64_MAX - 1); /* the last means no timer */
}
