/* SPDX-License-Identifier: MIT */
/* group_wait.c - what a wait group orders, and how it can be misused. */
#include "corpus.h"

static void adds_one(struct race *r)
{
    leat_waitgroup_add(&r->wg, 1);
}

static void adds_two(struct race *r)
{
    leat_waitgroup_add(&r->wg, 2);
}

static void adds_for_words(struct race *r)
{
    leat_waitgroup_add(&r->wg, WORDS);
}

static void writes_and_is_done(struct race *r)
{
    WRITE(r, x);
    leat_waitgroup_done(&r->wg);
}

static void waits(struct race *r)
{
    leat_waitgroup_wait(&r->wg);
}

static void waits_and_writes(struct race *r)
{
    leat_waitgroup_wait(&r->wg);
    WRITE(r, x);
}

ORDERED(one_task_and_a_wait_is_no_race, MM16, WaitGroup, .prepare = adds_one,
        .parties = {writes_and_is_done, waits})
ORDERED(a_done_is_before_the_wait_that_it_ends, MM16, WaitGroup2, .prepare = adds_one,
        .parties = {writes_and_is_done, waits_and_writes})

static void adds_one_and_starts_its_task(struct race *r)
{
    leat_waitgroup_add(&r->wg, 1);
    leat_waitgroup_go(&r->join, writes_and_is_done, r);
}

static void starts_tasks_one_by_one(struct race *r)
{
    adds_one_and_starts_its_task(r);
    adds_one_and_starts_its_task(r);
    leat_waitgroup_wait(&r->wg);
}

RACES(tasks_added_one_by_one_are_not_ordered, MM18, WaitGroup, writes_and_is_done,
      .parties = {starts_tasks_one_by_one})
RACES(tasks_added_at_once_are_not_ordered, MM18, WaitGroup2, writes_and_is_done,
      .prepare = adds_two, .parties = {writes_and_is_done, writes_and_is_done, waits})

static void adds_writes_and_takes_back(struct race *r)
{
    leat_waitgroup_wait(&r->wg);
    next(r);
    turn(r, 2);
    leat_waitgroup_add(&r->wg, 1);
    WRITE(r, x);
    leat_waitgroup_add(&r->wg, -1);
}

RACES(adding_and_taking_back_is_no_lock, MM18, WaitGroupAsMutex, race_write,
      .parties = {adds_writes_and_takes_back, adds_writes_and_takes_back})

static void adds_writes_and_is_done_with_the_other(struct race *r)
{
    leat_waitgroup_add(&r->wg, 1);
    WRITE(r, x);
    next(r);
    turn(r, 2);
    leat_waitgroup_done(&r->wg);
}

RACES(a_wait_before_the_adds_orders_no_task, MM17, WaitGroupWrongWait, race_party,
      .parties = {waits, adds_writes_and_is_done_with_the_other,
                  adds_writes_and_is_done_with_the_other})

static void adds_and_is_done_after_the_wait_began(struct race *r)
{
    leat_waitgroup_add(&r->wg, 1);
    next(r);
    turn(r, 3);
    leat_waitgroup_done(&r->wg);
}

/* Until one is counted as waiting; a look that the detector does not see. */
__attribute__((no_sanitize("thread"))) static uint32_t waiters_of(struct race *r)
{
    return (uint32_t) * (volatile uint64_t *)&r->wg.leat__state;
}

static void lets_them_end(struct race *r)
{
    while (waiters_of(r) == 0)
        leat_yield();
    next(r);
}

static void waits_in_between(struct race *r)
{
    turn(r, 2);
    leat_waitgroup_go(&r->join, lets_them_end, r);
    leat_waitgroup_wait(&r->wg);
}

/* No memory but the group's own: the first add and the wait are not ordered. */
RACES(an_add_beside_a_wait_is_a_race, MM17, WaitGroupWrongAdd, race_party,
      .parties = {adds_and_is_done_after_the_wait_began, adds_and_is_done_after_the_wait_began,
                  waits_in_between})

/* ---- several that wait ---- */

ORDERED(several_may_wait_for_nothing, MM16, WaitGroupMultipleWait,
        .parties = {waits, waits, waits})

static void is_done_and_waits(struct race *r)
{
    leat_waitgroup_done(&r->wg);
    leat_waitgroup_wait(&r->wg);
}

ORDERED(those_who_are_done_may_wait_for_the_others, MM16, WaitGroupMultipleWait2,
        .prepare = adds_two, .parties = {is_done_and_waits, is_done_and_waits, waits})

static void writes_a_word(struct race *r, int i)
{
    WRITE(r, word[i]);
    leat_waitgroup_done(&r->wg);
}

static void starts_a_task_for_each_word(struct race *r)
{
    for (int i = 0; i < WORDS; i++)
        leat_waitgroup_go(&r->join, writes_a_word, r, i);
}

static void waits_and_reads_all(struct race *r)
{
    leat_waitgroup_wait(&r->wg);
    for (int i = 0; i < WORDS; i++)
        READ(r, word[i]);
}

ORDERED(all_tasks_are_before_each_of_the_waits, MM16, WaitGroupMultipleWait3,
        .prepare = adds_for_words,
        .parties = {starts_a_task_for_each_word, waits_and_reads_all, waits_and_reads_all,
                    waits_and_reads_all})

static void writes_y_later_and_is_done(struct race *r)
{
    for (int i = 0; i < 20; i++)
        leat_yield();
    WRITE(r, y);
    leat_waitgroup_done(&r->wg);
}

static void waits_and_reads_both(struct race *r)
{
    leat_waitgroup_wait(&r->wg);
    READ(r, x);
    READ(r, y);
}

ORDERED(the_done_that_does_not_end_the_wait_is_before_it_too, MM16, WaitGroupTransitive,
        .prepare = adds_two,
        .parties = {writes_and_is_done, writes_y_later_and_is_done, waits_and_reads_both})

/* ---- again and again ---- */

static void writes_words_and_waits(struct race *r)
{
    for (int again = 0; again < 3; again++) {
        leat_waitgroup_add(&r->wg, WORDS);
        starts_a_task_for_each_word(r);
        leat_waitgroup_wait(&r->wg);
        for (int i = 0; i < WORDS; i++)
            WRITE(r, word[i]);
    }
}

ORDERED(a_group_is_used_again_after_its_wait, MM16, WaitGroupReuse,
        .parties = {writes_words_and_waits})

static void waits_and_writes_words(struct race *r)
{
    leat_waitgroup_wait(&r->wg);
    for (int i = 0; i < WORDS; i++)
        WRITE(r, word[i]);
    leat_send(r->c, 1);
}

static void writes_words_after_another_waiter(struct race *r)
{
    for (int again = 0; again < 3; again++) {
        leat_waitgroup_add(&r->wg, WORDS);
        starts_a_task_for_each_word(r);
        leat_waitgroup_go(&r->join, waits_and_writes_words, r);
        leat_waitgroup_wait(&r->wg);
        leat_recv(r->c, NULL);
        for (int i = 0; i < WORDS; i++)
            WRITE(r, word[i]);
    }
}

ORDERED(a_group_is_used_again_after_all_its_waits, MM16, WaitGroupReuse2,
        .parties = {writes_words_after_another_waiter})

static void waits_and_says_so(struct race *r)
{
    leat_waitgroup_wait(&r->wg);
    next(r);
}

static void is_done_when_one_waits(struct race *r)
{
    while (waiters_of(r) == 0)
        leat_yield();
    leat_waitgroup_done(&r->wg);
}

/* The other has returned from its wait, but nothing orders that. */
static void waits_and_adds_again(struct race *r)
{
    turn(r, 1);
    leat_waitgroup_wait(&r->wg);
    leat_waitgroup_add(&r->wg, 1);
    leat_waitgroup_done(&r->wg);
}

RACES(a_group_is_used_again_beside_another_s_wait, MM17, WaitGroupReuse, race_party,
      .prepare = adds_one,
      .parties = {waits_and_says_so, waits_and_adds_again, is_done_when_one_waits})

static void adds_sends_and_is_done(struct race *r)
{
    leat_waitgroup_add(&r->wg, 1);
    leat_send(r->c, 1);
    leat_waitgroup_done(&r->wg);
}

static void hears_of_all_and_waits(struct race *r)
{
    for (int i = 0; i < PARTIES - 1; i++)
        leat_recv(r->c, NULL);
    leat_waitgroup_wait(&r->wg);
}

ORDERED(adds_that_are_before_the_wait_may_come_at_once, MM17, WaitGroupConcurrentAdd,
        .cap = PARTIES,
        .parties = {adds_sends_and_is_done, adds_sends_and_is_done, adds_sends_and_is_done,
                    adds_sends_and_is_done, hears_of_all_and_waits})

/* ---- misuse: where Go recovers, a C program ends ---- */

static void writes_and_is_done_too_often(struct race *r)
{
    WRITE(r, x);
    leat_waitgroup_done(&r->wg);
}

DIES(a_negative_counter_is_an_end_and_no_race, MM17, WaitGroupPanicRecover, .expect_exit = 2,
     .parties = {writes_and_is_done_too_often})

static void writes_and_tells(struct race *r)
{
    WRITE(r, x);
    leat_send(r->c, 1);
}

static void starts_another(void *r)
{
    leat_waitgroup_go(&((struct race *)r)->join, writes_and_tells, (struct race *)r);
}

static void ends_early_and_starts_another(struct race *r)
{
    leat_defer(starts_another, r);
    WRITE(r, x);
    leat_exit();
}

static void hears_and_writes(struct race *r)
{
    leat_recv(r->c, NULL);
    WRITE(r, x);
}

ORDERED(what_an_early_end_starts_comes_after_it, MM2, WaitGroupPanicRecover2,
        .parties = {ends_early_and_starts_another, hears_and_writes})
