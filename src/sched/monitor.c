/* SPDX-License-Identifier: MIT */
/*
 * monitor.c - sysmon: the thread that watches procs which make no progress.
 *
 * It wakes every millisecond while any proc runs, earlier when something looks wrong or a source
 * is due, and not at all once everything has been idle for a while. On each round, per held proc:
 *
 *   tick moved        fine.
 *   tick stands, work waits for this proc:
 *     a proc is free  wake a thread; it steals the queue, and `next` too.
 *     the thread sleeps in the kernel and used no processor time since the last look: blocked.
 *                     One more proc, at once.
 *     10 ms of progress: burning. Ask for a yield at its next leat call, whether it has got a
 *                     proc added or not: who was blocked may compute when it is back. And add a
 *                     proc while fewer than max(1, procs / 2) burners have one.
 *
 * Two looks are 100 us apart once the first one found the tick standing. Time counts against a
 * goroutine only while its thread computes or sleeps in the kernel (`stood`), not while it waits
 * for a processor: on a machine with more to do than it has processors, one more thread helps
 * nobody, and goroutine 1 would leave its thread for no reason. The kernel's state letter tells
 * the two apart (os/threads.c). A tenth of the time counts in any case: a loop of sched_yield
 * hardly uses the processor that it keeps asking for. A proc that changed hands starts anew: a
 * thread may hold one for some time before the first tick.
 *
 * It also creates all threads of the runtime, so that each inherits the signal mask the process
 * had at the first leat call, not that of whoever needed a thread; it lets go of stacks that
 * have rested (stack_decay), counts the epochs by which pools age (sync/pool.c), and looks
 * whether the system allows another number of procs (compensate.c).
 */
#include <errno.h>
#include <leat/sync.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "arch/sanitize.h"
#include "base/check.h"
#include "base/env.h"
#include "base/fatal.h"
#include "os/clock.h"
#include "os/os.h"
#include "sched/hostile.h"
#include "sched/sched.h"

enum {
    ROUND_NS = 1000000,
    SUSPECT_NS = 100000,
    BURNING_NS = 10000000,
    HOGS_MAIN_NS = 1000000,
    RESCUE_NS = 200000000,
    MORE_BURNERS_NS = 100000000,
    SHARE_NS = 10000000,
    DECAY_NS = 1000000000,
    CHECK_NS = 5000000, /* in builds with LEAT_CHECKS, as the next one */
    STRANDED_NS = 150000000,
    IDLE_ROUNDS = 20, /* rounds without a running proc before the deep sleep */
    IDLE_ROUND_NS = 10000000,
    PROGRESS_NS = 20000, /* less processor time than this between two looks is none */
    THREAD_STACK = 8 << 20,
};

static sigset_t start_mask;

/* ---- threads ---- */

static bool refused_thread(void)
{
    static unsigned calls;
    unsigned every = (unsigned)leat__env.fail_thread;

    return every != 0 && ++calls % every == 0;
}

/* False: no thread could be made. */
static bool thread_create(struct m *m)
{
    pthread_attr_t attr;
    pthread_t thread;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    fork_hold(); /* until thread_main is through with its preparations */
    int err = refused_thread() ? EAGAIN : pthread_create(&thread, &attr, thread_main, m);
    pthread_attr_destroy(&attr);
    if (err == 0)
        return true;
    fork_allow();
    if (sched.starts_failed++ == 0)
        leat__print("leat: cannot create a thread (%s); trying again. Raise RLIMIT_NPROC, "
                    "TasksMax or pids.max\n",
                    leat_strerror(-err));
    return false;
}

/* Start what was asked for. What fails gives back what it was to run; whoever needs a thread
 * still asks again. */
static bool start_threads(void)
{
    for (;;) {
        spin_lock(&sched.lock, LEAT__RANK_SCHED);
        struct m *m = sched.start_requests;
        if (m)
            sched.start_requests = m->link;
        spin_unlock(&sched.lock, LEAT__RANK_SCHED);
        if (!m)
            return true;
        if (!thread_create(m)) {
            thread_give_up(m);
            return false;
        }
    }
}

/* ---- progress ---- */

static bool work_waits(struct p *p, const struct m *m, bool due)
{
    return runq_len(&p->runq) > 0 || load_relaxed(&p->next) || !forkq_empty(&p->forkq) ||
           load_relaxed(&sched.nglobal) > 0 || due ||
           load_relaxed(&sched.proc_waiters) != NULL || load_relaxed(&m->home_len) > 0;
}

/* Goroutine 1 is ready, and its thread is kept by another goroutine that does not come back.
 * From now on the main thread runs nobody else; and if that was too late, goroutine 1 goes on
 * without its thread: a program that stands still is worse. leat_lock_thread rules this out. */
static void rescue_main(struct m *m, int64_t stood)
{
    if (!m->is_main || load_relaxed(&m->home_len) == 0 || m->cur == sched.main_g ||
        stood < HOGS_MAIN_NS)
        return;
    store_relaxed(&sched.main_exclusive, 1);
    if (stood < RESCUE_NS)
        return;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    struct g *g = home_take_main(m);
    if (g) {
        g->home = NULL;
        global_put_locked(g);
    }
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    wake_for_work();
}

static void report_blocked(struct p *p, const struct m *m, int64_t us)
{
    if (p->blocked_reported || leat__env.blocked_us == 0 || us < leat__env.blocked_us)
        return;
    p->blocked_reported = true;
    const struct g *g = m->cur;
    const leat_site *site = g->site;
    leat__print(
        "leat: goroutine %llu (%s:%d) has held proc %d for %lld us without a scheduling "
        "point; leat_blocking would free it\n",
        (unsigned long long)g->id, site ? site->file : "main", site ? site->line : 0, p->id,
        (long long)us);
}

/* May one more burner be compensated? A few may at once; beyond that the number grows by one
 * each tenth of a second in which work still waits, for a program of endless loops must not
 * starve the rest of itself. */
static bool may_burn(int64_t now)
{
    static int64_t last;
    int allowed = sched.procs / 2 > 1 ? sched.procs / 2 : 1;

    if (sched.burn_compensations >= allowed && now - last < MORE_BURNERS_NS)
        return false;
    last = now;
    return true;
}

/* A stuck proc's goroutines, while no thread is ever idle enough to steal them. Under the lock:
 * with one of them in sysmon's hands only, all others could look asleep (deadlock.c). */
static void share_queue(struct p *p)
{
    struct g *g;

    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    while ((g = load_relaxed(&p->next) ? exchange(&p->next, NULL) : NULL) ||
           (g = forkq_steal(&p->forkq)) || (g = runq_get(&p->runq)))
        global_put_locked(g);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    wake_for_work(); /* whoever would have found it may have slept meanwhile */
}

/* The tick of a held proc stands still. Returns whether to look again soon. */
static bool watch_stuck(struct p *p, struct m *m, int64_t now)
{
    int64_t cpu = os_thread_cpu(m->tid);
    int64_t used = cpu - p->seen_cpu;
    bool first = p->seen_cpu < 0;
    bool asleep = !first && used < PROGRESS_NS && os_thread_sleeps(m->tid) != 0;

    if (!first)
        p->stood += asleep ? now - p->seen_at : used;
    int64_t since = now - p->seen_since;
    int64_t stood = p->stood > since / 10 ? p->stood : since / 10;

    p->seen_cpu = cpu;
    p->seen_at = now;
    report_blocked(p, m, since / 1000);
    rescue_main(m, stood);
    /* Who sleeps would not see the flag, which slows everybody's inline calls. */
    if (stood >= BURNING_NS && !asleep)
        fetch_or(&p->attention, P_PREEMPT);
    if (load_relaxed(&sched.running) < load_relaxed(&sched.limit)) {
        wake_for_work();
        return true;
    }
    if (load_relaxed(&p->attention) & P_STUCK) {
        share_queue(p);
        return load_relaxed(&m->home_len) > 0;
    }
    if (first)
        return true;
    if (asleep) {
        proc_compensate(p, false);
        return true;
    }
    if (stood >= BURNING_NS && may_burn(now))
        proc_compensate(p, true);
    return since < BURNING_NS || load_relaxed(&m->home_len) > 0;
}

/* A scheduling point of each held proc shall do what the flag says. */
static void flag_held(uint32_t flag)
{
    int n = load_acquire(&sched.nprocs);

    for (int i = 0; i < n; i++)
        if (load_relaxed(&sched.all[i]->m))
            fetch_or(&sched.all[i]->attention, flag);
}

/* Nobody waits long in the global queue while rings never empty (FAIRNESS in sched.c). */
static void watch_global(int64_t now)
{
    static int64_t since;

    if (load_relaxed(&sched.nglobal) == 0)
        since = now;
    if (now - since < SHARE_NS)
        return;
    since = now;
    flag_held(P_SHARE);
}

uint32_t leat__attention;

/* Somebody is to yield, or is so no more; see sync.h. */
static void tell_inline_calls(void)
{
    uint32_t asked = leat__san_thread;
    int n = load_acquire(&sched.nprocs);

    for (int i = 0; i < n; i++)
        asked |= load_relaxed(&sched.all[i]->attention) & P_PREEMPT;
    if (asked != load_relaxed(&leat__attention))
        store_relaxed(&leat__attention, asked);
}

static int64_t next_source(void)
{
    int64_t due = INT64_MAX;
    int n = load_acquire(&sched.nprocs);

    for (int i = 0; i < n; i++) {
        int64_t d = load_relaxed(&sched.all[i]->next_due);
        if (d < due)
            due = d;
    }
    return due;
}

/* The same, without what an idle thread sleeps for unless it is overdue by a round. */
static int64_t next_unkept(void)
{
    int64_t due = INT64_MAX;
    int64_t kept = load_relaxed(&sched.keeper_due);
    int n = load_acquire(&sched.nprocs);

    for (int i = 0; i < n; i++) {
        const struct p *p = sched.all[i];
        int64_t d = load_relaxed(&p->next_due);
        if (d >= kept && d < INT64_MAX - ROUND_NS && !load_relaxed(&p->m))
            d += ROUND_NS;
        if (d < due)
            due = d;
    }
    return due;
}

/* One look at every held proc; returns whether something looks stuck. */
static bool watch_procs(int64_t now)
{
    bool suspect = false, neglected = false;
    bool due = next_unkept() <= now;
    int n = load_acquire(&sched.nprocs);

    for (int i = 0; i < n; i++) {
        struct p *p = sched.all[i];
        struct m *m = load_relaxed(&p->m);
        uint32_t tick = load_relaxed(&p->tick);
        neglected |= find_neglected(p, now);
        if (!m || m != p->seen_m || tick != p->seen_tick) {
            p->seen_m = m;
            p->seen_tick = tick;
            p->seen_since = now;
            p->seen_cpu = -1;
            p->stood = 0;
            p->blocked_reported = false;
            continue;
        }
        if (load_relaxed(&p->next_due) <= now)
            fetch_or(&p->attention, P_DUE);
        if (work_waits(p, m, due) && watch_stuck(p, m, now))
            suspect = true;
    }
    if (neglected)
        flag_held(P_DUE);
    tell_inline_calls();
    if (due && load_relaxed(&sched.running) > 0)
        wake_for_work(); /* those who hold a proc may all be stuck; an idle thread can run it */
    return suspect;
}

/* A clock of a test's own has epochs of the test's own. */
static void count_epochs(int64_t now)
{
    static int64_t last;

    if (now - last < LEAT__EPOCH_NS || leat__policy.clock)
        return;
    last = now;
    store_relaxed(&sched.epoch, sched.epoch + 1);
}

static void trace_line(int64_t now)
{
    static int64_t started, last;

    if (leat__env.schedtrace_ms == 0)
        return;
    if (!started)
        started = now;
    if (now - last < leat__env.schedtrace_ms * INT64_C(1000000))
        return;
    last = now;
    int n = load_acquire(&sched.nprocs);
    leat__print("SCHED %lldms: procs=%d limit=%d running=%d threads=%d spinning=%d runqueue=%d "
                "goroutines=%lld [",
                (long long)((now - started) / 1000000), sched.procs, sched.limit, sched.running,
                sched.nthreads, sched.spinning, sched.nglobal, (long long)sched_alive());
    for (int i = 0; i < n; i++)
        leat__print("%s%u", i ? " " : "", runq_len(&sched.all[i]->runq));
    leat__print("]\n");
}

/* The walkers, no more often than costs a fiftieth of the time. */
static void check_invariants(int64_t now)
{
    static int64_t due;

    if (!LEAT__CHECKS || now < due)
        return;
    check_holds(leat__check_all());
    int64_t took = os_now() - now;
    due = now + CHECK_NS + 50 * took;
}

/* Nobody runs, and yet goroutines are ready, something is overdue or somebody is said to look.
 * Overdue by a round: where due times are dense, all of them are a little late (COALESCE_NS). */
static bool looks_stranded(int64_t now)
{
    bool bound = false;

    if (load_seq(&sched.running) > 0 || load_relaxed(&sched.frozen))
        return false;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    for (struct m *m = sched.threads; m && !bound; m = m->all_next)
        bound = load_relaxed(&m->home_len) > 0;
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    return bound || load_relaxed(&sched.spinning) > 0 || find_anything() ||
           (polling_neglected() && polling_awaited()) ||
           (!leat__policy.clock && next_source() <= now - IDLE_ROUND_NS);
}

/* That lasts while a thread is between two instructions, however long it waits for a processor
 * there; when all sleep, a wake-up was lost. */
static void check_wakeups(int64_t now)
{
    static int64_t since, last;

    if (!LEAT__CHECKS)
        return;
    if (now - last > 5 * IDLE_ROUND_NS || !looks_stranded(now))
        since = now;
    last = now;
    if (now - since >= STRANDED_NS && threads_sleep())
        leat__throw_all("leat: a lost wake-up: %d queued, %d thought to look for them",
                        load_relaxed(&sched.nglobal), load_relaxed(&sched.spinning));
}

/* ---- the loop ---- */

void monitor_kick(void)
{
    store_release(&sched.monitor_word, 1);
    os_futex_wake(&sched.monitor_word, 1);
}

/* Is any held proc's goroutine the concern of the monitor at all? A thread blocked in C while
 * nothing waits is not. */
static bool all_quiet(void)
{
    int n = load_acquire(&sched.nprocs);

    if (load_relaxed(&sched.running) == 0)
        return true;
    if (next_source() != INT64_MAX || polling_neglected())
        return false;
    for (int i = 0; i < n; i++) {
        struct p *p = sched.all[i];
        struct m *m = load_relaxed(&p->m);
        if (!m)
            continue;
        if (load_relaxed(&p->tick) != p->seen_tick || work_waits(p, m, false) ||
            os_thread_sleeps(m->tid) != 1)
            return false;
    }
    return true;
}

/* Everything idle for long: sleep until somebody needs us. Who queues a goroutine or sets a timer
 * and reads monitor_deep before it is 1 wakes nobody: so the same questions are asked again behind
 * it. Some of the others ask under the lock: they are before our passage, and seen, or after it,
 * and see the 1. And who fills `next` has no fence, which would be a good part of a ping-pong: his
 * store may still be on its way. It is no longer one round later. Returns whether somebody needed
 * us: then it was no such sleep, and the rounds before the next one are counted anew. Else a
 * program that rests between requests would wake us for each of them. */
static bool deep_sleep(bool decaying)
{
    int64_t until = decaying ? os_now() + DECAY_NS : INT64_MAX;

    if (load_seq(&sched.running) == 0 && next_source() == INT64_MAX) {
        int64_t again = deadlock_check(); /* the last thread may have seen one just born */
        until = again < until ? again : until;
    }
    hostile_window();
    store_seq(&sched.monitor_deep, 1);
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    fence_seq();
    int64_t round = os_now() + IDLE_ROUND_NS;
    if (all_quiet())
        os_futex_wait(&sched.monitor_word, 0, round < until ? round : until);
    if (round < until && load_seq(&sched.monitor_word) == 0 && all_quiet())
        os_futex_wait(&sched.monitor_word, 0, until);
    store_seq(&sched.monitor_deep, 0);
    return load_seq(&sched.monitor_word) != 0;
}

static void *monitor_main(void *arg)
{
    int quiet = 0;
    int64_t last_decay = 0;
    bool decaying = false;
    sigset_t none;

    (void)arg;
    sched.monitor_tid = os_gettid();
    store_release(&sched.monitor_word, 0);
    sigfillset(&none);
    fork_allow(); /* held since monitor_start */
    for (;;) {
        pthread_sigmask(SIG_SETMASK, &start_mask, NULL);
        bool started = start_threads();
        pthread_sigmask(SIG_SETMASK, &none, NULL);
        monitor_interrupted();
        int64_t now = os_now();
        polling_back_up(now);
        store_relaxed(&sched.coarse_now, now);
        bool suspect = watch_procs(now);
        watch_global(now);
        count_epochs(now);
        procs_follow(now);
        trace_line(now);
        check_invariants(now);
        check_wakeups(now);
        if (now - last_decay >= DECAY_NS) {
            decaying = stack_decay(now);
            last_decay = now;
        }
        if (leat__env.schedtrace_ms == 0 && started && !suspect && all_quiet()) {
            if (++quiet <= IDLE_ROUNDS)
                os_futex_wait(&sched.monitor_word, 0, now + IDLE_ROUND_NS);
            else if (deep_sleep(decaying))
                quiet = 0;
        } else {
            quiet = 0;
            int64_t until = now + (suspect || !started ? SUSPECT_NS : ROUND_NS);
            int64_t due = next_unkept();
            if (due > now + SUSPECT_NS / 2 && due < until)
                until = due;
            os_futex_wait(&sched.monitor_word, 0, until);
        }
        store_release(&sched.monitor_word, 0);
    }
    return NULL;
}

void monitor_start(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all;

    tell_inline_calls();
    pthread_sigmask(SIG_SETMASK, NULL, &start_mask);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 256 << 10);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    deadlock_note_threads(false);
    fork_hold(); /* until it runs */
    int err = pthread_create(&thread, &attr, monitor_main, NULL);
    deadlock_note_threads(true);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &start_mask, NULL);
    if (err)
        leat__throw(
            "cannot create the first thread (%s); raise RLIMIT_NPROC, TasksMax or pids.max",
            leat_strerror(-err));
}
