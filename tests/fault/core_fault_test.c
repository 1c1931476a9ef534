/* SPDX-License-Identifier: MIT */
/*
 * core_fault_test.c - the start of the runtime, goroutines, channels, select, timers, contexts,
 * pools, maps and local values, with memory that ends at every point. Calls that have a status
 * say -ENOMEM, nothing has happened then, and they go on as soon as there is memory.
 */
#include "refuse.h"

static void cf_add(atomic_long *sum, long n)
{
    atomic_fetch_add(sum, n);
}

/* ---- the start, goroutines ---- */

static void cf_some_goroutines(void)
{
    leat_waitgroup wg = {0};
    atomic_long sum = 0;

    for (long i = 1; i <= 20; i++)
        leat_waitgroup_go(&wg, cf_add, &sum, i);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&sum), 210);
}

T_TEST(the_start_without_heap, .fresh = true, .modes = "!tsan", .timeout_ms = 120000)
{
    refuse_everywhere(cf_some_goroutines, REFUSE_HEAP | REFUSE_COLD);
}

T_TEST(the_start_without_mappings, .fresh = true, .modes = "!tsan", .timeout_ms = 120000)
{
    refuse_everywhere(cf_some_goroutines, REFUSE_MAPPINGS | REFUSE_COLD);
}

static void *cf_foreign(void *sum)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, cf_add, sum, 1L);
    leat_waitgroup_wait(&wg);
    return NULL;
}

static void foreign_threads(void)
{
    atomic_long sum = 0;

    for (int i = 0; i < 3; i++)
        util_join(util_thread(cf_foreign, &sum));
    T_EQ(atomic_load(&sum), 3);
}
REFUSE_TEST(foreign_threads)

static void goroutines_that_may_not_start(void)
{
    static const char *const labels[] = {"a", "b", NULL};
    leat_go_opts opts = {.name = "x", .labels = labels, .stack_size = 100000};
    atomic_long sum = 0;
    long wanted = 0;

    for (long i = 1; i <= 100; i++) {
        int err = leat_go_try(cf_add, &sum, i);
        T_TRUE(err == 0 || err == -ENOMEM);
        wanted += err ? 0 : i;
        if (err)
            refuse_pass();
    }
    for (long i = 1; i <= 5; i++) {
        leat_go_with(&opts, cf_add, &sum, i);
        wanted += i;
    }
    util_await(&sum, wanted);
    while (leat_num_goroutine() > 1)
        leat_yield();
    T_EQ(atomic_load(&sum), wanted);
}
REFUSE_TEST(goroutines_that_may_not_start)

/* ---- channels, select ---- */

static void channels_that_may_not_be_made(void)
{
    for (int i = 0; i < 5; i++) {
        leat_int_chan c = leat_chan_try_make(leat_int_chan, i);
        if (!c) {
            refuse_pass();
            continue;
        }
        T_EQ(leat_try_send_status(c, 1), i ? 0 : -EAGAIN);
        leat_chan_free(c);
    }
}
REFUSE_TEST(channels_that_may_not_be_made)

static void unbounded_channels(void)
{
    enum { N = 2000 };
    leat_int_chan c = leat_chan_make(leat_int_chan, LEAT_UNBOUNDED);
    int v;

    for (int i = 0; i < N; i++) {
        int err = leat_send_status(c, i);
        if (err) {
            T_EQ(err, -ENOMEM);
            T_EQ(leat_len(c), i);
            refuse_pass();
            T_ERR(leat_send_status(c, i), 0);
        }
    }
    for (int i = 0; i < N; i++) {
        T_TRUE(leat_recv(c, &v));
        T_EQ(v, i);
    }
    leat_chan_free(c);
}
REFUSE_TEST(unbounded_channels)

static void selects_of_many_cases(void)
{
    enum { N = 200 };
    leat_int_chan c[N];
    leat_case cases[N];
    int v = 0;

    for (int i = 0; i < N; i++) {
        c[i] = leat_chan_make(leat_int_chan, 1);
        cases[i] = leat_case_recv(c[i], &v);
    }
    leat_send(c[77], 5);
    T_EQ(leat_select_n(cases, N), 77);
    T_EQ(v, 5);
    for (int i = 0; i < N; i++)
        leat_chan_free(c[i]);
}
REFUSE_TEST(selects_of_many_cases)

/* ---- time, contexts ---- */

static void timers(void)
{
    enum { N = 200 };
    leat_timer *t[N];
    leat_waitgroup wg = {0};
    atomic_long sum = 0;

    for (int i = 0; i < N; i++)
        t[i] = leat_timer_make(i % 2 ? LEAT_HOUR : LEAT_MICROSECOND);
    leat_ticker *ticker = leat_ticker_make(LEAT_MICROSECOND);
    leat_timer *f = leat_after_func(LEAT_MICROSECOND, cf_add, &sum, 1L);
    for (int i = 0; i < 10; i++)
        leat_waitgroup_go(&wg, leat_sleep, LEAT_MICROSECOND);
    for (int i = 0; i < N; i++)
        T_TRUE(i % 2 ? leat_timer_stop(t[i]) : leat_recv(leat_timer_chan(t[i]), NULL));
    T_TRUE(leat_recv(leat_ticker_chan(ticker), NULL));
    leat_waitgroup_wait(&wg);
    util_await(&sum, 1);
    leat_ticker_free(ticker);
    leat_timer_free(f);
    for (int i = 0; i < N; i++)
        leat_timer_free(t[i]);
}
REFUSE_TEST(timers)

static void contexts(void)
{
    static int key;
    atomic_long called = 0;
    leat_ctx *root = leat_ctx_with_cancel(NULL);
    leat_ctx *timed = leat_ctx_with_timeout_cause(root, LEAT_HOUR, -EIO, "slow");
    leat_ctx *valued = leat_ctx_with_value(timed, &key, &called);
    leat_ctx *apart = leat_ctx_without_cancel(valued);

    leat_ctx_after_func(valued, cf_add, &called, 1L);
    leat_time_chan never = NULL;
    leat_ctx_cancel_cause(root, -EPIPE, "why");
    T_EQ(leat_select(leat_case_done(valued), leat_case_recv(never, NULL)), 0);
    T_ERR(leat_ctx_err(valued), -ECANCELED);
    T_ERR(leat_ctx_cause(valued), -EPIPE);
    T_STREQ(leat_ctx_cause_text(timed), "why");
    T_TRUE(leat_ctx_value(apart, &key) == &called);
    T_ERR(leat_ctx_err(apart), 0);
    util_await(&called, 1);
    leat_ctx_free(root);
    leat_ctx_free(valued);
    leat_ctx_free(timed);
    leat_ctx_free(apart);
}
REFUSE_TEST(contexts)

/* ---- pools, maps, local values ---- */

static atomic_long items_made, items_dropped;

static void *cf_make(void *arg)
{
    (void)arg;
    atomic_fetch_add(&items_made, 1);
    return malloc(16);
}

static void cf_drop(void *item, void *arg)
{
    (void)arg;
    atomic_fetch_add(&items_dropped, 1);
    free(item);
}

static void cf_borrow(leat_pool *p)
{
    void *items[200];

    for (int i = 0; i < 200; i++)
        items[i] = leat_pool_get(p);
    leat_yield();
    for (int i = 0; i < 200; i++)
        leat_pool_put(p, items[i]);
}

static void pools(void)
{
    leat_pool p = {.make = cf_make, .drop = cf_drop};
    leat_waitgroup wg = {0};

    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, cf_borrow, &p);
    leat_waitgroup_wait(&wg);
    leat_pool_trim(&p);
    cf_borrow(&p);
    leat_pool_free(&p);
    T_EQ(atomic_load(&items_made), atomic_load(&items_dropped));
}
REFUSE_TEST(pools)

static bool cf_count(leat_key key, void *value, void *n)
{
    (void)key;
    (void)value;
    ++*(int *)n;
    return true;
}

static void maps(void)
{
    enum { N = 100 };
    static int values[N];
    leat_map m = {0};
    char text[24];
    void *v;
    int n = 0;

    for (int i = 0; i < N; i++) {
        snprintf(text, sizeof(text), "key %d", i);
        leat_map_store(&m, i, &values[i]);
        T_FALSE(leat_map_load_or_store(&m, leat_key_string(text), &values[i], &v));
    }
    for (int i = 0; i < N; i++) {
        snprintf(text, sizeof(text), "key %d", i);
        T_TRUE(leat_map_load(&m, i, &v) && v == &values[i]);
        T_TRUE(leat_map_load_and_delete(&m, leat_key_string(text), &v) && v == &values[i]);
    }
    leat_map_range(&m, cf_count, &n);
    T_EQ(n, N);
    leat_map_clear(&m);
    leat_map_free(&m);
}
REFUSE_TEST(maps)

static atomic_long values_dropped;

static void cf_drop_value(void *value)
{
    free(value);
    atomic_fetch_add(&values_dropped, 1);
}

enum { CF_KEYS = 20 };
static leat_local cf_keys[CF_KEYS];

static void cf_inherits(atomic_long *done, char *const *values)
{
    for (int i = 0; i < CF_KEYS; i++)
        T_TRUE(leat_local_get(&cf_keys[i]) == (i % 2 ? values[i] : NULL));
    T_STREQ(leat_label_get("label 3"), "value");
    leat_local_set(&cf_keys[1], NULL);
    atomic_fetch_add(done, 1);
}

static void cf_has_values(atomic_long *done)
{
    char *values[CF_KEYS], label[24];

    for (int i = 0; i < CF_KEYS; i++) {
        cf_keys[i] = (leat_local){.inherited = i % 2, .drop = cf_drop_value};
        leat_local_set(&cf_keys[i], values[i] = malloc(8));
        snprintf(label, sizeof(label), "label %d", i);
        leat_label_set(label, "value");
    }
    leat_waitgroup wg = {0};
    leat_waitgroup_go(&wg, cf_inherits, done, values);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < CF_KEYS; i++)
        T_TRUE(leat_local_get(&cf_keys[i]) == values[i]);
}

static void local_values(void)
{
    leat_waitgroup wg = {0};
    atomic_long done = 0;

    leat_waitgroup_go(&wg, cf_has_values, &done);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&done), 1);
    util_await(&values_dropped, CF_KEYS);
    T_EQ(atomic_load(&values_dropped), CF_KEYS);
}
REFUSE_TEST(local_values)
