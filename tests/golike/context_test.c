/* SPDX-License-Identifier: MIT */
/* context_test.c - contexts: being over, deadlines, causes, values. */
#include "golike.h"

#include <stdlib.h>
#include <string.h>

/* Done and err change together; children that cannot be cancelled agree with their parent. */
static bool ctx_done_now(leat_ctx *ctx)
{
    bool open = true;

    leat_try_recv_ok(leat_ctx_done(ctx), NULL, &open);
    return !open;
}

static void ctx_is_on(leat_ctx *ctx)
{
    T_EQ(leat_ctx_err(ctx), 0);
    T_EQ(leat_ctx_cause(ctx), 0);
    T_STREQ(leat_ctx_cause_text(ctx), NULL);
    T_FALSE(ctx_done_now(ctx));
}

static void ctx_is_over(leat_ctx *ctx, int err)
{
    T_EQ(leat_ctx_err(ctx), err);
    T_TRUE(ctx_done_now(ctx));
    T_FALSE(leat_recv(leat_ctx_done(ctx), NULL));
    T_EQ(leat_ctx_err(ctx), err);
}

static void ctx_await(leat_ctx *ctx)
{
    leat_recv(leat_ctx_done(ctx), NULL);
}

/* ---- the roots ---- */

T_TEST(the_background_is_never_over_and_carries_nothing)
{
    static const char key;
    leat_ctx *const roots[] = {leat_ctx_background(), leat_ctx_todo(), NULL};
    leat_duration when = 42;

    for (int i = 0; i < 3; i++) {
        T_TRUE(leat_ctx_done(roots[i]) == NULL);
        ctx_is_on(roots[i]);
        T_FALSE(leat_ctx_deadline(roots[i], &when));
        T_EQ(when, 42);
        T_TRUE(leat_ctx_value(roots[i], &key) == NULL);
        leat_ctx_free(leat_ctx_ref(roots[i]));
    }
}

/* ---- cancelling ---- */

T_TEST(a_cancelled_context_and_what_wraps_it_are_over)
{
    static const char key;
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_ctx *wrapped = leat_ctx_with_value(ctx, &key, &ctx);

    T_TRUE(leat_ctx_done(ctx) != NULL);
    T_TRUE(leat_ctx_done(ctx) == leat_ctx_done(ctx));
    T_TRUE(leat_ctx_done(ctx) == leat_ctx_done(wrapped));
    ctx_is_on(ctx);
    ctx_is_on(wrapped);
    leat_ctx_cancel(ctx);
    ctx_is_over(ctx, -ECANCELED);
    ctx_is_over(wrapped, -ECANCELED);
    leat_ctx_cancel(ctx);
    ctx_is_over(ctx, -ECANCELED);
    leat_ctx_free(wrapped);
    leat_ctx_free(ctx);
}

static void ctx_note(atomic_int *n)
{
    golike_note(n);
}

T_TEST(a_parent_that_finishes_ends_children_of_every_kind)
{
    static const char key;
    static atomic_int called;
    leat_ctx *parent = leat_ctx_with_cancel(NULL);
    leat_ctx *child = leat_ctx_with_cancel(parent);
    leat_ctx *value = leat_ctx_with_value(parent, &key, &called);
    leat_ctx *below = leat_ctx_with_cancel(value);
    leat_ctx *timed = leat_ctx_with_timeout(value, LEAT_HOUR);
    leat_ctx *all[] = {parent, child, value, below, timed};

    leat_ctx_after_func(parent, ctx_note, &called);
    for (int i = 0; i < 5; i++)
        ctx_is_on(all[i]);
    leat_ctx_cancel(parent);
    for (int i = 0; i < 5; i++)
        ctx_is_over(all[i], -ECANCELED);
    golike_await(&called, 1);
    leat_ctx *late = leat_ctx_with_cancel(value);
    ctx_is_over(late, -ECANCELED); /* from birth */
    leat_ctx_free(late);
    for (int i = 0; i < 5; i++)
        leat_ctx_free(all[i]);
}

T_TEST(a_child_that_finishes_first_leaves_its_parent_alone)
{
    leat_ctx *parents[] = {NULL, leat_ctx_with_cancel(NULL)};

    for (int i = 0; i < 2; i++) {
        leat_ctx *child = leat_ctx_with_cancel(parents[i]);
        leat_ctx_cancel(child);
        ctx_is_over(child, -ECANCELED);
        ctx_is_on(parents[i]);
        leat_ctx_free(child);
        ctx_is_on(parents[i]);
    }
    leat_ctx_free(parents[1]);
}

/* ---- deadlines ---- */

static void ctx_ends_in_time(leat_ctx *ctx)
{
    leat_duration when = 0;

    T_TRUE(leat_ctx_deadline(ctx, &when));
    T_TRUE(leat_ctx_deadline(ctx, NULL));
    ctx_await(ctx);
    T_GE(leat_now(), when);
    ctx_is_over(ctx, -ETIMEDOUT);
    T_EQ(leat_ctx_cause(ctx), -ETIMEDOUT);
    T_STREQ(leat_ctx_cause_text(ctx), "context deadline exceeded");
}

T_TEST(a_deadline_ends_a_context)
{
    leat_ctx *ctx = leat_ctx_with_deadline(NULL, leat_now() + 5 * LEAT_MILLISECOND);
    leat_ctx *inner = leat_ctx_with_deadline(ctx, leat_now() + LEAT_HOUR);
    leat_duration when, inner_when;

    T_TRUE(leat_ctx_deadline(ctx, &when) && leat_ctx_deadline(inner, &inner_when));
    T_EQ(inner_when, when); /* the earlier one holds */
    ctx_ends_in_time(ctx);
    ctx_is_over(inner, -ETIMEDOUT);
    leat_ctx_free(ctx);
    ctx_ends_in_time(inner);
    leat_ctx_free(inner);
}

T_TEST(a_deadline_that_has_passed_makes_a_context_that_is_over)
{
    const leat_duration past[] = {leat_now(), leat_now() - LEAT_SECOND, 0, -LEAT_HOUR};

    for (int i = 0; i < 4; i++) {
        leat_ctx *ctx = leat_ctx_with_deadline(NULL, past[i]);
        T_EQ(leat_ctx_err(ctx), -ETIMEDOUT);
        ctx_ends_in_time(ctx);
        leat_ctx_free(ctx);
    }
    const leat_duration spans[] = {0, -1, INT64_MIN};
    for (int i = 0; i < 3; i++) {
        leat_ctx *ctx = leat_ctx_with_timeout(NULL, spans[i]);
        T_EQ(leat_ctx_err(ctx), -ETIMEDOUT);
        leat_ctx_free(ctx);
    }
}

T_TEST(a_timeout_ends_a_context_through_what_wraps_it)
{
    static const char key;
    leat_ctx *ctx = leat_ctx_with_timeout(NULL, 5 * LEAT_MILLISECOND);
    leat_ctx *value = leat_ctx_with_value(ctx, &key, NULL);
    leat_ctx *inner = leat_ctx_with_timeout(value, LEAT_HOUR);

    ctx_ends_in_time(inner);
    ctx_is_over(value, -ETIMEDOUT);
    leat_ctx_free(ctx);
    leat_ctx_free(value);
    leat_ctx_free(inner);
}

T_TEST(a_timeout_that_is_cancelled_is_not_late)
{
    leat_ctx *outer = leat_ctx_with_timeout(NULL, LEAT_HOUR);
    leat_ctx *ctx = leat_ctx_with_timeout(outer, LEAT_MINUTE);

    leat_ctx_cancel(ctx);
    ctx_is_over(ctx, -ECANCELED);
    ctx_is_on(outer);
    leat_ctx_free(outer);
    leat_ctx_free(ctx);
    ctx = leat_ctx_with_timeout(NULL, LEAT_FOREVER);
    ctx_is_on(ctx);
    leat_ctx_free(ctx);
}

T_TEST(an_end_says_what_it_is_in_words)
{
    leat_ctx *cancelled = leat_ctx_with_cancel(NULL), *late = leat_ctx_with_timeout(NULL, 0);

    leat_ctx_cancel(cancelled);
    T_STREQ(leat_ctx_cause_text(cancelled), "context canceled");
    T_STREQ(leat_ctx_cause_text(late), "context deadline exceeded");
    T_EQ(leat_ctx_err(late), -ETIMEDOUT);
    T_STREQ(leat_strerror(leat_ctx_err(late)), "deadline exceeded");
    leat_ctx_free(cancelled);
    leat_ctx_free(late);
}

/* ---- values ---- */

T_TEST(the_nearest_value_of_a_key_is_found)
{
    static const char a, b, c;
    int one, two, three;
    leat_ctx *c1 = leat_ctx_with_value(NULL, &a, &one);
    leat_ctx *c2 = leat_ctx_with_value(c1, &b, &two);
    leat_ctx *c3 = leat_ctx_with_cancel(c2);
    leat_ctx *c4 = leat_ctx_with_value(c3, &a, &three);
    leat_ctx *c5 = leat_ctx_with_value(c4, &b, NULL);

    T_TRUE(leat_ctx_value(c1, &a) == &one && leat_ctx_value(c1, &b) == NULL);
    T_TRUE(leat_ctx_value(c3, &a) == &one && leat_ctx_value(c3, &b) == &two);
    T_TRUE(leat_ctx_value(c4, &a) == &three && leat_ctx_value(c4, &b) == &two);
    T_TRUE(leat_ctx_value(c5, &b) == NULL); /* hidden by no value */
    T_TRUE(leat_ctx_value(c5, &c) == NULL && leat_ctx_value(c5, NULL) == NULL);
    leat_ctx_free(c1);
    leat_ctx_free(c2);
    leat_ctx_free(c3);
    leat_ctx_free(c4);
    T_TRUE(leat_ctx_value(c5, &a) == &three); /* parents live as long as their children */
    leat_ctx_free(c5);
}

T_TEST(a_nil_key_panics, .procs = {1}, GOLIKE_PANICS("nil key"))
{
    leat_ctx_with_value(NULL, NULL, NULL);
}

T_TEST(the_background_cannot_be_cancelled, .procs = {1},
       GOLIKE_PANICS("leat_ctx_cancel: this context is over only when its parent is"))
{
    leat_ctx_cancel(NULL);
}

T_TEST(a_value_cannot_be_cancelled, .procs = {1},
       GOLIKE_PANICS("leat_ctx_cancel: this context is over only when its parent is"))
{
    static const char key;

    leat_ctx_cancel_cause(leat_ctx_with_value(NULL, &key, NULL), -EIO, NULL);
}

T_TEST(a_nil_parent_is_the_background)
{
    static const char key;
    leat_ctx *all[] = {leat_ctx_with_cancel(NULL), leat_ctx_with_timeout(NULL, LEAT_HOUR),
                       leat_ctx_with_value(NULL, &key, all), leat_ctx_without_cancel(NULL)};

    for (int i = 0; i < 4; i++) {
        ctx_is_on(all[i]);
        leat_ctx_free(all[i]);
    }
}

T_TEST(a_context_without_cancel_keeps_values_only)
{
    static const char key;
    leat_ctx *ctx = leat_ctx_with_timeout(NULL, LEAT_HOUR);
    leat_ctx *value = leat_ctx_with_value(ctx, &key, &ctx);
    leat_ctx *without = leat_ctx_without_cancel(value);
    leat_ctx *below = leat_ctx_with_cancel(without);

    leat_ctx_cancel_cause(ctx, -EIO, "gone");
    ctx_is_over(value, -ECANCELED);
    T_TRUE(leat_ctx_done(without) == NULL);
    T_FALSE(leat_ctx_deadline(without, NULL));
    ctx_is_on(without);
    ctx_is_on(below);
    T_TRUE(leat_ctx_value(below, &key) == &ctx);
    leat_ctx_free(ctx);
    leat_ctx_free(value);
    leat_ctx_free(without);
    T_TRUE(leat_ctx_value(below, &key) == &ctx);
    leat_ctx_free(below);
}

/* ---- causes ---- */

static const char *const parent_text = "parent cause", *const child_text = "child cause",
                         *const late_text = "too slow";

static void cause_is(leat_ctx *ctx, int err, int cause, const char *text)
{
    T_EQ(leat_ctx_err(ctx), err);
    T_EQ(leat_ctx_cause(ctx), cause);
    T_STREQ(leat_ctx_cause_text(ctx), text);
}

#define CANCELED_PLAIN -ECANCELED, -ECANCELED, "context canceled"
#define LATE_PLAIN     -ETIMEDOUT, -ETIMEDOUT, "context deadline exceeded"

enum cause_step { STOP, PARENT, PARENT_CAUSE, CHILD, CHILD_CAUSE, PARENT_NIL };

static void cause_step(enum cause_step step, leat_ctx *parent, leat_ctx *child)
{
    switch (step) {
    case PARENT:
        leat_ctx_cancel(parent);
        break;
    case PARENT_CAUSE:
        leat_ctx_cancel_cause(parent, -EIO, parent_text);
        break;
    case PARENT_NIL:
        leat_ctx_cancel_cause(parent, 0, NULL);
        break;
    case CHILD:
        leat_ctx_cancel(child);
        break;
    case CHILD_CAUSE:
        leat_ctx_cancel_cause(child, -ENOENT, child_text);
        break;
    case STOP:
        break;
    }
}

T_TEST(the_first_cancellation_above_or_here_fixes_the_cause)
{
    static const struct {
        enum cause_step steps[2];
        int parent_cause, child_cause;
        const char *parent_text, *child_text;
    } rows[] = {
        {{STOP}, 0, 0, NULL, NULL},
        {{PARENT}, -ECANCELED, -ECANCELED, "context canceled", "context canceled"},
        {{PARENT_NIL}, -ECANCELED, -ECANCELED, "context canceled", "context canceled"},
        {{PARENT_CAUSE}, -EIO, -EIO, "parent cause", "parent cause"},
        {{PARENT_CAUSE, PARENT}, -EIO, -EIO, "parent cause", "parent cause"},
        {{PARENT, PARENT_CAUSE},
         -ECANCELED,
         -ECANCELED,
         "context canceled",
         "context canceled"},
        {{CHILD}, 0, -ECANCELED, NULL, "context canceled"},
        {{CHILD_CAUSE}, 0, -ENOENT, NULL, "child cause"},
        {{CHILD_CAUSE, CHILD}, 0, -ENOENT, NULL, "child cause"},
        {{CHILD, CHILD_CAUSE}, 0, -ECANCELED, NULL, "context canceled"},
        {{CHILD_CAUSE, PARENT_CAUSE}, -EIO, -ENOENT, "parent cause", "child cause"},
        {{PARENT_CAUSE, CHILD_CAUSE}, -EIO, -EIO, "parent cause", "parent cause"},
        {{CHILD, PARENT_CAUSE}, -EIO, -ECANCELED, "parent cause", "context canceled"},
        {{PARENT_CAUSE, CHILD}, -EIO, -EIO, "parent cause", "parent cause"},
        {{PARENT, CHILD_CAUSE}, -ECANCELED, -ECANCELED, "context canceled", "context canceled"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        leat_ctx *parent = leat_ctx_with_cancel_cause(NULL);
        leat_ctx *child = leat_ctx_with_cancel_cause(parent);
        leat_ctx *timed = leat_ctx_with_timeout_cause(child, LEAT_HOUR, -EBUSY, late_text);
        for (int k = 0; k < 2; k++)
            cause_step(rows[i].steps[k], parent, child);
        cause_is(parent, rows[i].parent_cause ? -ECANCELED : 0, rows[i].parent_cause,
                 rows[i].parent_text);
        cause_is(child, rows[i].child_cause ? -ECANCELED : 0, rows[i].child_cause,
                 rows[i].child_text);
        cause_is(timed, rows[i].child_cause ? -ECANCELED : 0, rows[i].child_cause,
                 rows[i].child_text);
        leat_ctx_free(parent);
        leat_ctx_free(child);
        leat_ctx_free(timed);
    }
}

T_TEST(the_cause_of_a_deadline_is_told_by_cause_only)
{
    leat_duration soon = leat_now() + 3 * LEAT_MILLISECOND;
    leat_ctx *late = leat_ctx_with_deadline_cause(NULL, soon, -EBUSY, late_text);
    leat_ctx *past = leat_ctx_with_timeout_cause(NULL, 0, -EBUSY, late_text);
    leat_ctx *cut = leat_ctx_with_timeout_cause(NULL, LEAT_HOUR, -EBUSY, late_text);
    leat_ctx *parent_first = leat_ctx_with_timeout_cause(late, LEAT_HOUR, -EIO, "not this");
    leat_ctx *dflt = leat_ctx_with_timeout_cause(NULL, 0, 0, NULL);
    leat_ctx *below = leat_ctx_with_cancel(late);

    cause_is(past, -ETIMEDOUT, -EBUSY, late_text);
    ctx_await(late);
    cause_is(late, -ETIMEDOUT, -EBUSY, late_text);
    cause_is(below, -ETIMEDOUT, -EBUSY, late_text);
    cause_is(parent_first, -ETIMEDOUT, -EBUSY, late_text);
    leat_ctx_cancel(cut);
    cause_is(cut, CANCELED_PLAIN);
    cause_is(dflt, -ETIMEDOUT, -ETIMEDOUT, "deadline exceeded");
    leat_ctx_cancel_cause(past, -EIO, "no more");
    cause_is(past, -ETIMEDOUT, -EBUSY, late_text);
    leat_ctx *all[] = {late, past, cut, parent_first, dflt, below};
    for (int i = 0; i < 6; i++)
        leat_ctx_free(all[i]);
}

T_TEST(a_cancelled_timeout_says_the_cause_it_was_cancelled_with)
{
    leat_ctx *ctx = leat_ctx_with_timeout_cause(NULL, LEAT_HOUR, -EBUSY, late_text);
    leat_ctx *plain = leat_ctx_with_timeout(NULL, 0);

    leat_ctx_cancel_cause(ctx, -EIO, parent_text);
    cause_is(ctx, -ECANCELED, -EIO, parent_text);
    cause_is(plain, LATE_PLAIN);
    leat_ctx_free(ctx);
    leat_ctx_free(plain);
}

T_TEST(a_context_made_below_one_that_is_over_has_its_cause)
{
    leat_ctx *parent = leat_ctx_with_cancel_cause(NULL);

    leat_ctx_cancel_cause(parent, -EIO, parent_text);
    leat_ctx *child = leat_ctx_with_cancel_cause(parent);
    leat_ctx *timed = leat_ctx_with_timeout(child, LEAT_HOUR);
    leat_ctx_free(parent);
    cause_is(child, -ECANCELED, -EIO, parent_text);
    leat_ctx_free(child);
    cause_is(timed, -ECANCELED, -EIO, parent_text);
    leat_ctx_free(timed);
}

static void cancels_with_cause(leat_ctx *ctx, int n)
{
    char text[16] = {'#', (char)('0' + n)};

    leat_ctx_cancel_cause(ctx, -100 - n, text);
    T_LE(leat_ctx_cause(ctx), -100);
    leat_ctx_free(ctx);
}

T_TEST(of_many_causes_at_once_one_wins_and_stays)
{
    for (long round = t_scale(200); round > 0; round--) {
        leat_ctx *ctx = leat_ctx_with_cancel_cause(NULL);
        leat_waitgroup wg = {0};
        for (int i = 0; i < 8; i++)
            leat_waitgroup_go(&wg, cancels_with_cause, leat_ctx_ref(ctx), i);
        ctx_await(ctx);
        int cause = leat_ctx_cause(ctx);
        char text[2] = {'#', (char)('0' + (-100 - cause))};
        T_TRUE(memcmp(leat_ctx_cause_text(ctx), text, 2) == 0);
        leat_waitgroup_wait(&wg);
        T_EQ(leat_ctx_cause(ctx), cause);
        leat_ctx_free(ctx);
    }
}
