/* SPDX-License-Identifier: MIT */
/*
 * leat/context.h - contexts: how a piece of work is told to stop, and what belongs to a request.
 *
 *     static void serve(leat_ctx *ctx, struct request *r)
 *     {
 *         leat_scoped_ctx(limited, leat_ctx_with_timeout(ctx, LEAT_SECOND));
 *         switch (leat_select(leat_case_recv(r->answers, &r->answer),
 *                             leat_case_done(limited))) {
 *         case 0: reply(r); break;
 *         case 1: refuse(r, leat_ctx_cause_text(limited)); break;
 *         }
 *     }
 *
 * A context is over when it is cancelled, when its time has come, or when its parent is over, and
 * stays so. It is handed down as the first argument of functions; each call that waits for long
 * has a form that ends with it (leat_x_ctx). NULL is the background, which is never over.
 *
 * Contexts are counted. Who makes one frees it, and that cancels it: all below it are told to stop
 * before leat_ctx_free returns. A goroutine that may go on beyond that takes a leat_ctx_ref.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_CONTEXT_H
#define LEAT_CONTEXT_H

#include <leat/base.h>
#include <leat/chan.h>
#include <leat/go.h>
#include <leat/select.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A function that waits for a context to be over, for leat_ctx_after_stop. */
typedef struct leat_ctx_after {
    void *leat__record; /* opaque */
    uint64_t leat__number;
} leat_ctx_after;

/**
 * Give the context that is never over, has no deadline and no values: NULL.
 *
 * Go         context.Background()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  nothing to free.
 * Ordering   none.
 * Param      none
 * Returns    NULL, which stands for the background in every call.
 * Fatal      never.
 * See        leat_ctx_todo, leat_ctx_with_cancel
 * Since      0.2
 */
LEAT_API leat_ctx *leat_ctx_background(void);

/**
 * Give the background where it is not yet clear which context belongs there.
 *
 * Go         the other name of context.Background()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  nothing to free.
 * Ordering   none.
 * Param      none
 * Returns    NULL.
 * Fatal      never.
 * See        leat_ctx_background
 * Since      0.2
 */
LEAT_API leat_ctx *leat_ctx_todo(void);

/**
 * Make a context that can be cancelled.
 *
 * It is over when leat_ctx_cancel or leat_ctx_free is called on it, or its parent is over.
 *
 * Go         context.WithCancel(parent)
 * Blocks     no.
 * Cancel     leat_ctx_cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller's: leat_ctx_free, also when it is over. It holds a reference to parent.
 * Ordering   when parent is over already, what its canceller did before.
 * Param      parent  a context; NULL is the background. Go's panic for a nil parent is gone.
 * Returns    the context, never NULL.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_ctx_cancel, leat_ctx_free, leat_ctx_with_timeout, leat_scoped_ctx
 * Since      0.2
 */
LEAT_API leat_ctx *leat_ctx_with_cancel(leat_ctx *parent);

/**
 * Make a context that can be cancelled, for leat_ctx_cancel_cause: each can be in leat.
 *
 * Go         context.WithCancelCause(parent)
 * Blocks     no.
 * Cancel     leat_ctx_cancel_cause.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller's: leat_ctx_free.
 * Ordering   as leat_ctx_with_cancel.
 * Param      parent  a context; NULL is the background.
 * Returns    the context, never NULL.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_ctx_with_cancel, leat_ctx_cancel_cause, leat_ctx_cause
 * Since      0.2
 */
#define leat_ctx_with_cancel_cause(parent) leat_ctx_with_cancel(parent)

/**
 * Make a context that is over at a point of time, if it was not cancelled before.
 *
 * When parent's deadline is not later, it is the same as leat_ctx_with_cancel. A deadline that
 * has passed makes a context that is over.
 *
 * Go         context.WithDeadline(parent, t)
 * Blocks     no.
 * Cancel     leat_ctx_cancel, which also stops the timer.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller's: leat_ctx_free. Until then, or the deadline, the timer holds a
 *            reference as well: leat_ctx_unref alone does not stop it.
 * Ordering   none by the time.
 * Param      parent  a context; NULL is the background.
 * Param      deadline a point of the clock that leat_now reads.
 * Returns    the context, never NULL.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_ctx_with_timeout, leat_ctx_deadline, leat_ctx_with_deadline_cause
 * Since      0.2
 */
LEAT_API leat_ctx *leat_ctx_with_deadline(leat_ctx *parent, leat_duration deadline);

/**
 * Make a context that is over at a point of time, for a cause.
 *
 * The cause is what leat_ctx_cause says when the deadline ended it, leat_ctx_err is -ETIMEDOUT
 * as ever. Cancelling it before does not set this cause.
 *
 * Go         context.WithDeadlineCause(parent, t, cause)
 * Blocks     no.
 * Cancel     leat_ctx_cancel, which also stops the timer.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller's: leat_ctx_free. The text is copied.
 * Ordering   none by the time.
 * Param      parent  a context; NULL is the background.
 * Param      deadline a point of the clock that leat_now reads.
 * Param      err     a negative errno; 0 is -ETIMEDOUT.
 * Param      text    what to say of it; NULL is what leat_strerror says.
 * Returns    the context, never NULL.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_ctx_with_deadline, leat_ctx_cause
 * Since      0.2
 */
LEAT_API leat_ctx *leat_ctx_with_deadline_cause(leat_ctx *parent, leat_duration deadline,
                                                int err, const char *text);

/**
 * Make a context that is over after a span of time, if it was not cancelled before.
 *
 * Go         context.WithTimeout(parent, d)
 * Blocks     no.
 * Cancel     leat_ctx_cancel, which also stops the timer.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_ctx_with_deadline.
 * Ordering   none by the time.
 * Param      parent  a context; NULL is the background.
 * Param      d       how long from now; 0 or less makes a context that is over.
 * Returns    the context, never NULL.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_ctx_with_deadline, leat_ctx_with_timeout_cause, leat_case_timeout
 * Since      0.2
 */
LEAT_API leat_ctx *leat_ctx_with_timeout(leat_ctx *parent, leat_duration d);

/**
 * Make a context that is over after a span of time, for a cause.
 *
 * Go         context.WithTimeoutCause(parent, d, cause)
 * Blocks     no.
 * Cancel     leat_ctx_cancel, which also stops the timer.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_ctx_with_deadline. The text is copied.
 * Ordering   none by the time.
 * Param      parent  a context; NULL is the background.
 * Param      d       how long from now; 0 or less makes a context that is over.
 * Param      err     a negative errno; 0 is -ETIMEDOUT.
 * Param      text    what to say of it; NULL is what leat_strerror says.
 * Returns    the context, never NULL.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_ctx_with_timeout, leat_ctx_with_deadline_cause
 * Since      0.2
 */
LEAT_API leat_ctx *leat_ctx_with_timeout_cause(leat_ctx *parent, leat_duration d, int err,
                                               const char *text);

/**
 * Make a context that carries a value.
 *
 *     static const char user_key;                 // its address is the key
 *     leat_ctx *c = leat_ctx_with_value(ctx, &user_key, user);
 *
 * It is over when parent is, and cannot be cancelled by itself.
 *
 * Go         context.WithValue(parent, key, value)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller's: leat_ctx_free. What value points to must live as long as somebody
 *            may ask for it.
 * Ordering   none.
 * Param      parent  a context; NULL is the background.
 * Param      key     an address of your own: keys are compared as pointers.
 * Param      value   anything; NULL too.
 * Returns    the context, never NULL.
 * Fatal      "nil key"; out of memory, with a text that says what to raise.
 * See        leat_ctx_value
 * Since      0.2
 */
LEAT_API leat_ctx *leat_ctx_with_value(leat_ctx *parent, const void *key, void *value);

/**
 * Make a context with the values of another that is not over when the other is.
 *
 * For work that has to be finished when a request was given up: a log entry, a roll-back. It has
 * no deadline and is never over.
 *
 * Go         context.WithoutCancel(parent)
 * Blocks     no.
 * Cancel     nothing to cancel; make a leat_ctx_with_timeout below it.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller's: leat_ctx_free.
 * Ordering   none.
 * Param      parent  a context; NULL is the background.
 * Returns    the context, never NULL.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_ctx_with_value
 * Since      0.2
 */
LEAT_API leat_ctx *leat_ctx_without_cancel(leat_ctx *parent);

/**
 * End a context and all below it.
 *
 * Everybody who waits with one of them is woken, done channels are closed, functions of
 * leat_ctx_after_func start. It does not wait for the work to stop. On one that is over it does
 * nothing.
 *
 * Go         cancel()
 * Blocks     no; while another call cancels the same tree it waits for that.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it: leat_ctx_free is still to come.
 * Ordering   what precedes it happens before anybody learns of it: by a receive from the done
 *            channel, leat_ctx_err, or the error of a call that waited.
 * Param      ctx     a context of leat_ctx_with_cancel, _deadline or _timeout.
 * Returns    nothing. By then all below it are over.
 * Fatal      "leat_ctx_cancel: this context is over only when its parent is".
 * See        leat_ctx_cancel_cause, leat_ctx_free, leat_ctx_err
 * Since      0.2
 */
LEAT_API void leat_ctx_cancel(leat_ctx *ctx);

/**
 * End a context and all below it, and say why.
 *
 * leat_ctx_cause tells it; leat_ctx_err is -ECANCELED as ever. The first cancellation of a
 * context or of one above it fixes the cause.
 *
 * Go         cancel(cause) of context.WithCancelCause
 * Blocks     no; while another call cancels the same tree it waits for that.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the context; the text is copied.
 * Ordering   as leat_ctx_cancel; setting the cause happens before it is read.
 * Param      ctx     a context of leat_ctx_with_cancel, _deadline or _timeout.
 * Param      err     a negative errno; 0 is -ECANCELED.
 * Param      text    what to say of it; NULL is what leat_strerror says.
 * Returns    nothing. By then all below it are over.
 * Fatal      "leat_ctx_cancel: this context is over only when its parent is"; out of memory.
 * See        leat_ctx_cause, leat_ctx_cause_text, leat_ctx_cancel
 * Since      0.2
 */
LEAT_API void leat_ctx_cancel_cause(leat_ctx *ctx, int err, const char *text);

/**
 * End a context's use: cancel it, if it can be, and give the maker's reference up.
 *
 * Contexts of one tree may be freed in any order, by any goroutine.
 *
 * Go         defer cancel()
 * Blocks     no; while another call cancels the same tree it waits for that.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives the reference up: do not use it any more without one of your own.
 * Ordering   as leat_ctx_cancel.
 * Param      ctx     a context, or NULL. NULL does nothing.
 * Returns    nothing.
 * Fatal      when it was the last reference and somebody waits on the context.
 * See        leat_ctx_cancel, leat_ctx_unref, leat_scoped_ctx
 * Since      0.2
 */
LEAT_API void leat_ctx_free(leat_ctx *ctx);

/**
 * Take one more reference to a context.
 *
 * Go         none: Go collects contexts.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the caller holds the new reference: leat_ctx_unref.
 * Ordering   none.
 * Param      ctx     a context, or NULL.
 * Returns    ctx.
 * Fatal      never.
 * See        leat_ctx_unref
 * Since      0.2
 */
LEAT_API leat_ctx *leat_ctx_ref(leat_ctx *ctx);

/**
 * Give one reference to a context up, without cancelling it.
 *
 * Go         none: Go collects contexts.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives one reference up; the last one frees.
 * Ordering   what precedes it happens before the context is freed.
 * Param      ctx     a context, or NULL. NULL does nothing.
 * Returns    nothing.
 * Fatal      when it was the last and somebody waits on the context.
 * See        leat_ctx_ref, leat_ctx_free
 * Since      0.2
 */
LEAT_API void leat_ctx_unref(leat_ctx *ctx);

/**
 * Give the channel that is closed when a context is over.
 *
 * Every call gives the same one, and so does a child that cannot be cancelled by itself.
 *
 * Go         ctx.Done()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the context's: it lives as long. Never send on it or close it.
 * Ordering   none; a receive that finds it closed comes after what the canceller did before.
 * Param      ctx     a context, or NULL.
 * Returns    the channel; NULL, which is never ready, when the context is never over.
 * Fatal      out of memory, at the first call.
 * See        leat_case_done, leat_ctx_err
 * Since      0.2
 */
LEAT_API leat_done_chan leat_ctx_done(leat_ctx *ctx);

/**
 * Say whether, and how, a context is over.
 *
 * Once it is not 0 it stays, and the done channel is closed.
 *
 * Go         ctx.Err()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   when it is not 0, what the canceller did before happens before this returns.
 * Param      ctx     a context, or NULL.
 * Returns    0, -ECANCELED, or -ETIMEDOUT when a deadline ended it.
 * Fatal      never.
 * See        leat_ctx_cause, leat_ctx_done
 * Since      0.2
 */
LEAT_API int leat_ctx_err(leat_ctx *ctx);

/**
 * Say why a context is over.
 *
 * Go         context.Cause(ctx)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it.
 * Ordering   as leat_ctx_err.
 * Param      ctx     a context, or NULL.
 * Returns    the error that the first cancellation gave, of this context or one above; that of
 *            leat_ctx_err when it gave none; 0 when the context is not over.
 * Fatal      never.
 * See        leat_ctx_cause_text, leat_ctx_cancel_cause
 * Since      0.2
 */
LEAT_API int leat_ctx_cause(leat_ctx *ctx);

/**
 * Say in words why a context is over.
 *
 * Go         context.Cause(ctx).Error()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the text lives as long as the context.
 * Ordering   as leat_ctx_err.
 * Param      ctx     a context, or NULL.
 * Returns    the text that the first cancellation gave; "context canceled" or "context deadline
 *            exceeded" when it gave none; NULL when the context is not over.
 * Fatal      never.
 * See        leat_ctx_cause
 * Since      0.2
 */
LEAT_API const char *leat_ctx_cause_text(leat_ctx *ctx);

/**
 * Find the value that a context, or one above it, carries for a key.
 *
 * Go         ctx.Value(key)
 * Blocks     no; the time grows with the depth of the tree.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is whose it was.
 * Ordering   none.
 * Param      ctx     a context, or NULL.
 * Param      key     the address that leat_ctx_with_value was given.
 * Returns    the nearest value; NULL when there is none.
 * Fatal      never.
 * See        leat_ctx_with_value
 * Since      0.2
 */
LEAT_API void *leat_ctx_value(leat_ctx *ctx, const void *key);

/**
 * Say when a context will be over at the latest.
 *
 * Go         ctx.Deadline()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      ctx     a context, or NULL.
 * Param      deadline where to put the point of the clock that leat_now reads; untouched when
 *                    there is none; may be NULL.
 * Returns    whether there is one: its own or the nearest above, whichever is earlier.
 * Fatal      never.
 * See        leat_ctx_with_deadline
 * Since      0.2
 */
LEAT_API bool leat_ctx_deadline(leat_ctx *ctx, leat_duration *deadline);

/**
 * Take back what leat_ctx_after_func was told.
 *
 * Go         stop() of context.AfterFunc
 * Blocks     no; it does not wait for the function.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the token is a value: there is nothing to free, and it may be dropped.
 * Ordering   none.
 * Param      token   what leat_ctx_after_func returned.
 * Returns    true when the function has not been started and never will be; false when it has
 *            been, or was stopped before.
 * Fatal      never.
 * See        leat_ctx_after_func
 * Since      0.2
 */
LEAT_API bool leat_ctx_after_stop(leat_ctx_after token);

/* What the macros expand to. `drop` is called with `closure` when fn never will be. */
LEAT_API leat_ctx_after leat__ctx_after(void (*fn)(void), const leat_site *site, leat_ctx *ctx,
                                        void (*drop)(void *closure), void *closure);
LEAT_API void leat__ctx_scope_end(void *ctx);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

/**
 * Call a function in a goroutine of its own when a context is over.
 *
 *     leat_ctx_after token = leat_ctx_after_func(ctx, shut_down, socket);
 *
 * At once when it is over already; never when it never is. Each registration stands alone.
 * Cancelling does not wait for the function.
 *
 * Go         context.AfterFunc(ctx, func() { fn(args) })
 * Blocks     no.
 * Cancel     leat_ctx_after_stop.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the arguments are copied; what pointers point to must live until fn has done
 *            with it. A reference to the context is held until then, or until it is stopped.
 * Ordering   what precedes the call, and what precedes the cancelling, happens before fn begins.
 * Param      ctx     a context, or NULL. Evaluated first.
 * Param      fn      what to call: as for leat_go.
 * Param      args    its arguments, evaluated once, now: as for leat_go.
 * Returns    a token for leat_ctx_after_stop; it may be dropped.
 * Fatal      "go of nil func value"; out of memory, with a text that says what to raise.
 * See        leat_ctx_after_stop, leat_go
 * Since      0.2
 */
#define leat_ctx_after_func(ctx, ...) LEAT__CTX_AFTER(__COUNTER__, ctx, __VA_ARGS__)

#define LEAT__CTX_AFTER(id, ctx_, ...)                                                         \
    __extension__({                                                                            \
        LEAT__SITE_DECL(LEAT__CAT(leat__site_, id));                                           \
        leat_ctx *LEAT__CAT(leat__ctx_, id) = (ctx_);                                          \
        LEAT__CAPTURE(LEAT__CAT(leat__fn_, id), __VA_ARGS__);                                  \
        leat__ctx_after((void (*)(void))LEAT__CAT(leat__fn_, id), &LEAT__CAT(leat__site_, id), \
                        LEAT__CAT(leat__ctx_, id), NULL, NULL);                                \
    })

/**
 * Make the case that happens when a context is over.
 *
 * Go         case <-ctx.Done():
 * Blocks     no; the select may.
 * Cancel     nothing to cancel.
 * Callable   where leat_select stands.
 * Ownership  borrows the context until the select is over.
 * Ordering   what the canceller did before happens before the select returns.
 * Param      ctx     a context; NULL is never over.
 * Returns    a leat_case that lives as long as the block around it.
 * Fatal      out of memory, when it is the first to ask for the done channel.
 * See        leat_select, leat_ctx_done
 * Since      0.2
 */
#define leat_case_done(ctx) \
    LEAT__CASE(RECV, (leat_chan_base *)(void *)leat_ctx_done(ctx), 0, 0, 0)

/**
 * Declare a context that is freed, which cancels it, when the block ends.
 *
 *     leat_scoped_ctx(ctx, leat_ctx_with_timeout(parent, LEAT_SECOND));
 *
 * Go         ctx, cancel := context.WithTimeout(...); defer cancel()
 * Blocks     no.
 * Cancel     leat_ctx_cancel.
 * Callable   goroutine or any other thread, where a declaration may stand.
 * Ownership  the block's; leat_exit frees it as well.
 * Ordering   as leat_ctx_free.
 * Param      name    of the variable, a leat_ctx *.
 * Param      made    what makes it: a call of leat_ctx_with_...
 * Returns    a declaration.
 * Fatal      as the call that makes it.
 * See        leat_ctx_free, leat_defer
 * Since      0.2
 */
#define leat_scoped_ctx(name, made) LEAT__SCOPED_CTX(__COUNTER__, name, made)

#define LEAT__SCOPED_CTX(id, name, made)                                               \
    leat_ctx *name = (made);                                                           \
    leat__defer LEAT__CAT(leat__scope_, id) __attribute__((cleanup(leat__defer_run))); \
    leat__defer_push(&LEAT__CAT(leat__scope_, id), leat__ctx_scope_end, name)

#endif /* !__cplusplus */

#endif
