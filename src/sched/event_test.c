/* SPDX-License-Identifier: MIT */
/*
 * event_test.c - a life as the sink sees it: spawned, ready, started, parked, ready, ended.
 *
 * The one event that is not waited for is a race by nature: a goroutine is found by its waker
 * before it reports that it parks. So the test wakes it only after that report.
 */
#include "base/event.h"

#include <leat.h>

#include "sched/sched.h"
#include "t.h"

enum { EVENT_MAX = 64 };

struct event {
    uint32_t kind;
    uint64_t id, arg;
};

static struct event event_log[EVENT_MAX];
static uint32_t event_count;  /* atomic */
static uint64_t event_parent; /* only its children are logged */
static uint64_t event_child;  /* atomic; 0: not born */

/* Steals and compensations name other things than goroutines; a yield may come at any time, and
 * one that was asked for by sysmon comes in between. */
static void event_note(enum leat__event_kind kind, uint64_t id, uint64_t arg)
{
    if (kind == LEAT__EV_SPAWN && arg == event_parent)
        store_seq(&event_child, id);
    if (kind >= LEAT__EV_STEAL || kind == LEAT__EV_YIELD || id != load_seq(&event_child))
        return;
    uint32_t i = load_relaxed(&event_count);
    if (i < EVENT_MAX) {
        event_log[i] = (struct event){kind, id, arg};
        store_release(&event_count, i + 1); /* its events come one by one */
    }
}

static void event_until(uint32_t kind)
{
    for (;;) {
        uint32_t n = load_acquire(&event_count);
        for (uint32_t i = 0; i < n; i++)
            if (event_log[i].kind == kind)
                return;
        leat_yield();
    }
}

static void event_receive(leat_chan_base *c)
{
    leat_chan_base_recv(c, NULL);
}

T_TEST(a_life_in_order)
{
    static const uint32_t life[] = {LEAT__EV_SPAWN, LEAT__EV_READY, LEAT__EV_START,
                                    LEAT__EV_PARK,  LEAT__EV_READY, LEAT__EV_EXIT};
    leat_chan_base *c = leat_chan_base_make(sizeof(int), 0);
    int value = 1;

    event_parent = leat_id();
    store_seq(&leat__event_sink_now, event_note);
    leat_go(event_receive, c);
    event_until(LEAT__EV_PARK);
    leat_chan_base_send(c, &value);
    event_until(LEAT__EV_EXIT);
    store_seq(&leat__event_sink_now, NULL);

    T_EQ(event_count, array_len(life));
    for (size_t i = 0; i < array_len(life); i++)
        T_EQ(event_log[i].kind, life[i]);
    T_EQ(event_log[0].arg, event_parent);
    T_EQ(event_log[1].arg, event_parent);
    T_LT(event_log[2].arg, (unsigned)sched.nprocs);
    T_EQ(event_log[3].arg, (uint64_t)WAIT_CHAN_RECV);
    T_EQ(event_log[4].arg, event_parent);
    leat_chan_base_free(c);
}

static void event_nothing(void)
{
}

T_TEST(no_sink_no_events)
{
    event_parent = leat_id();
    store_seq(&leat__event_sink_now, event_note);
    leat_go(event_nothing);
    event_until(LEAT__EV_EXIT);
    uint32_t n = load_seq(&event_count);
    store_seq(&leat__event_sink_now, NULL);
    leat_waitgroup wg = {0};
    leat_waitgroup_go(&wg, event_nothing);
    leat_waitgroup_wait(&wg);
    T_EQ(load_seq(&event_count), n);
}
