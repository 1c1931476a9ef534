/* SPDX-License-Identifier: MIT */
/*
 * leat/singleflight.h - callers that want the same at the same time share one call.
 *
 *     static leat_singleflight flights;
 *
 *     static int load(struct user *out, const char *name) { ... }   // slow
 *
 *     struct user u;
 *     int err = leat_singleflight_do(&flights, name, &u, NULL, load, name);
 *
 * While one goroutine is inside load for a key, others that come with the same key wait for its
 * result instead of calling load themselves, and get a copy of it. It is no cache: the next one
 * after the end calls again. The zero value is ready for use; a group may not be copied after
 * its first use and needs no destroy.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_SINGLEFLIGHT_H
#define LEAT_SINGLEFLIGHT_H

#include <leat/base.h>
#include <leat/chan.h>
#include <leat/go.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LEAT__FLIGHT_BUCKETS = 16 };

/** The calls that are under way, by their keys. */
typedef struct leat_singleflight {
    struct leat__flight *leat__calls[LEAT__FLIGHT_BUCKETS]; /* opaque */
    uint32_t leat__lock;
} leat_singleflight;

/* One call under way; lives in the frame of who makes it, or with its goroutine. */
typedef struct leat__flight {
    struct leat__flight *next;
    leat_singleflight *group;
    const char *key;
    uint64_t hash;
    void *out;
    size_t size;
    bool *shared;
    void *waiters[2];
    void *channels;
    int err;
    bool exited, listed;
    leat__defer end;
} leat__flight;

/* Where in a channel's element the parts of a leat_flight stand. */
typedef struct leat__flight_layout {
    size_t elem_size, value_size, value, err, shared;
} leat__flight_layout;

enum { LEAT__FLIGHT_LEAD = 1 };

/* What the macros expand to. */
LEAT_API int leat__flight_begin(leat__flight *f, leat_ctx *ctx, leat_singleflight *g,
                                const char *key);
LEAT_API int leat__flight_end(leat__flight *f, int err);
LEAT_API leat__flight *leat__flight_open(leat_singleflight *g, const char *key,
                                         leat_chan_base *to, const leat__flight_layout *layout);
LEAT_API void leat__flight_commit(void (*fn)(void), const leat_site *site, leat__flight *f);

/**
 * Let the next call with a key begin anew, though one is under way.
 *
 * Those who wait for the old call get its result; who comes from now on does not.
 *
 * Go         g.Forget(key)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the key until it returns.
 * Ordering   none.
 * Param      g       a group.
 * Param      key     a string.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_singleflight_do
 * Since      0.2
 */
LEAT_API void leat_singleflight_forget(leat_singleflight *g, const char *key);

#ifdef __cplusplus
}
#endif

/**
 * Name the element type of a channel that receives the result of a call.
 *
 *     typedef leat_flight(struct user) user_flight;
 *     typedef leat_chan(user_flight) user_flight_chan;
 *
 * Go         singleflight.Result
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere a type may stand.
 * Ownership  none.
 * Ordering   none.
 * Param      T       the type of the value.
 * Returns    a struct with the members value, err and shared.
 * Fatal      never.
 * See        leat_singleflight_do_chan
 * Since      0.2
 */
#define leat_flight(T) \
    struct {           \
        T value;       \
        int err;       \
        bool shared;   \
    }

#ifndef __cplusplus

/* A call with one argument before those of the list: (out, args...). */
#define LEAT__WITH1(x, f)       (f)(x)
#define LEAT__WITHN(x, f, ...)  (f)(x, __VA_ARGS__)
#define LEAT__WITH_1            LEAT__WITH1
#define LEAT__WITH_2            LEAT__WITHN
#define LEAT__WITH_3            LEAT__WITHN
#define LEAT__WITH_4            LEAT__WITHN
#define LEAT__WITH_5            LEAT__WITHN
#define LEAT__WITH_6            LEAT__WITHN
#define LEAT__WITH_7            LEAT__WITHN
#define LEAT__WITH_8            LEAT__WITHN
#define LEAT__CALL_WITH(x, ...) LEAT__CAT(LEAT__WITH_, LEAT__NARG(__VA_ARGS__))(x, __VA_ARGS__)

/* The list of a captured call, with one argument after its function. */
#define LEAT__LIST1(x, f)       f, x
#define LEAT__LISTN(x, f, ...)  f, x, __VA_ARGS__
#define LEAT__LIST_1            LEAT__LIST1
#define LEAT__LIST_2            LEAT__LISTN
#define LEAT__LIST_3            LEAT__LISTN
#define LEAT__LIST_4            LEAT__LISTN
#define LEAT__LIST_5            LEAT__LISTN
#define LEAT__LIST_6            LEAT__LISTN
#define LEAT__LIST_WITH(x, ...) LEAT__CAT(LEAT__LIST_, LEAT__NARG(__VA_ARGS__))(x, __VA_ARGS__)

#define LEAT__CHECK_FLIGHT_FN(out, ...)                                                        \
    LEAT__QUIET                                                                                \
    _Static_assert(__builtin_types_compatible_p(__typeof__(LEAT__CALL_WITH(out, __VA_ARGS__)), \
                                                int),                                          \
                   "leat: the function must return int: 0 or a negative errno");               \
    LEAT__LOUD

#define LEAT__FLIGHT_DO(id, ctx, g, key, out_, shared_, ...)                                   \
    __extension__({                                                                            \
        __typeof__(&*(out_)) LEAT__CAT(leat__out_, id) = (out_);                               \
        LEAT__CHECK_FLIGHT_FN(LEAT__CAT(leat__out_, id), __VA_ARGS__);                         \
        leat__flight LEAT__CAT(leat__f_, id);                                                  \
        LEAT__CAT(leat__f_, id).out = LEAT__CAT(leat__out_, id);                               \
        LEAT__CAT(leat__f_, id).size = sizeof(*LEAT__CAT(leat__out_, id));                     \
        LEAT__CAT(leat__f_, id).shared = (shared_);                                            \
        int LEAT__CAT(leat__r_, id) = leat__flight_begin(&LEAT__CAT(leat__f_, id), (ctx), (g), \
                                                         (key));                               \
        if (LEAT__CAT(leat__r_, id) == LEAT__FLIGHT_LEAD)                                      \
            LEAT__CAT(leat__r_,                                                                \
                      id) = leat__flight_end(&LEAT__CAT(leat__f_, id),                         \
                                             LEAT__CALL_WITH(LEAT__CAT(leat__out_, id),        \
                                                             __VA_ARGS__));                    \
        LEAT__CAT(leat__r_, id);                                                               \
    })

#define LEAT__FLIGHT_LAYOUT(c)                                                                \
    {                                                                                         \
        sizeof((c)->elem), sizeof((c)->elem.value), __builtin_offsetof(LEAT__ELEM(c), value), \
            __builtin_offsetof(LEAT__ELEM(c), err), __builtin_offsetof(LEAT__ELEM(c), shared) \
    }

#define LEAT__FLIGHT_DO_CHAN(id, g, key, c, ...)                                             \
    do {                                                                                     \
        __typeof__(c) LEAT__CAT(leat__c_, id) = (c);                                         \
        static const leat__flight_layout LEAT__CAT(leat__l_, id) = LEAT__FLIGHT_LAYOUT(      \
            LEAT__CAT(leat__c_, id));                                                        \
        LEAT__CHECK_FLIGHT_FN(&LEAT__CAT(leat__c_, id)->elem.value, __VA_ARGS__);            \
        leat__flight *LEAT__CAT(leat__f_,                                                    \
                                id) = leat__flight_open((g), (key),                          \
                                                        LEAT__CHAN(LEAT__CAT(leat__c_, id)), \
                                                        &LEAT__CAT(leat__l_, id));           \
        if (LEAT__CAT(leat__f_, id)) {                                                       \
            __typeof__(&LEAT__CAT(leat__c_, id)->elem.value) LEAT__CAT(                      \
                leat__out_, id) = LEAT__CAT(leat__f_, id)->out;                              \
            LEAT__GO(id, leat__flight_commit, (, LEAT__CAT(leat__f_, id)),                   \
                     LEAT__LIST_WITH(LEAT__CAT(leat__out_, id), __VA_ARGS__));               \
        }                                                                                    \
    } while (0)

/**
 * Call a function, or share the call that another makes with the same key.
 *
 * fn gets the place of the result as its first argument, before those given here. Who waits
 * gets a copy of what was put there, byte for byte, unless there was an error. If the function
 * leaves by leat_exit, so do the goroutines that wait for it; a thread that leat did not create
 * gets -ECANCELED.
 *
 * Go         v, err, shared := g.Do(key, func() (any, error) { return f(x) })
 * Blocks     while fn runs: the calling goroutine only; on a thread that leat did not create,
 *            the thread.
 * Cancel     cannot be cancelled; leat_singleflight_do_ctx can.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its operands until it returns. What the value points to is shared by all
 *            who get it.
 * Ordering   the end of fn happens before every call that gets its result returns.
 * Param      g       a group, a leat_singleflight *.
 * Param      key     a string; it must stay as it is until the call returns.
 * Param      out     where to put the result, a pointer; all calls with one key use one type.
 * Param      shared  a bool *, set to whether others got the result too; may be NULL.
 * Param      fn      what to call: int fn(T *out, args...), 0 or a negative errno.
 * Param      args    further arguments, evaluated only if fn is called by this call.
 * Returns    what fn returned, to whoever called it.
 * Fatal      never.
 * See        leat_singleflight_do_chan, leat_singleflight_forget
 * Since      0.2
 */
#define leat_singleflight_do(g, key, out, shared, ...) \
    LEAT__FLIGHT_DO(__COUNTER__, NULL, g, key, out, shared, __VA_ARGS__)

/**
 * Call a function, or share the call of another unless a context ends first.
 *
 * The context ends the wait for another's call. It does not end fn, which must look at it by
 * itself if it is to.
 *
 * Go         DoChan, and a select with ctx.Done().
 * Blocks     while fn runs: the calling goroutine only; on a thread that leat did not create,
 *            the thread.
 * Cancel     when ctx is over, if it waits for another.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_singleflight_do.
 * Ordering   as leat_singleflight_do.
 * Param      ctx     a context; NULL is the background.
 * Param      g       a group, a leat_singleflight *.
 * Param      key     a string; it must stay as it is until the call returns.
 * Param      out     where to put the result, a pointer; all calls with one key use one type.
 * Param      shared  a bool *, set to whether others got the result too; may be NULL.
 * Param      fn      what to call: int fn(T *out, args...), 0 or a negative errno.
 * Param      args    further arguments, evaluated only if fn is called by this call.
 * Returns    what fn returned, or what leat_ctx_err says.
 * Fatal      never.
 * See        leat_singleflight_do
 * Since      0.2
 */
#define leat_singleflight_do_ctx(ctx, g, key, out, shared, ...) \
    LEAT__FLIGHT_DO(__COUNTER__, ctx, g, key, out, shared, __VA_ARGS__)

/**
 * Call a function in a goroutine of its own, or share a call, and get the result by a channel.
 *
 *     user_flight_chan c = leat_chan_make(user_flight_chan, 1);
 *     leat_singleflight_do_chan(&flights, name, c, load, name);
 *     switch (leat_select(leat_case_recv(c, &result), leat_case_timeout(LEAT_SECOND))) ...
 *
 * The channel receives one element. Give it room for one, so that nothing waits for you if you
 * do not. If fn leaves by leat_exit, err is -ECANCELED.
 *
 * Go         g.DoChan(key, func() (any, error) { return f(x) })
 * Blocks     no.
 * Cancel     cannot be cancelled: do not receive.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the arguments and the key are copied; it holds a reference to the channel until it
 *            has sent, so you may give yours up by leat_chan_unref.
 * Ordering   the end of fn happens before the receive of its result returns.
 * Param      g       a group, a leat_singleflight *, which must live until then.
 * Param      key     a string.
 * Param      c       a channel of a leat_flight type, with a capacity of at least 1.
 * Param      fn      what to call: int fn(T *out, args...), 0 or a negative errno.
 * Param      args    further arguments, as for leat_go, evaluated only if fn is called by this
 *                    call.
 * Returns    nothing: it is a statement.
 * Fatal      out of memory, with a text that says what to raise; a channel without room.
 * See        leat_singleflight_do, leat_flight
 * Since      0.2
 */
#define leat_singleflight_do_chan(g, key, c, ...) \
    LEAT__FLIGHT_DO_CHAN(__COUNTER__, g, key, c, __VA_ARGS__)

#endif /* !__cplusplus */

#endif
