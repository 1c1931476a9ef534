/* SPDX-License-Identifier: MIT */
/* pool_test.c - pools: what was put comes back, once. That what is idle goes, needs a hand on the
 * epochs: src/sync/pool_inside_test.c. */
#include "golike.h"

#include <pthread.h>
#include <stdlib.h>

static int pl_words[4];

/* TestPool: one processor gives its own object first, then the last one that was put. */
T_TEST(an_empty_pool_gives_nothing_and_a_full_one_what_was_put, .procs = {1})
{
    leat_pool p = {0};

    T_EQ(leat_pool_get(&p), NULL);
    leat_pool_put(&p, &pl_words[0]);
    leat_pool_put(&p, &pl_words[1]);
    leat_pool_put(&p, &pl_words[2]);
    leat_pool_put(&p, NULL); /* ignored */
    T_EQ(leat_pool_get(&p), (void *)&pl_words[0]);
    T_EQ(leat_pool_get(&p), (void *)&pl_words[2]);
    T_EQ(leat_pool_get(&p), (void *)&pl_words[1]);
    T_EQ(leat_pool_get(&p), NULL);
    leat_pool_free(&p);
}

/* TestPoolNew. */
static void *pl_count_up(void *arg)
{
    return (void *)(uintptr_t)++ * (int *)arg;
}

T_TEST(a_get_that_finds_nothing_makes_one, .procs = {1})
{
    int made = 0;
    leat_pool p = {.make = pl_count_up, .arg = &made};

    T_EQ(leat_pool_get(&p), (void *)1);
    T_EQ(leat_pool_get(&p), (void *)2);
    leat_pool_put(&p, (void *)42);
    T_EQ(leat_pool_get(&p), (void *)42);
    T_EQ(leat_pool_get(&p), (void *)3);
    leat_pool_free(&p);
}

T_TEST(without_a_function_that_drops_nothing_is_lost, .procs = {1})
{
    leat_pool p = {0};

    leat_pool_put(&p, &pl_words[0]);
    leat_pool_put(&p, &pl_words[1]);
    for (int i = 0; i < 5; i++)
        leat_pool_trim(&p);
    T_NE(leat_pool_get(&p), NULL);
    T_NE(leat_pool_get(&p), NULL);
    leat_pool_free(&p);
}

/* TestPoolStress, TestPoolChain: each object has one owner at a time, and none is lost. */
struct pl_object {
    atomic_int owners;
    long used; /* the owner's */
};

static void *pl_make(void *arg)
{
    golike_note(arg);
    return calloc(1, sizeof(struct pl_object));
}

static void pl_discard(void *item, void *arg)
{
    atomic_fetch_sub((atomic_int *)arg, 1);
    free(item);
}

static void pl_use(leat_pool *p, long rounds)
{
    struct pl_object *held[8];

    for (long i = 0; i < rounds; i++) {
        unsigned n = 1 + (unsigned)(t_rand() % 8);
        for (unsigned k = 0; k < n; k++) {
            held[k] = leat_pool_get(p);
            T_EQ(atomic_fetch_add(&held[k]->owners, 1), 0);
            held[k]->used++;
        }
        if (t_rand() % 8 == 0)
            leat_yield();
        for (unsigned k = 0; k < n; k++) {
            T_EQ(atomic_fetch_sub(&held[k]->owners, 1), 1);
            leat_pool_put(p, held[k]);
        }
        if (t_rand() % 256 == 0)
            leat_pool_trim(p);
    }
}

static void *pl_thread(void *p)
{
    pl_use(p, t_scale(500));
    return NULL;
}

T_TEST(an_object_has_one_owner_at_a_time_and_none_is_lost)
{
    atomic_int alive = 0;
    leat_pool p = {.make = pl_make, .drop = pl_discard, .arg = &alive};
    leat_waitgroup wg = {0};
    pthread_t thread;

    T_EQ(pthread_create(&thread, NULL, pl_thread, &p), 0);
    for (int i = 0; i < 10; i++)
        leat_waitgroup_go(&wg, pl_use, &p, t_scale(2000));
    leat_waitgroup_wait(&wg);
    T_EQ(pthread_join(thread, NULL), 0);
    leat_pool_free(&p);
    T_EQ(atomic_load(&alive), 0);
}

/* What others put is found: a get looks everywhere before it gives up. */
static void pl_put_many(leat_pool *p, int n)
{
    for (int i = 0; i < n; i++)
        leat_pool_put(p, &pl_words[i % 4]);
}

static void *pl_thread_puts(void *p)
{
    pl_put_many(p, 100);
    return NULL;
}

T_TEST(what_a_thread_put_is_found_by_goroutines)
{
    leat_pool p = {0};
    pthread_t thread;

    T_EQ(pthread_create(&thread, NULL, pl_thread_puts, &p), 0);
    T_EQ(pthread_join(thread, NULL), 0);
    for (int i = 0; i < 100; i++)
        T_NE(leat_pool_get(&p), NULL);
    T_EQ(leat_pool_get(&p), NULL);
    leat_pool_free(&p);
}

T_TEST(more_procs_than_at_first_are_served)
{
    leat_pool p = {0};
    leat_waitgroup wg = {0};

    leat_pool_put(&p, &pl_words[0]);
    int before = leat_procs(20);
    for (int i = 0; i < 40; i++)
        leat_waitgroup_go(&wg, pl_put_many, &p, (int)t_scale(200));
    leat_waitgroup_wait(&wg);
    leat_procs(before);
    leat_pool_free(&p);
}
