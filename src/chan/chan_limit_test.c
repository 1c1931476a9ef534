/* SPDX-License-Identifier: MIT */
/*
 * chan_limit_test.c - every order in which a partner, a close, a cancel and a deadline can meet
 * one who waits on a channel, and storms of all of them.
 *
 * A waiter that stands in the queue meets the events one by one: the first decides what its call
 * returns, and the later ones must find it gone, whether or not it has run meanwhile.
 */
#include "chan/chan.h"

#include <leat.h>
#include <pthread.h>
#include <stdatomic.h>

#include "park/limit.h"
#include "t.h"

/* What the waits see of a context: its first word. */
#define CLIMIT_CTX(c) ((leat_ctx *)(void *)&(struct cancel *){c})

enum climit_event { CLIMIT_PARTNER, CLIMIT_CLOSE, CLIMIT_CANCEL, CLIMIT_EVENTS };

struct climit_bed {
    leat_chan_base *c;
    struct cancel cancel;
    bool sends;
    int64_t value;     /* sent or received by the waiter */
    atomic_int result; /* CLIMIT_PENDING until it has returned */
};

enum { CLIMIT_PENDING = 1 };

static void climit_waiter(struct climit_bed *bed)
{
    leat_ctx *ctx = CLIMIT_CTX(&bed->cancel);
    int r = bed->sends ? leat_chan_base_send_ctx(ctx, bed->c, &bed->value)
                       : leat_chan_base_recv_ctx(ctx, bed->c, &bed->value);

    atomic_store(&bed->result, r);
}

static void *climit_thread(void *bed)
{
    climit_waiter(bed);
    return NULL;
}

/* The channel lets nobody through: unbuffered, or full for a sender, empty for a receiver. */
static void climit_begin(struct climit_bed *bed, bool sends, int64_t cap)
{
    int64_t filler = 100;

    *bed = (struct climit_bed){.c = leat_chan_base_make(sizeof(int64_t), cap), .sends = sends};
    bed->value = sends ? 42 : -1;
    bed->result = CLIMIT_PENDING;
    cancel_init(&bed->cancel, NULL, NULL);
    for (int64_t i = 0; sends && i < cap; i++)
        leat_chan_base_send(bed->c, &filler);
}

/* In the channel's queue, and after that on the context's list. */
static void climit_until_waiting(struct climit_bed *bed)
{
    while (!load_acquire(&bed->cancel.watches))
        leat_yield();
}

static int climit_end(struct climit_bed *bed)
{
    while (atomic_load(&bed->result) == CLIMIT_PENDING)
        leat_yield();
    T_TRUE(!bed->c->receivers.first && !bed->c->senders.first);
    T_STREQ(chan_check(bed->c), NULL);
    leat_chan_base_free(bed->c);
    return bed->result;
}

/* Did the partner meet the waiter? Its own operation never waits. */
static bool climit_partner(struct climit_bed *bed)
{
    int64_t seven = 7, got = -1;

    if (!bed->sends) {
        int r = leat_chan_base_try_send_status(bed->c, &seven);
        if (r == 0 && bed->c->cap > 0 && bed->c->count > 0) { /* into the buffer, not to it */
            T_TRUE(leat_chan_base_try_recv(bed->c, &got, NULL));
            return false;
        }
        return r == 0;
    }
    uint64_t before = bed->c->count;
    bool received = leat_chan_base_try_recv(bed->c, &got, NULL);
    if (bed->c->cap == 0)
        return received && got == 42;
    return received && bed->c->count == before; /* its value took the place of the first */
}

static void climit_happen(struct climit_bed *bed, enum climit_event e, bool first)
{
    switch (e) {
    case CLIMIT_PARTNER:
        T_EQ(climit_partner(bed), first);
        break;
    case CLIMIT_CLOSE:
        leat_chan_base_close(bed->c);
        break;
    case CLIMIT_CANCEL:
    default:
        T_TRUE(cancel_now(&bed->cancel, -ECANCELED, NULL));
        break;
    }
}

static void climit_expect(struct climit_bed *bed, enum climit_event first)
{
    static const int result[CLIMIT_EVENTS] = {0, -EPIPE, -ECANCELED};
    static const int64_t received[CLIMIT_EVENTS] = {7, 0, -1}; /* untouched when cancelled */
    bool sends = bed->sends;

    T_EQ(climit_end(bed), result[first]);
    T_EQ(bed->value, sends ? 42 : received[first]);
}

static void climit_orders(bool sends, int64_t cap, void (*start)(struct climit_bed *))
{
    for (int a = 0; a < CLIMIT_EVENTS; a++)
        for (int b = 0; b < CLIMIT_EVENTS; b++) {
            if (a == b)
                continue;
            struct climit_bed bed;
            climit_begin(&bed, sends, cap);
            start(&bed);
            climit_until_waiting(&bed);
            climit_happen(&bed, (enum climit_event)a, true);
            climit_happen(&bed, (enum climit_event)b, false);
            climit_happen(&bed, (enum climit_event)(CLIMIT_EVENTS - a - b), false);
            climit_expect(&bed, (enum climit_event)a);
        }
}

static void climit_start(struct climit_bed *bed)
{
    leat_go(climit_waiter, bed);
}

T_TEST(the_first_of_partner_close_and_cancel_decides)
{
    for (long i = t_scale(200); i > 0; i--)
        for (int64_t cap = 0; cap < 3; cap++) {
            climit_orders(false, cap, climit_start);
            climit_orders(true, cap, climit_start);
        }
}

/* The same for a thread that leat did not make: it blocks itself. */
static pthread_t climit_threads[CLIMIT_EVENTS * (CLIMIT_EVENTS - 1)];
static int climit_nthreads;

static void climit_start_thread(struct climit_bed *bed)
{
    T_EQ(pthread_create(&climit_threads[climit_nthreads++], NULL, climit_thread, bed), 0);
}

T_TEST(the_first_decides_for_a_foreign_thread_too)
{
    for (int64_t cap = 0; cap < 2; cap++)
        for (int sends = 0; sends < 2; sends++) {
            climit_nthreads = 0;
            climit_orders(sends, cap, climit_start_thread);
            for (int i = 0; i < climit_nthreads; i++)
                T_EQ(pthread_join(climit_threads[i], NULL), 0);
        }
}

/* ---- one that is over already ---- */

T_TEST(what_is_over_is_an_error_though_the_channel_is_ready)
{
    leat_chan_base *c = leat_chan_base_make(sizeof(int64_t), 2);
    struct cancel over;
    int64_t v = 1;

    cancel_init(&over, NULL, NULL);
    cancel_now(&over, -ETIMEDOUT, NULL);
    leat_chan_base_send(c, &v);
    v = 5;
    T_EQ(leat_chan_base_recv_ctx(CLIMIT_CTX(&over), c, &v), -ETIMEDOUT);
    T_EQ(leat_chan_base_recv_until(c, &v, leat_now()), -ETIMEDOUT);
    T_EQ(v, 5);
    T_EQ(leat_chan_base_send_ctx(CLIMIT_CTX(&over), c, &v), -ETIMEDOUT);
    T_EQ(leat_chan_base_send_until(c, &v, 0), -ETIMEDOUT);
    T_EQ(leat_chan_base_len(c), 1);
    leat_chan_base_close(c);
    T_EQ(leat_chan_base_send_ctx(CLIMIT_CTX(&over), c, &v), -ETIMEDOUT); /* no look at c */
    T_EQ(leat_chan_base_send_ctx(NULL, c, &v), -EPIPE);
    T_EQ(leat_chan_base_recv_ctx(NULL, c, &v), 0);
    T_EQ(leat_chan_base_recv_ctx(NULL, c, &v), -EPIPE);
    T_EQ(v, 0);
    leat_chan_base_free(c);
}

static void climit_cancels(struct cancel *c)
{
    cancel_now(c, -ECANCELED, NULL);
}

T_TEST(a_nil_channel_waits_for_the_limit_alone)
{
    struct cancel c;
    int64_t v = 3;

    cancel_init(&c, NULL, NULL);
    leat_go(climit_cancels, &c);
    T_EQ(leat_chan_base_recv_ctx(CLIMIT_CTX(&c), NULL, &v), -ECANCELED);
    T_EQ(leat_chan_base_send_until(NULL, &v, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    T_EQ(leat_chan_base_try_send_status(NULL, &v), -EAGAIN);
    T_EQ(v, 3);
    while (leat_num_goroutine() > 1)
        leat_yield();
}

/* ---- the queue without those who left ---- */

static void climit_takes(leat_chan_base *c, struct cancel *cancel, atomic_long *sum)
{
    int64_t v = 0;

    if (leat_chan_base_recv_ctx(CLIMIT_CTX(cancel), c, &v) == 0)
        atomic_fetch_add(sum, v);
}

T_TEST(who_leaves_a_queue_leaves_the_others_in_order)
{
    enum { N = 30 };
    leat_chan_base *c = leat_chan_base_make(sizeof(int64_t), 0);
    static struct cancel each[N];
    atomic_long sum = 0;
    int64_t want = 0;

    for (int i = 0; i < N; i++) {
        uint32_t v = c->version;
        cancel_init(&each[i], NULL, NULL);
        leat_go(climit_takes, c, &each[i], &sum);
        while (load_acquire(&c->version) == v)
            leat_yield();
    }
    for (int i = 0; i < N; i++)
        if (i % 3 != 1)
            T_TRUE(cancel_now(&each[i], -ECANCELED, NULL));
    for (int64_t i = 1; i <= N / 3; i++) {
        T_EQ(leat_chan_base_try_send_status(c, &i), 0);
        want += i;
    }
    T_EQ(leat_chan_base_try_send_status(c, &want), -EAGAIN); /* nobody is left */
    while (leat_num_goroutine() > 1)
        leat_yield();
    T_EQ(atomic_load(&sum), want);
    leat_chan_base_free(c);
}

/* ---- storms ---- */

struct climit_storm {
    leat_chan_base *c[3];
    struct cancel *cancel; /* the one in force; replaced when it has been used up */
    atomic_long sent, received, ended, errors;
    atomic_int over;
};

static void climit_storm_one(struct climit_storm *s, long rounds, struct cancel *mine)
{
    for (long i = 0; i < rounds; i++) {
        leat_chan_base *c = s->c[t_rand() % 3];
        int64_t v = (int64_t)(t_rand() % 1000), d = (int64_t)(t_rand() % 50) * 1000;
        int r;
        switch (t_rand() % 6) {
        case 0:
            r = leat_chan_base_send_ctx(CLIMIT_CTX(mine), c, &v);
            atomic_fetch_add(&s->sent, r == 0 ? v : 0);
            break;
        case 1:
            r = leat_chan_base_send_until(c, &v, leat_now() + d);
            atomic_fetch_add(&s->sent, r == 0 ? v : 0);
            break;
        case 2:
            r = leat_chan_base_recv_ctx(CLIMIT_CTX(mine), c, &v);
            atomic_fetch_add(&s->received, r == 0 ? v : 0);
            break;
        case 3:
            r = leat_chan_base_recv_until(c, &v, leat_now() + d);
            atomic_fetch_add(&s->received, r == 0 ? v : 0);
            break;
        case 4:
            r = leat_chan_base_try_send_status(c, &v);
            atomic_fetch_add(&s->sent, r == 0 ? v : 0);
            break;
        default: {
            leat_case cases[] = {{.kind = LEAT_CASE_RECV, .chan = c, .elem = &v},
                                 {.kind = LEAT_CASE_TIMEOUT, .timeout = d}};
            r = leat_select_n(cases, 2);
            atomic_fetch_add(&s->received, r == 0 ? v : 0);
            break;
        }
        }
        if (r == -ECANCELED)
            return;
        T_TRUE(r == 0 || r == 1 || r == -ETIMEDOUT || r == -EAGAIN);
    }
}

/* Generations of goroutines, each under a context of its own, which somebody cancels. */
static void climit_storm_line(struct climit_storm *s, long generations)
{
    for (long i = 0; i < generations; i++) {
        struct cancel mine;
        leat_waitgroup wg = {0};
        cancel_init(&mine, NULL, NULL);
        for (int k = 0; k < 8; k++)
            leat_waitgroup_go(&wg, climit_storm_one, s, (long)(1 + t_rand() % 20), &mine);
        for (uint64_t k = t_rand() % 8; k > 0; k--)
            leat_yield();
        leat_sleep((leat_duration)(t_rand() % 3) * 50 * LEAT_MICROSECOND);
        T_TRUE(cancel_now(&mine, -ECANCELED, NULL));
        leat_waitgroup_wait(&wg);
        cancel_detach(&mine);
    }
}

T_TEST(no_value_is_lost_or_doubled_by_cancels_and_deadlines, .timeout_ms = 60000)
{
    struct climit_storm s = {.over = 0};
    leat_waitgroup wg = {0};
    int64_t v;

    for (int i = 0; i < 3; i++)
        s.c[i] = leat_chan_base_make(sizeof(int64_t), i);
    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, climit_storm_line, &s, t_scale(100));
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < 3; i++) {
        while (leat_chan_base_try_recv(s.c[i], &v, NULL))
            s.received += v;
        T_TRUE(!s.c[i]->receivers.first && !s.c[i]->senders.first);
        T_STREQ(chan_check(s.c[i]), NULL);
        leat_chan_base_free(s.c[i]);
    }
    T_EQ(s.received, s.sent);
}

/* Each round, many wait on one channel, and it is closed while their context is cancelled. */
static void climit_ends(leat_chan_base *c, struct cancel *cancel, bool sends, atomic_int *n)
{
    int64_t v = 9;
    leat_ctx *ctx = CLIMIT_CTX(cancel);
    int r = sends ? leat_chan_base_send_ctx(ctx, c, &v) : leat_chan_base_recv_ctx(ctx, c, &v);

    T_TRUE(r == -EPIPE || r == -ECANCELED);
    if (!sends)
        T_EQ(v, r == -EPIPE ? 0 : 9);
    atomic_fetch_add(n, 1);
}

T_TEST(close_and_cancel_together_wake_everybody_once)
{
    enum { N = 16 };

    for (long round = t_scale(500); round > 0; round--) {
        leat_chan_base *c = leat_chan_base_make(sizeof(int64_t), 0);
        struct cancel cancel;
        leat_waitgroup wg = {0};
        atomic_int n = 0;
        bool sends = round % 2;
        cancel_init(&cancel, NULL, NULL);
        for (int i = 0; i < N; i++)
            leat_waitgroup_go(&wg, climit_ends, c, &cancel, sends, &n);
        for (uint64_t k = t_rand() % 4; k > 0; k--)
            leat_yield();
        leat_waitgroup_go(&wg, leat_chan_base_close, c);
        leat_waitgroup_go(&wg, climit_cancels, &cancel);
        leat_waitgroup_wait(&wg);
        T_EQ(n, N);
        leat_chan_base_free(c);
    }
}

/* ---- sleep ---- */

T_TEST(a_sleep_ends_with_its_context_or_in_full)
{
    struct cancel c;
    leat_duration before = leat_now();

    cancel_init(&c, NULL, NULL);
    T_EQ(leat_sleep_ctx(CLIMIT_CTX(&c), 2 * LEAT_MILLISECOND), 0);
    T_GE(leat_now() - before, 2 * LEAT_MILLISECOND);
    T_EQ(leat_sleep_ctx(NULL, LEAT_MILLISECOND), 0);
    T_EQ(leat_sleep_ctx(NULL, -1), 0);
    leat_go(climit_cancels, &c);
    T_EQ(leat_sleep_ctx(CLIMIT_CTX(&c), LEAT_FOREVER), -ECANCELED);
    T_EQ(leat_sleep_ctx(CLIMIT_CTX(&c), LEAT_FOREVER), -ECANCELED);
    T_EQ(leat_sleep_ctx(CLIMIT_CTX(&c), 0), -ECANCELED);
    cancel_init(&c, NULL, NULL);
    cancel_now(&c, -ETIMEDOUT, NULL);
    T_EQ(leat_sleep_ctx(CLIMIT_CTX(&c), LEAT_HOUR), -ETIMEDOUT);
    while (leat_num_goroutine() > 1)
        leat_yield();
}
