/* SPDX-License-Identifier: MIT */
/*
 * attach.c - threads meet the runtime: its start, worker threads, foreign threads.
 *
 * The first leat call starts the runtime. If it comes from the process's main thread after main
 * has begun, that code becomes goroutine 1, on the stack it already has; the thread gets another
 * stack for its scheduler loop. Any other thread is foreign for ever: its record carries a
 * pseudo-goroutine that blocks the thread itself. A constructor that runs before main on the
 * main thread is foreign too: it holds the dynamic linker's lock, which knows its owner.
 */
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#include "base/env.h"
#include "base/fatal.h"
#include "os/clock.h"
#include "os/mem.h"
#include "os/os.h"
#include "sched/sched.h"

enum { MAIN_LOOP_STACK = 8 << 20 }; /* as other threads': pinned goroutines may call C there */

static spinlock attach_lock;
static bool started;       /* attach_lock */
static bool runtime_ready; /* atomic: runtime_start has returned */
static pthread_key_t thread_key;
static struct m *early; /* main thread: its record before main */

/* ---- has main begun? ---- */

struct init_search {
    uintptr_t function;
    bool found;
};

/* Is the function one of a module's constructors? */
static int in_init_array(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct init_search *search = arg;
    const ElfW(Dyn) *dyn = NULL;
    const uintptr_t *array[2] = {NULL, NULL};
    size_t bytes[2] = {0, 0};

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            dyn = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    for (; dyn && dyn->d_tag != DT_NULL; dyn++) {
        if (dyn->d_tag == DT_INIT_ARRAY || dyn->d_tag == DT_PREINIT_ARRAY) {
            uintptr_t at = dyn->d_un.d_ptr; /* some linkers relocate it in place, some not */
            if (at < info->dlpi_addr)
                at += info->dlpi_addr;
            array[dyn->d_tag == DT_PREINIT_ARRAY] = (const uintptr_t *)at;
        } else if (dyn->d_tag == DT_INIT_ARRAYSZ || dyn->d_tag == DT_PREINIT_ARRAYSZ) {
            bytes[dyn->d_tag == DT_PREINIT_ARRAYSZ] = dyn->d_un.d_val;
        }
    }
    for (int a = 0; a < 2; a++)
        for (size_t i = 0; array[a] && i < bytes[a] / sizeof(uintptr_t); i++)
            if (array[a][i] == search->function)
                search->found = true;
    return search->found;
}

static _Unwind_Reason_Code visit_frame(struct _Unwind_Context *ctx, void *arg)
{
    struct init_search *search = arg;

    search->function = _Unwind_GetRegionStart(ctx);
    if (search->function)
        dl_iterate_phdr(in_init_array, search);
    return search->found ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static bool before_main(void)
{
    struct init_search search = {0, false};

    _Unwind_Backtrace(visit_frame, &search);
    return search.found;
}

/* ---- records ---- */

/* Lock held. */
struct m *thread_record(bool foreign)
{
    struct m *m;

    if (foreign && sched.free_foreign) {
        m = sched.free_foreign;
        sched.free_foreign = m->link;
        m->exited = false;
        return m;
    }
    if (!foreign && sched.free_workers) {
        m = sched.free_workers;
        sched.free_workers = m->link;
        return m;
    }
    m = leat__need(leat__alloc_aligned(sizeof(*m), 64), "a thread's record");
    m->foreign = foreign;
    m->cur = &m->g0;
    m->patience = LEAT__PATIENCE_MAX;
    m->g0.stack = &m->own;
    m->g0.flags = G_FOREIGN; /* what runs on the thread's own stack blocks the thread */
    m->g0.status = G_RUNNING;
    m->random = (uint64_t)os_now() ^ (uint64_t)(uintptr_t)m;
    if (m->random == 0)
        m->random = 1;
    m->all_next = sched.threads;
    sched.threads = m;
    return m;
}

static void own_stack_bounds(struct stack *s)
{
    pthread_attr_t attr;
    void *lo;
    size_t size;

    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return;
    if (pthread_attr_getstack(&attr, &lo, &size) == 0) {
        s->lo = lo;
        s->hi = (char *)lo + size;
    }
    pthread_attr_destroy(&attr);
    leat__san_thread_stack(s->lo, s->hi);
}

static void take_spare(struct m *m)
{
    m->spare = leat__need(g_alloc(m), "a goroutine's record");
}

/* ---- worker threads ---- */

void *thread_main(void *arg)
{
    struct m *m = arg;

    pthread_setname_np(pthread_self(), "leat");
    m->tid = os_gettid();
    own_stack_bounds(&m->own);
    leat__tls_m = m;
    pthread_setspecific(thread_key, m);
    m->g0.fiber = leat__san_fiber_self();
    san_release(leat_errno_location());
    overflow_install(m);
    if (!m->spare)
        take_spare(m);
    fork_allow(); /* held since thread_create */
    sched_loop(m);
}

/* ---- foreign threads ---- */

/* Of the key's value, when a thread ends. exit ends the process and not the main thread: it does
 * not come here. */
static void thread_gone(void *arg)
{
    struct m *m = arg;

    if (!m->foreign)
        leat__throw(
            "leat: pthread_exit or pthread_cancel on a goroutine; return, or leat_exit");
    tags_end(&m->g0);
    leat__tls_m = NULL;
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    m->exited = true;
    m->link = sched.free_foreign;
    sched.free_foreign = m;
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
}

static struct m *attach_foreign(void)
{
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    struct m *m = thread_record(true);
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    m->tid = os_gettid();
    m->g0.u.wait.wake = 0;
    m->g0.defers = NULL;
    if (!m->spare)
        take_spare(m);
    return m;
}

/* Known by its thread-local word from now on. */
static struct m *attach_foreign_for_good(void)
{
    struct m *m = attach_foreign();

    pthread_setspecific(thread_key, m);
    leat__tls_m = m;
    return m;
}

/* A constructor on the main thread: foreign, and only until main begins. So the thread-local
 * word stays empty, and each call of the constructor comes here. */
static struct m *attach_early(void)
{
    if (!early)
        early = attach_foreign();
    return early;
}

/* ---- the main thread ---- */

static struct m *attach_main(void)
{
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    struct m *m = thread_record(false);
    sched.nthreads++;
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    m->is_main = true;
    m->tid = os_gettid();
    sched.main_m = m;
    leat__tls_m = m;
    pthread_setspecific(thread_key, m);
    take_spare(m);

    struct g *g = leat__need(g_alloc(m), "goroutine 1");
    struct stack *own = &sched.main_stack;
    own_stack_bounds(own);
    g->id = 1;
    g->flags = G_MAIN;
    g->home = leat__env.main_migrates ? NULL : m;
    g->stack = own;
    g->oncpu = 1;
    g->status = G_RUNNING;
    g->fiber = leat__san_fiber_self();
    sched.main_g = g;

    struct stack_cache none = {.n = 0};
    struct stack *loop = leat__need(stack_get(&none, MAIN_LOOP_STACK),
                                    "the main thread's scheduler stack");
    m->g0.stack = loop;
    m->g0.sp = leat__prepare(loop->hi);
    m->g0.fiber = leat__san_fiber_make(0, "scheduler of the main thread", NULL);
    m->cur = g;
    overflow_install(m);
    if (!proc_try_acquire(m)) { /* goroutines of a constructor still run */
        sched_requeue(m, g);
        m = tls_m();
    }
    sched_count(m,
                1); /* not before: without a proc it would look asleep to the deadlock check */
    return m;
}

/* ---- start ---- */

static void runtime_start(void)
{
    leat__env_read();
    leat__san_init();
    sched.pid = getpid();
    sched.next_id = 2; /* goroutine 1 is main's */
    sched.coarse_now = os_now();
    sched.keeper_due = INT64_MAX;
    sched.follows = leat__env.procs == 0;
    sched.procs = sched.follows ? procs_default() : leat__env.procs;
    sched.limit = sched.procs;
    sched.cpus = os_cpu_count();
    pthread_key_create(&thread_key, thread_gone);
    process_install();
    monitor_start();
}

/* A thread of ours that ends as it should. */
void thread_forget(void)
{
    pthread_setspecific(thread_key, NULL);
    leat__tls_m = NULL;
}

/* The child of a fork starts over: nothing of the parent's runtime exists in it. */
void attach_reset(void)
{
    attach_lock.held = 0;
    if (runtime_ready)
        pthread_setspecific(thread_key, NULL);
    started = false;
    runtime_ready = false;
    leat__tls_m = NULL;
}

struct m *sched_attach(void)
{
    process_check_usable();
    spin_lock(&attach_lock, LEAT__RANK_LEAF);
    bool start = !started;
    started = true;
    if (start) {
        spin_unlock(&attach_lock, LEAT__RANK_LEAF);
        runtime_start();
        store_release(&runtime_ready, true);
    } else {
        spin_unlock(&attach_lock, LEAT__RANK_LEAF);
        while (!load_acquire(&runtime_ready))
            sched_yield();
    }
    bool main_thread = os_gettid() == getpid();
    if (!main_thread || sched.main_m)
        return attach_foreign_for_good();
    if (before_main())
        return attach_early();
    if (early)
        thread_gone(early);
    early = NULL;
    return attach_main();
}

struct m *leat__thread_attach(void)
{
    return m_self();
}
