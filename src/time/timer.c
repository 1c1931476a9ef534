/* SPDX-License-Identifier: MIT */
/*
 * timer.c - a heap of timers per proc.
 *
 * PICTURE  A 4-ary heap of (when, timer) pairs: the times stand in the array, four to a line, so
 *   sifting touches no timer. Each timer knows its place, so stopping is one sift as well, and
 *   so is moving it to another time, in the heap where it is.
 *
 * INVARIANTS (timers_check asserts them)
 *   T1  no entry is earlier than its parent; each timer's index is its place, each is armed.
 *   T2  p->next_due is the first entry's time, INT64_MAX when there is none.
 *
 * PROTOCOL  Each heap has a lock; any thread may insert, stop or run any proc's timers, so a proc
 *   whose goroutine burns delays nobody: idle threads, thieves and sysmon read next_due and run
 *   what is due. They take the first one out under the lock and fire it outside, one at a time:
 *   what is overdue waits here, where it stands in order and where everybody may take it.
 *   A timer is in a heap (armed) or not, and besides that some threads may be on their way
 *   through its function (firing): two facts, because a function may arm its own timer, and the
 *   next round may even overtake the last; one word, so that timer_stop sees both at once.
 *   Whoever disarms locks the heap that t->p names and looks whether the timer is armed there:
 *   t->p changes before the timer is armed.
 *
 * REJECTED  A wheel: cheaper inserts, but it wakes for nothing or fires late, and an idle
 *   program must not wake at all. One heap for all: tokio's oldest complaint. Idle, armed or
 *   firing as one of three: a timer that its own function had armed was idle when that returned,
 *   in the heap and yet not to be stopped.
 *
 * PROOF  timer_test.c.
 */
#include "time/timer.h"

#include <sched.h>

#include "os/mem.h"
#include "os/os.h"
#include "sched/sched.h"
#include "sched/source.h"

enum { ARITY = 4, FIRST_CAPACITY = 64, SPINS = 100 };

struct entry {
    int64_t when;
    struct timer *timer;
};

struct timers {
    spinlock lock;
    uint32_t len, capacity;
    struct entry *heap;
};

static struct timers *timers_of(const struct p *p)
{
    return p->timers;
}

static void place(struct timers *ts, uint32_t i, struct entry e)
{
    ts->heap[i] = e;
    e.timer->index = i;
}

static void sift_up(struct timers *ts, uint32_t i, struct entry e)
{
    while (i > 0) {
        uint32_t parent = (i - 1) / ARITY;
        if (ts->heap[parent].when <= e.when)
            break;
        place(ts, i, ts->heap[parent]);
        i = parent;
    }
    place(ts, i, e);
}

static void sift_down(struct timers *ts, uint32_t i, struct entry e)
{
    for (;;) {
        uint32_t child = i * ARITY + 1;
        uint32_t least = child;
        if (child >= ts->len)
            break;
        for (uint32_t k = 1; k < ARITY && child + k < ts->len; k++)
            if (ts->heap[child + k].when < ts->heap[least].when)
                least = child + k;
        if (ts->heap[least].when >= e.when)
            break;
        place(ts, i, ts->heap[least]);
        i = least;
    }
    place(ts, i, e);
}

/* e replaces what stands at i. */
static void sift(struct timers *ts, uint32_t i, struct entry e)
{
    if (i > 0 && ts->heap[(i - 1) / ARITY].when > e.when)
        sift_up(ts, i, e);
    else
        sift_down(ts, i, e);
}

static void remove_at(struct timers *ts, uint32_t i)
{
    struct entry last = ts->heap[--ts->len];

    if (i < ts->len)
        sift(ts, i, last);
}

static void publish(struct p *p, struct timers *ts)
{
    store_seq(&p->next_due, ts->len ? ts->heap[0].when : INT64_MAX);
}

LEAT__COLD static void grow(struct timers *ts)
{
    uint32_t capacity = ts->capacity ? ts->capacity * 2 : FIRST_CAPACITY;
    struct entry *heap = leat__need(leat__alloc(capacity * sizeof(*heap)), "room for timers");

    for (uint32_t i = 0; i < ts->len; i++)
        heap[i] = ts->heap[i];
    leat__free(ts->heap);
    ts->heap = heap;
    ts->capacity = capacity;
}

/* ---- arming and disarming ---- */

static bool is_armed(const struct timer *t)
{
    return load_acquire(&t->state) & TIMER_ARMED;
}

/* The heap's lock is held, and the caller is the only one to arm: alone in the word, it needs
 * no read-modify-write, because no thread can begin or end to fire it. */
static void set_armed(struct timer *t)
{
    if (likely(load_relaxed(&t->state) == TIMER_IDLE))
        store_release(&t->state, TIMER_ARMED);
    else
        fetch_or(&t->state, TIMER_ARMED);
}

static void set_disarmed(struct timer *t)
{
    if (likely(load_relaxed(&t->state) == TIMER_ARMED))
        store_release(&t->state, TIMER_IDLE);
    else
        fetch_and(&t->state, ~(uint32_t)TIMER_ARMED);
}

struct p *timer_arm(struct m *m, struct timer *t, int64_t when)
{
    struct p *p = sched_proc_of(m);
    struct timers *ts = timers_of(p);

    store_relaxed(&t->p, p);
    san_release(t);
    spin_lock(&ts->lock, LEAT__RANK_TIMERS);
    if (unlikely(ts->len == ts->capacity))
        grow(ts);
    t->when = when;
    set_armed(t);
    sift_up(ts, ts->len++, (struct entry){when, t});
    bool earliest = t->index == 0;
    if (earliest)
        publish(p, ts);
    spin_unlock(&ts->lock, LEAT__RANK_TIMERS);
    return earliest ? p : NULL;
}

/* The heap that t is in, locked; NULL: in none. */
static struct timers *lock_heap(struct timer *t)
{
    while (is_armed(t)) {
        struct p *p = load_relaxed(&t->p);
        struct timers *ts = timers_of(p);
        spin_lock(&ts->lock, LEAT__RANK_TIMERS);
        if (is_armed(t) && load_relaxed(&t->p) == p)
            return ts;
        spin_unlock(&ts->lock, LEAT__RANK_TIMERS);
    }
    return NULL;
}

struct p *timer_move(struct m *m, struct timer *t, int64_t when, bool *was_armed)
{
    struct timers *ts = lock_heap(t);

    *was_armed = ts != NULL;
    if (!ts)
        return timer_arm(m, t, when);
    struct p *p = t->p;
    bool first = t->index == 0;
    san_release(t);
    t->when = when;
    sift(ts, t->index, (struct entry){when, t});
    if (first || t->index == 0)
        publish(p, ts);
    bool earliest = t->index == 0;
    spin_unlock(&ts->lock, LEAT__RANK_TIMERS);
    return earliest ? p : NULL;
}

bool timer_disarm(struct timer *t)
{
    struct timers *ts = lock_heap(t);

    if (!ts)
        return false;
    struct p *p = t->p;
    bool first = t->index == 0;
    remove_at(ts, t->index);
    set_disarmed(t);
    if (first)
        publish(p, ts);
    spin_unlock(&ts->lock, LEAT__RANK_TIMERS);
    return true;
}

void timer_announce(struct p *p)
{
    if (p)
        sched_due_changed(p);
}

void timer_start(struct m *m, struct timer *t, int64_t when, void (*fn)(void *), void *arg)
{
    t->fn = fn;
    t->arg = arg;
    timer_announce(timer_arm(m, t, when));
}

/* Its function may arm it once more before it returns: then that one goes too. */
bool timer_stop(struct timer *t)
{
    bool stopped = timer_disarm(t);

    for (unsigned spins = 0; load_acquire(&t->state) != TIMER_IDLE; spins++) {
        if (spins < SPINS)
            cpu_relax();
        else
            sched_yield();
        stopped |= timer_disarm(t);
    }
    return stopped;
}

/* ---- firing ---- */

static bool timers_run(struct p *p, int64_t now)
{
    struct timers *ts = timers_of(p);

    spin_lock(&ts->lock, LEAT__RANK_TIMERS);
    if (ts->len == 0 || ts->heap[0].when > now) {
        spin_unlock(&ts->lock, LEAT__RANK_TIMERS);
        return false;
    }
    struct timer *t = ts->heap[0].timer;
    remove_at(ts, 0);
    publish(p, ts);
    void (*fn)(void *) = t->fn;
    void *arg = t->arg;
    bool detached = t->detached; /* its memory may be gone as soon as the function runs */
    san_acquire(t);
    if (detached)
        set_disarmed(t);
    else
        fetch_add(&t->state, TIMER_FIRING - TIMER_ARMED);
    spin_unlock(&ts->lock, LEAT__RANK_TIMERS);
    fn(arg);
    if (!detached)
        __atomic_fetch_sub(&t->state, TIMER_FIRING, __ATOMIC_RELEASE);
    return true;
}

static void timers_init(struct p *p)
{
    p->timers = leat__need(leat__alloc(sizeof(struct timers)), "room for timers");
}

static const char *timers_check(struct p *p)
{
    struct timers *ts = timers_of(p);
    const char *bad = NULL;

    spin_lock(&ts->lock, LEAT__RANK_TIMERS);
    for (uint32_t i = 0; i < ts->len && !bad; i++) {
        if (i > 0 && ts->heap[i].when < ts->heap[(i - 1) / ARITY].when)
            bad = "T1: a timer is earlier than its parent";
        if (ts->heap[i].timer->index != i || !is_armed(ts->heap[i].timer))
            bad = "T1: a timer does not know its place";
    }
    if (load_seq(&p->next_due) != (ts->len ? ts->heap[0].when : INT64_MAX))
        bad = "T2: next_due is not the first timer's time";
    spin_unlock(&ts->lock, LEAT__RANK_TIMERS);
    return bad;
}

static const struct leat__source timer_source = {timers_run, timers_init, timers_check};
const struct leat__source *leat__timer_source = &timer_source;
