/* SPDX-License-Identifier: MIT */
/*
 * many_test.c - very many goroutines, very deep stacks, very small ones.
 *
 * t_scale brings a million down where each costs more; under TSan a fiber is nearly a megabyte
 * and there may be 8128 of them, so those modes get what they can hold.
 */
#include "../api/sched_util.h"

static long crowd(void)
{
    return t_mode_is("tsan") ? 1000 : t_scale(1000000);
}

static void adds_one(atomic_long *n)
{
    atomic_fetch_add(n, 1);
}

T_TEST(a_million_goroutines_run, .timeout_ms = 60000)
{
    leat_waitgroup wg = {0};
    atomic_long n = 0;

    for (long i = crowd(); i > 0; i--)
        leat_waitgroup_go(&wg, adds_one, &n);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&n), crowd());
}

static void passes_gate(leat_int_chan gate, leat_waitgroup *here, atomic_long *n)
{
    leat_waitgroup_done(here);
    if (!leat_recv(gate, NULL))
        atomic_fetch_add(n, 1);
}

/* Physical memory that the machine has free, in bytes. */
static long free_memory(void)
{
    return sysconf(_SC_AVPHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

/* ASan's books on a million stacks need more memory than a test may take. */
T_TEST(a_million_goroutines_wait_at_once, .timeout_ms = 120000, .procs = {2}, .modes = "!asan")
{
    leat_waitgroup all = {0}, here = {0};
    atomic_long n = 0;
    leat_int_chan gate = leat_chan_make(leat_int_chan, 0);
    long per_goroutine = t_mode_is("asan") ? 40000 : 6000, many = crowd();

    if (many > free_memory() / 2 / per_goroutine)
        many = free_memory() / 2 / per_goroutine;
    T_LOG("%ld goroutines", many);
    leat_waitgroup_add(&here, (int)many);
    for (long i = 0; i < many; i++)
        leat_waitgroup_go(&all, passes_gate, gate, &here, &n);
    leat_waitgroup_wait(&here);
    T_EQ(leat_num_goroutine(), many + 1);
    leat_close(gate);
    leat_waitgroup_wait(&all);
    T_EQ(atomic_load(&n), many);
    leat_chan_free(gate);
}

static void splits(long n, leat_int64_chan out)
{
    if (n == 1) {
        leat_send(out, 1);
        return;
    }
    leat_int64_chan parts = leat_chan_make(leat_int64_chan, 0);
    int64_t sum = 0, part = 0;
    for (long i = 0; i < 10; i++)
        leat_go(splits, n / 10, parts);
    for (int i = 0; i < 10; i++) {
        T_TRUE(leat_recv(parts, &part));
        sum += part;
    }
    leat_chan_free(parts);
    leat_send(out, sum);
}

T_TEST(a_tree_of_goroutines_sums_its_leaves, .timeout_ms = 60000)
{
    long leaves = t_mode_is("tsan") ? 100 : crowd() >= 1000000 ? 1000000 : 10000;
    leat_int64_chan out = leat_chan_make(leat_int64_chan, 0);
    int64_t sum = 0;

    leat_go(splits, leaves, out);
    T_TRUE(leat_recv(out, &sum));
    T_EQ(sum, leaves);
    leat_chan_free(out);
}

static __attribute__((noinline)) long digs(long depth, unsigned *digest)
{
    volatile unsigned char frame[128];

    for (size_t i = 0; i < sizeof(frame); i++)
        frame[i] = (unsigned char)(depth + (long)i);
    if (depth % 64 == 0)
        leat_yield();
    long below = depth > 0 ? digs(depth - 1, digest) : 0;
    for (size_t i = 0; i < sizeof(frame); i++)
        if (frame[i] != (unsigned char)(depth + (long)i))
            T_FAIL("frame %ld was overwritten at byte %zu", depth, i);
    *digest = *digest * 31 + frame[depth & 127];
    return below + 1;
}

static void digs_and_compares(long depth, unsigned want)
{
    unsigned digest = 0;

    T_EQ(digs(depth, &digest), depth + 1);
    T_EQ(digest, want);
}

/* Within 192 KiB: a frame of digs is about 200 bytes, several times that under a sanitizer. */
static const long DEEP = 400;

T_TEST(deep_stacks_of_many_goroutines_do_not_touch)
{
    leat_waitgroup wg = {0};
    unsigned digest = 0;

    digs(DEEP, &digest);
    for (long round = t_scale(20); round > 0; round--) {
        for (int i = 0; i < 100; i++)
            leat_waitgroup_go(&wg, digs_and_compares, DEEP, digest);
        leat_waitgroup_wait(&wg);
    }
}

T_TEST(a_deep_stack_of_eight_mebibytes)
{
    leat_waitgroup wg = {0};
    unsigned digest = 0;
    long depth = 8000;
    leat_go_opts opts = {.stack_size = 64 << 20};

    /* Main's own stack may be smaller: the reference is dug in the first goroutine. */
    leat_waitgroup_add(&wg, 1);
    leat_go_with(&opts, digs, depth, &digest);
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_waitgroup_done(&wg);
    T_NE(digest, 0u);
    for (int i = 0; i < 4; i++)
        leat_go_with(&opts, digs_and_compares, depth, digest);
    while (leat_num_goroutine() > 1)
        leat_yield();
}

static void parks_on_little(leat_int_chan in, leat_int_chan out)
{
    volatile char some[256];

    leat_range(v, in) {
        some[v & 255] = (char)v;
        leat_send(out, v);
        leat_yield();
    }
    (void)some[0];
}

T_TEST(the_smallest_stacks_hold_what_leat_needs)
{
    leat_int_chan in = leat_chan_make(leat_int_chan, 0);
    leat_int_chan out = leat_chan_make(leat_int_chan, 0);
    leat_go_opts opts = {.stack_size = 1};

    for (long round = t_scale(50); round > 0; round--) {
        for (int i = 0; i < 20; i++)
            leat_go_with(&opts, parks_on_little, in, out);
        for (int i = 0; i < 200; i++) {
            leat_send(in, i);
            T_TRUE(leat_recv(out, NULL));
        }
        leat_close(in);
        while (leat_num_goroutine() > 1)
            leat_yield();
        leat_chan_free(in);
        in = leat_chan_make(leat_int_chan, 0);
    }
    leat_chan_free(in);
    leat_chan_free(out);
}

static void uses_and_ends(size_t bytes, atomic_long *n)
{
    volatile char *room = __builtin_alloca(bytes);

    for (size_t i = 0; i < bytes; i += 1024)
        room[i] = 1;
    atomic_fetch_add(n, room[0]);
}

T_TEST(stacks_of_all_sizes_are_recycled)
{
    atomic_long n = 0;
    long spawns = t_scale(5000);

    for (long i = 0; i < spawns; i++) {
        size_t bytes = (size_t)1024 << (t_rand() % 8);
        leat_go_opts opts = {.stack_size = t_rand() % 2 ? 0 : bytes + (64u << 10)};
        leat_go_with(&opts, uses_and_ends, opts.stack_size ? bytes : bytes / 2, &n);
        if (i % 100 == 0)
            leat_yield();
    }
    while (leat_num_goroutine() > 1)
        leat_yield();
    T_EQ(atomic_load(&n), spawns);
}
