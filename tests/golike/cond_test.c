/* SPDX-License-Identifier: MIT */
/* cond_test.c - conditions: who wakes, in which order, and that nobody else does. */
#include "golike.h"

#include <pthread.h>
#include <stdlib.h>

struct cv {
    leat_mutex m;
    leat_cond c;
    int waiting, awake; /* guarded by m */
    int order[1024];
};

static void cv_wait_once(struct cv *v, int name)
{
    leat_mutex_lock(&v->m);
    v->waiting++;
    leat_cond_wait(&v->c, &v->m);
    v->order[v->awake++] = name;
    leat_mutex_unlock(&v->m);
}

static int cv_read(struct cv *v, const int *field)
{
    leat_mutex_lock(&v->m);
    int n = *field;
    leat_mutex_unlock(&v->m);
    return n;
}

/* Who has counted itself as waiting stands in the queue once the mutex is free again. */
static void cv_until(struct cv *v, const int *field, int n)
{
    while (cv_read(v, field) < n)
        leat_yield();
}

T_TEST(a_signal_wakes_exactly_one)
{
    enum { N = 2 };
    struct cv v = {.waiting = 0};

    for (int i = 0; i < N; i++)
        leat_go(cv_wait_once, &v, i);
    cv_until(&v, &v.waiting, N);
    for (int i = 1; i <= N; i++) {
        T_EQ(cv_read(&v, &v.awake), i - 1);
        leat_cond_signal(&v.c);
        cv_until(&v, &v.awake, i);
        golike_turns();
        T_EQ(cv_read(&v, &v.awake), i);
    }
    leat_cond_signal(&v.c); /* nobody there: nothing happens */
    golike_alone();
}

/* TestCondSignalGenerations: the first to wait is the first to be woken. */
T_TEST(signals_wake_in_the_order_of_the_waits)
{
    enum { N = 100 };
    static struct cv v;

    for (int i = 0; i < N; i++) {
        leat_go(cv_wait_once, &v, i);
        cv_until(&v, &v.waiting, i + 1);
    }
    for (int i = 0; i < N; i++) {
        leat_cond_signal(&v.c);
        cv_until(&v, &v.awake, i + 1);
        T_EQ(v.order[i], i);
    }
    golike_alone();
}

static void *cv_thread(void *v)
{
    cv_wait_once(v, 1000);
    return NULL;
}

T_TEST(a_broadcast_wakes_all_that_wait_and_nobody_later)
{
    enum { N = 200 };
    static struct cv v;
    pthread_t thread;

    for (int i = 0; i < N; i++)
        leat_go(cv_wait_once, &v, i);
    T_EQ(pthread_create(&thread, NULL, cv_thread, &v), 0);
    cv_until(&v, &v.waiting, N + 1);
    leat_mutex_lock(&v.m);
    leat_cond_broadcast(&v.c);
    leat_mutex_unlock(&v.m);
    cv_until(&v, &v.awake, N + 1);
    leat_go(cv_wait_once, &v, N);
    cv_until(&v, &v.waiting, N + 2);
    golike_turns();
    T_EQ(cv_read(&v, &v.awake), N + 1);
    leat_cond_broadcast(&v.c);
    cv_until(&v, &v.awake, N + 2);
    T_EQ(pthread_join(thread, NULL), 0);
    golike_alone();
}

/* TestRace: a state handed from one to the next. */
struct cv_state {
    leat_mutex m;
    leat_cond c;
    int x;
};

static void cv_first(struct cv_state *s)
{
    leat_mutex_lock(&s->m);
    s->x = 1;
    leat_cond_wait(&s->c, &s->m);
    T_EQ(s->x, 2);
    s->x = 3;
    leat_cond_signal(&s->c);
    leat_mutex_unlock(&s->m);
}

static void cv_second(struct cv_state *s)
{
    leat_mutex_lock(&s->m);
    while (s->x != 1) {
        leat_mutex_unlock(&s->m);
        leat_yield();
        leat_mutex_lock(&s->m);
    }
    s->x = 2;
    leat_cond_signal(&s->c);
    leat_mutex_unlock(&s->m);
}

static void cv_third(struct cv_state *s)
{
    for (;;) {
        leat_mutex_lock(&s->m);
        if (s->x >= 2) {
            if (s->x == 2) {
                leat_cond_wait(&s->c, &s->m);
                T_EQ(s->x, 3);
            }
            leat_mutex_unlock(&s->m);
            return;
        }
        leat_mutex_unlock(&s->m);
        leat_yield();
    }
}

T_TEST(a_state_is_handed_on_by_signals)
{
    for (long i = t_scale(500); i > 0; i--) {
        struct cv_state s = {.x = 0};
        leat_waitgroup wg = {0};

        leat_waitgroup_go(&wg, cv_first, &s);
        leat_waitgroup_go(&wg, cv_second, &s);
        leat_waitgroup_go(&wg, cv_third, &s);
        leat_waitgroup_wait(&wg);
    }
}

/* TestCondSignalStealing: who waits after a broadcast does not take the place of one before. */
struct cv_steal {
    leat_mutex m;
    leat_cond c;
    bool first_may_go;
    atomic_int first_done;
};

static void cv_steal_first(struct cv_steal *s, atomic_int *waits)
{
    leat_mutex_lock(&s->m);
    golike_note(waits);
    leat_cond_wait(&s->c, &s->m);
    leat_mutex_unlock(&s->m);
    golike_note(&s->first_done);
}

static void cv_steal_second(struct cv_steal *s)
{
    leat_mutex_lock(&s->m);
    while (!s->first_may_go)
        leat_cond_wait(&s->c, &s->m);
    leat_mutex_unlock(&s->m);
}

T_TEST(a_late_waiter_steals_no_signal)
{
    for (long i = t_scale(500); i > 0; i--) {
        struct cv_steal s = {.first_may_go = false};
        leat_waitgroup wg = {0};
        atomic_int waits = 0;

        leat_waitgroup_go(&wg, cv_steal_first, &s, &waits);
        golike_await(&waits, 1);
        leat_mutex_lock(&s.m);
        leat_mutex_unlock(&s.m);
        leat_waitgroup_go(&wg, cv_steal_second, &s);
        leat_cond_signal(&s.c); /* the first's, whatever the second does */
        golike_await(&s.first_done, 1);
        leat_mutex_lock(&s.m);
        s.first_may_go = true;
        leat_cond_broadcast(&s.c);
        leat_mutex_unlock(&s.m);
        leat_waitgroup_wait(&wg);
    }
}

/* Items through a bounded buffer, two conditions, signals only: none may be lost. */
struct cv_buffer {
    leat_mutex m;
    leat_cond filled, emptied;
    int n, slots[4];
};

static void cv_produce(struct cv_buffer *b, int from, int count)
{
    for (int i = from; i < from + count; i++) {
        leat_mutex_lock(&b->m);
        while (b->n == 4)
            leat_cond_wait(&b->emptied, &b->m);
        b->slots[b->n++] = i;
        leat_cond_signal(&b->filled);
        leat_mutex_unlock(&b->m);
    }
}

static void cv_consume(struct cv_buffer *b, int count, long *sum)
{
    for (int i = 0; i < count; i++) {
        leat_mutex_lock(&b->m);
        while (b->n == 0)
            leat_cond_wait(&b->filled, &b->m);
        *sum += b->slots[--b->n];
        leat_mutex_unlock(&b->m);
        leat_cond_signal(&b->emptied);
    }
}

T_TEST(a_bounded_buffer_loses_no_signal)
{
    enum { PAIRS = 4 };
    const int each = (int)t_scale(5000);
    struct cv_buffer b = {.n = 0};
    leat_waitgroup wg = {0};
    long sums[PAIRS] = {0}, sum = 0;

    for (int i = 0; i < PAIRS; i++) {
        leat_waitgroup_go(&wg, cv_produce, &b, i * each, each);
        leat_waitgroup_go(&wg, cv_consume, &b, each, &sums[i]);
    }
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < PAIRS; i++)
        sum += sums[i];
    long all = (long)PAIRS * each;
    T_EQ(sum, all * (all - 1) / 2);
    T_EQ(b.n, 0);
}

/* CV1: from the unlock on nobody who signals is missed, however soon he comes. */
struct cv_hasty {
    leat_mutex m;
    leat_cond c;
};

static void cv_lock_hasty(void *what)
{
    leat_mutex_lock(&((struct cv_hasty *)what)->m);
}

static void cv_unlock_and_signal(void *what)
{
    struct cv_hasty *h = what;

    leat_mutex_unlock(&h->m);
    leat_cond_signal(&h->c);
}

T_TEST(a_signal_right_after_the_unlock_is_not_missed)
{
    struct cv_hasty h = {.c = {0}};
    leat_locker locker = {cv_lock_hasty, cv_unlock_and_signal, &h};

    for (int i = 0; i < 3; i++) {
        leat_mutex_lock(&h.m);
        leat_cond_wait_locker(&h.c, locker);
        leat_mutex_unlock(&h.m);
    }
}

/* CV1: any lock will do. */
static void cv_wait_reading(leat_rwmutex *rw, leat_cond *c, atomic_int *waits,
                            atomic_int *woken)
{
    leat_rwmutex_rlock(rw);
    golike_note(waits);
    leat_cond_wait_locker(c, leat_rwmutex_rlocker(rw));
    T_FALSE(leat_rwmutex_trylock(rw));
    golike_note(woken);
    leat_rwmutex_runlock(rw);
}

static void cv_wait_writing(leat_rwmutex *rw, leat_cond *c, atomic_int *waits,
                            atomic_int *woken)
{
    leat_rwmutex_lock(rw);
    golike_note(waits);
    leat_cond_wait_locker(c, leat_rwmutex_locker(rw));
    T_FALSE(leat_rwmutex_tryrlock(rw));
    golike_note(woken);
    leat_rwmutex_unlock(rw);
}

T_TEST(readers_and_writers_may_wait_too)
{
    leat_rwmutex rw = {0};
    leat_cond c = {0};
    atomic_int waits = 0, woken = 0;

    leat_go(cv_wait_reading, &rw, &c, &waits, &woken);
    leat_go(cv_wait_reading, &rw, &c, &waits, &woken);
    leat_go(cv_wait_writing, &rw, &c, &waits, &woken);
    golike_await(&waits, 3);
    leat_rwmutex_lock(&rw);
    leat_cond_broadcast(&c);
    leat_rwmutex_unlock(&rw);
    golike_await(&woken, 3);
    golike_alone();
}

/* The same with a limit: whatever ends the wait, the lock is held again, and by a reader only. */
static void cv_wait_reading_for(leat_ctx *ctx, leat_rwmutex *rw, leat_cond *c,
                                atomic_int *waits, atomic_int *result)
{
    leat_rwmutex_rlock(rw);
    golike_note(waits);
    int err = leat_cond_wait_locker_ctx(ctx, c, leat_rwmutex_rlocker(rw));
    T_FALSE(leat_rwmutex_trylock(rw));
    T_TRUE(leat_rwmutex_tryrlock(rw));
    leat_rwmutex_runlock(rw);
    leat_rwmutex_runlock(rw);
    atomic_store(result, err);
}

T_TEST(a_reader_that_waits_may_give_up)
{
    leat_rwmutex rw = {0};
    leat_cond c = {0};
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    atomic_int waits = 0, given_up = 1, woken = 1;

    leat_go(cv_wait_reading_for, ctx, &rw, &c, &waits, &given_up);
    leat_go(cv_wait_reading_for, NULL, &rw, &c, &waits, &woken);
    golike_await(&waits, 2);
    leat_rwmutex_lock(&rw); /* both stand in the queue: who waits has unlocked */
    leat_rwmutex_unlock(&rw);
    leat_ctx_free(ctx);
    while (atomic_load(&given_up) == 1)
        leat_yield();
    T_ERR(atomic_load(&given_up), -ECANCELED);
    T_EQ(atomic_load(&woken), 1);
    leat_cond_signal(&c);
    golike_alone();
    T_ERR(atomic_load(&woken), 0);
    leat_rwmutex_lock(&rw);
    leat_duration deadline = leat_now() + LEAT_MILLISECOND;
    T_ERR(leat_cond_wait_locker_until(&c, leat_rwmutex_locker(&rw), deadline), -ETIMEDOUT);
    T_GE(leat_now(), deadline);
    T_FALSE(leat_rwmutex_tryrlock(&rw));
    T_ERR(leat_cond_wait_locker_until(&c, leat_rwmutex_locker(&rw), deadline), -ETIMEDOUT);
    leat_rwmutex_unlock(&rw);
}

/* The woken frees the condition while the signaller may still be in its call. */
struct cv_short {
    leat_mutex m;
    leat_cond c;
    bool done;
};

static void cv_finish(struct cv_short *s, bool all)
{
    leat_mutex_lock(&s->m);
    s->done = true;
    if (all)
        leat_cond_broadcast(&s->c);
    else
        leat_cond_signal(&s->c);
    leat_mutex_unlock(&s->m);
}

T_TEST(a_condition_may_be_freed_by_the_woken)
{
    for (long i = t_scale(5000); i > 0; i--) {
        struct cv_short *s = calloc(1, sizeof *s);

        leat_mutex_lock(&s->m);
        leat_go(cv_finish, s, i % 2);
        while (!s->done)
            leat_cond_wait(&s->c, &s->m);
        leat_mutex_unlock(&s->m);
        free(s);
    }
    golike_alone();
}

T_TEST(a_copied_condition_is_found, GOLIKE_PANICS("sync.Cond is copied"))
{
    leat_cond c = {0};

    leat_cond_signal(&c);
    leat_cond copy = c;
    leat_cond_signal(&copy);
}

T_TEST(waiting_without_the_lock_is_fatal, GOLIKE_FATAL("sync: unlock of unlocked mutex"))
{
    leat_mutex m = {0};
    leat_cond c = {0};
    leat_cond_wait(&c, &m);
}

T_TEST(waiting_for_no_signal_is_a_deadlock, GOLIKE_BLOCKS("sync.Cond.Wait"))
{
    leat_mutex m = {0};
    leat_cond c = {0};
    leat_mutex_lock(&m);
    leat_cond_wait(&c, &m);
}
