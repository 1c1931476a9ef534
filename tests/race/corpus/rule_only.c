/* SPDX-License-Identifier: MIT */
/* rule_only.c - rules of the memory model that Go's corpus has no program for. */
#include "corpus.h"

static void writes(struct race *r)
{
    WRITE(r, x);
}

/* ---- before main ---- */

static int from_before_main;

__attribute__((constructor)) static void writes_before_main(void)
{
    from_before_main = 1;
}

static void reads_what_was_before_main(struct race *r)
{
    (void)r;
    race_read(&from_before_main);
}

ORDERED(what_a_constructor_did_is_before_all_goroutines, MM1, -,
        .parties = {reads_what_was_before_main, reads_what_was_before_main})

/* ---- send and close ---- */

static void sends_and_tells(struct race *r)
{
    leat_send(r->c, 1);
    leat_send(r->c2, 1);
}

static void hears_and_closes(struct race *r)
{
    leat_recv(r->c2, NULL);
    leat_close(r->c);
}

ORDERED(a_close_that_knows_of_the_send_is_no_race, MM9, -, .cap = 1,
        .parties = {sends_and_tells, hears_and_closes})

/* ---- locks ---- */

static void read_locks_and_writes_x(struct race *r)
{
    leat_rwmutex_rlock(&r->rw);
    WRITE(r, x);
    leat_rwmutex_runlock(&r->rw);
}

static void read_locks_and_writes_y(struct race *r)
{
    leat_rwmutex_rlock(&r->rw);
    WRITE(r, y);
    leat_rwmutex_runlock(&r->rw);
}

ORDERED(readers_that_write_apart_are_no_race, MM13, -,
        .parties = {read_locks_and_writes_x, read_locks_and_writes_y})

static void locks_writes_and_tells(struct race *r)
{
    leat_mutex_lock(&r->m);
    WRITE(r, x);
    leat_mutex_unlock(&r->m);
    next(r);
}

static void tries_till_it_works_and_writes(struct race *r)
{
    turn(r, 1);
    while (!leat_mutex_trylock(&r->m))
        leat_yield();
    WRITE(r, x);
    leat_mutex_unlock(&r->m);
}

ORDERED(a_trylock_that_works_is_a_lock, MM14, -,
        .parties = {locks_writes_and_tells, tries_till_it_works_and_writes})

static void writes_and_holds(struct race *r)
{
    leat_mutex_lock(&r->m);
    WRITE(r, x);
    next(r);
    turn(r, 2);
    leat_mutex_unlock(&r->m);
}

static void tries_in_vain_and_writes(struct race *r)
{
    turn(r, 1);
    leat_mutex_trylock(&r->m);
    WRITE(r, x);
    next(r);
}

RACES(a_trylock_that_fails_is_no_order, MM14, -, race_write,
      .parties = {writes_and_holds, tries_in_vain_and_writes})

/* Beside a reader: the writers' turn, which it has had for a moment, is no order either. */
static void writes_and_goes_on_reading(struct race *r)
{
    leat_rwmutex_lock(&r->rw);
    WRITE(r, x);
    leat_rwmutex_unlock(&r->rw);
    leat_rwmutex_rlock(&r->rw);
    next(r);
    turn(r, 2);
    leat_rwmutex_runlock(&r->rw);
}

static void tries_beside_a_reader_and_writes(struct race *r)
{
    turn(r, 1);
    T_FALSE(leat_rwmutex_trylock(&r->rw));
    WRITE(r, x);
    next(r);
}

RACES(a_trylock_beside_a_reader_is_no_order, MM14, -, race_write,
      .parties = {writes_and_goes_on_reading, tries_beside_a_reader_and_writes})

static void reads_beside_and_upgrades_in_vain(struct race *r)
{
    turn(r, 1);
    leat_rwmutex_rlock(&r->rw); /* after the writer, and before no reader */
    next(r);
    turn(r, 3);
    T_FALSE(leat_rwmutex_try_upgrade(&r->rw));
    READ(r, y);
    next(r);
    leat_rwmutex_runlock(&r->rw);
}

static void writes_downgrades_and_writes(struct race *r)
{
    leat_rwmutex_lock(&r->rw);
    leat_rwmutex_downgrade(&r->rw);
    next(r);
    turn(r, 2);
    WRITE(r, y);
    next(r);
    turn(r, 4);
    leat_rwmutex_runlock(&r->rw);
}

RACES(an_upgrade_in_vain_is_no_order, MM14, -, race_write,
      .parties = {writes_downgrades_and_writes, reads_beside_and_upgrades_in_vain})

static void writes_and_downgrades(struct race *r)
{
    leat_rwmutex_lock(&r->rw);
    WRITE(r, x);
    leat_rwmutex_downgrade(&r->rw);
    next(r);
    turn(r, 2);
    READ(r, y);
    leat_rwmutex_runlock(&r->rw);
    next(r);
}

static void reads_then_upgrades_and_writes(struct race *r)
{
    turn(r, 1);
    leat_rwmutex_rlock(&r->rw);
    READ(r, x);
    next(r);
    turn(r, 3);
    T_TRUE(leat_rwmutex_try_upgrade(&r->rw));
    WRITE(r, x);
    WRITE(r, y);
    leat_rwmutex_unlock(&r->rw);
}

ORDERED(a_lock_that_changes_its_kind_orders_as_both, MM12, -,
        .parties = {writes_and_downgrades, reads_then_upgrades_and_writes})

static void gives_up_beside_a_reader_and_writes(struct race *r)
{
    turn(r, 1);
    T_ERR(leat_rwmutex_lock_until(&r->rw, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    WRITE(r, x);
    next(r);
}

RACES(a_writer_that_gives_up_comes_after_nobody, MM14, -, race_write,
      .parties = {writes_and_goes_on_reading, gives_up_beside_a_reader_and_writes})

/* ---- once ---- */

static void does_once_and_reads(struct race *r)
{
    leat_once_do(&r->once, writes, r);
    READ(r, x);
}

static void reads_without_once(struct race *r)
{
    READ(r, x);
}

ORDERED(what_once_does_is_before_all_its_returns, MM15, -,
        .parties = {does_once_and_reads, does_once_and_reads, does_once_and_reads})
RACES(a_look_past_once_is_not_ordered, MM15, -, race_read,
      .parties = {does_once_and_reads, reads_without_once})

/* ---- map ---- */

static leat_map keys;

static void clears_the_map(struct race *r)
{
    (void)r;
    leat_map_clear(&keys);
}

static void writes_and_stores_a_key(struct race *r)
{
    WRITE(r, x);
    leat_map_store(&keys, 1, r);
}

static void finds_the_key_and_writes(struct race *r)
{
    void *found;

    while (!leat_map_load(&keys, 1, &found))
        leat_yield();
    WRITE(r, x);
}

ORDERED(a_store_into_a_map_is_before_the_load_that_finds_it, MM21, -, .prepare = clears_the_map,
        .parties = {writes_and_stores_a_key, finds_the_key_and_writes})

static void writes_and_changes_nothing(struct race *r)
{
    WRITE(r, x);
    leat_map_cas(&keys, 1, r, r);
    next(r);
}

static void loads_the_key_and_writes(struct race *r)
{
    void *found;

    turn(r, 1);
    leat_map_load(&keys, 1, &found);
    WRITE(r, x);
}

RACES(a_change_of_a_map_that_fails_is_no_order, MM21, -, race_write, .prepare = clears_the_map,
      .parties = {writes_and_changes_nothing, loads_the_key_and_writes})

/* ---- atomics ---- */

static void adds_and_tells(struct race *r)
{
    leat_atomic_add(&r->s32, 1);
    leat_send(r->c, 1);
}

static void hears_and_looks_plainly(struct race *r)
{
    leat_recv(r->c, NULL);
    (void)*(volatile int32_t *)&r->s32.leat__v;
}

ORDERED(a_plain_look_after_word_of_the_atomic_is_no_race, MM23, -, .cap = 1,
        .parties = {adds_and_tells, hears_and_looks_plainly})

static void stores_one_and_loads_the_other(struct race *r)
{
    leat_atomic_store(&r->s64, 1);
    leat_atomic_load(&r->u64);
}

static void stores_the_other_and_loads_one(struct race *r)
{
    leat_atomic_store(&r->u64, 1);
    leat_atomic_load(&r->s64);
}

static void writes_x_and_reads_y(struct race *r)
{
    WRITE(r, x);
    READ(r, y);
}

static void writes_y_and_reads_x(struct race *r)
{
    WRITE(r, y);
    READ(r, x);
}

ORDERED(two_that_store_and_look_atomically_are_no_race, MM29, -,
        .parties = {stores_one_and_loads_the_other, stores_the_other_and_loads_one})
RACES(two_that_store_and_look_plainly_race, MM29, -, race_write,
      .parties = {writes_x_and_reads_y, writes_y_and_reads_x})

/* ---- invalid idioms ---- */

static void checks_twice(struct race *r)
{
    if (!READ(r, y)) {
        leat_mutex_lock(&r->m);
        if (!r->y.v) {
            WRITE(r, x);
            WRITE(r, y);
        }
        leat_mutex_unlock(&r->m);
    }
    READ(r, x);
}

RACES(a_flag_that_is_checked_twice_is_no_order, MM31, -, race_write,
      .parties = {checks_twice, checks_twice})

static void busy_waits_and_reads(struct race *r)
{
    turn(r, 1); /* the plain loop might never see it */
    while (!READ(r, y))
        leat_yield();
    READ(r, x);
}

static void writes_and_sets_the_flag(struct race *r)
{
    WRITE(r, x);
    WRITE(r, y);
    next(r);
}

RACES(waiting_for_a_plain_flag_is_no_order, MM31, -, race_read,
      .parties = {writes_and_sets_the_flag, busy_waits_and_reads})
