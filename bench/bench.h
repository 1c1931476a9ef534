/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what every C and C++ benchmark program shares: the clock, the checks, the lines it
 * prints and the list of its groups.
 *
 *     program [--scale PERCENT] GROUP...     runs groups, prints `name value unit` lines
 *     program                                lists its groups, one a line
 *
 * A group is a set of rows measured in one process, because they share their preparation or
 * because cold and warm only make sense together. Every row checks what it computed: a number
 * for work that was not done is worth nothing. The Go twins in go/ have the same shapes and
 * counts, so that a ratio compares like with like.
 */
#ifndef LEAT_BENCH_H
#define LEAT_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Percent of the full counts; smoke runs use little. */
extern long bench_scale;

typedef struct bench_group {
    const char *name;
    void (*run)(void);
} bench_group;

#define BENCH_CHECK(cond) bench_check((cond), #cond, __FILE__, __LINE__)

static inline void bench_check(bool ok, const char *text, const char *file, int line)
{
    if (ok)
        return;
    fprintf(stderr, "%s:%d: wrong result: %s\n", file, line, text);
    exit(1);
}

static inline int64_t bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void bench_report(const char *name, double value, const char *unit)
{
    printf("%s %.6g %s\n", name, value, unit);
    fflush(stdout);
}

/* Reports the time since `start`, divided by the number of operations done in it. */
static inline void bench_report_since(const char *name, int64_t start, long ops)
{
    bench_report(name, (double)(bench_now() - start) / (double)ops, "ns");
}

static inline long bench_count(long full)
{
    long n = full / 100 * bench_scale;
    return n > 100 ? n : 100;
}

static inline int bench_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Sorts `late` and reports its median and its 99th percentile in microseconds. */
static inline void bench_report_late(const char *name, int64_t *late, long n)
{
    char row[80];
    qsort(late, (size_t)n, sizeof(late[0]), bench_compare);
    snprintf(row, sizeof(row), "%s_p50", name);
    bench_report(row, (double)late[n / 2] / 1e3, "us");
    snprintf(row, sizeof(row), "%s_p99", name);
    bench_report(row, (double)late[n - 1 - n / 100] / 1e3, "us");
}

/* The same sequence in every language, so that all sleepers sleep the same. */
static inline uint64_t bench_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* A field of /proc/self/status in kilobytes. */
static inline long bench_status_kb(const char *field)
{
    char line[256];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    if (!f)
        return 0;
    while (fgets(line, sizeof(line), f))
        if (!strncmp(line, field, strlen(field)))
            kb = strtol(line + strlen(field), NULL, 10);
    fclose(f);
    return kb;
}

static inline int bench_main(int argc, char **argv, const bench_group *groups)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--scale") && i + 1 < argc) {
            bench_scale = strtol(argv[++i], NULL, 10);
            continue;
        }
        const bench_group *g = groups;
        while (g->name && strcmp(g->name, argv[i]))
            g++;
        if (!g->name) {
            fprintf(stderr, "%s: no group %s\n", argv[0], argv[i]);
            return 2;
        }
        g->run();
    }
    for (const bench_group *g = groups; argc < 2 && g->name; g++)
        puts(g->name);
    return 0;
}

#ifdef __cplusplus
}
#endif

#endif
