/* SPDX-License-Identifier: MIT */
/*
 * rate.c - token buckets, and things done sometimes.
 *
 * PICTURE   tokens at `last`, +limit a second, at most burst
 *
 *   No clock ticks: the tokens of any later time follow from those at `last`. They go below zero
 *   when events are reserved that are yet to come; the debt says when the next may happen.
 *
 * INVARIANTS
 *   L1  tokens <= burst, whatever time has passed.
 *   L2  Time that goes backwards adds nothing and takes nothing: `last` goes back with it, and
 *       what passes from there on counts.
 *   L3  last_event is the time of the latest event that was granted and not cancelled.
 *
 * CANCEL  Those who reserved after this one were told times that its tokens made later; they
 *   keep their times, so the tokens between its time and last_event are spent: what they amount
 *   to is not given back.
 *
 * PRECISION  Tokens are doubles, times are integers; a time of more than 292 years is "never".
 *
 * WAITING is sleeping until the reserved time. It cannot be too early: the reservation is.
 *
 * PROOF tests/golike/rate_test.c
 */
#include <leat/rate.h>

#include <leat/context.h>

#include "base/spin.h"
#include "park/limit.h"

static inline void limiter_lock(leat_limiter *l)
{
    spin_lock((spinlock *)(void *)&l->leat__lock, LEAT__RANK_LEAF);
}

static inline void limiter_unlock(leat_limiter *l)
{
    spin_unlock((spinlock *)(void *)&l->leat__lock, LEAT__RANK_LEAF);
}

static inline bool unlimited(double limit)
{
    return limit > 1e300;
}

/* How long tokens take to come. */
static int64_t time_of_tokens(double limit, double tokens)
{
    double ns = limit > 0 ? tokens / limit * 1e9 : 1e300;

    return ns < (double)INT64_MAX ? (int64_t)ns : INT64_MAX;
}

static double tokens_of_time(double limit, int64_t d)
{
    int64_t seconds = d / LEAT_SECOND;

    if (limit <= 0)
        return 0;
    return limit * ((double)seconds + (double)(d % LEAT_SECOND) / 1e9);
}

static inline int64_t later(int64_t t, int64_t d)
{
    return d > INT64_MAX - t ? INT64_MAX : t + d;
}

/* Lock held: how many tokens there are at t. */
static double tokens_then(const leat_limiter *l, int64_t t)
{
    double tokens = l->leat__tokens;

    if (t > l->leat__last)
        tokens += tokens_of_time(l->leat__limit, t - l->leat__last);
    return tokens > (double)l->leat__burst ? (double)l->leat__burst : tokens;
}

/* Lock held: make t the time that the tokens are those of; returns the tokens. */
static double move_to(leat_limiter *l, int64_t t)
{
    l->leat__tokens = tokens_then(l, t);
    l->leat__last = t;
    return l->leat__tokens;
}

/* Take n tokens at t if they are there within `patience`. */
static leat_reservation reserve(leat_limiter *l, int64_t t, int64_t n, int64_t patience)
{
    leat_reservation r = {.n = n, .at = t, .leat__from = l};

    limiter_lock(l);
    r.leat__limit = l->leat__limit;
    r.ok = unlimited(l->leat__limit);
    if (!r.ok) {
        double left = tokens_then(l, t) - (double)n;
        int64_t wait = left < 0 ? time_of_tokens(l->leat__limit, -left) : 0;
        r.ok = n <= l->leat__burst && wait <= patience;
        if (r.ok) {
            r.at = later(t, wait);
            l->leat__last = t;
            l->leat__tokens = left;
            l->leat__last_event = r.at;
        }
    }
    limiter_unlock(l);
    return r;
}

void leat_limiter_init(leat_limiter *l, double limit, int64_t burst)
{
    *l = (leat_limiter){.leat__limit = limit,
                        .leat__tokens = (double)burst,
                        .leat__burst = burst};
}

double leat_rate_every(leat_duration interval)
{
    return interval > 0 ? 1e9 / (double)interval : LEAT_RATE_INF;
}

bool leat_limiter_allow_at(leat_limiter *l, leat_duration t, int64_t n)
{
    return reserve(l, t, n, 0).ok;
}

bool leat_limiter_allow(leat_limiter *l)
{
    return leat_limiter_allow_at(l, sched_now(), 1);
}

leat_reservation leat_limiter_reserve_at(leat_limiter *l, leat_duration t, int64_t n)
{
    return reserve(l, t, n, INT64_MAX);
}

leat_reservation leat_limiter_reserve(leat_limiter *l)
{
    return leat_limiter_reserve_at(l, sched_now(), 1);
}

leat_duration leat_reservation_delay_from(const leat_reservation *r, leat_duration t)
{
    if (!r->ok || r->at == INT64_MAX)
        return LEAT_FOREVER;
    return r->at > t ? r->at - t : 0;
}

leat_duration leat_reservation_delay(const leat_reservation *r)
{
    return leat_reservation_delay_from(r, sched_now());
}

/* Lock held: what a cancelled reservation gives back at t. */
static void tokens_back(leat_limiter *l, const leat_reservation *r, int64_t t)
{
    double spent = tokens_of_time(r->leat__limit, l->leat__last_event - r->at);
    double back = (double)r->n - spent;

    if (back <= 0)
        return;
    double tokens = move_to(l, t) + back;
    l->leat__tokens = tokens > (double)l->leat__burst ? (double)l->leat__burst : tokens;
    if (r->at == l->leat__last_event) {
        int64_t before = r->at - time_of_tokens(r->leat__limit, (double)r->n);
        if (before >= t)
            l->leat__last_event = before;
    }
}

void leat_reservation_cancel_at(leat_reservation *r, leat_duration t)
{
    leat_limiter *l = r->leat__from;

    if (!r->ok || r->n == 0 || r->at < t)
        return;
    limiter_lock(l);
    if (!unlimited(l->leat__limit))
        tokens_back(l, r, t);
    limiter_unlock(l);
}

void leat_reservation_cancel(leat_reservation *r)
{
    leat_reservation_cancel_at(r, sched_now());
}

/* Sleep until the reserved time; 0, or what ended the sleep earlier. */
static int sleep_for_turn(int64_t at, struct limit limit)
{
    struct g *g = g_self();

    limit.deadline = at;
    limit_begin(g);
    int err = limit_park(g, WAIT_SLEEP, NULL, &limit);
    return err == -ETIMEDOUT && sched_now() >= at ? 0 : err;
}

static int wait_for_turn(leat_limiter *l, int64_t n, int64_t deadline, struct limit limit)
{
    int64_t now = sched_now();

    if (n > leat_limiter_burst(l) && !unlimited(leat_limiter_limit(l)))
        return -EINVAL;
    int err = limit_over(&limit);
    if (err)
        return err;
    int64_t patience = deadline == INT64_MAX ? INT64_MAX : deadline - now;
    leat_reservation r = reserve(l, now, n, patience);
    if (!r.ok)
        return -ETIMEDOUT;
    if (r.at <= now) {
        sched_poll(m_self());
        return 0;
    }
    err = sleep_for_turn(r.at, limit);
    if (err)
        leat_reservation_cancel(&r);
    return err;
}

int leat_limiter_wait_ctx(leat_ctx *ctx, leat_limiter *l, int64_t n)
{
    leat_duration deadline;

    if (!leat_ctx_deadline(ctx, &deadline))
        deadline = INT64_MAX;
    return wait_for_turn(l, n, deadline, limit_ctx(ctx));
}

int leat_limiter_wait_until(leat_limiter *l, int64_t n, leat_duration deadline)
{
    return wait_for_turn(l, n, deadline, limit_none());
}

int leat_limiter_wait(leat_limiter *l)
{
    return wait_for_turn(l, 1, INT64_MAX, limit_none());
}

void leat_limiter_set_limit_at(leat_limiter *l, leat_duration t, double limit)
{
    limiter_lock(l);
    move_to(l, t);
    l->leat__limit = limit;
    limiter_unlock(l);
}

void leat_limiter_set_limit(leat_limiter *l, double limit)
{
    leat_limiter_set_limit_at(l, sched_now(), limit);
}

void leat_limiter_set_burst_at(leat_limiter *l, leat_duration t, int64_t burst)
{
    limiter_lock(l);
    move_to(l, t);
    l->leat__burst = burst;
    limiter_unlock(l);
}

void leat_limiter_set_burst(leat_limiter *l, int64_t burst)
{
    leat_limiter_set_burst_at(l, sched_now(), burst);
}

double leat_limiter_limit(leat_limiter *l)
{
    limiter_lock(l);
    double limit = l->leat__limit;
    limiter_unlock(l);
    return limit;
}

int64_t leat_limiter_burst(leat_limiter *l)
{
    limiter_lock(l);
    int64_t burst = l->leat__burst;
    limiter_unlock(l);
    return burst;
}

double leat_limiter_tokens_at(leat_limiter *l, leat_duration t)
{
    limiter_lock(l);
    double tokens = tokens_then(l, t);
    limiter_unlock(l);
    return tokens;
}

double leat_limiter_tokens(leat_limiter *l)
{
    return leat_limiter_tokens_at(l, sched_now());
}

/* ---- sometimes ---- */

static void sometimes_end(void *arg)
{
    leat_sometimes *s = arg;

    s->leat__last = sched_now();
    s->leat__count++;
    leat_mutex_unlock(&s->leat__mutex);
}

/* True: the caller runs the function, and then the deferred end. */
bool leat__sometimes_begin(leat_sometimes *s, leat__defer *end)
{
    leat_mutex_lock(&s->leat__mutex);
    int64_t count = s->leat__count;
    if (count == 0 || count < s->first || (s->every > 0 && count % s->every == 0) ||
        (s->interval > 0 && sched_now() - s->leat__last >= s->interval)) {
        leat__defer_push(end, sometimes_end, s);
        return true;
    }
    s->leat__count++;
    leat_mutex_unlock(&s->leat__mutex);
    return false;
}
