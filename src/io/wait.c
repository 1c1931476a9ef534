/* SPDX-License-Identifier: MIT */
/* wait.c - see leat/io/wait.h. */
#include <leat/io/wait.h>

#include "os/poller.h"
#include "poll/foreign.h"

_Static_assert((int)LEAT_READABLE == (int)POLLER_IN && (int)LEAT_WRITABLE == (int)POLLER_OUT &&
                   (int)LEAT_HANGUP == (int)POLLER_HUP && (int)LEAT_ERROR == (int)POLLER_ERR &&
                   (int)LEAT_URGENT == (int)POLLER_PRI,
               "one is used as the other");

int leat_wait_fd(int fd, unsigned events, leat_duration deadline)
{
    struct limit limit = limit_until(deadline);

    return foreign_wait(fd, events, &limit);
}

int leat_wait_fd_ctx(leat_ctx *ctx, int fd, unsigned events)
{
    struct limit limit = limit_ctx(ctx);

    return foreign_wait(fd, events, &limit);
}
