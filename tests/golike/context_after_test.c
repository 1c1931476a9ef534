/* SPDX-License-Identifier: MIT */
/* context_after_test.c - functions that are called when a context is over. */
#include "golike.h"

static void after_note(atomic_int *n)
{
    golike_note(n);
}

T_TEST(a_function_is_called_after_a_cancel_and_once)
{
    static atomic_int n;
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_ctx_after token = leat_ctx_after_func(ctx, after_note, &n);

    golike_turns();
    T_EQ(atomic_load(&n), 0);
    leat_ctx_cancel(ctx);
    golike_await(&n, 1);
    T_FALSE(leat_ctx_after_stop(token));
    leat_ctx_cancel(ctx);
    leat_ctx_free(ctx);
    golike_turns();
    T_EQ(atomic_load(&n), 1);
}

T_TEST(a_function_is_called_after_a_timeout)
{
    static atomic_int n;
    leat_ctx *ctx = leat_ctx_with_timeout(NULL, 3 * LEAT_MILLISECOND);

    leat_ctx_after_func(ctx, after_note, &n);
    golike_await(&n, 1);
    T_EQ(leat_ctx_err(ctx), -ETIMEDOUT);
    leat_ctx_free(ctx);
}

T_TEST(a_function_is_called_at_once_when_it_is_over_already)
{
    static atomic_int n;
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);

    leat_ctx_cancel(ctx);
    leat_ctx_after token = leat_ctx_after_func(ctx, after_note, &n);
    golike_await(&n, 1);
    T_FALSE(leat_ctx_after_stop(token));
    leat_ctx_free(ctx);
}

static void after_stopped(atomic_int *n)
{
    (void)n;
    T_FAIL("a function that was stopped is called");
}

T_TEST(a_function_is_not_called_after_stop)
{
    static atomic_int n;
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_ctx_after first = leat_ctx_after_func(ctx, after_stopped, &n);
    leat_ctx_after second = leat_ctx_after_func(ctx, after_note, &n);

    T_TRUE(leat_ctx_after_stop(first));
    T_FALSE(leat_ctx_after_stop(first));
    leat_ctx_after third = leat_ctx_after_func(ctx, after_note, &n); /* its record anew */
    T_FALSE(leat_ctx_after_stop(first));
    leat_ctx_cancel(ctx);
    golike_await(&n, 2);
    T_FALSE(leat_ctx_after_stop(first));
    T_FALSE(leat_ctx_after_stop(second));
    T_FALSE(leat_ctx_after_stop(third));
    leat_ctx_free(ctx);
    golike_turns();
}

static void after_waits(leat_int_chan gate, atomic_int *n)
{
    leat_recv(gate, NULL);
    golike_note(n);
}

T_TEST(a_cancel_does_not_wait_for_the_function)
{
    static atomic_int n;
    leat_int_chan gate = leat_chan_make(leat_int_chan, 0);
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);

    leat_ctx_after_func(ctx, after_waits, gate, &n);
    leat_ctx_cancel(ctx);
    T_EQ(atomic_load(&n), 0);
    leat_send(gate, 1);
    golike_await(&n, 1);
    golike_alone();
    leat_ctx_free(ctx);
    leat_chan_free(gate);
}

T_TEST(what_is_never_over_calls_nobody_and_can_be_stopped)
{
    static const char key;
    static atomic_int n;
    leat_ctx *parent = leat_ctx_with_cancel(NULL);
    leat_ctx *value = leat_ctx_with_value(parent, &key, NULL);
    leat_ctx *without = leat_ctx_without_cancel(value);
    leat_ctx_after token = leat_ctx_after_func(without, after_stopped, &n);
    leat_ctx_after none = leat_ctx_after_func(NULL, after_stopped, &n);

    leat_ctx_after_func(value, after_note, &n); /* over when its parent is */
    leat_ctx_cancel(parent);
    golike_await(&n, 1);
    T_TRUE(leat_ctx_after_stop(token));
    T_TRUE(leat_ctx_after_stop(none));
    leat_ctx_free(parent);
    leat_ctx_free(value);
    leat_ctx_free(without);
    golike_turns();
}

/* Two trees joined by hand, as Go's tests join contexts of their own making. */
T_TEST(a_function_may_carry_the_end_over_to_another_tree)
{
    leat_ctx *here = leat_ctx_with_timeout(NULL, LEAT_HOUR),
             *there = leat_ctx_with_cancel(NULL);
    leat_ctx *below = leat_ctx_with_timeout(there, LEAT_HOUR);
    static atomic_int n;

    leat_ctx_after_func(here, leat_ctx_cancel_cause, there, -EIO, (const char *)"carried");
    leat_ctx_after_func(below, after_note, &n);
    leat_ctx_cancel(here);
    leat_recv(leat_ctx_done(below), NULL);
    T_EQ(leat_ctx_cause(below), -EIO);
    T_STREQ(leat_ctx_cause_text(below), "carried");
    golike_await(&n, 1);
    golike_alone();
    leat_ctx_free(here);
    leat_ctx_free(there);
    leat_ctx_free(below);
}

T_TEST(a_function_taken_back_carries_nothing_over)
{
    leat_ctx *here = leat_ctx_with_cancel(NULL), *there = leat_ctx_with_cancel(NULL);
    leat_ctx_after link = leat_ctx_after_func(here, leat_ctx_cancel, there);

    T_TRUE(leat_ctx_after_stop(link));
    leat_ctx_cancel(here);
    golike_turns();
    T_EQ(leat_ctx_err(there), 0);
    leat_ctx_free(here);
    leat_ctx_free(there);
}

T_TEST(a_function_keeps_its_context_alive_below_the_parent)
{
    static atomic_int n;
    leat_ctx *parent = leat_ctx_with_cancel(NULL);
    leat_ctx *child = leat_ctx_with_timeout(parent, LEAT_HOUR);
    leat_ctx *grandchild = leat_ctx_with_cancel(child);

    leat_ctx_after_func(grandchild, after_note, &n);
    leat_ctx_after_func(child, after_note, &n);
    leat_ctx_unref(grandchild); /* not cancelled: who waits for it is still told */
    leat_ctx_unref(child);
    golike_turns();
    T_EQ(atomic_load(&n), 0);
    leat_ctx_free(parent);
    golike_await(&n, 2);
}

static void after_stops(leat_ctx_after token, atomic_int *stopped)
{
    if (leat_ctx_after_stop(token))
        golike_note(stopped);
}

T_TEST(a_function_is_either_called_or_stopped)
{
    enum { FUNCTIONS = 8 };

    for (long round = t_scale(300); round > 0; round--) {
        static atomic_int called, stopped;
        leat_ctx *parent = leat_ctx_with_cancel(NULL), *ctx = leat_ctx_with_cancel(parent);
        leat_waitgroup wg = {0};
        atomic_store(&called, 0);
        atomic_store(&stopped, 0);
        for (int i = 0; i < FUNCTIONS; i++) {
            leat_ctx_after token = leat_ctx_after_func(ctx, after_note, &called);
            leat_waitgroup_go(&wg, after_stops, token, &stopped);
            leat_waitgroup_go(&wg, after_stops, token, &stopped);
        }
        if (round % 2)
            leat_yield();
        leat_ctx_free(ctx);
        leat_ctx_free(parent);
        leat_waitgroup_wait(&wg);
        golike_await(&called, FUNCTIONS - atomic_load(&stopped));
        golike_alone();
        T_EQ(atomic_load(&called) + atomic_load(&stopped), FUNCTIONS);
    }
}

T_TEST(a_function_of_null_is_fatal, .procs = {1}, GOLIKE_FATAL("go of nil func value"))
{
    void (*volatile none)(void) = NULL;

    leat_ctx_after_func(NULL, none);
}
