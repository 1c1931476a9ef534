/* SPDX-License-Identifier: MIT */
/*
 * blocking.c - leat_blocking: C calls that may block, announced.
 *
 * PROTOCOL  The goroutine gives its proc to another thread, runs the function on its thread's
 *   own 8 MiB stack (C libraries expect one), and asks for a proc again: if none is free it
 *   queues itself globally and the thread goes idle. While the function runs, the thread counts
 *   as foreign: leat calls made by it block the thread, not the goroutine.
 *   The main thread never runs such calls for others, because goroutine 1 resumes only there: a
 *   goroutine found on it moves to another thread first. Goroutine 1 itself is already on a
 *   large stack and is called directly.
 *   Calls that run one after another on a thread's stack are ordered for ThreadSanitizer, as Go
 *   orders all calls of C: else what one leaves on that stack would race with the next.
 *   At most LEAT__MAX_BLOCKING calls are under way at once; later ones wait their turn in order.
 */
#include <string.h>

#include "arch/sanitize.h"
#include "base/fatal.h"
#include "sched/sched.h"

void (*const leat__blocking_call)(void) = leat__blocking_stub;

void leat__blocking_begin(void (*fn)(void))
{
    if (!fn)
        leat__throw("leat: leat_blocking of a NULL function");
    m_self()->blocking_fn = fn;
}

/* ---- the limit ---- */

static void slot_take(struct g *g)
{
    if (__atomic_add_fetch(&sched.blocking, 1, __ATOMIC_SEQ_CST) <= LEAT__MAX_BLOCKING)
        return;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    if (load_seq(&sched.blocking) <= LEAT__MAX_BLOCKING) {
        spin_unlock(&sched.lock, LEAT__RANK_SCHED);
        return; /* somebody left between the two looks; his place is ours */
    }
    g->next = NULL;
    if (sched.blocking_tail)
        sched.blocking_tail->next = g;
    else
        sched.blocking_head = g;
    sched.blocking_tail = g;
    store_relaxed(&g->status, G_WAITING);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    sched_park(g, WAIT_BLOCKING_SLOT, NULL);
}

static void slot_give(void)
{
    struct g *g = NULL;

    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    __atomic_sub_fetch(&sched.blocking, 1, __ATOMIC_SEQ_CST);
    if (sched.blocking_head) {
        g = sched.blocking_head;
        sched.blocking_head = g->next;
        if (!sched.blocking_head)
            sched.blocking_tail = NULL;
    }
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    if (g)
        sched_ready(g);
}

/* ---- the call ---- */

/* One call, told to the code that runs it on the other stack. */
struct blocking_call {
    void (*fn)(void);
    const struct leat__args *args;
    struct leat__result *out;
    struct san_stack *from, *to;
    const struct stack *back;
};

/* Call fn on the stack we are on; the assembly needs a place that no frame here reaches. */
static void call_here(void (*fn)(void), const struct leat__args *args, struct leat__result *out)
{
    enum { BELOW_THIS_FRAME = 2048 };

    leat__call_on((char *)__builtin_frame_address(0) - BELOW_THIS_FRAME, fn, args, out);
}

static void on_thread_stack(struct blocking_call *c)
{
    if (san_switching())
        leat__san_arrive(c->to, NULL, NULL);
    call_here(c->fn, c->args, c->out);
    if (san_switching())
        leat__san_leave(c->to, NULL, c->back->lo, (size_t)(c->back->hi - c->back->lo), false);
}

static void call_on_thread(struct m *m, struct g *g, struct blocking_call *c)
{
    struct leat__args args = {.ints = {(uintptr_t)c}};
    struct leat__result ignored;
    const struct stack *own = m->g0.stack;

    c->from = &g->stack->san;
    c->to = &m->g0.stack->san;
    c->back = g->stack;
    if (san_switching())
        leat__san_leave(c->from, NULL, own->lo, (size_t)(own->hi - own->lo), false);
    san_acquire(m);
    leat__call_on(m->g0.sp, (void (*)(void))on_thread_stack, &args, &ignored);
    san_release(m);
    if (san_switching())
        leat__san_arrive(c->from, NULL, NULL);
}

void sched_requeue(struct m *m, struct g *g)
{
    store_relaxed(&g->status, G_RUNNABLE);
    if (g->home) {
        wake_home(g->home, g);
    } else {
        global_put(g);
        wake_for_work();
    }
    sched_enter_g0(m, g);
}

void leat__blocking_run(struct leat__result *out)
{
    struct m *m = m_self();
    struct g *g = m->cur;
    void (*fn)(void) = m->blocking_fn;
    struct leat__args args = m->spare->u.args;

    if (g->flags & G_FOREIGN) {
        call_here(fn, &args, out);
        return;
    }
    slot_take(g);
    m = tls_m();
    m = sched_leave_main_thread(m, g);
    g->u.wait.since = load_relaxed(&sched.coarse_now);
    store_relaxed(&g->status, G_SYSCALL);
    g->u.wait.object = m; /* where to find its stack */
    proc_hand_off(m);
    struct blocking_call c = {.fn = fn, .args = &args, .out = out};
    m->g0.u.wait.wake = 0;
    m->g0.defers = NULL;
    m->cur = &m->g0; /* until the call is over, leat calls see a foreign thread */
    if (g->flags & G_MAIN && m->is_main)
        call_here(fn, &args, out);
    else
        call_on_thread(m, g, &c);
    m->cur = g;
    if (!proc_try_acquire(m))
        sched_requeue(m, g);
    store_relaxed(&g->status, G_RUNNING);
    slot_give();
    sched_poll(m_self());
}
