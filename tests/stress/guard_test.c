/* SPDX-License-Identifier: MIT */
/*
 * guard_test.c - stacks work the same whatever guards them: madvise on new kernels, mprotect on
 * older ones until half of the mappings are used, nothing beyond.
 */
#include "../api/sched_util.h"

static void deep_and_back(int depth, atomic_long *n)
{
    volatile char frame[512];

    frame[depth & 511] = 1;
    if (depth > 0)
        deep_and_back(depth - 1, n);
    else
        leat_yield();
    if (depth == 20)
        atomic_fetch_add(n, frame[depth & 511]);
}

static void waits_deep(leat_int_chan gate, atomic_long *n)
{
    deep_and_back(20, n);
    leat_recv(gate, NULL);
}

static void many_stacks(long many)
{
    leat_int_chan gate = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};
    atomic_long n = 0;

    for (int round = 0; round < 2; round++) {
        atomic_store(&n, 0);
        for (long i = 0; i < many; i++)
            leat_waitgroup_go(&wg, waits_deep, gate, &n);
        util_await(&n, many);
        T_EQ(leat_num_goroutine(), many + 1);
        leat_close(gate);
        leat_waitgroup_wait(&wg);
        leat_chan_free(gate);
        gate = leat_chan_make(leat_int_chan, 0);
    }
    leat_chan_free(gate);
}

static long some(void)
{
    return t_mode_is("tsan") ? 500 : t_scale(3000);
}

T_TEST(stacks_guarded_by_madvise, .env = {"LEAT_DEBUG=guard=madvise"})
{
    many_stacks(some());
}

T_TEST(stacks_guarded_by_mprotect, .env = {"LEAT_DEBUG=guard=mprotect"})
{
    many_stacks(some());
}

T_TEST(stacks_without_guards, .env = {"LEAT_DEBUG=guard=none"})
{
    many_stacks(some());
}

static void waits(leat_int_chan gate, atomic_long *n)
{
    atomic_fetch_add(n, 1);
    leat_recv(gate, NULL);
}

static long mappings(void)
{
    FILE *f = fopen("/proc/self/maps", "r");
    long n = 0;

    T_TRUE(f != NULL);
    for (int c = fgetc(f); c != EOF; c = fgetc(f))
        n += c == '\n';
    fclose(f);
    return n;
}

static long allowed_mappings(void)
{
    FILE *f = fopen("/proc/sys/vm/max_map_count", "r");
    long n = 65530;

    if (f == NULL)
        return n;
    T_EQ(fscanf(f, "%ld", &n), 1);
    fclose(f);
    return n;
}

/* What an old kernel's user meets: more stacks than mappings. The application keeps half. */
T_TEST(more_stacks_than_mappings_leave_the_application_its_half, .timeout_ms = 60000,
       .procs = {2}, .modes = "plain,hostile", .env = {"LEAT_DEBUG=guard=mprotect"},
       .expect_exit = 0, .ends_process = true, .expect_stderr = "vm.max_map_count")
{
    leat_int_chan gate = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};
    atomic_long n = 0;
    long allowed = allowed_mappings(), many = allowed / 2;

    if (many > 100000)
        T_SKIP("vm.max_map_count is too large to be reached here");
    for (long i = 0; i < many; i++)
        leat_waitgroup_go(&wg, waits, gate, &n);
    util_await(&n, many);
    T_LE(mappings(), allowed / 2 + 2000);
    leat_close(gate);
    leat_waitgroup_wait(&wg);
    leat_chan_free(gate);
    exit(0);
}
