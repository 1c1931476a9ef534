/* SPDX-License-Identifier: MIT */
/*
 * bind.c - goroutines that stay on one thread: leat_pin, leat_lock_thread, goroutine 1.
 *
 * All three set g->home. A pinned goroutine shares its thread with others; a locked one has it
 * alone (m->locked), and ending while locked ends the thread, whose state it may have changed.
 * Goroutine 1 is bound to the main thread from birth, so pins and locks on it only count.
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

void leat_pin(void)
{
    struct m *m = m_self();

    struct g *g = m->cur;

    if (g->flags & G_FOREIGN)
        return;
    m = sched_leave_main_thread(m, g);
    if (g->pins++ == 0)
        m->pinned++;
    g->home = m;
}

void leat_unpin(void)
{
    struct m *m = m_self();
    struct g *g = m->cur;

    if (g->flags & G_FOREIGN)
        return;
    if (g->pins == 0)
        leat__panic("leat: unpin of a goroutine that is not pinned");
    if (--g->pins == 0)
        m->pinned--;
    rebind(m, g);
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
    if (m->is_main || m->pinned > 0)
        sched_loop(m);
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
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
