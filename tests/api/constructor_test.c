/* SPDX-License-Identifier: MIT */
/*
 * constructor_test.c - leat used by a static constructor, before main has begun.
 *
 * The dynamic loader still holds locks that belong to this very thread, so the constructor must
 * be treated as a foreign thread: it blocks, and does not migrate. When main begins, it becomes
 * goroutine 1 as if nothing had been.
 */
#include "sched_util.h"

static int early_sum, early_tid;
static uint64_t early_id;

static void answers_early(leat_int_chan c, int v)
{
    leat_yield();
    leat_send(c, v);
}

static atomic_bool may_stop;

static void burns_until_told(void)
{
    while (!atomic_load(&may_stop))
        continue;
}

/* Only where a test asks for it: the runner that starts the cases has constructors too. */
static __attribute__((constructor)) void uses_leat_before_main(void)
{
    if (!getenv("LEAT_TEST_EARLY"))
        return;
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    for (int i = 1; i <= 10; i++) {
        int v = 0;
        leat_go(answers_early, c, i);
        leat_recv(c, &v);
        early_sum += v;
    }
    leat_sleep(LEAT_MILLISECOND);
    early_id = leat_id();
    early_tid = util_tid();
    leat_chan_free(c);
    if (getenv("LEAT_TEST_EARLY_BURNER"))
        leat_go(burns_until_told);
}

T_TEST(a_constructor_may_use_leat, .env = {"LEAT_TEST_EARLY=1"})
{
    T_EQ(early_sum, 55);
    T_NE(early_id, 1u);
    T_EQ(early_tid, (int)getpid());
}

T_TEST(main_is_goroutine_one_though_a_constructor_came_first, .env = {"LEAT_TEST_EARLY=1"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    int v = 0;

    T_EQ(leat_id(), 1u);
    leat_go(answers_early, c, 3);
    T_TRUE(leat_recv(c, &v));
    T_EQ(v, 3);
    T_EQ(util_tid(), (int)getpid());
    leat_chan_free(c);
}

T_TEST(deadlock_is_found_though_a_constructor_came_first, .env = {"LEAT_TEST_EARLY=1"},
       .expect_exit = 2,
       .expect_stderr = {"fatal error: all goroutines are asleep - deadlock!",
                         "goroutine 1 [chan receive]:"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_recv(c, NULL);
}

/* With one proc main finds it taken, and waits for one like any goroutine. */
T_TEST(main_begins_while_a_constructors_goroutine_burns,
       .env = {"LEAT_TEST_EARLY=1", "LEAT_TEST_EARLY_BURNER=1"})
{
    T_EQ(leat_id(), 1u);
    atomic_store(&may_stop, true); /* the runner sees that the goroutine ends */
}
