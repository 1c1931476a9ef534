/* SPDX-License-Identifier: MIT */
/* Every pattern, in C++. */
#include <leat/pattern.h>

struct item {
    int key;
    char text[20];
};
typedef leat_chan(item) item_chan;
typedef leat_topic(item) item_topic;

static int make(item *out, int *n)
{
    out->key = (*n)++;
    return *n == 10 ? LEAT_END : 0;
}

static int turn(const item *in, int *out, const char *arg)
{
    *out = in->key + arg[0];
    return 0;
}

static int piece(int64_t from, int64_t to, long *sum)
{
    return to - from > *sum;
}

static int task(int i, double d)
{
    return i + static_cast<int>(d);
}

static leat_throttle throttle = {3, 4, LEAT_SECOND, {}, {}, 0};

int use_pattern(leat_ctx *ctx, item *items, int n);

static void use_pipeline(leat_ctx *ctx, int *n)
{
    item_chan a = leat_chan_make(item_chan, 0), outs[2] = {a, a};
    leat_int_chan b = leat_chan_make(leat_int_chan, 0), c = leat_chan_make(leat_int_chan, 0);
    auto all = leat_chan_make(leat::chan<item_chan>, 0);
    long sum = 0;
    leat_scoped_group(g, ctx);

    leat_source(&g, a, make, n);
    leat_stage(&g, 2, a, b, turn, "text");
    leat_ordered_stage(
        &g, 2, 8, b, c,
        [](const int *in, int *out, long *) {
            *out = *in;
            return LEAT_SKIP;
        },
        &sum);
    leat_sink(
        &g, 0, c,
        [](const int *in, long *s) {
            *s += *in;
            return 0;
        },
        &sum);
    leat_batch(
        &g, a, 10, LEAT_SECOND,
        [](const item *, size_t count, int *m) { return *m - static_cast<int>(count); }, n);
    leat_fan_in(&g, outs, 2, a);
    leat_fan_out(&g, a, outs, 2);
    leat_tee(&g, a, outs, 2);
    leat_or_done(&g, b, c);
    leat_bridge(&g, all, a);
}

int use_pattern(leat_ctx *ctx, item *items, int n)
{
    leat_workers_opts opts = {};
    leat_workers *w = leat_workers_make(&opts);
    item_topic t = leat_topic_make(item_topic);
    item_chan mine = leat_subscribe(t, item_chan, 4, LEAT_SLOW_BLOCK);
    item value = {0, ""};
    long sum = 0;

    use_pipeline(ctx, &n);
    n += leat_parallel_for(0, n, 0, piece, &sum);
    n += leat_parallel_for_ctx(ctx, 0, n, 0, piece, &sum);
    n += leat_parallel_for(0, n, 0, [&](int64_t from, int64_t to) {
        return from + to > sum ? -EIO : 0;
    });
    n += leat_parallel_reduce(
        0, n, 0, &value,
        [](int64_t from, int64_t to, item *v, long *) {
            v->key += static_cast<int>(to - from);
            return 0;
        },
        [](item *left, const item *right) { left->key += right->key; }, &sum);
    leat_parallel_sort(items, static_cast<size_t>(n), 0,
                       [](const item *a, const item *b) { return a->key - b->key; });
    n += leat_parallel_sort_ctx(ctx, items, static_cast<size_t>(n), 0,
                                [](const item *a, const item *b) { return a->key - b->key; });
    n += leat_workers_submit(w, task, n, 2);
    n += leat_workers_try_submit(w, [&] { return n; });
    n += leat_workers_submit_ctx(nullptr, w, [&] { return n; });
    leat_workers_free(w);
    n += leat_throttle_do(&throttle, task, 1, 2);
    n += leat_throttle_do_ctx(ctx, &throttle, [&] { return n; });
    n += leat_publish(t, value);
    n += leat_publish_ctx(ctx, t, {1, "one"});
    n += static_cast<int>(leat_topic_subscribers(t));
    leat_unsubscribe(t, mine);
    leat_topic_close(t);
    leat_topic_free(t);
    return n;
}
