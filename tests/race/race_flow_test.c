/* SPDX-License-Identifier: MIT */
/* race_flow_test.c - where groups, semaphores, limiters and shared calls give no order. */
#include "race_util.h"

#include "flow/singleflight.h"

/* Goroutines of a group are ordered with its wait, not among themselves. */
static int flow_task(int *x, atomic_int *turn, int mine)
{
    race_note(turn); /* both exist before one begins */
    race_await(turn, 2 + mine);
    race_write(x);
    race_note(turn);
    return 0;
}

RACE_NOINLINE static void flow_task_spawner(leat_group *g, int *x, atomic_int *turn)
{
    leat_group_go(g, flow_task, x, turn, 0);
    leat_group_go(g, flow_task, x, turn, 1);
}

T_TEST(goroutines_of_a_group_are_not_ordered, RACE_REPORTED(flow_task_spawner, flow_task))
{
    static int x;
    static atomic_int turn;
    leat_group g = {0};

    flow_task_spawner(&g, &x, &turn);
    leat_group_wait(&g);
}

/* A semaphore of two lets two in at once. */
static void two_holder(leat_semaphore *s, int *x, atomic_int *inside, int mine)
{
    leat_semaphore_acquire(s, 1);
    race_note(inside);
    race_await(inside, 2 + mine);
    race_write(x);
    race_note(inside);
    leat_semaphore_release(s, 1);
}

RACE_NOINLINE static void two_spawner(leat_waitgroup *wg, leat_semaphore *s, int *x,
                                      atomic_int *inside)
{
    leat_waitgroup_go(wg, two_holder, s, x, inside, 0);
    leat_waitgroup_go(wg, two_holder, s, x, inside, 1);
}

T_TEST(holders_of_a_semaphore_are_not_ordered, RACE_REPORTED(two_spawner, two_holder))
{
    static leat_semaphore s = LEAT_SEMAPHORE(2);
    static int x;
    static atomic_int inside;
    leat_waitgroup wg = {0};

    two_spawner(&wg, &s, &x, &inside);
    leat_waitgroup_wait(&wg);
}

/* One that fails orders nothing. */
static void try_writer(leat_semaphore *s, int *x, atomic_int *done)
{
    leat_semaphore_acquire(s, 1);
    race_write(x);
    race_note(done);
}

RACE_TEST(a_failed_try_acquire_is_no_order, leat_semaphore, try_writer, = LEAT_SEMAPHORE(1))
{
    T_FALSE(leat_semaphore_try_acquire(o, 1));
    race_read(x);
}

/* A limiter counts and orders nothing. */
static void limited_writer(leat_limiter *l, int *x, atomic_int *done)
{
    race_write(x);
    leat_limiter_allow(l);
    race_note(done);
}

RACE_TEST(a_limiter_is_no_order, leat_limiter, limited_writer, = LEAT_LIMITER(1000, 1000))
{
    leat_limiter_allow(o);
    race_read(x);
}

/* Calls with different keys share nothing. */
static int flight_load(int *out, int *x, atomic_int *done)
{
    race_write(x);
    race_note(done);
    *out = 1;
    return 0;
}

static void flight_caller(leat_singleflight *g, int *x, atomic_int *done)
{
    int v;

    leat_singleflight_do(g, "one", &v, NULL, flight_load, x, done);
}

RACE_NOINLINE static void flight_spawner(leat_singleflight *g, int *x, atomic_int *done)
{
    leat_go(flight_caller, g, x, done);
}

T_TEST(calls_with_other_keys_are_not_ordered, RACE_REPORTED(flight_spawner, flight_load))
{
    static leat_singleflight g;
    static int x, y;
    static atomic_int done, other;
    int v;

    flight_spawner(&g, &x, &done);
    race_await(&done, 1);
    leat_singleflight_do(&g, "two", &v, NULL, flight_load, &y, &other);
    race_read(&x);
}

/* What is shared is ordered: this one must not be reported. */
static int shared_load(int *out, leat_singleflight *g, int *x)
{
    while (singleflight_waiting(g, "key") < 3)
        leat_yield();
    race_write(x);
    *out = 1;
    return 0;
}

static void shared_caller(leat_singleflight *g, int *x)
{
    int v;

    leat_singleflight_do(g, "key", &v, NULL, shared_load, g, x);
    race_read(x);
}

T_TEST(a_shared_call_is_before_its_callers_return, .modes = "tsan")
{
    leat_singleflight g = {0};
    leat_waitgroup wg = {0};
    int x = 0;

    for (int i = 0; i < 100; i++) {
        for (int k = 0; k < 4; k++)
            leat_waitgroup_go(&wg, shared_caller, &g, &x);
        leat_waitgroup_wait(&wg);
    }
}

/* A key is the caller's own again after the call, though others are compared with it meanwhile. */
static int key_load(int *out)
{
    leat_yield();
    *out = 1;
    return 0;
}

static void key_writer(leat_singleflight *g)
{
    char key[8] = "key 0";

    for (int i = 0; i < 100; i++) {
        int v;
        key[4] = (char)('0' + i % 3);
        leat_singleflight_do(g, key, &v, NULL, key_load);
    }
}

T_TEST(a_key_may_be_written_again_after_the_call, .modes = "tsan")
{
    leat_singleflight g = {0};
    leat_waitgroup wg = {0};

    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, key_writer, &g);
    leat_waitgroup_wait(&wg);
}
