/* SPDX-License-Identifier: MIT */
/* The groups of leat-bench: each runs its rows and prints them. */
#ifndef LEAT_BENCH_GROUPS_H
#define LEAT_BENCH_GROUPS_H

#include "../bench.h"

void bench_yield(void);
void bench_pingpong(void);
void bench_buffered(void);
void bench_sieve(void);
void bench_spawn(void);
void bench_million(void);
void bench_skynet(void);
void bench_fib(void);
void bench_select(void);
void bench_parked(void);
void bench_sleep5(void);
void bench_sleep6(void);
void bench_wake_timer(void);
void bench_wake_foreign(void);
void bench_idle(void);
void bench_idle_worker(void);
void bench_sync(void);
void bench_contended(void);
void bench_readers(void);
void bench_handover(void);
void bench_timers(void);
void bench_parallel(void);
void bench_blocking(void);
void bench_go_chan(void);
void bench_go_select(void);
void bench_go_sched(void);
void bench_go_context(void);
void bench_go_sync(void);
void bench_go_lock(void);
void bench_go_time(void);
void bench_go_pool(void);
void bench_go_map(void);

#endif
