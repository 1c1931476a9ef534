/* SPDX-License-Identifier: MIT */
/*
 * sched.h - goroutines (G), threads (M) and procs (P), and what the rooms above may do to them.
 *
 * The protocol is told in sched/sched.c. Field comments name the guard: "owner" is the thread
 * that runs the goroutine or holds the proc, "lock" is sched.lock, "atomic" needs no lock.
 */
#ifndef LEAT_SCHED_SCHED_H
#define LEAT_SCHED_SCHED_H

#include <leat/go.h>
#include <stddef.h>

#include "arch/arch.h"
#include "base/config.h"
#include "base/event.h"
#include "base/rand.h"
#include "base/spin.h"
#include "base/util.h"
#include "sched/policy.h"
#include "sched/tags.h"
#include "sched/tls.h"
#include "stack/stack.h"

enum g_status {
    G_FREE,     /* on a free list, or a thread's spare */
    G_RUNNABLE, /* on a queue */
    G_RUNNING,
    G_WAITING, /* parked; reason and object say on what */
    G_SYSCALL, /* inside leat_blocking */
    G_DEAD,    /* has ended, its record not yet on a free list */
};

enum g_flags {
    G_FOREIGN = 1,         /* not a goroutine: stands for a thread that blocks itself */
    G_LOCKED = 2,          /* leat_lock_thread: its thread runs nobody else */
    G_MAIN = 4,            /* goroutine 1 */
    G_NOT_MAIN_THREAD = 8, /* about to make a blocking call: the main thread must not run it */
    G_CARRIER = 16,        /* no goroutine: a free record on the global queue, see queue.c */
    G_BOUND = 32,          /* one of its pins is libleat-posix's: leat__bind_here */
};

/* Why a goroutine waits; the texts are Go's (sched/reason.c). */
enum wait_reason {
    WAIT_NONE,
    WAIT_CHAN_RECV,
    WAIT_CHAN_SEND,
    WAIT_CHAN_RECV_NIL,
    WAIT_CHAN_SEND_NIL,
    WAIT_SELECT,
    WAIT_SELECT_NO_CASES,
    WAIT_MUTEX,
    WAIT_RWMUTEX_RLOCK,
    WAIT_RWMUTEX_LOCK,
    WAIT_COND,
    WAIT_WAITGROUP,
    WAIT_BARRIER,
    WAIT_LATCH,
    WAIT_ATOMIC,
    WAIT_SLEEP,
    WAIT_BLOCKING_SLOT,
    WAIT_SEMAPHORE,
    WAIT_SINGLEFLIGHT,
    WAIT_SIGNAL,
    WAIT_IO,
    WAIT_REASONS,
};
const char *wait_reason_text(enum wait_reason r);

/*
 * A goroutine: a type-stable record, never unmapped, whose stack exists only from its first run
 * to its end. The third and fourth line hold the captured arguments until then, and the state of
 * waiting from then on.
 */
struct g {
    void *sp;            /* owner: saved stack; before the first run the wanted stack size */
    struct g *next;      /* link of whatever queue or list it is on */
    uint32_t oncpu;      /* atomic: 1 while a thread still uses the stack; see sched.c */
    uint32_t status;     /* atomic: enum g_status */
    struct m *home;      /* owner: the only thread that may run it; NULL: any */
    struct stack *stack; /* owner: NULL before the first run */
    uint64_t id;
    uint8_t flags;    /* owner: enum g_flags */
    uint8_t captured; /* owner: 0 no arguments, 1 integer registers, 2 all; the stubs set it */
    uint16_t ends;    /* owner: earlier ends that its own end reports to `join` as well */
    uint16_t pins;    /* owner: leat_pin depth */
    uint16_t locks;   /* owner: leat_lock_thread depth */
    void *fiber;      /* TSan's */

    void (*fn)(void);
    const leat_site *site;
    uint64_t parent;
    void *join;          /* wait group or joiner to report the end to */
    leat__defer *defers; /* owner: innermost first */
    void *exceptions[2]; /* C++: this goroutine's __cxa_eh_globals */
    struct tags *tags;   /* owner: name, labels, local values; NULL: none (tags.c) */

    union {
        struct leat__args args;
        struct {
            void *object;    /* what it waits on */
            int64_t since;   /* coarse time it began to wait */
            uint32_t reason; /* enum wait_reason */
            uint32_t fired;  /* atomic: a select's winner has been found */
            uint32_t wake;   /* atomic: foreign: 1 once readied */
            uint32_t edge;   /* TSan: where wakers release and the woken acquires */
            uint32_t asleep; /* atomic: foreign: blocked in a leat call */
            struct m *left;  /* atomic: hostile build: the thread it parked on */
        } wait;
        struct {
            struct g *g[LEAT__BATCH];
            uint32_t n, taken; /* g[taken..n-1] are there */
        } batch;               /* of a free record: others that it stands for */
    } u;
} LEAT__LINE;
_Static_assert(offsetof(struct g, u) == LEAT__G_ARGS, "the assembly stores arguments there");
_Static_assert(offsetof(struct g, captured) == LEAT__G_CAPTURED, "and what there is");
_Static_assert(sizeof(struct g) == 256, "four lines");

/* The bounded queue of a proc: the owner puts and takes, others steal half. */
struct runq {
    uint32_t head LEAT__LINE; /* atomic: takers and thieves move it by CAS */
    uint32_t tail;            /* atomic: the owner stores it */
    struct g *slots[LEAT__RUNQ_SIZE];
};

/* The continuations of forks: the owner's stack, thieves take the oldest (Chase-Lev). */
struct forkq {
    int64_t top LEAT__LINE; /* atomic: thieves and the last taker move it by CAS */
    int64_t bottom;         /* atomic: the owner stores it */
    struct g *slots[LEAT__FORKQ_SIZE];
};

enum p_attention {
    P_PREEMPT = 1, /* yield at the end of the next leat call */
    P_STUCK = 2,   /* compensated: tell the scheduler at the next scheduling point */
    P_DUE = 4,     /* a source is due */
    P_SHARE = 8,   /* the global queue has waited for long: the ring goes behind it */
};

struct p {
    uint32_t tick;        /* owner: scheduling rounds; others read it to see progress */
    uint32_t attention;   /* atomic: enum p_attention */
    struct g *next;       /* atomic: runs before the queue */
    uint32_t next_budget; /* owner: picks from `next` left before the queue gets its turn */
    int id;
    int64_t next_due;         /* atomic: earliest due time of its sources; INT64_MAX: none */
    int64_t quiet_until;      /* owner: wakes for `next` alone are fruitless until then */
    uint64_t random;          /* owner */
    struct m *m;              /* lock: who holds it */
    uint64_t next_id, end_id; /* owner: a block of goroutine ids */
    int64_t alive; /* owner: started here less ended here; the sum over procs counts */
    int ngfree;    /* owner: of gfree */
    struct stack_cache stacks; /* owner */
    struct p *link;            /* lock: list of idle procs */
    void *timers;              /* the time room's */
    /* what is due; not above, where the hot fields share lines: */
    int64_t unhelped_until; /* atomic: so are wakes for what else is due */
    uint32_t help_tick;     /* atomic: `tick` when the last of those was made */
    int64_t looked;         /* owner: the clock when it last looked for something due */
    /* sysmon only: */
    uint32_t seen_tick;
    const struct m *seen_m;
    int64_t seen_cpu, seen_at, seen_since;
    int64_t stood; /* of the time since, what its thread spent computing or asleep */
    bool blocked_reported;
    uint32_t refused; /* lock: hostile build: looks at the global queue without taking */
    struct runq runq;
    struct forkq forkq;
    struct g *gfree[LEAT__G_CACHE]; /* owner: free records */
};

struct m {
    struct g *spare;   /* owner: record the next capture goes to; never NULL */
    struct g *cur;     /* owner: whose code runs; &g0 in the scheduler */
    struct p *p;       /* owner: NULL without a proc */
    uint32_t home_len; /* atomic: length of the home queue */
    bool spinning;     /* owner: looking for work without any, counted in sched.spinning */
    uint8_t patience;  /* owner: rounds of the next search before it sleeps */
    bool foreign;
    bool is_main;     /* the process's main thread */
    bool ending;      /* owner: its locked goroutine has ended, so shall it */
    bool locked_wait; /* lock: waits for its locked goroutine, on no idle list */
    uint32_t wake;    /* futex: 1 once given something to do */
    uint32_t polling; /* atomic: sleeps in the poller, not on that word */
    int tid;
    unsigned pinned;           /* atomic: goroutines pinned here */
    unsigned home_turns;       /* owner: of its home queue while others wait for a proc */
    struct g *locked;          /* owner: the goroutine locked to this thread */
    struct stack *dead_stack;  /* owner: to unmap from g0 */
    struct g *pending;         /* owner: to run from g0, off the leaver's stack */
    struct g *evict;           /* owner: goroutine that must continue on another thread */
    void (*blocking_fn)(void); /* owner: between leat__blocking_begin and _call */
    spinlock home_lock;
    struct g *home_head, *home_tail; /* home_lock: bound goroutines ready to run here */
    struct m *idle_prev, *idle_next; /* lock: the list of idle threads, or of proc waiters */
    struct m *link; /* lock: all threads, or free foreign records, or start requests */
    bool idle_listed, waits_for_proc; /* lock */
    struct g *start_g;                /* lock: run this first */
    struct g g0;                      /* the thread's own context; as a foreigner, the waiter */
    struct stack own;                 /* what is known of the thread's stack */
    uint64_t random;
    void *altstack;
    struct m *all_next; /* lock: every record ever made */
    bool exited;        /* lock */
};
_Static_assert(offsetof(struct m, spare) == LEAT__M_SPARE, "the assembly loads it from there");

struct sched {
    /* read at every scheduling round */
    uint32_t attention LEAT__LINE; /* atomic: too many procs run, or somebody waits for one */
    uint32_t frozen;               /* atomic: the process is ending */
    int running;                   /* atomic, lock to change: procs held by threads */
    int limit;                     /* atomic, lock to change: procs + compensations */
    int spinning;                  /* atomic */
    int nglobal;                   /* atomic: length of the global queue */
    int nprocs;                    /* atomic, lock to change: entries of all[] */
    uint32_t monitor_deep;         /* atomic: sysmon sleeps without a limit */
    /* the rest */
    spinlock lock LEAT__LINE;
    int procs;                                  /* lock: the user's number, or the system's */
    int compensations;                          /* lock: procs stuck in C */
    int burn_compensations;                     /* lock: of which burning */
    struct g *global_head, *global_tail;        /* lock */
    struct p *idle_procs;                       /* lock */
    struct m *idle_threads;                     /* lock */
    struct m *proc_waiters, *proc_waiters_tail; /* lock */
    struct m *start_requests;                   /* lock: threads sysmon shall create */
    struct m *threads;                          /* lock: all records */
    struct m *free_foreign;                     /* lock */
    struct m *free_workers;                  /* lock: records whose thread could not be made */
    int nthreads;                            /* lock: threads of ours */
    int blocking;                            /* atomic: goroutines inside leat_blocking */
    int expected;                            /* atomic: what may still wake somebody: signals */
    struct g *blocking_head, *blocking_tail; /* lock: waiting for a slot */
    int64_t alive;      /* atomic: as in struct p, by threads without a proc */
    uint64_t next_id;   /* atomic: first id not in anybody's block */
    int64_t coarse_now; /* atomic: a recent time */
    int64_t due_woken;  /* atomic: when a sleeper last woke for something due */
    struct m *keeper;   /* atomic, lock to change: the idle thread that keeps the time */
    int64_t keeper_due; /* atomic, lock to change: until when; INT64_MAX: nobody does */
    struct p *all[LEAT__MAX_THREADS + LEAT__MAX_PROCS];
    struct m *main_m;
    struct g *main_g;
    struct stack main_stack; /* what is known of the process's own */
    uint32_t epoch;          /* atomic: sysmon counts seconds, for what ages (sync/pool.c) */
    uint32_t main_exclusive; /* atomic: the main thread shall run goroutine 1 only */
    bool main_gone;          /* goroutine 1 has called leat_exit */
    int cpus;                /* of the machine, at the start */
    bool follows;            /* lock: procs is what the system allows, looked up every second */
    struct m *freezer;       /* atomic: the thread that ends the process; it goes on */
    int pid;
    uint32_t monitor_word; /* futex sysmon sleeps on */
    int monitor_tid;
    uint64_t starts_failed;
    int polled;             /* atomic: descriptors that the poller may have news of */
    int in_hand;            /* atomic: threads without a proc that hand out news */
    struct m *poll_sleeper; /* atomic: the idle thread that sleeps in the poller */
    uint32_t looks;         /* atomic: at the poller; counts some only */
    uint32_t inspected;     /* atomic: dumps that read what hangs on goroutines */
    uint64_t foreign_wakes; /* atomic */
};
extern struct sched sched LEAT__OURS;

/* ---- who am I ---- */

/* This thread's record; a thread that has none gets one (sched/attach.c). */
LEAT__COLD struct m *sched_attach(void);

static inline struct m *m_self(void)
{
    struct m *m = tls_m();

    if (unlikely(!m))
        m = sched_attach();
    return m;
}

static inline struct g *g_self(void)
{
    return m_self()->cur;
}

/* Spins of a search for work: quick to grow, slow to shrink. */
enum { LEAT__PATIENCE_MAX = 30, LEAT__PATIENCE_MIN = 2 };

/* ---- what the rooms above use ---- */

/* Wait until sched_ready. The caller has put g where a waker finds it and holds no lock. It may
 * have been readied already. `g` is the caller's own record. */
void sched_park(struct g *g, enum wait_reason reason, void *object);
/* The same with a limit, for foreign threads only: false when the time came first. */
bool sched_thread_park(struct g *g, int64_t deadline);
/* Make a parked goroutine, or one about to park, run again. Once per park. */
void sched_ready(struct g *g);

void sched_yield_now(struct m *m);

/* The exit path of every leat call: a chance to yield where sysmon asked for it. */
LEAT__COLD void sched_poll_slow(void);

static inline void sched_poll(struct m *m)
{
    struct p *p = m->p;

    if (unlikely((p && load_relaxed(&p->attention) & P_PREEMPT) || leat__policy.preempt ||
                 LEAT__HOSTILE))
        sched_poll_slow();
}

int64_t sched_now(void);
uint32_t sched_choose(struct m *m, uint32_t n);
/* The proc timers of this thread go to; a thread without one uses the first. */
struct p *sched_proc_of(struct m *m);
/* A source of p has become due earlier than anybody may be sleeping for. */
void sched_due_changed(struct p *p);

/* Spawn a goroutine whose end is reported to `join` by the hook the sync room sets. */
extern void (*leat__join_hook)(void *join, int ends) LEAT__OURS;
void sched_spawn_joined(void (*fn)(void), const leat_site *site, void *join, void *spawner);
/* The child runs first, the caller continues later, perhaps on another proc. */
void sched_fork_joined(void (*fn)(void), const leat_site *site, void *join, void *spawner);

/* A goroutine of the runtime's own: without a number, not counted, not shown (interrupt.c). */
void sched_spawn_own(void (*fn)(void), const leat_site *site);
/* One of those, woken from a signal handler: returns once after each sched_interrupt, at least. */
void sched_interrupt_wait(void);
void sched_interrupt(void);     /* async-signal-safe */
bool interrupt_possible(void);  /* is there one, so that handlers may run? */
bool interrupt_under_way(void); /* is it awake, or about to be? */
void interrupt_reset(void);     /* the child of a fork: nobody sleeps there */

/* One more descriptor to poll for, or one less. Who waits for one without a proc says so. */
void sched_polled(int more);
void sched_poll_wanted(void);

/* Who wants a goroutine's result: told on that goroutine, its last act. */
struct joiner {
    void (*ended)(struct joiner *j, int result);
};
#define SCHED_EXITED LEAT__LEFT /* as the result: it left by leat_exit */
/* A goroutine that sched_start will start. */
struct g *sched_spawn_held(void (*fn)(void), const leat_site *site, struct joiner *join,
                           void *spawner);
void sched_start(struct g *g);

/* A call kept for later, as often as wanted: what leat_go captures, apart from a goroutine. */
struct captured {
    void (*fn)(void);
    const leat_site *site;
    uint64_t parent;   /* who captured it counts as the creator */
    struct tags *tags; /* and these are inherited from it */
    uint8_t captured;
    struct leat__args args;
};
/* Keep what the stub has just captured in this thread's spare record. */
void sched_capture(struct m *m, struct captured *c, void (*fn)(void), const leat_site *site);
/* The same for a function of one pointer, which no stub has seen. */
void sched_capture_one(struct m *m, struct captured *c, void (*fn)(void), void *arg,
                       const leat_site *site);
/* Make it a goroutine; from a source as well. The last time, what it holds goes with it. */
void sched_spawn_captured(struct captured *c, bool last);
/* It will not be made, or not again. Not from a source: values may be dropped. */
void sched_captured_end(struct captured *c);

/* ---- between the files of this room ---- */

/* Goroutines: one more, one less. */
static inline void sched_count(struct m *m, int delta)
{
    if (likely(m->p != NULL))
        store_relaxed(&m->p->alive, m->p->alive + delta);
    else
        __atomic_add_fetch(&sched.alive, delta, __ATOMIC_RELAXED);
}

int64_t sched_alive(void); /* how many there are; exact when nobody spawns or ends */
struct g *g_alloc_shared(struct p *p);   /* from the global list, filling the proc's cache */
void g_give_back(struct p *p, int keep); /* all but some of the proc's cache to that list */

/* A record that was not used since g_take gave it. */
static inline void g_put_back(struct p *p, struct g *g)
{
    if (unlikely(p->ngfree == LEAT__G_CACHE))
        g_give_back(p, LEAT__G_CACHE / 2);
    p->gfree[p->ngfree++] = g;
}

/* From the proc's cache, else the global list; NULL: no memory. The record after this one is in
 * use soon: bring what a start writes near. */
static inline struct g *g_take(struct p *p)
{
    if (unlikely(!p || p->ngfree == 0))
        return g_alloc_shared(p);
    struct g *g = p->gfree[--p->ngfree];
    if (likely(p->ngfree > 0)) {
        const char *after = (const char *)p->gfree[p->ngfree - 1];
        prefetch(after);
        prefetch(after + 64);
    }
    return g;
}

static inline struct g *g_alloc(struct m *m)
{
    return g_take(m->p);
}

static inline void g_release(struct m *m, struct g *g)
{
    g->captured = 0;
    store_relaxed(&g->status, G_FREE);
    g_put_back(m->p, g);
}

void g_fork_begin(void); /* hold the lock over a fork */
void g_fork_end(void);
void g_each(void (*visit)(struct g *g, void *arg), void *arg);
const char *g_check(void);

struct g *runq_get(struct runq *q);

/* False: full. */
static inline bool runq_put(struct runq *q, struct g *g)
{
    uint32_t head = load_acquire(&q->head);
    uint32_t tail = q->tail;

    if (unlikely(tail - head >= LEAT__RUNQ_SIZE))
        return false;
    store_relaxed(&q->slots[tail % LEAT__RUNQ_SIZE], g);
    store_release(&q->tail, tail + 1);
    return true;
}

uint32_t runq_len(const struct runq *q);
uint32_t runq_steal(struct runq *from, struct runq *to, struct g **first);
bool forkq_push(struct forkq *q, struct g *g);
struct g *forkq_pop(struct forkq *q);
struct g *forkq_steal(struct forkq *q);
bool forkq_empty(const struct forkq *q);

void global_put(struct g *g);
void global_put_locked(struct g *g); /* sched.lock held */
struct g *global_get(struct p *p, int max);
void queue_local(struct p *p, struct g *g); /* to the tail, overflowing to the global queue */
void queue_share(struct p *p);              /* the whole ring to the tail of the global queue */
void sched_start_next(struct p *p, struct g *g); /* queue a new one where nobody stands */

struct g *find_local(struct m *m, struct p *p); /* the next goroutine, or NULL: enter g0 */
struct g *find_stealing(struct m *m);
bool find_anything(void); /* is there work anywhere that a thief could take? */
bool find_neglected(const struct p *p, int64_t now); /* what is due of p is everybody's */
bool find_next(void);                                /* does anything stand in a `next` slot? */
struct g *find_polled(struct m *m); /* as the poller says, without sleeping; NULL: nobody */
void find_overdue(void);            /* wake a helper for a proc of which more is due */

LEAT__COLD void wake_slow(void); /* the rest of wake_for_work */
void wake_successor(
    void); /* wake_for_work by a searcher that has found work, if there is more */
LEAT__COLD void wake_one(void);

/* A thread for new work, if a proc may run and nobody looks. */
static inline void wake_for_work(void)
{
    fence_seq();
    if (unlikely(load_relaxed(&sched.running) < load_relaxed(&sched.limit) ||
                 load_relaxed(&sched.monitor_deep)))
        wake_slow();
}
void wake_home(struct m *home, struct g *g);
struct g *home_take_main(struct m *m);   /* goroutine 1 off its home queue; NULL: not there */
void proc_release_and_wait(struct m *m); /* give the proc up, sleep, return with one */
bool proc_try_acquire(struct m *m);
/* The caller, g, has none and none is free: queue it, and let the thread serve on from its own
 * context until there is one. */
void sched_requeue(struct m *m, struct g *g);
void proc_wait(struct m *m);  /* return with a proc, for bound work */
bool proc_claim(struct m *m); /* a proc for a thread on the idle list, off which it comes */
bool idle_leave(struct m *m); /* off the idle list; false: somebody has taken it off */
/* Back on it; true: not so, bound work has come meanwhile, and the thread has a proc for it. */
bool idle_enter(struct m *m);
void await_proc(struct m *m);        /* from no list, or from that of proc waiters */
void idle_sleep(struct m *m);        /* from there, until it has a proc */
int64_t earliest_due(bool held_too); /* of all procs, or of those that no thread holds */
bool due_now(int64_t due);
void proc_hand_off(struct m *m); /* the proc goes to another thread or idles */
/* Under the lock, for each proc that no thread holds: none can take it meanwhile. */
void procs_each_idle(void (*visit)(const struct p *p, void *arg), void *arg);
void proc_stuck_returned(struct p *p);
void proc_update_attention(void); /* lock held */
void proc_compensate(struct p *p, bool burning);
int procs_default(void);
void procs_follow(int64_t now); /* sysmon's */
struct p *proc_new(void);

void sched_loop(struct m *m) __attribute__((noreturn));
void sched_enter_g0(struct m *m, struct g *self); /* switch to the thread's own context */
void sched_resume(struct m *m, struct g *self, struct g *next);
void sched_run_first(struct g *child,
                     struct m *m); /* child first, the caller continues later */
struct leat__next sched_exit_goroutine(struct m *m, struct g *g);

enum polling {
    POLLING_TAKEN, /* no descriptors, or another thread sleeps there */
    POLLING_SLEPT, /* until woken, or the time */
    POLLING_PROC,  /* there was news: the thread has a proc, and its ring goroutines */
};
enum polling polling_sleep(struct m *m, int64_t until); /* by a thread on the idle list */
void polling_wake(struct m *m);                         /* if it sleeps there */
void polling_back_up(int64_t now); /* sysmon: nobody has looked for a while */
bool polling_neglected(void);      /* might nobody look? */
bool polling_awaited(void);
int sched_ready_all(struct m *m, struct g *list); /* how many this thread can run now */

void monitor_start(void);
void monitor_kick(void);
void monitor_interrupted(void); /* sysmon: ready the goroutine that a handler has asked for */
struct m *thread_record(bool foreign);
void thread_give_up(struct m *m);                             /* sysmon could not create it */
void thread_request(struct p *p, bool spinning, struct g *g); /* lock not held */
void *thread_main(void *m);
void thread_exit_locked(struct m *m);
void thread_end_if_asked(struct m *m);
bool thread_has_guests(const struct m *m); /* pinned goroutines beside goroutine 1 */
void thread_forget(void);                  /* this thread ends, or has nothing to do with us */
/* Continue on another thread if this is the main one and g is not bound to it. */
struct m *sched_leave_main_thread(struct m *m, struct g *g);
void overflow_install(struct m *m);
void overflow_thread_stack(struct m *m);
void process_install(void);
void watermark_install(void); /* LEAT_DEBUG=stacks */
void watermark_report(void);
void fork_hold(void); /* no fork from here on: this thread may be inside somebody's locks */
void fork_allow(void);
void process_check_usable(void); /* fatal in the child of a fork that may not use leat */
void attach_reset(void);
/* Fatal if all are asleep. When to look once more, if that cannot be told yet; else INT64_MAX. */
int64_t deadlock_check(void);
bool threads_sleep(void);               /* all but the caller, in the kernel */
void deadlock_note_threads(bool after); /* around the first thread we make */

#endif
