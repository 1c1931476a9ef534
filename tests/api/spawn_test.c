/* SPDX-License-Identifier: MIT */
/*
 * spawn_test.c - the ways to start a goroutine, and what it says about itself.
 */
#include "sched_util.h"

static leat_done_chan gate; /* closed by the test to let its goroutines end */

static void waits_at_gate(atomic_long *arrived)
{
    atomic_fetch_add(arrived, 1);
    leat_recv(gate, NULL);
}

static void opens_gate(void)
{
    leat_close(gate);
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_chan_free(gate);
}

T_TEST(main_is_goroutine_one)
{
    T_EQ(leat_id(), 1u);
    leat_yield();
    T_EQ(leat_id(), 1u);
}

static void reports_id(leat_int64_chan ids)
{
    uint64_t before = leat_id();

    leat_yield();
    T_EQ(leat_id(), before);
    leat_send(ids, (int64_t)before);
}

T_TEST(ids_are_never_given_twice)
{
    enum { N = 500 };
    leat_int64_chan ids = leat_chan_make(leat_int64_chan, 0);
    static int64_t seen[2 * N];
    int n = 0;

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < N; i++)
            leat_go(reports_id, ids);
        for (int i = 0; i < N; i++)
            leat_recv(ids, &seen[n++]);
    }
    for (int i = 0; i < n; i++) {
        T_GT(seen[i], 1);
        for (int j = 0; j < i; j++)
            T_NE(seen[i], seen[j]);
    }
    leat_chan_free(ids);
}

T_TEST(num_goroutine_counts_the_living)
{
    atomic_long arrived = 0;

    gate = leat_chan_make(leat_done_chan, 0);
    T_EQ(leat_num_goroutine(), 1);
    for (int i = 0; i < 100; i++)
        leat_go(waits_at_gate, &arrived);
    T_EQ(leat_num_goroutine(), 101); /* a queued goroutine lives already */
    util_await(&arrived, 100);
    T_EQ(leat_num_goroutine(), 101);
    opens_gate();
    T_EQ(leat_num_goroutine(), 1);
}

static void checks_name(const char *want, leat_waitgroup *wg)
{
    T_STREQ(leat_name(), want);
    leat_yield();
    T_STREQ(leat_name(), want);
    leat_waitgroup_done(wg);
}

T_TEST(a_named_goroutine_knows_its_name)
{
    leat_waitgroup wg = {0};
    char name[16] = "short";

    leat_waitgroup_add(&wg, 3);
    leat_go_named(name, checks_name, "short", &wg);
    memset(name, 'x', sizeof(name) - 1); /* the name was copied */
    leat_go_named("0123456789012345678901234567890123456789", checks_name,
                  "0123456789012345678901234567890", &wg);
    leat_go_with(&(leat_go_opts){.name = "by options"}, checks_name, "by options", &wg);
    leat_waitgroup_wait(&wg);
}

static __attribute__((noinline)) int uses_stack(size_t bytes)
{
    volatile char *room = __builtin_alloca(bytes);

    for (size_t i = 0; i < bytes; i += 512)
        room[i] = (char)i;
    leat_yield();
    return room[bytes / 2] + room[0];
}

static void needs_stack(size_t bytes, leat_waitgroup *wg)
{
    uses_stack(bytes);
    leat_waitgroup_done(wg);
}

T_TEST(a_stack_size_asked_for_is_given)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 6);
    leat_go(needs_stack, (size_t)128 << 10, &wg); /* the default has room for this */
    for (size_t mb = 1; mb <= 4; mb++)
        leat_go_with(&(leat_go_opts){.stack_size = (mb << 20) + (256u << 10)}, needs_stack,
                     mb << 20, &wg);
    leat_go_with(&(leat_go_opts){.stack_size = 1}, needs_stack, (size_t)512, &wg);
    leat_waitgroup_wait(&wg);
}

static void adds(atomic_long *sum, int n, leat_waitgroup *wg)
{
    atomic_fetch_add(sum, n);
    leat_waitgroup_done(wg);
}

T_TEST(every_form_of_spawn_runs_its_function_once)
{
    static const leat_site elsewhere = {"elsewhere.c", "somebody", 7};
    leat_waitgroup wg = {0};
    atomic_long sum = 0;

    leat_waitgroup_add(&wg, 5);
    leat_go(adds, &sum, 1, &wg);
    T_EQ(leat_go_try(adds, &sum, 10, &wg), 0);
    leat_go_named("named", adds, &sum, 100, &wg);
    leat_go_with(&(leat_go_opts){0}, adds, &sum, 1000, &wg);
    leat_go_at(&elsewhere, adds, &sum, 10000, &wg);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&sum), 11111);
}

static void spawns_tree(int depth, atomic_long *leaves, leat_waitgroup *wg)
{
    if (depth == 0) {
        atomic_fetch_add(leaves, 1);
    } else {
        for (int i = 0; i < 4; i++)
            leat_waitgroup_go(wg, spawns_tree, depth - 1, leaves, wg);
    }
}

T_TEST(goroutines_start_goroutines)
{
    leat_waitgroup wg = {0};
    atomic_long leaves = 0;

    leat_waitgroup_go(&wg, spawns_tree, 6, &leaves, &wg);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&leaves), 4096);
}

T_TEST(child_first_spawns_run_each_once)
{
    leat_waitgroup wg = {0};
    atomic_long sum = 0;

    leat_waitgroup_add(&wg, 100);
    for (int i = 0; i < 100; i++)
        leat_waitgroup_fork(&wg, adds, &sum, i, &wg);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&sum), 4950);
}

T_TEST(go_of_nil_is_fatal, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {"fatal error: go of nil func value", "goroutine 1 [running]:"})
{
    void (*volatile nil)(int) = NULL;

    leat_go(nil, 1);
}

static void goes_nil(void)
{
    void (*volatile nil)(void) = NULL;

    leat_go(nil);
}

T_TEST(go_of_nil_is_fatal_in_any_goroutine, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {"fatal error: go of nil func value", "[running]:"})
{
    leat_done_chan never = leat_chan_make(leat_done_chan, 0);

    leat_go(goes_nil);
    leat_recv(never, NULL);
}

T_TEST(go_try_of_nil_is_fatal_too, .procs = {1}, .expect_exit = 2,
       .expect_stderr = "fatal error: go of nil func value")
{
    void (*volatile nil)(void) = NULL;

    (void)leat_go_try(nil);
}
