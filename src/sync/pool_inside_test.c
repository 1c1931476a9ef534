/* SPDX-License-Identifier: MIT */
/*
 * pool_inside_test.c - how pools age. Sysmon counts no epochs beside a clock that a test holds,
 * and this program holds it before the runtime begins: here an epoch passes when a test says so.
 */
#include <leat.h>
#include <stdatomic.h>

#include "sched/sched.h"
#include "t.h"

static int64_t age_clock(void)
{
    return 1;
}

__attribute__((constructor)) static void age_hold_the_clock(void)
{
    leat__policy.clock = age_clock;
}

static void age_pass(void)
{
    fetch_add(&sched.epoch, 1);
}

static int age_words[256];

static void age_drop(void *item, void *arg)
{
    T_TRUE((int *)item >= age_words && (int *)item < age_words + 256);
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void age_put(leat_pool *p, int n)
{
    for (int i = 0; i < n; i++)
        leat_pool_put(p, &age_words[i]);
}

/* TestPoolGC, TestPoolRelease. */
T_TEST(what_nobody_needs_for_two_epochs_is_dropped, .procs = {1})
{
    atomic_int dropped = 0;
    leat_pool p = {.drop = age_drop, .arg = &dropped};

    age_put(&p, 201);
    age_pass();
    for (int i = 0; i < 51; i++)
        T_NE(leat_pool_get(&p), NULL); /* resting ones are used again */
    T_EQ(atomic_load(&dropped), 0);
    age_put(&p, 51);
    age_pass();
    T_NE(leat_pool_get(&p), NULL);
    T_EQ(atomic_load(&dropped), 150);
    age_pass();
    T_EQ(leat_pool_get(&p), NULL); /* the last fifty have gone before it looks */
    T_EQ(atomic_load(&dropped), 200);
    leat_pool_put(&p, age_words);
    leat_pool_free(&p);
    T_EQ(atomic_load(&dropped), 201);
}

T_TEST(what_nobody_uses_for_two_trims_is_dropped, .procs = {1})
{
    atomic_int dropped = 0;
    leat_pool p = {.drop = age_drop, .arg = &dropped};

    age_put(&p, 201);
    leat_pool_trim(&p);
    T_EQ(atomic_load(&dropped), 0);
    for (int i = 0; i < 51; i++)
        T_NE(leat_pool_get(&p), NULL);
    leat_pool_trim(&p);
    T_EQ(atomic_load(&dropped), 150);
    T_EQ(leat_pool_get(&p), NULL);
    age_put(&p, 2);
    leat_pool_free(&p);
    T_EQ(atomic_load(&dropped), 152);
    T_EQ(leat_pool_get(&p), NULL);
    leat_pool_free(&p);
}

T_TEST(a_put_calls_nobody_however_much_time_passes, .procs = {1})
{
    atomic_int dropped = 0;
    leat_pool p = {.drop = age_drop, .arg = &dropped};

    for (int i = 0; i < 5; i++) {
        age_put(&p, 20);
        age_pass();
    }
    T_EQ(atomic_load(&dropped), 0);
    leat_pool_free(&p);
    T_EQ(atomic_load(&dropped), 100);
}

T_TEST(one_epoch_ages_a_pool_once_however_many_get, .procs = {1})
{
    atomic_int dropped = 0;
    leat_pool p = {.drop = age_drop, .arg = &dropped};

    age_put(&p, 100);
    for (int i = 0; i < 5; i++)
        age_pass(); /* nobody was there: this is one ageing, too */
    for (int i = 0; i < 100; i++)
        T_NE(leat_pool_get(&p), NULL);
    T_EQ(atomic_load(&dropped), 0);
    leat_pool_free(&p);
}

T_TEST(without_a_function_that_drops_nothing_ages, .procs = {1})
{
    leat_pool p = {0};

    age_put(&p, 2);
    for (int i = 0; i < 5; i++) {
        age_pass();
        leat_pool_put(&p, leat_pool_get(&p));
    }
    T_NE(leat_pool_get(&p), NULL);
    T_NE(leat_pool_get(&p), NULL);
    T_EQ(leat_pool_get(&p), NULL);
    leat_pool_free(&p);
}

T_TEST(a_proc_that_only_puts_ages_its_own_object_too, .procs = {1})
{
    leat_pool p = {.drop = age_drop};

    leat_pool_put(&p, &age_words[0]);
    leat_pool_put(&p, &age_words[1]);
    age_pass();
    leat_pool_put(&p, &age_words[2]); /* sends the first to the stack */
    T_EQ(leat_pool_get(&p), (void *)&age_words[2]);
    T_EQ(leat_pool_get(&p), (void *)&age_words[0]);
    T_EQ(leat_pool_get(&p), (void *)&age_words[1]);
    leat_pool_free(&p);
}

/* The procs put an object each and are held no more: theirs go as well. */
static void age_put_together(leat_pool *p, leat_barrier *all, int i)
{
    leat_barrier_wait(all);
    leat_pool_put(p, &age_words[i]);
}

T_TEST(the_objects_of_procs_that_rest_are_dropped)
{
    enum { AGE_PUTTERS = 32 };
    atomic_int dropped = 0;
    leat_pool p = {.drop = age_drop, .arg = &dropped};
    leat_barrier all = LEAT_BARRIER(AGE_PUTTERS);
    leat_waitgroup wg = {0};

    for (int i = 0; i < AGE_PUTTERS; i++)
        leat_waitgroup_go(&wg, age_put_together, &p, &all, i);
    leat_waitgroup_wait(&wg);
    while (atomic_load(&dropped) < AGE_PUTTERS - 1) {
        age_pass();
        leat_pool_put(&p, leat_pool_get(&p)); /* this one is needed */
        leat_yield();
    }
    leat_pool_free(&p);
    T_EQ(atomic_load(&dropped), AGE_PUTTERS);
}

/* Ageing beside everything else loses no object and hands none out twice. */
static atomic_int age_owners[256];

static void age_use(leat_pool *p, long rounds)
{
    int *held[4];

    for (long i = 0; i < rounds; i++) {
        for (int k = 0; k < 4; k++) {
            held[k] = leat_pool_get(p);
            T_TRUE(!held[k] || atomic_fetch_add(&age_owners[held[k] - age_words], 1) == 0);
        }
        if (t_rand() % 16 == 0)
            age_pass();
        if (t_rand() % 8 == 0)
            leat_yield();
        for (int k = 0; k < 4; k++) {
            if (held[k])
                atomic_fetch_sub(&age_owners[held[k] - age_words], 1);
            leat_pool_put(p, held[k]);
        }
    }
}

T_TEST(ageing_beside_gets_and_puts_loses_nothing)
{
    atomic_int dropped = 0;
    leat_pool p = {.drop = age_drop, .arg = &dropped};
    leat_waitgroup wg = {0};

    age_put(&p, 256);
    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, age_use, &p, t_scale(2000));
    leat_waitgroup_wait(&wg);
    leat_pool_free(&p);
    T_EQ(atomic_load(&dropped), 256);
}
