/* SPDX-License-Identifier: MIT */
/*
 * overflow.c - a fault in a guard is a stack overflow with a name; other faults are not ours.
 *
 * The handler runs on a stack of its own per thread. It is installed only where the disposition
 * was the default; a handler somebody installs later simply replaces it. An address outside our
 * guards restores the default action and returns, so that the fault happens again and the
 * process dies as it would have without us, core dump and all. A signal that somebody sent would
 * not come again: it is sent once more.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/fatal.h"
#include "os/os.h"
#include "sched/sched.h"

enum { ALT_STACK = 64 << 10 };

static bool handler_installed;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    size_t usable;

    if (info->si_code <= 0) { /* by kill, raise or sigqueue: there is no address */
        signal(sig, SIG_DFL);
        raise(sig);
        return;
    }
    const struct m *m = tls_m();
    const struct g *g = m ? m->cur : NULL;
    if (stack_guard_hit(info->si_addr, &usable) ||
        (g && stack_own_guard_hit(g->stack, info->si_addr, &usable))) {
        const leat_site *site = g ? g->site : NULL;
        leat__claim_death();
        leat__print(
            "runtime: goroutine stack exceeds %zu-byte limit\n"
            "runtime: goroutine %llu runs %s, started by %s (%s:%d); raise its stack_size "
            "by leat_go_with\n",
            usable, g ? (unsigned long long)g->id : 0, g ? leat__function_name(g->fn) : "?",
            site ? site->func : "?", site ? site->file : "?", site ? site->line : 0);
        leat__fault_context = context;
        leat__throw_claimed("stack overflow");
    }
    signal(sig, SIG_DFL);
}

static void on_quit(int sig)
{
    (void)sig;
    leat__claim_death();
    leat__print("SIGQUIT: quit\n");
    leat__end_with_dump(LEAT__TRACEBACK_ALL);
}

static bool install_if_default(int sig, const struct sigaction *sa)
{
    struct sigaction old;

    if (sigaction(sig, NULL, &old) != 0 || (old.sa_flags & SA_SIGINFO) ||
        old.sa_handler != SIG_DFL)
        return false;
    return sigaction(sig, sa, NULL) == 0;
}

void overflow_install(struct m *m)
{
    stack_t now;

    if (!handler_installed) {
        struct sigaction sa = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
        sigemptyset(&sa.sa_mask);
        handler_installed = true;
        install_if_default(SIGSEGV, &sa);
        install_if_default(SIGBUS, &sa);
        if (leat__env.sigquit) {
            struct sigaction quit = {.sa_handler = on_quit, .sa_flags = SA_ONSTACK};
            sigemptyset(&quit.sa_mask);
            install_if_default(SIGQUIT, &quit);
        }
    }
    if (sigaltstack(NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE))
        return; /* the program's, or a sanitizer's */
    if (!m->altstack && !(m->altstack = os_map(ALT_STACK)))
        return;
    stack_t alt = {.ss_sp = m->altstack, .ss_size = ALT_STACK};
    sigaltstack(&alt, NULL);
}
