/* SPDX-License-Identifier: MIT */
/* Contexts. */
#include <leat/context.h>
#include <leat/time.h>

int serve(leat_ctx *ctx, leat_int_chan jobs);
void note(const char *what, int n);
int remember(void *where);

int serve(leat_ctx *ctx, leat_int_chan jobs)
{
    static const char key;
    leat_scoped_ctx(limited, leat_ctx_with_timeout(ctx, LEAT_SECOND));
    leat_ctx *with = leat_ctx_with_value(limited, &key, &jobs);
    leat_ctx *all[] = {with,
                       leat_ctx_with_cancel(leat_ctx_background()),
                       leat_ctx_with_cancel_cause(leat_ctx_todo()),
                       leat_ctx_with_deadline(with, leat_now()),
                       leat_ctx_with_deadline_cause(with, 1, -EIO, "late"),
                       leat_ctx_with_timeout_cause(with, 1, -EIO, "slow"),
                       leat_ctx_without_cancel(with)};
    leat_duration when = 0;
    int v = 0;

    leat_ctx_after token = leat_ctx_after_func(ctx, note, "over", 3);
    leat_ctx_after_func(with, remember, &when);
    leat_ctx_after_func(all[1], leat_ctx_cancel, all[2]);
    switch (leat_select(leat_case_recv(jobs, &v), leat_case_done(limited))) {
    case 0:
        break;
    default:
        v = leat_ctx_err(limited);
    }
    leat_recv(leat_ctx_done(with), NULL);
    if (leat_ctx_after_stop(token) && leat_ctx_deadline(with, &when))
        leat_ctx_cancel_cause(all[1], leat_ctx_cause(with), leat_ctx_cause_text(with));
    leat_ctx_cancel(all[2]);
    leat_int_chan *same = leat_ctx_value(with, &key);
    leat_ctx_unref(leat_ctx_ref(with));
    for (int i = 0; i < 7; i++)
        leat_ctx_free(all[i]);
    return *same == jobs ? v : 0;
}
