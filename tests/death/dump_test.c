/* SPDX-License-Identifier: MIT */
/*
 * dump_test.c - a process that dies ends, whatever becomes of its dump. The linker sends here what
 * the dump asks for names (--wrap).
 */
#include "../api/sched_util.h"

#include <fcntl.h>

#include "base/fatal.h"
#include "debug/symbol.h"

static enum trouble { ANSWERS, HANGS, IS_SLOW, FAILS } how;

bool __wrap_leat__symbolize(uintptr_t pc, bool return_address, struct leat__symbol *out);
bool __real_leat__symbolize(uintptr_t pc, bool return_address, struct leat__symbol *out);

bool __wrap_leat__symbolize(uintptr_t pc, bool return_address, struct leat__symbol *out)
{
    while (how == HANGS)
        pause();
    if (how == IS_SLOW)
        sleep(3); /* slower than a look, quicker than what is given up */
    if (how == FAILS)
        leat__throw("once more");
    return __real_leat__symbolize(pc, return_address, out);
}

static void panics(void)
{
    leat_panic("the reason");
}

static void panics_and(enum trouble what)
{
    how = what;
    leat_go(panics);
    leat_select_none();
}

#define DIES(...)                                                          \
    .procs = {2}, .modes = "!tsan", .timeout_ms = 60000, .expect_exit = 2, \
    .expect_stderr = {__VA_ARGS__}

T_TEST(a_dump_that_hangs_is_left,
       DIES("panic: the reason\n", " [running]:\n",
            "fatal error: the dump does not go on; the rest is left out\n"))
{
    panics_and(HANGS);
}

/* For five seconds there are names, then addresses; nothing is left out. */
T_TEST(a_slow_dump_has_plain_addresses,
       DIES("panic: the reason\n", " [running]:\n0x", "created by panics_and in goroutine 1\n"))
{
    panics_and(IS_SLOW);
}

T_TEST(a_dump_that_fails_ends_the_process,
       DIES("panic: the reason\n", "fatal error: the dump has failed; the rest is left out\n"))
{
    panics_and(FAILS);
}

/* A pipe that is full, as standard error. */
static void stop_reading(int ends[2])
{
    static const char page[4096];

    T_EQ(pipe(ends), 0);
    T_EQ(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    while (write(ends[1], page, sizeof page) > 0)
        continue;
    T_EQ(fcntl(ends[1], F_SETFL, 0), 0);
}

/* What it prints is waited for, but not for ever: a minute, which is counted in alarms. */
T_TEST(nobody_reads_what_it_prints, .procs = {1, 8}, .modes = "!tsan", .timeout_ms = 60000)
{
    int ends[2], status;

    stop_reading(ends);
    signal(SIGALRM, SIG_IGN); /* the child's, until it dies */
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        leat_panic("the reason");
    }
    while (waitpid(pid, &status, WNOHANG) == 0) {
        kill(pid, SIGALRM);
        sched_yield();
    }
    T_TRUE(WIFEXITED(status));
    T_EQ(WEXITSTATUS(status), 2);
    close(ends[0]);
    close(ends[1]);
}
