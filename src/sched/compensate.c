/* SPDX-License-Identifier: MIT */
/*
 * compensate.c - how many procs may be held: the user's number, and one more for each stuck one.
 */
#include "base/env.h"
#include "os/os.h"
#include "sched/sched.h"

int leat_procs(int n)
{
    m_self();
    if (n > LEAT__MAX_PROCS)
        n = LEAT__MAX_PROCS;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    int before = sched.procs;
    if (n >= 1 && n != before) {
        sched.procs = n;
        store_relaxed(&sched.limit, n + sched.compensations);
        proc_update_attention();
    }
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (n > before)
        wake_for_work();
    return before;
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
    static int count;

    if (count == 0)
        count = os_cpu_count();
    return count;
}
