/* SPDX-License-Identifier: MIT */
/*
 * polling.c - who asks the poller for news of descriptors, and when.
 *
 * PICTURE   a thread out of work --> look --> goroutines to its own ring
 *           the first idle thread --> sleep in the poller --> a proc --> the same
 *           sysmon, when nobody has looked for 10 ms --> look --> the global queue
 *
 * INVARIANTS
 *   N1  sched.poll_sleeper is the one thread that sleeps in the poller, or NULL. It is on the
 *       idle list like other sleepers.
 *   N2  while no proc is held and there are descriptors, there is one: each thread that goes to
 *       sleep offers itself, and one that gives its proc back without going to sleep (a blocking
 *       call, a locked goroutine) wakes another, which finds nothing and does.
 *       While all procs are held there is none for long: its news would find no proc, and who runs
 *       dry looks at less cost than a second thread that is woken for each.
 *   N3  while procs are held and nobody sleeps there, sysmon ticks, and looks when nobody else has
 *       for as long as a proc with a full batch of news may take for it: sooner, it would take the
 *       next batch from under a busy server's hands, by way of the global queue.
 *
 * PROTOCOL  Whoever gives the sleeper something to do writes its word, then reads `polling`; the
 *   sleeper writes `polling`, then reads its word. One of them sees the other (polling_wake).
 *   What the sleeper has been told it keeps until it has a proc: then the goroutines go to its
 *   own ring and run at once. If no proc is free, they go to the global queue, by a thread that
 *   is on no list meanwhile: a proc that was given to it half-way would be used half-way.
 *   Descriptors belong to no proc and no thread, so one that is stuck in C code holds up nobody.
 *
 * WAKING OTHERS  One descriptor's goroutine runs on the thread that was told. For more, a second
 *   thread is woken as for any work that was queued.
 *
 * REJECTED  A thread of its own for the poller: each event would cost a wake-up, four times
 *   what a small request takes. A poller for each proc: a proc whose goroutine burns holds up
 *   its descriptors, and moving them costs calls of the kernel.
 *
 * PROOF  tests/api/fd_test.c, polling_test.c.
 */
#include "os/os.h"
#include "sched/hostile.h"
#include "sched/sched.h"
#include "sched/source.h"

enum { NEGLECT_NS = 10000000 }; /* without a look, until sysmon looks */

const struct leat__poller *leat__poller;

static bool in_use(void)
{
    return unlikely(load_relaxed(&sched.polled) > 0);
}

static void look(struct poller_news *events, int64_t until)
{
    store_relaxed(&sched.looks, load_relaxed(&sched.looks) + 1);
    leat__poller->wait(events, until);
}

void sched_polled(int more)
{
    fetch_add(&sched.polled, more);
}

void sched_poll_wanted(void)
{
    if (!tls_m()->p && !load_seq(&sched.poll_sleeper))
        wake_for_work();
    else if (unlikely(load_relaxed(&sched.monitor_deep)))
        monitor_kick();
}

/* ---- a thread that has a proc ---- */

struct g *find_polled(struct m *m)
{
    struct poller_news events;

    if (!in_use() || load_relaxed(&sched.poll_sleeper))
        return NULL;
    look(&events, 0);
    if (events.n == 0 || sched_ready_all(m, leat__poller->ready(&events)) == 0)
        return NULL;
    return find_local(m, m->p);
}

/* ---- a thread that sleeps ---- */

void polling_wake(struct m *m)
{
    fence_seq();
    if (unlikely(load_relaxed(&m->polling)))
        leat__poller->interrupt();
}

/* An idle thread has news: make them ready with a proc, if it can get one. True: it has one. */
static bool ready_with_proc(struct m *m, struct g *list)
{
    bool claimed = proc_claim(m);
    bool left = !claimed && idle_leave(m);

    if (!claimed && !left) {
        await_proc(m); /* somebody is giving it one */
        claimed = true;
    }
    sched_ready_all(m, list);
    return claimed || idle_enter(m);
}

/* News for a thread without a proc (m; NULL: sysmon). While they are in its hands nobody waits for
 * them, nobody runs, and it is no deadlock. */
static bool hand_out(struct m *m, const struct poller_news *news)
{
    fetch_add(&sched.in_hand, 1);
    struct g *list = leat__poller->ready(news);
    bool has_proc = m && list && ready_with_proc(m, list);
    if (!m)
        sched_ready_all(NULL, list);
    fetch_sub(&sched.in_hand, 1);
    return has_proc;
}

enum polling polling_sleep(struct m *m, int64_t until)
{
    struct poller_news events = {0};
    struct m *nobody = NULL;

    if (!in_use() || load_relaxed(&sched.running) >= load_relaxed(&sched.limit) ||
        !cas(&sched.poll_sleeper, &nobody, m))
        return POLLING_TAKEN;
    store_seq(&m->polling, 1);
    hostile_window();
    fence_seq();
    if (!load_relaxed(&m->wake))
        look(&events, until);
    store_seq(&m->polling, 0);
    store_seq(&sched.poll_sleeper, NULL);
    return events.n > 0 && hand_out(m, &events) ? POLLING_PROC : POLLING_SLEPT;
}

/* ---- sysmon ---- */

bool polling_neglected(void)
{
    return in_use() && !load_seq(&sched.poll_sleeper);
}

void polling_back_up(int64_t now)
{
    static uint32_t seen;
    static int64_t since;
    struct poller_news events;
    uint32_t looks = load_relaxed(&sched.looks);

    if (!polling_neglected() || looks != seen) {
        seen = looks;
        since = now;
        return;
    }
    if (now - since < NEGLECT_NS)
        return;
    look(&events, 0);
    if (events.n > 0)
        hand_out(NULL, &events);
    seen = load_relaxed(&sched.looks);
    since = now;
}

bool polling_awaited(void)
{
    return in_use() && (leat__poller->awaited() || load_seq(&sched.in_hand) > 0);
}
