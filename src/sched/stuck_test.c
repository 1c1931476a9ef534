/* SPDX-License-Identifier: MIT */
/* stuck_test.c - what the added proc of a stuck one comes to when its goroutine is back. */
#include <leat.h>

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "sched/sched.h"
#include "t.h"

enum { OTHERS = 3 };

static int stuck_gate[2];
static atomic_bool stuck_stop;

static void *stuck_opens(void *unused)
{
    while (load_relaxed(&sched.compensations) == 0)
        usleep(1000);
    T_EQ(write(stuck_gate[1], "x", 1), 1);
    return unused;
}

/* A scheduling point, and yet it never waits. */
static void stuck_selects(leat_int_chan c)
{
    leat_select(leat_case_send(c, 1), leat_case_default);
    leat_select(leat_case_recv(c, NULL), leat_case_default);
}

static void stuck_spins(leat_waitgroup *wg)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);

    while (!atomic_load(&stuck_stop))
        stuck_selects(c);
    leat_chan_free(c);
    leat_waitgroup_done(wg);
}

static void stuck_reads_then_spins(leat_waitgroup *wg)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);
    char byte;

    T_EQ(read(stuck_gate[0], &byte, 1), 1);
    while (load_relaxed(&sched.compensations) > 0)
        stuck_selects(c);
    atomic_store(&stuck_stop, true);
    leat_chan_free(c);
    leat_waitgroup_done(wg);
}

/* Seen asleep, it has its proc replaced. Back from there it makes calls that succeed at once, and
 * must be asked to yield like anybody else: or one proc too many stays for ever. */
T_TEST(who_was_blocked_is_asked_to_yield, .procs = {1})
{
    leat_waitgroup wg = {0};
    pthread_t t;

    T_EQ(pipe(stuck_gate), 0);
    T_EQ(pthread_create(&t, NULL, stuck_opens, NULL), 0);
    leat_waitgroup_add(&wg, 1 + OTHERS);
    leat_go(stuck_reads_then_spins, &wg);
    for (int i = 0; i < OTHERS; i++)
        leat_go(stuck_spins, &wg);
    leat_waitgroup_wait(&wg);
    T_EQ(pthread_join(t, NULL), 0);
    close(stuck_gate[0]);
    close(stuck_gate[1]);
}
