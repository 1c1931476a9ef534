/* SPDX-License-Identifier: MIT */
/*
 * bench-limits: leat's bare switch beside the least a switch can do on this machine.
 *
 * Two stacks take turns. leat__switch comes from src/arch without the runtime around it; the
 * few things its file calls are given here and, except for the way in, never reached.
 */
#include <limits.h>

#include "arch/arch.h"
#include "bench.h"

long bench_scale = 100;

void limit_switch(void **save, void *load);
void limit_switch_integer(void **save, void *load);

/* What src/arch expects of the runtime. */
extern __thread void *leat__tls_m __attribute__((tls_model("initial-exec")));
__thread void *leat__tls_m;

static void *limit_main_sp, *limit_other_sp;
static char limit_stack[65536] __attribute__((aligned(64)));
static long limit_switches;

/* Both stacks run the same loop, so that the processor guesses where each switch returns to, as it
 * does in the runtime, which switches in one place only. */
#define LIMIT_TURNS(name, take_turn)                                                     \
    __attribute__((noinline)) static void name(long n, void **mine, void *const *theirs) \
    {                                                                                    \
        for (long i = 0; i < n; i++) {                                                   \
            limit_switches++;                                                            \
            take_turn;                                                                   \
        }                                                                                \
    }
LIMIT_TURNS(limit_turns_leat, leat__switch(mine, *theirs, NULL))
LIMIT_TURNS(limit_turns, limit_switch(mine, *theirs))
LIMIT_TURNS(limit_turns_integer, limit_switch_integer(mine, *theirs))

static void limit_partner_leat(void)
{
    limit_turns_leat(LONG_MAX, &limit_other_sp, &limit_main_sp);
}

static void limit_partner(void)
{
    limit_turns(LONG_MAX, &limit_other_sp, &limit_main_sp);
}

static void limit_partner_integer(void)
{
    limit_turns_integer(LONG_MAX, &limit_other_sp, &limit_main_sp);
}

void leat__g_begin(void *prev, struct leat__start *start)
{
    static const struct {
        char before[LEAT__G_ARGS]; /* which says that nothing was captured */
        struct leat__args args;
    } record;
    (void)prev;
    start->fn = limit_partner_leat;
    start->args = &record.args;
}

struct leat__next leat__g_end(int result)
{
    (void)result;
    abort();
}

struct m *leat__thread_attach(void)
{
    abort();
}

void leat__blocking_run(struct leat__result *out)
{
    (void)out;
    abort();
}

/* A stack that continues in `start`: control words where wanted, six registers, the address. */
static void *limit_prepare(void (*start)(void), bool control)
{
    uint64_t *sp = (uint64_t *)(void *)(limit_stack + sizeof(limit_stack) - 64);
    *--sp = 0; /* keeps the stack as after a call: 8 off 16 */
    *--sp = (uintptr_t)start;
    for (int i = 0; i < 6; i++)
        *--sp = 0;
    if (control) {
        uint32_t words[2] = {0};
        __asm__ volatile("stmxcsr %0" : "=m"(words[0]));
        __asm__ volatile("fnstcw %0" : "=m"(words[1]));
        memcpy(--sp, words, sizeof(words));
    }
    return sp;
}

static void limit_rows(void)
{
    long n = bench_count(50000000);
    limit_switches = 0;

    limit_other_sp = leat__prepare(limit_stack + sizeof(limit_stack));
    int64_t start = bench_now();
    limit_turns_leat(n, &limit_main_sp, &limit_other_sp);
    bench_report_since("switch", start, 2 * n);

    limit_other_sp = limit_prepare(limit_partner, true);
    start = bench_now();
    limit_turns(n, &limit_main_sp, &limit_other_sp);
    bench_report_since("switch_limit", start, 2 * n);

    limit_other_sp = limit_prepare(limit_partner_integer, false);
    start = bench_now();
    limit_turns_integer(n, &limit_main_sp, &limit_other_sp);
    bench_report_since("switch_limit_integer", start, 2 * n);
    BENCH_CHECK(limit_switches == 6 * n);
}

static const bench_group limit_groups[] = {{"switch", limit_rows}, {NULL, NULL}};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, limit_groups);
}
