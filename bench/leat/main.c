/* SPDX-License-Identifier: MIT */
/*
 * leat-bench: every group of leat's benchmarks; go/main.go is its twin.
 */
#include "groups.h"

long bench_scale = 100;

static const bench_group leat_bench_groups[] = {
    {"yield", bench_yield},
    {"pingpong", bench_pingpong},
    {"buffered", bench_buffered},
    {"sieve", bench_sieve},
    {"spawn", bench_spawn},
    {"million", bench_million},
    {"skynet", bench_skynet},
    {"fib", bench_fib},
    {"select", bench_select},
    {"parked", bench_parked},
    {"sleep5", bench_sleep5},
    {"sleep6", bench_sleep6},
    {"wake_timer", bench_wake_timer},
    {"wake_foreign", bench_wake_foreign},
    {"idle", bench_idle},
    {"idle_worker", bench_idle_worker},
    {"sync", bench_sync},
    {"contended", bench_contended},
    {"readers", bench_readers},
    {"handover", bench_handover},
    {"timers", bench_timers},
    {"parallel", bench_parallel},
    {"blocking", bench_blocking},
    {"go_chan", bench_go_chan},
    {"go_select", bench_go_select},
    {"go_sched", bench_go_sched},
    {"go_context", bench_go_context},
    {"go_sync", bench_go_sync},
    {"go_lock", bench_go_lock},
    {"go_time", bench_go_time},
    {"go_pool", bench_go_pool},
    {"go_map", bench_go_map},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, leat_bench_groups);
}
