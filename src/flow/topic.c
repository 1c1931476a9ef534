/* SPDX-License-Identifier: MIT */
/*
 * topic.c - publish to all who subscribe.
 *
 * PICTURE   topic -> subscription (channel, policy, gone) -> subscription -> ...
 *
 * INVARIANTS
 *   B1  Who holds `turn` publishes; it is a semaphore, so publishers come in order and can give
 *       up, and every subscriber sees the same order of values.
 *   B2  A subscription leaves the list, its channel is closed and it is freed by who holds the
 *       turn, and nobody else: a publisher waits for a subscriber without a lock.
 *   B3  `lock` guards the links alone. New subscriptions go in front of the list, where the
 *       publisher that walks it has passed already.
 *
 * LEAVING  A subscriber marks its subscription, closes `gone`, which a publisher that waits for
 *   it selects on, and sweeps if it gets the turn at once. If it does not, who has the turn
 *   sweeps: it looks for marks once more after it has given the turn up. One of the two sees the
 *   other.
 *
 * REJECTED  Walking the list under a mutex: a slow subscriber would keep the others from leaving,
 *   and itself. A copy of the list for each value: an allocation for each value.
 *
 * PROOF tests/api/pattern_topic_test.c
 */
#include <leat/pattern/topic.h>

#include <leat/context.h>
#include <leat/select.h>
#include <leat/sync.h>

#include "flow/link.h"
#include "flow/semaphore.h"
#include "os/mem.h"

struct subscription {
    struct subscription *next; /* the topic's lock */
    leat_chan_base *chan;
    leat_chan_base *gone; /* closed by the subscriber that leaves */
    enum leat_slow slow;
    bool leaving; /* the topic's lock */
};

struct leat__topic {
    leat_semaphore turn;
    leat_mutex lock;
    struct subscription *first; /* lock */
    int leaving;                /* atomic: marked subscriptions that are still on the list */
    bool closed;                /* lock to change with the turn; either to read */
};

struct leat__topic *leat__topic_make(void)
{
    struct leat__topic *t = link_alloc(sizeof(*t));

    leat_semaphore_init(&t->turn, 1);
    return t;
}

/* ---- leaving: by who holds the turn ---- */

static void subscription_end(struct subscription *s)
{
    leat_chan_base_close(s->chan);
    leat_chan_base_unref(s->chan);
    leat_chan_base_free(s->gone);
    leat__free(s);
}

/* Off the list: those that are marked. */
static struct subscription *take_leaving(struct leat__topic *t)
{
    struct subscription **at = &t->first, *left = NULL, *s;

    leat_lock_guard(&t->lock);
    while ((s = *at)) {
        if (!s->leaving) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        s->next = left;
        left = s;
        fetch_sub(&t->leaving, 1);
    }
    return left;
}

static void topic_sweep(struct leat__topic *t)
{
    struct subscription *s = take_leaving(t), *next;

    for (; s; s = next) {
        next = s->next;
        subscription_end(s);
    }
}

static void turn_over(struct leat__topic *t)
{
    do {
        topic_sweep(t);
        leat_semaphore_release(&t->turn, 1);
    } while (load_seq(&t->leaving) > 0 && leat_semaphore_try_acquire(&t->turn, 1));
}

/* Lock held. */
static void mark_leaving(struct leat__topic *t, struct subscription *s)
{
    if (s->leaving)
        return;
    s->leaving = true;
    fetch_add(&t->leaving, 1);
}

/* ---- subscribers ---- */

leat_chan_base *leat__subscribe(struct leat__topic *t, leat_chan_base *c, enum leat_slow slow)
{
    struct subscription *s = link_alloc(sizeof(*s));

    s->chan = leat_chan_base_ref(c);
    s->gone = leat_chan_base_make(0, 0);
    s->slow = slow;
    leat_mutex_lock(&t->lock);
    bool closed = t->closed;
    if (!closed) {
        s->next = t->first;
        t->first = s;
    }
    leat_mutex_unlock(&t->lock);
    if (closed)
        subscription_end(s);
    return c;
}

void leat__unsubscribe(struct leat__topic *t, leat_chan_base *c)
{
    struct subscription *s;

    leat_mutex_lock(&t->lock);
    for (s = t->first; s && (s->chan != c || s->leaving); s = s->next)
        continue;
    if (s) {
        mark_leaving(t, s);
        leat_chan_base_close(s->gone);
    }
    leat_mutex_unlock(&t->lock);
    if (s && leat_semaphore_try_acquire(&t->turn, 1))
        turn_over(t);
    leat_chan_base_unref(c);
}

int64_t leat__topic_subscribers(struct leat__topic *t)
{
    int64_t n = 0;

    leat_lock_guard(&t->lock);
    for (const struct subscription *s = t->first; s; s = s->next)
        n += !s->leaving;
    return n;
}

/* ---- publishers ---- */

static void disconnect(struct leat__topic *t, struct subscription *s)
{
    leat_lock_guard(&t->lock);
    mark_leaving(t, s);
}

/* Wait for room, unless the subscriber leaves or the context is over: then the error. */
static int deliver_waiting(leat_ctx *ctx, struct subscription *s, const void *value)
{
    leat_case cases[3] = {
        {.kind = LEAT_CASE_SEND, .chan = s->chan, .elem = (void *)(uintptr_t)value},
        {.kind = LEAT_CASE_RECV, .chan = s->gone},
        leat_case_done(ctx),
    };

    return leat_select_n(cases, 3) == 2 ? leat_ctx_err(ctx) : 0;
}

static int deliver(leat_ctx *ctx, struct leat__topic *t, struct subscription *s,
                   const void *value)
{
    if (leat_chan_base_try_send(s->chan, value))
        return 0;
    switch (s->slow) {
    case LEAT_SLOW_BLOCK:
        return deliver_waiting(ctx, s, value);
    case LEAT_SLOW_DROP_OLD:
        do {
            leat_chan_base_try_recv(s->chan, NULL, NULL);
        } while (leat_chan_base_cap(s->chan) > 0 && !leat_chan_base_try_send(s->chan, value));
        return 0;
    case LEAT_SLOW_DISCONNECT:
        disconnect(t, s);
        return 0;
    case LEAT_SLOW_DROP_NEW:
    default:
        return 0;
    }
}

/* The next on the list that is not leaving; NULL before the first, and after the last. */
static struct subscription *subscription_after(struct leat__topic *t, struct subscription *s)
{
    leat_lock_guard(&t->lock);
    s = s ? s->next : t->first;
    while (s && s->leaving)
        s = s->next;
    return s;
}

int leat__publish(leat_ctx *ctx, struct leat__topic *t, const void *value)
{
    struct limit limit = limit_ctx(ctx);
    int err = semaphore_acquire(&t->turn, 1, &limit);

    if (err)
        return err;
    if (t->closed)
        err = -EPIPE;
    for (struct subscription *s = NULL; !err && (s = subscription_after(t, s));)
        err = deliver(ctx, t, s, value);
    turn_over(t);
    return err;
}

/* ---- the end ---- */

void leat__topic_close(struct leat__topic *t)
{
    leat_semaphore_acquire(&t->turn, 1);
    leat_mutex_lock(&t->lock);
    t->closed = true;
    for (struct subscription *s = t->first; s; s = s->next)
        mark_leaving(t, s);
    leat_mutex_unlock(&t->lock);
    turn_over(t);
}

void leat__topic_free(struct leat__topic *t)
{
    if (!t)
        return;
    leat__topic_close(t);
    leat__free(t);
}
