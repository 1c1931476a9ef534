/* SPDX-License-Identifier: MIT */
/* race_context_test.c - MM25 both ways: what learning of a cancel orders, and what does not. */
#include "race_util.h"

/* ---- ordered: a report here is false, and fails the case ---- */

struct told {
    leat_ctx *ctx;
    int x;
};

static void tells(struct told *t)
{
    t->x = 1;
    leat_ctx_cancel_cause(t->ctx, -EIO, "told");
}

static void learns_by(struct told *t, int way)
{
    bool open = true;

    switch (way) {
    case 0:
        leat_recv(leat_ctx_done(t->ctx), NULL);
        break;
    case 1:
        leat_select(leat_case_done(t->ctx));
        break;
    case 2:
        while (leat_ctx_err(t->ctx) == 0)
            leat_yield();
        break;
    case 3:
        while (leat_ctx_cause(t->ctx) == 0)
            leat_yield();
        break;
    default:
        while (open) {
            leat_yield();
            leat_try_recv_ok(leat_ctx_done(t->ctx), NULL, &open);
        }
    }
}

static void called_when_over(struct told *t, leat_done_chan done)
{
    T_EQ(t->x++, 1);
    leat_close(done);
}

T_TEST(what_precedes_a_cancel_is_seen_by_who_learns_of_it)
{
    for (long round = t_scale(200); round > 0; round--) {
        leat_ctx *root = leat_ctx_with_cancel(NULL);
        struct told t = {.ctx = round % 2 ? leat_ctx_with_cancel(root) : leat_ctx_ref(root)};
        leat_waitgroup wg = {0};
        leat_waitgroup_go(&wg, tells, &t);
        learns_by(&t, (int)(round % 5));
        T_EQ(t.x, 1);
        leat_waitgroup_wait(&wg);
        leat_ctx_free(t.ctx);
        leat_ctx_free(root);
    }
}

static void tells_from_above(leat_ctx *root, struct told *t)
{
    t->x = 1;
    leat_ctx_cancel(root);
}

T_TEST(what_precedes_a_cancel_is_seen_by_the_function_it_calls)
{
    for (long round = t_scale(200); round > 0; round--) {
        leat_ctx *root = leat_ctx_with_cancel(NULL);
        struct told t = {.ctx = leat_ctx_with_cancel(root)};
        leat_done_chan done = leat_chan_make(leat_done_chan, 0);
        leat_waitgroup wg = {0};
        leat_ctx_after_func(t.ctx, called_when_over, &t, done);
        leat_waitgroup_go(&wg, tells_from_above, root, &t);
        leat_recv(done, NULL);
        T_EQ(t.x, 2);
        leat_waitgroup_wait(&wg);
        leat_ctx_free(t.ctx);
        leat_ctx_free(root);
        leat_chan_free(done);
    }
}

T_TEST(what_precedes_the_last_unref_is_seen_by_who_frees)
{
    static int key, value;

    for (long round = t_scale(200); round > 0; round--) {
        leat_ctx *ctx = leat_ctx_with_value(NULL, &key, &value);
        leat_waitgroup wg = {0};
        leat_waitgroup_go(&wg, leat_ctx_unref, leat_ctx_ref(ctx));
        leat_ctx_unref(ctx);
        leat_waitgroup_wait(&wg);
    }
}

/* ---- not ordered: it must be reported ---- */

static void writes_after_cancel(leat_ctx *ctx, int *x, atomic_int *done)
{
    leat_ctx_cancel(ctx);
    race_write(x);
    race_note(done);
}

RACE_NOINLINE static void late_spawner(leat_ctx *ctx, int *x, atomic_int *done)
{
    leat_go(writes_after_cancel, ctx, x, done);
}

T_TEST(what_follows_a_cancel_is_not_before_its_news,
       RACE_REPORTED(late_spawner, writes_after_cancel))
{
    static int x;
    static atomic_int done;
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);

    late_spawner(ctx, &x, &done);
    leat_recv(leat_ctx_done(ctx), NULL);
    race_await(&done, 1);
    race_read(&x);
}

static void writes_beside_a_context(leat_ctx *ctx, int *x, atomic_int *done)
{
    race_write(x);
    leat_ctx_err(ctx);
    race_note(done);
}

RACE_NOINLINE static void beside_spawner(leat_ctx *ctx, int *x, atomic_int *done)
{
    leat_go(writes_beside_a_context, ctx, x, done);
}

T_TEST(a_look_at_a_context_that_is_not_over_is_no_order,
       RACE_REPORTED(beside_spawner, writes_beside_a_context))
{
    static int x;
    static atomic_int done;
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);

    beside_spawner(ctx, &x, &done);
    race_await(&done, 1);
    leat_ctx_err(ctx);
    race_read(&x);
}

static void cancels_too_late(leat_ctx *ctx, int *x, atomic_int *done)
{
    race_write(x);
    leat_ctx_cancel(ctx);
    race_note(done);
}

RACE_NOINLINE static void second_spawner(leat_ctx *ctx, int *x, atomic_int *done)
{
    leat_go(cancels_too_late, ctx, x, done);
}

T_TEST(a_cancel_that_comes_second_orders_nothing,
       RACE_REPORTED(second_spawner, cancels_too_late))
{
    static int x;
    static atomic_int done;
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);

    leat_ctx_cancel(ctx);
    second_spawner(ctx, &x, &done);
    race_await(&done, 1);
    leat_ctx_err(ctx);
    race_read(&x);
}
