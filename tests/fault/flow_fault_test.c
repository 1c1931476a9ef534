/* SPDX-License-Identifier: MIT */
/*
 * flow_fault_test.c - what is made of channels and locks, with memory that ends at every point:
 * groups, shared calls, pools of workers, pipelines, routes, topics, all processors. None of
 * their calls has a status for it, so a refusal is survived or is fatal with a text; and what
 * gets through has lost nothing.
 */
#include "refuse.h"

static int ff_add(atomic_long *sum, long n)
{
    leat_yield();
    atomic_fetch_add(sum, n);
    return 0;
}

static void groups(void)
{
    atomic_long sum = 0;
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);

    {
        leat_scoped_group(g, ctx);
        leat_group_set_limit(&g, 3);
        for (long i = 1; i <= 20; i++)
            leat_group_go(&g, ff_add, &sum, i);
        T_ERR(leat_group_wait(&g), 0);
        leat_group_go(&g, ff_add, &sum, 21L);
    }
    leat_ctx_free(ctx);
    T_EQ(atomic_load(&sum), 231);
}
REFUSE_TEST(groups)

struct ff_text {
    char text[24];
};
typedef leat_flight(struct ff_text) ff_flight;
typedef leat_chan(ff_flight) ff_flight_chan;

static int ff_load(struct ff_text *out, const char *from)
{
    leat_yield();
    strcpy(out->text, from);
    return 0;
}

static void shared_calls(void)
{
    enum { CHANNELS = 4 };
    leat_singleflight g = {0};
    ff_flight_chan c[CHANNELS];
    struct ff_text own;

    for (int i = 0; i < CHANNELS; i++) {
        c[i] = leat_chan_make(ff_flight_chan, 1);
        leat_singleflight_do_chan(&g, i < 2 ? "key" : "other", c[i], ff_load, "value");
    }
    T_ERR(leat_singleflight_do(&g, "key", &own, NULL, ff_load, "value"), 0);
    T_STREQ(own.text, "value");
    for (int i = 0; i < CHANNELS; i++) {
        ff_flight r;
        T_TRUE(leat_recv(c[i], &r));
        T_ERR(r.err, 0);
        T_STREQ(r.value.text, "value");
        leat_chan_free(c[i]);
    }
}
REFUSE_TEST(shared_calls)

static void pools_of_workers(void)
{
    atomic_long sum = 0;
    leat_workers *w = leat_workers_make(&(leat_workers_opts){.workers = 2, .backlog = 3});

    for (long i = 1; i <= 20; i++) {
        T_ERR(leat_workers_submit(w, ff_add, &sum, i), 0);
        if (i == 10)
            leat_workers_resize(w, 4);
    }
    T_ERR(leat_workers_drain(w), 0);
    T_EQ(atomic_load(&sum), 210);
    leat_workers_free(w);
}
REFUSE_TEST(pools_of_workers)

/* ---- pipelines and routes ---- */

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
    *out = *in * *by;
    return 0;
}

static int ff_add_batch(const int *values, size_t n, atomic_long *sum)
{
    for (size_t i = 0; i < n; i++)
        atomic_fetch_add(sum, values[i]);
    return 0;
}

static int ff_add_value(const int *value, atomic_long *sum)
{
    atomic_fetch_add(sum, *value);
    return 0;
}

static void pipelines(void)
{
    static const int two = 2;
    leat_scoped_chan(leat_int_chan, numbers, 0);
    leat_scoped_chan(leat_int_chan, doubled, 2);
    leat_scoped_chan(leat_int_chan, ordered, 0);
    struct ff_range range = {.end = 30};
    atomic_long sum = 0;
    leat_scoped_group(g, NULL);

    leat_source(&g, numbers, ff_next, &range);
    leat_stage(&g, 2, numbers, doubled, ff_scale, &two);
    leat_ordered_stage(&g, 2, 3, doubled, ordered, ff_scale, &two);
    leat_batch(&g, ordered, 4, LEAT_HOUR, ff_add_batch, &sum);
    T_ERR(leat_group_wait(&g), 0);
    T_EQ(atomic_load(&sum), 4 * 435);
}
REFUSE_TEST(pipelines)

static void routes(void)
{
    leat_int_chan in[2], twice[2], lane[2];
    leat_scoped_chan(leat_int_chan, all, 0);
    leat_scoped_chan(leat_int_chan, until, 0);
    struct ff_range range[2] = {{.end = 10}, {.end = 20}};
    atomic_long whole = 0, parts = 0;

    for (int i = 0; i < 2; i++) {
        in[i] = leat_chan_make(leat_int_chan, 0);
        twice[i] = leat_chan_make(leat_int_chan, 0);
        lane[i] = leat_chan_make(leat_int_chan, i);
    }
    {
        leat_scoped_group(g, NULL);
        for (int i = 0; i < 2; i++) {
            leat_source(&g, in[i], ff_next, &range[i]);
            leat_sink(&g, 1, lane[i], ff_add_value, &parts);
        }
        leat_fan_in(&g, in, 2, all);
        leat_or_done(&g, all, until);
        leat_tee(&g, until, twice, 2);
        leat_sink(&g, 1, twice[0], ff_add_value, &whole);
        leat_fan_out(&g, twice[1], lane, 2);
        T_ERR(leat_group_wait(&g), 0);
    }
    T_EQ(atomic_load(&whole), 45 + 190);
    T_EQ(atomic_load(&parts), 45 + 190);
    for (int i = 0; i < 2; i++) {
        leat_chan_free(in[i]);
        leat_chan_free(twice[i]);
        leat_chan_free(lane[i]);
    }
}
REFUSE_TEST(routes)

typedef leat_chan(leat_int_chan) ff_chan_chan;

static void bridges(void)
{
    leat_scoped_chan(ff_chan_chan, in, 3);
    leat_scoped_chan(leat_int_chan, out, 0);
    leat_scoped_group(g, NULL);
    int expected = 0;

    leat_bridge(&g, in, out);
    for (int i = 0; i < 3; i++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, 2);
        leat_send(c, 2 * i);
        leat_send(c, 2 * i + 1);
        leat_close(c);
        leat_send(in, c);
    }
    leat_close(in);
    leat_range(v, out)
        T_EQ(v, expected++);
    T_EQ(expected, 6);
    T_ERR(leat_group_wait(&g), 0);
}
REFUSE_TEST(bridges)

/* ---- topics ---- */

typedef leat_topic(int) ff_topic;

static void topics(void)
{
    ff_topic t = leat_topic_make(ff_topic);
    leat_int_chan c[3];

    for (int i = 0; i < 3; i++)
        c[i] = leat_subscribe(t, leat_int_chan, 8, LEAT_SLOW_BLOCK);
    leat_unsubscribe(t, c[1]);
    for (int v = 0; v < 8; v++)
        T_ERR(leat_publish(t, v), 0);
    leat_topic_close(t);
    for (int i = 0; i < 3; i += 2) {
        int expected = 0;
        leat_range(v, c[i])
            T_EQ(v, expected++);
        T_EQ(expected, 8);
        leat_unsubscribe(t, c[i]);
    }
    leat_topic_free(t);
}
REFUSE_TEST(topics)

/* ---- all processors ---- */

struct ff_counts {
    long n[32]; /* too large for a frame: the heap holds it */
};

static int ff_count(int64_t from, int64_t to, struct ff_counts *c, const int *step)
{
    for (int64_t i = from; i < to; i++)
        c->n[i % 32] += *step;
    return 0;
}

static void ff_join(struct ff_counts *into, const struct ff_counts *more)
{
    for (int i = 0; i < 32; i++)
        into->n[i] += more->n[i];
}

static int ff_mark(int64_t from, int64_t to, int *seen)
{
    for (int64_t i = from; i < to; i++)
        seen[i]++;
    return 0;
}

static int ff_by_value(const int *a, const int *b)
{
    return (*a > *b) - (*a < *b);
}

static void all_processors(void)
{
    enum { N = 640 };
    static int numbers[N];
    static const int one = 1;
    struct ff_counts counts = {{0}};

    T_ERR(leat_parallel_for(0, N, 16, ff_mark, numbers), 0);
    for (int i = 0; i < N; i++) {
        T_EQ(numbers[i], 1);
        numbers[i] = i * 77 % N;
    }
    T_ERR(leat_parallel_reduce(0, N, 16, &counts, ff_count, ff_join, &one), 0);
    for (int i = 0; i < 32; i++)
        T_EQ(counts.n[i], N / 32);
    leat_parallel_sort(numbers, N, 16, ff_by_value);
    for (int i = 1; i < N; i++)
        T_LE(numbers[i - 1], numbers[i]);
}
REFUSE_TEST(all_processors)

/* ---- what needs no memory at all ---- */

static void ff_pass(leat_throttle *t, leat_semaphore *s, atomic_long *sum)
{
    T_ERR(leat_throttle_enter(t), 0);
    leat_semaphore_acquire(s, 2);
    leat_yield();
    atomic_fetch_add(sum, 1);
    leat_semaphore_release(s, 2);
    leat_throttle_leave(t);
}

/* The goroutines have been made before: what is asked for later is these calls'. */
T_TEST(semaphores_throttles_limiters_and_shared_calls_need_no_memory, .procs = {1})
{
    leat_semaphore s = LEAT_SEMAPHORE(3);
    leat_throttle t = {.limit = 4, .backlog = 100};
    leat_singleflight f = {0};
    leat_limiter l;
    struct ff_text text;
    leat_waitgroup wg = {0};
    atomic_long sum = 0;

    leat_limiter_init(&l, 1e9, 1);
    for (int i = 0; i < 20; i++)
        leat_waitgroup_go(&wg, ff_pass, &t, &s, &sum);
    refuse_all();
    ff_pass(&t, &s, &sum);
    leat_waitgroup_wait(&wg);
    T_ERR(leat_singleflight_do(&f, "key", &text, NULL, ff_load, "value"), 0);
    T_TRUE(leat_limiter_allow(&l));
    leat_reservation r = leat_limiter_reserve(&l);
    leat_reservation_cancel(&r);
    refuse_pass();
    T_EQ(refuse_asked(), 0);
    T_EQ(atomic_load(&sum), 21);
}

static void limited_waits(void)
{
    leat_semaphore s = LEAT_SEMAPHORE(1);
    leat_limiter l;

    leat_limiter_init(&l, 1e6, 1);
    leat_semaphore_acquire(&s, 1);
    leat_ctx *ctx = leat_ctx_with_timeout(NULL, LEAT_MILLISECOND);
    T_ERR(leat_semaphore_acquire_ctx(ctx, &s, 1), -ETIMEDOUT);
    leat_ctx_free(ctx);
    T_ERR(leat_semaphore_acquire_until(&s, 1, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    leat_semaphore_release(&s, 1);
    T_TRUE(leat_semaphore_try_acquire(&s, 1));
    for (int i = 0; i < 3; i++)
        T_ERR(leat_limiter_wait(&l), 0);
}
REFUSE_TEST(limited_waits)
