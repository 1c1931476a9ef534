/* SPDX-License-Identifier: MIT */
/*
 * settings_test.c - what LEAT_DEBUG makes the scheduler say while a program runs.
 */
#include "../api/sched_util.h"

#include <time.h>

static struct util_output out;

static void naps_in_c(int ms)
{
    struct timespec nap = {ms / 1000, ms % 1000 * 1000000L};

    nanosleep(&nap, NULL);
}

/* One holds a proc in C code while another is ready. */
static void holds_a_proc(void)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < 64; i++)
        leat_waitgroup_go(&wg, naps_in_c, 20);
    leat_waitgroup_wait(&wg);
}

T_TEST(blocked_names_who_holds_a_proc, .procs = {1, 2}, .env = {"LEAT_DEBUG=blocked=2000"})
{
    util_capture(holds_a_proc, &out);
    T_EQ(out.status, 0);
    UTIL_MATCH(&out,
               "^leat: goroutine [0-9]+ \\([^ ]*settings_test\\.c:[0-9]+\\) has held proc "
               "[0-9]+ for [0-9]+ us without a scheduling point; "
               "leat_blocking would free it$");
}

T_TEST(nobody_is_blamed_without_the_setting, .procs = {1})
{
    util_capture(holds_a_proc, &out);
    T_EQ(out.status, 0);
    UTIL_NO_MATCH(&out, "has held proc");
}

static void works_for_a_while(void)
{
    for (int i = 0; i < 50; i++) {
        leat_go(leat_yield);
        leat_sleep(LEAT_MILLISECOND);
    }
}

T_TEST(schedtrace_prints_lines, .procs = {2}, .env = {"LEAT_DEBUG=schedtrace=5"})
{
    util_capture(works_for_a_while, &out);
    T_EQ(out.status, 0);
    UTIL_MATCH(&out, "^SCHED [0-9]+ms: procs=2 limit=[0-9]+ running=[0-9]+ threads=[0-9]+ "
                     "spinning=[0-9]+ runqueue=[0-9]+ goroutines=[0-9]+ "
                     "\\[[0-9]+( [0-9]+)*\\]$");
}
