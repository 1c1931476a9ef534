/* SPDX-License-Identifier: MIT */
/* part.h - a part of a pipeline while it runs: what its goroutines share. */
#ifndef LEAT_FLOW_PART_H
#define LEAT_FLOW_PART_H

#include <leat/pattern/pipeline.h>

#include "arch/sanitize.h"
#include "flow/link.h"

struct part {
    struct leat__part what;
    leat_group *group;
    leat_ctx *ctx;
    int users; /* atomic: goroutines that have not ended; the last closes the output */
};

/* One of so many leaves: is it the last? What the others did is before what the last does. */
static inline bool part_last(int *users)
{
    san_release(users);
    if (__atomic_sub_fetch(users, 1, __ATOMIC_ACQ_REL) > 0)
        return false;
    san_acquire(users);
    return true;
}

/* One goroutine of a part. It leaves by a deferred call, so that leat_exit in a function of the
 * user ends the part as well. */
struct part_user {
    struct part *part;
    void *buffer; /* freed when it leaves; may be NULL */
    int err;
};
void part_user_left(void *user);

/* A copy of `what` for so many goroutines, in `size` bytes that begin with struct part. */
struct part *part_make(leat_group *g, const struct leat__part *what, int users, size_t size);
int part_workers(int wanted);

#endif
