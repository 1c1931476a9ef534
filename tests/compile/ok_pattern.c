/* SPDX-License-Identifier: MIT */
/* Every pattern. */
#include <leat/pattern.h>

struct item {
    int key;
    char text[20];
};
typedef leat_chan(struct item) item_chan;
typedef leat_chan(item_chan) item_chan_chan;
typedef leat_topic(struct item) item_topic;

static int make(struct item *out, int *n)
{
    out->key = (*n)++;
    return *n == 10 ? LEAT_END : 0;
}

static int turn(const struct item *in, int *out, const char *arg)
{
    *out = in->key + arg[0];
    return 0;
}

static int same(const int *in, int *out, void *arg)
{
    *out = *in;
    return arg ? LEAT_SKIP : 0;
}

static int take(const int *in, long *sum)
{
    *sum += *in;
    return 0;
}

static int take_many(const struct item *items, size_t n, void *arg)
{
    return items[n - 1].key && arg ? -EIO : 0;
}

static int piece(int64_t from, int64_t to, long *sum)
{
    return to - from > *sum;
}

static int partial(int64_t from, int64_t to, struct item *value, const char *arg)
{
    value->key += (int)(to - from) + *arg;
    return 0;
}

static void join(struct item *left, const struct item *right)
{
    left->key += right->key;
}

static int by_key(const struct item *a, const struct item *b)
{
    return (a->key > b->key) - (a->key < b->key);
}

static int task(int i, double d)
{
    return i + (int)d;
}

static leat_throttle throttle = {.limit = 3, .backlog = 4, .timeout = LEAT_SECOND};

int use_pattern(leat_ctx *ctx, struct item *items, int n);

static void use_pipeline(leat_ctx *ctx, int *n)
{
    item_chan a = leat_chan_make(item_chan, 0), outs[2] = {a, a};
    leat_int_chan b = leat_chan_make(leat_int_chan, 0), c = leat_chan_make(leat_int_chan, 0);
    item_chan_chan all = leat_chan_make(item_chan_chan, 0);
    long sum = 0;
    leat_scoped_group(g, ctx);

    leat_source(&g, a, make, n);
    leat_stage(&g, 2, a, b, turn, "text");
    leat_ordered_stage(&g, 2, 8, b, c, same, NULL);
    leat_sink(&g, 0, c, take, &sum);
    leat_batch(&g, a, 10, LEAT_SECOND, take_many, NULL);
    leat_fan_in(&g, outs, 2, a);
    leat_fan_out(&g, a, outs, 2);
    leat_tee(&g, a, outs, 2);
    leat_or_done(&g, b, c);
    leat_bridge(&g, all, a);
}

int use_pattern(leat_ctx *ctx, struct item *items, int n)
{
    leat_workers *w = leat_workers_make(&(leat_workers_opts){.workers = 2, .parent = ctx});
    item_topic t = leat_topic_make(item_topic);
    item_chan mine = leat_subscribe(t, item_chan, 4, LEAT_SLOW_BLOCK);
    struct item value = {0, ""};
    long sum = 0;

    use_pipeline(ctx, &n);
    n += leat_parallel_for(0, n, 0, piece, &sum);
    n += leat_parallel_for_ctx(ctx, 0, n, 0, piece, &sum);
    n += leat_parallel_reduce(0, n, 0, &value, partial, join, "arg");
    n += leat_parallel_reduce_ctx(ctx, 0, n, 0, &value, partial, join, "arg");
    leat_parallel_sort(items, (size_t)n, 0, by_key);
    n += leat_parallel_sort_ctx(ctx, items, (size_t)n, 0, by_key);
    n += leat_workers_submit(w, task, n, 2);
    n += leat_workers_try_submit(w, task, 1, 2.5);
    n += leat_workers_submit_ctx(NULL, w, task, 1, 2.5);
    leat_workers_resize(w, 3);
    leat_workers_free(w);
    n += leat_throttle_do(&throttle, task, 1, 2);
    n += leat_throttle_do_ctx(ctx, &throttle, task, n, 2);
    n += leat_publish(t, value);
    n += leat_publish_ctx(ctx, t, (struct item){1, "one"});
    n += (int)leat_topic_subscribers(t);
    leat_unsubscribe(t, mine);
    leat_topic_close(t);
    leat_topic_free(t);
    return n;
}
