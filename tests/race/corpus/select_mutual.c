/* SPDX-License-Identifier: MIT */
/* select_mutual.c - what a select orders, and what it does not. */
#include "corpus.h"

static void writes_and_selects_a_send(struct race *r)
{
    WRITE(r, x);
    leat_select(leat_case_send(r->c, 1), leat_case_send(r->never, 1));
}

static void selects_a_receive_and_writes(struct race *r)
{
    leat_select(leat_case_recv(r->c, NULL), leat_case_send(r->never, 1));
    WRITE(r, x);
}

ORDERED(a_send_of_a_select_is_before_its_receive, MM8, Select1,
        .parties = {writes_and_selects_a_send, selects_a_receive_and_writes})

static void selects_a_close_and_writes(struct race *r)
{
    leat_select(leat_case_recv(r->c, NULL), leat_case_recv(r->never, NULL));
    WRITE(r, x);
}

static void writes_and_closes(struct race *r)
{
    WRITE(r, x);
    leat_close(r->c);
    leat_yield();
}

ORDERED(a_close_is_before_the_select_that_sees_it, MM8, Select2,
        .parties = {selects_a_close_and_writes, writes_and_closes})

static void receives_and_writes(struct race *r)
{
    leat_recv(r->c, NULL);
    WRITE(r, x);
}

ORDERED(a_buffered_send_of_a_select_is_before_its_receive, MM8, Select3, .cap = 10,
        .parties = {writes_and_selects_a_send, receives_and_writes})

static void serves_tasks_by_select(struct race *r)
{
    struct word *w = NULL;

    do {
        leat_select(leat_case_recv(r->words, &w));
        if (w)
            race_write(&w->v);
        leat_send(r->c, 1);
    } while (w);
}

static void has_done(struct race *r, struct word *w)
{
    leat_select(leat_case_send(r->words, w), leat_case_recv(r->never, NULL));
    leat_select(leat_case_recv(r->c, NULL), leat_case_recv(r->never, NULL));
}

static void has_tasks_done_by_select(struct race *r)
{
    has_done(r, &r->x);
    READ(r, x);
    has_done(r, NULL);
}

ORDERED(a_task_and_its_answer_by_select_are_two_orders, MM8, Select4,
        .parties = {serves_tasks_by_select, has_tasks_done_by_select})

static void writes_and_sends_in_each_form(struct race *r)
{
    for (int form = 0; form < WORDS; form++) {
        if (form & 1)
            leat_yield();
        WRITE(r, word[form]);
        if (form & 2)
            leat_select(leat_case_send(r->c, 1), leat_case_recv(r->never, NULL));
        else
            leat_send(r->c, 1);
    }
}

static void receives_in_each_form_and_writes(struct race *r)
{
    for (int form = 0; form < WORDS; form++) {
        if (form & 2)
            leat_select(leat_case_recv(r->c, NULL), leat_case_recv(r->never, NULL));
        else
            leat_recv(r->c, NULL);
        WRITE(r, word[form]);
    }
}

ORDERED(each_form_of_a_hand_over_orders_whoever_comes_first, MM8, Select5,
        .parties = {writes_and_sends_in_each_form, receives_in_each_form_and_writes})

static void locks_by_select(struct race *r)
{
    leat_select(leat_case_send(r->c, 1), leat_case_recv(r->never, NULL));
    WRITE(r, x);
    leat_select(leat_case_recv(r->c, NULL), leat_case_recv(r->never, NULL));
}

ORDERED(a_channel_of_one_slot_is_a_lock_for_selects, MM8, SelectMutex, .cap = 1,
        .parties = {locks_by_select, locks_by_select})

/* ---- no order ---- */

static void receives_two(struct race *r)
{
    leat_recv(r->c, NULL);
    leat_recv(r->c, NULL);
}

static void selects_a_send_and_writes(struct race *r)
{
    leat_select(leat_case_send(r->c, 1), leat_case_send(r->never, 1));
    WRITE(r, x);
}

RACES(two_sends_of_selects_are_not_ordered, MM8, Select1, race_write,
      .parties = {receives_two, selects_a_send_and_writes, selects_a_send_and_writes})

static void writes_and_selects_a_receive(struct race *r)
{
    WRITE(r, x);
    leat_select(leat_case_recv(r->c, NULL), leat_case_recv(r->never, NULL));
}

static void closes_and_writes(struct race *r)
{
    leat_close(r->c);
    WRITE(r, x);
}

RACES(a_select_is_not_before_the_close_that_it_sees, MM8, Select2, race_write,
      .parties = {writes_and_selects_a_receive, closes_and_writes})

static void writes_and_receives_by_select(struct race *r)
{
    WRITE(r, x);
    leat_select(leat_case_recv(r->c, NULL));
}

RACES(what_both_do_before_they_meet_is_not_ordered, MM8, Select3, race_write,
      .parties = {writes_and_selects_a_send, writes_and_receives_by_select})

static void takes_the_default_and_writes(struct race *r)
{
    T_EQ(leat_select(leat_case_default), 0);
    WRITE(r, x);
}

static void reads(struct race *r)
{
    READ(r, x);
    READ(r, y);
}

RACES(a_default_is_no_order, MM8, Select4, race_write,
      .parties = {takes_the_default_and_writes, reads})

static void writes_by_the_case_chosen(struct race *r)
{
    if (leat_select(leat_case_send(r->c, 1), leat_case_send(r->never, 1)) == 0)
        WRITE(r, x);
    else
        WRITE(r, y);
}

RACES(a_case_that_nobody_receives_from_is_no_order, MM8, Select5, race_write, .cap = 1,
      .parties = {writes_by_the_case_chosen, reads})
