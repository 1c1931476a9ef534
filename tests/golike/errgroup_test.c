/* SPDX-License-Identifier: MIT */
/* errgroup_test.c - groups: the first error, the context, the limit. */
#include "golike.h"

#include <leat/context.h>
#include <leat/group.h>

static int eg_return(int result)
{
    return result;
}

/* TestZeroGroup */
T_TEST(a_zero_group_keeps_its_first_error_over_several_waits)
{
    static const struct {
        int results[3], n, want;
    } cases[] = {
        {{0}, 0, 0},
        {{0}, 1, 0},
        {{-EIO}, 1, -EIO},
        {{-EIO, 0}, 2, -EIO},
        {{-EIO, 0, -EPERM}, 3, -EIO},
        {{0, -EPERM, -EIO}, 3, -EPERM},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        leat_group g = {0};
        int first = 0;
        for (int k = 0; k < cases[i].n; k++) {
            leat_group_go(&g, eg_return, cases[i].results[k]);
            if (!first)
                first = cases[i].results[k];
            T_ERR(leat_group_wait(&g), first);
        }
        T_ERR(leat_group_wait(&g), cases[i].want);
    }
}

T_TEST(what_is_not_negative_is_no_error)
{
    leat_group g = {0};

    leat_group_go(&g, eg_return, 7);
    T_ERR(leat_group_wait(&g), 0);
}

/* TestWithContext */
T_TEST(the_context_of_a_group_is_over_after_its_wait)
{
    static const int results[][2] = {{0, 0}, {-EIO, 0}, {0, -EIO}, {-EIO, -EIO}};

    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        leat_group g = {0};
        leat_ctx *ctx = leat_group_with_ctx(&g, NULL);
        T_EQ(leat_group_ctx(&g), ctx);
        T_ERR(leat_ctx_err(ctx), 0);
        for (int k = 0; k < 2; k++)
            leat_group_go(&g, eg_return, results[i][k]);
        T_ERR(leat_group_wait(&g), results[i][0] ? results[i][0] : results[i][1]);
        T_ERR(leat_ctx_err(ctx), -ECANCELED);
        leat_recv(leat_ctx_done(ctx), NULL);
        leat_ctx_free(ctx);
    }
}

static int eg_until_cancelled(leat_ctx *ctx)
{
    leat_recv(leat_ctx_done(ctx), NULL);
    return leat_ctx_err(ctx);
}

/* TestCancelCause */
T_TEST(the_first_error_cancels_the_others_and_is_the_cause)
{
    leat_group g = {0};
    leat_ctx *ctx = leat_group_with_ctx(&g, NULL);

    for (int i = 0; i < 10; i++)
        leat_group_go(&g, eg_until_cancelled, ctx);
    leat_group_go(&g, eg_return, -EIO);
    T_ERR(leat_group_wait(&g), -EIO);
    T_ERR(leat_ctx_cause(ctx), -EIO);
    leat_ctx_free(ctx);
}

T_TEST(without_an_error_the_cause_is_that_it_was_cancelled)
{
    leat_group g = {0};
    leat_ctx *ctx = leat_group_with_ctx(&g, NULL);

    leat_group_go(&g, eg_return, 0);
    T_ERR(leat_group_wait(&g), 0);
    T_ERR(leat_ctx_cause(ctx), -ECANCELED);
    leat_ctx_free(ctx);
}

T_TEST(a_group_ends_with_the_parent_of_its_context)
{
    leat_group g = {0};
    leat_ctx *parent = leat_ctx_with_cancel(NULL);
    leat_ctx *ctx = leat_group_with_ctx(&g, parent);

    leat_group_go(&g, eg_until_cancelled, ctx);
    leat_ctx_cancel(parent);
    T_ERR(leat_group_wait(&g), -ECANCELED);
    leat_ctx_free(ctx);
    leat_ctx_free(parent);
}

/* TestTryGo */

static int eg_receive(leat_int_chan c)
{
    leat_recv(c, NULL);
    return 0;
}

T_TEST(try_go_starts_up_to_the_limit_and_no_more)
{
    enum { LIMIT = 42 };
    leat_group g = {0};
    leat_scoped_chan(leat_int_chan, c, 0);

    leat_group_set_limit(&g, LIMIT);
    for (int i = 0; i < LIMIT; i++)
        T_TRUE(leat_group_try_go(&g, eg_receive, c));
    T_FALSE(leat_group_try_go(&g, eg_receive, c));
    for (int i = 0; i < LIMIT; i++)
        leat_send(c, i);
    T_ERR(leat_group_wait(&g), 0);
    T_TRUE(leat_group_try_go(&g, eg_return, 0));
    T_ERR(leat_group_wait(&g), 0);

    leat_group_set_limit(&g, 1);
    T_TRUE(leat_group_try_go(&g, eg_receive, c));
    T_FALSE(leat_group_try_go(&g, eg_receive, c));
    leat_send(c, 0);
    T_ERR(leat_group_wait(&g), 0);

    leat_group_set_limit(&g, 0);
    for (int i = 0; i < 1000; i++)
        T_FALSE(leat_group_try_go(&g, eg_return, 0));
    T_ERR(leat_group_wait(&g), 0);

    leat_group_set_limit(&g, -1);
    for (int i = 0; i < 100; i++)
        T_TRUE(leat_group_try_go(&g, eg_return, 0));
    T_ERR(leat_group_wait(&g), 0);
}

/* TestGoLimit */

static int eg_counted(atomic_int *active, int most)
{
    T_LE(atomic_fetch_add(active, 1) + 1, most);
    leat_yield();
    atomic_fetch_sub(active, 1);
    return 0;
}

T_TEST(never_more_than_the_limit_are_active)
{
    leat_group g = {0};
    atomic_int active = 0;

    leat_group_set_limit(&g, 10);
    for (int i = 0; i <= 1024; i++)
        leat_group_go(&g, eg_counted, &active, 10);
    T_ERR(leat_group_wait(&g), 0);
    T_EQ(atomic_load(&active), 0);
}

/* The arguments are those of the call, though others were made while it waited for a slot. */
static int eg_add(atomic_long *sum, int a, double b, char c)
{
    leat_yield();
    T_EQ((int)b, a * 2);
    T_EQ(c, 'x');
    atomic_fetch_add(sum, a);
    return 0;
}

static int eg_spawn_many(leat_group *g, atomic_long *sum, int from, int n)
{
    for (int i = from; i < from + n; i++)
        leat_group_go(g, eg_add, sum, i, 2.0 * i, 'x');
    return 0;
}

T_TEST(a_call_that_waits_for_a_slot_keeps_its_arguments)
{
    leat_group g = {0}, spawners = {0};
    atomic_long sum = 0;
    const int n = (int)t_scale(500);

    leat_group_set_limit(&g, 2);
    for (int i = 0; i < 4; i++)
        leat_group_go(&spawners, eg_spawn_many, &g, &sum, i * n, n);
    T_ERR(leat_group_wait(&spawners), 0);
    T_ERR(leat_group_wait(&g), 0);
    T_EQ(atomic_load(&sum), 2L * n * (4L * n - 1));
}

T_TEST(a_wait_for_a_slot_can_be_cancelled)
{
    leat_group g = {0};
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_scoped_chan(leat_int_chan, c, 0);

    leat_group_set_limit(&g, 1);
    T_ERR(leat_group_go_ctx(ctx, &g, eg_receive, c), 0);
    leat_ctx_cancel(ctx);
    T_ERR(leat_group_go_ctx(ctx, &g, eg_receive, c), -ECANCELED);
    leat_send(c, 0);
    T_ERR(leat_group_wait(&g), 0);
    leat_ctx_free(ctx);
}

T_TEST(a_wait_can_be_given_up_and_taken_up_again)
{
    leat_group g = {0};
    leat_ctx *own = leat_group_with_ctx(&g, NULL), *ctx = leat_ctx_with_cancel(NULL);
    leat_scoped_chan(leat_int_chan, c, 0);

    leat_group_go(&g, eg_receive, c);
    leat_group_go(&g, eg_return, -EIO);
    leat_recv(leat_ctx_done(own), NULL);
    T_ERR(leat_group_err(&g), -EIO);
    T_ERR(leat_group_wait_until(&g, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    leat_ctx_cancel(ctx);
    T_ERR(leat_group_wait_ctx(ctx, &g), -ECANCELED);
    leat_send(c, 1);
    T_ERR(leat_group_wait_until(&g, leat_now() + LEAT_HOUR), -EIO);
    T_ERR(leat_group_wait_ctx(NULL, &g), -EIO);
    leat_ctx_free(own);
    leat_ctx_free(ctx);
}

T_TEST(a_wait_that_is_given_up_leaves_the_context_alone)
{
    leat_group g = {0};
    leat_ctx *own = leat_group_with_ctx(&g, NULL);
    leat_scoped_chan(leat_int_chan, c, 0);

    leat_group_go(&g, eg_receive, c);
    T_ERR(leat_group_wait_until(&g, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    T_ERR(leat_ctx_err(own), 0);
    leat_send(c, 1);
    T_ERR(leat_group_wait_ctx(own, &g), 0);
    T_ERR(leat_ctx_err(own), -ECANCELED);
    leat_ctx_free(own);
}

T_TEST(changing_the_limit_of_an_active_group_panics,
       GOLIKE_PANICS("errgroup: modify limit while 2 goroutines in the group are still active"))
{
    leat_group g = {0};

    leat_group_set_limit(&g, 3);
    leat_group_go(&g, eg_receive, (leat_int_chan)NULL);
    leat_group_go(&g, eg_receive, (leat_int_chan)NULL);
    leat_group_set_limit(&g, 4);
}

T_TEST(a_limit_of_nothing_blocks, GOLIKE_BLOCKS("semaphore.Acquire"))
{
    leat_group g = {0};

    leat_group_set_limit(&g, 0);
    leat_group_go(&g, eg_return, 0);
}

/* E4: a panic is not propagated. */
static int eg_panic(void)
{
    leat_panic("in the task");
}

T_TEST(a_panic_in_a_group_ends_the_process_there, GOLIKE_CHILD_PANICS("in the task"))
{
    leat_group g = {0};

    leat_group_go(&g, eg_panic);
    leat_group_wait(&g);
}

static int eg_exit(atomic_int *n)
{
    golike_note(n);
    leat_exit();
}

T_TEST(a_goroutine_that_exits_has_no_error)
{
    leat_group g = {0};
    atomic_int n = 0;

    leat_group_set_limit(&g, 1);
    for (int i = 0; i < 3; i++)
        leat_group_go(&g, eg_exit, &n);
    T_ERR(leat_group_wait(&g), 0);
    T_EQ(atomic_load(&n), 3);
}

T_TEST(goroutines_of_a_group_may_start_others_in_it)
{
    leat_group g = {0};
    atomic_long sum = 0;

    for (int i = 0; i < 10; i++)
        leat_group_go(&g, eg_spawn_many, &g, &sum, i * 10, 10);
    T_ERR(leat_group_wait(&g), 0);
    T_EQ(atomic_load(&sum), 99L * 100 / 2);
}

/* Scopes. */

static int eg_write(leat_ctx *ctx, int *to)
{
    leat_recv(leat_ctx_done(ctx), NULL);
    *to = 1;
    return 0;
}

static int eg_scope(int *slots, int n, bool early)
{
    leat_scoped_group(g, NULL);
    for (int i = 0; i < n; i++)
        leat_group_go(&g, eg_write, leat_group_ctx(&g), &slots[i]);
    leat_group_go(&g, eg_return, -EPERM);
    if (early)
        return -1;
    return leat_group_wait(&g);
}

T_TEST(leaving_a_scope_waits_for_its_goroutines)
{
    int slots[10] = {0};

    T_EQ(eg_scope(slots, 5, true), -1);
    T_EQ(eg_scope(slots + 5, 5, false), -EPERM);
    for (int i = 0; i < 10; i++)
        T_EQ(slots[i], 1);
}

static void eg_exit_in_scope(int *slot)
{
    leat_scoped_group(g, NULL);
    leat_group_go(&g, eg_write, leat_group_ctx(&g), slot);
    leat_ctx_cancel(leat_group_ctx(&g));
    leat_exit();
}

T_TEST(leat_exit_waits_for_the_goroutines_of_a_scope)
{
    leat_waitgroup wg = {0};
    int slot = 0;

    leat_waitgroup_go(&wg, eg_exit_in_scope, &slot);
    leat_waitgroup_wait(&wg);
    T_EQ(slot, 1);
}
