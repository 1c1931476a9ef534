/* SPDX-License-Identifier: MIT */
/* watermark_test.c - LEAT_DEBUG=stacks=n tells at exit how deep goroutines used their stacks. */
#include "sched_util.h"

enum { DEEP = 100 << 10, DEEP_ONES = 3, SHALLOW_ONES = 10 };

static void watermark_deep(void)
{
    volatile char room[DEEP];

    for (size_t i = 0; i < sizeof room; i += 1024)
        room[i] = 1;
    room[0] = 1;
}

static void watermark_shallow(void)
{
    leat_yield();
}

/* One after the other, so that the shallow ones get the stacks that the deep ones leave. */
static void watermark_program(void)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < DEEP_ONES; i++) {
        leat_waitgroup_go(&wg, watermark_deep);
        leat_waitgroup_wait(&wg);
    }
    for (int i = 0; i < SHALLOW_ONES; i++) {
        leat_waitgroup_go(&wg, watermark_shallow);
        leat_waitgroup_wait(&wg);
    }
}

static int watermark_line(const char *line, int *count, int *deepest, int *size)
{
    const char *numbers = line ? strstr(line, ".c:") : NULL;
    int at;

    return numbers ? sscanf(numbers, ".c:%d: %d goroutines, at most %d of %d KiB", &at, count,
                            deepest, size)
                   : 0;
}

static struct util_output watermark_out;

T_TEST(stacks_tells_the_deepest_use_of_each_site, .modes = "!valgrind")
{
    int count = 0, deepest = 0, size = 0;

    T_EQ(setenv("LEAT_DEBUG", "stacks=9", 1), 0);
    util_capture(watermark_program, &watermark_out);
    T_EQ(watermark_out.status, 0);
    T_EQ(util_count(watermark_out.text, "STACK "), 2);
    const char *first = strstr(watermark_out.text, "STACK ");
    T_EQ(watermark_line(first, &count, &deepest, &size), 4);
    T_EQ(count, DEEP_ONES);
    T_GE(deepest, DEEP / 1024);
    T_LE(deepest, DEEP / 1024 + 32);
    T_GE(size, 190);
    T_EQ(watermark_line(strchr(first, '\n'), &count, &deepest, &size), 4);
    T_EQ(count, SHALLOW_ONES);
    T_GE(deepest, 1);
    T_LE(deepest, 32);
}

T_TEST(stacks_tells_no_more_sites_than_asked_for, .modes = "!valgrind")
{
    T_EQ(setenv("LEAT_DEBUG", "stacks=1", 1), 0);
    util_capture(watermark_program, &watermark_out);
    T_EQ(util_count(watermark_out.text, "STACK "), 1);
    UTIL_MATCH(&watermark_out, "watermark_test\\.c:[0-9]+: 3 goroutines");
    T_EQ(setenv("LEAT_DEBUG", "stacks=0", 1), 0);
    util_capture(watermark_program, &watermark_out);
    T_EQ(util_count(watermark_out.text, "STACK "), 0);
}
