/* SPDX-License-Identifier: MIT */
/*
 * refuse.h - memory that is refused, at each point in turn.
 *
 *     static void groups(void) { ... T_EQ(sum, 210); }
 *     REFUSE_TEST(groups)
 *
 * PICTURE  The linker sends here what leat asks of calloc, aligned_alloc and mmap (--wrap), and
 *   nothing else: what libc and a sanitizer need stays out of it. A scenario runs in a child
 *   process. Its k-th request is refused, or that one and all that follow; k grows until the
 *   scenario gets through with nothing refused.
 *
 * OUTCOMES  The child
 *   - got through: nothing was refused, or something was and every promise was kept all the same
 *     (a call said -ENOMEM, less memory did), or
 *   - died with status 2 and a text that says what could not be had and what to raise.
 *   A crash, a hang, a leak, a lost value is neither, and fails the test with what the child said.
 */
#ifndef REFUSE_H
#define REFUSE_H

#include "../api/sched_util.h"

enum {
    REFUSE_HEAP = 1,
    REFUSE_MAPPINGS = 2,
    REFUSE_MAIN_ONLY = 4, /* what other threads of the runtime need is not meant */
    REFUSE_COLD = 8,      /* the runtime's own start is part of it */
};

/* Refuse requests of these kinds: the first-th from now on to the last-th. */
void refuse_plan(int kinds, long first, long last);
void refuse_all(void);  /* of goroutine 1's requests for heap */
void refuse_pass(void); /* there is memory again */
long refuse_asked(void);
long refuse_count(void); /* how many were refused */

void refuse_everywhere(void (*scenario)(void), int kinds);

#define REFUSE_TEST(scenario)                                                                  \
    T_TEST(scenario##_without_heap, .fresh = true, .modes = "!tsan", .timeout_ms = 120000)     \
    {                                                                                          \
        refuse_everywhere(scenario, REFUSE_HEAP);                                              \
    }                                                                                          \
    T_TEST(scenario##_without_mappings, .fresh = true, .modes = "!tsan", .timeout_ms = 120000) \
    {                                                                                          \
        refuse_everywhere(scenario, REFUSE_MAPPINGS);                                          \
    }

#endif
