/* SPDX-License-Identifier: MIT */
/*
 * process.c - the runtime as part of a process: exit, fork, two copies.
 *
 * EXIT  The runtime frees nothing and has no destructors. Its one atexit function, registered
 *   at the first leat call, freezes the scheduler: every other thread stops at its next
 *   scheduling point, so that the handlers registered before and static destructors do not run
 *   under live goroutines. A second thread that calls exit meanwhile waits for ever.
 * FORK  Only the forking thread exists in the child. A child of a process whose only goroutine
 *   was goroutine 1 may use leat: it starts over at the first call. In any other child the
 *   first leat call is fatal and says so; exec is always fine.
 * COPIES  Two copies of libleat (one static in the program, one in a plugin) would be two
 *   runtimes with one set of channels. The first one notes itself in the environment of the
 *   dynamic linker: an exported unique symbol that the second copy sees already taken.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fatal.h"
#include "os/os.h"
#include "sched/sched.h"

/* One per process, whoever defines it: the address of the runtime that owns it. */
LEAT_API void *leat__runtime_owner __attribute__((weak));

static bool child_is_dead;
static int64_t forked_with;

void process_check_usable(void)
{
    if (child_is_dead)
        leat__throw("leat: used in the child of a fork that had %lld goroutines; only goroutine 1 "
                    "may be alive at a fork whose child uses leat (fork earlier, or exec)",
                    (long long)forked_with);
}

void leat__freeze(void)
{
    store_seq(&sched.frozen, 1);
    store_seq(&sched.attention, 1);
}

static void at_exit(void)
{
    static int exiting;

    if (getpid() != sched.pid)
        return; /* a child that never used leat */
    if (exchange(&exiting, 1))
        for (;;)
            pause();
    leat__freeze();
}

static void fork_child(void)
{
    struct m *m = tls_m();
    int64_t alive = sched.ngoroutines;
    bool alone = alive == 0 || (alive == 1 && m && m->is_main && sched.main_g == m->cur);

    if (!sched.pid)
        return;
    forked_with = alive;
    child_is_dead = !alone;
    memset(&sched, 0, sizeof(sched));
    sched.limit = 1;
    attach_reset();
}

void process_install(void)
{
    static bool installed; /* a restarted child inherits both hooks */

    if (leat__runtime_owner && leat__runtime_owner != &sched)
        leat__throw("leat: two copies of libleat in one process (%p and %p); link it once, shared",
                    leat__runtime_owner, (void *)&sched);
    leat__runtime_owner = &sched;
    if (installed)
        return;
    installed = true;
    atexit(at_exit);
    pthread_atfork(NULL, NULL, fork_child);
}
