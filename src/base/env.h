/* SPDX-License-Identifier: MIT */
/*
 * env.h - the environment variables the runtime reads, once, at start.
 *
 * LEAT_PROCS=n, LEAT_TRACEBACK=none|single|all|system|crash, LEAT_MAIN=migrate, and
 * LEAT_DEBUG=name=value,... A name or value that is not understood is a warning that names it,
 * never ignored in silence. HACKING.md lists the LEAT_DEBUG names.
 */
#ifndef LEAT_BASE_ENV_H
#define LEAT_BASE_ENV_H

#include <stdbool.h>

enum leat__guard_mode {
    LEAT__GUARD_AUTO,
    LEAT__GUARD_MADVISE,
    LEAT__GUARD_MPROTECT,
    LEAT__GUARD_NONE,
};

struct leat__env {
    int procs;     /* 0: not set */
    int traceback; /* enum leat__traceback */
    bool main_migrates;
    enum leat__guard_mode guard;
    int max_threads;
    int fail_mmap;     /* every nth mapping of the runtime fails once; 0 is off */
    int fail_thread;   /* every nth thread creation fails once; 0 is off */
    int sigquit;       /* dump on SIGQUIT */
    int blocked_us;    /* report goroutines that block a proc for so long; 0 is off */
    int stacks;        /* so many sites' stack high-water marks are told at exit */
    int schedtrace_ms; /* print a scheduler line so often; 0 is off */
};

extern struct leat__env leat__env;

void leat__env_read(void);

#endif
