/* SPDX-License-Identifier: MIT */
/*
 * after_func.c - leat_after_func: a call that is made later, by a goroutine of its own.
 *
 * PICTURE  The call is captured where it is written, as leat_go captures one, and its registers
 *   are kept in the timer: each time it fires they become a new goroutine's, so the timer may be
 *   reset and fire again, and be freed while the function runs.
 *   C++ keeps a closure instead, which cannot be copied by bytes: the goroutine calls it through
 *   the timer, of which it holds a reference meanwhile; the last reference drops the closure.
 *
 * LOCK  It keeps those who arm apart: two who reset at once. Stopping needs none.
 *
 * PROOF  tests/golike/after_func_test.c, tests/fault/memory_fault_test.c.
 */
#include "base/fatal.h"
#include "chan/timed.h"
#include "os/mem.h"
#include "time/after.h"

struct after_func {
    struct leat_timer timer;
    spinlock lock;
    uint32_t refs; /* atomic: the handle, and goroutines that are in the closure */
    struct captured call;
    void (*run)(void *closure);
    void (*drop)(void *closure); /* NULL: a captured call of C */
    void *closure;
};

static void after_func_unref(struct after_func *f)
{
    san_release(&f->refs);
    if (__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    san_acquire(&f->refs);
    if (f->drop)
        f->drop(f->closure);
    sched_captured_end(&f->call);
    leat__free(f);
}

static void after_func_fire(void *arg)
{
    struct after_func *f = arg;

    if (f->drop)
        __atomic_add_fetch(&f->refs, 1, __ATOMIC_RELAXED);
    sched_spawn_captured(&f->call, false);
}

static leat_timer *after_func_start(struct after_func *f, leat_duration d)
{
    f->refs = 1;
    timer_start(m_self(), &f->timer.alarm, time_after(d < 0 ? 0 : d), after_func_fire, f);
    sched_poll(m_self());
    return &f->timer;
}

/* The spare holds the captured registers until the next capture: nothing before sched_capture
 * may switch. */
leat_timer *leat__after_func(void (*fn)(void), const leat_site *site, leat_duration d)
{
    struct m *m = m_self();
    struct after_func *f = leat__need(leat__alloc(sizeof(*f)), "a timer");

    if (!fn)
        leat__throw("go of nil func value");
    sched_capture(m, &f->call, fn, site);
    return after_func_start(f, d);
}

/* ---- closures ---- */

static void leave_closure(void *arg)
{
    after_func_unref(arg);
}

/* leat_exit inside the closure ends it too. */
static void in_closure(struct after_func *f)
{
    leat__defer end;

    leat__defer_push(&end, leave_closure, f);
    f->run(f->closure);
    leat__defer_run(&end);
}

leat_timer *leat__after_closure(void (*run)(void *), void (*drop)(void *), void *closure,
                                const leat_site *site, leat_duration d)
{
    struct m *m = m_self();
    struct after_func *f = leat__need(leat__alloc(sizeof(*f)), "a timer");

    f->run = run;
    f->drop = drop;
    f->closure = closure;
    sched_capture_one(m, &f->call, (void (*)(void))in_closure, f, site);
    return after_func_start(f, d);
}

/* ---- stop, reset, free ---- */

static struct after_func *after_func_of(leat_timer *t)
{
    return container_of(t, struct after_func, timer);
}

bool after_func_stop(leat_timer *t)
{
    bool stopped = timer_disarm(&t->alarm);

    sched_poll(m_self());
    return stopped;
}

bool after_func_reset(leat_timer *t, int64_t when)
{
    struct after_func *f = after_func_of(t);
    struct m *m = m_self();
    bool was_armed;

    spin_lock(&f->lock, LEAT__RANK_CHAN);
    struct p *due = timer_move(m, &t->alarm, when, &was_armed);
    spin_unlock(&f->lock, LEAT__RANK_CHAN);
    timer_announce(due);
    sched_poll(m);
    return was_armed;
}

void after_func_free(leat_timer *t)
{
    timer_stop(&t->alarm);
    after_func_unref(after_func_of(t));
}
