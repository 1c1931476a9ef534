/* SPDX-License-Identifier: MIT */
/*
 * deadlock.c - is everybody asleep?
 *
 * The last thread that found no work asks, when no proc is held, no source will ever be due, no
 * announced call is under way and no queue holds anything. A thread that leat does not know, or
 * one that it knows but that is not blocked in a leat call, may still send: then it is no
 * deadlock. The directory of threads is read only here. A thread that
 * existed before the constructors, under TSan, is TSan's.
 */
#include "arch/sanitize.h"
#include "base/fatal.h"
#include "os/os.h"
#include "sched/sched.h"

/* TSan's own thread exists before any constructor of the program. */
enum { EARLY_MAX = 4 };
static int early_tids[EARLY_MAX], nearly;

static bool note_early(int tid)
{
    if (tid != os_gettid() && nearly < EARLY_MAX)
        early_tids[nearly++] = tid;
    return true;
}

__attribute__((constructor)) static void note_early_threads(void)
{
    leat__san_init();
    if (leat__san_thread)
        os_has_other_threads(note_early);
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
    for (int i = 0; i < nearly; i++)
        if (early_tids[i] == tid)
            return true;
    return false;
}

static bool nothing_can_happen(void)
{
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    bool quiet = sched.running == 0 && load_seq(&sched.blocking) == 0 && sched.nglobal == 0 &&
                 !sched.start_requests && !sched.proc_waiters && !sched.frozen;
    for (struct m *m = sched.threads; m && quiet; m = m->all_next)
        quiet = load_seq(&m->home_len) == 0 && !load_seq(&m->wake);
    int n = load_acquire(&sched.nprocs);
    for (int i = 0; i < n && quiet; i++)
        quiet = load_seq(&sched.all[i]->next_due) == INT64_MAX;
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    return quiet;
}

void deadlock_check(void)
{
    uint64_t before = activity();

    if (!nothing_can_happen() || os_has_other_threads(known_asleep) || !nothing_can_happen() ||
        activity() != before)
        return;
    if (sched_alive() == 0) {
        if (sched.main_gone)
            leat__throw("no goroutines (main called runtime.Goexit) - deadlock!");
        return;
    }
    leat__throw_all("all goroutines are asleep - deadlock!");
}
