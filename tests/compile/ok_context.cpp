/* SPDX-License-Identifier: MIT */
/* Contexts, in C++. */
#include <leat/context.h>
#include <leat/time.h>

#include <memory>
#include <string>

int serve(leat_ctx *ctx, leat_int_chan jobs);
void note(const std::string &what, int n);
int remember(void *where);

int serve(leat_ctx *ctx, leat_int_chan jobs)
{
    static const char key = 0;
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
    int v = 0, n = 0;
    auto held = std::make_unique<int>(3);

    leat_ctx_after token = leat_ctx_after_func(ctx, note, "over", 3);
    leat_ctx_after_func(with, remember, &when);
    leat_ctx_after_func(all[1], leat_ctx_cancel, all[2]);
    leat_ctx_after_func(all[1], [&n, more = std::move(held)] { n += *more; });
    switch (leat_select(leat_case_recv(jobs, &v), leat_case_done(limited))) {
    case 0:
        break;
    default:
        v = leat_ctx_err(limited);
    }
    leat_recv(leat_ctx_done(with), nullptr);
    if (leat_ctx_after_stop(token) && leat_ctx_deadline(with, &when))
        leat_ctx_cancel_cause(all[1], leat_ctx_cause(with), leat_ctx_cause_text(with));
    leat_ctx_cancel(all[2]);
    auto *same = static_cast<leat_int_chan *>(leat_ctx_value(with, &key));
    leat_ctx_unref(leat_ctx_ref(with));
    for (leat_ctx *c : all)
        leat_ctx_free(c);
    return *same == jobs ? v + n : 0;
}
