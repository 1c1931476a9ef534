/* SPDX-License-Identifier: MIT */
/* fatal.c - see fatal.h. Nothing here allocates: the heap may be what is broken. */
#include "base/fatal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/env.h"
#include "base/util.h"

const void *leat__fault_context;

static int dying; /* atomic: 1 once somebody dies; the others wait for the end */

static void print_v(const char *prefix, const char *fmt, va_list args, bool indent)
{
    char text[1024];
    char out[1200];
    size_t len = 0;

    vsnprintf(text, sizeof(text), fmt, args);
    for (const char *p = prefix; *p; p++)
        out[len++] = *p;
    for (const char *p = text; *p && len < sizeof(out) - 2; p++) {
        out[len++] = *p;
        if (indent && *p == '\n')
            out[len++] = '\t';
    }
    long n = syscall(SYS_write, STDERR_FILENO, out, len); /* not libleat-posix's, which parks */
    (void)n;
}

void leat__print(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    print_v("", fmt, args, false);
    va_end(args);
}

void leat__claim_death(void)
{
    if (exchange(&dying, 1)) {
        for (;;)
            pause(); /* the first one's message is the one that counts */
    }
}

/* The calling thread has claimed the death. */
static _Noreturn void die(const char *kind, const char *fmt, va_list args, bool all)
{
    leat__freeze();
    print_v(kind, fmt, args, true);
    leat__print("\n\n");
    int level = leat__env.traceback;
    if (all && level == LEAT__TRACEBACK_SINGLE)
        level = LEAT__TRACEBACK_ALL;
    if (level != LEAT__TRACEBACK_NONE)
        leat__dump_goroutines(level);
    if (level == LEAT__TRACEBACK_CRASH) {
        signal(SIGABRT, SIG_DFL);
        abort();
    }
    _exit(2);
}

void leat__throw(const char *fmt, ...)
{
    va_list args;

    leat__claim_death();
    va_start(args, fmt);
    die("fatal error: ", fmt, args, false);
}

void leat__throw_claimed(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    die("fatal error: ", fmt, args, false);
}

void leat__throw_all(const char *fmt, ...)
{
    va_list args;

    leat__claim_death();
    va_start(args, fmt);
    die("fatal error: ", fmt, args, true);
}

void leat__panic(const char *fmt, ...)
{
    va_list args;

    leat__claim_death();
    va_start(args, fmt);
    die("panic: ", fmt, args, false);
}

void leat__vpanic(const char *fmt, va_list args)
{
    leat__claim_death();
    die("panic: ", fmt, args, false);
}
