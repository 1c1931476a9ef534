/* SPDX-License-Identifier: MIT */
/*
 * blocking_test.c - leat_blocking(fn, args...): a call that may block or need a deep stack,
 * with its value, while the others go on.
 */
#include "sched_util.h"

#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wfloat-conversion"

enum colour { RED = 3, BLUE = -4 };

static bool flips(bool b)
{
    return !b;
}
static char next_char(char c)
{
    return (char)(c + 1);
}
static signed char negates(signed char c)
{
    return (signed char)-c;
}
static unsigned short doubles_short(unsigned short s)
{
    return (unsigned short)(s * 2);
}
static int subtracts(int a, int b)
{
    return a - b;
}
static unsigned long shifts(unsigned long x, unsigned by)
{
    return x << by;
}
static int64_t minus(int64_t x)
{
    return -x;
}
static float halves_float(float x)
{
    return x / 2;
}
static double mixes(int a, double b, long c, float d)
{
    return a + b * 10 + (double)c * 100 + (double)d * 1000;
}
static const char *skips(const char *s, size_t n)
{
    return s + n;
}
static enum colour other(enum colour c)
{
    return c == RED ? BLUE : RED;
}
static void stores(int *to, int v)
{
    *to = v;
}
static int64_t sums_eight(double a, double b, double c, double d, double e, double f, double g,
                          double h)
{
    return (int64_t)(a + b + c + d + e + f + g + h);
}

static void checks_values(void)
{
    int stored = 0;
    volatile int wide = 0x100;

    T_EQ(leat_blocking(flips, false), true);
    T_EQ(leat_blocking(flips, wide), false);
    T_EQ(leat_blocking(next_char, 'a'), 'b');
    T_EQ(leat_blocking(negates, 5), -5);
    T_EQ(leat_blocking(doubles_short, 40000), (80000 & 65535));
    T_EQ(leat_blocking(subtracts, 2, 5), -3);
    T_EQ(leat_blocking(shifts, 1, 63), 1UL << 63);
    T_EQ(leat_blocking(minus, INT64_MAX), -INT64_MAX);
    T_EQ(leat_blocking(halves_float, 5), 2.5f);
    T_EQ(leat_blocking(mixes, 1, 2, 3, 4), 4321.0);
    T_STREQ(leat_blocking(skips, "blocking", 5), "ing");
    T_EQ(leat_blocking(other, RED), BLUE);
    T_EQ(leat_blocking(sums_eight, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), 36);
    leat_blocking(stores, &stored, 42);
    T_EQ(stored, 42);
    T_EQ(leat_blocking(subtracts, leat_blocking(subtracts, 9, 3), 1), 5);
}

T_TEST(blocking_gives_values_of_every_scalar_type)
{
    checks_values(); /* on goroutine 1 */
    leat_waitgroup wg = {0};
    for (int i = 0; i < 10; i++)
        leat_waitgroup_go(&wg, checks_values);
    leat_waitgroup_wait(&wg);
}

static void *thread_checks_values(void *unused)
{
    checks_values();
    return unused;
}

T_TEST(blocking_on_a_foreign_thread_is_a_plain_call)
{
    util_join(util_thread(thread_checks_values, NULL));
}

static char reads_byte(int fd)
{
    char byte = 0;

    T_EQ(read(fd, &byte, 1), 1);
    return byte;
}

static void reads_announced(int fd, atomic_long *done)
{
    T_EQ(leat_blocking(reads_byte, fd), 'x');
    atomic_fetch_add(done, 1);
}

static void counts(atomic_long *n, long to)
{
    while (atomic_load(n) < to) {
        atomic_fetch_add(n, 1);
        leat_yield();
    }
}

T_TEST(others_go_on_while_one_is_blocking)
{
    leat_waitgroup wg = {0};
    atomic_long done = 0, n = 0;
    int ends[2];

    T_EQ(pipe(ends), 0);
    leat_waitgroup_go(&wg, reads_announced, ends[0], &done);
    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, counts, &n, t_scale(1000));
    util_await(&n, t_scale(1000));
    T_EQ(atomic_load(&done), 0);
    T_EQ(write(ends[1], "x", 1), 1); /* only progress of the others lets the reader end */
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&done), 1);
    close(ends[0]);
    close(ends[1]);
}

static void feeds_pipe(int fd, atomic_long *n)
{
    util_await(n, t_scale(1000));
    T_EQ(write(fd, "x", 1), 1);
}

T_TEST(others_go_on_while_main_is_blocking)
{
    leat_waitgroup wg = {0};
    atomic_long n = 0;
    int ends[2];

    T_EQ(pipe(ends), 0);
    leat_waitgroup_go(&wg, counts, &n, t_scale(1000));
    leat_waitgroup_go(&wg, feeds_pipe, ends[1], &n);
    T_EQ(leat_blocking(reads_byte, ends[0]), 'x');
    leat_waitgroup_wait(&wg);
    close(ends[0]);
    close(ends[1]);
}

static atomic_long inside, most_inside, left;

static char reads_counted(int fd)
{
    long now = atomic_fetch_add(&inside, 1) + 1, most = atomic_load(&most_inside);

    while (now > most && !atomic_compare_exchange_weak(&most_inside, &most, now))
        ;
    char byte = reads_byte(fd);
    atomic_fetch_sub(&inside, 1);
    return byte;
}

static void reads_in_the_crowd(int fd)
{
    T_EQ(leat_blocking(reads_counted, fd), 'x');
    atomic_fetch_add(&left, 1);
}

T_TEST(six_hundred_blocking_calls_queue_behind_the_limit, .timeout_ms = 60000, .modes = "!tsan")
{
    enum { CALLS = 600, LIMIT = 512 };
    leat_waitgroup wg = {0};
    atomic_long n = 0;
    int ends[2];

    T_EQ(pipe(ends), 0);
    for (int i = 0; i < CALLS; i++)
        leat_waitgroup_go(&wg, reads_in_the_crowd, ends[0]);
    util_await(&inside, LIMIT);
    leat_waitgroup_go(&wg, counts, &n, 1000); /* the queue holds up nobody else */
    util_await(&n, 1000);
    T_EQ(atomic_load(&inside), LIMIT);
    for (int i = 0; i < CALLS; i++)
        T_EQ(write(ends[1], "x", 1), 1);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&left), CALLS);
    T_EQ(atomic_load(&most_inside), LIMIT);
    close(ends[0]);
    close(ends[1]);
}

static __attribute__((noinline)) int digs(size_t bytes)
{
    volatile char *room = __builtin_alloca(bytes);

    for (size_t i = bytes; i > 0; i -= 512)
        room[i - 1] = 1;
    return room[bytes - 1];
}

static void needs_a_deep_stack(void)
{
    T_EQ(leat_blocking(digs, (size_t)3 << 20), 1);
}

T_TEST(a_blocking_call_has_megabytes_of_stack)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, needs_a_deep_stack); /* a goroutine's stack has 256 KiB */
    leat_waitgroup_wait(&wg);
}

static int which_thread(void)
{
    return util_tid();
}

static void asks_which_thread(void)
{
    T_NE(leat_blocking(which_thread), (int)getpid());
}

static void asks_which_thread_locked(void)
{
    leat_lock_thread();
    T_EQ(leat_blocking(which_thread), util_tid());
    leat_unlock_thread();
}

T_TEST(a_blocking_call_never_takes_the_main_thread)
{
    leat_waitgroup wg = {0};

    for (long i = t_scale(200); i > 0; i--)
        leat_waitgroup_go(&wg, asks_which_thread);
    leat_waitgroup_wait(&wg);
}

T_TEST(a_locked_goroutine_blocks_on_its_own_thread)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < 10; i++)
        leat_waitgroup_go(&wg, asks_which_thread_locked);
    leat_waitgroup_wait(&wg);
}

static int fails_with(int err)
{
    errno = err;
    return -err;
}

T_TEST(many_short_blocking_calls_lose_nothing)
{
    leat_waitgroup wg = {0};
    long rounds = t_scale(3000);
    atomic_long n = 0;

    leat_waitgroup_go(&wg, counts, &n, rounds);
    for (int i = 0; i < rounds; i++)
        T_EQ(leat_blocking(fails_with, i % 100), -(i % 100));
    leat_waitgroup_wait(&wg);
}

/* Calls of several goroutines run one after another on a thread's stack: that is no race. */
static int fills_the_stack(int byte)
{
    unsigned char mem[4096];
    unsigned char *volatile seen = mem;

    memset(seen, byte, sizeof(mem));
    return seen[sizeof(mem) - 1];
}

static void fills_often(int byte)
{
    for (int i = 0; i < 50; i++)
        T_EQ(leat_blocking(fills_the_stack, byte), byte);
}

T_TEST(calls_on_the_same_stack_are_no_race)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, fills_often, i);
    leat_waitgroup_wait(&wg);
}
