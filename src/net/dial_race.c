/* SPDX-License-Identifier: MIT */
/*
 * dial_race.c - connecting to the best of several addresses (RFC 8305, "Happy Eyeballs").
 *
 * PICTURE   the one who dials --starts, every 250 ms or when one has failed--> attempts
 *           attempts --their outcome, and a token of `ended`--> the one who dials
 *
 * INVARIANTS
 *   H1  the one who dials takes the outcome of every attempt that it has started, before it
 *       returns: no attempt and no connection outlives the call.
 *   H2  an attempt's err and conn are its goroutine's until `over` is set, and then the dialler's.
 *
 * PROTOCOL  The first success ends the context of all attempts; those that still wait then end at
 *   once. Who has connected all the same is closed. When all have failed, the error is that of the
 *   first address, the one that the user will have meant. The last to leave frees the memory,
 *   since a semaphore may still be in use by who has just released it.
 *
 * PROOF  tests/api/net_resolve_test.c.
 */
#include <errno.h>
#include <leat/context.h>
#include <leat/go.h>
#include <leat/time.h>

#include "flow/semaphore.h"
#include "io/io_limit.h"
#include "net/dial.h"
#include "os/mem.h"

#define STAGGER (250 * LEAT_MILLISECOND)

struct attempt {
    struct race *race;
    struct conn *conn;
    int err;
    uint32_t over; /* atomic */
    bool taken;    /* the dialler's: it has the outcome */
};

struct race {
    uint32_t refs;
    leat_semaphore ended; /* a token for each attempt that is over */
    const struct network *net;
    const struct addr_list *list;
    leat_limit limit;
    int started, over; /* the dialler's */
    struct attempt at[OS_NAMES_MAX];
};

static void race_unref(struct race *r)
{
    if (fetch_sub(&r->refs, 1) == 1)
        leat__free(r);
}

static void attempt_run(struct attempt *a)
{
    struct race *r = a->race;

    a->err = dial_one(&a->conn, r->net, &r->list->at[a - r->at], &r->limit);
    store_release(&a->over, 1);
    leat_semaphore_release(&r->ended, 1);
    race_unref(r);
}

static void start_next(struct race *r)
{
    struct attempt *a = &r->at[r->started++];

    a->race = r;
    fetch_add(&r->refs, 1);
    leat_go(attempt_run, a);
}

/* One more that is over. There is one: a token says so. */
static struct attempt *take_outcome(struct race *r)
{
    for (int i = 0; i < r->started; i++) {
        struct attempt *a = &r->at[i];
        if (!a->taken && load_acquire(&a->over)) {
            a->taken = true;
            r->over++;
            return a;
        }
    }
    return NULL;
}

static bool may_start(const struct race *r, const leat_limit *limit)
{
    return r->started < r->list->n && io_limit_over(limit) == 0;
}

/* The first that has connected, or NULL when all that could be tried have failed. */
static struct attempt *run_race(struct race *r, const leat_limit *limit)
{
    leat_duration next = leat_now();

    for (;;) {
        bool more = may_start(r, limit);
        if (more && (r->over == r->started || leat_now() >= next)) {
            start_next(r);
            next = leat_now() + STAGGER;
            more = may_start(r, limit);
        }
        if (r->over == r->started)
            return NULL;
        const struct limit stagger = limit_until(more ? next : LEAT_FOREVER);
        if (semaphore_acquire(&r->ended, 1, &stagger) != 0)
            continue;
        struct attempt *a = take_outcome(r);
        if (a->err == 0)
            return a;
    }
}

static void end_losers(struct race *r)
{
    leat_ctx_cancel(r->limit.ctx);
    while (r->over < r->started) {
        leat_semaphore_acquire(&r->ended, 1);
        struct attempt *a = take_outcome(r);
        if (a->err == 0)
            leat_io_free(&a->conn->f.io);
    }
}

int dial_race(struct conn **c, const struct network *net, const struct addr_list *list,
              const leat_limit *limit)
{
    struct race *r = leat__alloc(sizeof(*r));

    if (!r)
        return -ENOMEM;
    r->refs = 1;
    r->net = net;
    r->list = list;
    r->limit = (leat_limit){leat_ctx_with_cancel(limit->ctx), limit->until};
    leat_semaphore_init(&r->ended, OS_NAMES_MAX);
    leat_semaphore_acquire(&r->ended, OS_NAMES_MAX);
    struct attempt *winner = run_race(r, limit);
    end_losers(r);
    leat_ctx_free(r->limit.ctx);
    int err = winner ? 0 : io_limit_over(limit);
    if (winner)
        *c = winner->conn;
    else if (!err)
        err = r->at[0].err;
    race_unref(r);
    return err;
}
