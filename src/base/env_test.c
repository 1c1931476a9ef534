/* SPDX-License-Identifier: MIT */
/*
 * env_test.c - what the environment means, and that what means nothing is told by name.
 *
 * The cases are `fresh` and read the environment themselves: the runtime of such a process has
 * not done so yet, and will not act on what a case only looks at.
 */
#define _GNU_SOURCE 1
#include "base/env.h"

#include <leat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/fatal.h"
#include "t.h"

static struct leat__env env_defaults;

static void env_read(const char *name, const char *value)
{
    if (env_defaults.max_threads == 0)
        env_defaults = leat__env;
    leat__env = env_defaults;
    unsetenv("LEAT_DEBUG");
    unsetenv("LEAT_PROCS");
    unsetenv("LEAT_TRACEBACK");
    unsetenv("LEAT_MAIN");
    if (name)
        setenv(name, value, 1);
    leat__env_read();
}

/* A text that is refused leaves everything as it was. */
static void env_refused(const char *name, const char *value)
{
    env_read(name, value);
    T_MEMEQ(&leat__env, &env_defaults, sizeof(leat__env));
}

T_TEST(defaults, .procs = {1}, .fresh = true)
{
    env_read(NULL, NULL);
    T_EQ(leat__env.procs, 0);
    T_EQ(leat__env.traceback, LEAT__TRACEBACK_SINGLE);
    T_FALSE(leat__env.main_migrates);
    T_EQ(leat__env.guard, LEAT__GUARD_AUTO);
    T_EQ(leat__env.max_threads, LEAT__MAX_THREADS);
    T_EQ(leat__env.fail_mmap, 0);
    T_EQ(leat__env.fail_thread, 0);
    T_EQ(leat__env.sigquit, 0);
    T_EQ(leat__env.blocked_us, 0);
    T_EQ(leat__env.stacks, 0);
    T_EQ(leat__env.schedtrace_ms, 0);
}

T_TEST(every_debug_name_sets_its_own, .procs = {1}, .fresh = true)
{
    env_read("LEAT_DEBUG", "maxthreads=11,failmmap=12,failthread=13,sigquit=1,blocked=15,"
                           "stacks=2,schedtrace=17,guard=mprotect");
    T_EQ(leat__env.max_threads, 11);
    T_EQ(leat__env.fail_mmap, 12);
    T_EQ(leat__env.fail_thread, 13);
    T_EQ(leat__env.sigquit, 1);
    T_EQ(leat__env.blocked_us, 15);
    T_EQ(leat__env.stacks, 2);
    T_EQ(leat__env.schedtrace_ms, 17);
    T_EQ(leat__env.guard, LEAT__GUARD_MPROTECT);

    static const char *const guards[] = {"guard=auto", "guard=madvise", "guard=mprotect",
                                         "guard=none"};
    for (int i = 0; i < 4; i++) {
        env_read("LEAT_DEBUG", guards[i]);
        T_EQ(leat__env.guard, (enum leat__guard_mode)i);
    }
    env_read("LEAT_DEBUG", "stacks=999999999");
    T_EQ(leat__env.stacks, 999999999);
    env_refused("LEAT_DEBUG", "");
    env_refused("LEAT_DEBUG", ",,"); /* nothing said is nothing wrong */
}

T_TEST(a_wrong_debug_setting_is_named, .procs = {1}, .fresh = true,
       .expect_stderr = {"'maxthread=3'", "'maxthreadss=3'", "'failmmap'", "'failmmap='",
                         "'sigquit=-1'", "'blocked=12us'", "'stacks=1000000000'",
                         "'guard=paper'"})
{
    env_refused("LEAT_DEBUG", "maxthread=3");
    env_refused("LEAT_DEBUG", "maxthreadss=3");
    env_refused("LEAT_DEBUG", "failmmap");
    env_refused("LEAT_DEBUG", "failmmap=");
    env_refused("LEAT_DEBUG", "sigquit=-1");
    env_refused("LEAT_DEBUG", "blocked=12us");
    env_refused("LEAT_DEBUG", "stacks=1000000000");
    env_refused("LEAT_DEBUG", "guard=paper");
}

T_TEST(the_right_beside_the_wrong_counts, .procs = {1}, .fresh = true,
       .expect_stderr = {"leat: LEAT_DEBUG: unknown setting '=1'", "setting ' stacks=2'",
                         "setting 'GUARD=none'", "setting 'guard=none '", "HACKING.md"})
{
    env_read("LEAT_DEBUG", "=1,stacks=3, stacks=2,GUARD=none,guard=none ,maxthreads=40");
    T_EQ(leat__env.stacks, 3);
    T_EQ(leat__env.max_threads, 40);
    T_EQ(leat__env.guard, LEAT__GUARD_AUTO);
}

T_TEST(procs_are_a_number_in_range, .procs = {1}, .fresh = true,
       .expect_stderr = {"LEAT_PROCS=0 is not", "LEAT_PROCS=1025 is not",
                         "LEAT_PROCS=two is not", "LEAT_PROCS=4x is not",
                         "LEAT_PROCS=-1 is not", "LEAT_PROCS=99999999999 is not",
                         "from 1 to 1024"})
{
    char most[16];

    snprintf(most, sizeof(most), "%d", LEAT__MAX_PROCS);
    env_read("LEAT_PROCS", "1");
    T_EQ(leat__env.procs, 1);
    env_read("LEAT_PROCS", most);
    T_EQ(leat__env.procs, LEAT__MAX_PROCS);
    env_refused("LEAT_PROCS", "");
    env_refused("LEAT_PROCS", "0");
    env_refused("LEAT_PROCS", "1025");
    env_refused("LEAT_PROCS", "two");
    env_refused("LEAT_PROCS", "4x");
    env_refused("LEAT_PROCS", "-1");
    env_refused("LEAT_PROCS", "99999999999");
}

T_TEST(traceback_and_main_are_words, .procs = {1}, .fresh = true,
       .expect_stderr = {"LEAT_TRACEBACK=loud is not", "LEAT_TRACEBACK=al is not",
                         "LEAT_MAIN=stay is not"})
{
    static const char *const levels[] = {"none", "single", "all", "system", "crash"};

    for (int i = 0; i < 5; i++) {
        env_read("LEAT_TRACEBACK", levels[i]);
        T_EQ(leat__env.traceback, i);
    }
    env_refused("LEAT_TRACEBACK", "loud");
    env_refused("LEAT_TRACEBACK", "al");
    env_read("LEAT_MAIN", "migrate");
    T_TRUE(leat__env.main_migrates);
    env_refused("LEAT_MAIN", "stay");
}

T_TEST(the_first_call_reads_it, .procs = {1}, .fresh = true,
       .env = {"LEAT_DEBUG=maxthreads=4321,surprise=1"},
       .expect_stderr = "unknown setting 'surprise=1'")
{
    T_EQ(leat_id(), 1u);
    T_EQ(leat__env.max_threads, 4321);
}

T_TEST(the_procs_it_names_are_the_procs_there_are, .fresh = true)
{
    T_EQ(leat_procs(0), t_procs());
}
