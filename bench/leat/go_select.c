/* SPDX-License-Identifier: MIT */
/*
 * Twins of the select benchmarks of Go's own runtime tests, under their names.
 */
#include "go_twins.h"

/* A token goes to and fro between two channels of the goroutine's own. */
static void twin_bounce(leat_int_chan *shared, long n)
{
    leat_int_chan a = shared ? shared[0] : leat_chan_make(leat_int_chan, 1);
    leat_int_chan b = shared ? shared[1] : leat_chan_make(leat_int_chan, 1);
    leat_send(a, 0);
    for (long i = 0; i < n; i++) {
        if (leat_select(leat_case_recv(a, NULL), leat_case_recv(b, NULL)) == 0)
            leat_send(b, 0);
        else
            leat_send(a, 0);
    }
    if (shared)
        return;
    leat_chan_free(a);
    leat_chan_free(b);
}

static void twin_offer(leat_int_chan *c, leat_done_chan done, leat_done_chan gone)
{
    while (leat_select(leat_case_send(c[0], 0), leat_case_send(c[1], 0),
                       leat_case_send(c[2], 0), leat_case_recv(done, NULL)) != 3)
        continue;
    leat_close(gone);
}

static void twin_take(leat_int_chan *c, long n)
{
    leat_done_chan done = leat_chan_make(leat_done_chan, 0);
    leat_done_chan gone = leat_chan_make(leat_done_chan, 0);
    leat_go(twin_offer, c, done, gone);
    for (long i = 0; i < n; i++)
        leat_select(leat_case_recv(c[0], NULL), leat_case_recv(c[1], NULL),
                    leat_case_recv(c[2], NULL));
    leat_close(done);
    leat_recv(gone, NULL);
    leat_chan_free(done);
    leat_chan_free(gone);
}

static void twin_nonblock(leat_int_chan *c, long n)
{
    for (long i = 0; i < n; i++) {
        leat_select(leat_case_recv(c[0], NULL), leat_case_default);
        leat_select(leat_case_send(c[1], 0), leat_case_default);
        leat_select(leat_case_recv(c[2], NULL), leat_case_default);
        leat_select(leat_case_send(c[3], 0), leat_case_default);
    }
}

static void twin_select_row(const char *row, void (*body)(leat_int_chan *, long), int count,
                            const int64_t *caps, long n)
{
    leat_int_chan c[4];
    for (int i = 0; i < count; i++)
        c[i] = leat_chan_make(leat_int_chan, caps[i]);
    int64_t start = bench_now();
    TWIN_PARALLEL(n, body, count ? c : NULL);
    bench_report_since(row, start, n);
    for (int i = 0; i < count; i++)
        leat_chan_free(c[i]);
}

typedef struct twin_line {
    leat_int_chan data;
    leat_time_chan never;
    leat_int_chan quit;
} twin_line;

static void twin_select_produce(const twin_line *l, long n)
{
    for (long i = 0; i < n; i++) {
        twin_work(100);
        BENCH_CHECK(leat_select(leat_case_send(l->data, 1), leat_case_recv(l->never, NULL),
                                leat_case_recv(l->quit, NULL)) == 0);
    }
}

static void twin_select_consume(const twin_line *l, long n)
{
    for (long i = 0; i < n; i++) {
        int v = 0;
        leat_select(leat_case_recv(l->data, &v), leat_case_recv(l->never, NULL),
                    leat_case_recv(l->quit, NULL));
        BENCH_CHECK(v == 1);
        twin_work(100);
    }
}

static void twin_select_prod_cons(long n)
{
    twin_line line = {.data = leat_chan_make(leat_int_chan, 128),
                      .never = leat_after(LEAT_HOUR),
                      .quit = leat_chan_make(leat_int_chan, 0)};
    leat_waitgroup wg = {0};
    int procs = leat_procs(0);
    int64_t start = bench_now();
    for (int i = 0; i < procs; i++) {
        leat_waitgroup_go(&wg, twin_select_produce, &line, n / procs);
        leat_waitgroup_go(&wg, twin_select_consume, &line, n / procs);
    }
    leat_waitgroup_wait(&wg);
    bench_report_since("go/SelectProdCons", start, n);
    leat_chan_free(line.data);
    leat_chan_free(line.never);
    leat_chan_free(line.quit);
}

void bench_go_select(void)
{
    int procs = leat_procs(0);
    long n = bench_count(1000000);
    const int64_t each[] = {procs, procs}, none[] = {0, 0, 0}, mixed[] = {0, 0, 1, 1};
    twin_select_row("go/SelectUncontended", twin_bounce, 0, NULL, n);
    twin_select_row("go/SelectAsyncContended", twin_bounce, 2, each, n);
    twin_select_row("go/SelectSyncContended", twin_take, 3, none, n / 2);
    twin_select_row("go/SelectNonblock", twin_nonblock, 4, mixed, n);
    twin_select_prod_cons(n / 2);
}
