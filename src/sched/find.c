/* SPDX-License-Identifier: MIT */
/*
 * find.c - what runs next: the local pick, and stealing.
 *
 * The local pick is the hot path of every park and yield; everything rare (too many procs,
 * sources due, home goroutines) is behind words that are normally zero. Stealing visits the
 * procs from a random start, takes half a ring, else the oldest fork; timers of procs that do
 * not look at them and `next` slots come last, and a `next` slot only when its owner's tick has
 * stood still while we watched: its owner would have run it sooner than we can.
 *
 * WHAT IS DUE  Timers fire one by one, and what one makes ready runs at once, from `next`. While
 *   more are overdue (P_DUE) every second pick is one of them. So the heap is the queue of
 *   overdue sleepers, in the order of their times. Fired all together they would overflow the
 *   ring into the global queue, behind every goroutine that waits there to be started: they ran
 *   300 ms late while 100 000 were being spawned.
 *   Nobody is woken for the one, because the thread that fires it runs it. Where more is due a
 *   helper is woken; but if the proc's tick has moved when the helper gets there, the proc is
 *   quick enough alone, and the next one is woken a coarse clock tick later at the earliest.
 *
 * SEARCH  Looking longer than a sleep and a wake-up cost is waste, and looking at all is, where
 *   nobody is going to make work. A thread cannot know, so it learns: a search in vain halves the
 *   rounds of its next one; a wait that a longer search would have bridged makes them full again.
 *   It does know that nobody makes work while no other proc is held: then it looks once. And news
 *   of descriptors reach who sleeps in the poller sooner than who searches: such waits teach
 *   nothing.
 */
#include <stddef.h>

#include "os/clock.h"
#include "os/os.h"
#include "sched/sched.h"
#include "sched/source.h"

enum {
    SPIN_PAUSES = 100, /* between two looks at all queues */
    GLOBAL_BATCH = LEAT__RUNQ_SIZE / 2,
    NEGLECT_NS = 10000000, /* overdue so long, what is due of a proc is everybody's */
};

/* ---- home goroutines ---- */

enum { HOME_TURNS = 64 };

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

/* Others wait for a proc, perhaps for bound work of theirs: after so many of ours it is their turn.
 * The count begins anew, so whoever gets the proc, this thread too, runs something first. */
static bool home_gives_way(struct m *m)
{
    if (likely(!load_relaxed(&sched.attention)) || ++m->home_turns < HOME_TURNS)
        return false;
    m->home_turns = 0;
    return true;
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

/* More of p is due than the thread that found out runs next. */
LEAT__COLD static void get_help(struct p *p)
{
    if (load_relaxed(&sched.running) >= load_relaxed(&sched.limit) ||
        load_relaxed(&sched.spinning))
        return;
    int64_t now = os_now_coarse();
    if (now < load_relaxed(&p->unhelped_until))
        return;
    store_relaxed(&p->unhelped_until, now + 1);
    store_relaxed(&p->help_tick, load_relaxed(&p->tick));
    wake_one();
}

static inline struct g *take_next(struct p *p)
{
    return load_relaxed(&p->next) ? exchange(&p->next, NULL) : NULL;
}

/* The thread that holds `self` fires what of p is due first. What that makes ready it runs itself:
 * *g, unless it is bound to another thread. Whoever stands in `next` stays there. */
static bool fire_due(struct p *self, struct p *p, int64_t now, struct g **g)
{
    struct g *old = take_next(self);
    int64_t quiet = load_relaxed(&self->quiet_until);

    store_relaxed(&self->quiet_until, INT64_MAX);
    bool fired = leat__timer_source->run(p, now);
    store_relaxed(&self->quiet_until, quiet);
    *g = take_next(self);
    if (unlikely(old))
        store_release(&self->next, old);
    if (load_relaxed(&p->next_due) <= now) {
        if (!(load_relaxed(&p->attention) & P_DUE))
            fetch_or(&p->attention, P_DUE);
        get_help(p);
    }
    return fired;
}

static inline bool is_due(struct p *self, const struct p *p)
{
    int64_t due = load_relaxed(&p->next_due);

    if (due == INT64_MAX)
        return false;
    self->looked = sched_now();
    return due <= self->looked;
}

static bool run_due(struct p *self, struct p *p, struct g **g)
{
    return is_due(self, p) && fire_due(self, p, self->looked, g);
}

/* A proc that was taken back keeps its timers, and so does one whose goroutine comes to no
 * scheduling point. Thieves, who look there too, come by only while somebody is idle. */
bool find_neglected(const struct p *p, int64_t now)
{
    return load_relaxed(&p->next_due) <= now - (load_relaxed(&p->m) ? NEGLECT_NS : 0);
}

static struct p *neglected_proc(struct p *self)
{
    int n = load_acquire(&sched.nprocs);

    self->looked = sched_now();
    for (int i = 0; i < n; i++)
        if (find_neglected(sched.all[i], self->looked))
            return sched.all[i];
    return NULL;
}

/* ---- the local pick ---- */

/* The turn of what is overdue: as of the last look at the clock, then by a new one. */
static struct g *serve_due(struct p *p)
{
    struct p *owner = p;
    struct g *g = NULL;

    if (load_relaxed(&p->next_due) > p->looked && !is_due(p, p)) {
        owner = neglected_proc(p);
        if (!owner) {
            fetch_and(&p->attention, ~(uint32_t)P_DUE);
            return NULL;
        }
    }
    if (p->tick % 2)
        fire_due(p, owner, p->looked, &g);
    return g;
}

LEAT__COLD static void attend(struct p *p)
{
    if (load_relaxed(&p->attention) & P_STUCK) {
        proc_stuck_returned(p);
        if (p->m == sched.main_m && load_relaxed(&sched.main_exclusive) && sched.main_g->home &&
            !thread_has_guests(p->m))
            p->m->locked = sched.main_g;
    }
    if (fetch_and(&p->attention, ~(uint32_t)P_SHARE) & P_SHARE)
        queue_share(p);
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
    struct g *g = NULL;

    store_relaxed(&p->tick, p->tick + 1);
    if (unlikely(load_relaxed(&p->attention) & (P_STUCK | P_SHARE)))
        attend(p);
    if (unlikely(load_relaxed(&m->home_len)) && !home_gives_way(m) && (g = home_get(m)))
        return g;
    if (unlikely(m->locked || load_relaxed(&sched.attention)))
        return NULL;
    if (unlikely(p->tick % LEAT__TIMER_TICK == 0) && is_due(p, p))
        fetch_or(&p->attention, P_DUE);
    if (unlikely(load_relaxed(&p->attention) & P_DUE))
        g = serve_due(p);
    for (;; g = NULL) {
        if (likely(!g))
            g = pick(p);
        if (!g && run_due(p, p, &g) && !g)
            continue;
        if (!g || likely(accept(m, g)))
            return g;
        if (m->evict)
            return NULL;
    }
}

/* ---- stealing ---- */

enum { WATCHED_MAX = 64 };

/* What a thief saw of the procs' `next` slots when it last came by: of so many procs from `first`
 * on. Where there are more, the next search begins with another one. */
struct watch {
    int first;
    struct {
        struct g *next;
        uint32_t tick;
    } seen[WATCHED_MAX];
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

static struct g *steal_next(struct p *victim, struct watch *w)
{
    struct g *g = load_acquire(&victim->next);
    uint32_t tick = load_relaxed(&victim->tick);
    int n = load_relaxed(&sched.nprocs);
    int i = (victim->id - w->first + n) % n;

    if (!g || i >= WATCHED_MAX)
        return NULL;
    if (w->seen[i].next != g || w->seen[i].tick != tick) {
        w->seen[i].next = g;
        w->seen[i].tick = tick;
        return NULL;
    }
    if (!cas(&victim->next, &g, NULL))
        return NULL;
    store_relaxed(&victim->quiet_until, 0);
    leat__event(LEAT__EV_STEAL, 1, (uint64_t)victim->id);
    return g;
}

/* One look at every proc. */
static struct g *steal_once(struct m *m, struct watch *w, bool *due)
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
        struct g *g = NULL;
        if (run_due(m->p, victim, &g)) {
            if (load_relaxed(&victim->tick) == load_relaxed(&victim->help_tick))
                store_relaxed(&victim->unhelped_until, 0);
            *due = true;
            if (g || (g = pick(m->p)))
                return g;
        }
        g = steal_next(victim, w);
        if (g)
            return g;
    }
    return NULL;
}

static void begin_watch(struct m *m, struct watch *w)
{
    w->first = (int)sched_choose(m, (uint32_t)load_acquire(&sched.nprocs));
    for (int i = 0; i < WATCHED_MAX; i++)
        w->seen[i].next = NULL;
}

static void lose_patience(struct m *m)
{
    m->patience = m->patience / 2 > LEAT__PATIENCE_MIN ? m->patience / 2 : LEAT__PATIENCE_MIN;
}

/* Look everywhere, for a while if few others do. NULL: the thread may sleep. */
struct g *find_stealing(struct m *m)
{
    struct watch watch;
    bool due = false;
    struct g *g;

    if (!m->spinning) {
        if (2 * load_relaxed(&sched.spinning) >= load_relaxed(&sched.running))
            return NULL;
        m->spinning = true;
        fetch_add(&sched.spinning, 1);
    }
    begin_watch(m, &watch);
    int rounds = load_relaxed(&sched.running) > 1 ? m->patience : 1;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < SPIN_PAUSES && round > 0; i++)
            cpu_relax();
        if (load_relaxed(&sched.attention) || load_relaxed(&m->home_len))
            return NULL;
        g = global_get(m->p, GLOBAL_BATCH);
        if (!g)
            g = steal_once(m, &watch, &due);
        if (!g && run_due(m->p, m->p, &g)) {
            due = true;
            if (!g)
                g = pick(m->p);
        }
        if (due && round > 0)
            lose_patience(m);
        if (g && accept(m, g))
            return g;
        if (m->evict)
            return NULL;
    }
    if (rounds > 1)
        lose_patience(m);
    return NULL;
}

bool find_next(void)
{
    int n = load_acquire(&sched.nprocs);

    for (int i = 0; i < n; i++)
        if (load_relaxed(&sched.all[i]->next))
            return true;
    return false;
}

void find_overdue(void)
{
    int n = load_acquire(&sched.nprocs);

    for (int i = 0; i < n; i++)
        if (load_relaxed(&sched.all[i]->attention) & P_DUE)
            get_help(sched.all[i]);
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
