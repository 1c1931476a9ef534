/* SPDX-License-Identifier: MIT */
/* pattern_throttle_test.c - admission: the limit, the backlog, the timeout, the context. */
#include "t.h"

#include <leat.h>

#include <stdatomic.h>

#include "flow/semaphore.h"

static void th_await_waiting(leat_throttle *t, int64_t n)
{
    while (semaphore_waiting(&t->leat__slots) != n)
        leat_yield();
}

struct th_counts {
    atomic_int inside, passed, refused;
};

static int th_work(struct th_counts *c, int limit)
{
    T_LE(atomic_fetch_add(&c->inside, 1) + 1, limit);
    leat_yield();
    atomic_fetch_sub(&c->inside, 1);
    return 5;
}

static void th_call(leat_throttle *t, struct th_counts *c)
{
    int r = leat_throttle_do(t, th_work, c, 3);

    T_TRUE(r == 5 || r == -EBUSY);
    atomic_fetch_add(r == 5 ? &c->passed : &c->refused, 1);
}

T_TEST(no_more_than_the_limit_are_inside)
{
    leat_throttle t = {.limit = 3, .backlog = 1000};
    struct th_counts c = {0};
    leat_waitgroup wg = {0};

    for (int i = 0; i < 500; i++)
        leat_waitgroup_go(&wg, th_call, &t, &c);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&c.passed), 500);
    T_EQ(atomic_load(&c.inside), 0);
}

static void th_enter(leat_ctx *ctx, leat_throttle *t, int want)
{
    T_ERR(leat_throttle_enter_ctx(ctx, t), want);
    if (want == 0)
        leat_throttle_leave(t);
}

T_TEST(beyond_the_backlog_callers_are_refused_at_once)
{
    leat_throttle t = {.limit = 2, .backlog = 3};
    leat_waitgroup wg = {0};

    T_ERR(leat_throttle_enter(&t), 0);
    T_ERR(leat_throttle_enter(&t), 0);
    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&wg, th_enter, (leat_ctx *)NULL, &t, 0);
    th_await_waiting(&t, 3);
    T_ERR(leat_throttle_enter(&t), -EBUSY);
    T_ERR(leat_throttle_enter(&t), -EBUSY);
    leat_throttle_leave(&t);
    leat_throttle_leave(&t);
    leat_waitgroup_wait(&wg);
    T_ERR(leat_throttle_enter(&t), 0);
    leat_throttle_leave(&t);
}

T_TEST(without_a_backlog_nobody_waits)
{
    leat_throttle t = {.limit = 1}, closed = {.limit = 0};

    T_ERR(leat_throttle_enter(&t), 0);
    T_ERR(leat_throttle_enter(&t), -EBUSY);
    leat_throttle_leave(&t);
    T_ERR(leat_throttle_enter(&closed), -EBUSY);
}

T_TEST(who_has_waited_too_long_is_refused)
{
    leat_throttle t = {.limit = 1, .backlog = 1, .timeout = LEAT_MILLISECOND};

    T_ERR(leat_throttle_enter(&t), 0);
    T_ERR(leat_throttle_enter(&t), -ETIMEDOUT);
    T_ERR(leat_throttle_enter(&t), -ETIMEDOUT);
    leat_throttle_leave(&t);
    T_ERR(leat_throttle_enter(&t), 0);
}

T_TEST(a_context_ends_the_wait)
{
    leat_throttle t = {.limit = 1, .backlog = 1, .timeout = LEAT_HOUR};
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_waitgroup wg = {0};
    struct th_counts c = {0};

    T_ERR(leat_throttle_enter_ctx(ctx, &t), 0);
    leat_waitgroup_go(&wg, th_enter, ctx, &t, -ECANCELED);
    th_await_waiting(&t, 1);
    leat_ctx_cancel(ctx);
    leat_waitgroup_wait(&wg);
    T_ERR(leat_throttle_do_ctx(ctx, &t, th_work, &c, 1), -ECANCELED);
    leat_throttle_leave(&t);
    T_ERR(leat_throttle_enter_ctx(ctx, &t), -ECANCELED);
    T_EQ(leat_throttle_do_ctx(NULL, &t, th_work, &c, 1), 5);
    leat_ctx_free(ctx);
}

static int th_exit(void)
{
    leat_exit();
}

static void th_exit_inside(leat_throttle *t)
{
    leat_throttle_do(t, th_exit);
    T_FAIL("it came back");
}

T_TEST(an_exit_inside_leaves_the_throttle)
{
    leat_throttle t = {.limit = 1};
    leat_waitgroup wg = {0};

    for (int i = 0; i < 3; i++) {
        leat_waitgroup_go(&wg, th_exit_inside, &t);
        leat_waitgroup_wait(&wg);
    }
    T_ERR(leat_throttle_enter(&t), 0);
}

T_TEST(leaving_without_entering_panics, .expect_exit = 2,
       .expect_stderr = "panic: semaphore: released more than held")
{
    leat_throttle t = {.limit = 1};

    leat_throttle_leave(&t);
}
