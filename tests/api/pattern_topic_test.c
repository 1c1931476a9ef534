/* SPDX-License-Identifier: MIT */
/* pattern_topic_test.c - topics: everybody gets all, in one order; the slow; leaving; the end. */
#include "t.h"

#include <leat.h>

#include <stdatomic.h>

typedef leat_topic(int) tp_topic;

struct tp_reader {
    leat_int_chan c;
    atomic_int n;
    int values[2000];
};

static void tp_read(struct tp_reader *r)
{
    leat_range(v, r->c) {
        int n = atomic_load(&r->n);
        r->values[n] = v;
        atomic_store(&r->n, n + 1);
    }
}

static void tp_publish_many(tp_topic t, int from, int n)
{
    for (int i = 0; i < n; i++)
        T_ERR(leat_publish(t, from + i), 0);
}

T_TEST(all_subscribers_get_all_values_in_one_order)
{
    enum { READERS = 5, PUBLISHERS = 3 };
    static struct tp_reader readers[READERS];
    const int n = (int)t_scale(300);
    tp_topic t = leat_topic_make(tp_topic);
    leat_waitgroup publishers = {0}, wg = {0};

    for (int i = 0; i < READERS; i++) {
        readers[i].c = leat_subscribe(t, leat_int_chan, i, LEAT_SLOW_BLOCK);
        leat_waitgroup_go(&wg, tp_read, &readers[i]);
    }
    T_EQ(leat_topic_subscribers(t), READERS);
    for (int i = 0; i < PUBLISHERS; i++)
        leat_waitgroup_go(&publishers, tp_publish_many, t, i * 10000, n);
    leat_waitgroup_wait(&publishers);
    leat_topic_close(t);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < READERS; i++) {
        T_EQ(atomic_load(&readers[i].n), PUBLISHERS * n);
        T_MEMEQ(readers[i].values, readers[0].values, sizeof(int) * PUBLISHERS * (size_t)n);
        leat_unsubscribe(t, readers[i].c);
    }
    T_ERR(leat_publish(t, 1), -EPIPE);
    leat_topic_free(t);
}

T_TEST(a_topic_without_subscribers_drops_what_is_published)
{
    tp_topic t = leat_topic_make(tp_topic);

    T_ERR(leat_publish(t, 1), 0);
    T_EQ(leat_topic_subscribers(t), 0);
    leat_topic_free(t);
    leat_topic_free((tp_topic)NULL);
}

/* What is left of 0 to 9 with room for 4. */
static int tp_survivors(enum leat_slow slow, int *values, bool *open)
{
    tp_topic t = leat_topic_make(tp_topic);
    leat_int_chan c = leat_subscribe(t, leat_int_chan, 4, slow);
    int n = 0;

    for (int i = 0; i < 10; i++)
        T_ERR(leat_publish(t, i), 0);
    while (leat_try_recv_ok(c, &values[n], open))
        n++;
    T_EQ(leat_topic_subscribers(t), *open);
    leat_unsubscribe(t, c);
    leat_topic_free(t);
    return n;
}

T_TEST(a_slow_subscriber_loses_what_it_said_it_would)
{
    int values[11];
    bool open;

    T_EQ(tp_survivors(LEAT_SLOW_DROP_NEW, values, &open), 4);
    for (int i = 0; i < 4; i++)
        T_EQ(values[i], i);
    T_TRUE(open);
    T_EQ(tp_survivors(LEAT_SLOW_DROP_OLD, values, &open), 4);
    for (int i = 0; i < 4; i++)
        T_EQ(values[i], 6 + i);
    T_TRUE(open);
    T_EQ(tp_survivors(LEAT_SLOW_DISCONNECT, values, &open), 4);
    for (int i = 0; i < 4; i++)
        T_EQ(values[i], i);
    T_FALSE(open);
}

static void tp_publish_ctx(leat_ctx *ctx, tp_topic t, int v, int want, atomic_int *done)
{
    T_ERR(leat_publish_ctx(ctx, t, v), want);
    atomic_fetch_add(done, 1);
}

T_TEST(a_publisher_waits_for_a_subscriber_that_blocks_until_it_leaves)
{
    tp_topic t = leat_topic_make(tp_topic);
    leat_int_chan slow = leat_subscribe(t, leat_int_chan, 0, LEAT_SLOW_BLOCK);
    leat_int_chan quick = leat_subscribe(t, leat_int_chan, 9, LEAT_SLOW_BLOCK);
    leat_waitgroup wg = {0};
    atomic_int done = 0;
    int v = 0;

    leat_waitgroup_go(&wg, tp_publish_ctx, (leat_ctx *)NULL, t, 1, 0, &done);
    for (int i = 0; i < 100; i++)
        leat_yield();
    T_EQ(atomic_load(&done), 0);
    T_TRUE(leat_recv(slow, &v));
    T_EQ(v, 1);
    leat_waitgroup_wait(&wg);
    leat_waitgroup_go(&wg, tp_publish_ctx, (leat_ctx *)NULL, t, 2, 0, &done);
    for (int i = 0; i < 100; i++)
        leat_yield();
    leat_unsubscribe(t, slow);
    leat_waitgroup_wait(&wg);
    T_EQ(leat_topic_subscribers(t), 1);
    T_EQ(leat_len(quick), 2);
    leat_unsubscribe(t, quick);
    leat_topic_free(t);
}

T_TEST(a_context_ends_a_publish_that_waits_for_a_subscriber_or_for_its_turn)
{
    tp_topic t = leat_topic_make(tp_topic);
    leat_int_chan c = leat_subscribe(t, leat_int_chan, 0, LEAT_SLOW_BLOCK);
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_waitgroup wg = {0};
    atomic_int done = 0;

    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&wg, tp_publish_ctx, ctx, t, i, -ECANCELED, &done);
    for (int i = 0; i < 100; i++)
        leat_yield();
    leat_ctx_cancel(ctx);
    leat_waitgroup_wait(&wg);
    leat_unsubscribe(t, c);
    leat_topic_free(t);
    leat_ctx_free(ctx);
}

T_TEST(a_subscriber_may_stay_longer_than_the_topic)
{
    tp_topic t = leat_topic_make(tp_topic);
    leat_int_chan c = leat_subscribe(t, leat_int_chan, 5, LEAT_SLOW_BLOCK);
    int v = 0;

    T_ERR(leat_publish(t, 8), 0);
    leat_topic_free(t);
    T_TRUE(leat_recv(c, &v));
    T_EQ(v, 8);
    T_FALSE(leat_recv(c, &v));
    leat_chan_unref(c);
}

T_TEST(who_subscribes_to_a_closed_topic_gets_a_closed_channel)
{
    tp_topic t = leat_topic_make(tp_topic);

    leat_topic_close(t);
    leat_int_chan c = leat_subscribe(t, leat_int_chan, 5, LEAT_SLOW_BLOCK);
    T_FALSE(leat_recv(c, NULL));
    leat_unsubscribe(t, c);
    leat_topic_free(t);
}

/* Coming and going while others publish: nobody hangs, nothing is left. */
static void tp_come_and_go(tp_topic t, long rounds, unsigned seed)
{
    for (long i = 0; i < rounds; i++) {
        leat_int_chan c = leat_subscribe(t, leat_int_chan, 1 + (seed + i) % 3,
                                         (enum leat_slow)((seed + i) % 4));
        int last = -1, v;
        for (long k = 0; k < (seed + i) % 5; k++) {
            if (leat_select(leat_case_recv(c, &v), leat_case_timeout(LEAT_MILLISECOND)) != 0)
                break;
            if (v == 0)
                break;
            T_GT(v, last);
            last = v;
        }
        leat_unsubscribe(t, c);
    }
}

static void tp_publish_until(tp_topic t, atomic_int *stop)
{
    for (int i = 1; !atomic_load(stop); i++)
        T_ERR(leat_publish(t, i), 0);
}

T_TEST(subscribers_come_and_go_while_values_are_published)
{
    tp_topic t = leat_topic_make(tp_topic);
    leat_waitgroup wg = {0}, publisher = {0};
    atomic_int stop = 0;

    leat_waitgroup_go(&publisher, tp_publish_until, t, &stop);
    for (unsigned i = 0; i < 6; i++)
        leat_waitgroup_go(&wg, tp_come_and_go, t, t_scale(200), i);
    leat_waitgroup_wait(&wg);
    atomic_store(&stop, 1);
    leat_waitgroup_wait(&publisher);
    T_EQ(leat_topic_subscribers(t), 0);
    leat_topic_free(t);
}
