/* SPDX-License-Identifier: MIT */
/*
 * interrupt.c - how a signal handler wakes a goroutine of the runtime's own.
 *
 * A handler may call next to nothing: no lock, no queue, no allocation. So it writes a word, and
 * only if the goroutine sleeps it wakes sysmon, which is a thread of ours that is never inside
 * anything a handler could interrupt, and readies goroutines as others do.
 *
 * PROTOCOL  word: QUIET, ASKED or ASLEEP. The goroutine moves it from QUIET to ASLEEP and parks,
 *   the handler writes ASKED whatever it was. Who finds ASLEEP there tells sysmon; the goroutine
 *   that finds ASKED does not park. It writes QUIET before it looks at what handlers have left:
 *   what it does not see there has its ASKED still to come.
 *
 * THE GOROUTINE belongs to nobody: it has the number 0, is not counted and not shown in dumps,
 *   and a program in which it alone could still run is as deadlocked as one without it, unless
 *   somebody has asked for a signal (sched.expected, deadlock.c), or one is still on its way from
 *   the time when somebody had: then the word is not ASLEEP, or a thread is in a handler.
 *
 * REJECTED  An eventfd and the poller: two descriptors and a poller for programs that do no I/O.
 *   A thread of its own: 8 MiB of address space, and one more that forks, dumps and the deadlock
 *   check have to know. sem_post in the handler: the same thread behind it.
 *
 * PROOF  tests/api/signal_go_test.c, tests/api/signal_manners_test.c.
 */
#include "sched/sched.h"

enum { QUIET, ASKED, ASLEEP };

static struct {
    uint32_t word;     /* atomic: of the enum */
    uint32_t to_wake;  /* atomic: sysmon shall ready the sleeper */
    struct g *sleeper; /* atomic: written by itself; NULL while nobody has waited here */
} interrupted;

void sched_interrupt(void)
{
    if (exchange(&interrupted.word, ASKED) != ASLEEP)
        return;
    store_seq(&interrupted.to_wake, 1);
    monitor_kick();
}

void sched_interrupt_wait(void)
{
    struct g *g = g_self();
    uint32_t quiet = QUIET;

    store_seq(&interrupted.sleeper, g);
    store_relaxed(&g->status, G_WAITING);
    if (cas(&interrupted.word, &quiet, ASLEEP))
        sched_park(g, WAIT_SIGNAL, NULL);
    else
        store_relaxed(&g->status, G_RUNNING);
    store_seq(&interrupted.word, QUIET);
    fence_seq();
}

void monitor_interrupted(void)
{
    fence_seq();
    if (likely(!load_relaxed(&interrupted.to_wake)) || !exchange(&interrupted.to_wake, 0))
        return;
    store_relaxed(&interrupted.sleeper->status, G_RUNNABLE);
    global_put(interrupted.sleeper);
    wake_for_work();
}

bool interrupt_possible(void)
{
    return load_seq(&interrupted.sleeper) != NULL;
}

bool interrupt_under_way(void)
{
    return interrupt_possible() && load_seq(&interrupted.word) != ASLEEP;
}

void interrupt_reset(void)
{
    interrupted.word = QUIET;
    interrupted.to_wake = 0;
    interrupted.sleeper = NULL;
}
