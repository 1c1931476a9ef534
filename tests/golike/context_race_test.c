/* SPDX-License-Identifier: MIT */
/* context_race_test.c - contexts: cancels that meet, layers, what is seen when. */
#include "golike.h"

#include <pthread.h>
#include <stdlib.h>

static bool race_done_now(leat_ctx *ctx)
{
    bool open = true;

    leat_try_recv_ok(leat_ctx_done(ctx), NULL, &open);
    return !open;
}

static void cancels(leat_ctx *ctx, leat_waitgroup *wg)
{
    leat_ctx_cancel(ctx);
    leat_waitgroup_done(wg);
}

static void awaits(leat_ctx *ctx, leat_waitgroup *wg)
{
    leat_recv(leat_ctx_done(ctx), NULL);
    T_EQ(leat_ctx_err(ctx), -ECANCELED);
    leat_waitgroup_done(wg);
}

T_TEST(cancels_of_a_whole_tree_at_once_end_all_of_it)
{
    enum { NODES = 99 };

    for (long round = t_scale(30); round > 0; round--) {
        leat_ctx *root = leat_ctx_with_cancel(NULL), *node[NODES];
        leat_waitgroup wg = {0};
        for (int i = 0; i < NODES; i++)
            node[i] = leat_ctx_with_cancel(i < 3 ? root : node[i / 3 - 1]);
        leat_waitgroup_add(&wg, 2 * NODES);
        for (int i = 0; i < NODES; i++)
            leat_go(cancels, node[i], &wg);
        for (int i = 0; i < NODES; i++)
            leat_go(awaits, node[i], &wg);
        leat_waitgroup_wait(&wg);
        T_EQ(leat_ctx_err(root), 0);
        for (int i = 0; i < NODES; i++)
            leat_ctx_free(node[i]);
        leat_ctx_free(root);
    }
}

T_TEST(parent_and_child_may_cancel_each_other)
{
    for (long round = t_scale(500); round > 0; round--) {
        leat_ctx *parent = leat_ctx_with_cancel(NULL), *child = leat_ctx_with_cancel(parent);
        leat_waitgroup wg = {0};
        leat_waitgroup_add(&wg, 4);
        leat_go(awaits, child, &wg);
        leat_go(cancels, parent, &wg);
        leat_go(cancels, child, &wg);
        leat_go(awaits, parent, &wg);
        leat_waitgroup_wait(&wg);
        leat_ctx_free(round % 2 ? parent : child);
        leat_ctx_free(round % 2 ? child : parent);
    }
}

/* ---- layers ---- */

enum { LAYERS = 100 };

struct layers {
    leat_ctx *at[LAYERS];
    const char *key[LAYERS]; /* NULL: this layer adds no value */
    int first_cancel, last_cancel;
};

static char layer_keys[LAYERS];

static void layers_make(struct layers *l, leat_duration timeout)
{
    leat_ctx *top = NULL;

    *l = (struct layers){.first_cancel = -1};
    for (int i = 0; i < LAYERS; i++) {
        switch (t_rand() % 3) {
        case 0:
            l->key[i] = &layer_keys[i];
            l->at[i] = leat_ctx_with_value(top, l->key[i], &layer_keys[i]);
            break;
        case 1:
            l->at[i] = leat_ctx_with_cancel(top);
            break;
        default:
            l->at[i] = leat_ctx_with_timeout(top, timeout);
        }
        if (!l->key[i])
            l->last_cancel = i;
        if (!l->key[i] && l->first_cancel < 0)
            l->first_cancel = i;
        top = l->at[i];
    }
}

static void layers_carry_their_values(const struct layers *l)
{
    for (int i = 0; i < LAYERS; i++)
        for (int k = 0; k < LAYERS; k++)
            T_TRUE(leat_ctx_value(l->at[i], &layer_keys[k]) ==
                   (k <= i && l->key[k] ? &layer_keys[k] : NULL));
}

static void layers_free(const struct layers *l)
{
    for (int n = 0, i = (int)(t_rand() % LAYERS); n < LAYERS; n++, i = (i + 37) % LAYERS)
        leat_ctx_free(l->at[i]);
}

T_TEST(a_hundred_layers_end_from_any_of_them_downwards)
{
    for (long round = t_scale(20); round > 0; round--) {
        struct layers l;
        layers_make(&l, LEAT_HOUR);
        layers_carry_their_values(&l);
        for (int i = 0; i < LAYERS; i++)
            T_FALSE(race_done_now(l.at[i]));
        int at = (int)(t_rand() % LAYERS);
        while (l.key[at])
            at = (at + 1) % LAYERS;
        leat_ctx_cancel(l.at[at]);
        for (int i = 0; i < LAYERS; i++) {
            T_EQ(leat_ctx_err(l.at[i]), i >= at ? -ECANCELED : 0);
            T_EQ(race_done_now(l.at[i]), i >= at);
        }
        layers_carry_their_values(&l);
        layers_free(&l);
    }
}

T_TEST(a_hundred_layers_end_by_time)
{
    for (long round = t_scale(5); round > 0; round--) {
        struct layers l;
        leat_ctx *limit = leat_ctx_with_timeout(NULL, LEAT_MILLISECOND);
        layers_make(&l, LEAT_MILLISECOND * (int64_t)(1 + t_rand() % 5));
        leat_ctx *bottom = leat_ctx_with_timeout(l.at[LAYERS - 1], LEAT_MILLISECOND);
        leat_recv(leat_ctx_done(bottom), NULL);
        leat_recv(leat_ctx_done(limit), NULL);
        T_EQ(leat_ctx_err(bottom), -ETIMEDOUT);
        layers_carry_their_values(&l);
        layers_free(&l);
        leat_ctx_free(bottom);
        leat_ctx_free(limit);
    }
}

/* ---- what is seen when ---- */

static void cancels_from_above(leat_ctx *parent)
{
    leat_ctx_cancel_cause(parent, -EIO, "above");
}

T_TEST(a_child_made_while_its_parent_is_cancelled_is_over_with_the_cause)
{
    for (long round = t_scale(1000); round > 0; round--) {
        leat_ctx *parent = leat_ctx_with_cancel(NULL);
        leat_waitgroup wg = {0};
        leat_waitgroup_go(&wg, cancels_from_above, parent);
        if (round % 2)
            leat_yield();
        leat_ctx *child = round % 3 ? leat_ctx_with_cancel(parent)
                                    : leat_ctx_with_timeout(parent, LEAT_HOUR);
        leat_recv(leat_ctx_done(child), NULL);
        T_EQ(leat_ctx_cause(child), -EIO);
        T_EQ(leat_ctx_err(child), -ECANCELED);
        leat_waitgroup_wait(&wg);
        leat_ctx_free(parent);
        leat_ctx_free(child);
    }
}

static void polls_err_then_done(leat_ctx *ctx)
{
    while (leat_ctx_err(ctx) == 0)
        leat_yield();
    T_TRUE(race_done_now(ctx)); /* at once */
    leat_ctx_unref(ctx);
}

static void polls_done_then_err(leat_ctx *ctx)
{
    while (!race_done_now(ctx))
        leat_yield();
    T_NE(leat_ctx_err(ctx), 0);
    T_TRUE(leat_ctx_cause_text(ctx) != NULL);
    leat_ctx_unref(ctx);
}

T_TEST(err_and_done_are_seen_together)
{
    for (long round = t_scale(300); round > 0; round--) {
        leat_ctx *ctx = leat_ctx_with_cancel(NULL), *child = leat_ctx_with_cancel(ctx);
        leat_waitgroup wg = {0};
        for (int i = 0; i < 3; i++) {
            leat_waitgroup_go(&wg, polls_err_then_done, leat_ctx_ref(i ? child : ctx));
            leat_waitgroup_go(&wg, polls_done_then_err, leat_ctx_ref(i ? child : ctx));
        }
        if (round % 2)
            leat_ctx_done(ctx);
        leat_yield();
        leat_ctx_cancel(ctx);
        leat_waitgroup_wait(&wg);
        leat_ctx_free(ctx);
        leat_ctx_free(child);
    }
}

/* ---- select ---- */

static void *selects_until_over(void *ctx)
{
    leat_int_chan never = leat_chan_make(leat_int_chan, 0);
    int v;

    T_EQ(leat_select(leat_case_recv(never, &v), leat_case_done(ctx), leat_case_done(NULL)), 1);
    T_EQ(leat_ctx_err(ctx), -ECANCELED);
    leat_chan_free(never);
    return NULL;
}

T_TEST(a_select_ends_with_its_context_on_goroutines_and_threads)
{
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_waitgroup wg = {0};
    pthread_t thread;

    T_EQ(leat_select(leat_case_done(ctx), leat_case_done(NULL), leat_case_default), 2);
    for (int i = 0; i < 10; i++)
        leat_waitgroup_go(&wg, selects_until_over, ctx);
    T_EQ(pthread_create(&thread, NULL, selects_until_over, ctx), 0);
    golike_turns();
    leat_ctx_cancel(ctx);
    leat_waitgroup_wait(&wg);
    T_EQ(pthread_join(thread, NULL), 0);
    T_EQ(leat_select(leat_case_done(ctx), leat_case_default), 0);
    leat_ctx_free(ctx);
}

/* ---- life ---- */

static void frees(leat_ctx *ctx)
{
    leat_ctx_free(ctx);
}

T_TEST(a_tree_is_freed_in_any_order_by_anybody)
{
    enum { NODES = 40 };

    for (long round = t_scale(100); round > 0; round--) {
        leat_ctx *node[NODES];
        leat_waitgroup wg = {0};
        for (int i = 0; i < NODES; i++) {
            leat_ctx *parent = i ? node[t_rand() % (uint64_t)i] : NULL;
            node[i] = i % 3 == 0   ? leat_ctx_with_cancel(parent)
                      : i % 3 == 1 ? leat_ctx_with_timeout(parent, LEAT_HOUR)
                                   : leat_ctx_with_value(parent, layer_keys, node);
        }
        for (int n = 0, i = (int)(t_rand() % NODES); n < NODES; n++, i = (i + 7) % NODES) {
            if (t_rand() % 2)
                leat_waitgroup_go(&wg, frees, node[i]);
            else
                leat_ctx_free(node[i]);
        }
        leat_waitgroup_wait(&wg);
    }
}

T_TEST(a_chain_of_a_hundred_thousand_is_cancelled_and_freed)
{
    int n = (int)t_scale(100000);
    leat_ctx **chain = calloc((size_t)n, sizeof(leat_ctx *));

    T_TRUE(chain);
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < n; i++)
            chain[i] = leat_ctx_with_cancel(i ? chain[i - 1] : NULL);
        leat_ctx_cancel(chain[0]);
        T_EQ(leat_ctx_err(chain[n - 1]), -ECANCELED);
        for (int i = 0; i < n; i++)
            leat_ctx_free(chain[turn ? i : n - 1 - i]);
    }
    free(chain);
}

static leat_ctx *scope_parent;

static void exits_inside_a_scope(void)
{
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(scope_parent));
    leat_ctx_after_func(ctx, leat_ctx_cancel, scope_parent);
    leat_exit();
}

T_TEST(a_scope_frees_its_context_at_its_end_and_at_exit)
{
    leat_ctx *kept;

    {
        leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, LEAT_HOUR));
        kept = leat_ctx_ref(ctx);
        T_EQ(leat_ctx_err(kept), 0);
    }
    T_EQ(leat_ctx_err(kept), -ECANCELED);
    leat_ctx_unref(kept);
    scope_parent = leat_ctx_with_cancel(NULL);
    leat_go(exits_inside_a_scope);
    leat_recv(leat_ctx_done(scope_parent), NULL);
    golike_alone();
    leat_ctx_free(scope_parent);
}

T_TEST(waiting_on_a_context_needs_no_goroutine)
{
    leat_ctx *ctx[50];

    for (int i = 0; i < 50; i++) {
        ctx[i] = leat_ctx_with_timeout(i ? ctx[i - 1] : NULL, LEAT_HOUR);
        leat_ctx_after_func(ctx[i], leat_yield);
        leat_ctx_done(ctx[i]);
    }
    T_EQ(leat_num_goroutine(), 1);
    for (int i = 0; i < 50; i++)
        leat_ctx_free(ctx[i]);
    golike_alone();
}
