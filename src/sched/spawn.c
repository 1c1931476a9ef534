/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - leat_go: from a captured call to a queued goroutine; and its end.
 *
 * The capture stub has put the argument registers into m->spare (arch/arch.h). The commit makes
 * that record a goroutine, gives the thread a new spare and queues it: no stack yet, no system
 * call, no lock while the caches last.
 */
#include <string.h>

#include "arch/sanitize.h"
#include "base/fatal.h"
#include "sched/sched.h"

void (*const leat__capture)(void) = leat__capture_stub;
void (*const leat__capture_ints)(void) = leat__capture_ints_stub;

void (*leat__join_hook)(void *join, int ends);

/* A bit of g->join: it is a struct joiner. */
enum { JOIN_RESULT = 1 };

LEAT__COLD static void spawn_oom(void)
{
    leat__throw(
        "out of memory: cannot allocate a goroutine; raise the memory limit (ulimit -v, "
        "RLIMIT_AS, the cgroup) or start fewer goroutines at once");
}

/* Ids come in blocks, and the number of goroutines is kept per proc: a shared word would cost
 * two cores a cache line for each spawn and each end. */
enum { ID_BLOCK = 64 };

static inline uint64_t next_id(struct p *p)
{
    if (unlikely(!p))
        return __atomic_fetch_add(&sched.next_id, 1, __ATOMIC_RELAXED);
    if (unlikely(p->next_id == p->end_id)) {
        p->next_id = __atomic_fetch_add(&sched.next_id, ID_BLOCK, __ATOMIC_RELAXED);
        p->end_id = p->next_id + ID_BLOCK;
    }
    return p->next_id++;
}

int64_t sched_alive(void)
{
    int64_t sum = load_acquire(&sched.alive);
    int n = load_acquire(&sched.nprocs);

    for (int i = 0; i < n; i++)
        sum += load_acquire(&sched.all[i]->alive);
    return sum;
}

/* Turn the spare record into a goroutine that inherits `tags`; NULL when no new spare can be
 * had. */
static inline struct g *spawn_with(struct m *m, void (*fn)(void), const leat_site *site,
                                   const struct tags *tags)
{
    struct g *g = m->spare;
    struct g *spare = g_alloc(m);

    if (unlikely(!fn))
        leat__throw("go of nil func value");
    if (unlikely(!spare))
        return NULL;
    m->spare = spare;
    g->sp = NULL;
    g->oncpu = 0;
    g->home = NULL;
    g->stack = NULL;
    g->id = next_id(m->p);
    g->flags = 0;
    g->ends = 0;
    g->pins = 0;
    g->locks = 0;
    g->fn = fn;
    g->site = site;
    g->parent = m->cur->id;
    g->join = NULL;
    g->defers = NULL;
    g->exceptions[0] = NULL;
    g->exceptions[1] = NULL;
    if (unlikely(tags != NULL))
        tags_inherit(g, tags);
    sched_count(m, 1);
    store_relaxed(&g->status, G_RUNNABLE);
    return g;
}

static inline struct g *spawn(struct m *m, void (*fn)(void), const leat_site *site)
{
    return spawn_with(m, fn, site, m->cur->tags);
}

LEAT__COLD static void make_fiber(struct g *g, void *spawner)
{
    const char *name = tags_name(g);

    if (!name && g->site)
        name = g->site->func;

    g->fiber = leat__san_fiber_make(g->id, name, spawner);
    san_reset(&g->fn);
}

/* Queue a new goroutine. Unlike who wakes another, its spawner goes on: it takes nobody's place. */
__attribute__((always_inline)) static inline void start(struct m *m, struct g *g)
{
    struct p *p = m->p;

    if (unlikely(!p) || LEAT__HOSTILE) {
        sched_ready(g);
        return;
    }
    leat__event(LEAT__EV_READY, g->id, m->cur->id);
    if (unlikely(!load_relaxed(&p->next))) {
        sched_start_next(p, g);
        return;
    }
    if (unlikely(!runq_put(&p->runq, g)))
        queue_local(p, g);
    wake_for_work();
}

static inline void tell_tools(struct g *g, void *spawner)
{
    leat__event(LEAT__EV_SPAWN, g->id, g->parent);
    if (unlikely(leat__san_thread))
        make_fiber(g, spawner);
}

/* After this the goroutine may already have ended. */
__attribute__((always_inline)) static inline void launch(struct m *m, struct g *g,
                                                         void *spawner)
{
    tell_tools(g, spawner);
    start(m, g);
}

void leat__go_commit(void (*fn)(void), const leat_site *site)
{
    struct m *m = m_self();
    struct g *g = spawn(m, fn, site);

    if (unlikely(!g))
        spawn_oom();
    launch(m, g, __builtin_return_address(0));
    sched_poll(m);
}

int leat__go_commit_try(void (*fn)(void), const leat_site *site)
{
    struct m *m = m_self();
    struct g *g = spawn(m, fn, site);

    if (!g)
        return -ENOMEM;
    /* A stack now, so that the first run cannot fail later. */
    struct stack_cache none = {.n = 0};
    struct stack *s = stack_get(m->p ? &m->p->stacks : &none, 0);
    if (!m->p)
        stack_flush(&none);
    if (!s) {
        sched_count(m, -1);
        tags_unref(g->tags); /* not the last reference */
        g->tags = NULL;
        store_relaxed(&g->status, G_FREE);
        m->spare->next = NULL;
        if (m->p)
            g_release(m, m->spare);
        m->spare = g;
        return -ENOMEM;
    }
    g->stack = s;
    g->sp = leat__prepare(s->hi);
    launch(m, g, __builtin_return_address(0));
    sched_poll(m_self());
    return 0;
}

void leat__go_commit_opts(void (*fn)(void), const leat_site *site, const leat_go_opts *opts)
{
    static const leat_go_opts defaults;
    if (!opts)
        opts = &defaults;
    struct m *m = m_self();
    struct g *g = spawn(m, fn, opts->site ? opts->site : site);

    if (unlikely(!g))
        spawn_oom();
    g->sp = (void *)(uintptr_t)opts->stack_size;
    if (opts->labels)
        tags_add_labels(g, opts->labels);
    if (opts->name)
        tags_set_name(g, opts->name);
    launch(m, g, __builtin_return_address(0));
    sched_poll(m_self());
}

/* ---- for the rooms above: calls kept for later ---- */

static void capture(struct m *m, struct captured *c, void (*fn)(void), const leat_site *site)
{
    c->fn = fn;
    c->site = site;
    c->parent = m->cur->id;
    c->tags = tags_heritage(m->cur->tags);
}

void sched_capture(struct m *m, struct captured *c, void (*fn)(void), const leat_site *site)
{
    capture(m, c, fn, site);
    c->captured = m->spare->captured;
    c->args = m->spare->u.args;
}

void sched_capture_one(struct m *m, struct captured *c, void (*fn)(void), void *arg,
                       const leat_site *site)
{
    capture(m, c, fn, site);
    c->captured = 1;
    c->args.ints[0] = (uintptr_t)arg;
}

void sched_spawn_captured(struct captured *c, bool last)
{
    struct m *m = m_self();

    m->spare->captured = c->captured;
    m->spare->u.args = c->args;
    struct g *g = spawn_with(m, c->fn, c->site, last ? NULL : c->tags);
    if (unlikely(!g))
        spawn_oom();
    if (last) {
        g->tags = c->tags;
        c->tags = NULL;
    }
    g->parent = c->parent;
    launch(m, g, NULL);
}

void sched_captured_end(struct captured *c)
{
    tags_unref(c->tags);
    c->tags = NULL;
}

void sched_spawn_own(void (*fn)(void), const leat_site *site)
{
    struct m *m = m_self();

    m->spare->captured = 0;
    struct g *g = spawn_with(m, fn, site, NULL);
    if (unlikely(!g))
        spawn_oom();
    g->id = 0;
    sched_count(m, -1);
    launch(m, g, NULL);
}

/* ---- for the sync room: goroutines that report their end ---- */

void sched_spawn_joined(void (*fn)(void), const leat_site *site, void *join, void *spawner)
{
    struct m *m = m_self();
    struct g *g = spawn(m, fn, site);

    if (unlikely(!g))
        spawn_oom();
    g->join = join;
    launch(m, g, spawner);
    sched_poll(m);
}

void sched_fork_joined(void (*fn)(void), const leat_site *site, void *join, void *spawner)
{
    struct m *m = m_self();
    struct g *g = spawn(m, fn, site);

    if (unlikely(!g))
        spawn_oom();
    g->join = join;
    /* Bound goroutines cannot be continued by others; foreigners have no proc. */
    if (unlikely(!m->p || m->cur->home || m->cur->flags || LEAT__HOSTILE)) {
        launch(m, g, spawner);
    } else {
        tell_tools(g, spawner);
        sched_run_first(g, m);
    }
    sched_poll(m_self());
}

/* ---- for the flow room: goroutines whose result is told ---- */

struct g *sched_spawn_held(void (*fn)(void), const leat_site *site, struct joiner *join,
                           void *spawner)
{
    struct g *g = spawn(m_self(), fn, site);

    if (unlikely(!g))
        spawn_oom();
    g->join = (void *)((uintptr_t)join | JOIN_RESULT);
    tell_tools(g, spawner);
    return g;
}

void sched_start(struct g *g)
{
    start(m_self(), g);
}

/* ---- the end ---- */

static void tell_result(struct g *g, int result)
{
    struct joiner *j = (void *)((uintptr_t)g->join - JOIN_RESULT);

    g->join = NULL;
    j->ended(j, result);
}

/* On a stack that may be given back at its end. */
__attribute__((no_sanitize("address"))) struct leat__next leat__g_end(int result)
{
    struct m *m = tls_m();
    struct g *g = m->cur;

    if (unlikely(g->tags != NULL)) {
        tags_end(g);
        m = tls_m(); /* that may have switched */
    }
    if (unlikely((uintptr_t)g->join & JOIN_RESULT)) {
        tell_result(g, result);
        m = tls_m(); /* that too */
    }
    leat__event(LEAT__EV_EXIT, g->id, 0);
    sched_count(m, -1);
    if (unlikely(g->pins > 0))
        fetch_sub(&m->pinned, 1);
    if (unlikely(g->flags & G_LOCKED))
        thread_exit_locked(m);
    return sched_exit_goroutine(m, g);
}

void leat_exit(void)
{
    struct g *g = g_self();

    if (g->flags & G_FOREIGN)
        leat__throw("leat: leat_exit on a thread that is no goroutine");
    while (g->defers) {
        leat__defer *d = g->defers;
        g->defers = d->prev;
        d->fn(d->arg);
    }
    if (g->flags & G_MAIN) {
        sched_count(tls_m(), -1);
        sched.main_gone = true;
        store_relaxed(&g->status, G_DEAD);
        sched_park(g, WAIT_NONE, NULL); /* its stack is the process's; it never comes back */
    }
    leat__leave();
}

/* ---- deferred calls ---- */

void leat__defer_push(leat__defer *d, void (*fn)(void *), void *arg)
{
    struct g *g = g_self();

    d->fn = fn;
    d->arg = arg;
    d->prev = g->defers;
    g->defers = d;
}

void leat__defer_run(leat__defer *d)
{
    struct g *g = g_self();

    if (unlikely(g->defers != d))
        leat__throw("leat: deferred calls run out of order (goto into or out of their block?)");
    g->defers = d->prev;
    d->fn(d->arg);
}

/* ---- looking around ---- */

uint64_t leat_id(void)
{
    struct g *g = g_self();

    return g->flags & G_FOREIGN ? 0 : g->id;
}

const char *leat_name(void)
{
    const char *name = tags_name(g_self());

    return name ? name : "";
}

int leat_num_goroutine(void)
{
    m_self();
    return (int)sched_alive();
}

void leat_panic(const char *fmt, ...)
{
    va_list args;

    m_self();
    va_start(args, fmt);
    leat__vpanic(fmt, args);
}
