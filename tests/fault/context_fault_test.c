/* SPDX-License-Identifier: MIT */
/*
 * context_fault_test.c - contexts without memory: a NULL context would never be over, so each
 * call that cannot have what it needs is fatal, and says what to raise.
 */
#include "refuse.h"

#define FAULT_CASE(name, body, text)                                                        \
    T_TEST(name, .procs = {1}, .expect_exit = 2,                                            \
           .expect_stderr = {"fatal error: out of memory: cannot allocate " text, "raise"}) \
    {                                                                                       \
        leat_ctx *ctx = leat_ctx_with_cancel(NULL);                                         \
        refuse_all();                                                                       \
        body;                                                                               \
        T_FAIL("it came back");                                                             \
    }

FAULT_CASE(with_cancel_without_memory, leat_ctx_with_cancel(ctx), "a context")
FAULT_CASE(with_value_without_memory, leat_ctx_with_value(ctx, &ctx, NULL), "a context")
FAULT_CASE(without_cancel_without_memory, leat_ctx_without_cancel(ctx), "a context")
FAULT_CASE(with_timeout_without_memory, leat_ctx_with_timeout(ctx, LEAT_HOUR), "a context")
FAULT_CASE(with_timeout_cause_without_memory,
           leat_ctx_with_timeout_cause(ctx, LEAT_HOUR, -EIO, "slow"), "a context")
FAULT_CASE(cancel_cause_without_memory, leat_ctx_cancel_cause(ctx, -EIO, "why"), "a context")
FAULT_CASE(done_without_memory, leat_ctx_done(ctx), "a channel")
FAULT_CASE(after_func_without_memory, leat_ctx_after_func(ctx, leat_yield),
           "a function of a context")

T_TEST(cancelling_and_freeing_need_no_memory, .procs = {1})
{
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_ctx *child = leat_ctx_with_timeout_cause(ctx, LEAT_HOUR, -EIO, "slow");
    leat_ctx *late = leat_ctx_with_timeout(ctx, LEAT_MILLISECOND);

    leat_ctx_done(child);
    leat_ctx_done(late);
    refuse_all();
    leat_recv(leat_ctx_done(late), NULL);
    leat_ctx_cancel(ctx);
    T_EQ(leat_ctx_err(child), -ECANCELED);
    T_EQ(leat_ctx_err(late), -ETIMEDOUT);
    leat_ctx_free(ctx);
    leat_ctx_free(late);
    leat_ctx_free(child);
    refuse_pass();
    T_EQ(refuse_asked(), 0);
}
