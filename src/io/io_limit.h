/* SPDX-License-Identifier: MIT */
/* io_limit.h - the limit of a call on a stream, as the runtime's own waits take it. */
#ifndef LEAT_IO_IO_LIMIT_H
#define LEAT_IO_IO_LIMIT_H

#include <leat/io/stream.h>

#include "sync/mutex.h"

static inline struct limit io_limit(const leat_limit *limit)
{
    struct limit l = limit_ctx(limit->ctx);

    l.deadline = limit->until;
    return l;
}

/* For a stream that has a deadline of its own. */
static inline struct limit io_limit_before(const leat_limit *limit, leat_duration deadline)
{
    struct limit l = io_limit(limit);

    if (deadline < l.deadline)
        l.deadline = deadline;
    return l;
}

static inline int io_limit_over(const leat_limit *limit)
{
    struct limit l = io_limit(limit);

    return limit_over(&l);
}

/* A free one is locked even if the limit is over. */
static inline int io_lock(leat_mutex *m, const leat_limit *limit)
{
    if (likely(leat_mutex_trylock(m)))
        return 0;
    struct limit l = io_limit(limit);
    return mutex_lock_limit(m, &l);
}

#endif
