/* SPDX-License-Identifier: MIT */
/* pattern_pipeline_test.c - sources, stages, sinks, batches: values, order, errors, the end. */
#include "t.h"

#include <leat.h>

#include <stdatomic.h>
#include <string.h>

struct pl_item {
    int64_t i;
    char text[40];
};
typedef leat_chan(struct pl_item) pl_chan;

struct pl_range {
    int next, end;
    atomic_int made;
};

static int pl_count_up(int *out, struct pl_range *r)
{
    if (r->next == r->end)
        return LEAT_END;
    *out = r->next++;
    atomic_fetch_add(&r->made, 1);
    return 0;
}

static int pl_square(const int *in, struct pl_item *out, const int *add)
{
    if (*in % 3 == 2)
        return LEAT_SKIP;
    out->i = (int64_t)*in * *in + *add;
    strcpy(out->text, "squared");
    if (*in % 2)
        leat_yield();
    return 0;
}

struct pl_sum {
    atomic_long sum, n;
    int64_t last;
    bool ordered;
};

static int pl_add(const struct pl_item *in, struct pl_sum *s)
{
    T_STREQ(in->text, "squared");
    atomic_fetch_add(&s->sum, in->i);
    atomic_fetch_add(&s->n, 1);
    if (s->ordered) {
        T_GT(in->i, s->last);
        s->last = in->i;
    }
    return 0;
}

static long pl_expected(int n, int add)
{
    long sum = 0;

    for (int i = 0; i < n; i++)
        if (i % 3 != 2)
            sum += (long)i * i + add;
    return sum;
}

T_TEST(values_pass_through_source_stage_and_sink)
{
    const int n = (int)t_scale(3000), add = 7;

    for (int workers = 0; workers <= 5; workers++) {
        leat_scoped_chan(leat_int_chan, numbers, 2);
        leat_scoped_chan(pl_chan, squares, 3);
        struct pl_range range = {.end = n};
        struct pl_sum sum = {.ordered = workers == 1, .last = -1};
        leat_scoped_group(g, NULL);
        leat_source(&g, numbers, pl_count_up, &range);
        leat_stage(&g, workers, numbers, squares, pl_square, &add);
        leat_sink(&g, workers == 1 ? 1 : 2, squares, pl_add, &sum);
        T_ERR(leat_group_wait(&g), 0);
        T_EQ(atomic_load(&sum.sum), pl_expected(n, add));
        T_EQ(atomic_load(&sum.n), n - n / 3);
    }
}

T_TEST(an_ordered_stage_keeps_the_order_of_its_input)
{
    const int n = (int)t_scale(3000), add = 1;
    static const int windows[] = {0, 1, 4, 64};

    for (size_t i = 0; i < 4; i++) {
        leat_scoped_chan(leat_int_chan, numbers, 0);
        leat_scoped_chan(pl_chan, squares, 0);
        struct pl_range range = {.end = n};
        struct pl_sum sum = {.ordered = true, .last = -1};
        leat_scoped_group(g, NULL);
        leat_source(&g, numbers, pl_count_up, &range);
        leat_ordered_stage(&g, 4, windows[i], numbers, squares, pl_square, &add);
        leat_sink(&g, 1, squares, pl_add, &sum);
        T_ERR(leat_group_wait(&g), 0);
        T_EQ(atomic_load(&sum.sum), pl_expected(n, add));
    }
}

/* The first value is not done before all that fit into the window have been taken in. */
struct pl_window {
    struct pl_range range;
    leat_int_chan gate;
    atomic_int begun;
};

static int pl_first_waits(const int *in, int *out, struct pl_window *w)
{
    atomic_fetch_add(&w->begun, 1);
    if (*in == 0)
        leat_recv(w->gate, NULL);
    *out = *in;
    return 0;
}

T_TEST(an_ordered_stage_takes_in_no_more_than_its_window)
{
    enum { N = 100, WINDOW = 10 };
    leat_scoped_chan(leat_int_chan, numbers, 0);
    leat_scoped_chan(leat_int_chan, out, 0);
    struct pl_window w = {.range = {.end = N}, .gate = leat_chan_make(leat_int_chan, 0)};
    int expect = 0;
    {
        leat_scoped_group(g, NULL);
        leat_source(&g, numbers, pl_count_up, &w.range);
        leat_ordered_stage(&g, 4, WINDOW, numbers, out, pl_first_waits, &w);
        while (atomic_load(&w.begun) < WINDOW)
            leat_yield();
        for (int i = 0; i < 200; i++)
            leat_yield();
        T_EQ(atomic_load(&w.begun), WINDOW);
        T_LE(atomic_load(&w.range.made), WINDOW + 1);
        leat_send(w.gate, 1);
        leat_range(v, out)
            T_EQ(v, expect++);
        T_ERR(leat_group_wait(&g), 0);
    }
    T_EQ(expect, N);
    leat_chan_free(w.gate);
}

/* An error anywhere ends all of it, with neighbours that wait on full and empty channels. */

static int pl_fail_at(const int *in, int *out, const int *at)
{
    *out = *in;
    return *in == *at ? -EIO : 0;
}

static int pl_sink_fail_at(const int *in, const int *at)
{
    return *in == *at ? -EPERM : 0;
}

static int pl_endless(int *out, atomic_int *n)
{
    *out = atomic_fetch_add(n, 1);
    return 0;
}

T_TEST(an_error_of_any_part_ends_all_and_is_the_groups)
{
    const int never = -1, at = 100;

    for (int where = 0; where < 3; where++) {
        leat_scoped_chan(leat_int_chan, a, 4);
        leat_scoped_chan(leat_int_chan, b, 0);
        leat_scoped_chan(leat_int_chan, c, 1);
        atomic_int n = 0;
        leat_scoped_group(g, NULL);
        leat_source(&g, a, pl_endless, &n);
        leat_stage(&g, 3, a, b, pl_fail_at, where == 0 ? &at : &never);
        leat_ordered_stage(&g, 3, 8, b, c, pl_fail_at, where == 1 ? &at : &never);
        leat_sink(&g, 2, c, pl_sink_fail_at, where == 2 ? &at : &never);
        T_ERR(leat_group_wait(&g), where == 2 ? -EPERM : -EIO);
        T_ERR(leat_ctx_cause(leat_group_ctx(&g)), where == 2 ? -EPERM : -EIO);
    }
}

static int pl_fail_at_once(int *out, void *arg)
{
    (void)out;
    (void)arg;
    return -EIO;
}

T_TEST(whoever_is_told_of_the_end_knows_of_the_error)
{
    const long rounds = t_scale(300);

    for (long i = 0; i < rounds; i++) {
        leat_scoped_chan(leat_int_chan, a, 0);
        leat_scoped_group(g, NULL);
        leat_source(&g, a, pl_fail_at_once, NULL);
        T_FALSE(leat_recv(a, NULL));
        T_ERR(leat_ctx_cause(leat_group_ctx(&g)), -EIO);
    }
}

T_TEST(a_cancelled_pipeline_ends_though_nobody_takes_its_values)
{
    const int never = -1;

    for (int i = 0; i < 20; i++) {
        leat_scoped_chan(leat_int_chan, a, 4);
        leat_scoped_chan(leat_int_chan, b, 4);
        leat_scoped_chan(leat_int_chan, c, 0);
        atomic_int n = 0;
        leat_ctx *ctx = leat_ctx_with_cancel(NULL);
        {
            leat_scoped_group(g, ctx);
            leat_source(&g, a, pl_endless, &n);
            leat_stage(&g, 2, a, b, pl_fail_at, &never);
            leat_ordered_stage(&g, 2, 4, b, c, pl_fail_at, &never);
            T_TRUE(leat_recv(c, NULL));
            leat_ctx_cancel(ctx);
            T_ERR(leat_group_wait(&g), 0);
        }
        leat_ctx_free(ctx);
    }
}

static int pl_exit_at(const int *in, int *out, const int *at)
{
    if (*in == *at)
        leat_exit();
    *out = *in;
    return 0;
}

static int pl_note(const int *in, atomic_int *sum)
{
    atomic_fetch_add(sum, *in);
    return 0;
}

T_TEST(a_worker_that_exits_ends_and_the_others_go_on)
{
    const int at = 5;

    for (int ordered = 0; ordered < 2; ordered++) {
        leat_scoped_chan(leat_int_chan, a, 0);
        leat_scoped_chan(leat_int_chan, b, 0);
        struct pl_range range = {.end = 50};
        atomic_int sum = 0;
        leat_scoped_group(g, NULL);
        leat_source(&g, a, pl_count_up, &range);
        if (ordered)
            leat_ordered_stage(&g, 2, 4, a, b, pl_exit_at, &at);
        else
            leat_stage(&g, 2, a, b, pl_exit_at, &at);
        leat_sink(&g, 1, b, pl_note, &sum);
        T_ERR(leat_group_wait(&g), 0);
        T_EQ(atomic_load(&sum), 49 * 50 / 2 - at);
    }
}

/* Batches. */

struct pl_batches {
    int sizes[200], n;
    int next;
};

static int pl_take_batch(const int *values, size_t n, struct pl_batches *b)
{
    for (size_t i = 0; i < n; i++)
        T_EQ(values[i], b->next++);
    b->sizes[b->n++] = (int)n;
    return 0;
}

T_TEST(full_batches_are_handed_over_and_the_rest_at_the_end)
{
    leat_scoped_chan(leat_int_chan, a, 0);
    struct pl_range range = {.end = 25};
    struct pl_batches b = {.n = 0};
    {
        leat_scoped_group(g, NULL);
        leat_source(&g, a, pl_count_up, &range);
        leat_batch(&g, a, 10, LEAT_FOREVER, pl_take_batch, &b);
        T_ERR(leat_group_wait(&g), 0);
    }
    T_EQ(b.n, 3);
    T_EQ(b.sizes[0], 10);
    T_EQ(b.sizes[1], 10);
    T_EQ(b.sizes[2], 5);
}

static int pl_tell_size(const int *values, size_t n, leat_int_chan sizes)
{
    (void)values;
    leat_send(sizes, (int)n);
    return 0;
}

T_TEST(a_batch_that_is_not_full_is_handed_over_when_its_time_has_come)
{
    leat_scoped_chan(leat_int_chan, a, 0);
    leat_scoped_chan(leat_int_chan, sizes, 0);
    leat_scoped_group(g, NULL);
    int n = 0, sum = 0;

    leat_batch(&g, a, 1000, 2 * LEAT_MILLISECOND, pl_tell_size, sizes);
    for (int round = 0; round < 3; round++) {
        leat_send(a, 1);
        T_TRUE(leat_recv(sizes, &n));
        sum += n;
    }
    T_EQ(sum, 3);
    leat_close(a);
    T_ERR(leat_group_wait(&g), 0);
}

static int pl_fail_batch(const int *values, size_t n, void *arg)
{
    (void)values;
    (void)arg;
    return n == 4 ? -EIO : 0;
}

T_TEST(an_error_of_a_batch_ends_the_pipeline)
{
    leat_scoped_chan(leat_int_chan, a, 0);
    atomic_int n = 0;
    leat_scoped_group(g, NULL);

    leat_source(&g, a, pl_endless, &n);
    leat_batch(&g, a, 4, LEAT_HOUR, pl_fail_batch, NULL);
    T_ERR(leat_group_wait(&g), -EIO);
}

T_TEST(a_batch_of_no_values_is_fatal, .expect_exit = 2,
       .expect_stderr = "panic: leat: a batch of no values")
{
    leat_group g = {0};
    leat_int_chan a = leat_chan_make(leat_int_chan, 0);

    leat_batch(&g, a, 0, LEAT_HOUR, pl_fail_batch, NULL);
}
