/* SPDX-License-Identifier: MIT */
/*
 * copies_test.c - two copies of libleat in one process would be two schedulers with one set of
 * channels: the second one to start says so and ends the process.
 */
#define _GNU_SOURCE
#include "../api/sched_util.h"

#include <dlfcn.h>

static int (*load_second(void))(void)
{
    void *plugin = dlopen(SECOND_COPY, RTLD_NOW | RTLD_LOCAL);

    if (plugin == NULL)
        T_FAIL("dlopen: %s", dlerror());
    union {
        void *object;
        int (*function)(void);
    } use = {dlsym(plugin, "second_copy_uses_leat")};
    T_TRUE(use.object != NULL);
    return use.function;
}

T_TEST(a_second_copy_is_fatal, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {"fatal error: ", "two copies of libleat"})
{
    leat_yield();
    load_second()();
}

T_TEST(a_second_copy_is_fatal_whoever_starts_first, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = {"fatal error: ", "two copies of libleat"})
{
    T_EQ(load_second()(), 42);
    leat_yield();
}

T_TEST(a_second_copy_that_is_not_used_harms_nobody, .procs = {1, 8})
{
    T_TRUE(load_second() != NULL);
    leat_yield();
}
