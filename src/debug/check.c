/* SPDX-License-Identifier: MIT */
/*
 * check.c - leat__check_all: every invariant that can be checked from outside, for tests and for
 * `call leat__check_all()` in gdb. Returns what is broken, NULL when nothing is.
 */
#include "base/check.h"
#include "park/lot.h"
#include "sched/sched.h"
#include "sched/source.h"

static const char *sched_check(void)
{
    const char *bad = NULL;
    int held = 0;

    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    int n = load_acquire(&sched.nprocs);
    int idle = 0;
    for (struct p *p = sched.idle_procs; p; p = p->link) {
        idle++;
        if (runq_len(&p->runq) > 0 || load_relaxed(&p->next) || !forkq_empty(&p->forkq))
            bad = "S5: an idle proc has goroutines";
    }
    held = n - idle;
    if (held != sched.running)
        bad = "S3: the procs held are miscounted";
    if (sched.limit != sched.procs + sched.compensations)
        bad = "S3: limit is not procs plus compensations";
    int global = 0;
    for (const struct g *g = sched.global_head; g; g = g->next)
        global += g->flags & G_CARRIER ? (int)(g->u.batch.n - g->u.batch.taken) : 1;
    if (global != sched.nglobal)
        bad = "S1: the global queue is miscounted";
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (load_relaxed(&sched.spinning) < 0)
        bad = "S4: spinning threads are miscounted";
    return bad;
}

const char *leat__check_all(void)
{
    const char *bad = sched_check();
    int n = load_acquire(&sched.nprocs);

    for (int i = 0; i < n && !bad; i++)
        bad = leat__timer_source->check(sched.all[i]);
    if (!bad)
        bad = stack_check();
    if (!bad)
        bad = g_check();
    if (!bad)
        bad = lot_check();
    return bad;
}
