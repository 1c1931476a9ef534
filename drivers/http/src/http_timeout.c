/* SPDX-License-Identifier: MIT */
/*
 * http_timeout.c - an answer in time, whatever the handler does.
 *
 * PICTURE   the handler writes --\
 *                                 lock of the response --> the connection
 *           the timer answers  --/
 *
 * The handler runs in the connection's goroutine, with a context that ends at the time. At that
 * time a function of the context takes the response's lock; if no byte was sent it sends 503 then
 * and there, so the client does not wait for a handler that does not listen to its context.
 * Whatever the handler writes afterwards is -ETIMEDOUT. The connection ends, but only when the
 * handler has returned, for the request is its memory.
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
    leat_http_response *res;
    leat_ctx *ctx;
    const char *text;
    leat_waitgroup done;
};

static void answer_late(struct late *late)
{
    leat_http_response *res = late->res;

    leat_mutex_lock(&res->lock);
    if (leat_ctx_err(late->ctx) == -ETIMEDOUT && !res->ended && !res->err) {
        res->filter = NULL;
        res->keep_alive = false;
        if (http__answer(res, 503, late->text) == 0)
            http__response_end(res);
        if (!res->err)
            res->err = -ETIMEDOUT;
        res->late = true;
    }
    leat_mutex_unlock(&res->lock);
    leat_waitgroup_done(&late->done);
}

void leat_http_timeout_serve(leat_http_request *req, leat_http_response *res, void *arg)
{
    const leat_http_timeout *t = arg;
    leat_ctx *outer = leat_http_ctx(req);
    struct late late = {.res = res, .text = t->text};
    bool was_timed = res->timed;

    late.ctx = req->ctx = leat_ctx_with_timeout(outer, t->after);
    leat_waitgroup_add(&late.done, 1);
    res->timed = true;
    leat_ctx_after token = leat_ctx_after_func(late.ctx, answer_late, &late);
    t->next.fn(req, res, t->next.arg);
    if (!leat_ctx_after_stop(token))
        leat_waitgroup_wait(&late.done);
    res->timed = was_timed;
    req->ctx = outer;
    leat_ctx_free(late.ctx);
}
