/* SPDX-License-Identifier: MIT */
/*
 * fatal.h - how the runtime dies: Go's text, the goroutines, exit status 2.
 *
 * Two kinds, as in Go: leat__throw prints `fatal error: TEXT`, leat__panic prints `panic: TEXT`.
 * Both stop everybody else at their next scheduling point, print the goroutine dump that
 * LEAT_TRACEBACK asks for and end the process by _exit(2), or abort() for `crash`.
 */
#ifndef LEAT_BASE_FATAL_H
#define LEAT_BASE_FATAL_H

#include <stdarg.h>
#include <stddef.h>

enum leat__traceback {
    LEAT__TRACEBACK_NONE,
    LEAT__TRACEBACK_SINGLE,
    LEAT__TRACEBACK_ALL,
    LEAT__TRACEBACK_SYSTEM,
    LEAT__TRACEBACK_CRASH,
};

/* Defined by the rooms above: others stop at their next scheduling point (sched/process.c);
 * print goroutines to stderr (debug/dump.c). */
void leat__freeze(void);
void leat__dump_goroutines(int level);
/* The end of a process that has claimed its death and said why. */
__attribute__((noreturn, cold)) void leat__end_with_dump(int level);
const char *leat__function_name(void (*fn)(void)); /* "?" when unknown; not reentrant */
/* The ucontext_t of the fault that is fatal, NULL: none; the dump starts from there. */
extern const void *leat__fault_context;

__attribute__((noreturn, format(printf, 1, 2), cold)) void leat__throw(const char *fmt, ...);
/* As leat__throw, and every goroutine is shown unless LEAT_TRACEBACK says none. */
__attribute__((noreturn, format(printf, 1, 2), cold)) void leat__throw_all(const char *fmt,
                                                                           ...);
__attribute__((noreturn, format(printf, 1, 2), cold)) void leat__panic(const char *fmt, ...);
__attribute__((noreturn, cold)) void leat__vpanic(const char *fmt, va_list args);

/* A line on stderr that needs no heap. */
__attribute__((format(printf, 1, 2))) void leat__print(const char *fmt, ...);

/* What has to be said before the error itself is printed between these two: another thread that
 * dies at the same moment waits in the first, else the two would write into each other's lines. */
__attribute__((cold)) void leat__claim_death(void);
__attribute__((noreturn, format(printf, 1, 2), cold)) void leat__throw_claimed(const char *fmt,
                                                                               ...);

#endif
