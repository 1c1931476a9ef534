/* SPDX-License-Identifier: MIT */
/* check_test.c - builds with LEAT_CHECKS find broken invariants by themselves. */
#include "base/check.h"

#include <leat.h>
#include <stdlib.h>

#include "chan/chan.h"
#include "sched/sched.h"
#include "t.h"

static const char *check_unchecked(void)
{
    return LEAT__CHECKS ? NULL : "invariants are checked in builds with LEAT_CHECKS only";
}

T_TEST(a_change_of_a_broken_channel_is_fatal, .skip_if = check_unchecked, .expect_exit = 2,
       .expect_stderr = {"fatal error: leat: a broken invariant: C5: "})
{
    leat_chan_base *c = leat_chan_base_make(sizeof(int), 4);
    int value = 1;

    leat_chan_base_send(c, &value);
    c->tail = 3;
    leat_chan_base_send(c, &value);
}

T_TEST(sysmon_finds_what_is_broken, .skip_if = check_unchecked, .expect_exit = 2,
       .expect_stderr = {"fatal error: leat: a broken invariant: S3: limit is not"})
{
    leat_yield();
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    sched.compensations++;
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    for (;;)
        leat_yield();
}

T_TEST(so_does_the_exit, .skip_if = check_unchecked, .expect_exit = 2,
       .expect_stderr = {"fatal error: leat: a broken invariant: S1: the global queue"})
{
    leat_yield();
    spin_lock(&sched.lock, LEAT__RANK_SCHED);
    sched.nglobal++;
    spin_unlock(&sched.lock, LEAT__RANK_SCHED);
    exit(0);
}
