/* SPDX-License-Identifier: MIT */
/*
 * cancel_lock_test.c - storms of cancellation over locks, conditions and wait groups: whoever
 * gives up leaves them as if it had never come. What a lock guards is plain memory; a permit too
 * many loses counts, one too few leaves somebody waiting for ever.
 */
#include "storm.h"

enum { STORM_EACH = 60 };

static void storm_crowd(void (*body)(long), long rounds)
{
    leat_waitgroup storms = {0}, wg = {0};

    storm_begin(&storms, 0);
    for (int i = 0; i < STORM_EACH; i++)
        leat_waitgroup_go(&wg, body, rounds);
    leat_waitgroup_wait(&wg);
    storm_end(&storms);
}

static void check_result(leat_ctx *ctx, int err)
{
    T_TRUE(err == 0 || err == -ETIMEDOUT || (ctx && err == leat_ctx_err(ctx)));
}

/* ---- mutex ---- */

static struct {
    leat_mutex m;
    long count; /* m */
    atomic_long entered, given_up;
} storm_lock;

static int storm_locks(leat_ctx *ctx)
{
    int err = 0;

    switch (t_rand() % 4) {
    case 0:
        leat_mutex_lock(&storm_lock.m);
        break;
    case 1:
        err = leat_mutex_lock_until(&storm_lock.m, storm_deadline());
        break;
    default:
        err = leat_mutex_lock_ctx(ctx, &storm_lock.m);
    }
    check_result(ctx, err);
    return err;
}

static void storm_counts(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        leat_ctx *ctx = storm_ctx();
        if (storm_locks(ctx) == 0) {
            long seen = storm_lock.count;
            if (t_rand() % 4 == 0)
                leat_yield();
            storm_lock.count = seen + 1;
            leat_mutex_unlock(&storm_lock.m);
            atomic_fetch_add(&storm_lock.entered, 1);
        } else {
            atomic_fetch_add(&storm_lock.given_up, 1);
        }
        leat_ctx_free(ctx);
    }
}

T_TEST(a_mutex_stays_sane_in_a_storm, .timeout_ms = 120000)
{
    long rounds = t_scale(500);

    storm_crowd(storm_counts, rounds);
    T_EQ(storm_lock.count, atomic_load(&storm_lock.entered));
    T_EQ(storm_lock.count + atomic_load(&storm_lock.given_up), STORM_EACH * rounds);
    T_TRUE(leat_mutex_trylock(&storm_lock.m)); /* nobody holds it, nobody waits */
    leat_mutex_unlock(&storm_lock.m);
}

/* ---- reader-writer lock ---- */

static struct {
    leat_rwmutex rw;
    long left, right; /* rw: always equal outside of a writer */
    atomic_long written;
} storm_rw;

static void storm_writes(leat_ctx *ctx)
{
    int err = t_rand() % 2 ? leat_rwmutex_lock_ctx(ctx, &storm_rw.rw)
                           : leat_rwmutex_lock_until(&storm_rw.rw, storm_deadline());

    check_result(ctx, err);
    if (err)
        return;
    storm_rw.left++;
    if (t_rand() % 2)
        leat_yield();
    storm_rw.right++;
    leat_rwmutex_unlock(&storm_rw.rw);
    atomic_fetch_add(&storm_rw.written, 1);
}

static void storm_reads(leat_ctx *ctx)
{
    int err = t_rand() % 2 ? leat_rwmutex_rlock_ctx(ctx, &storm_rw.rw)
                           : leat_rwmutex_rlock_until(&storm_rw.rw, storm_deadline());

    check_result(ctx, err);
    if (err)
        return;
    T_EQ(storm_rw.left, storm_rw.right);
    if (t_rand() % 4 == 0)
        leat_yield();
    T_EQ(storm_rw.left, storm_rw.right);
    leat_rwmutex_runlock(&storm_rw.rw);
}

static void storm_reads_and_writes(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        leat_ctx *ctx = storm_ctx();
        if (t_rand() % 4 == 0)
            storm_writes(ctx);
        else
            storm_reads(ctx);
        leat_ctx_free(ctx);
    }
}

T_TEST(a_reader_writer_lock_stays_sane_in_a_storm, .timeout_ms = 120000)
{
    storm_crowd(storm_reads_and_writes, t_scale(500));
    T_EQ(storm_rw.left, atomic_load(&storm_rw.written));
    T_EQ(storm_rw.right, atomic_load(&storm_rw.written));
    T_TRUE(leat_rwmutex_trylock(&storm_rw.rw));
    leat_rwmutex_unlock(&storm_rw.rw);
}

/* ---- condition ---- */

static struct {
    leat_mutex m;
    leat_cond c;
    long tokens; /* m */
    atomic_long given, taken;
} storm_shop;

/* A signal is for one who waits: if it went to one who gives up, a taker without a limit would
 * stand beside a token for ever. */
static void storm_takes(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        bool limited = t_rand() % 4 != 0;
        leat_ctx *ctx = limited ? storm_ctx() : NULL;
        int err = 0;
        leat_mutex_lock(&storm_shop.m);
        while (storm_shop.tokens == 0 && err == 0)
            err = leat_cond_wait_ctx(ctx, &storm_shop.c, &storm_shop.m);
        check_result(ctx, err);
        if (storm_shop.tokens > 0) {
            storm_shop.tokens--;
            atomic_fetch_add(&storm_shop.taken, 1);
        }
        leat_mutex_unlock(&storm_shop.m);
        leat_ctx_free(ctx);
    }
}

static void storm_gives(atomic_bool *stop)
{
    while (!atomic_load(stop)) {
        leat_mutex_lock(&storm_shop.m);
        if (storm_shop.tokens < STORM_EACH) {
            storm_shop.tokens++;
            atomic_fetch_add(&storm_shop.given, 1);
            leat_cond_signal(&storm_shop.c);
        }
        leat_mutex_unlock(&storm_shop.m);
        for (uint64_t n = t_rand() % 4; n > 0; n--)
            leat_yield();
    }
}

T_TEST(a_condition_loses_no_signal_in_a_storm, .timeout_ms = 120000)
{
    static atomic_bool stop;
    leat_waitgroup giver = {0};

    leat_waitgroup_go(&giver, storm_gives, &stop);
    storm_crowd(storm_takes, t_scale(300));
    atomic_store(&stop, true);
    leat_waitgroup_wait(&giver);
    T_EQ(storm_shop.tokens + atomic_load(&storm_shop.taken), atomic_load(&storm_shop.given));
}

/* ---- wait group ---- */

static struct {
    leat_waitgroup wg;
    atomic_long waited, given_up;
} storm_group;

static void storm_works(void)
{
    for (uint64_t n = t_rand() % 20; n > 0; n--)
        leat_yield();
}

static void storm_waits(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        leat_ctx *ctx = storm_ctx();
        int err = leat_waitgroup_wait_ctx(ctx, &storm_group.wg);
        check_result(ctx, err);
        atomic_fetch_add(err ? &storm_group.given_up : &storm_group.waited, 1);
        leat_ctx_free(ctx);
    }
}

T_TEST(a_wait_group_forgets_who_gives_up_in_a_storm, .timeout_ms = 120000)
{
    enum { GENERATIONS = 20, TASKS = 30, WAITERS = 30 };
    leat_waitgroup storms = {0};

    storm_begin(&storms, 0);
    for (int generation = 0; generation < GENERATIONS; generation++) {
        leat_waitgroup waiters = {0};
        leat_waitgroup_add(&storm_group.wg, 1);
        for (int i = 0; i < WAITERS; i++)
            leat_waitgroup_go(&waiters, storm_waits, t_scale(20));
        for (int i = 0; i < TASKS; i++)
            leat_waitgroup_go(&storm_group.wg, storm_works);
        for (uint64_t n = t_rand() % 200; n > 0; n--)
            leat_yield();
        leat_waitgroup_done(&storm_group.wg);
        leat_waitgroup_wait(&storm_group.wg);
        leat_waitgroup_wait(&waiters); /* else its reuse would be misuse */
    }
    storm_end(&storms);
    T_EQ(atomic_load(&storm_group.waited) + atomic_load(&storm_group.given_up),
         GENERATIONS * WAITERS * t_scale(20));
}
