/* SPDX-License-Identifier: MIT */
/* Every name of leat/signal.h, from C. */
#include <leat/signal.h>

#include <signal.h>

int signals(leat_ctx *parent);

int signals(leat_ctx *parent)
{
    leat_scoped_chan(leat_int_chan, some, 1);
    leat_scoped_chan(leat_int_chan, all, 8);
    leat_scoped_ctx(ctx, leat_signal_notify_ctx(parent, SIGINT, SIGTERM));
    leat_scoped_ctx(any, leat_signal_notify_ctx(NULL));
    int err = leat_signal_notify(some, SIGHUP) | leat_signal_notify(some, SIGUSR1, SIGUSR2);

    err |= leat_signal_notify(all);
    leat_signal_stop(all);
    leat_signal_ignore(SIGPIPE);
    leat_signal_reset(SIGPIPE, SIGHUP);
    leat_signal_stop(some);
    leat_signal_reset();
    leat_signal_ignore();
    return err | leat_signal_ignored(SIGHUP) | leat_signal_caught(ctx) |
           leat_signal_caught(any);
}
