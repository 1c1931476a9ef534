/* SPDX-License-Identifier: MIT */
/*
 * sched.c - running goroutines: switch, park, ready, yield, the loop of a thread.
 *
 * NOUNS   G, a goroutine: a record, and from its first run to its end a stack. M, an OS thread.
 *   P, a proc: the right to run goroutines, with a queue of them. An M runs Gs only while it
 *   holds a P. `sched.limit` procs may be held at once: leat_procs plus one for each proc whose
 *   goroutine is stuck in C code.
 *
 * PICTURE     M ---- holds ---- P: next [g]  ring [g g g g]  forks [g g]  timers
 *              \                       global [g g g ...]
 *               runs G (or g0, the thread's own context: the loop below)
 *
 * INVARIANTS (debug/check.c tests S3 to S5 and the length of the global queue)
 *   S1  a runnable G is in exactly one place: a `next` slot, a ring, a fork stack, the global
 *       queue, a home queue, m->pending, or a start request.
 *   S2  a G whose oncpu is 1 has a thread still on its stack; nobody switches to it before that
 *       thread has stored 0.
 *   S3  sched.running counts the procs held; it exceeds sched.limit only until the next
 *       scheduling point anywhere.
 *   S4  sched.spinning counts the threads that look for work without any.
 *   S5  a proc that no thread holds has timers at most: its goroutines went to the global queue.
 *
 * SWITCH  A goroutine that parks picks its successor itself and switches to it directly: one
 *   switch, where going through g0 would be two. The successor's first act (arrived) clears the
 *   leaver's oncpu. So a waker may queue a G that is still on its way out: whoever picks it sees
 *   oncpu and, since two threads that each wait for the other's leaver would wait for ever,
 *   waits only in g0, where its own oncpu is already clear (m->pending). This replaces a commit
 *   function that runs after the switch: no lock is held across a switch at all, and the waker
 *   pays no read-modify-write to find out whether the sleeper sleeps already.
 *
 * WAKE-UPS, AND WHY NONE IS LOST
 *   A submitter (1) publishes the goroutine, (2) full fence, (3) reads spinning and running: if
 *   nobody spins and a proc is free, wakes one thread. A thread that found nothing (1) gives its
 *   proc back and enters the idle list, under the lock, (2) stops spinning, (3) full fence, (4)
 *   looks at every queue once more, and takes itself off the list if there is work. Whichever
 *   fence comes second in the single total order sees the other's write. A thread that spins
 *   and finds work (1) stops spinning, (2) full fence, (3) looks at every queue and wakes a
 *   successor if there is more: work may have come that nobody was woken for while it spun, and
 *   by the same argument either it sees that work or the submitter sees that nobody spins. Where
 *   nothing is left it wakes nobody, for a wake-up costs more than most goroutines' turn. `next`
 *   slots are left out of a sleeper's last look: their owner runs, and takes them at its next
 *   scheduling point; if it burns instead, sysmon (monitor.c) sees the tick stand still. That
 *   keeps a ping-pong pair on one proc without keeping a thief awake.
 *   What is due counts as work too. The thread that becomes idle last keeps the time for all
 *   procs (procs.c, keep_time, under the lock), so while no proc is held somebody sleeps until
 *   the earliest due time; a thread without a proc that sets an earlier one wakes an idle thread.
 *   While procs are held their holders look, an idle thread keeps the time of the others as far
 *   as it knew it when it went to sleep, and sysmon backs both up within a millisecond.
 *   Submitters rely on whom sched.spinning counts, so each of them must look once more. Who wakes
 *   a thread counts it in advance, and if there is no proc for it takes that back under the lock:
 *   before a proc is given back that would have been for it. Who is on the idle list has cleared
 *   m->spinning before, because it belongs to whoever takes him off; builds with LEAT_CHECKS die
 *   when somebody is counted and nobody runs (monitor.c, check_wakeups).
 *
 * WAKING FOR `next`  Readying into an empty `next` slot usually means that the waker is about to
 *   block. A thread woken for it that finds nothing to steal marks the waker's proc quiet for a
 *   coarse clock tick (4 ms); one that does steal keeps the wakes coming.
 *
 * FAIRNESS  `next` wins over the queue LEAT__NEXT_BUDGET times in a row at most; every 61st pick
 *   looks at the global queue first. A ring of goroutines with long turns could make many wait
 *   there for 61 of those each: so when sysmon has not seen the global queue empty for 10 ms, the
 *   rings go behind it (queue_share). Not sooner: a ring is what fits in the caches.
 *
 * BOUND GOROUTINES  g->home is the only thread that may run g: goroutine 1 (the main thread's),
 *   pinned ones, locked ones. Readied by their own thread they stand in ordinary queues like
 *   others, for fairness. Readied by another one they go to the home queue at once, and so they
 *   do when a thief picks them; wake_home sees to it that the home thread gets a proc. Through
 *   the global queue they would cost two wake-ups, a worker's and their thread's.
 *   Where more threads have bound work than there are procs, they hand them round: who has got
 *   one runs at least one goroutine, else the proc would only travel, and at most HOME_TURNS of
 *   its home queue while others wait (find.c).
 *
 * REJECTED  (a) preemption by signal: C code may hold malloc's lock; the kernel's time slices
 *   and extra procs do the job. (b) retaking the proc of a blocked thread, as Go does: the
 *   thread may be one instruction from using it; so its queue is stolen and a proc is added.
 *   (c) a spinning wait for oncpu wherever a G is picked: deadlock of two leavers (found on paper).
 *
 * PROOF  tests/stress/{steal,churn,many,timed}_test.c and soak.c (S1, S2, wake-ups),
 *   tests/api/{fair,stall,procs,idle,thread,foreign}_test.c, queue_test.c, policy_test.c; in the
 *   hostile build the windows of the protocol stay open (hostile.h).
 */
#include "sched/sched.h"

#include <sched.h>

#include "arch/sanitize.h"
#include "base/fatal.h"
#include "os/clock.h"
#include "os/os.h"
#include "sched/hostile.h"

struct sched sched = {.limit = 1};
struct leat__policy leat__policy;

int64_t sched_now(void)
{
    return unlikely(leat__policy.clock != NULL) ? leat__policy.clock() : os_now();
}

uint32_t sched_choose(struct m *m, uint32_t n)
{
    if (unlikely(leat__policy.choose != NULL))
        return leat__policy.choose(n);
    return rand_below(&m->random, n);
}

/* ---- switching ---- */

LEAT__COLD static void tell_arrived(struct g *prev)
{
    struct g *self = tls_m()->cur;
    const void *lo = NULL;
    size_t size = 0;

    leat__san_arrive(&self->stack->san, &lo, &size);
    if (prev && leat__san_address && !prev->stack->lo) {
        prev->stack->lo = (char *)(uintptr_t)lo; /* a thread's own stack, seen first here */
        prev->stack->hi = prev->stack->lo + size;
    }
}

/* First thing on the new stack: the one that was left may now be resumed elsewhere. */
static inline void arrived(struct g *prev)
{
    if (san_switching())
        tell_arrived(prev);
    if (prev)
        store_release(&prev->oncpu, 0);
}

/* C++ keeps the exceptions in flight per thread; they belong to the goroutine. */
__attribute__((weak)) void *__cxa_get_globals(void);

static inline void swap_exceptions(struct g *from, struct g *to)
{
    if (unlikely(__cxa_get_globals != NULL)) {
        void **globals = __cxa_get_globals();
        from->exceptions[0] = globals[0];
        from->exceptions[1] = globals[1];
        globals[0] = to->exceptions[0];
        globals[1] = to->exceptions[1];
    }
}

/* Give a goroutine its stack, ready to be switched to. */
static void attach_stack(struct m *m, struct g *g)
{
    struct stack *s = stack_get(&m->p->stacks, (size_t)(uintptr_t)g->sp);

    if (unlikely(!s))
        leat__throw("out of memory: cannot map a goroutine stack; raise the memory limit "
                    "(ulimit -v, RLIMIT_AS, the cgroup) or vm.max_map_count, or start fewer "
                    "goroutines at once");
    g->stack = s;
    g->sp = leat__prepare(s->hi);
}

LEAT__COLD static void check_overrun(struct g *self)
{
    if (self->stack && self->stack->lo &&
        stack_overrun(self->stack, __builtin_frame_address(0)))
        leat__throw("stack overflow of an unguarded goroutine stack (goroutine %llu)",
                    (unsigned long long)self->id);
}

/* Switch from `self`, already recorded where it waits, to `next`, whose oncpu is 0. Never inlined:
 * the switch relies on being called from here only (arch.h). */
__attribute__((noinline)) void sched_resume(struct m *m, struct g *self, struct g *next)
{
    if (unlikely(leat__stack_unguarded))
        check_overrun(self);
    if (unlikely(!next->stack))
        attach_stack(m, next);
    m->cur = next;
    store_relaxed(&next->oncpu, 1);
    store_relaxed(&next->status, G_RUNNING);
    swap_exceptions(self, next);
    if (san_switching())
        leat__san_leave(&self->stack->san, next->fiber, next->stack->lo,
                        (size_t)(next->stack->hi - next->stack->lo), false);
    arrived(leat__switch(&self->sp, next->sp, self));
}

void sched_enter_g0(struct m *m, struct g *self)
{
    sched_resume(m, self, &m->g0);
}

/* Leave `self`, which is already findable by its waker or on a queue. */
static void switch_away(struct m *m, struct g *self)
{
    struct g *next = find_local(m, m->p);

    if (unlikely(next == self)) {
        store_relaxed(&self->status, G_RUNNING);
        return;
    }
    if (unlikely(!next)) {
        sched_enter_g0(m, self);
    } else if (unlikely(load_acquire(&next->oncpu))) {
        m->pending = next;
        sched_enter_g0(m, self);
    } else {
        sched_resume(m, self, next);
    }
}

/* ---- park, ready, yield ---- */

LEAT__COLD static void park_on_altstack(struct g *g)
{
    (void)g;
    leat__throw("leat: a signal handler may not block: it tried to park on the signal stack");
}

bool sched_thread_park(struct g *g, int64_t deadline)
{
    store_relaxed(&g->u.wait.asleep, deadline == INT64_MAX);
    while (!load_acquire(&g->u.wait.wake)) {
        if (deadline != INT64_MAX && os_now() >= deadline)
            return false;
        os_futex_wait(&g->u.wait.wake, 0, deadline);
    }
    store_seq(&g->u.wait.asleep, 0);
    store_seq(&g->u.wait.wake, 0);
    store_relaxed(&g->status, G_RUNNING);
    return true;
}

void sched_park(struct g *g, enum wait_reason reason, void *object)
{
    g->u.wait.object = object;
    store_relaxed(&g->u.wait.reason, reason);
    if (unlikely(g->flags & G_FOREIGN)) {
        sched_thread_park(g, INT64_MAX);
        return;
    }
    struct m *m = tls_m();
    const char *sp = __builtin_frame_address(0);
    hostile_window();
    if (unlikely(g->stack->lo && (sp < g->stack->lo || sp >= g->stack->hi)))
        park_on_altstack(g);
    g->u.wait.since = load_relaxed(&sched.coarse_now);
    if (LEAT__HOSTILE)
        store_relaxed(&g->u.wait.left, m);
    leat__event(LEAT__EV_PARK, g->id, reason);
    switch_away(m, g);
}

static void ready_foreign(struct g *g)
{
    fetch_add(&sched.foreign_wakes, 1);
    if (!exchange(&g->u.wait.wake, 1))
        os_futex_wake(&g->u.wait.wake, 1);
}

/* From a thread without a proc: everybody's queue. */
LEAT__COLD static void ready_global(struct g *g)
{
    global_put(g);
    wake_for_work();
}

/* Somebody holds `next`'s place: should an idle thread come and take work? */
static inline void wake_for_next(struct p *p)
{
    if (unlikely(load_relaxed(&sched.monitor_deep)))
        monitor_kick(); /* the owner may never come back from C code */
    if (load_relaxed(&sched.running) >= load_relaxed(&sched.limit) ||
        load_relaxed(&sched.spinning))
        return;
    int64_t now = os_now_coarse();
    if (now < load_relaxed(&p->quiet_until))
        return;
    store_relaxed(&p->quiet_until, now + 1); /* cleared again by a thief that succeeds */
    wake_one();
}

/* Only the owner fills the slot, so an empty one needs no exchange. */
static inline void put_next(struct p *p, struct g *g)
{
    struct g *old = load_relaxed(&p->next);

    if (old)
        old = exchange(&p->next, g);
    else
        store_release(&p->next, g);
    if (old) {
        queue_local(p, old);
        wake_for_work();
    } else {
        wake_for_next(p);
    }
}

void sched_ready(struct g *g)
{
    if (unlikely(g->flags & G_FOREIGN)) {
        store_relaxed(&g->status, G_RUNNABLE);
        ready_foreign(g);
        return;
    }
    struct m *m = m_self();
    leat__event(LEAT__EV_READY, g->id, m->cur->id);
    store_relaxed(&g->status, G_RUNNABLE);
    if (unlikely(g->home && (g->home != m || !m->p))) {
        wake_home(g->home, g);
        return;
    }
    if (unlikely(!m->p || (LEAT__HOSTILE && hostile_goes_global(m, g)))) {
        ready_global(g);
        return;
    }
    put_next(m->p, g);
}

int sched_ready_all(struct m *m, struct g *list)
{
    int here = 0, elsewhere = 0;

    for (struct g *g = list, *next; g; g = next) {
        next = g->next;
        leat__event(LEAT__EV_READY, g->id, 0);
        store_relaxed(&g->status, G_RUNNABLE);
        if (unlikely(g->flags & G_FOREIGN)) {
            ready_foreign(g);
        } else if (unlikely(g->home && (!m || g->home != m || !m->p))) {
            wake_home(g->home, g);
        } else if (unlikely(!m || !m->p || (LEAT__HOSTILE && hostile_goes_global(m, g)))) {
            global_put(g);
            elsewhere++;
        } else {
            queue_local(m->p, g);
            here++;
        }
    }
    if (elsewhere > 0 || here > 1)
        wake_for_work();
    return here + elsewhere;
}

void sched_start_next(struct p *p, struct g *g)
{
    store_release(&p->next, g); /* others may only take what is there */
    wake_for_next(p);
}

void sched_yield_now(struct m *m)
{
    struct g *g = m->cur;

    if (unlikely(g->flags & G_FOREIGN)) {
        sched_yield();
        return;
    }
    leat__event(LEAT__EV_YIELD, g->id, 0);
    store_relaxed(&g->status, G_RUNNABLE);
    queue_local(m->p, g);
    switch_away(m, g);
}

void leat_yield(void)
{
    sched_yield_now(m_self());
}

/* It looks itself who calls: to yield in the name of another thread would tear two goroutines. */
LEAT__COLD void sched_poll_slow(void)
{
    struct m *m = tls_m();
    struct p *p = m ? m->p : NULL; /* a constructor's thread has no record of its own yet */

    if (!p || m->cur->flags & G_FOREIGN || load_relaxed(&sched.freezer) == m)
        return;
    bool yield = fetch_and(&p->attention, ~(uint32_t)P_PREEMPT) & P_PREEMPT;
    if (leat__policy.preempt)
        yield |= leat__policy.preempt();
    else if (LEAT__HOSTILE)
        yield |= hostile_yields(m);
    if (yield)
        sched_yield_now(m);
}

/* ---- the start and the end of a goroutine ---- */

static void main_thread_loop(void)
{
    sched_loop(tls_m());
}

LEAT__COLD static void begin_edges(struct g *g)
{
    san_acquire(&g->fn);
    san_acquire(g->stack->lo);
}

void leat__g_begin(void *prev, struct leat__start *start)
{
    arrived(prev);
    struct m *m = tls_m();
    struct g *g = m->cur;

    start->fn = g->fn;
    start->args = &g->u.args;
    if (unlikely(g == &m->g0)) { /* the main thread's loop, entered for the first time */
        start->fn = main_thread_loop;
        return;
    }
    leat__event(LEAT__EV_START, g->id, (uint64_t)m->p->id);
    if (unlikely(leat__san_thread))
        begin_edges(g);
}

/* Run `child`, which is new, at once; the caller becomes stealable and continues later. */
void sched_run_first(struct g *child, struct m *m)
{
    struct g *self = m->cur;
    struct p *p = m->p;

    store_relaxed(&self->status, G_RUNNABLE);
    if (unlikely(!forkq_push(&p->forkq, self))) {
        store_relaxed(&self->status, G_RUNNING);
        put_next(p, child);
        return;
    }
    wake_for_next(p);
    p->tick++;
    sched_resume(m, self, child);
}

/* The next one to run after g, which has ended: that is told here to the wait group it belongs
 * to. If the next one belongs to the same, it reports both ends at its own: the group, which
 * counts it, cannot be done before that, and a shared word is written half as often. */
static inline struct g *find_after_end(struct m *m, struct g *g)
{
    struct g *next = find_local(m, m->p);

    if (unlikely(!g->join))
        return next;
    if (likely(next && next->join == g->join && next->ends < UINT16_MAX - g->ends)) {
        next->ends = (uint16_t)(next->ends + g->ends + 1);
        san_release(g->join);
        return next;
    }
    leat__join_hook(g->join, g->ends + 1);
    return next || m->evict ? next : find_local(m, m->p);
}

/* The goroutine's code has returned. Its stack and record go back to the
 * proc before they are left: the only taker is this thread, after it has left them. */
__attribute__((no_sanitize("address"))) struct leat__next sched_exit_goroutine(struct m *m,
                                                                               struct g *g)
{
    struct stack *stack = g->stack;
    struct g *next = find_after_end(m, g);

    if (likely(next && !next->stack && next->sp == NULL && !san_switching() && stack->slab)) {
        /* A new goroutine: it starts on this very stack, no switch and no cold memory. */
        g_release(m, g);
        next->stack = stack;
        store_relaxed(&next->oncpu, 1);
        store_relaxed(&next->status, G_RUNNING);
        swap_exceptions(g, next);
        m->cur = next;
        return (struct leat__next){.top = stack->hi};
    }
    if (next && !next->stack)
        attach_stack(m, next);
    if (next && load_acquire(&next->oncpu)) {
        m->pending = next;
        next = NULL;
    }
    if (unlikely(!stack->slab)) { /* will be unmapped, and we are on it: g0 does that */
        m->dead_stack = stack;
        m->pending = next ? next : m->pending;
        next = NULL;
    }
    if (!next)
        next = &m->g0;
    m->cur = next;
    store_relaxed(&next->oncpu, 1);
    store_relaxed(&next->status, G_RUNNING);
    swap_exceptions(g, next);
    void *fiber = g->fiber;
    g->fiber = NULL;
    g->stack = NULL;
    if (san_switching()) {
        san_release(stack->lo); /* the next owner's accesses come after ours */
        leat__san_leave(&stack->san, next->fiber, next->stack->lo,
                        (size_t)(next->stack->hi - next->stack->lo), true);
        leat__san_fiber_free(fiber);
    }
    void *to = next->sp;
    if (likely(stack->slab))
        stack_put(&m->p->stacks, stack);
    g_release(m, g);
    return (struct leat__next){.sp = to};
}

/* ---- the loop of a thread, on its own stack ---- */

/* Run g, which may still be on its way off another thread. */
static void run_from_g0(struct m *m, struct g *g)
{
    unsigned spins = 0;

    while (load_acquire(&g->oncpu)) {
        if (++spins < 100) {
            cpu_relax();
        } else {
            sched_yield();
            spins = 0;
        }
    }
    sched_resume(m, &m->g0, g);
}

/* A goroutine that may not stay on the main thread: it and the proc go to another one. */
static void evict(struct m *m)
{
    struct g *g = m->evict;
    struct p *p = m->p;
    bool spinning = m->spinning;

    m->evict = NULL;
    m->p = NULL;
    m->spinning = false;
    thread_request(p, spinning, g);
}

void sched_loop(struct m *m)
{
    for (;;) {
        if (unlikely(load_relaxed(&sched.frozen)))
            for (;;)
                os_futex_wait(&sched.frozen, 1, INT64_MAX);
        if (unlikely(m->dead_stack)) {
            stack_put(&m->p->stacks, m->dead_stack);
            m->dead_stack = NULL;
        }
        thread_end_if_asked(m);
        if (unlikely(!m->p)) {
            proc_wait(m);
            continue;
        }
        if (unlikely(m->evict)) {
            evict(m);
            continue;
        }
        struct g *g = m->pending ? m->pending : m->start_g;
        m->pending = NULL;
        m->start_g = NULL;
        if (!g && unlikely(m->locked)) {
            g = find_local(m, m->p);
            if (!g) {
                proc_hand_off(m);
                continue;
            }
        }
        if (!g)
            g = find_local(m, m->p);
        if (!g && !m->evict && unlikely(load_relaxed(&sched.attention))) {
            proc_release_and_wait(m);
            continue;
        }
        if (!g && !m->evict)
            g = find_polled(m);
        if (!g && !m->evict)
            g = find_stealing(m);
        if (!g && m->evict)
            continue;
        if (!g) {
            proc_release_and_wait(m);
            continue;
        }
        if (m->spinning) {
            m->spinning = false;
            fetch_sub(&sched.spinning, 1);
            hostile_window();
            wake_successor();
        }
        run_from_g0(m, g);
        m = tls_m();
    }
}
