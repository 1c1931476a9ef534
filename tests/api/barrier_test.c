/* SPDX-License-Identifier: MIT */
/* barrier_test.c - barriers and latches: nobody passes early, giving up, going away. */
#include "sched_util.h"

enum { PARTIES = 5 };

struct meet {
    leat_barrier b;
    long plain[PARTIES]; /* each party's, read by the others between two meetings */
    atomic_long last;    /* how often somebody was the last */
};

static void meets(struct meet *m, int me, long rounds)
{
    for (long i = 1; i <= rounds; i++) {
        m->plain[me] = i;
        if (leat_barrier_wait(&m->b))
            atomic_fetch_add(&m->last, 1);
        for (int k = 0; k < PARTIES; k++)
            T_EQ(m->plain[k], i);
        leat_barrier_wait(&m->b);
    }
}

T_TEST(nobody_passes_a_barrier_before_all_have_come)
{
    struct meet m = {.b = LEAT_BARRIER(PARTIES)};
    leat_waitgroup wg = {0};
    long rounds = t_scale(2000);

    for (int i = 0; i < PARTIES; i++)
        leat_waitgroup_go(&wg, meets, &m, i, rounds);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&m.last), rounds);
}

T_TEST(a_barrier_of_none_or_one_stops_nobody)
{
    static leat_barrier none;
    leat_barrier one;

    leat_barrier_init(&one, 1);
    for (int i = 0; i < 3; i++) {
        T_TRUE(leat_barrier_wait(&none));
        T_EQ(leat_barrier_wait_ctx(NULL, &one), 1);
    }
}

static void waits_for_barrier(leat_barrier *b, atomic_long *done)
{
    leat_barrier_wait(b);
    atomic_fetch_add(done, 1);
}

T_TEST(who_gave_up_has_not_come)
{
    leat_barrier b = LEAT_BARRIER(2);
    atomic_long done = 0;

    T_EQ(leat_barrier_wait_until(&b, leat_now() + 1000), -ETIMEDOUT);
    T_EQ(leat_barrier_wait_until(&b, 1), -ETIMEDOUT);
    leat_go(waits_for_barrier, &b, &done);
    T_GE(leat_barrier_wait_until(&b, LEAT_FOREVER), 0);
    util_await(&done, 1);
    while (leat_num_goroutine() > 1)
        leat_yield();
}

/* Parties that give up at random: a round takes exactly as many as stayed. */
static void storms(leat_barrier *b, atomic_long *passed, atomic_long *last, long want)
{
    while (atomic_load(passed) < want) {
        leat_duration soon = leat_now() + (leat_duration)(t_rand() % 200000);
        int got = leat_barrier_wait_until(b, soon);
        T_TRUE(got >= 0 || got == -ETIMEDOUT);
        if (got == 1)
            atomic_fetch_add(last, 1);
        if (got >= 0)
            atomic_fetch_add(passed, 1);
    }
}

T_TEST(rounds_are_whole_though_parties_give_up)
{
    leat_barrier b = LEAT_BARRIER(3);
    atomic_long passed = 0, last = 0;
    leat_waitgroup wg = {0};

    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, storms, &b, &passed, &last, t_scale(3000));
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&passed), 3 * atomic_load(&last));
    T_EQ((uint32_t)b.leat__state, 0u);
}

/* ---- latches ---- */

static void counts_down(leat_latch *l, long *x)
{
    *x = 42;
    leat_latch_count_down(l, 1);
}

T_TEST(a_latch_opens_when_it_is_counted_down)
{
    for (long i = t_scale(3000); i > 0; i--) {
        leat_latch *l = malloc(sizeof *l);
        long x[2] = {0, 0};

        leat_latch_init(l, 2);
        T_FALSE(leat_latch_is_open(l));
        leat_go(counts_down, l, &x[0]);
        leat_go(counts_down, l, &x[1]);
        leat_latch_wait(l);
        T_EQ(x[0] + x[1], 84);
        free(l);
    }
}

T_TEST(an_open_latch_stops_nobody)
{
    static leat_latch zero;
    leat_latch l = LEAT_LATCH(3);

    leat_latch_wait(&zero);
    T_TRUE(leat_latch_is_open(&zero));
    leat_latch_count_down(&l, 3);
    T_EQ(leat_latch_wait_until(&l, leat_now() + LEAT_SECOND), 0);
    T_EQ(leat_latch_wait_ctx(NULL, &l), 0);
    leat_latch_wait(&l);
}

static void *thread_waits_for_latch(void *l)
{
    leat_latch_wait(l);
    return NULL;
}

T_TEST(a_latch_that_was_given_up_on_still_opens)
{
    leat_latch l = LEAT_LATCH(1);
    pthread_t thread = util_thread(thread_waits_for_latch, &l);

    for (int i = 0; i < 20; i++)
        T_EQ(leat_latch_wait_until(&l, leat_now() + 1000), -ETIMEDOUT);
    leat_latch_count_down(&l, 1);
    leat_latch_wait(&l);
    util_join(thread);
    T_EQ(l.leat__state, 0u);
}

static void gives_up_then_waits(leat_latch *l)
{
    if (leat_latch_wait_until(l, leat_now() + (leat_duration)(t_rand() % 20000)))
        leat_latch_wait(l);
}

T_TEST(a_latch_opens_for_all_while_some_give_up)
{
    for (long i = t_scale(500); i > 0; i--) {
        leat_latch l = LEAT_LATCH(3);
        leat_waitgroup wg = {0};
        long x;

        for (int k = 0; k < 5; k++)
            leat_waitgroup_go(&wg, gives_up_then_waits, &l);
        for (int k = 0; k < 3; k++)
            counts_down(&l, &x);
        leat_waitgroup_wait(&wg);
        T_EQ(l.leat__state, 0u);
    }
}

T_TEST(a_latch_below_zero_is_a_panic, .expect_exit = 2,
       .expect_stderr = {"panic: leat: latch counted down below zero\n"})
{
    leat_latch l = LEAT_LATCH(1);
    leat_latch_count_down(&l, 2);
}
