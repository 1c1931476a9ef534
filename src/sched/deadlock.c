/* SPDX-License-Identifier: MIT */
/*
 * deadlock.c - is everybody asleep?
 *
 * The last thread that found no work asks, when no proc is held, no source will ever be due, no
 * announced call is under way and no queue holds anything. A thread that leat does not know, or
 * one that it knows but that is not blocked in a leat call, may still send: then it is no
 * deadlock. The directory of threads is read only here. TSan's own thread does not count.
 *
 * A SIGNAL that was asked for no longer may still be on its way (exec/signal.c): its handler runs
 * on any thread, and has left no trace yet. A thread in a handler is none that sleeps in the
 * kernel. So where there ever was such a handler, the verdict waits until all others sleep and
 * what handlers left has been seen to. Threads that are idle or blocked get there by themselves.
 */
#include "arch/sanitize.h"
#include "base/fatal.h"
#include "os/clock.h"
#include "os/os.h"
#include "sched/sched.h"

enum { SIGNAL_LOOK_NS = 50000 };

/* TSan starts a thread of its own inside the first pthread_create of a process. If that is ours
 * (monitor_start), what is there afterwards and was not before is sysmon and it. */
enum { NOTED_MAX = 64 };
static int before_tids[NOTED_MAX], nbefore;
static int early_tids[NOTED_MAX], nearly;

static bool is_among(const int *tids, int n, int tid)
{
    for (int i = 0; i < n; i++)
        if (tids[i] == tid)
            return true;
    return false;
}

/* The list is gone through more than once. */
static void note(int *tids, int *n, int tid)
{
    if (*n < NOTED_MAX && !is_among(tids, *n, tid))
        tids[(*n)++] = tid;
}

static bool note_before(int tid)
{
    note(before_tids, &nbefore, tid);
    return true;
}

static bool note_new(int tid)
{
    if (!is_among(before_tids, nbefore, tid))
        note(early_tids, &nearly, tid);
    return true;
}

void deadlock_note_threads(bool after)
{
    if (!leat__san_thread)
        return;
    if (!after)
        nbefore = nearly = 0;
    os_has_other_threads(after ? note_new : note_before);
}

/* Woken but not yet running is not asleep. */
static bool foreigner_sleeps(const struct m *m)
{
    return !load_seq(&m->g0.u.wait.wake) && load_seq(&m->g0.u.wait.asleep);
}

/* Changes whenever anybody ran or was woken: the looks below must fall into one silence. */
static uint64_t activity(void)
{
    uint64_t sum = load_seq(&sched.foreign_wakes);
    int n = load_acquire(&sched.nprocs);

    for (int i = 0; i < n; i++)
        sum += load_seq(&sched.all[i]->tick);
    return sum;
}

static bool known_asleep(int tid)
{
    if (tid == sched.monitor_tid)
        return true;
    for (struct m *m = sched.threads; m; m = m->all_next)
        if (m->tid == tid && !m->exited)
            return !m->foreign || foreigner_sleeps(m);
    return is_among(early_tids, nearly, tid);
}

static bool nothing_can_happen(void)
{
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    bool quiet = sched.running == 0 && load_seq(&sched.blocking) == 0 &&
                 load_seq(&sched.expected) == 0 && sched.nglobal == 0 &&
                 !sched.start_requests && !sched.proc_waiters && !sched.frozen;
    for (struct m *m = sched.threads; m && quiet; m = m->all_next)
        quiet = load_seq(&m->home_len) == 0 && !load_seq(&m->wake);
    int n = load_acquire(&sched.nprocs);
    for (int i = 0; i < n && quiet; i++)
        quiet = load_seq(&sched.all[i]->next_due) == INT64_MAX;
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    return quiet && !polling_awaited();
}

static bool others_live(void)
{
    fork_hold(); /* a directory is opened: that allocates */
    bool found = os_has_other_threads(known_asleep);
    fork_allow();
    return found;
}

static bool idle_in_kernel(int tid)
{
    return tid == os_gettid() || os_thread_sleeps(tid) != 0;
}

bool threads_sleep(void)
{
    fork_hold();
    bool found = os_has_other_threads(idle_in_kernel);
    fork_allow();
    return !found;
}

static bool signal_under_way(void)
{
    return interrupt_possible() && (!threads_sleep() || interrupt_under_way());
}

int64_t deadlock_check(void)
{
    uint64_t before = activity();

    if (!nothing_can_happen() || others_live())
        return INT64_MAX;
    if (signal_under_way())
        return os_now() + SIGNAL_LOOK_NS;
    if (!nothing_can_happen() || activity() != before)
        return INT64_MAX;
    if (sched_alive() == 0) {
        if (sched.main_gone)
            leat__throw("no goroutines (main called runtime.Goexit) - deadlock!");
        return INT64_MAX;
    }
    leat__throw_all("all goroutines are asleep - deadlock!");
}
