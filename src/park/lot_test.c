/* SPDX-License-Identifier: MIT */
/*
 * lot_test.c - who waits on an address, in which order it is served, and that nobody is
 * forgotten.
 *
 * "It waits" is read off its record: the status becomes G_WAITING under the bucket's lock, in the
 * critical section that queues it, so whoever comes to the bucket later stands behind it.
 */
#define _GNU_SOURCE 1
#include "park/lot.h"

#include <leat.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "t.h"

enum { LOT_WAITERS = 8 };

struct lot_waiter {
    uint32_t *word;
    const void *key;
    _Atomic(struct g *) g;
    bool lifo;
    int number;
};

static atomic_int lot_turn;               /* the next place in lot_order */
static atomic_int lot_served;             /* how many have come through and are in it */
static atomic_int lot_order[LOT_WAITERS]; /* who was the i-th */

static void lot_serve(int number)
{
    atomic_store(&lot_order[atomic_fetch_add(&lot_turn, 1)], number);
    atomic_fetch_add(&lot_served, 1);
}

static void lot_wait_on_word(struct lot_waiter *w)
{
    atomic_store(&w->g, g_self());
    lot_acquire(w->word, w->lifo, WAIT_MUTEX, w->word);
    lot_serve(w->number);
}

static void lot_until_waiting(struct lot_waiter *w)
{
    struct g *g;

    while (!(g = atomic_load(&w->g)) || load_acquire(&g->status) != G_WAITING)
        leat_yield();
}

static void lot_until_served(int n)
{
    while (atomic_load(&lot_served) < n)
        leat_yield();
}

static void lot_queue_up(struct lot_waiter *w, int n, uint32_t *word)
{
    for (int i = 0; i < n; i++) {
        w[i].word = word;
        w[i].number = i;
        leat_go(lot_wait_on_word, &w[i]);
        lot_until_waiting(&w[i]);
    }
    T_STREQ(lot_check(), NULL);
    T_EQ(atomic_load(&lot_served), 0);
}

T_TEST(the_first_to_wait_is_the_first_served)
{
    static struct lot_waiter w[LOT_WAITERS];
    uint32_t word = 0;

    lot_queue_up(w, LOT_WAITERS, &word);
    for (int i = 0; i < LOT_WAITERS; i++) {
        lot_release(&word, i % 2);
        lot_until_served(i + 1);
        T_EQ(atomic_load(&lot_order[i]), i);
        T_EQ(load_seq(&word), 0u);
        T_STREQ(lot_check(), NULL);
    }
}

T_TEST(lifo_stands_in_front)
{
    static struct lot_waiter w[LOT_WAITERS];
    uint32_t word = 0;

    for (int i = 0; i < LOT_WAITERS; i++)
        w[i].lifo = i >= LOT_WAITERS / 2;
    lot_queue_up(w, LOT_WAITERS, &word);
    for (int i = 0; i < LOT_WAITERS; i++) {
        lot_release(&word, false);
        lot_until_served(i + 1);
        int in_front = LOT_WAITERS / 2;
        T_EQ(atomic_load(&lot_order[i]), i < in_front ? LOT_WAITERS - 1 - i : i - in_front);
    }
}

T_TEST(a_release_grants_and_leaves_no_count_to_snatch)
{
    static struct lot_waiter w[1];

    for (long round = t_scale(500); round > 0; round--) {
        uint32_t word = 0;
        atomic_store(&w[0].g, NULL);
        lot_queue_up(w, 1, &word);
        lot_release(&word, round % 2);
        T_EQ(load_seq(&word), 0u); /* the waiter's, wherever it is by now */
        lot_until_served(1);
        atomic_store(&lot_turn, 0);
        atomic_store(&lot_served, 0);
    }
}

T_TEST(a_release_before_the_wait_is_kept)
{
    uint32_t word = 0;

    for (unsigned n = 1; n <= 3; n++) {
        lot_release(&word, n % 2);
        T_EQ(word, n);
    }
    for (unsigned left = 3; left > 0; left--) {
        lot_acquire(&word, false, WAIT_MUTEX, NULL);
        T_EQ(word, left - 1);
    }
}

/* ---- wake all ---- */

static atomic_int lot_woken;
static atomic_bool lot_valid;

static bool lot_still_valid(void *arg)
{
    return atomic_load((atomic_bool *)arg);
}

static int lot_wake(const void *key)
{
    return lot_wake_all(key, lot_still_valid, &lot_valid);
}

static void lot_wait_on_key(struct lot_waiter *w)
{
    atomic_store(&w->g, g_self());
    lot_park(w->key, lot_still_valid, &lot_valid, WAIT_WAITGROUP);
    atomic_fetch_add(&lot_woken, 1);
}

static void *lot_thread_on_key(void *w)
{
    lot_wait_on_key(w);
    return NULL;
}

T_TEST(wake_all_wakes_goroutines_and_threads)
{
    enum { GOROUTINES = 20, THREADS = 3, ALL = GOROUTINES + THREADS };
    static struct lot_waiter w[ALL];
    pthread_t thread[THREADS];
    int key, other;

    atomic_store(&lot_valid, true);
    for (int i = 0; i < ALL; i++) {
        w[i].key = &key;
        if (i < GOROUTINES)
            leat_go(lot_wait_on_key, &w[i]);
        else
            T_EQ(pthread_create(&thread[i - GOROUTINES], NULL, lot_thread_on_key, &w[i]), 0);
    }
    for (int i = 0; i < ALL; i++)
        lot_until_waiting(&w[i]);
    T_STREQ(lot_check(), NULL);
    T_EQ(lot_wake(&other), 0);
    atomic_store(&lot_valid, false);
    T_EQ(lot_wake(&key), -1); /* the commit says no */
    T_EQ(atomic_load(&lot_woken), 0);
    atomic_store(&lot_valid, true);
    T_EQ(lot_wake(&key), ALL);
    while (atomic_load(&lot_woken) < ALL)
        leat_yield();
    for (int i = 0; i < THREADS; i++)
        T_EQ(pthread_join(thread[i], NULL), 0);
    T_EQ(lot_wake(&key), 0);
    T_STREQ(lot_check(), NULL);
}

T_TEST(who_need_not_wait_does_not)
{
    struct lot_waiter w = {.key = &w};

    atomic_store(&lot_valid, false);
    lot_wait_on_key(&w);
    T_EQ(atomic_load(&lot_woken), 1);
    atomic_store(&lot_valid, true);
    T_EQ(lot_wake(&w), 0);
}

/* More keys than buckets: some share one. */
T_TEST(an_address_wakes_its_own_waiter_only, .procs = {1, 2})
{
    int n = (int)t_scale(6000);
    struct lot_waiter *w = calloc((size_t)n, sizeof(*w));
    int *turn = calloc((size_t)n, sizeof(*turn));

    T_TRUE(w && turn);
    atomic_store(&lot_valid, true);
    for (int i = 0; i < n; i++) {
        turn[i] = i;
        w[i].key = &w[i];
        leat_go(lot_wait_on_key, &w[i]);
    }
    for (int i = 0; i < n; i++)
        lot_until_waiting(&w[i]);
    T_STREQ(lot_check(), NULL);
    for (int i = n - 1; i >= 0; i--) {
        uint64_t j = t_rand() % (uint64_t)(i + 1);
        int it = turn[j];
        turn[j] = turn[i];
        T_EQ(lot_wake(w[it].key), 1);
    }
    while (atomic_load(&lot_woken) < n)
        leat_yield();
    T_STREQ(lot_check(), NULL);
    free(turn);
    free(w);
}

/* ---- nobody is forgotten ---- */

enum { LOT_WORDS = 3 };

static struct {
    uint32_t word[LOT_WORDS]; /* one count each: whoever has it owns the sum */
    long sum[LOT_WORDS];
    uint32_t free_for_all; /* no owner: each release lets one through */
    atomic_int left;
} lot_hammer;

/* A wake-up that is lost leaves somebody waiting for ever, and the case out of time. The sums are
 * atomic for TSan alone: what a count orders is its user's to tell (sync/mutex.c). */
static void lot_hammer_rounds(long rounds)
{
    for (long r = 0; r < rounds; r++) {
        uint64_t k = t_rand() % LOT_WORDS;
        lot_acquire(&lot_hammer.word[k], t_rand() % 4 == 0, WAIT_MUTEX, NULL);
        long sum = __atomic_load_n(&lot_hammer.sum[k], __ATOMIC_RELAXED);
        if (t_rand() % 16 == 0)
            leat_yield();
        __atomic_store_n(&lot_hammer.sum[k], sum + 1, __ATOMIC_RELAXED);
        lot_release(&lot_hammer.word[k], t_rand() % 4 == 0);
        if (r % 2)
            lot_acquire(&lot_hammer.free_for_all, false, WAIT_MUTEX, NULL);
        else
            lot_release(&lot_hammer.free_for_all, false);
    }
    atomic_fetch_sub(&lot_hammer.left, 1);
}

static void *lot_hammer_thread(void *rounds)
{
    lot_hammer_rounds(*(const long *)rounds);
    return NULL;
}

T_TEST(no_wake_up_is_lost)
{
    enum { GOROUTINES = 8, THREADS = 2, ALL = GOROUTINES + THREADS };
    long rounds = t_scale(2000) & ~1L; /* as many give as take */
    pthread_t thread[THREADS];
    long sum = 0;

    atomic_store(&lot_hammer.left, ALL);
    for (int k = 0; k < LOT_WORDS; k++)
        lot_hammer.word[k] = 1;
    for (int i = 0; i < GOROUTINES; i++)
        leat_go(lot_hammer_rounds, rounds);
    for (int i = 0; i < THREADS; i++)
        T_EQ(pthread_create(&thread[i], NULL, lot_hammer_thread, &rounds), 0);
    while (atomic_load(&lot_hammer.left) > 0) {
        T_STREQ(lot_check(), NULL);
        leat_yield();
    }
    for (int i = 0; i < THREADS; i++)
        T_EQ(pthread_join(thread[i], NULL), 0);
    for (int k = 0; k < LOT_WORDS; k++) {
        T_EQ(load_seq(&lot_hammer.word[k]), 1u);
        sum += lot_hammer.sum[k];
    }
    T_EQ(sum, rounds * ALL);
    T_EQ(load_seq(&lot_hammer.free_for_all), 0u);
}
