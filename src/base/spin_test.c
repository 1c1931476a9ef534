/* SPDX-License-Identifier: MIT */
/* spin_test.c - one at a time under the lock, and lock ranks in builds that check them. */
#define _GNU_SOURCE 1
#include "base/spin.h"

#include <pthread.h>
#include <signal.h>

#include "t.h"

static const char *spin_unranked(void)
{
    return LEAT__CHECKS ? NULL : "ranks are checked in builds with LEAT_CHECKS only";
}

static struct {
    spinlock lock;
    long rounds;
    long sum; /* lock; atomic for TSan alone, which does not know the lock */
} spin_shared;

static void *spin_adder(void *arg)
{
    (void)arg;
    for (long i = 0; i < spin_shared.rounds; i++) {
        spin_lock(&spin_shared.lock, LEAT__RANK_LEAF);
        store_relaxed(&spin_shared.sum, load_relaxed(&spin_shared.sum) + 1);
        spin_unlock(&spin_shared.lock, LEAT__RANK_LEAF);
    }
    return NULL;
}

T_TEST(one_at_a_time, .procs = {1})
{
    enum { THREADS = 4 };
    pthread_t thread[THREADS];

    spin_shared.rounds = t_scale(200000);
    for (int i = 0; i < THREADS; i++)
        T_EQ(pthread_create(&thread[i], NULL, spin_adder, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        T_EQ(pthread_join(thread[i], NULL), 0);
    T_EQ(spin_shared.sum, THREADS * spin_shared.rounds);
    T_EQ(spin_shared.lock.held, 0u);
}

static spinlock spin_lot, spin_chan[3], spin_timers, spin_sched, spin_leaf;

T_TEST(rising_ranks_and_several_channels_are_fine, .procs = {1})
{
    for (int round = 0; round < 3; round++) {
        spin_lock(&spin_lot, LEAT__RANK_LOT);
        spin_lock(&spin_chan[0], LEAT__RANK_CHAN);
        spin_lock(&spin_timers, LEAT__RANK_TIMERS);
        spin_lock(&spin_leaf, LEAT__RANK_LEAF);
        spin_unlock(&spin_lot, LEAT__RANK_LOT); /* dropped in any order */
        spin_unlock(&spin_leaf, LEAT__RANK_LEAF);
        spin_unlock(&spin_chan[0], LEAT__RANK_CHAN);
        spin_unlock(&spin_timers, LEAT__RANK_TIMERS);
        for (int i = 0; i < 3; i++) /* select locks all of its channels */
            spin_lock(&spin_chan[i], LEAT__RANK_CHAN);
        spin_lock(&spin_sched, LEAT__RANK_SCHED);
        spin_unlock(&spin_sched, LEAT__RANK_SCHED);
        for (int i = 0; i < 3; i++)
            spin_unlock(&spin_chan[i], LEAT__RANK_CHAN);
    }
    T_EQ(spin_chan[0].held + spin_lot.held + spin_sched.held, 0u);
}

T_TEST(a_falling_rank_aborts, .procs = {1}, .skip_if = spin_unranked, .expect_signal = SIGABRT,
       .expect_stderr = "leat: lock of rank channel taken while holding one of rank")
{
    spin_lock(&spin_sched, LEAT__RANK_SCHED);
    spin_lock(&spin_chan[0], LEAT__RANK_CHAN);
}

T_TEST(a_rank_taken_twice_aborts, .procs = {1}, .skip_if = spin_unranked,
       .expect_signal = SIGABRT,
       .expect_stderr = "leat: lock of rank timers taken while holding one of rank")
{
    static spinlock second;

    spin_lock(&spin_timers, LEAT__RANK_TIMERS);
    spin_lock(&second, LEAT__RANK_TIMERS);
}

T_TEST(a_second_channel_under_a_higher_lock_aborts, .procs = {1}, .skip_if = spin_unranked,
       .expect_signal = SIGABRT,
       .expect_stderr = "leat: lock of rank channel taken while holding one of rank")
{
    spin_lock(&spin_chan[0], LEAT__RANK_CHAN);
    spin_lock(&spin_timers, LEAT__RANK_TIMERS);
    spin_lock(&spin_chan[1], LEAT__RANK_CHAN);
}

T_TEST(a_lock_that_was_dropped_is_forgotten, .procs = {1}, .skip_if = spin_unranked,
       .expect_signal = SIGABRT,
       .expect_stderr = "leat: lock of rank lot taken while holding one of rank")
{
    spin_lock(&spin_sched, LEAT__RANK_SCHED);
    spin_unlock(&spin_sched, LEAT__RANK_SCHED);
    spin_lock(&spin_chan[0], LEAT__RANK_CHAN); /* fine: nothing is held */
    spin_lock(&spin_chan[1], LEAT__RANK_CHAN);
    spin_unlock(&spin_chan[0], LEAT__RANK_CHAN);
    spin_lock(&spin_lot, LEAT__RANK_LOT); /* not: one channel still is */
}
