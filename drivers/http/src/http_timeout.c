/* SPDX-License-Identifier: MIT */
/*
 * http_timeout.c - an answer in time, whatever the handler does.
 *
 * PICTURE   the handler writes --\
 *                                 lock of the response --> the connection
 *           the timer answers  --/
 *
 * The handler runs in the connection's goroutine, with a context that ends at the time. After that
 * the first to take the response's lock answers for it: a function of the context, or the handler's
 * own next call. If no byte was sent that is 503, so the client does not wait for a handler that
 * does not listen to its context. Whatever the handler writes afterwards is -ETIMEDOUT. The
 * connection ends, but only when the handler has returned, for the request is its memory.
 *
 * INVARIANT  When leat_http_timeout_serve returns, the timer's function has returned or will never
 *   run: either it was stopped, or its end is waited for.
 *
 * REJECTED  Go's way, a second goroutine for the handler and a buffer for all that it writes:
 *   without a garbage collector the request would have to be kept for a goroutine that may never
 *   end, and streaming would be impossible.
 *
 * PROOF middleware_test.c
 */
#include <leat/http/middleware.h>

#include "http_conn.h"

struct late {
    struct http_deadline deadline;
    leat_http_response *res;
    leat_waitgroup done;
    leat_ctx_after token;
    leat_ctx *outer;                    /* as they were ... */
    const struct http_deadline *before; /* ... outside of this one */
};

void http__answer_late(leat_http_response *res, const struct http_deadline *deadline)
{
    if (res->late || res->ended || res->err || leat_ctx_err(deadline->ctx) != -ETIMEDOUT)
        return;
    res->filter = NULL;
    res->keep_alive = false;
    res->late = true;
    if (http__answer(res, 503, deadline->text) == 0)
        http__response_end(res);
    if (!res->err)
        res->err = -ETIMEDOUT;
}

static void time_is_up(struct late *late)
{
    leat_mutex_lock(&late->res->lock);
    http__answer_late(late->res, &late->deadline);
    leat_mutex_unlock(&late->res->lock);
    leat_waitgroup_done(&late->done);
}

/* Also when the handler ends its goroutine. */
static void late_end(void *arg)
{
    struct late *late = arg;

    if (!leat_ctx_after_stop(late->token))
        leat_waitgroup_wait(&late->done);
    late->res->deadline = late->before;
    late->res->req->ctx = late->outer;
    leat_ctx_free(late->deadline.ctx);
}

void leat_http_timeout_serve(leat_http_request *req, leat_http_response *res, void *arg)
{
    const leat_http_timeout *t = arg;
    struct late late = {.deadline.text = t->text, .res = res, .before = res->deadline};

    late.outer = leat_http_ctx(req);
    late.deadline.ctx = req->ctx = leat_ctx_with_timeout(late.outer, t->after);
    leat_waitgroup_add(&late.done, 1);
    res->deadline = &late.deadline;
    late.token = leat_ctx_after_func(late.deadline.ctx, time_is_up, &late);
    leat_defer(late_end, &late);
    t->next.fn(req, res, t->next.arg);
}
