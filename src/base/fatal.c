/* SPDX-License-Identifier: MIT */
/*
 * fatal.c - see fatal.h. Nothing here allocates: the heap may be what is broken.
 *
 * THE LAST RESORT  A dump reads what the error may have spoilt, and files that may be on a server
 *   that does not answer. From the claim of the death on, an alarm looks every five seconds
 *   whether anything has been printed since; after ten in vain the process ends without the rest.
 *   Who is stuck because nobody takes what it prints has a minute: somebody may be reading it. A
 *   dying thread that fails once more, by an overflow of the dump's own stack, ends the process at
 *   once.
 *
 * PROOF  tests/death/dump_test.c.
 */
#include "base/fatal.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/util.h"

const void *leat__fault_context;

enum { LOOK_S = 5, LOOKS = 2, LOOKS_UNREAD = 12 };

static uint32_t dying;        /* atomic: the thread that dies; the others wait for the end */
static uint32_t printed;      /* atomic: texts that have been printed */
static uint32_t printed_seen; /* of printed, at the last look */

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
    fetch_add(&printed, 1);
}

void leat__print(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    print_v("", fmt, args, false);
    va_end(args);
}

/* ---- the end ---- */

static _Noreturn void end_process(void)
{
    if (leat__env.traceback == LEAT__TRACEBACK_CRASH) {
        signal(SIGABRT, SIG_DFL);
        abort();
    }
    _exit(2);
}

/* Is there room for what would be printed now? */
static bool somebody_reads(void)
{
    struct timespec at_once = {0, 0};
    struct pollfd err = {STDERR_FILENO, POLLOUT, 0};

    return syscall(SYS_ppoll, &err, 1, &at_once, NULL, 0) != 0;
}

static void look_at_death(int sig)
{
    static int in_vain;
    uint32_t now = load_relaxed(&printed);

    (void)sig;
    in_vain = now == printed_seen ? in_vain + 1 : 0;
    printed_seen = now;
    bool heard = somebody_reads();
    if (in_vain < (heard ? LOOKS : LOOKS_UNREAD)) {
        alarm(LOOK_S);
        return;
    }
    if (heard)
        leat__print("\nfatal error: the dump does not go on; the rest is left out\n");
    end_process();
}

static void watch_death(void)
{
    struct sigaction look = {.sa_handler = look_at_death, .sa_flags = SA_ONSTACK | SA_RESTART};
    sigset_t set;

    sigemptyset(&look.sa_mask);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    if (sigaction(SIGALRM, &look, NULL) != 0)
        return;
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    printed_seen = load_relaxed(&printed);
    alarm(LOOK_S);
}

void leat__claim_death(void)
{
    uint32_t self = (uint32_t)syscall(SYS_gettid), dies = 0;

    if (cas(&dying, &dies, self)) {
        watch_death();
        return;
    }
    if (dies == self) {
        leat__print("\nfatal error: the dump has failed; the rest is left out\n");
        end_process();
    }
    for (;;)
        pause(); /* the first one's message is the one that counts */
}

void leat__end_with_dump(int level)
{
    if (level != LEAT__TRACEBACK_NONE)
        leat__dump_goroutines(level);
    alarm(0);
    end_process();
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
    leat__end_with_dump(level);
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
