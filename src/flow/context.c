/* SPDX-License-Identifier: MIT */
/*
 * context.c - contexts: a tree of requests, each of which can be told to stop.
 *
 * PICTURE    background (NULL)
 *               cancel ctx                a reference upwards:     child -> parent, one each
 *              /     \                    being told downwards:    struct cancel (park/cancel.h)
 *          value    deadline ctx, its timer
 *            |
 *          cancel ctx
 *   A context that cannot be cancelled by itself has no struct cancel: its `source` is the nearest
 *   ancestor's, so all below it look, wait and are told there.
 *
 * REFERENCES  Held by: whoever made it or took leat_ctx_ref; each child; each function that waits
 *   for it (context_after.c); the timer while it is set. So a context that can still be told
 *   lives on below its parent, as in Go, until it is cancelled. The last reference detaches it
 *   and goes on to the parent in a loop, not by recursion.
 *
 * THE TIMER is a detached one with a reference of its own, so that its function may drop the last.
 *   Who disarms it before it fires gives that reference back. The maker arms, fence, looks at err;
 *   the canceller sets err, fence, disarms: one of the two finds the other's, and nobody is late.
 *
 * DONE  A channel made when first asked for. err is set before it is closed; leat_ctx_err waits
 *   for the close, a few instructions of a thread that runs, so that err and done are seen
 *   together (Go's #75533). One that is made later is closed before anybody can see it.
 *
 * CAUSES  belong to the context that was cancelled with one; descendants, which hold a reference,
 *   point to it.
 *
 * REJECTED  A lock for each tree: unrelated requests below one server's context would meet there.
 *
 * PROOF  tests/golike/context_test.c, tests/stress/cancel_test.c, tests/fault/context_fault_test.c.
 */
#include "flow/context.h"

#include <string.h>

#include "base/fatal.h"
#include "chan/chan.h"
#include "os/mem.h"
#include "time/after.h"
#include "time/timer.h"

struct cause {
    int err;
    const char *text;
};

struct value_ctx {
    struct leat_ctx ctx;
    const void *key;
    void *value;
};

struct cancel_ctx {
    struct leat_ctx ctx;
    struct cancel cancel;
    leat_chan_base *done; /* cancel.lock to set, atomic to read; NULL: nobody has asked */
    uint32_t said;        /* atomic: over, and done is closed, if it was there */
    struct cause *cause;  /* canceller: a heap block that is ours */
    void (*freed)(leat_ctx *ctx); /* ctx_make_told; or NULL */
};

struct deadline_ctx {
    struct cancel_ctx base;
    struct timer timer;
    struct cause *expiry; /* constant: a heap block, or NULL: just late */
};

static const struct cause canceled = {-ECANCELED, "context canceled"};
static const struct cause exceeded = {-ETIMEDOUT, "context deadline exceeded"};

static struct cancel_ctx *cancel_ctx_of(struct cancel *c)
{
    return container_of(c, struct cancel_ctx, cancel);
}

leat_ctx *ctx_of_source(struct cancel *source)
{
    return &cancel_ctx_of(source)->ctx;
}

static struct cancel *source_of(leat_ctx *ctx)
{
    return ctx ? ctx->source : NULL;
}

static int64_t deadline_of(const leat_ctx *ctx)
{
    return ctx ? ctx->deadline : INT64_MAX;
}

/* ---- references ---- */

leat_ctx *leat_ctx_ref(leat_ctx *ctx)
{
    if (ctx)
        __atomic_add_fetch(&ctx->refs, 1, __ATOMIC_RELAXED);
    return ctx;
}

LEAT__COLD static void watched(void)
{
    leat__throw("leat: free of a context with goroutines waiting on it");
}

static void ctx_destroy(leat_ctx *ctx)
{
    if (ctx->kind >= CTX_CANCEL) {
        struct cancel_ctx *c = (struct cancel_ctx *)ctx;
        cancel_detach(&c->cancel);
        if (c->cancel.watches)
            watched();
        leat_chan_base_free(c->done);
        leat__free(c->cause);
    }
    if (ctx->kind == CTX_DEADLINE)
        leat__free(((struct deadline_ctx *)ctx)->expiry);
    leat__free(ctx);
}

void leat_ctx_unref(leat_ctx *ctx)
{
    while (ctx) {
        leat_ctx *parent = ctx->parent;
        san_release(&ctx->refs);
        if (__atomic_sub_fetch(&ctx->refs, 1, __ATOMIC_ACQ_REL) != 0)
            return;
        san_acquire(&ctx->refs);
        ctx_destroy(ctx);
        ctx = parent;
    }
}

/* ---- being cancelled ---- */

static void ctx_over(struct cancel *cancel)
{
    struct cancel_ctx *c = cancel_ctx_of(cancel);
    leat_chan_base *done = load_acquire(&c->done);

    if (done)
        chan_close(done); /* one made after err was set is closed already */
    store_release(&c->said, 1);
    if (c->ctx.kind == CTX_DEADLINE) {
        fence_seq();
        cancel->owed += timer_disarm(&((struct deadline_ctx *)c)->timer);
    }
}

static void ctx_settle(struct cancel *cancel)
{
    leat_ctx *ctx = ctx_of_source(cancel);

    for (uint32_t n = cancel->owed; n > 0; n--)
        leat_ctx_unref(ctx);
}

static const struct cancel_hooks ctx_hooks = {ctx_over, ctx_settle};

/* False: it was over before. The caller holds a reference. */
static bool ctx_cancel(struct cancel_ctx *c, const struct cause *cause, int err)
{
    bool first = cancel_now(&c->cancel, err, cause);

    cancel_detach(&c->cancel);
    return first;
}

static struct cancel_ctx *cancellable(leat_ctx *ctx)
{
    if (!ctx || ctx->kind < CTX_CANCEL)
        leat__panic("leat_ctx_cancel: this context is over only when its parent is");
    return (struct cancel_ctx *)ctx;
}

void leat_ctx_cancel(leat_ctx *ctx)
{
    ctx_cancel(cancellable(ctx), &canceled, -ECANCELED);
    sched_poll(m_self());
}

void leat_ctx_free(leat_ctx *ctx)
{
    if (ctx && ctx->kind >= CTX_CANCEL) {
        leat_ctx_cancel(ctx);
        void (*freed)(leat_ctx *) = ((struct cancel_ctx *)ctx)->freed;
        if (unlikely(freed != NULL))
            freed(ctx);
    }
    leat_ctx_unref(ctx);
}

void leat__ctx_scope_end(void *ctx)
{
    leat_ctx_free(ctx);
}

/* ---- causes ---- */

/* A heap block with a copy of the text; `err` 0 stands for `dflt`. */
static struct cause *cause_make(int err, const char *text, int dflt)
{
    if (err == 0)
        err = dflt;
    if (!text)
        text = leat_strerror(err);
    size_t size = strlen(text) + 1;
    struct cause *cause = leat__need(leat__alloc(sizeof(*cause) + size), "a context");
    cause->err = err;
    cause->text = memcpy(cause + 1, text, size);
    return cause;
}

void leat_ctx_cancel_cause(leat_ctx *ctx, int err, const char *text)
{
    struct cancel_ctx *c = cancellable(ctx);

    if (err == 0 && !text) {
        leat_ctx_cancel(ctx);
        return;
    }
    struct cause *cause = cause_make(err, text, -ECANCELED);
    if (ctx_cancel(c, cause, -ECANCELED))
        c->cause = cause;
    else
        leat__free(cause);
    sched_poll(m_self());
}

/* ---- making one ---- */

static void *ctx_make(size_t size, enum ctx_kind kind, leat_ctx *parent)
{
    m_self(); /* the runtime exists from the first context on */
    struct leat_ctx *ctx = leat__need(leat__alloc(size), "a context");
    ctx->source = source_of(parent);
    ctx->parent = leat_ctx_ref(parent);
    ctx->deadline = deadline_of(parent);
    ctx->refs = 1;
    ctx->kind = kind;
    return ctx;
}

/* A context with a cancel of its own; over already if its parent is. */
static void *cancel_ctx_make(size_t size, enum ctx_kind kind, leat_ctx *parent)
{
    struct cancel_ctx *c = ctx_make(size, kind, parent);

    cancel_init(&c->cancel, source_of(parent), &ctx_hooks);
    c->ctx.source = &c->cancel;
    return c;
}

leat_ctx *leat_ctx_background(void)
{
    return NULL;
}

leat_ctx *leat_ctx_todo(void)
{
    return NULL;
}

leat_ctx *leat_ctx_with_cancel(leat_ctx *parent)
{
    return cancel_ctx_make(sizeof(struct cancel_ctx), CTX_CANCEL, parent);
}

leat_ctx *ctx_make_told(leat_ctx *parent, void (*freed)(leat_ctx *ctx))
{
    struct cancel_ctx *c = cancel_ctx_make(sizeof(*c), CTX_CANCEL, parent);

    c->freed = freed;
    return &c->ctx;
}

leat_ctx *leat_ctx_without_cancel(leat_ctx *parent)
{
    leat_ctx *ctx = ctx_make(sizeof(*ctx), CTX_WITHOUT, parent);

    ctx->source = NULL;
    ctx->deadline = INT64_MAX;
    return ctx;
}

/* ---- deadlines ---- */

static void expire(struct deadline_ctx *d)
{
    ctx_cancel(&d->base, d->expiry ? d->expiry : &exceeded, -ETIMEDOUT);
}

/* The timer's function, with the timer's reference. */
static void ctx_expired(void *arg)
{
    expire(arg);
    leat_ctx_unref(arg);
}

static void ctx_arm(struct deadline_ctx *d)
{
    leat_ctx_ref(&d->base.ctx);
    d->timer.detached = true;
    timer_start(m_self(), &d->timer, d->base.ctx.deadline, ctx_expired, d);
    fence_seq();
    if (load_relaxed(&d->base.cancel.err) && timer_disarm(&d->timer))
        leat_ctx_unref(&d->base.ctx);
}

/* Takes the cause over. */
static leat_ctx *with_deadline(leat_ctx *parent, int64_t deadline, struct cause *cause)
{
    if (deadline_of(parent) <= deadline) {
        leat__free(cause);
        return leat_ctx_with_cancel(parent);
    }
    struct deadline_ctx *d = cancel_ctx_make(sizeof(*d), CTX_DEADLINE, parent);
    d->base.ctx.deadline = deadline;
    d->expiry = cause;
    if (deadline <= sched_now())
        expire(d);
    else if (!load_relaxed(&d->base.cancel.err))
        ctx_arm(d);
    sched_poll(m_self());
    return &d->base.ctx;
}

leat_ctx *leat_ctx_with_deadline(leat_ctx *parent, leat_duration deadline)
{
    return with_deadline(parent, deadline, NULL);
}

leat_ctx *leat_ctx_with_deadline_cause(leat_ctx *parent, leat_duration deadline, int err,
                                       const char *text)
{
    return with_deadline(parent, deadline, cause_make(err, text, -ETIMEDOUT));
}

leat_ctx *leat_ctx_with_timeout(leat_ctx *parent, leat_duration d)
{
    return leat_ctx_with_deadline(parent, time_after(d));
}

leat_ctx *leat_ctx_with_timeout_cause(leat_ctx *parent, leat_duration d, int err,
                                      const char *text)
{
    return leat_ctx_with_deadline_cause(parent, time_after(d), err, text);
}

bool leat_ctx_deadline(leat_ctx *ctx, leat_duration *deadline)
{
    int64_t when = deadline_of(ctx);

    if (when != INT64_MAX && deadline)
        *deadline = when;
    return when != INT64_MAX;
}

/* ---- is it over? ---- */

/* A channel that is made when it is over is closed before it is shown. */
LEAT__COLD static leat_chan_base *make_done(struct cancel_ctx *c)
{
    leat_chan_base *mine = leat_chan_base_make(0, 0);
    leat_chan_base *done;
    bool closed = false;

    for (;;) {
        spin_lock(&c->cancel.lock, LEAT__RANK_CANCEL);
        done = c->done;
        bool close_first = !done && load_relaxed(&c->cancel.err) && !closed;
        if (!done && !close_first) {
            store_release(&c->done, mine);
            done = mine;
        }
        spin_unlock(&c->cancel.lock, LEAT__RANK_CANCEL);
        if (!close_first)
            break;
        cancel_err(&c->cancel); /* its edge goes on through the channel */
        closed = chan_close(mine);
    }
    if (done != mine)
        leat_chan_base_free(mine);
    return done;
}

leat_done_chan leat_ctx_done(leat_ctx *ctx)
{
    struct cancel *source = source_of(ctx);

    if (!source)
        return NULL;
    struct cancel_ctx *c = cancel_ctx_of(source);
    leat_chan_base *done = load_acquire(&c->done);
    if (unlikely(!done))
        done = make_done(c);
    return (leat_done_chan)(void *)done;
}

int leat_ctx_err(leat_ctx *ctx)
{
    struct cancel *source = source_of(ctx);
    int err = source ? cancel_err(source) : 0;

    if (err)
        spin_while(&cancel_ctx_of(source)->said, 0);
    return err;
}

static const struct cause *cause_of(leat_ctx *ctx)
{
    return leat_ctx_err(ctx) ? ctx->source->cause : NULL;
}

int leat_ctx_cause(leat_ctx *ctx)
{
    const struct cause *cause = cause_of(ctx);

    return cause ? cause->err : 0;
}

const char *leat_ctx_cause_text(leat_ctx *ctx)
{
    const struct cause *cause = cause_of(ctx);

    return cause ? cause->text : NULL;
}

/* ---- values ---- */

leat_ctx *leat_ctx_with_value(leat_ctx *parent, const void *key, void *value)
{
    if (!key)
        leat__panic("nil key");
    struct value_ctx *v = ctx_make(sizeof(*v), CTX_VALUE, parent);
    v->key = key;
    v->value = value;
    return &v->ctx;
}

void *leat_ctx_value(leat_ctx *ctx, const void *key)
{
    for (; ctx; ctx = ctx->parent)
        if (ctx->kind == CTX_VALUE && ((struct value_ctx *)ctx)->key == key)
            return ((struct value_ctx *)ctx)->value;
    return NULL;
}
