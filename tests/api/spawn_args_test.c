/* SPDX-License-Identifier: MIT */
/*
 * spawn_args_test.c - what arrives in a goroutine is what a call would have passed.
 *
 * The callee checks its own parameters: a word stored without conversion shows there, and only
 * there (a masked flag passed to bool, 300 to an unsigned char, an int to a double).
 */
#include "sched_util.h"

#include <stdarg.h>

/* Conversions that lose something are the subject of this file. */
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wfloat-conversion"
#ifdef __clang__
#pragma clang diagnostic ignored "-Wimplicit-int-conversion"
#pragma clang diagnostic ignored "-Wimplicit-float-conversion"
#endif

static leat_waitgroup joined;

static void arrived(void)
{
    leat_waitgroup_done(&joined);
}

static void join(void)
{
    leat_waitgroup_wait(&joined);
}

#define GO(...)                         \
    do {                                \
        leat_waitgroup_add(&joined, 1); \
        leat_go(__VA_ARGS__);           \
    } while (0)

static void takes_bool(bool got, bool want)
{
    T_EQ(got, want);
    T_EQ(got + 0, want ? 1 : 0);
    arrived();
}

T_TEST(a_bool_parameter_gets_the_truth_of_its_argument)
{
    volatile int flags = 0x1ff00;
    int object[64] __attribute__((aligned(256)));
    int *volatile address = object; /* its low byte is zero */

    GO(takes_bool, flags & 0x100, true);
    GO(takes_bool, flags & 0xff, false);
    GO(takes_bool, address, true);
    GO(takes_bool, (int *)NULL, false);
    GO(takes_bool, 0.5, true);
    GO(takes_bool, (uint64_t)1 << 40, true);
    join();
}

static void takes_small(unsigned char uc, signed char sc, short s, unsigned short us,
                        const int *want)
{
    T_EQ(uc, want[0]);
    T_EQ(sc, want[1]);
    T_EQ(s, want[2]);
    T_EQ(us, want[3]);
    /* In wider arithmetic too: a callee may trust that its caller extended the register. */
    T_EQ((long)uc + 0L, (long)want[0]);
    T_EQ((long)s * 1L, (long)want[2]);
    arrived();
}

T_TEST(small_integer_parameters_are_narrowed_as_in_a_call)
{
    volatile int v300 = 300, v200 = 200, v70000 = 70000, vneg = -1;
    static const int want[] = {300 & 255, (signed char)200, (short)70000, 70000 & 65535};
    static const int minus[] = {255, -1, -1, 65535};

    GO(takes_small, v300, v200, v70000, v70000, want);
    GO(takes_small, vneg, vneg, vneg, vneg, minus);
    join();
}

static void takes_wide(long a, unsigned long b, int c, unsigned d, int64_t e, uint64_t f)
{
    T_EQ(a, -5L);
    T_EQ(b, ~0UL);
    T_EQ(c, -7);
    T_EQ(d, 4000000000u);
    T_EQ(e, INT64_MIN);
    T_EQ(f, UINT64_MAX - 1);
    arrived();
}

T_TEST(six_words_arrive_with_sign_and_width)
{
    volatile int minus5 = -5;

    GO(takes_wide, minus5, ~0UL, -7, 4000000000u, INT64_MIN, UINT64_MAX - 1);
    join();
}

static void takes_real(double d, float f, double from_int, float from_double)
{
    T_EQ(d, 2.5);
    T_EQ(f, 0.25f);
    T_EQ(from_int, 1.0);
    T_EQ(from_double, (float)0.1);
    arrived();
}

T_TEST(doubles_and_floats_are_converted_to_the_parameters_type)
{
    volatile double tenth = 0.1;

    GO(takes_real, 2.5, 0.25f, 1, tenth);
    GO(takes_real, 2.5f, 0.25, 1L, tenth);
    join();
}

static void truncates(int from_double, long from_float, double half)
{
    T_EQ(from_double, -3);
    T_EQ(from_float, 7L);
    T_EQ(half, 0.5);
    arrived();
}

T_TEST(a_real_argument_becomes_an_integer_parameter)
{
    volatile double x = -3.99;

    GO(truncates, x, 7.9f, 0.5);
    join();
}

static void takes_mixed(int a, double p, long b, double q, char c, double r, unsigned d,
                        double s, int64_t e, double t, void *f, double u, double v, double w)
{
    T_EQ(a, 1);
    T_EQ(b, 2);
    T_EQ(c, 'c');
    T_EQ(d, 4u);
    T_EQ(e, 5);
    T_EQ(f, (void *)&joined);
    T_EQ(p + 10 * q + 100 * r + 1000 * s, 4321.0);
    T_EQ(t + 10 * u + 100 * v + 1000 * w, 8765.0);
    arrived();
}

T_TEST(six_integers_and_eight_doubles_arrive_together)
{
    GO(takes_mixed, 1, 1.0, 2L, 2.0, (char)'c', 3.0, 4u, 4.0, (int64_t)5, 5.0, (void *)&joined,
       6.0, 7.0, 8.0);
    join();
}

struct ints16 {
    int64_t a;
    int64_t b;
};
struct reals16 {
    double a;
    double b;
};
struct mixed16 {
    int64_t a;
    double b;
};
struct floats8 {
    float a;
    float b;
};
struct bytes5 {
    char c[5];
};

static void takes_structs(struct ints16 i, struct reals16 r, struct mixed16 m)
{
    T_EQ(i.a, -1);
    T_EQ(i.b, 1LL << 40);
    T_EQ(r.a, 1.5);
    T_EQ(r.b, -2.5);
    T_EQ(m.a, 77);
    T_EQ(m.b, 0.125);
    arrived();
}

static void takes_small_structs(struct floats8 f, struct bytes5 b, struct mixed16 m)
{
    T_EQ(f.a, 1.0f);
    T_EQ(f.b, 2.0f);
    T_MEMEQ(b.c, "leat", 5);
    T_EQ(m.a, -9);
    T_EQ(m.b, 9.0);
    arrived();
}

T_TEST(structs_of_up_to_sixteen_bytes_arrive_by_value)
{
    struct ints16 i = {-1, 1LL << 40};
    struct reals16 r = {1.5, -2.5};
    struct mixed16 m = {77, 0.125};
    struct floats8 f = {1.0f, 2.0f};
    struct bytes5 b = {"leat"};

    GO(takes_structs, i, r, m);
    i.a = 0;
    r.a = 0;
    m.a = -9;
    m.b = 9.0;
    GO(takes_small_structs, f, b, m);
    join();
}

#ifdef __SIZEOF_INT128__
__extension__ typedef __int128 int128;

static void takes_int128(int128 x, int y)
{
    T_EQ((int64_t)(x >> 64), -2);
    T_EQ((uint64_t)x, 3u);
    T_EQ(y, 5);
    arrived();
}

T_TEST(a_sixteen_byte_integer_arrives_whole)
{
    volatile int64_t high = -2;

    GO(takes_int128, (int128)high * ((int128)1 << 64) + 3, 5);
    join();
}
#endif

static void adds_all(double want, const char *kinds, ...)
{
    va_list ap;
    double sum = 0;

    va_start(ap, kinds);
    for (const char *k = kinds; *k != '\0'; k++)
        sum += *k == 'd' ? va_arg(ap, double) : (double)va_arg(ap, long);
    va_end(ap);
    T_EQ(sum, want);
    arrived();
}

T_TEST(a_variadic_function_gets_integers_and_doubles)
{
    GO(adds_all, 1110.5, "dldd", 1000.0, 100L, 10.0, 0.5);
    GO(adds_all, 111, "lll", 100L, 10L, 1L);
    GO(adds_all, 0, "");
    join();
}

static void takes_nothing(void)
{
    arrived();
}

static int gives_int(int n)
{
    T_EQ(n, 3);
    arrived();
    return n;
}

static double gives_double(double x)
{
    T_EQ(x, 3.0);
    arrived();
    return x;
}

static const char *gives_pointer(const char *s)
{
    T_STREQ(s, "text");
    arrived();
    return s;
}

T_TEST(a_functions_result_is_dropped_whatever_its_type)
{
    GO(takes_nothing);
    GO(gives_int, 3);
    GO(gives_double, 3);
    GO(gives_pointer, "text");
    join();
}

static void takes_array(const char *text, int *numbers)
{
    T_STREQ(text, "array");
    T_EQ(numbers[2], 30);
    arrived();
}

T_TEST(arrays_decay_to_pointers)
{
    char text[] = "array";
    int numbers[] = {10, 20, 30};

    GO(takes_array, text, numbers);
    join();
}

static void calls_back(int (*fn)(int), int x, int want)
{
    T_EQ(fn(x), want);
    arrived();
}

static int twice(int x)
{
    return 2 * x;
}

static int thrice(int x)
{
    return 3 * x;
}

T_TEST(function_pointers_pass_as_arguments_and_as_the_function)
{
    void (*spawned)(int (*)(int), int, int) = calls_back;
    struct {
        void (*run)(int (*)(int), int, int);
    } table[] = {{calls_back}};

    GO(calls_back, twice, 21, 42);
    GO(spawned, &thrice, 5, 15);
    GO(table[0].run, twice, 1, 2);
    GO(*spawned, twice, 3, 6);
    join();
}

static void takes_pair(int a, int b)
{
    T_EQ(a, b);
    arrived();
}

static atomic_int evaluations;

static int counted(int x)
{
    atomic_fetch_add(&evaluations, 1);
    return x;
}

T_TEST(function_and_arguments_are_evaluated_once)
{
    int i = 0, picks = 0;
    void (*table[])(int, int) = {takes_pair, NULL};

    GO(takes_pair, i++, 0);
    T_EQ(i, 1);
    GO(takes_pair, counted(4), 4);
    T_EQ(atomic_load(&evaluations), 1);
    GO(table[picks++], counted(5), 5);
    T_EQ(picks, 1);
    T_EQ(atomic_load(&evaluations), 2);
    join();
    T_EQ(atomic_load(&evaluations), 2);
}

static void sees_spawner(uint64_t evaluated_in, uint64_t spawner)
{
    T_EQ(evaluated_in, spawner);
    T_NE(leat_id(), spawner);
    arrived();
}

T_TEST(arguments_are_evaluated_by_the_spawner_before_the_goroutine_runs)
{
    int value = 1;

    GO(sees_spawner, leat_id(), leat_id());
    GO(takes_pair, value, 1);
    value = 2;
    GO(takes_pair, value, 2);
    join();
}

static void takes_index(int i, atomic_long *seen)
{
    atomic_fetch_add(seen, 1L << i);
    arrived();
}

T_TEST(a_loop_variable_is_copied_at_each_spawn)
{
    atomic_long seen = 0;

    for (int i = 0; i < 40; i++)
        GO(takes_index, i, &seen);
    join();
    T_EQ(atomic_load(&seen), (1L << 40) - 1);
}

T_TEST(a_spawn_is_one_statement)
{
    atomic_long seen = 0;
    bool never = t_procs() < 0;

    leat_waitgroup_add(&joined, 1);
    if (never)
        leat_go(takes_index, 1, &seen);
    else
        leat_go(takes_index, 2, &seen);
    join();
    T_EQ(atomic_load(&seen), 1L << 2);
}

/* What a declaration says of a function's calls is not true of the call that starts it. */
__attribute__((noreturn)) static void takes_and_never_returns(int got, const char *text)
{
    T_EQ(got, 3);
    T_STREQ(text, "three");
    arrived();
    leat_exit();
}

_Noreturn static void takes_a_pointer_and_never_returns(void *got)
{
    T_TRUE(got == &joined);
    arrived();
    leat_exit();
}

__attribute__((noreturn)) static void takes_nothing_and_never_returns(void)
{
    arrived();
    leat_exit();
}

__attribute__((const)) static int negative(int n)
{
    return -n;
}

T_TEST(functions_that_never_return_may_be_started)
{
    const char *text = "three";
    int evaluated = 0;

    for (int i = 0; i < 10; i++) {
        GO(takes_and_never_returns, 3, text);
        GO(takes_and_never_returns, (evaluated++, 3), text);
        GO(takes_a_pointer_and_never_returns, (void *)&joined);
        GO(takes_nothing_and_never_returns);
    }
    T_EQ(evaluated, 10);
    join();
    T_TRUE(leat_timer_stop(leat_after_func(LEAT_HOUR, takes_and_never_returns, 3, text)));
}

T_TEST(a_function_that_never_returns_may_end_the_process, .ends_process = true)
{
    leat_go(exit, 0);
    leat_select_none();
}

T_TEST(a_function_of_its_arguments_only_gets_them)
{
    leat_group g = {0};

    leat_group_go(&g, negative, 5);
    T_ERR(leat_group_wait(&g), -5);
}
