/* SPDX-License-Identifier: MIT */
/*
 * cancel_test.c - storms of cancellation: thousands of goroutines wait in every way that ends with
 * a context, while trees of contexts are made, cancelled and freed around them. Afterwards no
 * value, no permit and no call is missing, and nobody waits any more.
 */
#include "storm.h"

#include <pthread.h>

/* ---- channels ---- */

static struct {
    atomic_long sent, received, sum_sent, sum_received, given_up;
} traffic;

/* Did the value go? In each of the ways that may end early. */
static bool storm_send(leat_ctx *ctx, leat_int_chan c, int v)
{
    int err = 0;

    switch (t_rand() % 3) {
    case 0:
        err = leat_select(leat_case_send(c, v), leat_case_done(ctx)) ? leat_ctx_err(ctx) : 0;
        break;
    case 1:
        err = leat_send_ctx(ctx, c, v);
        T_TRUE(err == 0 || err == leat_ctx_err(ctx));
        break;
    default:
        err = leat_send_until(c, v, storm_deadline());
        T_TRUE(err == 0 || err == -ETIMEDOUT);
    }
    return err == 0;
}

static bool storm_receive(leat_ctx *ctx, leat_int_chan c, int *v)
{
    int err = 0;

    switch (t_rand() % 3) {
    case 0:
        err = leat_select(leat_case_recv(c, v), leat_case_done(ctx)) ? leat_ctx_err(ctx) : 0;
        break;
    case 1:
        err = leat_recv_ctx(ctx, c, v);
        T_TRUE(err == 0 || err == leat_ctx_err(ctx));
        break;
    default:
        err = leat_recv_until(c, v, storm_deadline());
        T_TRUE(err == 0 || err == -ETIMEDOUT);
    }
    T_EQ(*v != 0, err == 0);
    return err == 0;
}

static void storm_sends(leat_int_chan c, long rounds)
{
    for (int i = 1; i <= rounds; i++) {
        leat_ctx *ctx = storm_ctx();
        if (storm_send(ctx, c, i)) {
            atomic_fetch_add(&traffic.sent, 1);
            atomic_fetch_add(&traffic.sum_sent, i);
        } else {
            atomic_fetch_add(&traffic.given_up, 1);
        }
        leat_ctx_free(ctx);
    }
}

static void storm_receives(leat_int_chan c, long rounds)
{
    for (long i = 0; i < rounds; i++) {
        leat_ctx *ctx = storm_ctx();
        int v = 0;
        if (storm_receive(ctx, c, &v)) {
            atomic_fetch_add(&traffic.received, 1);
            atomic_fetch_add(&traffic.sum_received, v);
        }
        leat_ctx_free(ctx);
        if (t_rand() % 4 == 0) /* let them wait */
            leat_sleep((int64_t)(t_rand() % 100) * LEAT_MICROSECOND);
    }
}

struct storm_thread {
    pthread_t thread;
    leat_int_chan c;
    long rounds;
};

static void *storm_thread(void *arg)
{
    struct storm_thread *t = arg;

    storm_receives(t->c, t->rounds);
    return NULL;
}

static void storm_over_channel(int64_t cap)
{
    enum { EACH = 50 };
    long rounds = t_scale(1000);
    leat_int_chan c = leat_chan_make(leat_int_chan, cap);
    leat_waitgroup storms = {0}, wg = {0};
    struct storm_thread thread = {.c = c, .rounds = rounds};
    int v;

    storm_begin(&storms, 0);
    T_EQ(pthread_create(&thread.thread, NULL, storm_thread, &thread), 0);
    for (int i = 0; i < EACH; i++) {
        leat_waitgroup_go(&wg, storm_sends, c, rounds);
        leat_waitgroup_go(&wg, storm_receives, c, rounds);
    }
    leat_waitgroup_wait(&wg);
    T_EQ(pthread_join(thread.thread, NULL), 0);
    storm_end(&storms);
    while (leat_try_recv(c, &v)) {
        atomic_fetch_add(&traffic.received, 1);
        atomic_fetch_add(&traffic.sum_received, v);
    }
    T_EQ(atomic_load(&traffic.received), atomic_load(&traffic.sent));
    T_EQ(atomic_load(&traffic.sum_received), atomic_load(&traffic.sum_sent));
    T_EQ(atomic_load(&traffic.sent) + atomic_load(&traffic.given_up), EACH * rounds);
    leat_chan_free(c);
}

T_TEST(no_value_is_lost_on_an_unbuffered_channel_in_a_storm, .timeout_ms = 120000)
{
    storm_over_channel(0);
}

T_TEST(no_value_is_lost_on_a_buffered_channel_in_a_storm, .timeout_ms = 120000)
{
    storm_over_channel(3);
}

/* ---- sleep ---- */

static atomic_long slept, woken_early;

static void storm_sleeps(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        leat_ctx *ctx = storm_ctx();
        leat_duration d = (int64_t)(t_rand() % 300) * LEAT_MICROSECOND;
        leat_duration until = leat_now() + d;
        int err = leat_sleep_ctx(ctx, d);
        if (err == 0)
            T_GE(leat_now(), until);
        else
            T_EQ(err, leat_ctx_err(ctx));
        atomic_fetch_add(err ? &woken_early : &slept, 1);
        leat_ctx_free(ctx);
    }
}

T_TEST(sleepers_sleep_to_the_end_or_say_why_not_in_a_storm, .timeout_ms = 120000)
{
    enum { EACH = 100 };
    long rounds = t_scale(100);
    leat_waitgroup storms = {0}, wg = {0};

    storm_begin(&storms, LEAT_MILLISECOND);
    for (int i = 0; i < EACH; i++)
        leat_waitgroup_go(&wg, storm_sleeps, rounds);
    leat_waitgroup_wait(&wg);
    storm_end(&storms);
    T_EQ(atomic_load(&slept) + atomic_load(&woken_early), EACH * rounds);
}

/* ---- functions ---- */

static atomic_long storm_calls;

static void storm_called(leat_ctx *ctx)
{
    T_NE(leat_ctx_err(ctx), 0);
    leat_ctx_unref(ctx);
    atomic_fetch_add(&storm_calls, 1);
}

static void storm_registers(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        leat_ctx *ctx = storm_ctx();
        leat_ctx_after token = leat_ctx_after_func(ctx, storm_called, leat_ctx_ref(ctx));
        if (t_rand() % 2)
            leat_yield();
        if (t_rand() % 2 && leat_ctx_after_stop(token)) {
            leat_ctx_unref(ctx);
            atomic_fetch_add(&storm_calls, 1);
        }
        leat_ctx_free(ctx);
    }
}

T_TEST(each_function_is_called_or_stopped_in_a_storm, .timeout_ms = 120000)
{
    enum { EACH = 50 };
    long rounds = t_scale(1000);
    leat_waitgroup storms = {0}, wg = {0};

    storm_begin(&storms, 0);
    for (int i = 0; i < EACH; i++)
        leat_waitgroup_go(&wg, storm_registers, rounds);
    leat_waitgroup_wait(&wg);
    storm_end(&storms);
    while (leat_num_goroutine() > 1)
        leat_yield();
    T_EQ(atomic_load(&storm_calls), EACH * rounds);
}

/* ---- a thousand who wait for one ---- */

static void storm_waits_for(leat_ctx *ctx)
{
    static const char key;
    leat_ctx *below = leat_ctx_with_value(ctx, &key, ctx);

    leat_ctx_unref(ctx);
    leat_recv(leat_ctx_done(below), NULL);
    T_EQ(leat_ctx_err(below), -ECANCELED);
    T_EQ(leat_ctx_cause(below), -EIO);
    leat_ctx_free(below);
}

T_TEST(thousands_who_wait_for_one_context_are_told, .timeout_ms = 120000)
{
    long n = t_scale(5000);

    for (int round = 0; round < 3; round++) {
        leat_ctx *ctx = leat_ctx_with_cancel(NULL);
        leat_waitgroup wg = {0};
        for (long i = 0; i < n; i++)
            leat_waitgroup_go(&wg, storm_waits_for, leat_ctx_ref(ctx));
        if (round)
            leat_yield();
        leat_ctx_cancel_cause(ctx, -EIO, NULL);
        leat_ctx_unref(ctx);
        leat_waitgroup_wait(&wg);
    }
}
