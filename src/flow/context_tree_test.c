/* SPDX-License-Identifier: MIT */
/*
 * context_tree_test.c - who hangs below a context, and who holds it: what is over or gone leaves
 * nothing behind.
 */
#define _GNU_SOURCE 1
#include "flow/context.h"

#include <leat.h>
#include <stdatomic.h>

#include "t.h"

static int tree_watches(leat_ctx *ctx)
{
    int n = 0;

    for (const struct watch *w = ctx->source->watches; w; w = w->next)
        n++;
    return n;
}

static void tree_nothing(void)
{
}

T_TEST(what_is_over_leaves_its_parent)
{
    static const char key;
    leat_ctx *parent = leat_ctx_with_cancel(NULL);
    leat_ctx *value = leat_ctx_with_value(parent, &key, NULL);

    T_EQ(tree_watches(parent), 0); /* a value is none that is told */
    leat_ctx *child = leat_ctx_with_cancel(value);
    leat_ctx *timed = leat_ctx_with_timeout(value, LEAT_HOUR);
    leat_ctx *late = leat_ctx_with_timeout(parent, LEAT_MILLISECOND);
    leat_ctx_after token = leat_ctx_after_func(value, tree_nothing);
    T_EQ(tree_watches(parent), 4);
    leat_ctx_cancel(child);
    T_EQ(tree_watches(parent), 3);
    leat_ctx_free(timed);
    T_EQ(tree_watches(parent), 2);
    T_TRUE(leat_ctx_after_stop(token));
    T_EQ(tree_watches(parent), 1);
    leat_recv(leat_ctx_done(late), NULL);
    while (tree_watches(parent) > 0)
        leat_yield();                             /* the timer's function is on its way out */
    leat_ctx_unref(leat_ctx_with_cancel(parent)); /* never cancelled */
    T_EQ(tree_watches(parent), 0);
    leat_ctx_cancel(parent);
    leat_ctx *born_over = leat_ctx_with_timeout(parent, LEAT_HOUR);
    T_EQ(tree_watches(parent), 0);
    leat_ctx_free(born_over);
    leat_ctx_free(late);
    leat_ctx_free(child);
    leat_ctx_free(value);
    T_EQ(load_seq(&parent->refs), 1u);
    leat_ctx_free(parent);
}

T_TEST(references_are_held_by_children_functions_and_timers)
{
    leat_ctx *parent = leat_ctx_with_cancel(NULL);
    leat_ctx *timed = leat_ctx_with_timeout(parent, LEAT_HOUR);

    T_EQ(load_seq(&parent->refs), 2u);
    T_EQ(load_seq(&timed->refs), 2u);
    leat_ctx_after token = leat_ctx_after_func(timed, tree_nothing);
    leat_ctx_after_func(timed, tree_nothing);
    T_EQ(load_seq(&timed->refs), 4u);
    T_TRUE(leat_ctx_after_stop(token));
    T_EQ(load_seq(&timed->refs), 3u);
    leat_ctx_cancel(parent); /* takes the timer and the function from the child */
    T_EQ(load_seq(&timed->refs), 1u);
    leat_ctx_free(timed);
    T_EQ(load_seq(&parent->refs), 1u);
    leat_ctx_free(parent);
}

T_TEST(a_deadline_that_is_not_earlier_needs_no_timer)
{
    leat_ctx *outer = leat_ctx_with_timeout(NULL, LEAT_MINUTE);
    leat_ctx *inner = leat_ctx_with_timeout(outer, LEAT_HOUR);
    leat_ctx *none = leat_ctx_with_deadline(NULL, LEAT_FOREVER);

    T_EQ((int)outer->kind, (int)CTX_DEADLINE);
    T_EQ((int)inner->kind, (int)CTX_CANCEL);
    T_EQ((int)none->kind, (int)CTX_CANCEL);
    leat_ctx_free(inner);
    leat_ctx_free(outer);
    leat_ctx_free(none);
}

/* A timer that fires while its context is made, cancelled and freed. */
static void tree_one_timeout(leat_ctx *parent)
{
    leat_ctx *ctx = leat_ctx_with_timeout(parent, (int64_t)(t_rand() % 20000));

    if (t_rand() % 2)
        leat_ctx_after_func(ctx, tree_nothing);
    for (uint64_t n = t_rand() % 30; n > 0; n--)
        leat_yield();
    int err = leat_ctx_err(ctx);
    T_TRUE(err == 0 || err == -ETIMEDOUT || err == -ECANCELED);
    if (t_rand() % 2)
        leat_ctx_free(ctx);
    else
        leat_ctx_unref(ctx);
}

static void tree_timeouts(leat_ctx *parent, long rounds)
{
    for (long i = 0; i < rounds; i++)
        tree_one_timeout(parent);
}

T_TEST(timers_and_cancels_that_meet_leave_nothing)
{
    enum { GOROUTINES = 8 };

    for (int storm = 0; storm < 10; storm++) {
        leat_ctx *parent = leat_ctx_with_cancel(NULL);
        leat_waitgroup wg = {0};
        for (int i = 0; i < GOROUTINES; i++)
            leat_waitgroup_go(&wg, tree_timeouts, parent, t_scale(100));
        for (uint64_t n = t_rand() % 2000; n > 0; n--)
            leat_yield();
        leat_ctx_cancel(parent);
        leat_waitgroup_wait(&wg);
        while (load_seq(&parent->refs) > 1)
            leat_yield(); /* timers that are firing */
        T_EQ(tree_watches(parent), 0);
        leat_ctx_free(parent);
    }
    while (leat_num_goroutine() > 1)
        leat_yield();
}
