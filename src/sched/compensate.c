/* SPDX-License-Identifier: MIT */
/*
 * compensate.c - how many procs may be held: the user's number or the system's, and one more for
 * each stuck one.
 */
#include "base/env.h"
#include "os/os.h"
#include "sched/sched.h"

enum { FOLLOW_NS = 1000000000 };

int procs_default(void)
{
    int n = os_default_procs();

    return n < LEAT__MAX_PROCS ? n : LEAT__MAX_PROCS;
}

/* Lock held. True: there are more than before. */
static bool change_procs(int n)
{
    int before = sched.procs;

    if (n == before)
        return false;
    sched.procs = n;
    store_relaxed(&sched.limit, n + sched.compensations);
    proc_update_attention();
    return n > before;
}

int leat_procs(int n)
{
    bool follow = n == LEAT_PROCS_DEFAULT, more = false;

    m_self();
    if (follow)
        n = procs_default();
    if (n > LEAT__MAX_PROCS)
        n = LEAT__MAX_PROCS;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    int before = sched.procs;
    if (n >= 1) {
        sched.follows = follow;
        more = change_procs(n);
    }
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (more)
        wake_for_work();
    return before;
}

/* The mask that counts is sysmon's own, which nobody changes who means a goroutine's thread. */
void procs_follow(int64_t now)
{
    static int64_t last; /* atomic: of the last look; the start was one */
    bool more = false;

    if (load_relaxed(&last) == 0)
        store_relaxed(&last, now);
    if (now - load_relaxed(&last) < FOLLOW_NS || !load_relaxed(&sched.follows))
        return;
    store_relaxed(&last, now);
    int n = procs_default();
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    if (sched.follows)
        more = change_procs(n);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (more)
        wake_for_work();
}

void proc_compensate(struct p *p, bool burning)
{
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    sched.compensations++;
    if (burning)
        sched.burn_compensations++;
    store_relaxed(&sched.limit, sched.procs + sched.compensations);
    proc_update_attention();
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    fetch_or(&p->attention, P_STUCK);
    leat__event(LEAT__EV_COMPENSATE, (uint64_t)p->id, burning ? 2 : 1);
    wake_for_work();
}

/* The goroutine of a compensated proc is back at a scheduling point: one proc is too many. */
void proc_stuck_returned(struct p *p)
{
    if (!(fetch_and(&p->attention, ~(uint32_t)P_STUCK) & P_STUCK))
        return;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    sched.compensations--;
    if (sched.burn_compensations > sched.compensations)
        sched.burn_compensations = sched.compensations;
    store_relaxed(&sched.limit, sched.procs + sched.compensations);
    proc_update_attention();
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    leat__event(LEAT__EV_RETIRE, (uint64_t)p->id, 0);
}

int leat_num_cpu(void)
{
    m_self();
    return sched.cpus;
}
