/* SPDX-License-Identifier: MIT */
/* race_util.h - how a planted race is written and what its report must name.
 *
 * PICTURE  spawner -leat_go-> one party -writes-> x <-touches- the other party, or main
 *   ThreadSanitizer must report it and must name the spawner: its function does nothing but
 *   start goroutines, so its name can come from the stack of their creation only. Waiting is by
 *   relaxed atomics, which order nothing, so the one thing that could hide the race is an edge
 *   that leat makes and should not.
 */
#ifndef RACE_UTIL_H
#define RACE_UTIL_H

#include "t.h"

#include <leat.h>

#include <stdatomic.h>

#define RACE_NOINLINE __attribute__((noinline, unused))

/* Options of a T_TEST that must be reported, with these two functions named in the report. */
#define RACE_REPORTED(spawner, party)                                        \
    .modes = "tsan", .env = {"TSAN_OPTIONS=exitcode=66"}, .expect_exit = 66, \
    .expect_stderr = {"WARNING: ThreadSanitizer: data race", #spawner, #party, "created by"}

static inline void race_note(atomic_int *flag)
{
    atomic_fetch_add_explicit(flag, 1, memory_order_relaxed);
}

static inline void race_await(atomic_int *flag, int value)
{
    while (atomic_load_explicit(flag, memory_order_relaxed) < value)
        leat_yield();
}

/* An access that no compiler leaves out, under a name that the report shows. */
RACE_NOINLINE static void race_write(int *x)
{
    *(volatile int *)x = 1;
}

RACE_NOINLINE static int race_read(const int *x)
{
    return *(const volatile int *)x;
}

/* A case in which `party(object, x, done)` writes to *x in a goroutine and notes it, and then main
 * does what the body says, with `o` and `x`; what follows `party` initialises the object. */
#define RACE_TEST(name, object, party, ...)                                       \
    static inline void name##_look(object *o, int *x);                            \
    RACE_NOINLINE static void name##_spawner(object *o, int *x, atomic_int *done) \
    {                                                                             \
        leat_go(party, o, x, done);                                               \
    }                                                                             \
    T_TEST(name, RACE_REPORTED(name##_spawner, party))                            \
    {                                                                             \
        static object o __VA_ARGS__;                                              \
        static int x;                                                             \
        static atomic_int done;                                                   \
        name##_spawner(&o, &x, &done);                                            \
        race_await(&done, 1);                                                     \
        name##_look(&o, &x);                                                      \
    }                                                                             \
    static inline void name##_look(__attribute__((unused)) object *o,             \
                                   __attribute__((unused)) int *x)

#endif
