/* SPDX-License-Identifier: MIT */
/*
 * storm.h - a storm of cancellation: a root that is replaced and cancelled all the time, and
 * contexts below it for those who wait.
 */
#ifndef STORM_H
#define STORM_H

#include "../api/sched_util.h"

/* A root that is replaced all the time: who waits takes a reference to the present one. */
static struct {
    leat_mutex lock;
    leat_ctx *root;
    leat_duration pause; /* between two roots at most; 0: some yields */
    atomic_bool over;
} storm;

static inline leat_ctx *storm_root(void)
{
    leat_mutex_lock(&storm.lock);
    leat_ctx *ctx = leat_ctx_ref(storm.root);
    leat_mutex_unlock(&storm.lock);
    return ctx;
}

/* A context of our own at some depth below the present root: freeing it ends none of the others. */
static inline leat_ctx *storm_ctx(void)
{
    leat_ctx *ctx = storm_root();

    for (uint64_t depth = 1 + t_rand() % 3; depth > 0; depth--) {
        leat_ctx *below = t_rand() % 2 ? leat_ctx_with_cancel(ctx)
                                       : leat_ctx_with_timeout(ctx, (int64_t)(t_rand() % 200) *
                                                                        LEAT_MICROSECOND);
        leat_ctx_unref(ctx);
        ctx = below;
    }
    return ctx;
}

static inline void storm_renew(void)
{
    leat_ctx *next = leat_ctx_with_cancel(NULL);

    leat_mutex_lock(&storm.lock);
    leat_ctx *old = storm.root;
    storm.root = next;
    leat_mutex_unlock(&storm.lock);
    leat_ctx_free(old);
}

static inline void storm_rages(void)
{
    while (!atomic_load(&storm.over)) {
        storm_renew();
        for (uint64_t n = t_rand() % 50; n > 0 && !storm.pause; n--)
            leat_yield();
        if (storm.pause)
            leat_sleep((leat_duration)(t_rand() % (uint64_t)storm.pause));
    }
}

static inline void storm_begin(leat_waitgroup *wg, leat_duration pause)
{
    storm.pause = pause;
    atomic_store(&storm.over, false);
    storm.root = leat_ctx_with_cancel(NULL);
    for (int i = 0; i < 2; i++)
        leat_waitgroup_go(wg, storm_rages);
}

static inline void storm_end(leat_waitgroup *wg)
{
    atomic_store(&storm.over, true);
    leat_waitgroup_wait(wg);
    leat_ctx_free(storm.root);
}

static inline leat_duration storm_deadline(void)
{
    return leat_now() + (int64_t)(t_rand() % 100) * LEAT_MICROSECOND;
}

#endif
