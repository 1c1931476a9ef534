/* SPDX-License-Identifier: MIT */
/*
 * Loops and sorting on all processors, beside the same work done by one.
 *
 * The share is the parallel time in percent of the serial: half of it on two processors is a
 * speed-up of two. The serial times are those of the same code on the same data, taken in turn
 * with the parallel ones.
 */
#include <leat.h>

#include "groups.h"

/* Rows are longer than their numbers: at multiples of a page apart, the store to one and the load
 * from the next look the same to the processor, which then waits, now and then. */
enum { PARALLEL_ROUNDS = 3, PARALLEL_MATRIX = 512, PARALLEL_ROW = PARALLEL_MATRIX + 8 };

static void parallel_report(const char *name, int64_t serial, int64_t parallel)
{
    char row[64];
    snprintf(row, sizeof(row), "%s_serial", name);
    bench_report(row, (double)serial / 1e6 / PARALLEL_ROUNDS, "ms");
    snprintf(row, sizeof(row), "%s_parallel", name);
    bench_report(row, (double)parallel / 1e6 / PARALLEL_ROUNDS, "ms");
    snprintf(row, sizeof(row), "%s_share", name);
    bench_report(row, 100.0 * (double)parallel / (double)serial, "%");
}

typedef struct parallel_product {
    int size;
    double a[PARALLEL_MATRIX][PARALLEL_ROW];
    double b[PARALLEL_MATRIX][PARALLEL_ROW];
    double c[PARALLEL_MATRIX][PARALLEL_ROW];
} parallel_product;

static int parallel_matmul_rows(int64_t from, int64_t to, parallel_product *p)
{
    for (int64_t i = from; i < to; i++) {
        memset(p->c[i], 0, sizeof(p->c[i]));
        for (int k = 0; k < p->size; k++)
            for (int j = 0; j < p->size; j++)
                p->c[i][j] += p->a[i][k] * p->b[k][j];
    }
    return 0;
}

static void parallel_matmul_check(const parallel_product *p)
{
    double want = 0;
    for (int k = 0; k < p->size; k++)
        want += (3.0 + k) * (k - 5.0);
    BENCH_CHECK(p->c[3][5] == want);
}

static void parallel_matmul(void)
{
    int64_t serial = 0, parallel = 0;
    parallel_product *p = calloc(1, sizeof(*p));
    p->size = bench_scale < 100 ? PARALLEL_MATRIX / 8 : PARALLEL_MATRIX;
    for (int i = 0; i < p->size; i++) {
        for (int j = 0; j < p->size; j++) {
            p->a[i][j] = i + j;
            p->b[i][j] = i - j;
        }
    }
    for (int round = 0; round < PARALLEL_ROUNDS; round++) {
        int64_t start = bench_now();
        parallel_matmul_rows(0, p->size, p);
        serial += bench_now() - start;
        parallel_matmul_check(p);
        start = bench_now();
        BENCH_CHECK(leat_parallel_for(0, p->size, 0, parallel_matmul_rows, p) == 0);
        parallel += bench_now() - start;
        parallel_matmul_check(p);
    }
    parallel_report("matmul", serial, parallel);
    free(p);
}

static int parallel_by_value(const int64_t *a, const int64_t *b)
{
    return (*a > *b) - (*a < *b);
}

static void parallel_fill(int64_t *v, long n)
{
    uint64_t seed = 1;
    for (long i = 0; i < n; i++)
        v[i] = (int64_t)bench_random(&seed);
}

static void parallel_check_sorted(const int64_t *v, long n)
{
    long wrong = 0;
    for (long i = 1; i < n; i++)
        wrong += v[i - 1] > v[i];
    BENCH_CHECK(wrong == 0);
}

/* A grain of all is a serial sort; the C library's own stands beside it. */
static void parallel_sorts(void)
{
    long n = bench_count(4000000);
    int64_t serial = 0, parallel = 0, library = 0, *v = malloc((size_t)n * sizeof(v[0]));
    for (int round = 0; round < PARALLEL_ROUNDS; round++) {
        parallel_fill(v, n);
        int64_t start = bench_now();
        leat_parallel_sort(v, (size_t)n, (size_t)n, parallel_by_value);
        serial += bench_now() - start;
        parallel_check_sorted(v, n);
        parallel_fill(v, n);
        start = bench_now();
        leat_parallel_sort(v, (size_t)n, 0, parallel_by_value);
        parallel += bench_now() - start;
        parallel_check_sorted(v, n);
        parallel_fill(v, n);
        start = bench_now();
        qsort(v, (size_t)n, sizeof(v[0]), bench_compare);
        library += bench_now() - start;
    }
    parallel_report("sort", serial, parallel);
    bench_report("sort_library", (double)library / 1e6 / PARALLEL_ROUNDS, "ms");
    free(v);
}

void bench_parallel(void)
{
    parallel_matmul();
    parallel_sorts();
}
