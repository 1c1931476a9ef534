/* SPDX-License-Identifier: MIT */
/*
 * cancel_crowd_test.c - one storm over everything at once: thousands of goroutines and some threads
 * wait for the same few locks, conditions, semaphores and channels, whatever the dice say, while
 * trees of contexts end all around them. At the end each object is as if nobody had ever given
 * up: nothing is held, nothing is missing, and nobody stands in a queue.
 */
#include "storm.h"

#include "chan/chan.h"
#include "flow/semaphore.h"
#include "sync/cond.h"
#include "sync/rwmutex.h"

enum { CROWD_PERMITS = 5, CROWD_TOKENS = 16, CROWD_THREADS = 3 };

static struct {
    leat_mutex lock;
    long count; /* lock */

    leat_rwmutex rw;
    long left, right; /* rw: equal outside of a writer */

    leat_mutex shop;
    leat_cond filled, emptied; /* of shop; each for one kind only */
    long tokens;               /* shop */

    leat_semaphore permits;
    leat_waitgroup never; /* done when all is over */
    leat_latch latch;     /* as well */
    leat_atomic_uint32 word;
    leat_int_chan chan[2];

    atomic_long entered, written, brought, taken, out, sent, received;
    atomic_long done, gave_up;
} crowd = {.permits = LEAT_SEMAPHORE(CROWD_PERMITS), .latch = LEAT_LATCH(1)};

static void crowd_dawdle(void)
{
    if (t_rand() % 4 == 0)
        leat_yield();
}

static int crowd_mutex(leat_ctx *ctx)
{
    int err = t_rand() % 2 ? leat_mutex_lock_ctx(ctx, &crowd.lock)
                           : leat_mutex_lock_until(&crowd.lock, storm_deadline());

    if (err)
        return err;
    long seen = crowd.count;
    crowd_dawdle();
    crowd.count = seen + 1;
    leat_mutex_unlock(&crowd.lock);
    atomic_fetch_add(&crowd.entered, 1);
    return 0;
}

static int crowd_write(leat_ctx *ctx)
{
    int err = t_rand() % 2 ? leat_rwmutex_lock_ctx(ctx, &crowd.rw)
                           : leat_rwmutex_lock_until(&crowd.rw, storm_deadline());

    if (err)
        return err;
    crowd.left++;
    crowd_dawdle();
    crowd.right++;
    atomic_fetch_add(&crowd.written, 1);
    if (t_rand() % 2) {
        leat_rwmutex_unlock(&crowd.rw);
        return 0;
    }
    long right = crowd.right;
    leat_rwmutex_downgrade(&crowd.rw);
    crowd_dawdle();
    T_EQ(crowd.left, right);
    leat_rwmutex_runlock(&crowd.rw);
    return 0;
}

static int crowd_read(leat_ctx *ctx)
{
    int err = t_rand() % 2 ? leat_rwmutex_rlock_ctx(ctx, &crowd.rw)
                           : leat_rwmutex_rlock_until(&crowd.rw, storm_deadline());

    if (err)
        return err;
    T_EQ(crowd.left, crowd.right);
    crowd_dawdle();
    T_EQ(crowd.left, crowd.right);
    leat_rwmutex_runlock(&crowd.rw);
    return 0;
}

/* A store with room for some: one signal for each that comes and for each that goes. */
static int crowd_bring(leat_ctx *ctx)
{
    int err = leat_mutex_lock_ctx(ctx, &crowd.shop);

    if (err)
        return err;
    while (crowd.tokens == CROWD_TOKENS && !err)
        err = leat_cond_wait_ctx(ctx, &crowd.emptied, &crowd.shop);
    if (crowd.tokens < CROWD_TOKENS) {
        crowd.tokens++;
        atomic_fetch_add(&crowd.brought, 1);
        leat_cond_signal(&crowd.filled);
        err = 0;
    }
    leat_mutex_unlock(&crowd.shop);
    return err;
}

static int crowd_fetch(leat_ctx *ctx)
{
    int err = leat_mutex_lock_ctx(ctx, &crowd.shop);

    if (err)
        return err;
    leat_duration deadline = storm_deadline();
    while (crowd.tokens == 0 && !err)
        err = leat_cond_wait_until(&crowd.filled, &crowd.shop, deadline);
    if (crowd.tokens > 0) {
        crowd.tokens--;
        atomic_fetch_add(&crowd.taken, 1);
        leat_cond_signal(&crowd.emptied);
        err = 0;
    }
    leat_mutex_unlock(&crowd.shop);
    return err;
}

/* Sometimes more than there is at all: that waits aside, and in nobody's way. */
static int crowd_permits(leat_ctx *ctx)
{
    long n = 1 + (long)(t_rand() % (CROWD_PERMITS + 2));
    int err = t_rand() % 2 ? leat_semaphore_acquire_ctx(ctx, &crowd.permits, n)
                           : leat_semaphore_acquire_until(&crowd.permits, n, storm_deadline());

    if (err)
        return err;
    T_LE(atomic_fetch_add(&crowd.out, n) + n, CROWD_PERMITS);
    crowd_dawdle();
    atomic_fetch_sub(&crowd.out, n);
    leat_semaphore_release(&crowd.permits, n);
    return 0;
}

static int crowd_send(leat_ctx *ctx)
{
    leat_int_chan c = crowd.chan[t_rand() % 2];
    int err = t_rand() % 2 ? leat_send_ctx(ctx, c, 1) : leat_send_until(c, 1, storm_deadline());

    if (!err)
        atomic_fetch_add(&crowd.sent, 1);
    return err;
}

static int crowd_receive(leat_ctx *ctx)
{
    int v = 0;
    int err = 0;

    if (t_rand() % 2)
        err = leat_recv_ctx(ctx, crowd.chan[t_rand() % 2], &v);
    else if (leat_select(leat_case_recv(crowd.chan[0], &v), leat_case_recv(crowd.chan[1], &v),
                         leat_case_done(ctx)) == 2)
        err = leat_ctx_err(ctx);
    atomic_fetch_add(&crowd.received, v);
    T_EQ(v, !err);
    return err;
}

/* Ends only when its limit does. */
static int crowd_in_vain(leat_ctx *ctx)
{
    uint32_t seen = leat_atomic_load(&crowd.word);

    switch (t_rand() % 4) {
    case 0:
        return leat_waitgroup_wait_ctx(ctx, &crowd.never);
    case 1:
        return leat_latch_wait_ctx(ctx, &crowd.latch);
    case 2:
        return leat_atomic_wait_ctx(ctx, &crowd.word, seen);
    default:
        return leat_sleep_ctx(ctx, LEAT_HOUR);
    }
}

static int (*const crowd_deeds[])(leat_ctx *) = {
    crowd_mutex,   crowd_write, crowd_read,    crowd_bring,   crowd_fetch,
    crowd_permits, crowd_send,  crowd_receive, crowd_in_vain,
};

static void crowd_member(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        leat_ctx *ctx = storm_ctx();
        int err = crowd_deeds[t_rand() % (sizeof(crowd_deeds) / sizeof(*crowd_deeds))](ctx);
        T_TRUE(err == 0 || err == -ETIMEDOUT || err == leat_ctx_err(ctx));
        atomic_fetch_add(err ? &crowd.gave_up : &crowd.done, 1);
        leat_ctx_free(ctx);
    }
}

static void *crowd_thread(void *rounds)
{
    crowd_member(*(long *)rounds);
    return NULL;
}

static void crowd_has_left_locks(void)
{
    T_TRUE(leat_mutex_trylock(&crowd.lock));
    leat_mutex_unlock(&crowd.lock);
    T_EQ(crowd.count, atomic_load(&crowd.entered));
    T_STREQ(rwmutex_check(&crowd.rw), NULL);
    T_TRUE(leat_rwmutex_trylock(&crowd.rw));
    leat_rwmutex_unlock(&crowd.rw);
    T_EQ(crowd.left, atomic_load(&crowd.written));
    T_EQ(crowd.right, crowd.left);
    T_STREQ(semaphore_check(&crowd.permits), NULL);
    T_EQ(semaphore_waiting(&crowd.permits), 0);
    T_TRUE(leat_semaphore_try_acquire(&crowd.permits, CROWD_PERMITS));
}

static void crowd_has_left_queues(void)
{
    leat_cond *const conds[] = {&crowd.filled, &crowd.emptied};

    T_EQ(crowd.tokens, atomic_load(&crowd.brought) - atomic_load(&crowd.taken));
    for (int i = 0; i < 2; i++) {
        T_STREQ(cond_check(conds[i]), NULL);
        T_TRUE(!((struct cond *)(void *)conds[i])->waiting.first);
    }
    T_FALSE(leat_try_send(crowd.chan[0], 1)); /* nobody is there to receive */
    for (int i = 0; i < 2; i++) {
        int v;
        T_STREQ(chan_check((leat_chan_base *)(void *)crowd.chan[i]), NULL);
        while (leat_try_recv(crowd.chan[i], &v))
            atomic_fetch_add(&crowd.received, v);
        leat_chan_free(crowd.chan[i]); /* with waiters this is fatal */
    }
    T_EQ(atomic_load(&crowd.sent), atomic_load(&crowd.received));
}

T_TEST(a_crowd_leaves_everything_as_it_was, .timeout_ms = 120000)
{
    long members = t_scale(20000), rounds = 10, n = members + CROWD_THREADS;
    leat_waitgroup storms = {0}, wg = {0};
    pthread_t threads[CROWD_THREADS];

    crowd.chan[0] = leat_chan_make(leat_int_chan, 0);
    crowd.chan[1] = leat_chan_make(leat_int_chan, 3);
    leat_waitgroup_add(&crowd.never, 1);
    storm_begin(&storms, 0);
    for (int i = 0; i < CROWD_THREADS; i++)
        threads[i] = util_thread(crowd_thread, &rounds);
    for (long i = 0; i < members; i++)
        leat_waitgroup_go(&wg, crowd_member, rounds);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < CROWD_THREADS; i++)
        util_join(threads[i]);
    storm_end(&storms);
    T_EQ(atomic_load(&crowd.done) + atomic_load(&crowd.gave_up), n * rounds);
    T_LOG("%ld done, %ld given up", atomic_load(&crowd.done), atomic_load(&crowd.gave_up));
    crowd_has_left_locks();
    crowd_has_left_queues();
    leat_waitgroup_done(&crowd.never);
    leat_waitgroup_wait(&crowd.never);
    leat_latch_count_down(&crowd.latch, 1);
    leat_latch_wait(&crowd.latch);
}
