/* SPDX-License-Identifier: MIT */
/* chan_order.c - what channels order: sends, receives, closes, slots. */
#include "corpus.h"

static void writes_and_sends(struct race *r)
{
    WRITE(r, x);
    leat_send(r->c, 1);
}

static void receives_and_writes(struct race *r)
{
    leat_recv(r->c, NULL);
    WRITE(r, x);
}

ORDERED(a_send_is_before_its_receive, MM4, ChanSync,
        .parties = {writes_and_sends, receives_and_writes})
ORDERED(a_buffered_send_is_before_its_receive, MM4, ChanAsync,
        .parties = {writes_and_sends, receives_and_writes}, .cap = 10)

static void sends_and_writes(struct race *r)
{
    leat_send(r->c, 1);
    WRITE(r, x);
}

static void writes_and_receives(struct race *r)
{
    WRITE(r, x);
    leat_recv(r->c, NULL);
}

ORDERED(an_unbuffered_receive_is_before_the_end_of_its_send, MM6, ChanSyncRev,
        .parties = {sends_and_writes, writes_and_receives})

/* Where the receiver waits already, the sender moves the value for it and gets its order too
 * (chan.c: waiter_edges): here the send comes first. */
static void sends_first_and_writes(struct race *r)
{
    leat_send(r->c, 1);
    next(r);
    WRITE(r, x);
}

static void writes_and_receives_second(struct race *r)
{
    turn(r, 1);
    WRITE(r, x);
    leat_recv(r->c, NULL);
}

RACES(a_buffered_receive_is_not_before_its_send, MM6, ChanAsyncRev, race_write, .cap = 10,
      .parties = {sends_first_and_writes, writes_and_receives_second})

/* ---- close ---- */

static void writes_and_closes(struct race *r)
{
    WRITE(r, x);
    leat_close(r->c);
}

static void writes_late(void *r)
{
    WRITE((struct race *)r, x);
}

static void receives_and_defers_a_write(struct race *r)
{
    leat_defer(writes_late, r);
    leat_recv(r->c, NULL);
}

static void learns_of_the_close_and_writes(struct race *r)
{
    T_FALSE(leat_recv(r->c, NULL));
    WRITE(r, x);
}

static void ranges_and_writes(struct race *r)
{
    leat_range(v, r->c)
        T_FAIL("a value nobody sent: %d", v);
    WRITE(r, x);
}

ORDERED(a_close_is_before_what_a_receiver_deferred, MM5, ChanAsyncCloseRecv,
        .parties = {writes_and_closes, receives_and_defers_a_write}, .cap = 10)
ORDERED(a_close_is_before_the_receive_that_fails, MM5, ChanAsyncCloseRecv2,
        .parties = {writes_and_closes, learns_of_the_close_and_writes}, .cap = 10)
ORDERED(a_close_is_before_the_end_of_a_range, MM5, ChanAsyncCloseRecv3,
        .parties = {writes_and_closes, ranges_and_writes}, .cap = 10)
ORDERED(an_unbuffered_close_is_before_what_a_receiver_deferred, MM5, ChanSyncCloseRecv,
        .parties = {writes_and_closes, receives_and_defers_a_write})
ORDERED(an_unbuffered_close_is_before_the_receive_that_fails, MM5, ChanSyncCloseRecv2,
        .parties = {writes_and_closes, learns_of_the_close_and_writes})
ORDERED(an_unbuffered_close_is_before_the_end_of_a_range, MM5, ChanSyncCloseRecv3,
        .parties = {writes_and_closes, ranges_and_writes})

static void reads_if_closed(struct race *r)
{
    bool open = true;

    leat_try_recv_ok(r->c, NULL, &open);
    if (!open)
        READ(r, x);
}

ORDERED(a_close_is_before_a_look_that_finds_it, MM5, CloseHappensBeforeRead,
        .parties = {reads_if_closed, writes_and_closes}, .rounds = 100)

static void closes(struct race *r)
{
    leat_close(r->c);
}

static void looks_at_the_length(struct race *r)
{
    leat_len(r->c);
}

static void looks_at_the_capacity(struct race *r)
{
    T_EQ(leat_cap(r->c), 10);
}

ORDERED(a_close_beside_a_look_at_the_length_is_no_race, MM10, ChanCloseLen,
        .parties = {looks_at_the_length, closes}, .cap = 10)
ORDERED(a_close_beside_a_look_at_the_capacity_is_no_race, MM10, ChanCloseCap,
        .parties = {looks_at_the_capacity, closes}, .cap = 10)

/* ---- values ---- */

static void sends_a_pointer(struct race *r)
{
    struct word *w = malloc(sizeof *w);

    race_write(&w->v);
    leat_send(r->words, w);
}

static void writes_through_the_pointer(struct race *r)
{
    struct word *w;

    leat_recv(r->words, &w);
    race_write(&w->v);
    free(w);
}

ORDERED(what_a_pointer_points_to_goes_with_it, MM4, ChanPtr,
        .parties = {sends_a_pointer, writes_through_the_pointer})

/* Reading the value to send is before the send, writing what was received after the receive. */
static void sends_a_variable(struct race *r)
{
    leat_send(r->c, r->x.v);
}

static void receives_into_the_variable(struct race *r)
{
    leat_recv(r->c, &r->x.v);
}

ORDERED(the_variable_sent_may_be_the_one_received_into, MM4, ChanReadWriteAsync,
        .parties = {sends_a_variable, receives_into_the_variable}, .cap = 10)

static void serves_one_task(struct race *r)
{
    struct word *w;

    leat_recv(r->words, &w);
    race_write(&w->v);
    leat_send(r->c, 1);
}

static void has_a_task_done(struct race *r)
{
    leat_send(r->words, &r->x);
    leat_recv(r->c, NULL);
    READ(r, x);
}

ORDERED(a_task_and_its_answer_are_two_orders, MM4, ProducerConsumerUnbuffered,
        .parties = {serves_one_task, has_a_task_done})

/* ---- slots: the receive of one value before the send that takes its place ---- */

static void locks_by_one_slot(struct race *r)
{
    leat_send(r->c, 1);
    WRITE(r, x);
    leat_recv(r->c, NULL);
}

ORDERED(a_channel_of_one_slot_is_a_lock, MM7, ChanMutex,
        .parties = {locks_by_one_slot, locks_by_one_slot}, .cap = 1)

static void locks_by_two_slots(struct race *r)
{
    leat_send(r->c, 1);
    WRITE(r, x);
    next(r);
    turn(r, 2);
    leat_recv(r->c, NULL);
}

RACES(a_channel_of_two_slots_is_no_lock, MM7, ChanSem, race_write,
      .parties = {locks_by_two_slots, locks_by_two_slots}, .cap = 2)

static void writes_one_word(struct race *r, struct word *w)
{
    race_write(&w->v);
    leat_recv(r->c, NULL);
}

static void waits_by_filling_the_slots(struct race *r)
{
    for (int i = 0; i < WORDS; i++) {
        leat_send(r->c, 1);
        leat_waitgroup_go(&r->join, writes_one_word, r, &r->word[i]);
    }
    for (int i = 0; i < leat_cap(r->c); i++)
        leat_send(r->c, 1);
    for (int i = 0; i < WORDS; i++)
        READ(r, word[i]);
}

ORDERED(filling_all_slots_waits_for_all_who_held_one, MM7, ChanWaitGroup,
        .parties = {waits_by_filling_the_slots}, .cap = WORDS / 2)

static void fills_the_slot(struct race *r)
{
    leat_send(r->c, 0);
}

static void writes_and_sends_blocked(struct race *r)
{
    WRITE(r, x);
    leat_send(r->c, 1);
}

/* The sender mostly blocks; it need not. */
static void receives_two_and_reads(struct race *r)
{
    for (int i = 0; i < 20; i++)
        leat_yield();
    leat_recv(r->c, NULL);
    leat_recv(r->c, NULL);
    READ(r, x);
}

static void receives_one_selects_one_and_reads(struct race *r)
{
    for (int i = 0; i < 20; i++)
        leat_yield();
    leat_recv(r->c, NULL);
    leat_select(leat_case_recv(r->c, NULL), leat_case_recv(r->never, NULL));
    READ(r, x);
}

ORDERED(a_send_that_blocked_is_before_its_receive, MM7, BlockedSendSync, .cap = 1,
        .prepare = fills_the_slot,
        .parties = {writes_and_sends_blocked, receives_two_and_reads})
ORDERED(a_send_that_blocked_is_before_its_receive_by_select, MM7, BlockedSelectSendSync,
        .cap = 1, .prepare = fills_the_slot,
        .parties = {writes_and_sends_blocked, receives_one_selects_one_and_reads})

/* Values of no size have slots without addresses; they are ordered all the same. */
typedef leat_chan(leat_unit) unit_chan;

static void writes_and_frees_a_slot(unit_chan c, struct word *w)
{
    race_write(&w->v);
    leat_recv(c, NULL);
}

static void fills_slots_of_no_size(struct race *r)
{
    unit_chan c = leat_chan_make(unit_chan, 2);

    leat_send(c, LEAT_UNIT);
    leat_send(c, LEAT_UNIT);
    leat_waitgroup_go(&r->join, writes_and_frees_a_slot, c, &r->x);
    leat_waitgroup_go(&r->join, writes_and_frees_a_slot, c, &r->y);
    for (int i = 0; i < 20; i++)
        leat_yield();
    leat_send(c, LEAT_UNIT);
    leat_send(c, LEAT_UNIT);
    WRITE(r, x);
    WRITE(r, y);
    leat_chan_free(c);
}

ORDERED(slots_of_no_size_order_as_others_do, MM7, ElemSize0,
        .parties = {fills_slots_of_no_size})
