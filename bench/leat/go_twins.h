/* SPDX-License-Identifier: MIT */
/*
 * What the twins of Go's own benchmarks share: one goroutine per processor, and work that the
 * compiler cannot drop.
 */
#ifndef LEAT_BENCH_GO_TWINS_H
#define LEAT_BENCH_GO_TWINS_H

#include <leat.h>

#include "groups.h"

/* Runs body(arg, n / goroutines) in so many goroutines. */
#define TWIN_GOROUTINES(goroutines, n, body, arg)                   \
    do {                                                            \
        leat_waitgroup twin_wg = {0};                               \
        int twin_all = (goroutines);                                \
        for (int twin_i = 0; twin_i < twin_all; twin_i++)           \
            leat_waitgroup_go(&twin_wg, body, arg, (n) / twin_all); \
        leat_waitgroup_wait(&twin_wg);                              \
    } while (0)

/* The same, with as many goroutines as there are processors. */
#define TWIN_PARALLEL(n, body, arg) TWIN_GOROUTINES(leat_procs(0), n, body, arg)

/* Sink of all results of twin_work. */
extern uint64_t bench_twin_sink;

static inline void twin_work(int steps)
{
    uint64_t x = 1;
    for (int i = 0; i < steps; i++)
        x = x * 6364136223846793005u + 1;
    __atomic_store_n(&bench_twin_sink, x, __ATOMIC_RELAXED);
}

#endif
