/* SPDX-License-Identifier: MIT */
/*
 * bind.c - goroutines that stay on one thread: leat_pin, leat_lock_thread, goroutine 1.
 *
 * All three set g->home. A pinned goroutine shares its thread with others; a locked one has it
 * alone (m->locked), and ending while locked ends the thread, whose state it may have changed.
 * Goroutine 1 is bound to the main thread from birth, so pins and locks on it only count.
 *
 * GUESTS  What libleat-posix binds, it binds where it stands, in the midst of a call that code
 *   which knows nothing of goroutines has made: an address of a thread-local variable that this
 *   code has at hand must stay right. So leat__bind_here does not leave the main thread, as
 *   leat_pin does, and the main thread may have pinned goroutines beside goroutine 1. While it
 *   has, it is not kept for goroutine 1 alone (find.c, attend): they could run nowhere else.
 *   Where nothing of that kind is under way, leat__bind_spread moves the goroutine first.
 */
#include <pthread.h>

#include "base/fatal.h"
#include "os/os.h"
#include "sched/sched.h"

/* Goroutine 1 resumes on the main thread only, so nobody else may keep that thread. */
struct m *sched_leave_main_thread(struct m *m, struct g *g)
{
    if (!m->is_main || g->home || g->flags & G_MAIN)
        return m;
    g->flags |= G_NOT_MAIN_THREAD;
    m->evict = g;
    store_relaxed(&g->status, G_RUNNABLE);
    sched_enter_g0(m, g);
    g->flags &= (uint8_t)~G_NOT_MAIN_THREAD;
    return tls_m();
}

static void rebind(struct m *m, struct g *g)
{
    bool bound = g->pins > 0 || g->locks > 0 || (g->flags & G_MAIN && m->is_main && g->home);

    g->home = bound ? m : NULL;
}

static void pin_to(struct m *m, struct g *g)
{
    if (g->pins++ == 0)
        fetch_add(&m->pinned, 1);
    g->home = m;
}

static void unpin_from(struct m *m, struct g *g)
{
    if (--g->pins == 0)
        fetch_sub(&m->pinned, 1);
    rebind(m, g);
}

void leat_pin(void)
{
    struct m *m = m_self();

    struct g *g = m->cur;

    if (g->flags & G_FOREIGN)
        return;
    m = sched_leave_main_thread(m, g);
    pin_to(m, g);
}

void leat_unpin(void)
{
    struct m *m = m_self();
    struct g *g = m->cur;

    if (g->flags & G_FOREIGN)
        return;
    if (g->pins == 0)
        leat__panic("leat: unpin of a goroutine that is not pinned");
    unpin_from(m, g);
}

void leat_lock_thread(void)
{
    struct m *m = m_self();
    struct g *g = m->cur;

    if (g->flags & G_FOREIGN)
        return;
    if (g->locks++ == 0) {
        m = sched_leave_main_thread(m, g);
        g->flags |= G_LOCKED;
        g->home = m;
        m->locked = g;
    }
}

void leat_unlock_thread(void)
{
    struct m *m = m_self();
    struct g *g = m->cur;

    if (g->flags & G_FOREIGN || g->locks == 0)
        return; /* as Go: more unlocks than locks do nothing */
    if (--g->locks == 0) {
        g->flags &= (uint8_t)~G_LOCKED;
        m->locked = NULL;
        rebind(m, g);
    }
}

/* ---- libleat-posix ---- */

bool thread_has_guests(const struct m *m)
{
    return load_relaxed(&m->pinned) >
           (sched.main_g && sched.main_g->home == m && sched.main_g->pins > 0);
}

int leat__whereabouts(void)
{
    const struct m *m = tls_m();

    if (!m || !m->cur || m->cur->flags & G_FOREIGN || load_relaxed(&sched.frozen))
        return LEAT__NO_GOROUTINE;
    return m->cur->pins > 0 || m->cur->locks > 0 ? LEAT__BOUND : LEAT__MAY_MOVE;
}

void leat__bind_here(void)
{
    struct m *m = tls_m();
    struct g *g = m->cur;

    if (g->flags & G_BOUND)
        return;
    g->flags |= G_BOUND;
    pin_to(m, g);
}

bool leat__unbind(void)
{
    struct m *m = tls_m();
    struct g *g = m->cur;

    if (!(g->flags & G_BOUND))
        return false;
    g->flags &= (uint8_t)~G_BOUND;
    unpin_from(m, g);
    return true;
}

/* Lock held. A thread of ours that runs goroutines, or will as soon as one is ready; one inside a
 * call that was announced is neither. */
static bool may_host(const struct m *m)
{
    bool there = load_relaxed(&m->p) || m->idle_listed || m->waits_for_proc;

    return there && !m->foreign && !m->exited && !load_relaxed(&m->locked) &&
           !load_relaxed(&m->ending);
}

/* Counted at once: from then on the thread does not end. */
static struct m *pin_to_emptiest(struct m *own, struct g *g)
{
    struct m *best = own;

    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    for (struct m *m = sched.threads; m; m = m->all_next)
        if (may_host(m) && load_relaxed(&m->pinned) < load_relaxed(&best->pinned))
            best = m;
    pin_to(best, g);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    return best;
}

void leat__bind_spread(void)
{
    struct m *m = m_self();
    struct g *g = m->cur;

    if (g->flags & (G_FOREIGN | G_BOUND))
        return;
    g->flags |= G_BOUND;
    if (g->home)
        pin_to(m, g);
    else if (pin_to_emptiest(m, g) != m)
        sched_requeue(m, g);
}

/* ---- the end of a locked goroutine ---- */

static void end_thread(struct m *m)
{
    struct g *next = m->pending; /* one of ours, picked when the locked one left */

    m->locked = NULL;
    m->pending = NULL;
    if (next)
        wake_home(m, next);
    proc_hand_off(m);
    /* The main thread cannot end before the process, nor may one that others are pinned to. */
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    if (m->is_main || load_relaxed(&m->pinned) > 0) {
        spin_unlock(&sched.lock, LEAT__RANK_SCHED);
        sched_loop(m);
    }
    sched.nthreads--;
    m->exited = true;
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (load_seq(&sched.running) == 0)
        wake_for_work(); /* somebody must keep the time, and see a deadlock */
    thread_forget();
    pthread_exit(NULL);
}

/* On the goroutine's stack. The goroutine is released by the thread's own context. */
void thread_exit_locked(struct m *m)
{
    struct g *g = m->cur;

    g->locks = 0;
    g->home = NULL;
    g->flags = 0;
    m->ending = true;
}

/* From the scheduler loop. */
void thread_end_if_asked(struct m *m)
{
    if (!m->ending)
        return;
    m->ending = false;
    end_thread(m);
}
