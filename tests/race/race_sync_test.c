/* SPDX-License-Identifier: MIT */
/* race_sync_test.c - where locks, groups and once give no order, the race is reported. */
#include "race_util.h"

/* MM18: tasks of one group are ordered with the wait, not among themselves. */
static void group_task(int *x, atomic_int *turn, int mine)
{
    race_note(turn); /* both exist before one begins */
    race_await(turn, 2 + mine);
    race_write(x);
    race_note(turn);
}

RACE_NOINLINE static void group_spawner(leat_waitgroup *wg, int *x, atomic_int *turn)
{
    leat_waitgroup_go(wg, group_task, x, turn, 0);
    leat_waitgroup_go(wg, group_task, x, turn, 1);
}

T_TEST(tasks_of_a_group_are_not_ordered, RACE_REPORTED(group_spawner, group_task))
{
    static int x;
    static atomic_int turn;
    leat_waitgroup wg = {0};

    group_spawner(&wg, &x, &turn);
    leat_waitgroup_wait(&wg);
}

static void done_task(leat_waitgroup *wg, int *x, atomic_int *turn, int mine)
{
    race_note(turn);
    race_await(turn, 2 + mine);
    race_write(x);
    leat_waitgroup_done(wg);
    race_note(turn);
}

RACE_NOINLINE static void done_spawner(leat_waitgroup *wg, int *x, atomic_int *turn)
{
    leat_go(done_task, wg, x, turn, 0);
    leat_go(done_task, wg, x, turn, 1);
}

T_TEST(one_done_is_not_before_another, RACE_REPORTED(done_spawner, done_task))
{
    static int x;
    static atomic_int turn;
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 2);
    done_spawner(&wg, &x, &turn);
    leat_waitgroup_wait(&wg);
}

/* A wait orders what was done before it, not what the task does after done. */
static void after_done(leat_waitgroup *wg, int *x, atomic_int *late)
{
    leat_waitgroup_done(wg);
    race_write(x);
    race_note(late);
}

RACE_NOINLINE static void after_done_spawner(leat_waitgroup *wg, int *x, atomic_int *late)
{
    leat_go(after_done, wg, x, late);
}

T_TEST(what_follows_done_is_not_before_wait, RACE_REPORTED(after_done_spawner, after_done))
{
    static int x;
    static atomic_int late;
    static leat_waitgroup wg;

    leat_waitgroup_add(&wg, 1);
    after_done_spawner(&wg, &x, &late);
    leat_waitgroup_wait(&wg);
    race_await(&late, 1);
    race_read(&x);
}

/* MM11 orders those who lock: a look without the lock is a race. */
static void lock_writer(leat_mutex *m, int *x, atomic_int *done)
{
    leat_mutex_lock(m);
    race_write(x);
    leat_mutex_unlock(m);
    race_note(done);
}

RACE_NOINLINE static void lock_spawner(leat_mutex *m, int *x, atomic_int *done)
{
    leat_go(lock_writer, m, x, done);
}

T_TEST(a_look_without_the_lock_is_a_race, RACE_REPORTED(lock_spawner, lock_writer))
{
    static leat_mutex m;
    static int x;
    static atomic_int done;

    lock_spawner(&m, &x, &done);
    race_await(&done, 1);
    race_read(&x);
}

T_TEST(another_lock_is_no_order, RACE_REPORTED(lock_spawner, lock_writer))
{
    static leat_mutex m, other;
    static int x;
    static atomic_int done;

    lock_spawner(&m, &x, &done);
    race_await(&done, 1);
    leat_mutex_lock(&other);
    race_read(&x);
    leat_mutex_unlock(&other);
}

/* MM14: a trylock that fails orders nothing. */
static void try_holder(leat_mutex *m, int *x, atomic_int *held, atomic_int *tried)
{
    leat_mutex_lock(m);
    race_write(x);
    race_note(held);
    race_await(tried, 1);
    leat_mutex_unlock(m);
    race_note(held);
}

RACE_NOINLINE static void try_spawner(leat_mutex *m, int *x, atomic_int *held,
                                      atomic_int *tried)
{
    leat_go(try_holder, m, x, held, tried);
}

T_TEST(a_failed_trylock_is_no_order, RACE_REPORTED(try_spawner, try_holder))
{
    static leat_mutex m;
    static int x;
    static atomic_int held, tried;

    try_spawner(&m, &x, &held, &tried);
    race_await(&held, 1);
    T_FALSE(leat_mutex_trylock(&m));
    race_read(&x);
    race_note(&tried);
    race_await(&held, 2);
}

/* MM31: a flag looked at beside once is no once. */
static void once_init(int *x)
{
    race_write(x);
}

static void once_task(leat_once *o, int *x, atomic_int *done)
{
    leat_once_do(o, once_init, x);
    race_note(done);
}

RACE_NOINLINE static void once_spawner(leat_once *o, int *x, atomic_int *done)
{
    leat_go(once_task, o, x, done);
}

T_TEST(a_look_beside_once_is_a_race, RACE_REPORTED(once_spawner, once_init))
{
    static leat_once o;
    static int x;
    static atomic_int done;

    once_spawner(&o, &x, &done);
    race_await(&done, 1);
    race_read(&x);
}

/* MM31: a plain flag waited for, and a pointer published plainly. */
static void flag_setter(int *data, int *flag, atomic_int *done)
{
    *data = 1;
    race_write(flag);
    race_note(done);
}

RACE_NOINLINE static void flag_spawner(int *data, int *flag, atomic_int *done)
{
    leat_go(flag_setter, data, flag, done);
}

T_TEST(a_plain_flag_is_no_order, RACE_REPORTED(flag_spawner, flag_setter))
{
    static int data, flag;
    static atomic_int done;

    flag_spawner(&data, &flag, &done);
    race_await(&done, 1);
    if (race_read(&flag))
        race_read(&data);
}

static void *published;

static void publisher(int *object, atomic_int *done)
{
    *object = 42;
    published = object;
    race_note(done);
}

RACE_NOINLINE static void publish_spawner(int *object, atomic_int *done)
{
    leat_go(publisher, object, done);
}

T_TEST(a_pointer_published_plainly_is_a_race, RACE_REPORTED(publish_spawner, publisher))
{
    static int object;
    static atomic_int done;

    publish_spawner(&object, &done);
    race_await(&done, 1);
    T_EQ(*(int *)published, 42);
}
