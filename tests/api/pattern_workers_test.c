/* SPDX-License-Identifier: MIT */
/* pattern_workers_test.c - pools: bounds, backlog, order, errors, changing their size. */
#include "t.h"

#include <leat.h>

#include <stdatomic.h>

#include "flow/workers.h"

static void pw_note(atomic_int *n)
{
    atomic_fetch_add(n, 1);
}

static void pw_await(atomic_int *n, int value)
{
    while (atomic_load(n) < value)
        leat_yield();
}

struct pw_counts {
    atomic_int active, most, done;
};

static int pw_task(struct pw_counts *c)
{
    int now = atomic_fetch_add(&c->active, 1) + 1, most = atomic_load(&c->most);

    while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now))
        continue;
    leat_yield();
    atomic_fetch_sub(&c->active, 1);
    atomic_fetch_add(&c->done, 1);
    return 0;
}

T_TEST(every_task_runs_and_no_more_at_once_than_there_are_workers)
{
    const int n = (int)t_scale(5000);
    leat_workers *w = leat_workers_make(&(leat_workers_opts){.workers = 3, .backlog = 10});
    struct pw_counts c = {0};

    for (int i = 0; i < n; i++)
        T_ERR(leat_workers_submit(w, pw_task, &c), 0);
    T_ERR(leat_workers_drain(w), 0);
    T_EQ(atomic_load(&c.done), n);
    T_LE(atomic_load(&c.most), 3);
    T_EQ(leat_workers_running(w), 0);
    T_EQ(leat_workers_waiting(w), 0);
    leat_workers_free(w);
}

T_TEST(a_pool_made_of_defaults_works)
{
    leat_workers *w = leat_workers_make(NULL);
    struct pw_counts c = {0};

    for (int i = 0; i < 100; i++)
        T_ERR(leat_workers_submit(w, pw_task, &c), 0);
    leat_workers_free(w);
    T_EQ(atomic_load(&c.done), 100);
    T_LE(atomic_load(&c.most), t_procs());
    leat_workers_free(NULL);
}

static int pw_gate(leat_int_chan gate, atomic_int *inside)
{
    pw_note(inside);
    leat_recv(gate, NULL);
    return 0;
}

static int pw_in_order(int place, int *order, atomic_int *n)
{
    order[atomic_fetch_add(n, 1)] = place;
    return 0;
}

T_TEST(the_backlog_is_bounded_and_first_come_first_served)
{
    leat_workers *w = leat_workers_make(&(leat_workers_opts){.workers = 1, .backlog = 5});
    leat_scoped_chan(leat_int_chan, gate, 0);
    atomic_int inside = 0, n = 0;
    int order[5];

    T_ERR(leat_workers_submit(w, pw_gate, gate, &inside), 0);
    pw_await(&inside, 1);
    for (int i = 0; i < 5; i++)
        T_ERR(leat_workers_try_submit(w, pw_in_order, i, order, &n), 0);
    T_ERR(leat_workers_try_submit(w, pw_in_order, 5, order, &n), -EBUSY);
    T_EQ(leat_workers_waiting(w), 5);
    T_EQ(leat_workers_running(w), 1);
    T_TRUE(workers_check(w) == NULL);
    leat_send(gate, 1);
    T_ERR(leat_workers_drain(w), 0);
    for (int i = 0; i < 5; i++)
        T_EQ(order[i], i);
    leat_workers_free(w);
}

static void pw_submit_one(leat_workers *w, int *order, atomic_int *n, atomic_int *submitted)
{
    T_ERR(leat_workers_submit(w, pw_in_order, 7, order, n), 0);
    pw_note(submitted);
}

T_TEST(a_submit_waits_while_the_backlog_is_full)
{
    leat_workers *w = leat_workers_make(&(leat_workers_opts){.workers = 1});
    leat_scoped_chan(leat_int_chan, gate, 0);
    atomic_int inside = 0, n = 0, submitted = 0;
    leat_waitgroup wg = {0};
    int order[1];

    T_ERR(leat_workers_submit(w, pw_gate, gate, &inside), 0);
    leat_waitgroup_go(&wg, pw_submit_one, w, order, &n, &submitted);
    for (int i = 0; i < 100; i++)
        leat_yield();
    T_EQ(atomic_load(&submitted), 0);
    leat_send(gate, 1);
    leat_waitgroup_wait(&wg);
    T_ERR(leat_workers_drain(w), 0);
    T_EQ(order[0], 7);
    leat_workers_free(w);
}

T_TEST(a_pool_grows_and_shrinks)
{
    leat_workers *w = leat_workers_make(&(leat_workers_opts){.workers = 1, .backlog = 100});
    leat_scoped_chan(leat_int_chan, gate, 0);
    struct pw_counts c = {0};
    atomic_int inside = 0;

    for (int i = 0; i < 8; i++)
        T_ERR(leat_workers_submit(w, pw_gate, gate, &inside), 0);
    pw_await(&inside, 1);
    T_EQ(leat_workers_running(w), 1);
    leat_workers_resize(w, 4);
    pw_await(&inside, 4);
    T_EQ(leat_workers_running(w), 4);
    T_EQ(leat_workers_waiting(w), 4);
    leat_workers_resize(w, 2);
    leat_send(gate, 1);
    leat_send(gate, 1);
    while (leat_workers_running(w) != 2)
        leat_yield();
    T_EQ(atomic_load(&inside), 4);
    leat_workers_resize(w, 0);
    leat_send(gate, 1);
    leat_send(gate, 1);
    while (leat_workers_running(w) != 0)
        leat_yield();
    T_EQ(atomic_load(&inside), 4);
    T_EQ(leat_workers_waiting(w), 4);
    leat_workers_resize(w, 3);
    for (int i = 0; i < 4; i++)
        leat_send(gate, 1);
    T_ERR(leat_workers_drain(w), 0);
    for (int i = 0; i < 100; i++)
        T_ERR(leat_workers_submit(w, pw_task, &c), 0);
    T_ERR(leat_workers_drain(w), 0);
    T_LE(atomic_load(&c.most), 3);
    leat_workers_free(w);
}

T_TEST(a_drain_can_be_given_up)
{
    leat_workers *w = leat_workers_make(&(leat_workers_opts){.workers = 1, .backlog = 9});
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_scoped_chan(leat_int_chan, gate, 0);
    atomic_int inside = 0;

    T_ERR(leat_workers_submit(w, pw_gate, gate, &inside), 0);
    T_ERR(leat_workers_drain_until(w, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    leat_ctx_cancel(ctx);
    T_ERR(leat_workers_drain_ctx(ctx, w), -ECANCELED);
    leat_send(gate, 1);
    T_ERR(leat_workers_drain_ctx(NULL, w), 0);
    T_ERR(leat_workers_drain_until(w, leat_now() + LEAT_HOUR), 0);
    leat_ctx_free(ctx);
    leat_workers_free(w);
}

static int pw_fail(int err)
{
    return err;
}

static void pw_report(int err, void *arg)
{
    atomic_fetch_add((atomic_int *)arg, -err);
}

T_TEST(an_error_is_told_by_the_next_drain_and_the_pool_goes_on)
{
    atomic_int reported = 0;
    leat_workers *w = leat_workers_make(&(leat_workers_opts){
        .workers = 1, .backlog = 9, .report = pw_report, .report_arg = &reported});

    T_ERR(leat_workers_submit(w, pw_fail, 3), 0);
    T_ERR(leat_workers_submit(w, pw_fail, -EIO), 0);
    T_ERR(leat_workers_submit(w, pw_fail, -EPERM), 0);
    T_ERR(leat_workers_drain(w), -EIO);
    T_EQ(atomic_load(&reported), EIO + EPERM);
    T_ERR(leat_workers_submit(w, pw_fail, 0), 0);
    T_ERR(leat_workers_drain(w), 0);
    T_ERR(leat_ctx_err(leat_workers_ctx(w)), 0);
    leat_workers_free(w);
}

static int pw_until_over(leat_ctx *ctx, atomic_int *seen)
{
    leat_recv(leat_ctx_done(ctx), NULL);
    pw_note(seen);
    return leat_ctx_err(ctx);
}

T_TEST(a_pool_that_stops_at_errors_accepts_no_more_and_runs_what_it_has)
{
    leat_workers *w = leat_workers_make(
        &(leat_workers_opts){.workers = 2, .backlog = 9, .on_error = LEAT_WORKERS_STOP});
    atomic_int seen = 0;

    for (int i = 0; i < 1; i++)
        T_ERR(leat_workers_submit(w, pw_until_over, leat_workers_ctx(w), &seen), 0);
    T_ERR(leat_workers_submit(w, pw_fail, -EIO), 0);
    for (int i = 0, err = 0; err == 0; i++) {
        err = leat_workers_try_submit(w, pw_until_over, leat_workers_ctx(w), &seen);
        T_TRUE(err == 0 || err == -ECANCELED || err == -EBUSY);
        if (err == -EBUSY) {
            leat_recv(leat_ctx_done(leat_workers_ctx(w)), NULL);
            err = 0;
        }
    }
    T_ERR(leat_workers_submit(w, pw_fail, 0), -ECANCELED);
    T_ERR(leat_workers_drain(w), -EIO);
    T_ERR(leat_ctx_cause(leat_workers_ctx(w)), -EIO);
    T_GE(atomic_load(&seen), 1);
    leat_workers_free(w);
}

T_TEST(a_pool_ends_with_its_parent)
{
    leat_ctx *parent = leat_ctx_with_cancel(NULL);
    leat_workers *w = leat_workers_make(&(leat_workers_opts){.workers = 1, .parent = parent});
    atomic_int seen = 0;

    T_ERR(leat_workers_submit(w, pw_until_over, leat_workers_ctx(w), &seen), 0);
    leat_ctx_cancel(parent);
    T_ERR(leat_workers_submit(w, pw_until_over, leat_workers_ctx(w), &seen), -ECANCELED);
    leat_workers_free(w);
    T_EQ(atomic_load(&seen), 1);
    leat_ctx_free(parent);
}

static void pw_submit_ctx(leat_ctx *ctx, leat_workers *w, atomic_int *n, atomic_int *result)
{
    int order[1];

    atomic_store(result, leat_workers_submit_ctx(ctx, w, pw_in_order, 7, order, n));
}

/* The submitter's context and the pool's: whichever is over first ends the wait for room. */
T_TEST(a_submit_can_be_given_up)
{
    for (int who = 0; who < 3; who++) {
        leat_ctx *ctx = leat_ctx_with_cancel(NULL), *parent = leat_ctx_with_cancel(NULL);
        leat_workers *w = leat_workers_make(
            &(leat_workers_opts){.workers = 1, .parent = parent});
        leat_scoped_chan(leat_int_chan, gate, 0);
        atomic_int inside = 0, n = 0, result = 1;
        leat_waitgroup wg = {0};

        T_ERR(leat_workers_submit_ctx(who ? ctx : NULL, w, pw_gate, gate, &inside), 0);
        pw_await(&inside, 1);
        leat_waitgroup_go(&wg, pw_submit_ctx, who ? ctx : NULL, w, &n, &result);
        for (int i = 0; i < 100; i++)
            leat_yield();
        T_EQ(atomic_load(&result), 1);
        leat_ctx_cancel(who == 1 ? ctx : parent);
        leat_waitgroup_wait(&wg);
        T_ERR(atomic_load(&result), -ECANCELED);
        T_ERR(leat_workers_submit_ctx(ctx, w, pw_in_order, 7, NULL, &n), -ECANCELED);
        T_EQ(leat_workers_waiting(w), 0);
        T_TRUE(workers_check(w) == NULL);
        leat_send(gate, 1);
        T_ERR(leat_workers_drain(w), 0);
        T_EQ(atomic_load(&n), 0);
        leat_workers_free(w);
        leat_ctx_free(ctx);
        leat_ctx_free(parent);
    }
}

static int pw_dawdle(atomic_int *run)
{
    for (uint64_t i = t_rand() % 4; i > 0; i--)
        leat_yield();
    pw_note(run);
    return 0;
}

struct pw_trial {
    atomic_int tried, accepted, run;
};

static void pw_submit_impatiently(leat_workers *w, long rounds, struct pw_trial *t)
{
    while (rounds-- > 0) {
        leat_ctx *ctx = leat_ctx_with_timeout(NULL,
                                              (int64_t)(t_rand() % 50) * LEAT_MICROSECOND);
        if (leat_workers_submit_ctx(ctx, w, pw_dawdle, &t->run) == 0)
            pw_note(&t->accepted);
        pw_note(&t->tried);
        leat_ctx_free(ctx);
    }
}

T_TEST(what_was_given_up_does_not_run_and_all_else_does, .timeout_ms = 60000)
{
    enum { SUBMITTERS = 10 };
    int rounds = (int)t_scale(500);
    leat_ctx *parent = leat_ctx_with_cancel(NULL);
    leat_workers *w = leat_workers_make(
        &(leat_workers_opts){.workers = 2, .backlog = 1, .parent = parent});
    struct pw_trial t = {.run = 0};
    leat_waitgroup wg = {0};

    for (int i = 0; i < SUBMITTERS; i++)
        leat_waitgroup_go(&wg, pw_submit_impatiently, w, rounds, &t);
    pw_await(&t.tried, SUBMITTERS * rounds / 2);
    leat_ctx_cancel(parent); /* the rest is refused */
    leat_waitgroup_wait(&wg);
    T_ERR(leat_workers_drain(w), 0);
    T_EQ(atomic_load(&t.run), atomic_load(&t.accepted));
    T_TRUE(workers_check(w) == NULL);
    leat_workers_free(w);
    leat_ctx_free(parent);
}

static int pw_exit(atomic_int *n)
{
    pw_note(n);
    leat_exit();
}

T_TEST(a_task_that_exits_makes_room_for_the_next)
{
    leat_workers *w = leat_workers_make(&(leat_workers_opts){.workers = 1});
    atomic_int n = 0;

    for (int i = 0; i < 10; i++)
        T_ERR(leat_workers_submit(w, pw_exit, &n), 0);
    T_ERR(leat_workers_drain(w), 0);
    T_EQ(atomic_load(&n), 10);
    leat_workers_free(w);
}

/* Arguments of every kind survive the wait for room. */
static int pw_check_args(atomic_long *sum, int i, double d, const char *s, char c)
{
    T_TRUE(d == i / 2.0);
    T_STREQ(s, "text");
    T_EQ(c, 'c');
    atomic_fetch_add(sum, i);
    return 0;
}

static int pw_submit_many(leat_workers *w, atomic_long *sum, int from, int to)
{
    for (int i = from; i < to; i++)
        T_ERR(leat_workers_submit(w, pw_check_args, sum, i, i / 2.0, "text", 'c'), 0);
    return 0;
}

T_TEST(tasks_keep_their_arguments_with_many_submitters)
{
    const int n = (int)t_scale(1000);
    leat_workers *w = leat_workers_make(&(leat_workers_opts){.workers = 2, .backlog = 3});
    leat_group g = {0};
    atomic_long sum = 0;

    for (int i = 0; i < 4; i++)
        leat_group_go(&g, pw_submit_many, w, &sum, i * n, (i + 1) * n);
    T_ERR(leat_group_wait(&g), 0);
    T_ERR(leat_workers_drain(w), 0);
    T_EQ(atomic_load(&sum), 2L * n * (4L * n - 1));
    leat_workers_free(w);
}
