/* SPDX-License-Identifier: MIT */
/* hostile_test.c - the hostile build does what it says: it migrates at wake-ups, and yields. */
#include "sched/hostile.h"

#include <leat.h>

#include "t.h"

static uint32_t hostile_yielded, hostile_parked; /* atomic */
static uint64_t hostile_ponger;                  /* atomic: its parks count */

static void hostile_sink(enum leat__event_kind kind, uint64_t id, uint64_t arg)
{
    (void)arg;
    if (kind == LEAT__EV_YIELD && id == 1)
        fetch_add(&hostile_yielded, 1);
    if (kind == LEAT__EV_PARK && id == load_relaxed(&hostile_ponger))
        fetch_add(&hostile_parked, 1);
}

/* Each call yields one time in eight; 1000 calls with fewer than 40 yields, or more than 300,
 * would be an accident of probability below 1e-12. */
T_TEST(leat_calls_yield_at_random, .modes = "hostile", .procs = {1})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    store_seq(&leat__event_sink_now, hostile_sink);
    for (int i = 0; i < 1000; i++)
        T_FALSE(leat_try_recv(c, NULL));
    store_seq(&leat__event_sink_now, NULL);
    T_GE(load_relaxed(&hostile_yielded), 40u);
    T_LE(load_relaxed(&hostile_yielded), 300u);
    leat_chan_free(c);
}

static uint32_t hostile_moved, hostile_woken; /* atomic */

static void hostile_pong(leat_int_chan in, leat_int_chan out)
{
    int value = 0;

    store_relaxed(&hostile_ponger, leat_id());
    for (;;) {
        struct m *before = tls_m();
        uint32_t parked = load_relaxed(&hostile_parked);
        if (!leat_recv(in, &value))
            break;
        if (load_relaxed(&hostile_parked) != parked) {
            fetch_add(&hostile_woken, 1);
            fetch_add(&hostile_moved, tls_m() != before);
        }
        leat_send(out, value);
    }
    leat_close(out);
}

/* Which thread looks first is the kernel's choice, so not every single one is certain to move. */
T_TEST(most_wake_ups_migrate, .modes = "hostile", .procs = {2, 8})
{
    leat_int_chan ping = leat_chan_make(leat_int_chan, 0);
    leat_int_chan pong = leat_chan_make(leat_int_chan, 0);
    int value = 0;

    store_seq(&leat__event_sink_now, hostile_sink);
    leat_go(hostile_pong, ping, pong);
    for (int i = 0; load_relaxed(&hostile_woken) < 100; i++) {
        leat_send(ping, i);
        T_TRUE(leat_recv(pong, &value));
        T_EQ(value, i);
    }
    leat_close(ping);
    T_FALSE(leat_recv(pong, NULL));
    store_seq(&leat__event_sink_now, NULL);
    T_GE(2 * load_relaxed(&hostile_moved), load_relaxed(&hostile_woken));
    leat_chan_free(ping);
    leat_chan_free(pong);
}
