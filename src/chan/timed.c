/* SPDX-License-Identifier: MIT */
/*
 * timed.c - channels that receive the time: leat_timer, leat_ticker, leat_after, leat_tick.
 *
 * PICTURE  leat_timer  ->  [ channel of one slot | alarm, when, period ]
 *   The timer is attached to its channel, and the channel's lock guards both. The alarm (time/)
 *   is in a proc's heap and only says "look at the clock": whether it strikes is decided under
 *   the lock, by `when`. So an alarm that comes too late, after a stop or a reset, finds nothing
 *   to do, and nobody has to wait for it but leat_timer_free.
 *
 * INVARIANTS (timed_check asserts K1, K2)
 *   K1  a channel that is timed holds at most one value, and while it holds one nobody waits.
 *   K2  when is in the future, and the slot empty  =>  the alarm is armed for it, or on its way.
 *   K3  what stop and reset return from, no receive that begins later can get an older value.
 *
 * AS UNBUFFERED (Go since 1.23)  The slot is not to be seen: len and cap are 0, and a value in
 *   it that nobody has taken counts as not sent. Stop and reset take it back and say true. Nor
 *   does a receive depend on the alarm being punctual: one that finds the slot empty looks at
 *   the clock itself (timed_due, timed_strike), so that at 10 ms a timer of 10 ms is ready even
 *   while the proc whose heap it stands in is busy.
 *
 * TICKERS  A tick that nobody has taken makes later ones pointless, so the alarm sleeps until it
 *   is taken, and then waits for the next multiple of the period. Nobody pays for a ticker that
 *   nobody listens to, and a slow receiver loses ticks instead of queueing them.
 *
 * ORDERING  Make and reset release at the slot, as a send would; what receives acquires there.
 *
 * REJECTED  Arming the alarm only while somebody waits, as Go does: a timer is then free until
 *   then, but each wait and each select pays for its timers. Waiting for the alarm in stop, with
 *   a generation to tell it from the next one: the clock tells them apart already.
 *
 * PROOF  timed_test.c; tests/golike/{timer_api,ticker}_test.c.
 */
#include "chan/timed.h"

#include "base/fatal.h"
#include "time/after.h"

#define NEVER INT64_MAX

static leat_timer *timer_of(leat_chan_base *c)
{
    return chan_attached(c);
}

static int64_t strike_time(leat_duration d)
{
    return time_after(d < 0 ? 0 : d);
}

/* ---- striking; the channel's lock is held ---- */

bool timed_due(leat_chan_base *c)
{
    int64_t when = load_relaxed(&timer_of(c)->when);

    return when != NEVER && when <= sched_now();
}

/* It has struck, and will at the next multiple of the period, or never. */
static struct p *wind_up(leat_timer *t)
{
    bool was_armed;

    if (t->period == 0) {
        store_relaxed(&t->when, NEVER);
        return NULL;
    }
    int64_t skipped = (sched_now() - t->when) / t->period;
    int64_t last = t->when + skipped * t->period;
    store_relaxed(&t->when, t->period > NEVER - 1 - last ? NEVER - 1 : last + t->period);
    return timer_move(m_self(), &t->alarm, t->when, &was_armed);
}

/* The value is the time it was due, not the time somebody noticed. */
static bool strike(leat_timer *t, struct g **wake)
{
    if (t->chan->count > 0 || !timed_due(t->chan))
        return false;
    chan_send_locked(t->chan, &t->when, NULL, wake);
    return true;
}

/* Those who wait are the alarm's: they come first. */
bool timed_strike(leat_chan_base *c)
{
    struct g *nobody = NULL;

    return !c->receivers.first && strike(timer_of(c), &nobody);
}

/* The announcement may take the scheduler's lock under the channel's; that order is legal. */
void timed_taken(leat_chan_base *c)
{
    timer_announce(wind_up(timer_of(c)));
}

static void on_alarm(void *arg)
{
    leat_timer *t = arg;
    leat_chan_base *c = t->chan;
    struct g *wake = NULL;
    struct p *due = NULL;

    spin_lock(&c->lock, LEAT__RANK_CHAN);
    if (strike(t, &wake) && wake)
        due = wind_up(t);
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    timer_announce(due);
    if (wake)
        sched_ready(wake);
}

/* ---- make, stop, reset, free ---- */

static void timed_gone(void *timer)
{
    timer_stop(&((leat_timer *)timer)->alarm);
}

static leat_timer *timed_make(int64_t when, int64_t period)
{
    leat_chan_base *c = chan_make_with(sizeof(leat_duration), __alignof__(leat_duration), 1,
                                       sizeof(struct leat_ticker), timed_gone);
    leat_timer *t = timer_of(c);

    c->mode = CHAN_TIMED;
    san_release(c->ring);
    t->chan = c;
    t->when = when;
    t->period = period;
    timer_start(m_self(), &t->alarm, when, on_alarm, t);
    return t;
}

/* Lock held. True: it was still to strike, or has struck and nobody has taken the value. */
static bool take_back(leat_timer *t)
{
    leat_chan_base *c = t->chan;
    bool active = c->count > 0 || t->when != NEVER;

    store_relaxed(&c->count, 0);
    c->head = c->tail;
    chan_changed(c);
    return active;
}

static bool timed_stop(leat_timer *t)
{
    leat_chan_base *c = t->chan;

    spin_lock(&c->lock, LEAT__RANK_CHAN);
    bool active = take_back(t);
    store_relaxed(&t->when, NEVER);
    timer_disarm(&t->alarm);
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    sched_poll(m_self());
    return active;
}

static bool timed_reset(leat_timer *t, int64_t when, int64_t period)
{
    leat_chan_base *c = t->chan;
    struct m *m = m_self();
    bool was_armed;

    spin_lock(&c->lock, LEAT__RANK_CHAN);
    bool active = take_back(t);
    san_release(c->ring);
    store_relaxed(&t->when, when);
    t->period = period;
    struct p *due = timer_move(m, &t->alarm, when, &was_armed);
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    timer_announce(due);
    sched_poll(m);
    return active;
}

static void timed_free(leat_timer *t)
{
    timed_stop(t); /* at once, though others may hold the channel */
    leat_chan_base_free(t->chan);
}

static leat_time_chan typed(leat_chan_base *c)
{
    return (leat_time_chan)(void *)c;
}

/* ---- timers ---- */

leat_timer *leat_timer_make(leat_duration d)
{
    m_self();
    return timed_make(strike_time(d), 0);
}

leat_time_chan leat_timer_chan(const leat_timer *t)
{
    return typed(t->chan);
}

bool leat_timer_stop(leat_timer *t)
{
    if (!t)
        leat__panic("time: Stop called on uninitialized Timer");
    return t->chan ? timed_stop(t) : after_func_stop(t);
}

bool leat_timer_reset(leat_timer *t, leat_duration d)
{
    if (!t)
        leat__panic("time: Reset called on uninitialized Timer");
    return t->chan ? timed_reset(t, strike_time(d), 0) : after_func_reset(t, strike_time(d));
}

void leat_timer_free(leat_timer *t)
{
    if (!t)
        return;
    if (t->chan)
        timed_free(t);
    else
        after_func_free(t);
}

leat_time_chan leat_after(leat_duration d)
{
    return leat_timer_chan(leat_timer_make(d));
}

/* ---- tickers ---- */

leat_ticker *leat_ticker_make(leat_duration period)
{
    if (period <= 0)
        leat__panic("non-positive interval for NewTicker");
    m_self();
    return (leat_ticker *)timed_make(strike_time(period), period);
}

leat_time_chan leat_ticker_chan(const leat_ticker *t)
{
    return typed(t->timer.chan);
}

void leat_ticker_stop(leat_ticker *t)
{
    if (t)
        timed_stop(&t->timer);
}

void leat_ticker_reset(leat_ticker *t, leat_duration period)
{
    if (period <= 0)
        leat__panic("non-positive interval for Ticker.Reset");
    if (!t)
        leat__panic("time: Reset called on uninitialized Ticker");
    timed_reset(&t->timer, strike_time(period), period);
}

void leat_ticker_free(leat_ticker *t)
{
    if (t)
        timed_free(&t->timer);
}

leat_time_chan leat_tick(leat_duration period)
{
    return period > 0 ? leat_ticker_chan(leat_ticker_make(period)) : NULL;
}

/* ---- invariants ---- */

const char *timed_check(leat_timer *t)
{
    leat_chan_base *c = t->chan;
    const char *bad = NULL;

    spin_lock(&c->lock, LEAT__RANK_CHAN);
    if (c->count > 1 || (c->count == 1 && c->receivers.first))
        bad = "K1: a timer's value waits though it is wanted";
    else if (c->count == 0 && t->when != NEVER && load_acquire(&t->alarm.state) == TIMER_IDLE &&
             t->when > sched_now())
        bad = "K2: a timer is to strike and nothing will make it";
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    return bad;
}
