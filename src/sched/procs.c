/* SPDX-License-Identifier: MIT */
/*
 * procs.c - who holds a proc: waking threads, putting them to sleep, too many and too few.
 *
 * All hand-overs happen under sched.lock; the words that the hot paths read (running, limit,
 * attention) are changed only there. A thread without a proc is on exactly one of: the idle
 * list, the list of proc waiters (it has home goroutines and needs a proc), locked_wait, or
 * inside leat_blocking.
 */
#include "base/env.h"
#include "base/fatal.h"
#include "os/clock.h"
#include "os/mem.h"
#include "os/os.h"
#include "sched/hostile.h"
#include "sched/sched.h"
#include "sched/source.h"

/* ---- attention ---- */

void proc_update_attention(void)
{
    bool wanted = sched.running > sched.limit || sched.proc_waiters || sched.frozen;

    store_relaxed(&sched.attention, wanted);
}

/* ---- procs ---- */

struct p *proc_new(void)
{
    struct p *p = leat__need(leat__alloc_aligned(sizeof(*p), 64), "a proc");

    if (sched.nprocs == (int)array_len(sched.all))
        leat__throw("too many procs");
    p->id = sched.nprocs;
    p->next_due = INT64_MAX;
    p->next_budget = LEAT__NEXT_BUDGET;
    p->random = (uint64_t)os_now() + (uint64_t)p->id + 1;
    leat__timer_source->proc_init(p);
    sched.all[p->id] = p;
    store_release(&sched.nprocs, sched.nprocs + 1);
    return p;
}

/* Lock held. A proc for a thread that may run, or NULL. */
static struct p *proc_take(void)
{
    if (sched.running >= sched.limit)
        return NULL;
    struct p *p = sched.idle_procs;
    if (p)
        sched.idle_procs = p->link;
    else
        p = proc_new();
    store_relaxed(&sched.running, sched.running + 1);
    return p;
}

/* Lock held. */
static void proc_give(struct p *p)
{
    p->m = NULL;
    p->link = sched.idle_procs;
    sched.idle_procs = p;
    store_relaxed(&sched.running, sched.running - 1);
    proc_update_attention();
}

void procs_each_idle(void (*visit)(const struct p *p, void *arg), void *arg)
{
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    for (const struct p *p = sched.idle_procs; p; p = p->link)
        visit(p, arg);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
}

static void proc_assign(struct m *m, struct p *p)
{
    m->p = p;
    p->m = m;
    p->quiet_until = 0;
}

/* What a proc holds besides timers goes where everybody finds it. */
static void proc_empty(struct p *p)
{
    struct g *g;

    while ((g = exchange(&p->next, NULL)) || (g = forkq_pop(&p->forkq)) ||
           (g = runq_get(&p->runq)))
        global_put(g);
}

bool proc_try_acquire(struct m *m)
{
    if (load_relaxed(&sched.running) >= load_relaxed(&sched.limit))
        return false;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    struct p *p = proc_take();
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (p)
        proc_assign(m, p);
    return p != NULL;
}

/* ---- the idle list ---- */

/* Lock held. */
static void idle_add(struct m *m)
{
    m->idle_prev = NULL;
    m->idle_next = sched.idle_threads;
    if (m->idle_next)
        m->idle_next->idle_prev = m;
    sched.idle_threads = m;
    m->idle_listed = true;
}

/* Lock held. */
static void idle_remove(struct m *m)
{
    if (m->idle_prev)
        m->idle_prev->idle_next = m->idle_next;
    else
        sched.idle_threads = m->idle_next;
    if (m->idle_next)
        m->idle_next->idle_prev = m->idle_prev;
    m->idle_listed = false;
}

/* Lock held. */
static void waiter_add(struct m *m)
{
    m->idle_next = NULL;
    m->waits_for_proc = true;
    if (sched.proc_waiters)
        sched.proc_waiters_tail->idle_next = m;
    else
        sched.proc_waiters = m;
    sched.proc_waiters_tail = m;
    proc_update_attention();
}

/* Lock held. */
static struct m *waiter_take(void)
{
    struct m *m = sched.proc_waiters;

    if (m) {
        sched.proc_waiters = m->idle_next;
        m->waits_for_proc = false;
        proc_update_attention();
    }
    return m;
}

/* Lock held: the proc of a thread that stops; a proc waiter gets it at once. */
static struct m *proc_pass_on(struct p *p)
{
    struct m *heir = NULL;

    if (sched.running <= sched.limit)
        heir = waiter_take();
    if (heir)
        proc_assign(heir, p);
    else
        proc_give(p);
    return heir;
}

static void thread_wake(struct m *m)
{
    hostile_window();
    store_release(&m->wake, 1);
    os_futex_wake(&m->wake, 1);
    polling_wake(m);
}

/* ---- waking ---- */

/* Give p to an idle thread, or to a new one; `spinning` is inherited and counted already. */
void thread_request(struct p *p, bool spinning, struct g *g)
{
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    struct m *m = sched.idle_threads;
    while (m && g && g->flags & G_NOT_MAIN_THREAD && m->is_main)
        m = m->idle_next;
    if (m)
        idle_remove(m);
    bool fresh = !m;
    if (fresh) {
        if (sched.nthreads >= leat__env.max_threads) {
            spin_unlock(&sched.lock, LEAT__RANK_SCHED);
            leat__claim_death();
            leat__print("runtime: program exceeds %d-thread limit\n", leat__env.max_threads);
            leat__throw_claimed("thread exhaustion");
        }
        m = thread_record(false);
        sched.nthreads++;
        m->link = sched.start_requests;
        sched.start_requests = m;
    }
    m->spinning = spinning;
    m->start_g = g;
    proc_assign(m, p);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (fresh)
        monitor_kick();
    else
        thread_wake(m);
}

/* The thread of a request could not be made: its proc and its goroutine find others. */
void thread_give_up(struct m *m)
{
    struct p *p = m->p;
    struct g *g = m->start_g;

    m->p = NULL;
    m->start_g = NULL;
    if (m->spinning)
        fetch_sub(&sched.spinning, 1);
    m->spinning = false;
    proc_empty(p);
    if (g)
        global_put(g);
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    sched.nthreads--;
    m->link = sched.free_workers;
    sched.free_workers = m;
    bool alone = sched.nthreads == 0;
    struct m *heir = proc_pass_on(p);
    struct m *idle = heir ? NULL : sched.idle_threads;
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (alone)
        leat__throw("cannot create any thread; raise RLIMIT_NPROC, TasksMax or pids.max");
    if (heir)
        thread_wake(heir);
    else if (idle || find_anything())
        wake_for_work();
}

LEAT__COLD void wake_one(void)
{
    int none = 0;

    if (!cas(&sched.spinning, &none, 1))
        return;
    hostile_window();
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    struct p *p = sched.frozen ? NULL : proc_take();
    if (!p) /* under the lock: once a proc is given back, nobody may count on us */
        fetch_sub(&sched.spinning, 1);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (!p)
        return;
    if (unlikely(load_relaxed(&sched.monitor_deep)))
        monitor_kick();
    thread_request(p, true, NULL);
}

void wake_slow(void)
{
    if (load_relaxed(&sched.running) >= load_relaxed(&sched.limit)) {
        if (unlikely(load_relaxed(&sched.monitor_deep)))
            monitor_kick(); /* every proc is held, perhaps by C code that never comes back */
        return;
    }
    if (load_relaxed(&sched.spinning) == 0)
        wake_one();
}

/* A searcher has found work and no longer counts as one. Who submitted while it did woke nobody;
 * who submits from now on sees that it has gone. */
void wake_successor(void)
{
    fence_seq();
    if (unlikely(load_relaxed(&sched.monitor_deep)))
        monitor_kick();
    if (load_relaxed(&sched.running) >= load_relaxed(&sched.limit) ||
        load_relaxed(&sched.spinning) > 0)
        return;
    if (find_anything() || find_next())
        wake_one();
    else
        find_overdue();
}

/* g may run on `home` only: queue it there and see that the thread gets a proc. */
void wake_home(struct m *home, struct g *g)
{
    spin_lock(&home->home_lock, LEAT__RANK_HOME);
    g->next = NULL;
    if (home->home_tail)
        home->home_tail->next = g;
    else
        home->home_head = g;
    home->home_tail = g;
    store_seq(&home->home_len, home->home_len + 1);
    spin_unlock(&home->home_lock, LEAT__RANK_HOME);
    hostile_window();

    struct p *p = NULL;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    bool asleep = home->idle_listed || home->locked_wait;
    if (asleep) {
        if (home->idle_listed)
            idle_remove(home);
        home->locked_wait = false;
        p = proc_take();
        if (p)
            proc_assign(home, p);
        else
            waiter_add(home);
    }
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (p)
        thread_wake(home);
    if (unlikely(load_relaxed(&sched.monitor_deep)))
        monitor_kick();
}

/* ---- sleeping ---- */

/* No more a spinning thread; but still counted as one, if it was. */
static bool leave_spinners(struct m *m)
{
    bool spinning = m->spinning;

    m->spinning = false;
    return spinning;
}

static void uncount_spinner(bool was_one)
{
    if (was_one)
        fetch_sub(&sched.spinning, 1);
}

/* Lock held: the idle proc whose timers are due first is the next to be taken. */
static void bring_due_first(void)
{
    struct p **best = &sched.idle_procs;

    for (struct p **at = best; *at; at = &(*at)->link)
        if (load_relaxed(&(*at)->next_due) < load_relaxed(&(*best)->next_due))
            best = at;
    struct p *p = *best;
    if (p) {
        *best = p->link;
        p->link = sched.idle_procs;
        sched.idle_procs = p;
    }
}

/* Still on the idle list and a proc is free: take it and be spinning. */
bool proc_claim(struct m *m)
{
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    bring_due_first();
    struct p *p = m->idle_listed ? proc_take() : NULL;
    if (p)
        idle_remove(m);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (!p)
        return false;
    proc_assign(m, p);
    m->spinning = true;
    fetch_add(&sched.spinning, 1);
    return true;
}

/* Somebody gives this thread a proc, and wakes it. */
void await_proc(struct m *m)
{
    while (!load_acquire(&m->wake))
        os_futex_wait(&m->wake, 0, INT64_MAX);
    store_relaxed(&m->wake, 0);
}

bool idle_leave(struct m *m)
{
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    bool listed = m->idle_listed;
    if (listed)
        idle_remove(m);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    return listed;
}

bool idle_enter(struct m *m)
{
    struct p *p = NULL;

    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    bool needs = load_seq(&m->home_len) > 0;
    if (needs && !(p = proc_take()))
        waiter_add(m);
    else if (!needs)
        idle_add(m);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (p)
        proc_assign(m, p);
    else if (needs)
        await_proc(m);
    return needs;
}

void proc_release_and_wait(struct m *m)
{
    struct p *p = m->p;

    if (runq_len(&p->runq) > 0 || load_relaxed(&p->next) || !forkq_empty(&p->forkq))
        proc_empty(p);
    stack_flush(&p->stacks);
    m->p = NULL;
    bool spun = leave_spinners(m); /* whoever finds us on a list may make us one again */
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    /* Read once: whoever comes after that finds us on the list, or waits for the lock. */
    bool needs = load_seq(&m->home_len) > 0;
    if (needs && sched.running <= sched.limit && !sched.proc_waiters) {
        /* Bound work is here, and nobody waits; it cannot wake us, who are on no list. */
        m->p = p;
        spin_unlock(&sched.lock, LEAT__RANK_SCHED);
        uncount_spinner(spun);
        return;
    }
    struct m *heir = proc_pass_on(p);
    if (needs)
        waiter_add(m);
    else
        idle_add(m);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    hostile_window();
    uncount_spinner(spun); /* only now: see WAKE-UPS in sched.c */
    if (heir)
        thread_wake(heir);
    if (needs) {
        await_proc(m);
    } else {
        idle_sleep(m);
    }
}

/* Give the proc to whoever can use it; this thread goes on without one. */
void proc_hand_off(struct m *m)
{
    struct p *p = m->p;

    m->p = NULL;
    uncount_spinner(leave_spinners(m));
    bool work = runq_len(&p->runq) > 0 || load_relaxed(&p->next) || !forkq_empty(&p->forkq) ||
                load_relaxed(&sched.nglobal) > 0;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    if (work && sched.running <= sched.limit && !sched.proc_waiters && !sched.frozen) {
        spin_unlock(&sched.lock, LEAT__RANK_SCHED);
        thread_request(p, false, NULL);
        return;
    }
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    proc_empty(p);
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    struct m *heir = proc_pass_on(p);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (heir)
        thread_wake(heir);
    if (find_anything() || earliest_due(true) != INT64_MAX || polling_neglected())
        wake_for_work();
}

/* Return with a proc, given because a home goroutine is ready, or other work if unlocked. */
void proc_wait(struct m *m)
{
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    struct p *p = NULL;
    if (load_seq(&m->home_len) > 0) {
        p = proc_take();
        if (!p)
            waiter_add(m);
    } else if (m->locked) {
        m->locked_wait = true;
    } else {
        idle_add(m);
    }
    bool idle = m->idle_listed;
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (p) {
        proc_assign(m, p);
        return;
    }
    if (idle) {
        idle_sleep(m);
        return;
    }
    for (;;) {
        bool last = load_seq(&sched.running) == 0;
        int64_t due = last ? earliest_due(true) : INT64_MAX;
        if (load_acquire(&m->wake))
            break;
        if (last && due == INT64_MAX)
            due = deadlock_check();
        if (due_now(due)) {
            wake_one(); /* a locked thread runs no sources; somebody else must */
            due = INT64_MAX;
        }
        os_futex_wait(&m->wake, 0, due);
    }
    store_relaxed(&m->wake, 0);
}

/* ---- due times ---- */

struct p *sched_proc_of(struct m *m)
{
    return m->p ? m->p : sched.all[0];
}

void sched_due_changed(struct p *p)
{
    struct m *m = tls_m();
    bool looks = m->p && p == m->p; /* itself, and sysmon backs it up */

    fence_seq();
    if (unlikely(load_relaxed(&sched.monitor_deep)))
        monitor_kick();
    if (looks && load_relaxed(&sched.running) >= load_relaxed(&sched.limit))
        return;
    if (!m->p)
        wake_for_work(); /* the sleepers must learn of it: one looks and sleeps anew */
}
