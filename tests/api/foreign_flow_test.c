/* SPDX-License-Identifier: MIT */
/*
 * foreign_flow_test.c - groups, semaphores, shared calls, limits, patterns and contexts as threads
 * use them that leat did not make, several at once and beside goroutines.
 */
#include "sched_util.h"

enum { FF_THREADS = 4 };

/* The same on some threads and one goroutine. */
static void ff_everywhere(void *(*fn)(void *), void *arg)
{
    pthread_t threads[FF_THREADS];
    leat_waitgroup wg = {0};

    for (int i = 0; i < FF_THREADS; i++)
        threads[i] = util_thread(fn, arg);
    leat_waitgroup_go(&wg, fn, arg);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < FF_THREADS; i++)
        util_join(threads[i]);
}

static int ff_add(atomic_long *sum, long n, double half)
{
    T_TRUE(half == (double)n / 2);
    leat_yield();
    atomic_fetch_add(sum, n);
    return 0;
}

/* ---- groups and pools: starting waits for room, and the arguments survive that ---- */

static void *ff_groups(void *arg)
{
    long n = t_scale(200);
    atomic_long sum = 0;
    leat_group g = {0};

    (void)arg;
    leat_group_set_limit(&g, 2);
    for (long i = 1; i <= n; i++)
        leat_group_go(&g, ff_add, &sum, i, (double)i / 2);
    T_ERR(leat_group_wait(&g), 0);
    T_EQ(atomic_load(&sum), n * (n + 1) / 2);
    return NULL;
}

T_TEST(threads_have_groups_with_a_limit)
{
    ff_everywhere(ff_groups, NULL);
}

static int ff_fails(leat_ctx *ctx, int i)
{
    if (i == 3)
        return -EIO;
    leat_recv(leat_ctx_done(ctx), NULL);
    return leat_ctx_err(ctx);
}

static void *ff_scopes(void *arg)
{
    (void)arg;
    leat_scoped_group(g, NULL);
    for (int i = 0; i < 6; i++)
        leat_group_go(&g, ff_fails, leat_group_ctx(&g), i);
    T_ERR(leat_group_wait(&g), -EIO);
    T_ERR(leat_ctx_cause(leat_group_ctx(&g)), -EIO);
    return NULL;
}

T_TEST(threads_have_scopes_that_an_error_ends)
{
    ff_everywhere(ff_scopes, NULL);
}

struct ff_pool {
    leat_workers *w;
    atomic_long sum;
};

static void *ff_submits(void *arg)
{
    struct ff_pool *p = arg;

    for (long i = t_scale(200); i > 0; i--) {
        leat_ctx *ctx = leat_ctx_with_timeout(NULL, LEAT_MINUTE);
        T_ERR(i % 2 ? leat_workers_submit(p->w, ff_add, &p->sum, 1, 0.5)
                    : leat_workers_submit_ctx(ctx, p->w, ff_add, &p->sum, 1, 0.5),
              0);
        leat_ctx_free(ctx);
    }
    return NULL;
}

T_TEST(threads_give_tasks_to_a_pool)
{
    struct ff_pool p = {.w = leat_workers_make(&(leat_workers_opts){.workers = 2})};

    ff_everywhere(ff_submits, &p);
    T_ERR(leat_workers_drain(p.w), 0);
    T_EQ(atomic_load(&p.sum), (FF_THREADS + 1) * t_scale(200));
    leat_workers_free(p.w);
}

/* ---- semaphores, throttles, limiters, sometimes ---- */

struct ff_limits {
    leat_semaphore sem;
    leat_throttle throttle;
    leat_limiter limiter;
    leat_sometimes sometimes;
    atomic_long out, inside, passed, now_and_then;
};

static void ff_now_and_then(struct ff_limits *l)
{
    atomic_fetch_add(&l->now_and_then, 1);
}

static void *ff_passes(void *arg)
{
    struct ff_limits *l = arg;

    for (long i = t_scale(200); i > 0; i--) {
        long n = 1 + i % 3;
        leat_semaphore_acquire(&l->sem, n);
        T_LE(atomic_fetch_add(&l->out, n) + n, 3);
        atomic_fetch_sub(&l->out, n);
        leat_semaphore_release(&l->sem, n);
        T_ERR(leat_throttle_enter(&l->throttle), 0);
        T_LE(atomic_fetch_add(&l->inside, 1), 1);
        atomic_fetch_sub(&l->inside, 1);
        leat_throttle_leave(&l->throttle);
        T_ERR(leat_limiter_wait(&l->limiter), 0);
        leat_sometimes_do(&l->sometimes, ff_now_and_then, l);
        atomic_fetch_add(&l->passed, 1);
    }
    return NULL;
}

T_TEST(threads_are_limited_as_goroutines_are)
{
    struct ff_limits l = {.sem = LEAT_SEMAPHORE(3),
                          .throttle = {.limit = 2, .backlog = 100},
                          .limiter = LEAT_LIMITER(1e6, 3),
                          .sometimes = {.every = 10}};
    long n = (FF_THREADS + 1) * t_scale(200);

    ff_everywhere(ff_passes, &l);
    T_EQ(atomic_load(&l.passed), n);
    T_EQ(atomic_load(&l.now_and_then), (n + 9) / 10);
    T_TRUE(leat_semaphore_try_acquire(&l.sem, 3));
}

static void *ff_gives_up(void *arg)
{
    leat_semaphore *s = arg;
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_timer *t = leat_after_func(LEAT_MILLISECOND, leat_ctx_cancel, ctx);

    T_ERR(leat_semaphore_acquire_ctx(ctx, s, 1), -ECANCELED);
    T_ERR(leat_semaphore_acquire_until(s, 1, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    leat_timer_free(t);
    leat_ctx_free(ctx);
    return NULL;
}

T_TEST(threads_may_give_up)
{
    leat_semaphore s = LEAT_SEMAPHORE(1);

    leat_semaphore_acquire(&s, 1);
    ff_everywhere(ff_gives_up, &s);
    leat_semaphore_release(&s, 1);
    T_TRUE(leat_semaphore_try_acquire(&s, 1));
}

/* ---- shared calls, values made once ---- */

static atomic_long ff_asked;

static int ff_ask(long *out, long n)
{
    atomic_fetch_add(&ff_asked, 1);
    leat_sleep(LEAT_MILLISECOND);
    *out = n;
    return 0;
}

static void *ff_shares(void *arg)
{
    for (long i = 0; i < 10; i++) {
        char key[24];
        long value = -1;
        snprintf(key, sizeof(key), "%ld", i);
        T_ERR(leat_singleflight_do(arg, key, &value, NULL, ff_ask, i), 0);
        T_EQ(value, i);
    }
    return NULL;
}

T_TEST(threads_and_goroutines_share_calls)
{
    leat_singleflight g = {0};

    ff_everywhere(ff_shares, &g);
    T_LE(atomic_load(&ff_asked), (FF_THREADS + 1) * 10);
    T_GE(atomic_load(&ff_asked), 10);
}

/* ---- all processors ---- */

static int ff_mark(int64_t from, int64_t to, int *seen)
{
    for (int64_t i = from; i < to; i++)
        seen[i]++;
    return 0;
}

static int ff_sum(int64_t from, int64_t to, int64_t *sum, const int *values)
{
    for (int64_t i = from; i < to; i++)
        *sum += values[i];
    return 0;
}

static void ff_join(int64_t *into, const int64_t *more)
{
    *into += *more;
}

static int ff_by_value(const int *a, const int *b)
{
    return (*a > *b) - (*a < *b);
}

static void *ff_in_parallel(void *arg)
{
    enum { N = 2000 };
    int values[N] = {0};
    int64_t sum = 0;

    (void)arg;
    T_ERR(leat_parallel_for(0, N, 7, ff_mark, values), 0);
    T_ERR(leat_parallel_reduce(0, N, 7, &sum, ff_sum, ff_join, values), 0);
    T_EQ(sum, N);
    for (int i = 0; i < N; i++)
        values[i] = i * 997 % N;
    leat_parallel_sort(values, N, 16, ff_by_value);
    for (int i = 0; i < N; i++)
        T_EQ(values[i], i);
    return NULL;
}

T_TEST(threads_use_all_processors)
{
    ff_everywhere(ff_in_parallel, NULL);
}

/* ---- streams ---- */

struct ff_range {
    int next, end;
};

static int ff_next(int *out, struct ff_range *r)
{
    if (r->next == r->end)
        return LEAT_END;
    *out = r->next++;
    return 0;
}

static int ff_scale(const int *in, int *out, const int *by)
{
    *out = *by * *in;
    return 0;
}

static void *ff_streams(void *arg)
{
    leat_int_chan in = leat_chan_make(leat_int_chan, 0), out = leat_chan_make(leat_int_chan, 2);
    static const int two = 2;
    struct ff_range range = {.end = 100};
    int expected = 0;
    leat_group g = {0};

    (void)arg;
    leat_group_with_ctx(&g, NULL);
    leat_source(&g, in, ff_next, &range);
    leat_ordered_stage(&g, 3, 5, in, out, ff_scale, &two);
    leat_range(v, out) {
        T_EQ(v, expected);
        expected += 2;
    }
    T_EQ(expected, 200);
    T_ERR(leat_group_wait(&g), 0);
    leat_ctx_free(leat_group_ctx(&g));
    leat_chan_free(in);
    leat_chan_free(out);
    return NULL;
}

T_TEST(threads_are_ends_of_pipelines)
{
    ff_everywhere(ff_streams, NULL);
}

typedef leat_topic(int) ff_topic;

static void *ff_publishes(void *topic)
{
    for (int i = 0; i < 50; i++)
        T_ERR(leat_publish((ff_topic)topic, 1), 0);
    return NULL;
}

static void *ff_subscribes(void *channel)
{
    long n = 0;

    leat_range(v, (leat_int_chan)channel)
        n += v;
    T_EQ(n, (FF_THREADS + 1) * 50);
    return NULL;
}

T_TEST(threads_publish_and_subscribe)
{
    ff_topic t = leat_topic_make(ff_topic);
    leat_int_chan c[2];
    pthread_t readers[2];

    for (int i = 0; i < 2; i++) {
        c[i] = leat_subscribe(t, leat_int_chan, i, LEAT_SLOW_BLOCK);
        readers[i] = util_thread(ff_subscribes, c[i]);
    }
    ff_everywhere(ff_publishes, t);
    leat_topic_close(t);
    for (int i = 0; i < 2; i++) {
        util_join(readers[i]);
        leat_unsubscribe(t, c[i]);
    }
    leat_topic_free(t);
}

/* ---- contexts, barriers ---- */

static void ff_called(atomic_long *n)
{
    atomic_fetch_add(n, 1);
}

static void *ff_contexts(void *arg)
{
    static int key;
    leat_ctx *root = leat_ctx_with_cancel(NULL);
    leat_ctx *ctx = leat_ctx_with_value(root, &key, arg);
    leat_ctx *timed = leat_ctx_with_timeout(ctx, LEAT_HOUR);

    leat_ctx_after_func(timed, ff_called, (atomic_long *)arg);
    T_TRUE(leat_ctx_value(timed, &key) == arg);
    T_EQ(leat_recv_until(leat_ctx_done(timed), NULL, leat_now() + 1000), -ETIMEDOUT);
    leat_ctx_cancel(root);
    T_ERR(leat_ctx_err(timed), -ECANCELED);
    T_FALSE(leat_recv(leat_ctx_done(timed), NULL));
    leat_ctx_free(root);
    leat_ctx_free(ctx);
    leat_ctx_free(timed);
    return NULL;
}

T_TEST(threads_have_contexts)
{
    atomic_long called = 0;

    ff_everywhere(ff_contexts, &called);
    util_await(&called, FF_THREADS + 1);
}

static void *ff_comes(void *barrier)
{
    long last = 0;

    for (int i = 0; i < 50; i++)
        last += leat_barrier_wait(barrier);
    T_LE(last, 50);
    return NULL;
}

T_TEST(threads_and_goroutines_meet_at_a_barrier)
{
    leat_barrier b = LEAT_BARRIER(FF_THREADS + 1);

    ff_everywhere(ff_comes, &b);
}
