/* SPDX-License-Identifier: MIT */
/*
 * Twins of the benchmarks of Go's context tests, under their names. Go drops what it has
 * cancelled for the collector; here each context is freed.
 */
#include "go_twins.h"

enum { CTX_WORK = 100, CTX_BATCH = 10, CTX_DEPTH_MAX = 1000 };

static const char ctx_key, ctx_other_key;

static void ctx_common(leat_ctx *shared, long n)
{
    for (long i = 0; i < n; i++) {
        leat_ctx *ctx = leat_ctx_with_cancel(shared);
        BENCH_CHECK(leat_ctx_value(ctx, &ctx_key) == &bench_twin_sink);
        twin_work(CTX_WORK);
        leat_ctx_free(ctx);
    }
}

static void ctx_common_parent(void)
{
    long n = bench_count(2000000);
    leat_ctx *root = leat_ctx_with_cancel(NULL);
    leat_ctx *shared = leat_ctx_with_value(root, &ctx_key, &bench_twin_sink);
    int64_t start = bench_now();
    TWIN_PARALLEL(n, ctx_common, shared);
    bench_report_since("go/CommonParentCancel", start, n);
    leat_ctx_free(shared);
    leat_ctx_free(root);
}

static void ctx_timeouts(leat_ctx *parent, long n)
{
    for (long i = 0; i < n; i++) {
        leat_ctx *batch[CTX_BATCH];
        for (int k = 0; k < CTX_BATCH; k++)
            batch[k] = leat_ctx_with_timeout(parent, LEAT_HOUR);
        for (int k = 0; k < CTX_BATCH; k++)
            leat_ctx_free(batch[k]);
    }
}

/* With so many timers alive beside them. */
static void ctx_with_timeout(const char *row, long alive)
{
    long n = bench_count(200000);
    leat_ctx **beside = calloc((size_t)alive, sizeof(leat_ctx *));
    for (long i = 0; i < alive; i++)
        beside[i] = leat_ctx_with_timeout(NULL, LEAT_HOUR + i);
    int64_t start = bench_now();
    TWIN_PARALLEL(n, ctx_timeouts, NULL);
    bench_report_since(row, start, n);
    for (long i = 0; i < alive; i++)
        leat_ctx_free(beside[i]);
    free(beside);
}

static void ctx_tree(const char *row, int depth)
{
    static leat_ctx *chain[CTX_DEPTH_MAX];
    long n = bench_count(4000000) / depth, over = 0;
    int64_t start = bench_now();
    for (long i = 0; i < n; i++) {
        for (int d = 0; d < depth; d++)
            chain[d] = leat_ctx_with_cancel(d ? chain[d - 1] : NULL);
        leat_ctx_cancel(chain[0]);
        over += leat_ctx_err(chain[depth - 1]) == -ECANCELED;
        for (int d = 0; d < depth; d++)
            leat_ctx_free(chain[d]);
    }
    bench_report_since(row, start, n);
    BENCH_CHECK(over == n);
}

static void ctx_check(void)
{
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    long n = bench_count(50000000), seen = 0;

    leat_ctx_done(ctx);
    leat_ctx_cancel(ctx);
    int64_t start = bench_now();
    for (long i = 0; i < n; i++)
        seen += leat_ctx_err(ctx) != 0;
    bench_report_since("go/CheckCanceled/Err", start, n);
    start = bench_now();
    for (long i = 0; i < n; i++)
        seen += leat_select(leat_case_done(ctx), leat_case_default) == 0;
    bench_report_since("go/CheckCanceled/Done", start, n);
    BENCH_CHECK(seen == 2 * n);
    leat_ctx_free(ctx);
}

static void ctx_poll_done(leat_ctx *ctx, long n)
{
    long over = 0;
    for (long i = 0; i < n; i++)
        over += leat_select(leat_case_done(ctx), leat_case_default) == 0;
    BENCH_CHECK(over == 0);
}

static void ctx_cancel_done(void)
{
    long n = bench_count(50000000);
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    int64_t start = bench_now();
    TWIN_PARALLEL(n, ctx_poll_done, ctx);
    bench_report_since("go/ContextCancelDone", start, n);
    leat_ctx_free(ctx);
}

static void ctx_deep_value(const char *row, int depth)
{
    leat_ctx *chain[100];
    long n = bench_count(20000000) / depth, found = 0;
    for (int d = 0; d < depth; d++)
        chain[d] = leat_ctx_with_value(d ? chain[d - 1] : NULL, &ctx_key, &bench_twin_sink);
    int64_t start = bench_now();
    for (long i = 0; i < n; i++)
        found += leat_ctx_value(chain[depth - 1], &ctx_other_key) != NULL;
    bench_report_since(row, start, n);
    BENCH_CHECK(found == 0);
    for (int d = 0; d < depth; d++)
        leat_ctx_free(chain[d]);
}

void bench_go_context(void)
{
    ctx_common_parent();
    ctx_with_timeout("go/WithTimeout/40", 40);
    ctx_with_timeout("go/WithTimeout/4000", 4000);
    ctx_with_timeout("go/WithTimeout/400000", 400000);
    ctx_tree("go/CancelTree/1", 1);
    ctx_tree("go/CancelTree/10", 10);
    ctx_tree("go/CancelTree/100", 100);
    ctx_tree("go/CancelTree/1000", CTX_DEPTH_MAX);
    ctx_check();
    ctx_cancel_done();
    ctx_deep_value("go/DeepValue/10", 10);
    ctx_deep_value("go/DeepValue/100", 100);
}
