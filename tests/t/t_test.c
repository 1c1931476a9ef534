/* SPDX-License-Identifier: MIT */
/* t_test.c - the framework's own test: a nested runner over t_sample's bad cases. */
#include "t.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 17 };

/* Runs t_sample, which is built beside this program; returns its exit status. */
static int run_sample(const char *variables, const char *words, char *out)
{
    static const char command[] = "env -u T_SEED -u T_VERBOSE -u LEAT_PROCS %s "
                                  "$T_WRAPPER '%s/t_sample' %s 2>&1";
    char path[2048], line[3000];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    size_t used = 0, got;

    T_GT(n, 0);
    path[n] = '\0';
    *strrchr(path, '/') = '\0';
    snprintf(line, sizeof line, command, variables, path, words);
    FILE *pipe = popen(line, "r");
    T_NE(pipe, NULL);
    while ((got = fread(out + used, 1, OUTPUT_MAX - 1 - used, pipe)) > 0)
        used += got;
    out[used] = '\0';
    T_LOG("%s\n%.600s", line, out);
    int status = pclose(pipe);
    T_TRUE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* One case of t_sample, judged by status and by texts that its output must have. */
struct expectation {
    const char *test;
    int status;
    const char *texts[6];
};

static void check_sample(const struct expectation *e, const char *variables)
{
    static char out[OUTPUT_MAX];
    char words[100];

    snprintf(words, sizeof words, "--filter %s", e->test);
    T_EQ(run_sample(variables, words, out), e->status);
    for (int i = 0; i < 6 && e->texts[i]; i++)
        T_STRHAS(out, e->texts[i]);
}

T_TEST(failed_checks_show_both_sides, .procs = {1})
{
    static const struct expectation all[] = {
        {"bad_eq",
         1,
         {"FAIL bad_eq procs=1", "T_EQ(x + 1, 43): left is 42, right is 43",
          "t_sample.c:", "| goroutine 1 [sample]:", "test bad_eq, procs 1, seed 0x",
          "\n0 passed, 1 failed\n"}},
        {"bad_lt", 1, {"T_LT(1u, -1): left is 1, right is -1"}},
        {"bad_true", 1, {"T_TRUE(sample_goroutines == 7): it is false"}},
        {"bad_false", 1, {"T_FALSE(sample_goroutines == 1): it is true"}},
        {"bad_streq", 1, {"left is \"a\\n\", right is NULL"}},
        {"bad_strhas", 1, {"no \"needle\" in \"haystack\""}},
        {"bad_memeq", 1, {"byte 3 of 4 differs: left has 58, right has 59"}},
        {"bad_err", 1, {"got -11 (Resource temporarily unavailable)", "-32 (Broken pipe)"}},
        {"bad_call", 1, {": all of 100%\n"}},
        {"bad_thread", 1, {"T_EQ(unused, &sample_goroutines): left is", "right is 0x"}},
        {"bad_fork", 1, {"FAIL bad_fork", ": in the child\n"}},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        check_sample(&all[i], "");
}

T_TEST(ends_are_told_apart, .procs = {1})
{
    static const struct expectation all[] = {
        {"crash", 1, {"killed by SIGABRT"}},
        {"early_exit", 1, {"exit status 0 before the body returned"}},
        {"hang_polite",
         1,
         {"timed out after", "| SIGQUIT: time is up", "| goroutine 1 [sample]:"}},
        {"death_good", 0, {"ok death_good procs=1", "1 passed, 0 failed"}},
        {"death_signal", 0, {"ok death_signal"}},
        {"death_well",
         1,
         {"ok death_well procs", "FAIL death_well_refused", "body returned",
          "1 passed, 1 failed"}},
        {"death_refused", 1, {"the body returned, but it was to end the process"}},
        {"death_status", 1, {"exit status 4, expected exit status 3"}},
        {"death_text", 1, {"standard error lacks \"two\""}},
        {"death_by_check", 1, {"FAIL death_by_check", "not the death expected"}},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        check_sample(&all[i], "");
}

T_TEST(skips_are_counted_with_reasons, .procs = {1})
{
    static const struct expectation all[] = {
        {"skip_call",
         77,
         {"skip skip_call procs=1: no such thing here\n", "0 passed, 0 failed, 1 skipped\n"}},
        {"skip_function", 77, {"skip skip_function procs=1: asked not to\n"}},
        {"skip_mode", 77, {"skip skip_mode procs=1: for other modes only\n"}},
        {"skip_not_mode", 1, {"FAIL skip_not_mode"}},
        {"skip_silent", 1, {"T_SKIP without a reason"}},
    };
    char out[OUTPUT_MAX];

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        check_sample(&all[i], "");
    T_EQ(run_sample("T_MODE=earth", "--filter skip_not_mode", out), 77);
    T_STRHAS(out, ": not for mode earth\n");
    T_EQ(run_sample("T_MODE=sun,venus", "--filter skip_mode", out), 1);
}

T_TEST(what_is_left_behind_is_found, .procs = {1})
{
    static const struct expectation all[] = {
        {"leak_fd", 1, {"left behind: file descriptor ", "left open: /dev/null"}},
        {"leak_allowed", 0, {"ok leak_allowed"}},
        {"started", 0, {"ok started"}},
        {"untouched", 0, {"ok untouched"}},
        {"leak_goroutine", 1, {"left behind: 2 goroutines beside main"}},
        {"late_goroutine", 0, {"ok late_goroutine"}},
        {"leak_invariant", 1, {"left behind: a broken invariant: run queue: head after tail"}},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        check_sample(&all[i], "T_TIMEOUT_SCALE=0.1");
}

/* The pipe reads end-of-file only once nobody holds its other end, grandchild included. */
T_TEST(a_case_that_hangs_dies_with_its_children, .procs = {1})
{
    char out[OUTPUT_MAX];
    int ends[2];

    T_EQ(pipe(ends), 0);
    T_EQ(run_sample("", "--filter hang_deaf", out), 1);
    T_STRHAS(out, "timed out after");
    close(ends[1]);
    T_EQ(read(ends[0], out, 1), 0);
    close(ends[0]);
}

T_TEST(the_runner_obeys_its_command_line, .procs = {1})
{
    char out[OUTPUT_MAX];

    T_EQ(run_sample("", "--filter good -j 3", out), 0);
    T_STRHAS(out, "ok good procs=8 (");
    T_STRHAS(out, "\n4 passed, 0 failed\n");
    T_EQ(strstr(out, "# "), NULL);
    T_EQ(run_sample("T_VERBOSE=1", "--filter good --procs 2", out), 0);
    T_STRHAS(out, ": procs 2\n");
    T_STRHAS(out, "\n1 passed, 0 failed\n");
    T_EQ(run_sample("", "--filter good --procs 8 --repeat 3", out), 0);
    T_STRHAS(out, "\n3 passed, 0 failed\n");
    T_EQ(run_sample("", "--filter bad --repeat 3", out), 1);
    T_STRHAS(out, "\n0 passed, 1 failed\n");
    T_EQ(run_sample("", "--filter good --list", out), 0);
    T_STREQ(out, "good procs=1,2,8\ndeath_good procs=1\n");
    T_EQ(run_sample("", "--filter nothing", out), 1);
    T_EQ(run_sample("", "--procs none", out), 2);
    T_STRHAS(out, "usage: ");
    T_EQ(run_sample("", "--filter environment", out), 0);
    T_EQ(run_sample("", "--t-case bad_eq --t-procs 5", out), 1);
    T_STRHAS(out, "test bad_eq, procs 5, ");
}

T_TEST(captured_output_cannot_pass_for_the_totals, .procs = {1})
{
    char out[OUTPUT_MAX];

    T_EQ(run_sample("T_VERBOSE=1", "--filter noise", out), 0);
    T_STRHAS(out, "    | 9 passed, 9 failed\n");
    T_EQ(strstr(out, "\n9 passed"), NULL);
}

T_TEST(a_seed_replays, .procs = {1})
{
    char first[OUTPUT_MAX], second[OUTPUT_MAX], third[OUTPUT_MAX];
    static const char words[] = "--t-case noise --t-procs 1";

    T_EQ(run_sample("T_SEED=0x5eed", words, first), 0);
    T_EQ(run_sample("T_SEED=0x5eed", words, second), 0);
    T_EQ(run_sample("T_SEED=0x5eee", words, third), 0);
    T_STRHAS(first, "seed 5eed\n");
    T_STREQ(first, second);
    T_FALSE(strcmp(strstr(first, "rand"), strstr(third, "rand")) == 0);

    /* The line that a failure prints is the one that repeats it. */
    T_EQ(run_sample("T_VERBOSE=1", "--filter noise", first), 0);
    char *seed = strstr(first, "replay: T_SEED=");
    T_NE(seed, NULL);
    seed += strlen("replay: ");
    seed[strcspn(seed, " ")] = '\0';
    T_EQ(run_sample(seed, words, second), 0);
    char *rand_line = strstr(second, ": rand");
    T_NE(rand_line, NULL);
    rand_line[strcspn(rand_line, "\n")] = '\0';
    T_STRHAS(first, rand_line);
}

T_TEST(values_compare_as_numbers, .procs = {1})
{
    signed char small = -1;
    const volatile unsigned long big = 1;
    double nan_value = NAN;

    T_EQ(small, -1L);
    T_LT(small, big);
    T_LT(-1, UINT64_MAX);
    T_GT(UINT64_MAX, INT64_MAX);
    T_NE(-1, UINT64_MAX);
    T_LE(INT64_MIN, INT64_MIN + 1);
    T_GE(0.5f, 0.25);
    T_EQ(1.0, 1);
    T_EQ(true, 2 > 1);
    T_NE(nan_value, nan_value);
    T_FALSE(t__holds(T__VALUE(nan_value), T__LE, T__VALUE(nan_value)));
    T_FALSE(t__holds(T__VALUE(2), T__LT, T__VALUE(2)));
    T_FALSE(t__holds(T__VALUE(2), T__NE, T__VALUE(2u)));
    T_EQ(&small, (void *)&small);
    T_NE(&small, NULL);
    T_MEMEQ("abc", "abd", 2);
    T_STREQ(NULL, NULL);
    T_ERR(-ENOENT, -2);
}

static void *draw(void *slot)
{
    *(uint64_t *)slot = t_rand();
    return NULL;
}

T_TEST(threads_draw_from_streams_of_their_own)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    uint64_t drawn[THREADS];

    for (int i = 0; i < THREADS; i++)
        T_EQ(pthread_create(&threads[i], NULL, draw, &drawn[i]), 0);
    for (int i = 0; i < THREADS; i++)
        T_EQ(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++)
        for (int j = 0; j < i; j++)
            T_NE(drawn[i], drawn[j]);
}

T_TEST(scales_follow_the_mode, .procs = {1}, .env = {"T_SCALE=0.5"})
{
    long scaled = t_scale(1000000);

    T_LE(scaled, 500000);
    T_EQ(t_scale(1), 1);
    if (t_mode_is("plain"))
        T_EQ(scaled, 500000);
    if (t_mode_is("tsan"))
        T_LE(scaled, 25000);
    T_FALSE(t_mode_is("no such mode"));
}
