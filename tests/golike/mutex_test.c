/* SPDX-License-Identifier: MIT */
/* mutex_test.c - mutexes: exclusion, trying, fairness, hand-over, misuse. */
#include "golike.h"

#include <stdlib.h>

enum { MX_GOROUTINES = 10, MX_LOOPS = 1000 };

/* What the lock guards is plain memory: a hole in the exclusion loses counts. */
struct mx_guarded {
    leat_mutex m;
    long count;
    int inside;
};

static void mx_hammer(struct mx_guarded *g, long loops)
{
    for (long i = 0; i < loops; i++) {
        if (i % 3 == 0) {
            if (!leat_mutex_trylock(&g->m))
                continue;
        } else {
            leat_mutex_lock(&g->m);
        }
        T_EQ(g->inside++, 0);
        g->count++;
        if (i % 7 == 0)
            leat_yield();
        T_EQ(--g->inside, 0);
        leat_mutex_unlock(&g->m);
    }
}

static void mx_hammer_counted(struct mx_guarded *g, long loops)
{
    for (long i = 0; i < loops; i++) {
        leat_mutex_lock(&g->m);
        g->count++;
        leat_mutex_unlock(&g->m);
    }
}

T_TEST(ten_goroutines_hammering_are_never_two_inside)
{
    const long loops = t_scale(MX_LOOPS * 20);
    struct mx_guarded g = {0};
    leat_waitgroup wg = {0};

    for (int i = 0; i < MX_GOROUTINES; i++)
        leat_waitgroup_go(&wg, mx_hammer, &g, loops);
    leat_waitgroup_wait(&wg);
    T_EQ(g.inside, 0);
    T_GE(g.count, (loops - loops / 3 - 1) * MX_GOROUTINES);
}

T_TEST(no_count_under_the_lock_is_lost)
{
    const long loops = t_scale(MX_LOOPS * 50);
    struct mx_guarded g = {0};
    leat_waitgroup wg = {0};

    for (int i = 0; i < MX_GOROUTINES; i++)
        leat_waitgroup_go(&wg, mx_hammer_counted, &g, loops);
    leat_waitgroup_wait(&wg);
    T_EQ(g.count, loops * MX_GOROUTINES);
}

T_TEST(trylock_fails_while_held_and_works_while_free)
{
    leat_mutex m = {0};

    leat_mutex_lock(&m);
    T_FALSE(leat_mutex_trylock(&m));
    T_FALSE(leat_mutex_trylock(&m));
    leat_mutex_unlock(&m);
    T_TRUE(leat_mutex_trylock(&m));
    T_FALSE(leat_mutex_trylock(&m));
    leat_mutex_unlock(&m);
}

static void mx_unlock(leat_mutex *m)
{
    leat_mutex_unlock(m);
}

/* M1: no goroutine owns a mutex; who unlocks need not be who locked. */
T_TEST(another_goroutine_may_unlock)
{
    leat_mutex m = {0};

    for (int i = 0; i < 100; i++) {
        leat_mutex_lock(&m);
        leat_go(mx_unlock, &m);
        leat_mutex_lock(&m);
        leat_mutex_unlock(&m);
    }
}

static void mx_had_and_note(leat_mutex *m, atomic_int *n)
{
    leat_mutex_lock(m);
    leat_mutex_unlock(m);
    golike_note(n);
}

T_TEST(every_waiter_of_a_held_mutex_gets_it)
{
    leat_mutex m = {0};
    atomic_int n = 0;

    leat_mutex_lock(&m);
    for (int i = 0; i < 100; i++)
        leat_go(mx_had_and_note, &m, &n);
    golike_turns();
    T_EQ(atomic_load(&n), 0);
    leat_mutex_unlock(&m);
    golike_await(&n, 100);
    T_TRUE(leat_mutex_trylock(&m));
    leat_mutex_unlock(&m);
}

/* TestMutexFairness: one that holds the lock nearly always must not keep the other out. */
static void mx_burn(leat_duration d)
{
    leat_duration end = leat_now() + d;
    while (leat_now() < end)
        continue;
}

static void mx_hog(leat_mutex *m, atomic_int *stop)
{
    while (!atomic_load_explicit(stop, memory_order_relaxed)) {
        leat_mutex_lock(m);
        mx_burn(100 * LEAT_MICROSECOND);
        leat_mutex_unlock(m);
    }
}

T_TEST(a_hog_cannot_keep_another_out)
{
    static leat_mutex m;
    static atomic_int stop;
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, mx_hog, &m, &stop);
    for (int i = 0; i < 10; i++) {
        leat_sleep(100 * LEAT_MICROSECOND);
        leat_mutex_lock(&m);
        leat_mutex_unlock(&m);
    }
    golike_note(&stop);
    leat_waitgroup_wait(&wg);
}

/* Guards. */

static int mx_guarded_return(struct mx_guarded *g, bool early)
{
    leat_lock_guard(&g->m);
    T_FALSE(leat_mutex_trylock(&g->m));
    if (early)
        return 1;
    g->count++;
    return 2;
}

T_TEST(a_lock_guard_unlocks_on_every_way_out)
{
    struct mx_guarded g = {0};

    T_EQ(mx_guarded_return(&g, true), 1);
    T_TRUE(leat_mutex_trylock(&g.m));
    leat_mutex_unlock(&g.m);
    T_EQ(mx_guarded_return(&g, false), 2);
    for (int i = 0; i < 3; i++) {
        leat_lock_guard(&g.m);
        if (i == 1)
            continue;
        g.count++;
    }
    T_EQ(g.count, 3);
    T_TRUE(leat_mutex_trylock(&g.m));
    leat_mutex_unlock(&g.m);
}

static void mx_exit_in_guard(leat_mutex *m, atomic_int *n)
{
    leat_lock_guard(m);
    golike_note(n);
    leat_exit();
}

T_TEST(leat_exit_unlocks_what_guards_hold)
{
    leat_mutex m = {0};
    leat_waitgroup wg = {0};
    atomic_int n = 0;

    for (int i = 0; i < 20; i++)
        leat_waitgroup_go(&wg, mx_exit_in_guard, &m, &n);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&n), 20);
    T_TRUE(leat_mutex_trylock(&m));
    leat_mutex_unlock(&m);
}

/* The last to leave frees the mutex with the object, while the one before may still be in
 * unlock: after the lock has passed on, unlock must touch it no more. */
struct mx_shared {
    leat_mutex m;
    int users;
};

static void mx_leave(struct mx_shared *s)
{
    leat_mutex_lock(&s->m);
    bool last = --s->users == 0;
    leat_mutex_unlock(&s->m);
    if (last)
        free(s);
}

T_TEST(a_mutex_may_be_freed_by_whoever_got_it_last)
{
    const long rounds = t_scale(20000);

    for (long i = 0; i < rounds; i++) {
        struct mx_shared *s = calloc(1, sizeof *s);
        leat_waitgroup wg = {0};
        s->users = 3;
        leat_mutex_lock(&s->m);
        for (int k = 0; k < 3; k++)
            leat_waitgroup_go(&wg, mx_leave, s);
        if (i % 2)
            leat_yield();
        leat_mutex_unlock(&s->m);
        leat_waitgroup_wait(&wg);
    }
}

/* Misuse. */

T_TEST(unlock_of_an_unlocked_mutex_is_fatal, GOLIKE_FATAL("sync: unlock of unlocked mutex"))
{
    leat_mutex m = {0};
    leat_mutex_unlock(&m);
}

T_TEST(a_second_unlock_is_fatal, GOLIKE_FATAL("sync: unlock of unlocked mutex"))
{
    leat_mutex m = {0};
    leat_mutex_lock(&m);
    leat_mutex_unlock(&m);
    leat_mutex_unlock(&m);
}

/* M1: not reentrant. */
T_TEST(locking_twice_is_a_deadlock, GOLIKE_BLOCKS("sync.Mutex.Lock"))
{
    leat_mutex m = {0};
    leat_mutex_lock(&m);
    leat_mutex_lock(&m);
}
