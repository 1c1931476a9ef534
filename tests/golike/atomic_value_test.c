/* SPDX-License-Identifier: MIT */
/* atomic_value_test.c - atomic values of any size, and sleeping until an atomic changes. */
#include "golike.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct av_large {
    long words[9];
    char tail[3];
};
typedef leat_atomic_value(struct av_large) av_shared;

static struct av_large av_of(long n)
{
    struct av_large v;

    memset(&v, 0, sizeof v);
    for (int i = 0; i < 9; i++)
        v.words[i] = n;
    memset(v.tail, (int)(n & 127), sizeof v.tail);
    return v;
}

static bool av_is_whole(const struct av_large *v)
{
    struct av_large want = av_of(v->words[0]);

    return memcmp(v, &want, sizeof want) == 0;
}

T_TEST(a_value_is_what_was_stored_last)
{
    av_shared a = {0};
    struct av_large v = av_of(7);

    T_FALSE(leat_atomic_value_load(&a, &v));
    T_EQ(v.words[0], 0);
    leat_atomic_value_store(&a, av_of(42));
    T_TRUE(leat_atomic_value_load(&a, &v));
    T_EQ(v.words[8], 42);
    T_TRUE(av_is_whole(&v));
    leat_atomic_value_store(&a, av_of(84));
    T_TRUE(leat_atomic_value_load(&a, &v));
    T_EQ(v.words[4], 84);
}

T_TEST(a_swap_gives_what_was_there)
{
    av_shared a = {0};
    struct av_large old = av_of(1);

    T_FALSE(leat_atomic_value_swap(&a, av_of(2), &old));
    T_EQ(old.words[0], 0);
    T_TRUE(leat_atomic_value_swap(&a, av_of(3), &old));
    T_EQ(old.words[0], 2);
}

T_TEST(a_compare_and_swap_needs_the_value)
{
    av_shared a = {0};
    struct av_large v;

    T_FALSE(leat_atomic_value_cas(&a, av_of(0), av_of(1))); /* never stored is no zero */
    leat_atomic_value_store(&a, av_of(0));
    T_FALSE(leat_atomic_value_cas(&a, av_of(1), av_of(2)));
    T_TRUE(leat_atomic_value_cas(&a, av_of(0), av_of(2)));
    T_TRUE(leat_atomic_value_load(&a, &v));
    T_EQ(v.words[0], 2);
}

/* TestValueConcurrent, ...SwapConcurrent, ...CompareAndSwapConcurrent. */
static void av_reads(av_shared *a, long rounds)
{
    struct av_large v;

    for (long i = 0; i < rounds; i++)
        if (leat_atomic_value_load(a, &v))
            T_TRUE(av_is_whole(&v));
}

static void av_swaps(av_shared *a, long from, long rounds, atomic_long *sum)
{
    struct av_large old;

    for (long i = from; i < from + rounds; i++)
        if (leat_atomic_value_swap(a, av_of(i), &old)) {
            T_TRUE(av_is_whole(&old));
            atomic_fetch_add(sum, old.words[0]);
        }
}

static void av_counts(av_shared *a, long rounds)
{
    struct av_large v;

    for (long i = 0; i < rounds; i++) {
        do
            T_TRUE(leat_atomic_value_load(a, &v));
        while (!leat_atomic_value_cas(a, v, av_of(v.words[0] + 1)));
    }
}

T_TEST(no_reader_sees_half_a_value_and_no_swap_loses_one)
{
    const long rounds = t_scale(20000);
    av_shared a = {0};
    atomic_long sum = 0;
    struct av_large last;
    leat_waitgroup wg = {0};

    for (int i = 0; i < 4; i++) {
        leat_waitgroup_go(&wg, av_reads, &a, rounds);
        leat_waitgroup_go(&wg, av_swaps, &a, i * rounds, rounds, &sum);
    }
    leat_waitgroup_wait(&wg);
    T_TRUE(leat_atomic_value_load(&a, &last));
    T_EQ(atomic_load(&sum) + last.words[0], 4 * rounds * (4 * rounds - 1) / 2);
}

T_TEST(concurrent_compare_and_swaps_count_exactly)
{
    const long rounds = t_scale(5000);
    av_shared a = {0};
    struct av_large v;
    leat_waitgroup wg = {0};

    leat_atomic_value_store(&a, av_of(0));
    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, av_counts, &a, rounds);
    leat_waitgroup_wait(&wg);
    T_TRUE(leat_atomic_value_load(&a, &v));
    T_EQ(v.words[0], 4 * rounds);
}

/* ---- sleeping until an atomic changes ---- */

static void aw_waits(leat_atomic_int32 *a, int old, atomic_int *woken)
{
    leat_atomic_wait(a, old);
    T_NE(leat_atomic_load(a), old);
    golike_note(woken);
}

static void *aw_thread(void *a)
{
    leat_atomic_wait((leat_atomic_int32 *)a, 0);
    return NULL;
}

T_TEST(a_wait_for_what_has_changed_returns_at_once)
{
    leat_atomic_bool b = {true};
    leat_atomic_int64 wide = {INT64_MIN};
    leat_atomic(signed char) narrow = {-1};

    leat_atomic_wait(&b, false);
    leat_atomic_wait(&wide, 0);
    leat_atomic_wait(&narrow, 1);
    T_EQ(leat_atomic_wait_until(&narrow, -1, leat_now() + 1000), -ETIMEDOUT);
    T_EQ(leat_atomic_wait_until(&wide, INT64_MIN, leat_now() + 1000), -ETIMEDOUT);
}

T_TEST(a_change_and_a_notification_wake_all_who_wait)
{
    leat_atomic_int32 a = {0};
    atomic_int woken = 0;
    pthread_t thread;

    T_EQ(pthread_create(&thread, NULL, aw_thread, &a), 0);
    for (int i = 0; i < 10; i++)
        leat_go(aw_waits, &a, 0, &woken);
    golike_turns();
    leat_atomic_notify_all(&a); /* without a change: they sleep on */
    golike_turns();
    T_EQ(atomic_load(&woken), 0);
    leat_atomic_store(&a, 1);
    leat_atomic_notify_all(&a);
    golike_await(&woken, 10);
    T_EQ(pthread_join(thread, NULL), 0);
    golike_alone();
}

static void aw_takes(leat_atomic_int32 *tokens, int count)
{
    while (count > 0) {
        int32_t n = leat_atomic_load(tokens);
        if (n == 0)
            leat_atomic_wait(tokens, 0);
        else if (leat_atomic_cas(tokens, n, n - 1))
            count--;
    }
}

T_TEST(tokens_notified_one_by_one_reach_all_takers)
{
    enum { TAKERS = 4 };
    const int each = (int)t_scale(5000);
    leat_atomic_int32 tokens = {0};
    leat_waitgroup wg = {0};

    for (int i = 0; i < TAKERS; i++)
        leat_waitgroup_go(&wg, aw_takes, &tokens, each);
    for (int i = 0; i < TAKERS * each; i++) {
        leat_atomic_add(&tokens, 1);
        leat_atomic_notify_one(&tokens);
    }
    leat_waitgroup_wait(&wg);
    T_EQ(leat_atomic_load(&tokens), 0);
}

T_TEST(a_wait_ends_with_its_context)
{
    leat_atomic_pointer a = {NULL};
    leat_ctx *ctx = leat_ctx_with_timeout(NULL, LEAT_MILLISECOND);

    T_EQ(leat_atomic_wait_ctx(ctx, &a, NULL), -ETIMEDOUT);
    T_EQ(leat_atomic_wait_ctx(ctx, &a, &a), -ETIMEDOUT); /* over is over */
    leat_ctx_free(ctx);
    T_EQ(leat_atomic_wait_ctx(NULL, &a, &a), 0);
}

/* The waiter frees the value; who notifies it uses the address only. */
static void aw_sets(leat_atomic_bool *b)
{
    leat_atomic_store(b, true);
    leat_atomic_notify_all(b);
}

T_TEST(the_value_may_be_gone_when_it_is_notified)
{
    for (long i = t_scale(3000); i > 0; i--) {
        leat_atomic_bool *b = calloc(1, sizeof *b);
        leat_go(aw_sets, b);
        leat_atomic_wait(b, false);
        free(b);
    }
    golike_alone();
}

T_TEST(waiting_for_no_change_is_a_deadlock, GOLIKE_BLOCKS("atomic wait"))
{
    leat_atomic_int32 a = {0};
    leat_atomic_wait(&a, 0);
}
