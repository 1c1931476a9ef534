/* SPDX-License-Identifier: MIT */
/* litmus_test.c - atomics have one order that all see: what no interleaving gives, never shows.
 * Store buffering and message passing are in atomic_test.c. */
#include "golike.h"

#include <sched.h>

struct litmus {
    leat_atomic_int64 word[2], seen[4];
    leat_atomic_int32 start, end;
};

typedef void (*litmus_party)(struct litmus *l, int64_t round);

static void litmus_meet(leat_atomic_int32 *arrived, int32_t all)
{
    leat_atomic_add(arrived, 1);
    while (leat_atomic_load(arrived) < all) {
        leat_yield();
        sched_yield(); /* more procs than processors: the others have no turn while we spin */
    }
}

static void litmus_rounds(struct litmus *l, litmus_party party, int parties, int32_t rounds,
                          void (*judge)(struct litmus *l, int64_t round))
{
    for (int32_t i = 1; i <= rounds; i++) {
        litmus_meet(&l->start, parties * i);
        party(l, i);
        litmus_meet(&l->end, parties * i);
        judge(l, i);
    }
}

static void litmus_run(const litmus_party *party, int parties,
                       void (*judge)(struct litmus *l, int64_t round))
{
    struct litmus l = {0};
    leat_waitgroup wg = {0};

    for (int i = 0; i < parties; i++)
        leat_waitgroup_go(&wg, litmus_rounds, &l, party[i], parties, (int32_t)t_scale(5000),
                          judge);
    leat_waitgroup_wait(&wg);
}

static void litmus_see(struct litmus *l, int what, int word)
{
    leat_atomic_store(&l->seen[what], leat_atomic_load(&l->word[word]));
}

static bool litmus_saw(struct litmus *l, int what, int64_t round)
{
    return leat_atomic_load(&l->seen[what]) == round;
}

/* Load buffering. */
static void litmus_load_0_store_1(struct litmus *l, int64_t round)
{
    litmus_see(l, 0, 0);
    leat_atomic_store(&l->word[1], round);
}

static void litmus_load_1_store_0(struct litmus *l, int64_t round)
{
    litmus_see(l, 1, 1);
    leat_atomic_store(&l->word[0], round);
}

static void litmus_not_both(struct litmus *l, int64_t round)
{
    T_FALSE(litmus_saw(l, 0, round) && litmus_saw(l, 1, round));
}

T_TEST(of_two_that_look_before_they_store_one_sees_nothing)
{
    litmus_run((const litmus_party[]){litmus_load_0_store_1, litmus_load_1_store_0}, 2,
               litmus_not_both);
}

/* Independent reads of independent writes. */
static void litmus_store_0(struct litmus *l, int64_t round)
{
    leat_atomic_store(&l->word[0], round);
}

static void litmus_store_1(struct litmus *l, int64_t round)
{
    leat_atomic_store(&l->word[1], round);
}

static void litmus_look_0_then_1(struct litmus *l, int64_t round)
{
    (void)round;
    litmus_see(l, 0, 0);
    litmus_see(l, 1, 1);
}

static void litmus_look_1_then_0(struct litmus *l, int64_t round)
{
    (void)round;
    litmus_see(l, 2, 1);
    litmus_see(l, 3, 0);
}

static void litmus_same_order(struct litmus *l, int64_t round)
{
    bool first_0 = litmus_saw(l, 0, round) && !litmus_saw(l, 1, round);
    bool first_1 = litmus_saw(l, 2, round) && !litmus_saw(l, 3, round);

    T_FALSE(first_0 && first_1);
}

T_TEST(two_who_look_see_two_stores_in_the_same_order)
{
    litmus_run((const litmus_party[]){litmus_store_0, litmus_store_1, litmus_look_0_then_1,
                                      litmus_look_1_then_0},
               4, litmus_same_order);
}
