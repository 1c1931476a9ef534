/* SPDX-License-Identifier: MIT */
/* t_main.c - the command line of every test binary, and the list of its tests. */
#include "t_int.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct t_test *t__tests;

static const int t_default_procs[] = {1, 2, 8};

/* Runs before main(), in the order of definition within a file. */
void t__register(struct t_test *test)
{
    struct t_test **tail = &t__tests;

    for (; *tail; tail = &(*tail)->next) {
        if (strcmp((*tail)->name, test->name) == 0) {
            fprintf(stderr, "%s:%d: a second test named %s\n", test->file, test->line,
                    test->name);
            abort();
        }
    }
    if (!test->procs[0])
        memcpy(test->procs, t_default_procs, sizeof t_default_procs);
    *tail = test;
}

static int t_list(const struct t_options *options)
{
    for (const struct t_test *test = t__tests; test; test = test->next) {
        if (options->filter && !strstr(test->name, options->filter))
            continue;
        printf("%s procs=", test->name);
        for (int i = 0; i < T_MAX_LIST && test->procs[i]; i++)
            printf("%s%d", i ? "," : "", test->procs[i]);
        printf("\n");
    }
    return 0;
}

static int t_usage(const char *program)
{
    fprintf(stderr,
            "usage: %s [--list] [--filter SUBSTR] [--procs N] [--repeat N] [-j N]\n"
            "       %s --t-case NAME --t-procs N    (one case, in this process)\n",
            program, program);
    return 2;
}

/* -1: not a positive number. */
static int t_positive(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    return *end == '\0' && n > 0 && n < 1000000 ? (int)n : -1;
}

/* Cases must find the program even when the wrapper or the test changed what argv[0] means. */
static const char *t_own_path(const char *argv0)
{
    static char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return argv0;
    path[n] = '\0';
    return path;
}

int main(int argc, char **argv)
{
    struct t_options options = {.repeat = 1, .jobs = 1};
    const char *one_case = NULL;
    bool list = false;
    int case_procs = 1, report_fd = -1;

    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        int number = t_positive(value);
        int *target = strcmp(word, "--procs") == 0      ? &options.only_procs
                      : strcmp(word, "--repeat") == 0   ? &options.repeat
                      : strcmp(word, "-j") == 0         ? &options.jobs
                      : strcmp(word, "--t-procs") == 0  ? &case_procs
                      : strcmp(word, "--t-report") == 0 ? &report_fd
                                                        : NULL;
        if (strcmp(word, "--list") == 0) {
            list = true;
            continue;
        }
        if (target && number > 0)
            *target = number;
        else if (strcmp(word, "--filter") == 0 && *value)
            options.filter = value;
        else if (strcmp(word, "--t-case") == 0 && *value)
            one_case = value;
        else
            return t_usage(argv[0]);
        i++;
    }
    t__env_init();
    if (list)
        return t_list(&options);
    if (one_case)
        return t__run_case(one_case, case_procs, report_fd);
    return t__run_all(&options, t_own_path(argv[0]));
}
