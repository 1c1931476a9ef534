/* SPDX-License-Identifier: MIT */
/*
 * lifetime_test.c - an object may go as soon as the call that waited on it has returned.
 *
 * Objects on the stack or freed at once, while who released them may still be inside its call:
 * whoever touches them after its last atomic step writes into memory that is something else by
 * then. ASan sees it at once; without it the canaries around do.
 */
#include "sched_util.h"

#define CANARY 0x5aa55aa55aa55aa5u

static void is_done(leat_waitgroup *wg)
{
    leat_waitgroup_done(wg);
}

static void *thread_is_done(void *wg)
{
    leat_waitgroup_done(wg);
    return NULL;
}

static __attribute__((noinline)) void waits_on_its_stack(void)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 2);
    leat_go(is_done, &wg);
    leat_go(is_done, &wg);
    leat_waitgroup_wait(&wg);
}

/* Takes the place of the frame before, and watches it. */
static __attribute__((noinline)) void watches_old_frame(void)
{
    volatile uint64_t room[64];

    for (int i = 0; i < 64; i++)
        room[i] = CANARY;
    leat_yield();
    for (int i = 0; i < 64; i++)
        T_EQ(room[i], CANARY);
}

T_TEST(a_wait_group_on_the_waiters_stack_may_go_after_wait)
{
    for (long i = t_scale(5000); i > 0; i--) {
        waits_on_its_stack();
        watches_old_frame();
    }
}

T_TEST(a_wait_group_on_the_heap_may_be_freed_after_wait)
{
    for (long i = t_scale(3000); i > 0; i--) {
        leat_waitgroup *wg = calloc(1, sizeof(*wg));
        leat_waitgroup_add(wg, 1);
        leat_go(is_done, wg);
        leat_waitgroup_wait(wg);
        free(wg);
    }
}

T_TEST(a_wait_group_may_go_though_a_thread_released_it)
{
    for (long i = t_scale(500); i > 0; i--) {
        leat_waitgroup *wg = calloc(1, sizeof(*wg));
        leat_waitgroup_add(wg, 1);
        pthread_t t = util_thread(thread_is_done, wg);
        leat_waitgroup_wait(wg);
        free(wg);
        util_join(t);
    }
}

static void *thread_waits_and_frees(void *p)
{
    leat_waitgroup *wg = p;

    leat_waitgroup_wait(wg);
    free(wg);
    return NULL;
}

T_TEST(a_thread_that_waited_may_free_the_wait_group)
{
    for (long i = t_scale(500); i > 0; i--) {
        leat_waitgroup *wg = calloc(1, sizeof(*wg));
        leat_waitgroup_add(wg, 1);
        pthread_t t = util_thread(thread_waits_and_frees, wg);
        leat_go(is_done, wg);
        util_join(t);
    }
}

struct shared {
    leat_mutex m;
    int users;
};

static void uses_and_drops(struct shared *s)
{
    leat_mutex_lock(&s->m);
    bool last = --s->users == 0;
    leat_mutex_unlock(&s->m);
    if (last)
        free(s);
}

T_TEST(the_last_user_of_a_mutex_may_free_it)
{
    for (long i = t_scale(2000); i > 0; i--) {
        leat_waitgroup wg = {0};
        struct shared *s = calloc(1, sizeof(*s));
        s->users = 4;
        for (int k = 0; k < 4; k++)
            leat_waitgroup_go(&wg, uses_and_drops, s);
        leat_waitgroup_wait(&wg);
    }
}

static void sends_one(leat_int_chan c)
{
    leat_send(c, 1);
}

static void receives_one(leat_int_chan c)
{
    T_TRUE(leat_recv(c, NULL));
}

static void closes(leat_int_chan c)
{
    leat_close(c);
}

T_TEST(a_channel_may_be_freed_after_the_last_receive)
{
    for (long i = t_scale(3000); i > 0; i--) {
        leat_int_chan c = leat_chan_make(leat_int_chan, i % 2);
        leat_go(sends_one, c);
        T_TRUE(leat_recv(c, NULL));
        leat_chan_free(c);
    }
}

T_TEST(a_channel_may_be_freed_after_the_last_send)
{
    for (long i = t_scale(3000); i > 0; i--) {
        leat_int_chan c = leat_chan_make(leat_int_chan, 0);
        leat_go(receives_one, c);
        leat_send(c, 1);
        leat_chan_free(c);
    }
}

T_TEST(a_channel_may_be_freed_after_close_was_seen)
{
    for (long i = t_scale(3000); i > 0; i--) {
        leat_int_chan c = leat_chan_make(leat_int_chan, 0);
        leat_go(closes, c);
        T_FALSE(leat_recv(c, NULL));
        leat_chan_free(c);
    }
}

T_TEST(channels_of_a_select_may_be_freed_after_it)
{
    for (long i = t_scale(2000); i > 0; i--) {
        leat_int_chan a = leat_chan_make(leat_int_chan, 0);
        leat_int_chan b = leat_chan_make(leat_int_chan, 0);
        leat_go(sends_one, i % 2 ? a : b);
        T_EQ(leat_select(leat_case_recv(a, NULL), leat_case_recv(b, NULL)), i % 2 ? 0 : 1);
        leat_chan_free(a);
        leat_chan_free(b);
    }
}

static void *thread_sends_one(void *c)
{
    sends_one((leat_int_chan)c);
    return NULL;
}

T_TEST(a_channel_may_be_freed_though_a_thread_is_still_in_its_send)
{
    for (long i = t_scale(500); i > 0; i--) {
        leat_int_chan c = leat_chan_make(leat_int_chan, 0);
        pthread_t t = util_thread(thread_sends_one, c);
        T_TRUE(leat_recv(c, NULL));
        leat_chan_free(c);
        util_join(t);
    }
}

static void drops_reference(leat_int_chan c)
{
    leat_send(c, 1);
    leat_chan_unref(c);
}

T_TEST(references_keep_a_channel_until_the_last_is_dropped)
{
    for (long i = t_scale(1000); i > 0; i--) {
        leat_int_chan c = leat_chan_make(leat_int_chan, 2);
        leat_go(drops_reference, leat_chan_ref(c));
        leat_go(drops_reference, leat_chan_ref(c));
        T_TRUE(leat_recv(c, NULL));
        leat_chan_unref(c);
    }
    while (leat_num_goroutine() > 1)
        leat_yield();
}
