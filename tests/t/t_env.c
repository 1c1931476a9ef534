/* SPDX-License-Identifier: MIT */
/* t_env.c - what surrounds a test: modes, scales, seeds, environment variables.
 *
 * PICTURE  A mode is compiled in (a sanitizer, LEAT_HOSTILE, or -DT_MODE="ubsan" for gcc, which
 *   defines no macro for it) or named in the environment's T_MODE by whoever starts valgrind or
 *   qemu. Several can hold; their prices multiply.
 *
 * RANDOMNESS  splitmix64, one stream a thread, since a shared one would order the very threads
 *   whose races a test looks for. A stream's start depends on the seed and on the thread's
 *   number by first use; with one thread it is a function of the seed alone.
 */
#include "t_int.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#if defined(__has_feature)
#define T_HAS_FEATURE(x) __has_feature(x)
#else
#define T_HAS_FEATURE(x) 0
#endif

#ifndef T_MODE
#define T_MODE ""
#endif

/* As in the environment's T_MODE: words, with a comma after or between. */
static const char t_compiled_modes[] =
#if defined(__SANITIZE_ADDRESS__) || T_HAS_FEATURE(address_sanitizer)
    "asan,"
#endif
#if defined(__SANITIZE_THREAD__) || T_HAS_FEATURE(thread_sanitizer)
    "tsan,"
#endif
#if T_HAS_FEATURE(memory_sanitizer)
    "msan,"
#endif
#if T_HAS_FEATURE(undefined_behavior_sanitizer)
    "ubsan,"
#endif
#if defined(LEAT_HOSTILE) && LEAT_HOSTILE
    "hostile,"
#endif
    T_MODE;

/* cost: an iteration's price, by which t_scale() divides. slow: ten times the time-out. */
static const struct t_mode {
    const char *name;
    double cost;
    bool slow;
} t_modes[] = {
    {"hostile", 10, false}, {"asan", 10, true},     {"ubsan", 2, true}, {"tsan", 20, true},
    {"msan", 10, true},     {"valgrind", 50, true}, {"qemu", 20, true},
};

static uint64_t t_seed_value;
static atomic_ulong t_streams;

static bool t_list_has(const char *list, const char *word, size_t length)
{
    while (list && *list) {
        size_t n = strcspn(list, ",");
        if (n == length && memcmp(list, word, n) == 0)
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}

static bool t_mode_holds(const char *mode, size_t length)
{
    if (length == 5 && memcmp(mode, "plain", 5) == 0) {
        const char *named = getenv("T_MODE");
        return !*t_compiled_modes && (!named || !*named || strcmp(named, "plain") == 0);
    }
    return t_list_has(t_compiled_modes, mode, length) ||
           t_list_has(getenv("T_MODE"), mode, length);
}

bool t_mode_is(const char *mode)
{
    return t_mode_holds(mode, strlen(mode));
}

static double t_cost(void)
{
    double cost = 1;
    for (size_t i = 0; i < sizeof t_modes / sizeof *t_modes; i++)
        if (t_mode_is(t_modes[i].name))
            cost *= t_modes[i].cost;
    return cost;
}

static double t_env_factor(const char *name)
{
    const char *text = getenv(name);
    double factor = text ? strtod(text, NULL) : 1;
    return factor > 0 ? factor : 1;
}

long t_scale(long n)
{
    double scaled = (double)n / t_cost() * t_env_factor("T_SCALE");
    return scaled < 1 ? 1 : (long)scaled;
}

double t__slowness(void)
{
    double factor = t_env_factor("T_TIMEOUT_SCALE");
    for (size_t i = 0; i < sizeof t_modes / sizeof *t_modes; i++)
        if (t_modes[i].slow && t_mode_is(t_modes[i].name))
            return 10 * factor;
    return factor;
}

bool t__is_verbose(void)
{
    const char *text = getenv("T_VERBOSE");
    return text && *text && strcmp(text, "0") != 0;
}

/* NULL when a test with these .modes runs here, else the reason why it does not. */
const char *t__mode_refusal(const char *modes)
{
    static char reason[120];
    bool wanted = false, found = false;

    while (modes && *modes) {
        size_t n = strcspn(modes, ",");
        bool refused = *modes == '!';
        bool holds = t_mode_holds(modes + refused, n - refused);
        if (refused && holds) {
            snprintf(reason, sizeof reason, "not for mode %.*s", (int)n - 1, modes + 1);
            return reason;
        }
        wanted = wanted || !refused;
        found = found || (!refused && holds);
        modes += n + (modes[n] == ',');
    }
    return wanted && !found ? "for other modes only" : NULL;
}

uint64_t t_seed(void)
{
    return t_seed_value;
}

void t__set_seed(uint64_t seed)
{
    t_seed_value = seed;
}

void t__env_init(void)
{
    const char *text = getenv("T_SEED");
    if (text && *text)
        t_seed_value = strtoull(text, NULL, 0);
    else if (getrandom(&t_seed_value, sizeof t_seed_value, 0) < 0)
        t_seed_value = 1;
}

static uint64_t t_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* Never inlined: a caller that migrates between two calls must look its thread up anew. */
__attribute__((noinline)) __attribute__((no_sanitize_thread)) uint64_t t_rand(void)
{
    static _Thread_local uint64_t state;
    static _Thread_local bool started;

    if (!started) {
        started = true;
        state = t_mix(t_seed_value ^ t_mix(atomic_fetch_add(&t_streams, 1)));
    }
    state += 0x9e3779b97f4a7c15;
    return t_mix(state);
}

/* Set before the exec, so that also a constructor of the case finds it. */
void t__case_env(const struct t_test *test, int procs, uint64_t seed)
{
    char number[24];

    snprintf(number, sizeof number, "%d", procs);
    setenv("LEAT_PROCS", number, 1);
    snprintf(number, sizeof number, "0x%016llx", (unsigned long long)seed);
    setenv("T_SEED", number, 1);
    for (int i = 0; i < T_MAX_LIST && test->env[i]; i++) {
        char name[64];
        size_t n = strcspn(test->env[i], "=");
        snprintf(name, sizeof name, "%.*s", (int)n, test->env[i]);
        setenv(name, test->env[i] + n + (test->env[i][n] == '='), 1);
    }
}

/* TSan dies in a forked child that makes a thread, which the fork tests do on purpose; and it
 * sleeps a second at each exit, which a thousand cases cannot afford. */
const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
    return "die_after_fork=0 atexit_sleep_ms=50";
}
