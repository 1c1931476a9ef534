/* SPDX-License-Identifier: MIT */
/*
 * context_after.c - leat_ctx_after_func: a goroutine that starts when a context is over.
 *
 * PICTURE   token {record, number}      record: number | ARMED, a watch, the captured call
 *   The token is a value, so that one who never stops the function has nothing to free. Records
 *   are recycled and never given back: an old token finds an old record, whose number has grown.
 *
 * PROTOCOL  Whoever takes ARMED out of the record's word has the record: the canceller makes the
 *   goroutine, the stopper drops the call, the other does nothing. A canceller that has lost still
 *   has to let the watch go, which the stopper awaits before it recycles the record.
 *
 * REFERENCES  An armed record holds one on the context that it watches. The stopper drops it; a
 *   canceller may not while it walks the tree, so it is owed (park/cancel.c, LIFETIME).
 *
 * PROOF  tests/golike/context_after_test.c, tests/stress/cancel_test.c.
 */
#include "base/fatal.h"
#include "flow/context.h"
#include "os/mem.h"
#include "sched/sched.h"

#define ARMED UINT64_C(1)

struct after {
    struct watch watch;
    uint64_t word; /* atomic: number * 2, + ARMED */
    struct cancel *source;
    struct captured call;
    void (*drop)(void *closure); /* C++: what goes when the call is not made; NULL: nothing */
    void *closure;
    struct after *next; /* the pool's */
};

static struct {
    spinlock lock;
    struct after *free;
} after_pool;

static struct after *pool_take(void)
{
    spin_lock(&after_pool.lock, LEAT__RANK_LEAF);
    struct after *a = after_pool.free;
    if (a)
        after_pool.free = a->next;
    spin_unlock(&after_pool.lock, LEAT__RANK_LEAF);
    return a ? a : leat__need(leat__alloc(sizeof(*a)), "a function of a context");
}

static void pool_put(struct after *a)
{
    spin_lock(&after_pool.lock, LEAT__RANK_LEAF);
    a->next = after_pool.free;
    after_pool.free = a;
    spin_unlock(&after_pool.lock, LEAT__RANK_LEAF);
}

/* Have the record of that number, if nobody has. */
static bool take_armed(struct after *a, uint64_t number)
{
    uint64_t armed = number * 2 + ARMED;

    return cas(&a->word, &armed, number * 2);
}

/* Ours: the goroutine starts, the record goes. */
static void after_start(struct after *a)
{
    san_acquire(a);
    sched_spawn_captured(&a->call, true);
    pool_put(a);
}

static void after_fire(struct watch *w, int err)
{
    struct after *a = container_of(w, struct after, watch);

    (void)err;
    if (take_armed(a, load_relaxed(&a->word) / 2)) {
        a->source->owed++;
        after_start(a);
    } else {
        watch_let_go(w);
    }
}

/* The spare holds the captured registers until the next capture: nothing before sched_capture
 * may switch. */
leat_ctx_after leat__ctx_after(void (*fn)(void), const leat_site *site, leat_ctx *ctx,
                               void (*drop)(void *closure), void *closure)
{
    struct m *m = m_self();

    if (!fn)
        leat__throw("go of nil func value");
    if (!ctx || !ctx->source) {
        if (drop)
            drop(closure);
        return (leat_ctx_after){NULL, 1};
    }
    struct after *a = pool_take();
    uint64_t number = a->word / 2 + 1;
    sched_capture(m, &a->call, fn, site);
    a->drop = drop;
    a->closure = closure;
    a->source = ctx->source;
    a->watch.fire = after_fire;
    leat_ctx_ref(ctx_of_source(ctx->source));
    san_release(a);
    store_release(&a->word, number * 2 + ARMED);
    if (!cancel_watch(ctx->source, &a->watch)) {
        (void)cancel_err(ctx->source);
        take_armed(a, number);
        after_start(a);
        leat_ctx_unref(ctx_of_source(ctx->source));
    }
    sched_poll(m_self());
    return (leat_ctx_after){a, number};
}

bool leat_ctx_after_stop(leat_ctx_after token)
{
    struct after *a = token.leat__record;

    if (!a)
        return token.leat__number != 0;
    if (!take_armed(a, token.leat__number))
        return false;
    cancel_unwatch(a->source, &a->watch);
    leat_ctx *ctx = ctx_of_source(a->source);
    void (*drop)(void *) = a->drop;
    void *closure = a->closure;
    sched_captured_end(&a->call);
    pool_put(a);
    if (drop)
        drop(closure);
    leat_ctx_unref(ctx);
    sched_poll(m_self());
    return true;
}
