/* SPDX-License-Identifier: MIT */
/* atomic_word.c - an atomic operation that sees another's effect comes after it. */
#include "corpus.h"

#include <signal.h>

/* ---- two count; the second to come may touch what the first wrote ---- */

static void counts_64(struct race *r, struct word *own, struct word *other, int64_t mine)
{
    race_write(&own->v);
    if (leat_atomic_add(&r->s64, 1) == mine)
        race_write(&other->v);
}

static void counts_64_last_from_x(struct race *r)
{
    counts_64(r, &r->x, &r->y, 2);
}

static void counts_64_last_from_y(struct race *r)
{
    counts_64(r, &r->y, &r->x, 2);
}

ORDERED(the_last_to_add_comes_after_all, MM22, AtomicAddInt64,
        .parties = {counts_64_last_from_x, counts_64_last_from_y})

static void counts_64_first_from_x(struct race *r)
{
    counts_64(r, &r->x, &r->y, 1);
}

static void counts_64_first_from_y(struct race *r)
{
    counts_64(r, &r->y, &r->x, 1);
}

RACES(the_first_to_add_comes_after_none, MM22, AtomicAddInt64, counts_64,
      .parties = {counts_64_first_from_x, counts_64_first_from_y})

static void counts_32(struct race *r, struct word *own, struct word *other)
{
    race_write(&own->v);
    if (leat_atomic_add(&r->s32, 1) == 2)
        race_write(&other->v);
}

static void counts_32_from_x(struct race *r)
{
    counts_32(r, &r->x, &r->y);
}

static void counts_32_from_y(struct race *r)
{
    counts_32(r, &r->y, &r->x);
}

ORDERED(the_last_to_add_comes_after_all_at_half_the_width, MM22, AtomicAddInt32,
        .parties = {counts_32_from_x, counts_32_from_y})

static void stores_if_first(struct race *r, struct word *own, struct word *other)
{
    race_write(&own->v);
    if (!leat_atomic_cas(&r->s32, 0, 1))
        race_write(&other->v);
}

static void stores_if_first_from_x(struct race *r)
{
    stores_if_first(r, &r->x, &r->y);
}

static void stores_if_first_from_y(struct race *r)
{
    stores_if_first(r, &r->y, &r->x);
}

ORDERED(a_cas_that_fails_comes_after_what_it_saw, MM22, AtomicCASCASInt32_2,
        .parties = {stores_if_first_from_x, stores_if_first_from_y})

/* ---- one changes the word, the other waits for that ---- */

static void adds_32(struct race *r)
{
    WRITE(r, x);
    leat_atomic_add(&r->s32, 1);
}

static void stores_32(struct race *r)
{
    WRITE(r, x);
    leat_atomic_store(&r->s32, 1);
}

static void exchanges_32(struct race *r)
{
    WRITE(r, x);
    T_TRUE(leat_atomic_cas(&r->s32, 0, 1));
}

static void adds_64(struct race *r)
{
    WRITE(r, x);
    leat_atomic_add(&r->s64, 1);
}

static void stores_u64(struct race *r)
{
    WRITE(r, x);
    leat_atomic_store(&r->u64, 1);
}

static void exchanges_u64(struct race *r)
{
    WRITE(r, x);
    T_TRUE(leat_atomic_cas(&r->u64, 0, 1));
}

static void stores_pointer(struct race *r)
{
    WRITE(r, x);
    leat_atomic_store(&r->p, r);
}

static void loads_32(struct race *r)
{
    while (leat_atomic_load(&r->s32) != 1)
        leat_yield();
    WRITE(r, x);
}

static void takes_32(struct race *r)
{
    while (!leat_atomic_cas(&r->s32, 1, 0))
        leat_yield();
    WRITE(r, x);
}

static void loads_64(struct race *r)
{
    while (leat_atomic_load(&r->s64) != 1)
        leat_yield();
    WRITE(r, x);
}

static void takes_u64(struct race *r)
{
    while (!leat_atomic_cas(&r->u64, 1, 0))
        leat_yield();
    WRITE(r, x);
}

static void loads_pointer(struct race *r)
{
    while (leat_atomic_load(&r->p) != r)
        leat_yield();
    WRITE(r, x);
}

ORDERED(an_add_is_before_the_load_that_sees_it, MM22, AtomicLoadAddInt32,
        .parties = {adds_32, loads_32})
ORDERED(a_store_is_before_the_load_that_sees_it, MM22, AtomicLoadStoreInt32,
        .parties = {stores_32, loads_32})
ORDERED(a_store_is_before_the_cas_that_takes_it, MM22, AtomicStoreCASInt32,
        .parties = {stores_32, takes_32})
ORDERED(a_cas_is_before_the_load_that_sees_it, MM22, AtomicCASLoadInt32,
        .parties = {exchanges_32, loads_32})
ORDERED(a_cas_is_before_the_cas_that_takes_it, MM22, AtomicCASCASInt32,
        .parties = {exchanges_32, takes_32})
ORDERED(a_wide_add_is_before_the_load_that_sees_it, MM22, AtomicLoadInt64,
        .parties = {adds_64, loads_64})
ORDERED(a_wide_cas_is_before_the_cas_that_takes_it, MM22, AtomicCASCASUInt64,
        .parties = {exchanges_u64, takes_u64})
ORDERED(a_store_of_a_pointer_is_before_the_load_that_sees_it, MM22, AtomicLoadStorePointer,
        .parties = {stores_pointer, loads_pointer})
ORDERED(a_wide_store_is_before_the_cas_that_takes_it, MM22, AtomicStoreCASUint64,
        .parties = {stores_u64, takes_u64})

/* ---- atomic on one side only ---- */

static void stores(struct race *r)
{
    leat_atomic_store(&r->u64, 1);
}

static void loads(struct race *r)
{
    leat_atomic_load(&r->u64);
}

static void adds(struct race *r)
{
    leat_atomic_add(&r->u64, 1);
}

static void reads_plainly(struct race *r)
{
    (void)*(volatile uint64_t *)&r->u64.leat__v;
}

static void writes_plainly(struct race *r)
{
    *(volatile uint64_t *)&r->u64.leat__v = 42;
}

RACES(a_plain_read_beside_an_atomic_store, MM23, AtomicStoreLoad, reads_plainly,
      .parties = {stores, reads_plainly})
RACES(a_plain_write_beside_an_atomic_load, MM23, AtomicLoadStore, writes_plainly,
      .parties = {loads, writes_plainly})
RACES(a_plain_read_beside_an_atomic_add, MM23, AtomicAddLoad, reads_plainly,
      .parties = {adds, reads_plainly})
RACES(a_plain_write_beside_an_atomic_add, MM23, AtomicAddStore, writes_plainly,
      .parties = {adds, writes_plainly})

/* ---- waiting for a change ---- */

static void waits_for_a_change_and_reads(struct race *r)
{
    leat_atomic_wait(&r->s32, 0);
    READ(r, x);
}

static void gives_up_waiting_and_reads(struct race *r)
{
    leat_ctx *ctx = leat_ctx_with_timeout(NULL, LEAT_MILLISECOND);

    turn(r, 1);
    T_ERR(leat_atomic_wait_ctx(ctx, &r->s32, 0), -ETIMEDOUT);
    READ(r, x);
    leat_ctx_free(ctx);
}

static void writes_changes_and_notifies(struct race *r)
{
    WRITE(r, x);
    leat_atomic_store(&r->s32, 1);
    leat_atomic_notify_all(&r->s32);
}

static void changes_writes_and_notifies(struct race *r)
{
    leat_atomic_store(&r->s32, 1);
    WRITE(r, x);
    leat_atomic_notify_all(&r->s32);
}

static void writes_and_notifies_of_nothing(struct race *r)
{
    WRITE(r, x);
    leat_atomic_notify_all(&r->s32);
    next(r);
}

ORDERED(a_change_is_before_the_wait_it_ends, MM22, -,
        .parties = {waits_for_a_change_and_reads, writes_changes_and_notifies})
RACES(what_follows_the_change_is_not_before_the_wait_s_end, MM22, -, race_write,
      .parties = {waits_for_a_change_and_reads, changes_writes_and_notifies})
RACES(a_notification_of_nothing_is_no_order, MM22, -, race_read,
      .parties = {gives_up_waiting_and_reads, writes_and_notifies_of_nothing})

/* ---- atomic operations in odd places ---- */

static void adds_to_nothing(struct race *r)
{
    (void)r;
    leat_atomic_int32 *volatile nothing = NULL;

    signal(SIGSEGV, SIG_DFL); /* no handler may run inside of clang's ThreadSanitizer */
    leat_atomic_add(nothing, 1);
}

/* Go recovers from it; a C program dies, at once and of the access. */
DIES(an_atomic_add_to_null_is_an_end_and_no_race, MM22, AtomicCrash, .expect_signal = SIGSEGV,
     .parties = {adds_to_nothing})

static void clears(void *word)
{
    leat_atomic_store((leat_atomic_int64 *)word, 0);
}

static void forks_with_a_deferred_store(struct race *r, int depth)
{
    leat_atomic_int64 own = {0};

    leat_atomic_store(&own, 1);
    leat_defer(clears, &own);
    for (int i = 0; depth > 0 && i < 2; i++)
        leat_waitgroup_go(&r->join, forks_with_a_deferred_store, r, depth - 1);
}

static void starts_the_forks(struct race *r)
{
    forks_with_a_deferred_store(r, 7);
}

ORDERED(a_deferred_store_to_one_s_own_stack_is_no_race, MM22, DeferAtomicStore, .rounds = 2,
        .parties = {starts_the_forks})
