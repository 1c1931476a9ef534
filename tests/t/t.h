/* SPDX-License-Identifier: MIT */
/* t.h - leat's test framework: write tests, check things, from any stack.
 *
 *     #include "t.h"
 *     #include <leat.h>
 *
 *     static void add(leat_waitgroup *wg, atomic_long *sum)
 *     {
 *         atomic_fetch_add(sum, 1);
 *         T_GT(atomic_load(sum), 0);              // legal here: any goroutine, any thread
 *         leat_waitgroup_done(wg);
 *     }
 *
 *     T_TEST(many_add_up)                         // three cases: procs 1, 2 and 8
 *     {
 *         long n = t_scale(10000);                // 10000, fewer under TSan and the like
 *         ...
 *         T_EQ(atomic_load(&sum), n);             // prints both sides when it fails
 *     }
 *
 *     T_TEST(close_of_nil, .procs = {1}, .expect_exit = 2,
 *            .expect_stderr = {"close of nil channel", "goroutine 1 [running]"})
 *     {
 *         leat_close((leat_int_chan)NULL);        // must die, so and not otherwise
 *     }
 *
 * A binary holds any number of tests; main() is in the library (target leat_t), and CMake's
 * leat_test(NAME SOURCES ...) of LeatTest.cmake builds one and tells ctest about it.
 *
 * PICTURE
 *   ./chan_test             the runner: one line a case, last line "N passed, N failed"
 *     +- exec --t-case many_add_up --t-procs 1        LEAT_PROCS=1 T_SEED=0x..
 *     +- exec --t-case many_add_up --t-procs 2        ...
 *   A case is an exec'd process of its own: a hang, an abort or a smashed heap costs that
 *   case alone, and every case meets a runtime that nobody has used before.
 *
 * OPTIONS of T_TEST, all of them optional:
 *   .timeout_ms = n         20000 unless said; ten times that in slow modes (sanitizers,
 *                           valgrind, qemu); T_TIMEOUT_SCALE multiplies it.
 *   .procs = {1, 2, 8}      one case for each; that is also the default.
 *   .skip_if = fn           const char *fn(void): NULL to run, else the reason to skip.
 *   .modes = "a,b" "!a"     runs only in modes a or b / not in mode a. Elsewhere the case is a
 *                           counted skip. Modes: plain hostile asan ubsan tsan msan valgrind
 *                           qemu.
 *   .env = {"A=b", ...}     added to the case's environment before it is exec'd.
 *   .expect_exit = n        death test: the process must end with status n.
 *   .expect_signal = sig    death test: the process must be killed by sig.
 *   .ends_process = true    death test that ends well: exit(0) from the body, no return.
 *   .expect_stderr = "x"    standard error must contain x; {"x", "y"}: all of them.
 *   .expect_stdout = "x"    the same for standard output.
 *   .fresh = true           nobody has called leat when the body starts (else the framework
 *                           has, once). What leat opens itself is not told apart then, so
 *                           descriptors go unchecked.
 *   .no_leak_check = true   leave out what follows.
 *
 * NOTHING LEFT BEHIND  When a body returns, no goroutine but main may be left (a few seconds
 *   are given for the last ones to end), no file descriptor that was not there before, and
 *   leat__check_all() must find every runtime invariant intact. Death tests are exempt.
 *
 * CHECKS  A failing check prints the expression, both sides, file:line, test, procs and seed,
 *   then leat's goroutine dump, and ends the process with _exit(1). It neither unwinds nor
 *   jumps, so it is legal on goroutine stacks, foreign threads and in forked children. Each
 *   operand is evaluated once, in no given order. Integers compare by value, whatever their
 *   signs: T_LT(-1, 1u) holds. Write (unsigned)s.field for a bit-field.
 *
 * SEEDS  t_rand() is a per-thread stream out of t_seed(), which is T_SEED or random; the runner
 *   prints the command line that replays a failed case with its seed.
 *
 * COMMAND LINE  --list, --filter SUBSTR, --procs N (cases of that many procs only), --repeat N
 *   (stop at the first failure), -j N. Environment: T_SEED, T_SCALE (factor on t_scale),
 *   T_TIMEOUT_SCALE, T_VERBOSE=1 (show passing cases' output), T_MODE (modes that are not
 *   compiled in: valgrind, qemu), T_WRAPPER (words to put before each case's command line).
 *
 * REJECTED  longjmp out of a failed check: undefined from a goroutine's stack, and a lock held
 *   there stays held. Threads or plain fork() for isolation: the second test would find the
 *   first one's runtime. Linking leat: the framework refers to it weakly, so it tests plain C
 *   (and itself) too.
 *
 * PROOF t_test.c, which runs the deliberately bad cases of t_sample.c.
 */
#ifndef T_H
#define T_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { T_MAX_LIST = 8 };

struct t_test {
    const char *name;
    const char *file;
    int line;
    void (*body)(void);
    struct t_test *next;

    int timeout_ms;
    int procs[T_MAX_LIST];
    const char *(*skip_if)(void);
    const char *modes;
    const char *env[T_MAX_LIST];
    int expect_exit;
    int expect_signal;
    bool ends_process;
    const char *expect_stderr[T_MAX_LIST];
    const char *expect_stdout[T_MAX_LIST];
    bool fresh;
    bool no_leak_check;
};

/* The formatter would lay these two out as if each were one statement.
 * T_TEST: one string where a list stands is a list of one. C allows it, -Wmissing-braces not.
 * T__VALUE: a value with its kind, for any integer, floating or pointer x. */
/* clang-format off */
#define T_TEST(id, ...)                                                                       \
    static void t_body_##id(void);                                                            \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wmissing-braces\"")     \
    static struct t_test t_test_##id = {.name = #id, .file = __FILE__, .line = __LINE__,      \
                                        .body = t_body_##id, __VA_ARGS__};                    \
    _Pragma("GCC diagnostic pop")                                                             \
    __attribute__((constructor)) static void t_register_##id(void)                            \
    {                                                                                         \
        t__register(&t_test_##id);                                                            \
    }                                                                                         \
    static void t_body_##id(void)

#define T__VALUE(x)                                                                           \
    _Generic((x),                                                                             \
        bool: t__bool,                                                                        \
        char: t__int, signed char: t__int, short: t__int, int: t__int, long: t__int,          \
        long long: t__int,                                                                    \
        unsigned char: t__uint, unsigned short: t__uint, unsigned: t__uint,                   \
        unsigned long: t__uint, unsigned long long: t__uint,                                  \
        float: t__float, double: t__float,                                                    \
        default: t__ptr)(x)

/* clang-format on */

#define T__HERE __FILE__, __LINE__

#define T_TRUE(x)  ((x) ? (void)0 : t__fail(T__HERE, "T_TRUE(%s): it is false", #x))
#define T_FALSE(x) ((x) ? t__fail(T__HERE, "T_FALSE(%s): it is true", #x) : (void)0)

#define T_EQ(a, b) t__compare(T__VALUE(a), T__EQ, T__VALUE(b), "T_EQ(" #a ", " #b ")", T__HERE)
#define T_NE(a, b) t__compare(T__VALUE(a), T__NE, T__VALUE(b), "T_NE(" #a ", " #b ")", T__HERE)
#define T_LT(a, b) t__compare(T__VALUE(a), T__LT, T__VALUE(b), "T_LT(" #a ", " #b ")", T__HERE)
#define T_LE(a, b) t__compare(T__VALUE(a), T__LE, T__VALUE(b), "T_LE(" #a ", " #b ")", T__HERE)
#define T_GT(a, b) t__compare(T__VALUE(a), T__GT, T__VALUE(b), "T_GT(" #a ", " #b ")", T__HERE)
#define T_GE(a, b) t__compare(T__VALUE(a), T__GE, T__VALUE(b), "T_GE(" #a ", " #b ")", T__HERE)

#define T_STREQ(a, b)      t__streq(a, b, "T_STREQ(" #a ", " #b ")", T__HERE)
#define T_STRHAS(hay, pin) t__strhas(hay, pin, "T_STRHAS(" #hay ", " #pin ")", T__HERE)
#define T_MEMEQ(a, b, n)   t__memeq(a, b, n, "T_MEMEQ(" #a ", " #b ", " #n ")", T__HERE)
#define T_ERR(call, want)  t__err(call, want, "T_ERR(" #call ", " #want ")", T__HERE)
#define T_FAIL(...)        t__fail(T__HERE, __VA_ARGS__)
#define T_LOG(...)         t__log(T__HERE, __VA_ARGS__)
#define T_SKIP(reason)     t__skip(T__HERE, reason)

uint64_t t_seed(void);
uint64_t t_rand(void);

/* An iteration count for this mode: n in a plain build, less where each step costs more. */
long t_scale(long n);

/* Several can hold at once (hostile and tsan); "plain" is when no other does. */
bool t_mode_is(const char *mode);

/* The number of procs this case was given. */
int t_procs(void);

/* From here on: what the macros expand to. */

enum t__op { T__EQ, T__NE, T__LT, T__LE, T__GT, T__GE };
enum t__kind { T__BOOL, T__INT, T__UINT, T__FLOAT, T__PTR };

struct t__value {
    enum t__kind kind;
    union {
        long long i;
        unsigned long long u;
        double f;
        const volatile void *p;
    };
};

static inline struct t__value t__bool(bool x)
{
    return (struct t__value){.kind = T__BOOL, .u = x};
}

static inline struct t__value t__int(long long x)
{
    return (struct t__value){.kind = T__INT, .i = x};
}

static inline struct t__value t__uint(unsigned long long x)
{
    return (struct t__value){.kind = T__UINT, .u = x};
}

static inline struct t__value t__float(double x)
{
    return (struct t__value){.kind = T__FLOAT, .f = x};
}

static inline struct t__value t__ptr(const volatile void *x)
{
    return (struct t__value){.kind = T__PTR, .p = x};
}

void t__register(struct t_test *test);
bool t__holds(struct t__value a, enum t__op op, struct t__value b);
_Noreturn void t__fail_compare(struct t__value a, struct t__value b, const char *text,
                               const char *file, int line);
_Noreturn void t__fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4), cold));
_Noreturn void t__skip(const char *file, int line, const char *reason);
void t__log(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void t__streq(const char *a, const char *b, const char *text, const char *file, int line);
void t__strhas(const char *hay, const char *pin, const char *text, const char *file, int line);
void t__memeq(const void *a, const void *b, size_t n, const char *text, const char *file,
              int line);
void t__err(long long got, long long want, const char *text, const char *file, int line);

/* Inline for the common case alone: checks stand in hot loops. */
static inline void t__compare(struct t__value a, enum t__op op, struct t__value b,
                              const char *text, const char *file, int line)
{
    if (op == T__EQ && a.kind == b.kind && a.kind != T__FLOAT && a.u == b.u)
        return;
    if (!t__holds(a, op, b))
        t__fail_compare(a, b, text, file, line);
}

#endif
