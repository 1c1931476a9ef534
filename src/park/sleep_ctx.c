/* SPDX-License-Identifier: MIT */
/* sleep_ctx.c - leat_sleep_ctx: a wait for nothing but its limits. */
#include <leat/time.h>

#include "park/limit.h"
#include "time/after.h"

int leat_sleep_ctx(leat_ctx *ctx, leat_duration d)
{
    struct g *g = g_self();
    struct limit l = limit_ctx(ctx);
    int err = limit_over(&l);

    if (err || d <= 0) {
        sched_poll(m_self());
        return err;
    }
    l.deadline = time_after(d);
    limit_begin(g);
    limit_park(g, WAIT_SLEEP, NULL, &l);
    return l.cancel ? cancel_err(l.cancel) : 0; /* else its time has come, which is no error */
}
