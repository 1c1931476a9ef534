/* SPDX-License-Identifier: MIT */
/*
 * leat/pattern/topic.h - publish to all who subscribe.
 *
 *     typedef leat_topic(struct quote) quote_topic;       // once, in one header
 *     typedef leat_chan(struct quote) quote_chan;
 *
 *     quote_topic quotes = leat_topic_make(quote_topic);
 *     quote_chan mine = leat_subscribe(quotes, quote_chan, 16, LEAT_SLOW_DROP_OLD);
 *     leat_publish(quotes, q);                            // in another goroutine
 *     leat_range(q, mine) ...                             // until the topic is closed
 *     leat_unsubscribe(quotes, mine);
 *
 * Each subscriber has a channel of its own and says what happens when that is full. All see the
 * values in one order, also with several publishers.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_PATTERN_TOPIC_H
#define LEAT_PATTERN_TOPIC_H

#include <leat/base.h>
#include <leat/chan.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a value does that comes to a subscriber whose channel is full. */
enum leat_slow {
    LEAT_SLOW_BLOCK,      /* it waits, and the publisher with it */
    LEAT_SLOW_DROP_NEW,   /* it is dropped */
    LEAT_SLOW_DROP_OLD,   /* the oldest in the channel is dropped for it */
    LEAT_SLOW_DISCONNECT, /* the subscriber's channel is closed */
};

/* The untyped topic, and what the macros expand to. */
struct leat__topic;
LEAT_API struct leat__topic *leat__topic_make(void);
LEAT_API void leat__topic_close(struct leat__topic *t);
LEAT_API void leat__topic_free(struct leat__topic *t);
LEAT_API int64_t leat__topic_subscribers(struct leat__topic *t);
LEAT_API leat_chan_base *leat__subscribe(struct leat__topic *t, leat_chan_base *c,
                                         enum leat_slow slow);
LEAT_API void leat__unsubscribe(struct leat__topic *t, leat_chan_base *c);
LEAT_API int leat__publish(leat_ctx *ctx, struct leat__topic *t, const void *value);

#ifdef __cplusplus
}
#endif

#ifdef __cplusplus

extern "C++" {
namespace leat
{
template <typename T> struct topic_of;
template <typename T> using topic = topic_of<T> *;
} // namespace leat
}
#define LEAT__TOPIC_TYPE(...) ::leat::topic<__VA_ARGS__>

#else

#define LEAT__TOPIC_TYPE(T)          \
    union {                          \
        __typeof__(T) leat__message; \
    } *

/* Refuses what is no topic because only those have a message. */
#define LEAT__TOPIC(t) ((void)sizeof(&(t)->leat__message), (struct leat__topic *)(void *)(t))

#endif

/**
 * Name the type of a topic of T.
 *
 *     typedef leat_topic(struct quote) quote_topic;
 *
 * In C write it once, in a typedef, as a channel's type.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere a type may stand.
 * Ownership  a topic is a pointer: copies name the same topic.
 * Ordering   none.
 * Param      T       the type of what is published.
 * Returns    a pointer type.
 * Fatal      never.
 * See        leat_topic_make
 * Since      0.2
 */
#define leat_topic(T) LEAT__TOPIC_TYPE(T)

#ifndef __cplusplus

/**
 * Make a topic.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the topic is the caller's: leat_topic_free.
 * Ordering   none.
 * Param      type    a topic type.
 * Returns    the topic, never NULL.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_subscribe, leat_publish
 * Since      0.2
 */
#define leat_topic_make(type) \
    ((void)sizeof(((type)0)->leat__message), (type)(void *)leat__topic_make())

/**
 * Close a topic: all its channels are closed, when what is in them has been received.
 *
 * Publishing fails from then on; a new subscriber gets a closed channel.
 *
 * Go         none.
 * Blocks     while a publisher waits for a slow subscriber.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the topic remains to be freed, the channels to be given up by their subscribers.
 * Ordering   what precedes it happens before a receive that finds a channel closed.
 * Param      t       a topic.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_topic_free
 * Since      0.2
 */
#define leat_topic_close(t) leat__topic_close(LEAT__TOPIC(t))

/**
 * Close a topic and free it.
 *
 * Nobody may use it any more. Subscribers that still have their channels may receive from them
 * to the end and give them up by leat_chan_unref.
 *
 * Go         none.
 * Blocks     as leat_topic_close.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes the topic.
 * Ordering   as leat_topic_close.
 * Param      t       a topic, or NULL. NULL does nothing.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_topic_make
 * Since      0.2
 */
#define leat_topic_free(t) leat__topic_free(LEAT__TOPIC(t))

/**
 * Count the subscribers of a topic.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   none: the number may be old when it returns.
 * Param      t       a topic.
 * Returns    the number.
 * Fatal      never.
 * See        leat_subscribe
 * Since      0.2
 */
#define leat_topic_subscribers(t) leat__topic_subscribers(LEAT__TOPIC(t))

#define LEAT__SAME_MESSAGE(t, elem_)                                          \
    LEAT__ASSERT(__builtin_types_compatible_p(__typeof__((t)->leat__message), \
                                              __typeof__(elem_)),             \
                 "leat: the channel is not of the type that the topic publishes")

/**
 * Subscribe to a topic: get a channel on which its values come from now on.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     leat_unsubscribe.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the channel is the caller's to receive from: leat_unsubscribe gives it up. Do not
 *            close it or send to it.
 * Ordering   what precedes a publish happens before the receive of its value.
 * Param      t       a topic.
 * Param      type    a channel type of the same element.
 * Param      cap     how many values it buffers; at least 1 to drop the oldest.
 * Param      slow    what happens when it is full, an enum leat_slow.
 * Returns    the channel, never NULL.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_unsubscribe, leat_publish
 * Since      0.2
 */
#define leat_subscribe(t, type, cap, slow)                                              \
    (LEAT__SAME_MESSAGE(t, ((type)0)->elem),                                            \
     (type)(void *)leat__subscribe(LEAT__TOPIC(t),                                      \
                                   (leat_chan_base *)(void *)leat_chan_make(type, cap), \
                                   (slow)))

/**
 * End a subscription and give its channel up.
 *
 * A publisher that waits for this subscriber goes on. What was in the channel is dropped.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives the channel up.
 * Ordering   none.
 * Param      t       a topic.
 * Param      c       what leat_subscribe returned.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_subscribe
 * Since      0.2
 */
#define leat_unsubscribe(t, c) leat__unsubscribe(LEAT__TOPIC(t), LEAT__CHAN(c))

#define LEAT__PUBLISH(id, ctx, t, ...)                                                        \
    __extension__({                                                                           \
        __typeof__(t) LEAT__CAT(leat__t_, id) = (t);                                          \
        LEAT__QUIET                                                                           \
        LEAT__CHECK_SEND(LEAT__CAT(leat__t_, id)->leat__message, (__VA_ARGS__));              \
        LEAT__LOUD                                                                            \
        __typeof__(LEAT__CAT(leat__t_, id)->leat__message) LEAT__CAT(leat__v_,                \
                                                                     id) = (__VA_ARGS__);     \
        leat__publish((ctx), LEAT__TOPIC(LEAT__CAT(leat__t_, id)), &LEAT__CAT(leat__v_, id)); \
    })

/**
 * Publish a value: every subscriber gets a copy.
 *
 * Go         none.
 * Blocks     while a subscriber of LEAT_SLOW_BLOCK has no room, or another publishes: the
 *            calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled; leat_publish_ctx can.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is copied; what a pointer points to is shared by all who get it.
 * Ordering   what precedes it happens before the receives of the value.
 * Param      t       a topic.
 * Param      value   an expression of the topic's type, or one that converts to it.
 * Returns    0, or -EPIPE when the topic is closed.
 * Fatal      never.
 * See        leat_publish_ctx, leat_subscribe
 * Since      0.2
 */
#define leat_publish(t, ...) LEAT__PUBLISH(__COUNTER__, (leat_ctx *)0, t, __VA_ARGS__)

/**
 * Publish a value unless a context ends first.
 *
 * When it ends meanwhile some subscribers may have the value and others not.
 *
 * Go         none.
 * Blocks     as leat_publish.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_publish.
 * Ordering   as leat_publish.
 * Param      ctx     a context; NULL is the background.
 * Param      t       a topic.
 * Param      value   an expression of the topic's type, or one that converts to it.
 * Returns    0, -EPIPE when the topic is closed, or what leat_ctx_err says.
 * Fatal      never.
 * See        leat_publish
 * Since      0.2
 */
#define leat_publish_ctx(ctx, t, ...) LEAT__PUBLISH(__COUNTER__, ctx, t, __VA_ARGS__)

#endif /* !__cplusplus */

#endif
