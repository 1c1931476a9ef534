/* SPDX-License-Identifier: MIT */
/* pattern_parallel_test.c - ranges, reductions, sorting: every element once, errors, order. */
#include "t.h"

#include <leat.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct pp_marks {
    unsigned char *seen;
    atomic_long pieces;
    int64_t longest;
};

static int pp_mark(int64_t from, int64_t to, struct pp_marks *m)
{
    T_LT(from, to);
    T_LE(to - from, m->longest);
    for (int64_t i = from; i < to; i++)
        m->seen[i]++;
    atomic_fetch_add(&m->pieces, 1);
    return 0;
}

T_TEST(every_step_is_done_once_whatever_the_grain)
{
    const int64_t n = t_scale(20000);
    static const int64_t grains[] = {1, 7, 1000, 1000000};

    for (size_t k = 0; k < 4; k++) {
        struct pp_marks m = {.seen = calloc((size_t)n, 1), .longest = grains[k]};
        T_ERR(leat_parallel_for(0, n, grains[k], pp_mark, &m), 0);
        for (int64_t i = 0; i < n; i++)
            T_EQ(m.seen[i], 1);
        free(m.seen);
    }
}

T_TEST(a_grain_of_leats_choice_makes_some_pieces_for_each_processor)
{
    struct pp_marks m = {.seen = calloc(100000, 1), .longest = 100000};

    T_ERR(leat_parallel_for(0, 100000, 0, pp_mark, &m), 0);
    T_GE(atomic_load(&m.pieces), 8 * t_procs());
    T_LE(atomic_load(&m.pieces), 64 * t_procs());
    T_ERR(leat_parallel_for(5, 5, 0, pp_mark, &m), 0);
    T_ERR(leat_parallel_for(5, 4, 0, pp_mark, &m), 0);
    free(m.seen);
}

struct pp_failing {
    atomic_long done;
    int64_t at;
};

static int pp_fail_at(int64_t from, int64_t to, struct pp_failing *f)
{
    if (from <= f->at && f->at < to)
        return -EIO;
    atomic_fetch_add(&f->done, to - from);
    return 0;
}

T_TEST(an_error_is_returned_and_leaves_out_what_has_not_begun)
{
    const long n = t_scale(100000);
    struct pp_failing f = {.at = 0};

    T_ERR(leat_parallel_for(0, n, 1, pp_fail_at, &f), -EIO);
    T_LT(atomic_load(&f.done), n);
    f.at = -1;
    f.done = 0;
    T_ERR(leat_parallel_for(0, 1000, 1, pp_fail_at, &f), 0);
    T_EQ(atomic_load(&f.done), 1000);
}

static int pp_cancel_at(int64_t from, int64_t to, leat_ctx *ctx)
{
    if (from <= 100 && 100 < to)
        leat_ctx_cancel(ctx);
    return 0;
}

T_TEST(a_context_ends_a_loop)
{
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);

    T_ERR(leat_parallel_for_ctx(ctx, 0, t_scale(100000), 1, pp_cancel_at, ctx), -ECANCELED);
    leat_ctx_free(ctx);
    T_ERR(leat_parallel_for_ctx(NULL, 0, 10, 1, pp_cancel_at, (leat_ctx *)NULL), 0);
}

static int pp_exit(int64_t from, int64_t to, atomic_long *n)
{
    atomic_fetch_add(n, to - from);
    leat_exit();
}

static void pp_exit_in_loop(atomic_long *n)
{
    leat_parallel_for(0, 500, 1, pp_exit, n);
    T_FAIL("it came back");
}

T_TEST(an_exit_in_a_piece_waits_for_the_others)
{
    leat_waitgroup wg = {0};
    atomic_long n = 0;

    leat_waitgroup_go(&wg, pp_exit_in_loop, &n);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&n), 500);
}

static int pp_inner(int64_t from, int64_t to, atomic_long *sum)
{
    atomic_fetch_add(sum, to - from);
    return 0;
}

static int pp_outer(int64_t from, int64_t to, atomic_long *sum)
{
    for (int64_t i = from; i < to; i++)
        T_ERR(leat_parallel_for(0, 100, 10, pp_inner, sum), 0);
    return 0;
}

T_TEST(loops_nest)
{
    atomic_long sum = 0;

    T_ERR(leat_parallel_for(0, 100, 5, pp_outer, &sum), 0);
    T_EQ(atomic_load(&sum), 10000);
}

/* Reductions. Joining strings of digits is associative and not commutative. */

static int pp_sum(int64_t from, int64_t to, int64_t *sum, const int *values)
{
    for (int64_t i = from; i < to; i++)
        *sum += values[i];
    return 0;
}

static void pp_plus(int64_t *left, const int64_t *right)
{
    *left += *right;
}

T_TEST(a_reduction_adds_everything_up)
{
    enum { N = 50000 };
    int *values = malloc(N * sizeof(int));
    int64_t sum = 0, expect = 0;

    for (int i = 0; i < N; i++)
        expect += values[i] = (int)(t_rand() % 1000);
    T_ERR(leat_parallel_reduce(0, N, 0, &sum, pp_sum, pp_plus, values), 0);
    T_EQ(sum, expect);
    sum = 0;
    T_ERR(leat_parallel_reduce(0, N, 3, &sum, pp_sum, pp_plus, values), 0);
    T_EQ(sum, expect);
    sum = 17;
    T_ERR(leat_parallel_reduce(3, 3, 0, &sum, pp_sum, pp_plus, values), 0);
    T_EQ(sum, 17);
    free(values);
}

struct pp_text {
    char digits[600]; /* larger than what fits on the stack */
    int n;
};

static int pp_digits(int64_t from, int64_t to, struct pp_text *t, void *arg)
{
    (void)arg;
    for (int64_t i = from; i < to; i++)
        t->digits[t->n++] = (char)('0' + i % 10);
    return 0;
}

static void pp_concat(struct pp_text *left, const struct pp_text *right)
{
    memcpy(left->digits + left->n, right->digits, (size_t)right->n);
    left->n += right->n;
}

T_TEST(a_reduction_joins_neighbours_in_their_order)
{
    struct pp_text *t = calloc(1, sizeof(*t));

    T_ERR(leat_parallel_reduce(0, 600, 7, t, pp_digits, pp_concat, NULL), 0);
    T_EQ(t->n, 600);
    for (int i = 0; i < 600; i++)
        T_EQ(t->digits[i], '0' + i % 10);
    free(t);
}

static int pp_sum_fails(int64_t from, int64_t to, int64_t *sum, void *arg)
{
    (void)sum;
    (void)arg;
    return from <= 500 && 500 < to ? -EPERM : 0;
}

T_TEST(an_error_ends_a_reduction)
{
    int64_t sum = 0;
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);

    T_ERR(leat_parallel_reduce(0, 1000, 1, &sum, pp_sum_fails, pp_plus, NULL), -EPERM);
    leat_ctx_cancel(ctx);
    T_ERR(leat_parallel_reduce_ctx(ctx, 0, 9, 1, &sum, pp_sum_fails, pp_plus, NULL),
          -ECANCELED);
    leat_ctx_free(ctx);
}

/* Sorting. */

static int pp_by_int(const int *a, const int *b)
{
    return (*a > *b) - (*a < *b);
}

enum pp_shape { PP_RANDOM, PP_SORTED, PP_REVERSED, PP_EQUAL, PP_FEW, PP_ORGAN, PP_SHAPES };

static int pp_value(enum pp_shape shape, size_t i, size_t n)
{
    switch (shape) {
    case PP_SORTED:
        return (int)i;
    case PP_REVERSED:
        return (int)(n - i);
    case PP_EQUAL:
        return 7;
    case PP_FEW:
        return (int)(t_rand() % 3);
    case PP_ORGAN:
        return (int)(i < n / 2 ? i : n - i);
    default:
        return (int)t_rand();
    }
}

/* Sorted, and the same elements: their sum and the sum of their squares are what they were. */
static void pp_sort_ints(enum pp_shape shape, size_t n, size_t grain)
{
    int *a = malloc((n + 1) * sizeof(int));
    uint64_t sum = 0, squares = 0;

    for (size_t i = 0; i < n; i++) {
        a[i] = pp_value(shape, i, n);
        sum += (uint64_t)a[i];
        squares += (uint64_t)a[i] * (uint64_t)a[i];
    }
    a[n] = 12345;
    leat_parallel_sort(a, n, grain, pp_by_int);
    for (size_t i = 0; i < n; i++) {
        T_TRUE(i == 0 || a[i - 1] <= a[i]);
        sum -= (uint64_t)a[i];
        squares -= (uint64_t)a[i] * (uint64_t)a[i];
    }
    T_EQ(sum, 0);
    T_EQ(squares, 0);
    T_EQ(a[n], 12345);
    free(a);
}

T_TEST(arrays_of_every_shape_are_sorted)
{
    const size_t large = (size_t)t_scale(100000);

    for (int shape = 0; shape < PP_SHAPES; shape++) {
        for (size_t n = 0; n < 40; n++)
            pp_sort_ints((enum pp_shape)shape, n, 1);
        pp_sort_ints((enum pp_shape)shape, 1000, 10);
        pp_sort_ints((enum pp_shape)shape, large, 0);
    }
}

struct pp_record {
    char key[13]; /* an odd size */
};

static int pp_by_key(const struct pp_record *a, const struct pp_record *b)
{
    return memcmp(a->key, b->key, sizeof(a->key));
}

struct pp_pair {
    uint64_t key, value;
};

static int pp_by_pair(const struct pp_pair *a, const struct pp_pair *b)
{
    return (a->key > b->key) - (a->key < b->key);
}

static int pp_by_double(const double *a, const double *b)
{
    return (*a > *b) - (*a < *b);
}

T_TEST(elements_of_every_size_are_sorted_whole)
{
    enum { N = 20000 };
    struct pp_record *r = malloc(N * sizeof(*r));
    struct pp_pair *p = malloc(N * sizeof(*p));
    double *d = malloc(N * sizeof(*d));

    for (int i = 0; i < N; i++) {
        for (size_t k = 0; k < 12; k++)
            r[i].key[k] = (char)('a' + t_rand() % 4);
        r[i].key[12] = r[i].key[0];
        p[i].key = t_rand();
        p[i].value = ~p[i].key;
        d[i] = (double)(int64_t)t_rand();
    }
    leat_parallel_sort(r, N, 100, pp_by_key);
    leat_parallel_sort(p, N, 100, pp_by_pair);
    leat_parallel_sort(d, N, 100, pp_by_double);
    for (int i = 0; i < N; i++) {
        T_EQ(r[i].key[12], r[i].key[0]);
        T_EQ(p[i].value, ~p[i].key);
        T_TRUE(i == 0 || pp_by_key(&r[i - 1], &r[i]) <= 0);
        T_TRUE(i == 0 || p[i - 1].key <= p[i].key);
        T_TRUE(i == 0 || d[i - 1] <= d[i]);
    }
    free(r);
    free(p);
    free(d);
}

/* Elements that make quicksort quadratic: whatever it asks for last is the smallest left. */
static atomic_int pp_solid;
static _Atomic(int) *pp_gas;

static int pp_by_adversary(const int *a, const int *b)
{
    int x = atomic_load(&pp_gas[*a]), y = atomic_load(&pp_gas[*b]);

    if (x == INT32_MAX && y == INT32_MAX) {
        x = atomic_fetch_add(&pp_solid, 1);
        atomic_store(&pp_gas[*a], x);
    }
    return (x > y) - (x < y);
}

static atomic_long pp_compared;

static int pp_by_int_counted(const int *a, const int *b)
{
    atomic_fetch_add_explicit(&pp_compared, 1, memory_order_relaxed);
    return (*a > *b) - (*a < *b);
}

T_TEST(the_worst_order_costs_n_log_n, .procs = {1})
{
    enum { N = 20000 };
    int *a = malloc(N * sizeof(int));

    pp_gas = malloc(N * sizeof(*pp_gas));
    for (int i = 0; i < N; i++) {
        a[i] = i;
        atomic_store(&pp_gas[i], INT32_MAX);
    }
    leat_parallel_sort(a, N, N, pp_by_adversary);
    for (int i = 0; i < N; i++)
        a[i] = atomic_load(&pp_gas[i]);
    leat_parallel_sort(a, N, N, pp_by_int_counted);
    T_LE(atomic_load(&pp_compared), 20000L * 15 * 6);
    for (int i = 1; i < N; i++)
        T_LE(a[i - 1], a[i]);
    free((void *)pp_gas);
    free(a);
}

static int pp_by_chance(const int *a, const int *b)
{
    (void)a;
    (void)b;
    return (int)(t_rand() % 3) - 1;
}

T_TEST(a_comparison_that_contradicts_itself_harms_nothing_else)
{
    enum { N = 10000 };
    int *a = malloc((N + 2) * sizeof(int));
    long sum = 0;

    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < N + 2; i++)
            a[i] = i;
        leat_parallel_sort(a + 1, N, 50, pp_by_chance);
        sum = 0;
        for (int i = 1; i <= N; i++)
            sum += a[i];
        T_EQ(sum, (long)N * (N + 1) / 2);
        T_EQ(a[0], 0);
        T_EQ(a[N + 1], N + 1);
    }
    free(a);
}

static leat_ctx *pp_sort_ctx;

static int pp_by_int_until(const int *a, const int *b)
{
    if (atomic_fetch_add_explicit(&pp_compared, 1, memory_order_relaxed) == 5000)
        leat_ctx_cancel(pp_sort_ctx);
    return pp_by_int(a, b);
}

/* What is left is sorted by another call, which finds all elements. */
T_TEST(a_sort_ends_with_its_context)
{
    enum { N = 20000 };
    int *a = malloc(N * sizeof(int));

    for (int i = 0; i < N; i++)
        a[i] = (int)(i * 7919L % N);
    pp_sort_ctx = leat_ctx_with_cancel(NULL);
    T_ERR(leat_parallel_sort_ctx(pp_sort_ctx, a, N, 100, pp_by_int_until), -ECANCELED);
    T_LT(atomic_load(&pp_compared), 4L * N);
    T_ERR(leat_parallel_sort_ctx(pp_sort_ctx, a, N, 100, pp_by_int_until), -ECANCELED);
    T_ERR(leat_parallel_sort_ctx(pp_sort_ctx, a, 1, 100, pp_by_int_until), 0);
    T_ERR(leat_parallel_sort_ctx(NULL, a, N, 100, pp_by_int), 0);
    for (int i = 0; i < N; i++)
        T_EQ(a[i], i);
    leat_ctx_free(pp_sort_ctx);
    free(a);
}
