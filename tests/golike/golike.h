/* SPDX-License-Identifier: MIT */
/* golike.h - what the tests of Go's behaviour share: how a blocked or dying program looks.
 *
 * PICTURE  Go's own suites ask "does this block?" with a goroutine and a sleep. Here nothing
 *   sleeps: an operation that must block for ever is main's last, and the deadlock report that
 *   ends the process proves it, with the wait reason; one that must block for a while is given
 *   a great many turns (golike_turns) and must not have moved. Turns prove nothing on their own,
 *   so a test that needs them for its interesting interleaving is written to hold in every
 *   other one too.
 *
 * REJECTED  Recovering from a panic, as the Go programs do: misuse is fatal in C, so each such
 *   case is a death test of its own.
 */
#ifndef GOLIKE_H
#define GOLIKE_H

#include "t.h"

#include <leat.h>

#include <stdatomic.h>

/* Options of a T_TEST whose body must block for ever, for the given reason. */
#define GOLIKE_BLOCKS(reason)                                                 \
    .expect_exit = 2,                                                         \
    .expect_stderr = {"fatal error: all goroutines are asleep - deadlock!\n", \
                      "goroutine 1 [" reason "]:"}

/* Options of a T_TEST whose main goroutine must die with Go's panic text. */
#define GOLIKE_PANICS(text) \
    .expect_exit = 2, .expect_stderr = {"panic: " text "\n", "goroutine 1 [running]:"}

/* Options of a T_TEST that dies of an error nobody can recover from in Go either. */
#define GOLIKE_FATAL(text) \
    .expect_exit = 2, .expect_stderr = {"fatal error: " text "\n", "goroutine "}

/* Options of a T_TEST in which some goroutine other than main panics. */
#define GOLIKE_CHILD_PANICS(text) \
    .expect_exit = 2,             \
    .expect_stderr = {"panic: " text "\n", "goroutine ", "[running]:", "created by "}

/* Gives everybody else so many turns that whoever can move has moved. */
static inline void golike_turns(void)
{
    for (int i = 0; i < 300; i++)
        leat_yield();
}

/* A count that goroutines add to and main waits for; what came before a note is then seen. */
static inline void golike_note(atomic_int *count)
{
    atomic_fetch_add(count, 1);
}

static inline void golike_await(atomic_int *count, int value)
{
    while (atomic_load(count) < value)
        leat_yield();
}

/* Waits until main is alone: a goroutine that was served may yet be leaving other queues. */
static inline void golike_alone(void)
{
    while (leat_num_goroutine() > 1)
        leat_yield();
}

#endif
