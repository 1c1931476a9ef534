/* SPDX-License-Identifier: MIT */
/*
 * Reader-writer locks and conditions that several goroutines use, and twins of the benchmarks of
 * Go's own tests of RWMutex and Cond under their names.
 */
#include "go_twins.h"

static void lock_read(leat_rwmutex *rw, long n)
{
    for (long i = 0; i < n; i++) {
        leat_rwmutex_rlock(rw);
        leat_rwmutex_runlock(rw);
    }
}

void bench_readers(void)
{
    leat_rwmutex rw = {0};
    long n = bench_count(8000000);
    int64_t start = bench_now();
    TWIN_GOROUTINES(4, n, lock_read, &rw);
    bench_report_since("rwmutex_readers_4", start, n);
    leat_rwmutex_lock(&rw);
    leat_rwmutex_unlock(&rw);
}

typedef struct lock_turns {
    leat_mutex lock;
    leat_cond changed;
    int turn;
    int waiting; /* how many of a round have come */
} lock_turns;

static void lock_take_turns(lock_turns *t, long n, int mine)
{
    for (long i = 0; i < n; i++) {
        leat_mutex_lock(&t->lock);
        while (t->turn != mine)
            leat_cond_wait(&t->changed, &t->lock);
        t->turn = !mine;
        leat_cond_signal(&t->changed);
        leat_mutex_unlock(&t->lock);
    }
}

/* A round trip: each of two has had its turn. */
void bench_handover(void)
{
    lock_turns t = {0};
    leat_waitgroup wg = {0};
    long n = bench_count(1000000);
    int64_t start = bench_now();
    leat_waitgroup_go(&wg, lock_take_turns, &t, n, 0);
    leat_waitgroup_go(&wg, lock_take_turns, &t, n, 1);
    leat_waitgroup_wait(&wg);
    bench_report_since("cond_handover", start, n);
    BENCH_CHECK(t.turn == 0);
}

static void lock_all_kinds(void *unused, long n)
{
    struct {
        leat_rwmutex lock;
        char pad[128];
    } own = {0};
    (void)unused;
    for (long i = 0; i < n; i++) {
        leat_rwmutex_rlock(&own.lock);
        leat_rwmutex_rlock(&own.lock);
        leat_rwmutex_runlock(&own.lock);
        leat_rwmutex_runlock(&own.lock);
        leat_rwmutex_lock(&own.lock);
        leat_rwmutex_unlock(&own.lock);
    }
}

typedef struct lock_shared {
    leat_rwmutex lock;
    int every; /* which operation is a write */
    int work;  /* of a reader */
} lock_shared;

static void lock_read_or_write(lock_shared *s, long n)
{
    for (long i = 1; i <= n; i++) {
        if (i % s->every == 0) {
            leat_rwmutex_lock(&s->lock);
            leat_rwmutex_unlock(&s->lock);
        } else {
            leat_rwmutex_rlock(&s->lock);
            if (s->work)
                twin_work(s->work);
            leat_rwmutex_runlock(&s->lock);
        }
    }
}

static void lock_mixed_row(const char *row, int every, int work)
{
    lock_shared s = {.every = every, .work = work};
    long n = bench_count(work ? 2000000 : 8000000);
    int64_t start = bench_now();
    TWIN_PARALLEL(n, lock_read_or_write, &s);
    bench_report_since(row, start, n);
}

static void lock_meet(lock_turns *t, long n, int all)
{
    for (long i = 0; i < n; i++) {
        leat_mutex_lock(&t->lock);
        if (++t->waiting == all) {
            t->waiting = 0;
            leat_cond_broadcast(&t->changed);
        } else {
            leat_cond_wait(&t->changed, &t->lock);
        }
        leat_mutex_unlock(&t->lock);
    }
}

static void lock_cond_row(int waiters)
{
    char row[32];
    lock_turns t = {0};
    leat_waitgroup wg = {0};
    long n = bench_count(1000000) / (waiters + 1);
    int64_t start = bench_now();
    for (int i = 0; i <= waiters; i++)
        leat_waitgroup_go(&wg, lock_meet, &t, n, waiters + 1);
    leat_waitgroup_wait(&wg);
    snprintf(row, sizeof(row), "go/Cond%d", waiters);
    bench_report_since(row, start, n);
    BENCH_CHECK(t.waiting == 0);
}

void bench_go_lock(void)
{
    long n = bench_count(5000000);
    int64_t start = bench_now();
    TWIN_PARALLEL(n, lock_all_kinds, NULL);
    bench_report_since("go/RWMutexUncontended", start, n);
    lock_mixed_row("go/RWMutexWrite100", 100, 0);
    lock_mixed_row("go/RWMutexWrite10", 10, 0);
    lock_mixed_row("go/RWMutexWorkWrite100", 100, 100);
    lock_mixed_row("go/RWMutexWorkWrite10", 10, 100);
    for (int waiters = 1; waiters <= 32; waiters *= 2)
        lock_cond_row(waiters);
}
