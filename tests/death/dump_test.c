/* SPDX-License-Identifier: MIT */
/*
 * dump_test.c - a process that dies ends, whatever becomes of its dump. The linker sends here what
 * the dump asks for names (--wrap).
 */
#include <leat.h>
#include <unistd.h>

#include "base/fatal.h"
#include "debug/symbol.h"
#include "t.h"

static enum { ANSWERS, HANGS, IS_SLOW, FAILS } how;

bool __wrap_leat__symbolize(uintptr_t pc, bool return_address, struct leat__symbol *out);
bool __real_leat__symbolize(uintptr_t pc, bool return_address, struct leat__symbol *out);

bool __wrap_leat__symbolize(uintptr_t pc, bool return_address, struct leat__symbol *out)
{
    while (how == HANGS)
        pause();
    if (how == IS_SLOW)
        sleep(3);
    if (how == FAILS)
        leat__throw("once more");
    return __real_leat__symbolize(pc, return_address, out);
}

static void panics(void)
{
    leat_panic("the reason");
}

static void panics_and(int what)
{
    how = what;
    leat_go(panics);
    leat_select_none();
}

#define DIES(...)                                                             \
    .procs = {1, 8}, .modes = "!tsan", .timeout_ms = 60000, .expect_exit = 2, \
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
