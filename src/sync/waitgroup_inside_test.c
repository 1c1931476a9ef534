/* SPDX-License-Identifier: MIT */
/*
 * waitgroup_inside_test.c - misuse that a wait group sees for an instant only: its state is made
 * here, so that the instant lasts.
 */
#include <leat.h>

#include "base/util.h"
#include "t.h"

#define WG_DIES(text) \
    .expect_exit = 2, .expect_stderr = {"panic: " text "\n", "goroutine 1 [running]:"}

/* The last has left and who waits is still counted: nobody may add now. */
T_TEST(an_add_beside_a_wait_panics, .procs = {1},
       WG_DIES("sync: WaitGroup misuse: Add called concurrently with Wait"))
{
    leat_waitgroup wg = {.leat__state = 1};

    leat_waitgroup_add(&wg, 1);
}

/* It is no misuse once somebody is there: who waits, waits for more. */
T_TEST(an_add_to_some_beside_a_wait_is_none, .procs = {1})
{
    leat_waitgroup wg = {.leat__state = (UINT64_C(1) << 32) + 1};

    leat_waitgroup_add(&wg, 1);
    leat_waitgroup_done(&wg);
    T_EQ(load_seq(&wg.leat__state), (UINT64_C(1) << 32) + 1);
}
