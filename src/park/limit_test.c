/* SPDX-License-Identifier: MIT */
/*
 * limit_test.c - waits that end early: by whom, with which result, and what becomes of the rest.
 */
#define _GNU_SOURCE 1
#include "park/limit.h"

#include <leat.h>
#include <pthread.h>
#include <stdatomic.h>

#include "park/lot.h"
#include "t.h"

/* A context as the waits see it. */
static struct limit limit_of(struct cancel *c)
{
    return limit_ctx((leat_ctx *)(void *)&c);
}

T_TEST(over_says_what_ended_it, .procs = {1})
{
    struct cancel c;
    struct limit none = limit_none(), past = limit_until(leat_now());
    struct limit later = limit_until(leat_now() + LEAT_HOUR), ctx;

    cancel_init(&c, NULL, NULL);
    ctx = limit_of(&c);
    T_EQ(limit_over(&none), 0);
    T_EQ(limit_over(&past), -ETIMEDOUT);
    T_EQ(limit_over(&later), 0);
    T_EQ(limit_over(&ctx), 0);
    cancel_now(&c, -ECANCELED, NULL);
    T_EQ(limit_over(&ctx), -ECANCELED);
    T_TRUE(limit_ctx(NULL).cancel == NULL);
}

/* ---- one waiter in the lot ---- */

static struct {
    uint32_t word;
    struct limit limit;
    _Atomic(struct g *) g;
    atomic_int result;
    atomic_int left;
} limit_one;

enum { LIMIT_PENDING = 1 };

static void limit_acquire(void)
{
    atomic_store(&limit_one.g, g_self());
    atomic_store(&limit_one.result,
                 lot_acquire_limit(&limit_one.word, false, WAIT_MUTEX, NULL, &limit_one.limit));
}

static void *limit_acquire_thread(void *arg)
{
    limit_acquire();
    return arg;
}

static void limit_await_waiting(void)
{
    struct g *g;

    while (!(g = atomic_load(&limit_one.g)) || load_acquire(&g->status) != G_WAITING)
        leat_yield();
}

static int limit_await_result(void)
{
    int result;

    while ((result = atomic_load(&limit_one.result)) == LIMIT_PENDING)
        leat_yield();
    return result;
}

static void limit_start(struct limit l)
{
    limit_one.word = 0;
    limit_one.limit = l;
    atomic_store(&limit_one.g, NULL);
    atomic_store(&limit_one.result, LIMIT_PENDING);
}

/* Run the waiter as a goroutine and as a thread; `end` ends its wait. */
static void limit_try(struct limit l, void (*end)(void *), void *arg, int result)
{
    pthread_t thread;

    limit_start(l);
    leat_go(limit_acquire);
    limit_await_waiting();
    end(arg);
    T_EQ(limit_await_result(), result);
    T_STREQ(lot_check(), NULL);
    limit_start(l);
    T_EQ(pthread_create(&thread, NULL, limit_acquire_thread, NULL), 0);
    limit_await_waiting();
    end(arg);
    T_EQ(limit_await_result(), result);
    T_EQ(pthread_join(thread, NULL), 0);
    T_STREQ(lot_check(), NULL);
}

static void limit_release(void *none)
{
    (void)none;
    lot_release(&limit_one.word, false);
}

T_TEST(a_waker_wins)
{
    struct cancel c;

    cancel_init(&c, NULL, NULL);
    struct limit both = limit_of(&c);
    both.deadline = leat_now() + LEAT_HOUR;
    limit_try(limit_of(&c), limit_release, NULL, 0);
    limit_try(limit_until(leat_now() + LEAT_HOUR), limit_release, NULL, 0);
    limit_try(both, limit_release, NULL, 0);
    T_EQ(load_seq(&limit_one.word), 0u);
    T_TRUE(c.watches == NULL);
}

static void limit_cancel(void *arg)
{
    struct cancel *c = arg;

    while (!load_acquire(&c->watches))
        leat_yield();
    cancel_now(c, -ECANCELED, NULL);
    cancel_init(c, NULL, NULL); /* it is not needed by the one it woke */
}

T_TEST(a_canceller_wins)
{
    struct cancel c;

    cancel_init(&c, NULL, NULL);
    limit_try(limit_of(&c), limit_cancel, &c, -ECANCELED);
    lot_release(&limit_one.word, false); /* nobody stands there: the count stays */
    T_EQ(limit_one.word, 1u);
}

/* Two that may end a wait: one does, and the other has forgotten it. */
static struct limit limit_of_two(struct cancel *c)
{
    struct limit l = limit_of(&c[0]);

    l.also = &c[1];
    return l;
}

static void limit_cancel_second(void *arg)
{
    struct cancel *c = arg;

    while (!load_acquire(&c[0].watches) || !load_acquire(&c[1].watches))
        leat_yield();
    cancel_now(&c[1], -ETIMEDOUT, NULL);
    cancel_init(&c[1], NULL, NULL);
}

T_TEST(either_of_two_cancellers_wins)
{
    struct cancel c[2];

    cancel_init(&c[0], NULL, NULL);
    cancel_init(&c[1], NULL, NULL);
    limit_try(limit_of_two(c), limit_cancel, &c[0], -ECANCELED);
    T_TRUE(c[1].watches == NULL);
    limit_try(limit_of_two(c), limit_cancel_second, c, -ETIMEDOUT);
    T_TRUE(c[0].watches == NULL);
    limit_try(limit_of_two(c), limit_release, NULL, 0);
    T_TRUE(c[0].watches == NULL && c[1].watches == NULL);
}

T_TEST(either_of_two_may_be_over_before, .procs = {1})
{
    uint32_t word = 0;

    for (int over = 1; over < 4; over++) {
        struct cancel c[2];
        for (int i = 0; i < 2; i++) {
            cancel_init(&c[i], NULL, NULL);
            if (over & 1 << i)
                cancel_now(&c[i], i ? -ETIMEDOUT : -ECANCELED, NULL);
        }
        struct limit l = limit_of_two(c);
        T_EQ(limit_over(&l), over & 1 ? -ECANCELED : -ETIMEDOUT);
        T_EQ(lot_acquire_limit(&word, false, WAIT_MUTEX, NULL, &l),
             over & 1 ? -ECANCELED : -ETIMEDOUT);
        T_TRUE(c[0].watches == NULL && c[1].watches == NULL);
        T_STREQ(lot_check(), NULL);
    }
}

T_TEST(the_clock_wins)
{
    for (int round = 0; round < 2; round++) {
        pthread_t thread;
        limit_start(limit_until(round ? 0 : leat_now() + LEAT_MILLISECOND));
        leat_go(limit_acquire);
        T_EQ(limit_await_result(), -ETIMEDOUT);
        limit_start(limit_until(round ? 0 : leat_now() + LEAT_MILLISECOND));
        T_EQ(pthread_create(&thread, NULL, limit_acquire_thread, NULL), 0);
        T_EQ(limit_await_result(), -ETIMEDOUT);
        T_EQ(pthread_join(thread, NULL), 0);
        T_STREQ(lot_check(), NULL);
    }
}

T_TEST(what_is_over_does_not_wait_but_takes_a_count)
{
    struct cancel c;
    uint32_t word = 1;

    cancel_init(&c, NULL, NULL);
    cancel_now(&c, -ECANCELED, NULL);
    struct limit l = limit_of(&c);
    T_EQ(lot_acquire_limit(&word, false, WAIT_MUTEX, NULL, &l), 0);
    T_EQ(word, 0u);
    T_EQ(lot_acquire_limit(&word, false, WAIT_MUTEX, NULL, &l), -ECANCELED);
    T_STREQ(lot_check(), NULL);
}

/* ---- a queue that others leave ---- */

enum { LIMIT_QUEUE = 7 };

static struct {
    uint32_t word;
    struct cancel cancel[LIMIT_QUEUE];
    _Atomic(struct g *) g[LIMIT_QUEUE];
    atomic_int result[LIMIT_QUEUE];
    leat_waitgroup done;
} limit_line;

static void limit_stand_in_line(int i)
{
    struct limit l = limit_of(&limit_line.cancel[i]);

    atomic_store(&limit_line.g[i], g_self());
    atomic_store(&limit_line.result[i],
                 lot_acquire_limit(&limit_line.word, false, WAIT_MUTEX, NULL, &l));
    leat_waitgroup_done(&limit_line.done);
}

/* Head, tail and middle leave; the rest is served in order. */
T_TEST(leavers_do_not_break_the_queue)
{
    leat_waitgroup_add(&limit_line.done, LIMIT_QUEUE);
    for (int i = 0; i < LIMIT_QUEUE; i++) {
        struct g *g;
        cancel_init(&limit_line.cancel[i], NULL, NULL);
        atomic_store(&limit_line.result[i], LIMIT_PENDING);
        leat_go(limit_stand_in_line, i);
        while (!(g = atomic_load(&limit_line.g[i])) || load_acquire(&g->status) != G_WAITING)
            leat_yield();
    }
    static const int leavers[] = {0, 3, 6, 5};
    for (size_t i = 0; i < array_len(leavers); i++) {
        cancel_now(&limit_line.cancel[leavers[i]], -ECANCELED, NULL);
        while (atomic_load(&limit_line.result[leavers[i]]) == LIMIT_PENDING)
            leat_yield();
        T_EQ(atomic_load(&limit_line.result[leavers[i]]), -ECANCELED);
        T_STREQ(lot_check(), NULL);
    }
    static const int served[] = {1, 2, 4};
    for (size_t i = 0; i < array_len(served); i++) {
        lot_release(&limit_line.word, i % 2);
        while (atomic_load(&limit_line.result[served[i]]) == LIMIT_PENDING)
            leat_yield();
        T_EQ(atomic_load(&limit_line.result[served[i]]), 0);
        for (size_t j = i + 1; j < array_len(served); j++)
            T_EQ(atomic_load(&limit_line.result[served[j]]), LIMIT_PENDING);
    }
    leat_waitgroup_wait(&limit_line.done);
    T_EQ(limit_line.word, 0u);
}

/* ---- storms ---- */

enum { LIMIT_PERMITS = 2 };

static struct {
    uint32_t word;
    struct cancel *now; /* atomic: whom the next waits may be cancelled by */
    atomic_int inside;
    atomic_long got, cancelled, timed_out;
    atomic_int left;
} limit_storm;

static struct limit limit_any(void)
{
    struct limit l = limit_none();

    if (t_rand() % 4)
        l.cancel = load_acquire(&limit_storm.now);
    if (t_rand() % 4 == 0)
        l.deadline = leat_now() + (int64_t)(t_rand() % 50) * LEAT_MICROSECOND;
    return l;
}

static void limit_storm_rounds(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        struct limit l = limit_any();
        int err = lot_acquire_limit(&limit_storm.word, t_rand() % 4 == 0, WAIT_MUTEX, NULL, &l);
        if (err) {
            T_TRUE(err == -ECANCELED ? l.cancel != NULL : l.deadline != INT64_MAX);
            atomic_fetch_add(err == -ECANCELED ? &limit_storm.cancelled
                                               : &limit_storm.timed_out,
                             1);
            continue;
        }
        T_LE(atomic_fetch_add(&limit_storm.inside, 1), LIMIT_PERMITS - 1);
        if (t_rand() % 2)
            leat_yield();
        atomic_fetch_sub(&limit_storm.inside, 1);
        atomic_fetch_add(&limit_storm.got, 1);
        lot_release(&limit_storm.word, t_rand() % 4 == 0);
    }
    atomic_fetch_sub(&limit_storm.left, 1);
}

static void *limit_storm_thread(void *rounds)
{
    limit_storm_rounds(*(const long *)rounds);
    return NULL;
}

/* A permit that is lost leaves somebody without a limit waiting for ever; one too many shows
 * inside, or in the word. */
T_TEST(no_permit_is_lost_in_a_storm, .timeout_ms = 60000)
{
    enum { GOROUTINES = 12, THREADS = 2, CANCELS = 2000 };
    static struct cancel cancel[CANCELS];
    long rounds = t_scale(1500);
    pthread_t thread[THREADS];
    int at = 0;

    cancel_init(&cancel[0], NULL, NULL);
    limit_storm.now = cancel;
    limit_storm.word = LIMIT_PERMITS;
    atomic_store(&limit_storm.left, GOROUTINES + THREADS);
    for (int i = 0; i < GOROUTINES; i++)
        leat_go(limit_storm_rounds, rounds);
    for (int i = 0; i < THREADS; i++)
        T_EQ(pthread_create(&thread[i], NULL, limit_storm_thread, &rounds), 0);
    while (atomic_load(&limit_storm.left) > 0) {
        if (at + 1 < CANCELS && t_rand() % 4 == 0) {
            cancel_init(&cancel[at + 1], NULL, NULL);
            store_release(&limit_storm.now, &cancel[at + 1]);
            cancel_now(&cancel[at++], -ECANCELED, NULL);
        }
        T_STREQ(lot_check(), NULL);
        leat_yield();
    }
    for (int i = 0; i < THREADS; i++)
        T_EQ(pthread_join(thread[i], NULL), 0);
    T_EQ(limit_storm.word, (uint32_t)LIMIT_PERMITS);
    T_EQ(atomic_load(&limit_storm.got) + atomic_load(&limit_storm.cancelled) +
             atomic_load(&limit_storm.timed_out),
         rounds * (GOROUTINES + THREADS));
    for (int i = 0; i <= at; i++)
        T_TRUE(cancel[i].watches == NULL);
}

/* Waiters that count themselves, as a wait group's do: the commit and those who leave early
 * agree on the count, because both run under the lot's lock. */
static struct {
    struct cancel *now; /* atomic */
    int counted;        /* the lot's lock; atomic for TSan alone */
    int key;
    atomic_int left;
} limit_group;

static bool limit_count_me(void *none)
{
    (void)none;
    store_relaxed(&limit_group.counted, load_relaxed(&limit_group.counted) + 1);
    return true;
}

static void limit_uncount_me(void *none)
{
    (void)none;
    store_relaxed(&limit_group.counted, load_relaxed(&limit_group.counted) - 1);
}

static bool limit_reset_count(void *was)
{
    *(int *)was = load_relaxed(&limit_group.counted);
    store_relaxed(&limit_group.counted, 0);
    return true;
}

static void limit_group_rounds(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        struct limit l = {.cancel = load_acquire(&limit_group.now), .deadline = INT64_MAX};
        int err = lot_park_limit(&limit_group.key, limit_count_me, NULL, WAIT_WAITGROUP, &l,
                                 limit_uncount_me);
        T_TRUE(err == 0 || err == -ECANCELED);
    }
    atomic_fetch_sub(&limit_group.left, 1);
}

T_TEST(the_count_of_those_who_wait_stays_right, .timeout_ms = 60000)
{
    enum { GOROUTINES = 12, CANCELS = 4000 };
    static struct cancel cancel[CANCELS];
    long rounds = t_scale(1000);
    int at = 0, was = 0;

    cancel_init(&cancel[0], NULL, NULL);
    limit_group.now = cancel;
    atomic_store(&limit_group.left, GOROUTINES);
    for (int i = 0; i < GOROUTINES; i++)
        leat_go(limit_group_rounds, rounds);
    while (atomic_load(&limit_group.left) > 0) {
        if (at + 1 < CANCELS && t_rand() % 2) {
            cancel_init(&cancel[at + 1], NULL, NULL);
            store_release(&limit_group.now, &cancel[at + 1]);
            cancel_now(&cancel[at++], -ECANCELED, NULL);
        } else {
            int woken = lot_wake_all(&limit_group.key, limit_reset_count, &was);
            T_LE(woken, was); /* the rest was lost to the canceller */
        }
        T_GE(load_relaxed(&limit_group.counted), 0);
        leat_yield();
    }
    T_EQ(load_relaxed(&limit_group.counted), 0);
    T_STREQ(lot_check(), NULL);
}
