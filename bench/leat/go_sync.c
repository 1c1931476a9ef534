/* SPDX-License-Identifier: MIT */
/*
 * Twins of the benchmarks of Go's own tests of Mutex, WaitGroup and Once, under their names.
 */
#include "go_twins.h"

enum { SYNC_SLACK = 10, SYNC_HOPPERS = 4, SYNC_HOP_WORDS = 4096, SYNC_WALK_WORDS = 16384 };

static void sync_lock_own(void *unused, long n)
{
    struct {
        leat_mutex lock;
        char pad[128];
    } own = {0};
    (void)unused;
    for (long i = 0; i < n; i++) {
        leat_mutex_lock(&own.lock);
        leat_mutex_unlock(&own.lock);
    }
}

typedef struct sync_shared {
    leat_mutex lock;
    leat_waitgroup group;
    uint64_t less, more;
    int work; /* after each operation */
} sync_shared;

static void sync_lock_shared(sync_shared *s, long n)
{
    for (long i = 0; i < n; i++) {
        leat_mutex_lock(&s->lock);
        leat_mutex_unlock(&s->lock);
        if (s->work)
            twin_work(s->work);
    }
}

static void sync_lock_row(const char *row, int slack, int work)
{
    sync_shared s = {.work = work};
    long n = bench_count(work ? 2000000 : 8000000);
    int64_t start = bench_now();
    TWIN_GOROUTINES(leat_procs(0) * slack, n, sync_lock_shared, &s);
    bench_report_since(row, start, n);
}

static void sync_change(sync_shared *s)
{
    leat_mutex_lock(&s->lock);
    s->less -= 100;
    s->more += 100;
    leat_mutex_unlock(&s->lock);
}

static void sync_walk(uint64_t *data, int words)
{
    for (int i = 0; i < words; i += 4)
        data[i]++;
}

/* Takes the place of its starter while that waits for it. */
static void sync_hop(leat_done_chan c)
{
    leat_send(c, LEAT_UNIT);
}

static void sync_mostly_hop(sync_shared *s, long n)
{
    uint64_t *data = calloc(SYNC_HOP_WORDS, sizeof(data[0]));
    leat_done_chan c = leat_chan_make(leat_done_chan, 0);
    for (long i = 0; i < n; i++) {
        if (i % 4 == 0) {
            sync_change(s);
        } else {
            sync_walk(data, SYNC_HOP_WORDS);
            leat_go(sync_hop, c);
            leat_recv(c, NULL);
        }
    }
    leat_chan_free(c);
    free(data);
}

static void sync_change_and_walk(sync_shared *s, long n)
{
    uint64_t *data = calloc(SYNC_WALK_WORDS, sizeof(data[0]));
    for (long i = 0; i < n; i++) {
        sync_change(s);
        sync_walk(data, SYNC_WALK_WORDS);
    }
    free(data);
}

/* Where spinning for the lock does not pay, and where it does. */
static void sync_spin_rows(void)
{
    sync_shared s = {0};
    long n = bench_count(400000);
    int64_t start = bench_now();
    TWIN_GOROUTINES(leat_procs(0) * SYNC_HOPPERS, n, sync_mostly_hop, &s);
    bench_report_since("go/MutexNoSpin", start, n);
    n = bench_count(100000);
    start = bench_now();
    TWIN_PARALLEL(n, sync_change_and_walk, &s);
    bench_report_since("go/MutexSpin", start, n);
    BENCH_CHECK(s.less + s.more == 0 && s.more > 0);
}

static void sync_count_own(void *unused, long n)
{
    struct {
        leat_waitgroup group;
        char pad[128];
    } own = {0};
    (void)unused;
    for (long i = 0; i < n; i++) {
        leat_waitgroup_add(&own.group, 1);
        leat_waitgroup_done(&own.group);
        leat_waitgroup_wait(&own.group);
    }
}

static void sync_add_done(sync_shared *s, long n)
{
    for (long i = 0; i < n; i++) {
        leat_waitgroup_add(&s->group, 1);
        if (s->work)
            twin_work(s->work);
        leat_waitgroup_done(&s->group);
    }
}

static void sync_wait_for_none(sync_shared *s, long n)
{
    for (long i = 0; i < n; i++) {
        leat_waitgroup_wait(&s->group);
        if (s->work)
            twin_work(s->work);
    }
}

static void sync_wait_for_one(void *unused, long n)
{
    (void)unused;
    for (long i = 0; i < n; i++) {
        leat_waitgroup group = {0};
        leat_waitgroup_add(&group, 1);
        leat_go(leat_waitgroup_done, &group);
        leat_waitgroup_wait(&group);
    }
}

static void sync_group_row(const char *row, void (*body)(sync_shared *, long), int work, long n)
{
    sync_shared s = {.work = work};
    int64_t start = bench_now();
    TWIN_PARALLEL(n, body, &s);
    bench_report_since(row, start, n);
    leat_waitgroup_wait(&s.group);
}

static void sync_wait_groups(void)
{
    long n = bench_count(8000000);
    int64_t start = bench_now();
    TWIN_PARALLEL(n, sync_count_own, NULL);
    bench_report_since("go/WaitGroupUncontended", start, n);
    sync_group_row("go/WaitGroupAddDone", sync_add_done, 0, n);
    sync_group_row("go/WaitGroupAddDoneWork", sync_add_done, 100, n / 4);
    sync_group_row("go/WaitGroupWait", sync_wait_for_none, 0, 4 * n);
    sync_group_row("go/WaitGroupWaitWork", sync_wait_for_none, 100, n / 4);
    n = bench_count(1000000);
    start = bench_now();
    TWIN_PARALLEL(n, sync_wait_for_one, NULL);
    bench_report_since("go/WaitGroupActuallyWait", start, n);
}

static void sync_set(int *value)
{
    *value = 7;
}

static void sync_do_once(leat_once *once, long n)
{
    static int value;
    for (long i = 0; i < n; i++)
        leat_once_do(once, sync_set, &value);
    BENCH_CHECK(value == 7);
}

typedef leat_once_value(int) sync_once_int;

static int sync_seven(void)
{
    return 7;
}

static void sync_get_once(sync_once_int *once, long n)
{
    long sum = 0;
    for (long i = 0; i < n; i++)
        sum += leat_once_get(once, sync_seven);
    BENCH_CHECK(sum == 7 * n);
}

void bench_go_sync(void)
{
    long n = bench_count(20000000);
    int64_t start = bench_now();
    TWIN_PARALLEL(n, sync_lock_own, NULL);
    bench_report_since("go/MutexUncontended", start, n);
    sync_lock_row("go/Mutex", 1, 0);
    sync_lock_row("go/MutexSlack", SYNC_SLACK, 0);
    sync_lock_row("go/MutexWork", 1, 100);
    sync_lock_row("go/MutexWorkSlack", SYNC_SLACK, 100);
    sync_spin_rows();
    sync_wait_groups();

    leat_once once = {0};
    n = bench_count(100000000);
    start = bench_now();
    TWIN_PARALLEL(n, sync_do_once, &once);
    bench_report_since("go/Once", start, n);

    sync_once_int value = {0};
    start = bench_now();
    TWIN_PARALLEL(n, sync_get_once, &value);
    bench_report_since("go/OnceValue", start, n);
}
