/* SPDX-License-Identifier: MIT */
/*
 * idle.c - how a thread without work sleeps: on its word, until a time, or in the poller.
 *
 * It stands on the idle list, so whoever has work finds it, gives it a proc and wakes it
 * (thread_wake). It gets itself a proc when something is due or the poller has news. The last one
 * to fall asleep keeps the time for all procs, and asks whether everybody sleeps (deadlock.c).
 * WAKE-UPS in sched.c tells why none is lost.
 */
#include "base/fatal.h"
#include "os/clock.h"
#include "os/os.h"
#include "sched/hostile.h"
#include "sched/sched.h"

enum {
    COALESCE_NS = 100000,     /* between two sleeps that end because something is due */
    PATIENCE_PAYS_NS = 50000, /* a sleep this short is not worth its cost */
    CLOCK_LOOK_NS = 1000000,  /* between two looks at a clock that a test drives */
};

int64_t earliest_due(bool held_too)
{
    int64_t due = INT64_MAX;
    int n = load_acquire(&sched.nprocs);

    for (int i = 0; i < n; i++) {
        struct p *p = sched.all[i];
        int64_t d = load_seq(&p->next_due);
        if (d < due && (held_too || !load_relaxed(&p->m)))
            due = d;
    }
    return due;
}

bool due_now(int64_t due)
{
    return due != INT64_MAX && due <= sched_now();
}

/* How long may this idle thread sleep? One of them keeps the time: the last one for all procs,
 * before that one for those which nobody holds; holders look themselves. */
static int64_t keep_time(struct m *m, bool *last)
{
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    *last = sched.running == 0;
    int64_t due = earliest_due(*last);
    if (*last || due < sched.keeper_due || sched.keeper == m) {
        sched.keeper = m;
        store_relaxed(&sched.keeper_due, due);
    } else {
        due = INT64_MAX;
    }
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    return due;
}

static void stop_keeping(struct m *m)
{
    if (load_relaxed(&sched.keeper) != m)
        return;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    if (sched.keeper == m) {
        store_relaxed(&sched.keeper, NULL);
        store_relaxed(&sched.keeper_due, INT64_MAX);
    }
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
}

/* Until when to sleep, given what is due: where due times are dense, not for each of them. */
static int64_t sleep_limit(int64_t due)
{
    if (leat__policy.clock)
        return os_now() + CLOCK_LOOK_NS;
    if (due == INT64_MAX)
        return due;
    int64_t again = load_relaxed(&sched.due_woken) + COALESCE_NS;
    return due > again ? due : again;
}

/* True: it has got itself a proc. */
static bool sleep_until_due(struct m *m, int64_t due)
{
    int64_t until = sleep_limit(due);
    enum polling slept = polling_sleep(m, until);

    if (slept == POLLING_TAKEN) {
        if (until == INT64_MAX || leat__policy.clock)
            os_futex_wait(&m->wake, 0, until);
        else
            os_futex_wait_precise(&m->wake, 0, until);
    }
    return slept == POLLING_PROC;
}

static bool claim_for_due(struct m *m)
{
    stop_keeping(m);
    if (!proc_claim(m))
        return false;
    store_relaxed(&sched.due_woken, os_now());
    return true;
}

enum sleep_end {
    END_DUE,   /* something is due */
    END_GIVEN, /* there is work that others made */
    END_NEWS,  /* the poller had some */
};

/* On the idle list, without a proc: sleep until there is a reason to have one, and it has. */
static enum sleep_end sleep_for_work(struct m *m)
{
    for (;;) {
        bool last;
        int64_t due = keep_time(m, &last);
        if (last && due == INT64_MAX)
            due = deadlock_check();
        if (load_acquire(&m->wake))
            break;
        if (due_now(due)) {
            if (claim_for_due(m))
                return END_DUE;
            due = INT64_MAX; /* all procs are held again, and sysmon sees to it */
        }
        if (sleep_until_due(m, due))
            return END_NEWS;
        fence_seq();
        if (find_anything() && proc_claim(m))
            return END_GIVEN;
    }
    store_relaxed(&m->wake, 0);
    return END_GIVEN;
}

void idle_sleep(struct m *m)
{
    hostile_window();
    fence_seq();
    if ((find_anything() || due_now(earliest_due(true))) && proc_claim(m))
        return;
    int64_t asleep_since = os_now();
    enum sleep_end end = sleep_for_work(m);
    if (end == END_DUE)
        return;
    stop_keeping(m);
    int64_t now = os_now();
    store_relaxed(&sched.coarse_now, now);
    if (end == END_GIVEN && now - asleep_since < PATIENCE_PAYS_NS)
        m->patience = LEAT__PATIENCE_MAX;
}
