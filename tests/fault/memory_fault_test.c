/* SPDX-License-Identifier: MIT */
/*
 * memory_fault_test.c - memory that is refused: the _try forms say -ENOMEM and nothing has
 * happened, the others die with a text that says what to raise, and a refusal that passes is
 * survived.
 */
#include "../api/sched_util.h"

#include <sys/resource.h>

static void limit_address_space_to(size_t more)
{
    FILE *f = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    struct rlimit lim;

    T_TRUE(f != NULL);
    T_EQ(fscanf(f, "%lu", &pages), 1);
    fclose(f);
    T_EQ(getrlimit(RLIMIT_AS, &lim), 0);
    lim.rlim_cur = pages * (unsigned long)sysconf(_SC_PAGESIZE) + more;
    T_EQ(setrlimit(RLIMIT_AS, &lim), 0);
}

static void unlimit_address_space(void)
{
    struct rlimit lim;

    T_EQ(getrlimit(RLIMIT_AS, &lim), 0);
    lim.rlim_cur = lim.rlim_max;
    T_EQ(setrlimit(RLIMIT_AS, &lim), 0);
}

static leat_int_chan gate;

static void waits(atomic_long *here)
{
    atomic_fetch_add(here, 1);
    leat_recv(gate, NULL);
}

T_TEST(go_try_says_enomem_and_starts_nobody, .modes = "plain,hostile,ubsan",
       .timeout_ms = 60000)
{
    static atomic_long here;
    long started = 0;
    int err = 0;

    gate = leat_chan_make(leat_int_chan, 0);
    leat_yield();
    limit_address_space_to(64 << 20);
    for (long i = 0; i < 100000 && err == 0; i++) {
        err = leat_go_try(waits, &here);
        if (err == 0)
            started++;
    }
    T_EQ(err, -ENOMEM);
    T_GT(started, 10);
    T_EQ(leat_num_goroutine(), started + 1);
    unlimit_address_space();
    T_EQ(leat_go_try(waits, &here), 0); /* it goes on as soon as there is memory */
    util_await(&here, started + 1);
    leat_close(gate);
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_chan_free(gate);
}

T_TEST(chan_try_make_says_enomem, .modes = "plain,hostile,ubsan")
{
    leat_yield();
    limit_address_space_to(64 << 20);
    leat_int_chan c = leat_chan_try_make(leat_int_chan, 100 << 20);
    T_TRUE(c == NULL);
    c = leat_chan_try_make(leat_int_chan, 10);
    T_TRUE(c != NULL);
    leat_send(c, 1);
    leat_chan_free(c);
    unlimit_address_space();
}

T_TEST(chan_make_is_fatal_without_memory, .modes = "plain,hostile,ubsan", .procs = {1},
       .expect_exit = 2, .expect_stderr = {"fatal error: ", "out of memory"})
{
    leat_yield();
    limit_address_space_to(64 << 20);
    leat_chan_make(leat_int_chan, 100 << 20);
}

T_TEST(go_is_fatal_without_memory_and_says_what_to_raise, .modes = "plain,hostile,ubsan",
       .expect_exit = 2, .expect_stderr = {"fatal error: ", "out of memory", "raise"})
{
    static atomic_long here;

    gate = leat_chan_make(leat_int_chan, 0);
    leat_yield();
    limit_address_space_to(64 << 20);
    for (long i = 0; i < 100000; i++) {
        leat_go(waits, &here);
        leat_yield();
    }
}

static void adds(atomic_long *n)
{
    volatile char some[2048];

    some[0] = 1;
    leat_yield();
    atomic_fetch_add(n, some[0]);
}

static void spawns_many(void)
{
    leat_waitgroup wg = {0};
    atomic_long n = 0;
    long many = t_scale(5000);

    for (long i = 0; i < many; i++)
        leat_waitgroup_go(&wg, adds, &n);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&n), many);
}

T_TEST(every_second_mapping_refused_once_is_survived, .env = {"LEAT_DEBUG=failmmap=2"})
{
    spawns_many();
}

T_TEST(every_third_mapping_refused_once_is_survived, .env = {"LEAT_DEBUG=failmmap=3"})
{
    spawns_many();
}

T_TEST(every_tenth_mapping_refused_once_is_survived, .env = {"LEAT_DEBUG=failmmap=10"})
{
    spawns_many();
}

static void try_spawns_many(void)
{
    static atomic_long n;
    leat_waitgroup wg = {0};
    long started = 0;

    for (long i = t_scale(3000); i > 0; i--) {
        int err = leat_go_try(adds, &n);
        T_TRUE(err == 0 || err == -ENOMEM);
        started += err == 0;
    }
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&n), started);
    T_GT(started, 0);
}

T_TEST(go_try_is_exact_while_mappings_fail, .env = {"LEAT_DEBUG=failmmap=2"})
{
    try_spawns_many();
}

/* All stacks in one map is what such limits refuse; slabs grow and are retried smaller. */
static void works_in_little_space(void)
{
    limit_address_space_to(512 << 20); /* malloc alone reserves 64 MiB for each thread */
    spawns_many();
}

T_TEST(the_runtime_starts_and_works_in_little_address_space, .modes = "plain,hostile,ubsan",
       .procs = {1, 2})
{
    static struct util_output out;

    util_capture(works_in_little_space, &out);
    if (out.status != 0)
        T_FAIL("status %d:\n%s", out.status, out.text);
}
