/* SPDX-License-Identifier: MIT */
/*
 * starving_test.c - a mutex somebody has waited for too long: it is handed over, whoever else
 * tries, and it is as good as new when that one gives up.
 */
#include "t.h"

#include <leat.h>

#include <pthread.h>

#include "base/util.h"

enum { STARVING_FLAG = 4, ONE_WAITER = 8 }; /* of the state, as mutex.c has them */

struct hungry {
    leat_mutex m;
    leat_ctx *ctx;
    int inside, leave, over, err; /* atomic */
};

static void hungry_waits(struct hungry *h)
{
    int err = leat_mutex_lock_ctx(h->ctx, &h->m);

    store_seq(&h->err, err);
    if (!err) {
        store_seq(&h->inside, 1);
        while (!load_seq(&h->leave))
            leat_sleep(LEAT_MICROSECOND);
        leat_mutex_unlock(&h->m);
    }
    store_seq(&h->over, 1);
}

static void *hungry_thread(void *h)
{
    hungry_waits(h);
    return NULL;
}

static void start_hungry(struct hungry *h, bool on_thread)
{
    pthread_t thread;

    store_seq(&h->inside, 0);
    store_seq(&h->leave, 0);
    store_seq(&h->over, 0);
    if (!on_thread)
        leat_go(hungry_waits, h);
    else if (pthread_create(&thread, NULL, hungry_thread, h) == 0)
        pthread_detach(thread);
    else
        T_SKIP("no thread");
}

static void await_over(struct hungry *h)
{
    while (!load_seq(&h->over))
        leat_yield();
}

/* We hold the mutex, one waits for it. Let it go and take it back at once until that one has had
 * enough; false: it was faster than we. */
static bool made_hungry(struct hungry *h)
{
    for (;;) {
        leat_sleep(2 * LEAT_MILLISECOND);
        if (load_seq(&h->m.leat__state) & STARVING_FLAG)
            return true;
        leat_mutex_unlock(&h->m);
        if (!leat_mutex_trylock(&h->m))
            return false;
    }
}

static void make_hungry(struct hungry *h, bool on_thread)
{
    for (;;) {
        leat_mutex_lock(&h->m);
        start_hungry(h, on_thread);
        while (load_seq(&h->m.leat__state) < ONE_WAITER)
            leat_yield();
        if (made_hungry(h))
            return;
        store_seq(&h->leave, 1);
        await_over(h);
    }
}

T_TEST(who_has_waited_too_long_gets_the_mutex_before_who_had_it)
{
    struct hungry h = {.ctx = NULL};

    for (int round = 0; round < 5; round++) {
        make_hungry(&h, false);
        store_seq(&h.leave, 1);
        leat_mutex_unlock(&h.m);
        leat_mutex_lock(&h.m);
        T_TRUE(load_seq(&h.inside));
        leat_mutex_unlock(&h.m);
        await_over(&h);
        T_EQ(load_seq(&h.m.leat__state), 0u);
    }
}

T_TEST(nobody_takes_what_is_being_handed_over)
{
    static struct hungry h;

    for (int round = 0; round < 10; round++) {
        make_hungry(&h, true);
        leat_mutex_unlock(&h.m);
        T_FALSE(leat_mutex_trylock(&h.m));
        store_seq(&h.leave, 1);
        await_over(&h);
        T_EQ(load_seq(&h.m.leat__state), 0u);
    }
}

T_TEST(a_mutex_is_as_new_when_its_hungry_waiter_gives_up)
{
    for (int round = 0; round < 5; round++) {
        leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
        struct hungry h = {.ctx = ctx};
        make_hungry(&h, false);
        leat_ctx_cancel(ctx);
        await_over(&h);
        T_ERR(load_seq(&h.err), -ECANCELED);
        leat_mutex_unlock(&h.m);
        T_EQ(load_seq(&h.m.leat__state), 0u);
        T_TRUE(leat_mutex_trylock(&h.m));
        leat_mutex_unlock(&h.m);
    }
}
