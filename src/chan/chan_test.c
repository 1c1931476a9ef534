/* SPDX-License-Identifier: MIT */
/*
 * chan_test.c - a channel from inside: its invariants in every state it can be brought to, the
 * walker that checks them, versions, copies, references.
 *
 * A goroutine stands in a queue once chan_waiting sees it there, so states with waiters are
 * reached by looking, not by sleeping.
 */
#define _GNU_SOURCE 1
#include "chan/chan.h"

#include <leat.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "t.h"

enum { CHAN_WAITERS = 3 };

static void chan_sound(leat_chan_base *c)
{
    T_STREQ(chan_check(c), NULL);
    T_LE(c->count, c->cap);
    if (c->cap > 0)
        T_EQ((c->head + c->count) % c->cap, c->tail);
}

/* TSan is told nothing about waiters, which lie on stacks that it watches. */
static int chan_waiting(leat_chan_base *c, const struct waitq *q)
{
    int n = 0;

    leat__san_ignore_begin();
    spin_lock(&c->lock, LEAT__RANK_CHAN);
    for (const struct waiter *w = q->first; w; w = w->next) {
        T_TRUE(w->queued);
        T_EQ(w->next ? w->next->prev : q->last, w);
        n++;
    }
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    leat__san_ignore_end();
    return n;
}

static void chan_until_waiting(leat_chan_base *c, const struct waitq *q, int n)
{
    while (chan_waiting(c, q) < n)
        leat_yield();
    chan_sound(c);
}

static atomic_int chan_ended;

static void chan_sender(leat_chan_base *c, int64_t value)
{
    leat_chan_base_send(c, &value);
    atomic_fetch_add(&chan_ended, 1);
}

static void chan_receiver(leat_chan_base *c, int64_t *into)
{
    leat_chan_base_recv(c, into);
    atomic_fetch_add(&chan_ended, 1);
}

static void chan_until_ended(int n)
{
    while (atomic_load(&chan_ended) < n)
        leat_yield();
}

static int64_t chan_take(leat_chan_base *c)
{
    int64_t value = -1;

    T_TRUE(leat_chan_base_recv(c, &value));
    chan_sound(c);
    return value;
}

/* ---- every state ---- */

static void chan_senders_wait(int64_t cap)
{
    leat_chan_base *c = leat_chan_base_make(sizeof(int64_t), cap);
    int64_t i;

    atomic_store(&chan_ended, 0);
    chan_sound(c);
    for (i = 0; i < cap; i++) {
        leat_chan_base_send(c, &i);
        chan_sound(c);
        T_EQ(leat_chan_base_len(c), i + 1);
    }
    T_FALSE(leat_chan_base_try_send(c, &i));
    for (; i < cap + CHAN_WAITERS; i++) {
        leat_go(chan_sender, c, i);
        chan_until_waiting(c, &c->senders, (int)(i - cap) + 1);
    }
    T_EQ(leat_chan_base_len(c), cap);
    for (int64_t k = 0; k < i; k++) {
        T_EQ(chan_take(c), k); /* the ring first, then who came first */
        T_EQ(leat_chan_base_len(c), k < CHAN_WAITERS ? cap : i - k - 1);
    }
    chan_until_ended(CHAN_WAITERS);
    T_FALSE(leat_chan_base_try_recv(c, &i, NULL));
    leat_chan_base_free(c);
}

static void chan_receivers_wait(int64_t cap)
{
    leat_chan_base *c = leat_chan_base_make(sizeof(int64_t), cap);
    int64_t got[CHAN_WAITERS + 1];

    atomic_store(&chan_ended, 0);
    memset(got, -1, sizeof(got));
    for (int i = 0; i < CHAN_WAITERS + 1; i++) {
        leat_go(chan_receiver, c, &got[i]);
        chan_until_waiting(c, &c->receivers, i + 1);
    }
    for (int64_t k = 0; k < CHAN_WAITERS; k++) {
        leat_chan_base_send(c, &k); /* past the ring, to who came first */
        chan_sound(c);
        T_EQ(leat_chan_base_len(c), 0);
    }
    chan_until_ended(CHAN_WAITERS);
    leat_chan_base_close(c);
    chan_sound(c);
    chan_until_ended(CHAN_WAITERS + 1);
    for (int k = 0; k < CHAN_WAITERS; k++)
        T_EQ(got[k], k);
    T_EQ(got[CHAN_WAITERS], 0);
    leat_chan_base_free(c);
}

static void chan_closed_with_values(int64_t cap)
{
    leat_chan_base *c = leat_chan_base_make(sizeof(int64_t), cap);
    int64_t value = 0;
    bool open;

    for (; value < cap; value++)
        leat_chan_base_send(c, &value);
    leat_chan_base_close(c);
    chan_sound(c);
    for (int64_t k = 0; k < cap; k++)
        T_EQ(chan_take(c), k);
    value = 5;
    T_FALSE(leat_chan_base_recv(c, &value));
    T_EQ(value, 0);
    T_FALSE(leat_chan_base_try_recv(c, &value, &open));
    T_FALSE(open);
    chan_sound(c);
    leat_chan_base_free(c);
}

T_TEST(the_invariants_hold_in_every_state)
{
    for (int64_t cap = 0; cap < 4; cap++) {
        chan_senders_wait(cap);
        chan_receivers_wait(cap);
        chan_closed_with_values(cap);
    }
}

static void chan_select_both_ways(leat_int64_chan c, int64_t *into)
{
    leat_select(leat_case_send(c, 7), leat_case_recv(c, into));
    atomic_fetch_add(&chan_ended, 1);
}

T_TEST(one_select_may_wait_at_both_ends)
{
    leat_int64_chan typed = leat_chan_make(leat_int64_chan, 0);
    leat_chan_base *c = (leat_chan_base *)(void *)typed;
    int64_t got = 0;

    leat_go(chan_select_both_ways, typed, &got);
    chan_until_waiting(c, &c->receivers, 1);
    T_EQ(chan_waiting(c, &c->senders), 1);
    T_EQ(chan_take(c), 7);
    chan_until_ended(1);
    T_EQ(chan_waiting(c, &c->receivers), 0);

    leat_go(chan_select_both_ways, typed, &got);
    chan_until_waiting(c, &c->senders, 1);
    leat_send(typed, 9);
    chan_until_ended(2);
    T_EQ(got, 9);
    T_EQ(chan_waiting(c, &c->senders), 0);
    chan_sound(c);
    leat_chan_free(typed);
}

/* ---- the walker itself ---- */

T_TEST(the_walker_finds_broken_channels, .procs = {1})
{
    struct waiter w = {.selecting = false}, v = {.selecting = true};
    leat_chan_base c = {.cap = 2};

    T_STREQ(chan_check(&c), NULL);
    c.receivers.first = c.receivers.last = &w;
    T_STREQ(chan_check(&c), NULL);
    c.count = 1;
    T_STRHAS(chan_check(&c), "C1");
    c.count = 0;
    c.mode = CHAN_SHUT;
    T_STRHAS(chan_check(&c), "C3");
    c.mode = 0;
    c.senders.first = c.senders.last = &v;
    T_STRHAS(chan_check(&c), "C1");
    c.receivers.first = c.receivers.last = NULL;
    T_STRHAS(chan_check(&c), "C2");
    c.count = 2;
    T_STREQ(chan_check(&c), NULL);
    c.mode = CHAN_SHUT;
    T_STRHAS(chan_check(&c), "C3");
}

T_TEST(every_change_has_a_version)
{
    leat_chan_base *c = leat_chan_base_make(sizeof(int64_t), 1);
    int64_t value = 1;
    uint32_t v = c->version;

    leat_chan_base_send(c, &value);
    T_EQ(c->version, v + 1);
    T_FALSE(leat_chan_base_try_send(c, &value));
    T_EQ(c->version, v + 1); /* a refusal changes nothing */
    leat_go(chan_sender, c, value);
    chan_until_waiting(c, &c->senders, 1);
    T_EQ(c->version, v + 2);
    chan_take(c);
    T_EQ(c->version, v + 3);
    chan_until_ended(1);
    chan_take(c);
    T_EQ(c->version, v + 4);
    leat_go(chan_receiver, c, &value);
    chan_until_waiting(c, &c->receivers, 1);
    T_EQ(c->version, v + 5);
    leat_chan_base_close(c);
    T_EQ(c->version, v + 6);
    chan_until_ended(2);
    leat_chan_base_free(c);
}

/* ---- copies ---- */

static void chan_copies(size_t size, int64_t cap)
{
    enum { ROUNDS = 10, MOST = 1024 };
    leat_chan_base *c = leat_chan_base_make(size, cap);
    unsigned char out[MOST], in[MOST];

    for (int i = 0; i < ROUNDS; i++) {
        for (size_t k = 0; k < size; k++)
            out[k] = (unsigned char)t_rand();
        leat_chan_base_send(c, out);
        if (i == 0 && cap > 1)
            leat_chan_base_send(c, out); /* keeps one behind: the ring wraps at any place */
        memset(in, 0xee, sizeof(in));
        T_TRUE(leat_chan_base_recv(c, in));
        if (cap == 1)
            T_MEMEQ(in, out, size);
        for (size_t k = size; k < sizeof(in); k++)
            T_EQ(in[k], 0xee); /* not a byte more */
        chan_sound(c);
    }
    if (cap > 1)
        T_TRUE(leat_chan_base_recv(c, NULL)); /* thrown away */
    T_EQ(leat_chan_base_len(c), 0);
    leat_chan_base_free(c);
}

T_TEST(elements_of_all_sizes_arrive_whole, .procs = {1})
{
    for (size_t size = 0; size <= 1000; size = size < 40 ? size + 1 : size * 2) {
        chan_copies(size, 1);
        chan_copies(size, 3);
    }
}

/* ---- what is attached, and references ---- */

static int chan_gone;

static void chan_note_gone(void *attached)
{
    T_STREQ(attached, "attached");
    chan_gone++;
}

T_TEST(the_last_reference_ends_what_is_attached, .procs = {1})
{
    for (size_t size = 0; size < 20; size++) {
        leat_chan_base *c = chan_make_with(size, 64, 3, 16, chan_note_gone);
        T_EQ((uintptr_t)c->ring % 64, 0u);
        T_EQ((uintptr_t)chan_attached(c) % 16, 0u);
        T_GE((char *)chan_attached(c), c->ring + 3 * size);
        strcpy(chan_attached(c), "attached");
        chan_gone = 0;
        T_EQ(leat_chan_base_ref(c), c);
        leat_chan_base_unref(c);
        T_EQ(chan_gone, 0);
        leat_chan_base_free(c);
        T_EQ(chan_gone, 1);
    }
}

/* ---- under load ---- */

static atomic_long chan_sum;
static atomic_int chan_busy;

static void chan_load_sender(leat_chan_base *c, int64_t n)
{
    for (int64_t i = 1; i <= n; i++)
        if (i % 4 || !leat_chan_base_try_send(c, &i))
            leat_chan_base_send(c, &i);
    atomic_fetch_sub(&chan_busy, 1);
}

static void chan_load_receiver(leat_chan_base *c)
{
    int64_t value;

    while (leat_chan_base_recv(c, &value))
        atomic_fetch_add(&chan_sum, value);
    atomic_fetch_sub(&chan_busy, 1);
}

T_TEST(the_invariants_hold_under_load)
{
    enum { SENDERS = 4, RECEIVERS = 4 };
    int64_t n = t_scale(2000);

    for (int64_t cap = 0; cap < 3; cap++) {
        leat_chan_base *c = leat_chan_base_make(sizeof(int64_t), cap);
        atomic_store(&chan_sum, 0);
        atomic_store(&chan_busy, SENDERS + RECEIVERS);
        for (int i = 0; i < SENDERS; i++)
            leat_go(chan_load_sender, c, n);
        for (int i = 0; i < RECEIVERS; i++)
            leat_go(chan_load_receiver, c);
        while (atomic_load(&chan_busy) > RECEIVERS) {
            T_STREQ(chan_check(c), NULL);
            leat_yield();
        }
        leat_chan_base_close(c);
        while (atomic_load(&chan_busy) > 0)
            leat_yield();
        chan_sound(c);
        T_EQ(atomic_load(&chan_sum), SENDERS * n * (n + 1) / 2);
        leat_chan_base_free(c);
    }
}
