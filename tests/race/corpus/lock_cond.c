/* SPDX-License-Identifier: MIT */
/* lock_cond.c - what locks, conditions, calls made later and go statements order. */
#include "corpus.h"

#include <signal.h>

/* ---- mutex ---- */

static void locks_and_writes(struct race *r)
{
    leat_mutex_lock(&r->m);
    WRITE(r, x);
    leat_mutex_unlock(&r->m);
}

static void guards_and_writes(struct race *r)
{
    leat_lock_guard(&r->m);
    WRITE(r, x);
}

static void locks_the_other_and_writes(struct race *r)
{
    leat_mutex_lock(&r->m2);
    WRITE(r, x);
    leat_mutex_unlock(&r->m2);
}

static void writes_and_guards(struct race *r)
{
    WRITE(r, x);
    leat_lock_guard(&r->m);
}

static void writes_and_locks(struct race *r)
{
    WRITE(r, x);
    leat_mutex_lock(&r->m);
    leat_mutex_unlock(&r->m);
}

ORDERED(an_unlock_is_before_the_next_lock, MM11, Mutex,
        .parties = {guards_and_writes, locks_and_writes})
RACES(what_both_do_before_they_lock_is_not_ordered, MM11, Mutex, race_write,
      .parties = {writes_and_guards, writes_and_locks})
RACES(two_locks_do_not_order_each_other, MM11, Mutex2, race_write,
      .parties = {guards_and_writes, locks_the_other_and_writes})

static void writes_and_says_so_locked(struct race *r)
{
    WRITE(r, x);
    leat_mutex_lock(&r->m);
    r->y.v = 1;
    leat_mutex_unlock(&r->m);
}

static bool said_so_locked(struct race *r)
{
    leat_lock_guard(&r->m);
    return r->y.v;
}

static void asks_locked_and_writes(struct race *r)
{
    while (!said_so_locked(r))
        leat_yield();
    WRITE(r, x);
}

ORDERED(a_flag_under_a_lock_orders_what_is_outside, MM11, MutexPureHappensBefore,
        .parties = {writes_and_says_so_locked, asks_locked_and_writes})

static void locks(struct race *r)
{
    leat_mutex_lock(&r->m);
}

static void writes_and_unlocks(struct race *r)
{
    WRITE(r, x);
    leat_mutex_unlock(&r->m);
}

static void locks_and_reads(struct race *r)
{
    leat_mutex_lock(&r->m);
    READ(r, x);
    leat_mutex_unlock(&r->m);
}

ORDERED(a_lock_passed_on_is_a_semaphore, MM11, MutexSemaphore, .prepare = locks,
        .parties = {writes_and_unlocks, locks_and_writes})
ORDERED(the_second_lock_waits_for_the_unlock_of_another, MM11, MutexExampleFromHtml,
        .prepare = locks, .parties = {writes_and_unlocks, locks_and_reads})

static void overwrites_the_mutex(struct race *r)
{
    turn(r, 1);
    *(volatile uint32_t *)&r->m.leat__state = 0;
}

static void locks_unlocks_and_says_so(struct race *r)
{
    leat_mutex_lock(&r->m);
    leat_mutex_unlock(&r->m);
    next(r);
}

RACES(a_mutex_is_overwritten_beside_a_lock, MM11, MutexOverwrite, overwrites_the_mutex,
      .parties = {locks_unlocks_and_says_so, overwrites_the_mutex})

/* ---- rwmutex ---- */

static void write_locks_and_writes(struct race *r)
{
    leat_rwmutex_lock(&r->rw);
    WRITE(r, x);
    leat_rwmutex_unlock(&r->rw);
}

static void read_locks_and_reads(struct race *r)
{
    leat_rwmutex_rlock(&r->rw);
    READ(r, x);
    leat_rwmutex_runlock(&r->rw);
}

static void read_locks_and_writes_y(struct race *r)
{
    leat_rwmutex_rlock(&r->rw);
    READ(r, x);
    WRITE(r, y);
    leat_rwmutex_runlock(&r->rw);
}

RACES(a_mutex_and_a_reader_writer_lock_do_not_order_each_other, MM12, MutexRWMutex, race_write,
      .parties = {guards_and_writes, write_locks_and_writes})
ORDERED(a_reader_is_ordered_with_the_writer, MM12, RWMutex,
        .parties = {write_locks_and_writes, read_locks_and_writes_y})
/* However they come, two of the three readers are on one side of the writer. */
RACES(readers_that_write_are_not_ordered, MM13, RWMutexMultipleReaders, race_write,
      .parties = {write_locks_and_writes, read_locks_and_writes_y, read_locks_and_writes_y,
                  read_locks_and_writes_y})
ORDERED(readers_that_read_are_no_race, MM12, RWMutexMultipleReaders,
        .parties = {write_locks_and_writes, read_locks_and_reads, read_locks_and_reads,
                    read_locks_and_reads})

static void read_locks_first(struct race *r)
{
    read_locks_and_reads(r);
    next(r);
}

static void read_locks_second(struct race *r)
{
    turn(r, 1);
    read_locks_and_reads(r);
    next(r);
}

static void write_locks_last(struct race *r)
{
    turn(r, 2);
    write_locks_and_writes(r);
}

ORDERED(each_reader_is_before_the_next_writer, MM12, RWMutexTransitive,
        .parties = {read_locks_first, read_locks_second, write_locks_last})

static void read_locks_nothing(struct race *r)
{
    (void)r;
    leat_rwmutex *volatile nothing = NULL;
    leat_rwmutex_rlock(nothing);
}

DIES(a_lock_at_null_is_an_end_and_no_race, MM12, NilMutexCrash, .expect_signal = SIGSEGV,
     .parties = {read_locks_nothing})

/* ---- cond ---- */

static void writes_and_signals(struct race *r)
{
    WRITE(r, x);
    leat_mutex_lock(&r->m);
    r->y.v = 1;
    leat_cond_signal(&r->cond);
    leat_mutex_unlock(&r->m);
}

static void waits_for_y(struct race *r)
{
    leat_mutex_lock(&r->m);
    while (!r->y.v)
        leat_cond_wait(&r->cond, &r->m);
    leat_mutex_unlock(&r->m);
}

static void waits_and_writes_after(struct race *r)
{
    waits_for_y(r);
    WRITE(r, x);
}

ORDERED(a_signal_is_before_the_end_of_the_wait, MM19, Cond,
        .parties = {writes_and_signals, waits_and_writes_after})

static void writes_signals_and_writes_locked(struct race *r)
{
    writes_and_signals(r);
    turn(r, 1);
    locks_and_writes(r);
}

static void waits_and_writes_unlocked(struct race *r)
{
    waits_for_y(r);
    next(r);
    WRITE(r, x);
}

RACES(what_follows_the_signal_is_not_before_the_wait_s_end, MM19, Cond, race_write,
      .parties = {writes_signals_and_writes_locked, waits_and_writes_unlocked})

/* ---- calls made later ---- */

static void counts_down(struct race *r)
{
    if (--r->x.v > 0)
        leat_timer_reset(r->timer, 0);
    else
        leat_send(r->c, 1);
}

static void starts_the_count(struct race *r)
{
    r->x.v = 3;
    r->timer = leat_after_func(LEAT_HOUR, counts_down, r);
    leat_timer_reset(r->timer, 0);
    leat_recv(r->c, NULL);
    READ(r, x);
    leat_timer_free(r->timer);
}

ORDERED(a_call_made_later_comes_after_what_asked_for_it, MM24, AfterFunc1,
        .parties = {starts_the_count})

static void writes(struct race *r)
{
    WRITE(r, x);
}

static void asks_and_takes_back(struct race *r)
{
    leat_timer *t = leat_after_func(LEAT_HOUR, writes, r);

    T_TRUE(leat_timer_stop(t));
    leat_timer_free(t);
}

ORDERED(a_call_that_was_taken_back_touches_nothing, MM24, AfterFunc2,
        .parties = {asks_and_takes_back})

static void writes_and_tells(struct race *r)
{
    WRITE(r, x);
    leat_send(r->c, 1);
}

static void asks_for_one_and_writes(struct race *r)
{
    leat_timer *t = leat_after_func(LEAT_MILLISECOND, writes_and_tells, r);

    leat_recv(r->c, NULL);
    WRITE(r, x);
    leat_timer_free(t);
}

ORDERED(a_call_made_later_is_before_the_receive_of_its_word, MM24, AfterFunc3, .cap = 1,
        .parties = {asks_for_one_and_writes})

static void meets_and_writes(struct race *r)
{
    next(r);
    turn(r, 2);
    WRITE(r, x);
    leat_send(r->c, 1);
}

static void asks_for_two(struct race *r)
{
    leat_timer *first = leat_after_func(LEAT_MILLISECOND, meets_and_writes, r);
    leat_timer *second = leat_after_func(2 * LEAT_MILLISECOND, meets_and_writes, r);

    leat_recv(r->c, NULL);
    leat_recv(r->c, NULL);
    leat_timer_free(first);
    leat_timer_free(second);
}

RACES(two_calls_made_later_are_not_ordered, MM24, AfterFunc3, meets_and_writes, .cap = 2,
      .parties = {asks_for_two})

/* ---- go ---- */

static void starts_two_that_write(struct race *r)
{
    leat_waitgroup_go(&r->join, writes, r);
    leat_waitgroup_go(&r->join, writes, r);
}

static void writes_and_starts_more(struct race *r)
{
    WRITE(r, x);
    leat_waitgroup_go(&r->join, starts_two_that_write, r);
    leat_waitgroup_go(&r->join, writes, r);
    WRITE(r, x);
}

/* Any two of them may be the first that are reported. */
RACES(a_family_of_goroutines_is_not_ordered_among_itself, MM2, AnnounceThreads, writes,
      .parties = {writes_and_starts_more})

static void starts_who_writes(struct race *r)
{
    leat_waitgroup_go(&r->join, writes_and_tells, r);
}

static void starts_who_starts_who_writes(struct race *r)
{
    leat_waitgroup_go(&r->join, starts_who_writes, r);
}

static void starts_a_chain_and_writes(struct race *r)
{
    leat_waitgroup_go(&r->join, starts_who_starts_who_writes, r);
    WRITE(r, x);
    leat_recv(r->c, NULL);
}

RACES(what_follows_go_is_not_before_the_goroutine, MM2, GoroutineCreationStack,
      starts_who_writes, .cap = 1, .parties = {starts_a_chain_and_writes})
