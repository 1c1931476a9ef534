/* SPDX-License-Identifier: MIT */
/* race_locks_test.c - what reader locks, atomics, pools and maps do not order is reported. */
#include "race_util.h"

/* MM13: two readers are not ordered with each other. Both start before one may end: whoever
 * starts on the stack of another that has ended comes after it. */
static void reads_and_writes(leat_rwmutex *rw, int *x, atomic_int *turn, int mine)
{
    static atomic_int started;

    race_note(&started);
    race_await(&started, 2);
    race_await(turn, mine);
    leat_rwmutex_rlock(rw);
    race_write(x);
    leat_rwmutex_runlock(rw);
    race_note(turn);
}

RACE_NOINLINE static void reader_spawner(leat_rwmutex *rw, int *x, atomic_int *turn)
{
    leat_go(reads_and_writes, rw, x, turn, 0);
    leat_go(reads_and_writes, rw, x, turn, 1);
}

T_TEST(two_readers_are_not_ordered, RACE_REPORTED(reader_spawner, reads_and_writes))
{
    static leat_rwmutex rw;
    static int x;
    static atomic_int turn;

    reader_spawner(&rw, &x, &turn);
    race_await(&turn, 2);
}

/* MM20: an object that was put must not be used any more. */
static void puts_and_writes(leat_pool *p, int *x, atomic_int *done)
{
    leat_pool_put(p, x);
    race_write(x);
    race_note(done);
}

RACE_TEST(a_write_after_put_is_a_race, leat_pool, puts_and_writes)
{
    race_write(x);
}

/* MM21: a store orders those who load it, not those who look past the map. */
static void stores_a_key(leat_map *m, int *x, atomic_int *done)
{
    race_write(x);
    leat_map_store(m, 1, x);
    race_note(done);
}

RACE_TEST(a_store_orders_who_loads_it_only, leat_map, stores_a_key)
{
    race_read(x);
}

/* MM23: atomic and plain accesses to one word. */
static void adds_atomically(leat_atomic_int32 *a, atomic_int *done)
{
    leat_atomic_add(a, 1);
    race_note(done);
}

RACE_NOINLINE static void atomic_spawner(leat_atomic_int32 *a, atomic_int *done)
{
    leat_go(adds_atomically, a, done);
}

T_TEST(an_atomic_and_a_plain_access_are_a_race, RACE_REPORTED(atomic_spawner, adds_atomically))
{
    static leat_atomic_int32 a;
    static atomic_int done;

    atomic_spawner(&a, &done);
    race_await(&done, 1);
    race_write(&a.leat__v);
}
