/* SPDX-License-Identifier: MIT */
/*
 * find.c - what runs next: the local pick, and stealing.
 *
 * The local pick is the hot path of every park and yield; everything rare (too many procs,
 * sources due, home goroutines) is behind words that are normally zero. Stealing visits the
 * procs from a random start, takes half a ring, else the oldest fork; timers of procs that do
 * not look at them and `next` slots come last, and a `next` slot only when its owner's tick has
 * stood still while we watched: its owner would have run it sooner than we can.
 */
#include <stddef.h>

#include "os/clock.h"
#include "os/os.h"
#include "sched/sched.h"
#include "sched/source.h"

enum {
    SPIN_ROUNDS = 30,  /* looks at all queues before a thread gives up */
    SPIN_PAUSES = 100, /* between two looks */
    GLOBAL_BATCH = LEAT__RUNQ_SIZE / 2,
};

/* ---- home goroutines ---- */

static struct g *home_get(struct m *m)
{
    spin_lock(&m->home_lock, LEAT__RANK_HOME);
    struct g *g = m->home_head;
    if (g) {
        m->home_head = g->next;
        if (!m->home_head)
            m->home_tail = NULL;
        store_relaxed(&m->home_len, m->home_len - 1);
    }
    spin_unlock(&m->home_lock, LEAT__RANK_HOME);
    return g;
}

struct g *home_take_main(struct m *m)
{
    struct g *found = NULL, *last = NULL;

    spin_lock(&m->home_lock, LEAT__RANK_HOME);
    for (struct g **at = &m->home_head; *at; at = &(*at)->next) {
        if (!found && (*at)->flags & G_MAIN && !((*at)->flags & G_LOCKED) && !(*at)->pins) {
            found = *at;
            *at = found->next;
            store_relaxed(&m->home_len, m->home_len - 1);
            if (!*at)
                break;
        }
        last = *at;
    }
    m->home_tail = last;
    spin_unlock(&m->home_lock, LEAT__RANK_HOME);
    return found;
}

/* May this thread run g? If not, g is sent where it belongs. */
static inline bool accept(struct m *m, struct g *g)
{
    if (likely(!g->home && !(g->flags & G_NOT_MAIN_THREAD)))
        return true;
    if (g->home && g->home != m) {
        wake_home(g->home, g);
        return false;
    }
    if (unlikely((g->flags & G_NOT_MAIN_THREAD) && m->is_main && !g->home)) {
        m->evict = g;
        return false;
    }
    return true;
}

/* ---- sources ---- */

static bool run_due(struct p *p)
{
    int64_t due = load_relaxed(&p->next_due);

    if (due == INT64_MAX)
        return false;
    int64_t now = sched_now();
    if (now < due)
        return false;
    leat__timer_source->run(p, now);
    return true;
}

/* A proc that was taken back keeps its timers, and thieves, who look there too, come by only
 * while somebody is idle. */
static void run_due_of_idle(void)
{
    int n = load_acquire(&sched.nprocs);

    for (int i = 0; i < n; i++)
        if (!load_relaxed(&sched.all[i]->m))
            run_due(sched.all[i]);
}

/* ---- the local pick ---- */

LEAT__COLD static void attend(struct p *p)
{
    if (load_relaxed(&p->attention) & P_STUCK) {
        proc_stuck_returned(p);
        if (p->m == sched.main_m && load_relaxed(&sched.main_exclusive) && sched.main_g->home)
            p->m->locked = sched.main_g;
    }
    if (fetch_and(&p->attention, ~(uint32_t)P_DUE) & P_DUE) {
        run_due(p);
        run_due_of_idle();
    }
    if (fetch_and(&p->attention, ~(uint32_t)P_SHARE) & P_SHARE)
        queue_share(p);
}

static inline struct g *take_next(struct p *p)
{
    return load_relaxed(&p->next) ? exchange(&p->next, NULL) : NULL;
}

static inline struct g *pick(struct p *p)
{
    struct g *g;

    if (unlikely(p->tick % LEAT__GLOBAL_TICK == 0) && (g = global_get(p, 1)))
        return g;
    if (likely(p->next_budget > 0)) {
        if ((g = take_next(p)) || (g = forkq_pop(&p->forkq))) {
            p->next_budget--;
            return g;
        }
    }
    p->next_budget = LEAT__NEXT_BUDGET;
    if ((g = runq_get(&p->runq)))
        return g;
    if ((g = take_next(p)) || (g = forkq_pop(&p->forkq)))
        return g;
    return global_get(p, GLOBAL_BATCH);
}

struct g *find_local(struct m *m, struct p *p)
{
    store_relaxed(&p->tick, p->tick + 1);
    if (unlikely(load_relaxed(&p->attention) & (P_STUCK | P_DUE | P_SHARE)))
        attend(p);
    if (unlikely(load_relaxed(&m->home_len))) {
        struct g *g = home_get(m);
        if (g)
            return g;
    }
    if (unlikely(m->locked || load_relaxed(&sched.attention)))
        return NULL;
    if (unlikely(p->tick % LEAT__TIMER_TICK == 0))
        run_due(p);
    for (;;) {
        struct g *g = pick(p);
        if (!g && run_due(p))
            continue;
        if (!g || likely(accept(m, g)))
            return g;
        if (m->evict)
            return NULL;
    }
}

/* ---- stealing ---- */

/* What a thief saw of a proc's `next` slot when it last came by. */
struct watched {
    struct g *next;
    uint32_t tick;
};

static struct g *steal_queued(struct m *m, struct p *victim)
{
    struct g *g = NULL;
    uint32_t n = 0;

    if (runq_len(&victim->runq) > 0)
        n = runq_steal(&victim->runq, &m->p->runq, &g);
    if (n == 0 && !forkq_empty(&victim->forkq) && (g = forkq_steal(&victim->forkq)))
        n = 1;
    if (n > 0) {
        store_relaxed(&victim->quiet_until, 0);
        leat__event(LEAT__EV_STEAL, n, (uint64_t)victim->id);
    }
    return g;
}

static struct g *steal_next(struct p *victim, struct watched *seen)
{
    struct g *g = load_acquire(&victim->next);
    uint32_t tick = load_relaxed(&victim->tick);

    if (!g)
        return NULL;
    if (seen->next != g || seen->tick != tick) {
        seen->next = g;
        seen->tick = tick;
        return NULL;
    }
    if (!cas(&victim->next, &g, NULL))
        return NULL;
    store_relaxed(&victim->quiet_until, 0);
    leat__event(LEAT__EV_STEAL, 1, (uint64_t)victim->id);
    return g;
}

/* One look at every proc; `seen` has an entry for each of the first `nseen` procs. */
static struct g *steal_once(struct m *m, struct watched *seen, int nseen)
{
    int n = load_acquire(&sched.nprocs);
    int start = (int)sched_choose(m, (uint32_t)n);

    for (int k = 0; k < n; k++) {
        struct p *victim = sched.all[(start + k) % n];
        if (victim == m->p)
            continue;
        struct g *g = steal_queued(m, victim);
        if (g)
            return g;
    }
    for (int k = 0; k < n; k++) {
        struct p *victim = sched.all[(start + k) % n];
        if (victim == m->p)
            continue;
        if (load_relaxed(&victim->next_due) != INT64_MAX && run_due(victim)) {
            struct g *g = pick(m->p);
            if (g)
                return g;
        }
        if (seen && victim->id < nseen) {
            struct g *g = steal_next(victim, &seen[victim->id]);
            if (g)
                return g;
        }
    }
    return NULL;
}

enum { WATCHED_MAX = 64 };

/* Look everywhere, spinning a while if few others do. NULL: the thread may sleep. */
struct g *find_stealing(struct m *m)
{
    struct watched seen[WATCHED_MAX];
    struct g *g;

    for (int i = 0; i < WATCHED_MAX; i++)
        seen[i].next = NULL;
    if (!m->spinning) {
        if (2 * load_relaxed(&sched.spinning) >= load_relaxed(&sched.running))
            return NULL;
        m->spinning = true;
        fetch_add(&sched.spinning, 1);
    }
    for (int round = 0; round < SPIN_ROUNDS; round++) {
        if (load_relaxed(&sched.attention) || load_relaxed(&m->home_len))
            return NULL;
        g = global_get(m->p, GLOBAL_BATCH);
        if (!g)
            g = steal_once(m, seen, WATCHED_MAX);
        if (!g)
            g = pick(m->p); /* what a source of ours made ready */
        if (g && accept(m, g))
            return g;
        if (m->evict)
            return NULL;
        for (int i = 0; i < SPIN_PAUSES && !g; i++)
            cpu_relax();
        run_due(m->p);
    }
    return NULL;
}

/* The last look of a thread on its way to sleep. */
bool find_anything(void)
{
    int n = load_acquire(&sched.nprocs);

    if (load_seq(&sched.nglobal) > 0)
        return true;
    for (int i = 0; i < n; i++) {
        struct p *p = sched.all[i];
        if (runq_len(&p->runq) > 0 || !forkq_empty(&p->forkq))
            return true;
    }
    return false;
}
