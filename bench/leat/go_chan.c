/* SPDX-License-Identifier: MIT */
/*
 * Twins of the channel benchmarks of Go's own runtime tests, under their names.
 */
#include "go_twins.h"

uint64_t bench_twin_sink;

typedef struct twin_32 {
    int64_t v[4];
} twin_32;
typedef struct twin_40 {
    int64_t v[5];
} twin_40;
typedef leat_chan(char) twin_byte_chan;
typedef leat_chan(twin_32) twin_32_chan;
typedef leat_chan(twin_40) twin_40_chan;

#define TWIN_MAKE_CHAN(row, type)                         \
    do {                                                  \
        int64_t start = bench_now();                      \
        for (long i = 0; i < n; i++) {                    \
            type c = leat_chan_make(type, 8);             \
            sum += leat_cap(c);                           \
            leat_chan_free(c);                            \
        }                                                 \
        bench_report_since("go/MakeChan/" row, start, n); \
    } while (0)

static void twin_make_chan(void)
{
    long n = bench_count(1000000);
    int64_t sum = 0;
    TWIN_MAKE_CHAN("Byte", twin_byte_chan);
    TWIN_MAKE_CHAN("Int", leat_int64_chan);
    TWIN_MAKE_CHAN("Ptr", leat_ptr_chan);
    TWIN_MAKE_CHAN("Struct0", leat_done_chan);
    TWIN_MAKE_CHAN("Struct32", twin_32_chan);
    TWIN_MAKE_CHAN("Struct40", twin_40_chan);
    BENCH_CHECK(sum == 6 * 8 * n);
}

static void twin_nonblocking(leat_int_chan c, long n)
{
    for (long i = 0; i < n; i++)
        BENCH_CHECK(!leat_try_recv(c, NULL));
}

static void twin_hundreds(leat_int_chan shared, long n)
{
    leat_int_chan c = shared ? shared : leat_chan_make(leat_int_chan, 100);
    for (long i = 0; i < n; i++) {
        for (int j = 0; j < 100; j++)
            leat_send(c, j);
        for (int j = 0; j < 100; j++)
            leat_recv(c, NULL);
    }
    if (!shared)
        leat_chan_free(c);
}

static void twin_create(void *unused, long n)
{
    (void)unused;
    for (long i = 0; i < n; i++) {
        int v = 0;
        leat_int_chan c = leat_chan_make(leat_int_chan, 1);
        leat_send(c, 7);
        leat_recv(c, &v);
        BENCH_CHECK(v == 7);
        leat_chan_free(c);
    }
}

static void twin_semaphore(leat_done_chan c, long n)
{
    for (long i = 0; i < n; i++) {
        leat_send(c, LEAT_UNIT);
        leat_recv(c, NULL);
    }
}

/* What is queued when the channel is closed, received one by one. */
static void twin_receive_data_from_closed(void)
{
    long n = bench_count(5000000);
    leat_int64_chan c = leat_chan_make(leat_int64_chan, n);
    int64_t v, sum = 0;

    for (long i = 0; i < n; i++)
        leat_send(c, i);
    leat_close(c);
    int64_t start = bench_now();
    while (leat_recv(c, &v))
        sum += v;
    bench_report_since("go/ReceiveDataFromClosedChan", start, n);
    BENCH_CHECK(sum == n * (n - 1) / 2);
    leat_chan_free(c);
}

static void twin_shared(void)
{
    int64_t start;
    long n = bench_count(10000000);

    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    start = bench_now();
    TWIN_PARALLEL(n, twin_nonblocking, c);
    bench_report_since("go/ChanNonblocking", start, n);
    leat_close(c);
    start = bench_now();
    TWIN_PARALLEL(n, twin_nonblocking, c);
    bench_report_since("go/ChanClosed", start, n);
    leat_chan_free(c);
    twin_receive_data_from_closed();

    n = bench_count(20000);
    start = bench_now();
    TWIN_PARALLEL(n, twin_hundreds, (leat_int_chan)NULL);
    bench_report_since("go/ChanUncontended", start, n);
    c = leat_chan_make(leat_int_chan, 100 * leat_procs(0));
    start = bench_now();
    TWIN_PARALLEL(n, twin_hundreds, c);
    bench_report_since("go/ChanContended", start, n);
    leat_chan_free(c);

    n = bench_count(2000000);
    start = bench_now();
    TWIN_PARALLEL(n, twin_create, NULL);
    bench_report_since("go/ChanCreation", start, n);
    leat_done_chan sem = leat_chan_make(leat_done_chan, leat_procs(0));
    start = bench_now();
    TWIN_PARALLEL(n, twin_semaphore, sem);
    bench_report_since("go/ChanSem", start, n);
    leat_chan_free(sem);
}

static void twin_alternate(leat_int_chan c, bool first, int work, long n)
{
    for (long i = 0; i < n; i++) {
        if (first)
            leat_send(c, 0);
        leat_recv(c, NULL);
        if (!first)
            leat_send(c, 0);
        twin_work(work);
    }
}

static void twin_sync(const char *row, int work, long n)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};
    int64_t start = bench_now();
    leat_waitgroup_go(&wg, twin_alternate, c, true, work, n);
    leat_waitgroup_go(&wg, twin_alternate, c, false, work, n);
    leat_waitgroup_wait(&wg);
    bench_report_since(row, start, n);
    leat_chan_free(c);
}

static void twin_produce(leat_int_chan c, int work, long n)
{
    for (long i = 0; i < n; i++) {
        twin_work(work);
        leat_send(c, 1);
    }
}

static void twin_consume(leat_int_chan c, int work, long n)
{
    for (long i = 0; i < n; i++) {
        int v = 0;
        leat_recv(c, &v);
        BENCH_CHECK(v == 1);
        twin_work(work);
    }
}

static void twin_prod_cons(const char *row, int cap, int work, long n)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, cap);
    leat_waitgroup wg = {0};
    int procs = leat_procs(0);
    int64_t start = bench_now();
    for (int i = 0; i < procs; i++) {
        leat_waitgroup_go(&wg, twin_produce, c, work, n / procs);
        leat_waitgroup_go(&wg, twin_consume, c, work, n / procs);
    }
    leat_waitgroup_wait(&wg);
    bench_report_since(row, start, n);
    leat_chan_free(c);
}

#define TWIN_POPULAR 1000

static void twin_popular_wait(leat_int_chan shared, leat_int_chan own, long n)
{
    for (long i = 0; i < n; i++)
        leat_select(leat_case_recv(shared, NULL), leat_case_recv(own, NULL));
}

static void twin_popular(long n)
{
    static leat_int_chan own[TWIN_POPULAR];
    leat_int_chan shared = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};
    int64_t start = bench_now();
    for (int i = 0; i < TWIN_POPULAR; i++) {
        own[i] = leat_chan_make(leat_int_chan, 0);
        leat_waitgroup_go(&wg, twin_popular_wait, shared, own[i], n);
    }
    for (long i = 0; i < n; i++)
        for (int j = 0; j < TWIN_POPULAR; j++)
            leat_send(own[j], 1);
    leat_waitgroup_wait(&wg);
    bench_report_since("go/ChanPopular", start, n);
    for (int i = 0; i < TWIN_POPULAR; i++)
        leat_chan_free(own[i]);
    leat_chan_free(shared);
}

void bench_go_chan(void)
{
    long n = bench_count(1000000);
    twin_make_chan();
    twin_shared();
    twin_sync("go/ChanSync", 0, n);
    twin_sync("go/ChanSyncWork", 1000, n / 10);
    twin_prod_cons("go/ChanProdCons0", 0, 0, n);
    twin_prod_cons("go/ChanProdCons10", 10, 0, n);
    twin_prod_cons("go/ChanProdCons100", 100, 0, n);
    twin_prod_cons("go/ChanProdConsWork0", 0, 100, n);
    twin_prod_cons("go/ChanProdConsWork10", 10, 100, n);
    twin_prod_cons("go/ChanProdConsWork100", 100, 100, n);
    twin_popular(n / 2000);
}
