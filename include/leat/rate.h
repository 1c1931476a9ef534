/* SPDX-License-Identifier: MIT */
/*
 * leat/rate.h - limit how often something happens.
 *
 *     static leat_limiter api = LEAT_LIMITER(10, 3);      // 10 a second, 3 at once
 *
 *     if (!leat_limiter_allow(&api))
 *         return -EBUSY;                                  // drop it,
 *     leat_limiter_wait(&api);                            // or wait for its turn
 *
 * A limiter is a bucket of tokens: full at first, refilled at a steady rate up to its burst;
 * each event takes one. allow says whether there is one now, reserve takes one that is yet to
 * come and tells when, wait sleeps until then. leat_sometimes is for one place of the code:
 * do it the first few times, every so many times, or at most every so often.
 *
 * The zero value of a limiter allows nothing; of a leat_sometimes, one time. None may be copied
 * after its first use; none needs a destroy.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_RATE_H
#define LEAT_RATE_H

#include <leat/base.h>
#include <leat/sync.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A rate without a limit: every event is allowed, whatever the burst. */
#define LEAT_RATE_INF (__builtin_inf())

/** A token bucket; see LEAT_LIMITER. */
typedef struct leat_limiter {
    double leat__limit; /* opaque */
    double leat__tokens;
    int64_t leat__burst;
    leat_duration leat__last;
    leat_duration leat__last_event;
    uint32_t leat__lock;
} leat_limiter;

/** Tokens that are taken, though they may be yet to come; leat_limiter_reserve makes one. */
typedef struct leat_reservation {
    bool ok;          /* false: it can never be had; the rest means nothing */
    int64_t n;        /* how many */
    leat_duration at; /* when the event may happen, as leat_now counts */
    double leat__limit;
    leat_limiter *leat__from;
} leat_reservation;

/** What decides when leat_sometimes_do does it; set the first three as you like. */
typedef struct leat_sometimes {
    int64_t first;          /* the first so many times */
    int64_t every;          /* every so many times, the first included */
    leat_duration interval; /* when so much time has passed since it was done */
    leat_mutex leat__mutex; /* opaque */
    int64_t leat__count;
    leat_duration leat__last;
} leat_sometimes;

/**
 * Initialise a limiter where it is defined.
 *
 *     static leat_limiter log_lines = LEAT_LIMITER(100, 20);
 *
 * Go         rate.NewLimiter(limit, burst)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   as an initialiser, of static objects too.
 * Ownership  none.
 * Ordering   none.
 * Param      limit   tokens a second, a double; LEAT_RATE_INF is no limit.
 * Param      burst   how many tokens the bucket holds; it is full at first.
 * Returns    an initialiser.
 * Fatal      never.
 * See        leat_limiter_init, leat_rate_every
 * Since      0.2
 */
#define LEAT_LIMITER(limit, burst)         \
    {                                      \
        (limit), (burst), (burst), 0, 0, 0 \
    }

/**
 * Initialise a limiter that was not initialised where it is defined.
 *
 * Go         rate.NewLimiter(limit, burst)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it; there is nothing to destroy.
 * Ordering   none: let nobody use it yet.
 * Param      l       memory for a limiter.
 * Param      limit   tokens a second; LEAT_RATE_INF is no limit.
 * Param      burst   how many tokens the bucket holds; it is full at first.
 * Returns    nothing.
 * Fatal      never.
 * See        LEAT_LIMITER
 * Since      0.2
 */
LEAT_API void leat_limiter_init(leat_limiter *l, double limit, int64_t burst);

/**
 * Convert the time between two events to a rate.
 *
 * Go         rate.Every(interval)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      interval the time between two events.
 * Returns    events a second; LEAT_RATE_INF when the interval is not positive.
 * Fatal      never.
 * See        LEAT_LIMITER, leat_limiter_set_limit
 * Since      0.2
 */
LEAT_API double leat_rate_every(leat_duration interval);

/**
 * Take a token if there is one now.
 *
 * Go         lim.Allow()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      l       a limiter.
 * Returns    whether the event may happen.
 * Fatal      never.
 * See        leat_limiter_allow_at, leat_limiter_wait
 * Since      0.2
 */
LEAT_API bool leat_limiter_allow(leat_limiter *l);

/**
 * Take tokens if there are enough at a given time.
 *
 * Time that goes backwards adds no tokens. Give leat_now(), or a time of your own in
 * simulations.
 *
 * Go         lim.AllowN(t, n)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      l       a limiter.
 * Param      t       the time.
 * Param      n       how many.
 * Returns    whether the events may happen; all or none.
 * Fatal      never.
 * See        leat_limiter_allow
 * Since      0.2
 */
LEAT_API bool leat_limiter_allow_at(leat_limiter *l, leat_duration t, int64_t n);

/**
 * Take a token that may be yet to come.
 *
 *     leat_reservation r = leat_limiter_reserve(&api);
 *     if (r.ok)
 *         leat_sleep(leat_reservation_delay(&r));
 *
 * Go         lim.Reserve()
 * Blocks     no.
 * Cancel     leat_reservation_cancel gives it back.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the result is a value; it refers to the limiter.
 * Ordering   none.
 * Param      l       a limiter.
 * Returns    a reservation; ok is false if the burst is smaller than 1.
 * Fatal      never.
 * See        leat_limiter_reserve_at, leat_reservation_delay, leat_reservation_cancel
 * Since      0.2
 */
LEAT_API leat_reservation leat_limiter_reserve(leat_limiter *l);

/**
 * Take tokens that may be yet to come, at a given time.
 *
 * Go         lim.ReserveN(t, n)
 * Blocks     no.
 * Cancel     leat_reservation_cancel gives them back.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the result is a value; it refers to the limiter.
 * Ordering   none.
 * Param      l       a limiter.
 * Param      t       the time.
 * Param      n       how many.
 * Returns    a reservation; ok is false if the burst is smaller than n.
 * Fatal      never.
 * See        leat_limiter_reserve
 * Since      0.2
 */
LEAT_API leat_reservation leat_limiter_reserve_at(leat_limiter *l, leat_duration t, int64_t n);

/**
 * Say how long it is until a reserved event may happen.
 *
 * Go         r.Delay()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      r       a reservation.
 * Returns    the time from now; 0 when it may happen at once, LEAT_FOREVER when it is not ok
 *            or will never be.
 * Fatal      never.
 * See        leat_reservation_delay_from, leat_sleep
 * Since      0.2
 */
LEAT_API leat_duration leat_reservation_delay(const leat_reservation *r);

/**
 * Say how long it is from a given time until a reserved event may happen.
 *
 * Go         r.DelayFrom(t)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      r       a reservation.
 * Param      t       the time.
 * Returns    the time from t; 0 when it may happen then, LEAT_FOREVER when it is not ok or will
 *            never be.
 * Fatal      never.
 * See        leat_reservation_delay
 * Since      0.2
 */
LEAT_API leat_duration leat_reservation_delay_from(const leat_reservation *r, leat_duration t);

/**
 * Give the tokens of a reservation back: the event will not happen.
 *
 * As far as that helps: tokens that were reserved after these have their times and keep them,
 * and when the event may happen already it is too late.
 *
 * Go         r.Cancel()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it, and its limiter, which must still live.
 * Ordering   none.
 * Param      r       a reservation.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_reservation_cancel_at, leat_limiter_reserve
 * Since      0.2
 */
LEAT_API void leat_reservation_cancel(leat_reservation *r);

/**
 * Give the tokens of a reservation back at a given time.
 *
 * Go         r.CancelAt(t)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it, and its limiter, which must still live.
 * Ordering   none.
 * Param      r       a reservation.
 * Param      t       the time.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_reservation_cancel
 * Since      0.2
 */
LEAT_API void leat_reservation_cancel_at(leat_reservation *r, leat_duration t);

/**
 * Wait until an event may happen.
 *
 * Go         lim.Wait(context.Background())
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled; leat_limiter_wait_ctx can.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it until it returns.
 * Ordering   none.
 * Param      l       a limiter.
 * Returns    0, or -EINVAL if the burst is smaller than 1: that would never be.
 * Fatal      never.
 * See        leat_limiter_wait_ctx, leat_limiter_allow
 * Since      0.2
 */
LEAT_API int leat_limiter_wait(leat_limiter *l);

/**
 * Wait until events may happen, unless a context ends first.
 *
 * If the context has a deadline and the time of the events is later, it fails at once and takes
 * nothing. What was reserved is given back when the context ends meanwhile.
 *
 * Go         lim.WaitN(ctx, n)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it until it returns.
 * Ordering   none; an error comes after what the canceller did before.
 * Param      ctx     a context; NULL is the background.
 * Param      l       a limiter.
 * Param      n       how many events.
 * Returns    0; -EINVAL if the burst is smaller than n, -ETIMEDOUT if it would be later than
 *            the context's deadline, or what leat_ctx_err says.
 * Fatal      never.
 * See        leat_limiter_wait, leat_limiter_wait_until
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_limiter_wait_ctx(leat_ctx *ctx, leat_limiter *l, int64_t n);

/**
 * Wait until events may happen, unless that is later than a deadline.
 *
 * It is known at once, so it does not wait in vain; nothing is taken then.
 *
 * Go         lim.WaitN with a context of context.WithDeadline.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     not once it waits; it would be over before the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it until it returns.
 * Ordering   none.
 * Param      l       a limiter.
 * Param      n       how many events.
 * Param      deadline as leat_now counts.
 * Returns    0; -EINVAL if the burst is smaller than n, -ETIMEDOUT if it would be too late.
 * Fatal      never.
 * See        leat_limiter_wait_ctx, leat_now
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_limiter_wait_until(leat_limiter *l, int64_t n,
                                                    leat_duration deadline);

/**
 * Change the rate of a limiter from now on.
 *
 * What is reserved keeps its time.
 *
 * Go         lim.SetLimit(limit)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      l       a limiter.
 * Param      limit   tokens a second; LEAT_RATE_INF is no limit.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_limiter_set_limit_at, leat_limiter_set_burst, leat_limiter_limit
 * Since      0.2
 */
LEAT_API void leat_limiter_set_limit(leat_limiter *l, double limit);

/**
 * Change the rate of a limiter from a given time on.
 *
 * Go         lim.SetLimitAt(t, limit)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      l       a limiter.
 * Param      t       the time.
 * Param      limit   tokens a second; LEAT_RATE_INF is no limit.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_limiter_set_limit
 * Since      0.2
 */
LEAT_API void leat_limiter_set_limit_at(leat_limiter *l, leat_duration t, double limit);

/**
 * Change how many tokens a limiter's bucket holds, from now on.
 *
 * Go         lim.SetBurst(burst)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      l       a limiter.
 * Param      burst   how many.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_limiter_set_burst_at, leat_limiter_burst
 * Since      0.2
 */
LEAT_API void leat_limiter_set_burst(leat_limiter *l, int64_t burst);

/**
 * Change how many tokens a limiter's bucket holds, from a given time on.
 *
 * Go         lim.SetBurstAt(t, burst)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      l       a limiter.
 * Param      t       the time.
 * Param      burst   how many.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_limiter_set_burst
 * Since      0.2
 */
LEAT_API void leat_limiter_set_burst_at(leat_limiter *l, leat_duration t, int64_t burst);

/**
 * Give the rate of a limiter.
 *
 * Go         lim.Limit()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      l       a limiter.
 * Returns    tokens a second.
 * Fatal      never.
 * See        leat_limiter_set_limit
 * Since      0.2
 */
LEAT_API double leat_limiter_limit(leat_limiter *l);

/**
 * Give the burst of a limiter.
 *
 * Go         lim.Burst()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      l       a limiter.
 * Returns    how many tokens its bucket holds.
 * Fatal      never.
 * See        leat_limiter_set_burst
 * Since      0.2
 */
LEAT_API int64_t leat_limiter_burst(leat_limiter *l);

/**
 * Give the number of tokens that a limiter has now.
 *
 * Go         lim.Tokens()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      l       a limiter.
 * Returns    the number, with its fraction; negative when some that are yet to come are
 *            reserved.
 * Fatal      never.
 * See        leat_limiter_tokens_at
 * Since      0.2
 */
LEAT_API double leat_limiter_tokens(leat_limiter *l);

/**
 * Give the number of tokens that a limiter has at a given time.
 *
 * Go         lim.TokensAt(t)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none.
 * Param      l       a limiter.
 * Param      t       the time.
 * Returns    the number, with its fraction.
 * Fatal      never.
 * See        leat_limiter_tokens
 * Since      0.2
 */
LEAT_API double leat_limiter_tokens_at(leat_limiter *l, leat_duration t);

/* What the macros expand to. */
LEAT_API bool leat__sometimes_begin(leat_sometimes *s, leat__defer *end);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

#define LEAT__SOMETIMES_DO(id, s, ...)                                 \
    do {                                                               \
        leat__defer LEAT__CAT(leat__end_, id);                         \
        if (leat__sometimes_begin((s), &LEAT__CAT(leat__end_, id))) {  \
            (void)(LEAT__FIRST(__VA_ARGS__))(LEAT__REST(__VA_ARGS__)); \
            leat__defer_run(&LEAT__CAT(leat__end_, id));               \
        }                                                              \
    } while (0)

/**
 * Call a function, or do not: as a leat_sometimes says.
 *
 *     static leat_sometimes rarely = {.first = 3, .interval = LEAT_SECOND};
 *     leat_sometimes_do(&rarely, log_drop, peer);
 *
 * It is called if any of first, every and interval asks for it, and always the first time. Who
 * comes while it runs waits. A function that does the same once more waits for itself.
 *
 * Go         s.Do(func() { f(x) })
 * Blocks     while another is inside; the calling goroutine only; on a thread that leat did
 *            not create, the thread.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its operands until it returns.
 * Ordering   one call of leat_sometimes_do happens before the next returns.
 * Param      s       a leat_sometimes *, evaluated once.
 * Param      fn      what to call; a result is dropped.
 * Param      args    its arguments, evaluated only if it is called.
 * Returns    nothing: it is a statement.
 * Fatal      never.
 * See        leat_once_do
 * Since      0.2
 */
#define leat_sometimes_do(s, ...) LEAT__SOMETIMES_DO(__COUNTER__, s, __VA_ARGS__)

#endif /* !__cplusplus */

#endif
