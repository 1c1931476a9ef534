/* SPDX-License-Identifier: MIT */
/*
 * calls_sleep.c - sleep, usleep, nanosleep, clock_nanosleep.
 *
 * Sleeps become timers. Nothing interrupts them: a goroutine is no thread that a signal could
 * reach, so they sleep to their end, and nothing is left. What asks for no time, for a clock that
 * is none of time (a processor's), or for nonsense is libc's.
 * A time of the calendar's clock is looked at again when it should have come, for somebody may
 * have set the clock back; if it was set forward meanwhile, the sleep ends late.
 *
 * PROOF  drivers/posix/tests/posix_poll_test.c.
 */
#include <time.h>
#include <unistd.h>

#include "ground.h"
#include "real.h"

static bool time_is_sane(const struct timespec *ts)
{
    return ts && ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < LEAT_SECOND;
}

static leat_duration span_of(const struct timespec *ts)
{
    leat_duration d;

    if (__builtin_mul_overflow((leat_duration)ts->tv_sec, LEAT_SECOND, &d) ||
        __builtin_add_overflow(d, (leat_duration)ts->tv_nsec, &d))
        return LEAT_FOREVER;
    return d;
}

static void sleep_for(leat_duration d)
{
    leat_duration until;

    if (__builtin_add_overflow(leat_now(), d, &until))
        until = LEAT_FOREVER;
    leat_sleep_until(until);
}

static bool sleeps_here(const char *name, const struct timespec *ts)
{
    return ground_is_goroutine() && time_is_sane(ts) && (ts->tv_sec > 0 || ts->tv_nsec > 0) &&
           ground_may_park(name);
}

INTERPOSED int nanosleep(const struct timespec *ts, struct timespec *left)
{
    if (!sleeps_here("nanosleep", ts))
        return REAL(nanosleep)(ts, left);
    sleep_for(span_of(ts));
    return 0;
}

INTERPOSED int usleep(useconds_t us)
{
    struct timespec ts = {us / 1000000, us % 1000000 * 1000};

    if (!sleeps_here("usleep", &ts))
        return REAL(usleep)(us);
    sleep_for(span_of(&ts));
    return 0;
}

INTERPOSED unsigned sleep(unsigned s)
{
    struct timespec ts = {s, 0};

    if (!sleeps_here("sleep", &ts))
        return REAL(sleep)(s);
    sleep_for(span_of(&ts));
    return 0;
}

static bool is_time_clock(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
           clock == CLOCK_TAI;
}

/* Time until then on that clock; 0 or less: it is over. */
static leat_duration time_until(clockid_t clock, const struct timespec *then)
{
    struct timespec now;
    leat_duration left;

    if (clock_gettime(clock, &now) != 0 ||
        __builtin_sub_overflow(span_of(then), span_of(&now), &left))
        return 0;
    return left;
}

INTERPOSED int clock_nanosleep(clockid_t clock, int flags, const struct timespec *ts,
                               struct timespec *left)
{
    if (!is_time_clock(clock) || (flags & ~TIMER_ABSTIME) ||
        !sleeps_here("clock_nanosleep", ts))
        return REAL(clock_nanosleep)(clock, flags, ts, left);
    if (!(flags & TIMER_ABSTIME)) {
        sleep_for(span_of(ts));
        return 0;
    }
    for (leat_duration d; (d = time_until(clock, ts)) > 0;)
        sleep_for(d);
    return 0;
}
