/* SPDX-License-Identifier: MIT */
/* t_int.h - what the framework's files share with one another and with no test.
 *
 * PICTURE
 *   t_main.c   the command line; decides between runner and case
 *   t_run.c    the runner: starts cases, waits, judges, prints
 *   t_case.c   inside a case's process: runs one body, looks at what it left behind
 *   t_check.c  inside a case's process: checks, failing, skipping, logging
 *   t_env.c    both: modes, seeds, scales
 *
 * PROTOCOL  Runner and case share one page, a memfd that the case inherits. The exit status
 *   alone could not tell an expected exit(1) from a failed check, or a return from an exit(0);
 *   the page's state can. It moves from T_RUNNING once, to whatever is decided first, so a
 *   check that fails in a forked child of a case fails the case.
 */
#ifndef T_INT_H
#define T_INT_H

#include "t.h"

#include <stdatomic.h>
#include <stdio.h>

enum t_state { T_STARTING, T_RUNNING, T_RETURNED, T_FAILED, T_SKIPPED };

struct t_report {
    _Atomic int state; /* enum t_state */
    char text[400];    /* why; written by whoever is about to leave T_RUNNING */
};

struct t_options {
    const char *filter; /* NULL: every test */
    int only_procs;     /* 0: every procs value a test lists */
    int repeat;
    int jobs;
};

extern struct t_test *t__tests; /* in order of registration */

/* Both return what main() is to return. */
int t__run_all(const struct t_options *options, const char *exe);
int t__run_case(const char *name, int procs, int report_fd);

void t__env_init(void);
void t__set_seed(uint64_t seed);
void t__case_env(const struct t_test *test, int procs, uint64_t seed);
double t__slowness(void);
bool t__is_verbose(void);
const char *t__mode_refusal(const char *modes);

/* The case that this process is, for messages and for the runner. */
extern const struct t_test *t__current;
extern struct t_report *t__report;
_Noreturn void t__die(const char *text);
void t__dump(void);

#endif
