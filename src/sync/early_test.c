/* SPDX-License-Identifier: MIT */
/*
 * early_test.c - who gives up waiting for a lock leaves it as if it had never come.
 *
 * A context begins with a pointer to what cancels it; here it is no more than the two.
 * The storms meet grants with cancels and timeouts at random, and look at the words at the end:
 * a permit lost or left over, a waiter miscounted, a mode without a reason all show there, or
 * hang.
 */
#include <leat.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "park/cancel.h"
#include "park/lot.h"
#include "sync/cond.h"
#include "sync/rwmutex.h"
#include "t.h"

struct early_context {
    struct cancel *source;
    struct cancel cancel;
};

static void early_init(struct early_context *c)
{
    c->source = &c->cancel;
    cancel_init(&c->cancel, NULL, NULL);
}

static leat_ctx *early_ctx(struct early_context *c)
{
    return (leat_ctx *)(void *)c;
}

static void early_cancel(struct early_context *c)
{
    cancel_now(&c->cancel, -ECANCELED, NULL);
}

static void early_await(atomic_int *what, int n)
{
    while (atomic_load(what) != n)
        leat_yield();
}

static void early_await_g(_Atomic(struct g *) *where)
{
    struct g *g;

    while (!(g = atomic_load(where)) || load_acquire(&g->status) != G_WAITING)
        leat_yield();
}

T_TEST(what_is_over_already_touches_nothing)
{
    struct early_context c;
    leat_mutex m = {0};
    leat_rwmutex rw = {0};
    leat_cond cond = {0};
    leat_waitgroup wg = {0};

    early_init(&c);
    early_cancel(&c);
    for (int i = 0; i < 2; i++) {
        leat_ctx *ctx = early_ctx(&c);
        int err = i ? -ETIMEDOUT : -ECANCELED;
        T_EQ(i ? leat_mutex_lock_until(&m, 1) : leat_mutex_lock_ctx(ctx, &m), err);
        T_EQ(m.leat__state, 0u);
        T_EQ(i ? leat_rwmutex_lock_until(&rw, 1) : leat_rwmutex_lock_ctx(ctx, &rw), err);
        T_EQ(i ? leat_rwmutex_rlock_until(&rw, 1) : leat_rwmutex_rlock_ctx(ctx, &rw), err);
        T_EQ(rw.leat__state, 0u);
        T_EQ(rw.leat__turn.leat__state, 0u);
        T_EQ(i ? leat_cond_wait_until(&cond, &m, 1) : leat_cond_wait_ctx(ctx, &cond, &m), err);
        T_EQ(i ? leat_waitgroup_wait_until(&wg, 1) : leat_waitgroup_wait_ctx(ctx, &wg), err);
    }
}

T_TEST(no_context_and_no_end_lock_as_always)
{
    leat_mutex m = {0};
    leat_rwmutex rw = {0};
    leat_waitgroup wg = {0};

    T_EQ(leat_mutex_lock_ctx(NULL, &m), 0);
    leat_mutex_unlock(&m);
    T_EQ(leat_mutex_lock_until(&m, LEAT_FOREVER), 0);
    leat_mutex_unlock(&m);
    T_EQ(leat_rwmutex_rlock_ctx(NULL, &rw), 0);
    T_EQ(leat_rwmutex_rlock_until(&rw, LEAT_FOREVER), 0);
    T_EQ(leat_rwmutex_lock_until(&rw, leat_now() + 1), -ETIMEDOUT);
    leat_rwmutex_runlock(&rw);
    leat_rwmutex_runlock(&rw);
    T_EQ(leat_rwmutex_lock_ctx(NULL, &rw), 0);
    T_EQ(leat_rwmutex_rlock_until(&rw, leat_now() + 1), -ETIMEDOUT);
    leat_rwmutex_unlock(&rw);
    T_EQ(rw.leat__state, 0u);
    T_EQ(leat_waitgroup_wait_ctx(NULL, &wg), 0);
}

/* ---- one at a time ---- */

struct early_waiter {
    struct early_context c;
    _Atomic(struct g *) g;
    atomic_int result; /* 1: none yet */
};

static void waiter_init(struct early_waiter *w)
{
    early_init(&w->c);
    atomic_store(&w->g, NULL);
    atomic_store(&w->result, 1);
}

static void waiter_await_result(struct early_waiter *w, int err)
{
    while (atomic_load(&w->result) == 1)
        leat_yield();
    T_EQ(atomic_load(&w->result), err);
}

static void waits_for_mutex(struct early_waiter *w, leat_mutex *m)
{
    atomic_store(&w->g, g_self());
    atomic_store(&w->result, leat_mutex_lock_ctx(early_ctx(&w->c), m));
}

T_TEST(a_cancelled_waiter_leaves_a_mutex)
{
    leat_mutex m = {0};
    struct early_waiter w[3];

    leat_mutex_lock(&m);
    for (int i = 0; i < 3; i++) {
        waiter_init(&w[i]);
        leat_go(waits_for_mutex, &w[i], &m);
        early_await_g(&w[i].g);
    }
    early_cancel(&w[1].c); /* from the middle, */
    waiter_await_result(&w[1], -ECANCELED);
    early_cancel(&w[0].c); /* the head, */
    waiter_await_result(&w[0], -ECANCELED);
    T_EQ(atomic_load(&w[2].result), 1);
    leat_mutex_unlock(&m);
    waiter_await_result(&w[2], 0); /* and the one that is left is served */
    leat_mutex_unlock(&m);
    T_EQ(m.leat__state, 0u);
    T_EQ(m.leat__sema, 0u);
    T_STREQ(lot_check(), NULL);
}

static void waits_to_write(struct early_waiter *w, leat_rwmutex *rw)
{
    atomic_store(&w->g, g_self());
    atomic_store(&w->result, leat_rwmutex_lock_ctx(early_ctx(&w->c), rw));
}

static void waits_to_read(struct early_waiter *w, leat_rwmutex *rw)
{
    atomic_store(&w->g, g_self());
    atomic_store(&w->result, leat_rwmutex_rlock_ctx(early_ctx(&w->c), rw));
}

T_TEST(a_cancelled_writer_lets_the_readers_in_that_it_blocked)
{
    leat_rwmutex rw = {0};
    struct early_waiter writer, r[3];

    leat_rwmutex_rlock(&rw);
    waiter_init(&writer);
    leat_go(waits_to_write, &writer, &rw);
    early_await_g(&writer.g);
    for (int i = 0; i < 3; i++) {
        waiter_init(&r[i]);
        leat_go(waits_to_read, &r[i], &rw);
        early_await_g(&r[i].g);
    }
    T_STREQ(rwmutex_check(&rw), NULL);
    early_cancel(&writer.c);
    waiter_await_result(&writer, -ECANCELED);
    for (int i = 0; i < 3; i++)
        waiter_await_result(&r[i], 0);
    T_EQ(rw.leat__state, 4u);
    for (int i = 0; i < 4; i++)
        leat_rwmutex_runlock(&rw);
    leat_rwmutex_lock(&rw);
    leat_rwmutex_unlock(&rw);
    T_EQ(rw.leat__state, 0u);
    T_EQ(rw.leat__readers, 0u);
    T_EQ(rw.leat__writer, 0u);
}

T_TEST(a_cancelled_reader_leaves_a_written_lock)
{
    leat_rwmutex rw = {0};
    struct early_waiter r[2];

    leat_rwmutex_lock(&rw);
    for (int i = 0; i < 2; i++) {
        waiter_init(&r[i]);
        leat_go(waits_to_read, &r[i], &rw);
        early_await_g(&r[i].g);
    }
    early_cancel(&r[0].c);
    waiter_await_result(&r[0], -ECANCELED);
    T_EQ(rw.leat__state, (UINT64_C(1) << 63) + 1);
    leat_rwmutex_unlock(&rw);
    waiter_await_result(&r[1], 0);
    leat_rwmutex_runlock(&rw);
    T_EQ(rw.leat__state, 0u);
    T_EQ(rw.leat__readers, 0u);
}

T_TEST(a_writer_that_waits_for_its_turn_leaves_too)
{
    leat_rwmutex rw = {0};
    struct early_waiter w;

    leat_rwmutex_lock(&rw);
    waiter_init(&w);
    leat_go(waits_to_write, &w, &rw);
    early_await_g(&w.g);
    early_cancel(&w.c);
    waiter_await_result(&w, -ECANCELED);
    leat_rwmutex_unlock(&rw);
    T_EQ(rw.leat__state, 0u);
    T_EQ(rw.leat__turn.leat__state, 0u);
}

struct early_cond {
    leat_mutex m;
    leat_cond c;
    int signalled; /* guarded by m */
};

static void waits_for_signal(struct early_waiter *w, struct early_cond *e)
{
    leat_mutex_lock(&e->m);
    atomic_store(&w->g, g_self());
    int err = leat_cond_wait_ctx(early_ctx(&w->c), &e->c, &e->m);
    T_FALSE(leat_mutex_trylock(&e->m));
    e->signalled += err == 0;
    leat_mutex_unlock(&e->m);
    atomic_store(&w->result, err);
}

T_TEST(a_cancelled_wait_leaves_a_condition)
{
    struct early_cond e = {.signalled = 0};
    struct early_waiter w[3];

    for (int i = 0; i < 3; i++) {
        waiter_init(&w[i]);
        leat_go(waits_for_signal, &w[i], &e);
        early_await_g(&w[i].g);
    }
    early_cancel(&w[1].c);
    waiter_await_result(&w[1], -ECANCELED);
    early_cancel(&w[0].c);
    waiter_await_result(&w[0], -ECANCELED);
    T_STREQ(cond_check(&e.c), NULL);
    leat_cond_signal(&e.c);
    waiter_await_result(&w[2], 0);
    T_STREQ(cond_check(&e.c), NULL);
}

/* One signal and one cancel at once, two waiters: somebody gets the signal, whoever wins. */
T_TEST(a_signal_is_never_lost_on_a_cancelled_waiter)
{
    for (long i = t_scale(3000); i > 0; i--) {
        struct early_cond e = {.signalled = 0};
        struct early_waiter w[2];

        for (int k = 0; k < 2; k++) {
            waiter_init(&w[k]);
            leat_go(waits_for_signal, &w[k], &e);
            early_await_g(&w[k].g);
        }
        leat_waitgroup wg = {0};
        leat_waitgroup_go(&wg, early_cancel, &w[0].c);
        leat_cond_signal(&e.c);
        leat_waitgroup_wait(&wg);
        while (atomic_load(&w[0].result) == 1)
            leat_yield();
        if (atomic_load(&w[0].result) == 0)
            leat_cond_signal(&e.c);
        waiter_await_result(&w[1], 0);
    }
}

/* ---- wait groups ---- */

static void is_done_after(leat_waitgroup *wg, unsigned yields)
{
    while (yields-- > 0)
        leat_yield();
    leat_waitgroup_done(wg);
}

T_TEST(a_wait_that_timed_out_may_be_repeated)
{
    leat_waitgroup wg = {0};
    atomic_int go = 0;

    leat_waitgroup_go(&wg, early_await, &go, 1);
    T_EQ(leat_waitgroup_wait_until(&wg, leat_now() + 1000), -ETIMEDOUT);
    T_EQ(leat_waitgroup_wait_until(&wg, leat_now() + 1000), -ETIMEDOUT);
    T_EQ(wg.leat__state & UINT32_MAX, 0u);
    atomic_store(&go, 1);
    T_EQ(leat_waitgroup_wait_until(&wg, LEAT_FOREVER), 0);
    T_EQ(wg.leat__state, 0u);
}

T_TEST(a_wait_group_may_be_freed_after_the_wait_that_did_not_give_up)
{
    for (long i = t_scale(3000); i > 0; i--) {
        leat_waitgroup *wg = calloc(1, sizeof *wg);
        struct early_context c;
        leat_waitgroup cancelled = {0};

        early_init(&c);
        leat_waitgroup_add(wg, 1);
        leat_go(is_done_after, wg, (unsigned)(t_rand() % 4));
        leat_waitgroup_go(&cancelled, early_cancel, &c);
        int err = leat_waitgroup_wait_ctx(early_ctx(&c), wg);
        if (err)
            leat_waitgroup_wait(wg);
        free(wg);
        leat_waitgroup_wait(&cancelled);
    }
}

/* ---- storms ---- */

enum { STORM = 8 };

struct storm {
    leat_mutex m;
    leat_rwmutex rw;
    atomic_int inside; /* the reader-writer lock: readers add 1, writers 1000 */
    long plain;        /* guarded by m */
    long locked;       /* guarded by m */
};

/* A context that is cancelled at some moment; over when storm_end returns. */
struct storm_op {
    struct early_context c;
    leat_waitgroup canceller;
};

static void cancels_late(struct early_context *c, unsigned yields)
{
    while (yields-- > 0)
        leat_yield();
    early_cancel(c);
}

static void storm_begin(struct storm_op *op)
{
    *op = (struct storm_op){.canceller = {0}};
    early_init(&op->c);
    leat_waitgroup_go(&op->canceller, cancels_late, &op->c, (unsigned)(t_rand() % 6));
}

static void storm_end(struct storm_op *op)
{
    leat_waitgroup_wait(&op->canceller);
}

static leat_duration storm_deadline(void)
{
    return leat_now() + (leat_duration)(t_rand() % 100000);
}

static void storm_inside(struct storm *s)
{
    T_EQ(s->plain++, s->locked);
    if (t_rand() % 4 == 0)
        leat_yield();
    if (t_rand() % 256 == 0) /* long enough that waiters starve */
        leat_sleep(1500 * LEAT_MICROSECOND);
    s->locked++;
    leat_mutex_unlock(&s->m);
}

static void storm_mutex(struct storm *s, long rounds)
{
    for (long i = 0; i < rounds; i++) {
        struct storm_op op;
        int err = 0;

        switch (t_rand() % 3) {
        case 0:
            storm_begin(&op);
            err = leat_mutex_lock_ctx(early_ctx(&op.c), &s->m);
            if (!err)
                storm_inside(s);
            storm_end(&op);
            break;
        case 1:
            err = leat_mutex_lock_until(&s->m, storm_deadline());
            if (!err)
                storm_inside(s);
            break;
        default:
            leat_mutex_lock(&s->m);
            storm_inside(s);
        }
        T_TRUE(err == 0 || err == -ECANCELED || err == -ETIMEDOUT);
    }
}

static void *storm_mutex_thread(void *s)
{
    storm_mutex(s, t_scale(200));
    return NULL;
}

T_TEST(a_storm_of_cancels_leaves_a_mutex_sane)
{
    struct storm s = {.plain = 0};
    leat_waitgroup wg = {0};
    pthread_t thread;

    T_EQ(pthread_create(&thread, NULL, storm_mutex_thread, &s), 0);
    for (int i = 0; i < STORM; i++)
        leat_waitgroup_go(&wg, storm_mutex, &s, t_scale(600));
    leat_waitgroup_wait(&wg);
    T_EQ(pthread_join(thread, NULL), 0);
    T_EQ(s.plain, s.locked);
    T_EQ(s.m.leat__state, 0u);
    T_EQ(s.m.leat__sema, 0u);
    T_STREQ(lot_check(), NULL);
}

static int storm_rw_lock(struct storm *s, bool write, unsigned how, struct storm_op *op)
{
    if (how == 0) {
        storm_begin(op);
        leat_ctx *ctx = early_ctx(&op->c);
        return write ? leat_rwmutex_lock_ctx(ctx, &s->rw) : leat_rwmutex_rlock_ctx(ctx, &s->rw);
    }
    if (how == 1)
        return write ? leat_rwmutex_lock_until(&s->rw, storm_deadline())
                     : leat_rwmutex_rlock_until(&s->rw, storm_deadline());
    if (write)
        leat_rwmutex_lock(&s->rw);
    else
        leat_rwmutex_rlock(&s->rw);
    return 0;
}

static void storm_rw(struct storm *s, long rounds)
{
    for (long i = 0; i < rounds; i++) {
        struct storm_op op;
        bool write = t_rand() % 3 == 0;
        unsigned how = (unsigned)(t_rand() % 3);
        int err = storm_rw_lock(s, write, how, &op);

        if (!err) {
            int n = atomic_fetch_add(&s->inside, write ? 1000 : 1);
            T_TRUE(write ? n == 0 : n < 1000);
            if (t_rand() % 4 == 0)
                leat_yield();
            atomic_fetch_sub(&s->inside, write ? 1000 : 1);
            if (write)
                leat_rwmutex_unlock(&s->rw);
            else
                leat_rwmutex_runlock(&s->rw);
        }
        if (how == 0)
            storm_end(&op);
        T_STREQ(rwmutex_check(&s->rw), NULL);
    }
}

static void *storm_rw_thread(void *s)
{
    storm_rw(s, t_scale(200));
    return NULL;
}

T_TEST(a_storm_of_cancels_leaves_a_reader_writer_lock_sane)
{
    struct storm s = {.plain = 0};
    leat_waitgroup wg = {0};
    pthread_t thread;

    T_EQ(pthread_create(&thread, NULL, storm_rw_thread, &s), 0);
    for (int i = 0; i < STORM; i++)
        leat_waitgroup_go(&wg, storm_rw, &s, t_scale(1000));
    leat_waitgroup_wait(&wg);
    T_EQ(pthread_join(thread, NULL), 0);
    T_EQ(s.rw.leat__state, 0u);
    T_EQ(s.rw.leat__readers, 0u);
    T_EQ(s.rw.leat__writer, 0u);
    T_EQ(s.rw.leat__turn.leat__state, 0u);
    T_EQ(s.rw.leat__turn.leat__sema, 0u);
    T_STREQ(lot_check(), NULL);
}

/* Tokens go round by signals; takers give up at random. A lost signal leaves a token and a waiter
 * that nobody wakes, and the case out of time. */
struct storm_tokens {
    leat_mutex m;
    leat_cond c;
    int tokens, taken; /* guarded by m */
};

static void storm_takes(struct storm_tokens *t, int count)
{
    while (count > 0) {
        struct storm_op op;
        int err = 0;
        bool limited = t_rand() % 2;

        if (limited)
            storm_begin(&op);
        leat_mutex_lock(&t->m);
        while (!err && t->tokens == 0)
            err = leat_cond_wait_ctx(limited ? early_ctx(&op.c) : NULL, &t->c, &t->m);
        if (t->tokens > 0) {
            t->tokens--;
            t->taken++;
            count--;
        }
        leat_mutex_unlock(&t->m);
        if (limited)
            storm_end(&op);
    }
}

T_TEST(a_storm_of_cancels_loses_no_signal)
{
    struct storm_tokens t = {.tokens = 0};
    leat_waitgroup wg = {0};
    int each = (int)t_scale(300);

    for (int i = 0; i < STORM; i++)
        leat_waitgroup_go(&wg, storm_takes, &t, each);
    for (int given = 0; given < STORM * each; given++) {
        leat_mutex_lock(&t.m);
        t.tokens++;
        leat_cond_signal(&t.c);
        leat_mutex_unlock(&t.m);
        if (given % 3 == 0)
            leat_yield();
    }
    leat_waitgroup_wait(&wg);
    T_EQ(t.tokens, 0);
    T_EQ(t.taken, STORM * each);
    T_STREQ(cond_check(&t.c), NULL);
}
