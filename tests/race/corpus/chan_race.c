/* SPDX-License-Identifier: MIT */
/* chan_race.c - what channels do not order, and races of the channel itself. */
#include "corpus.h"

/* ---- close beside a send, beside another close: a race by itself, it may panic ---- */

static void writes_and_closes_first(struct race *r)
{
    WRITE(r, x);
    leat_close(r->c);
    next(r);
}

static void sends_too_late(struct race *r)
{
    turn(r, 1);
    leat_send(r->c, 1);
}

RACES(a_close_is_not_before_a_send_that_would_block, MM9, ChanSyncCloseSend, race_party,
      .parties = {writes_and_closes_first, sends_too_late})

static void sends_until_it_dies(struct race *r)
{
    for (;;)
        leat_send(r->c, 1);
}

static void closes_while_one_sends(struct race *r)
{
    while (leat_len(r->c) == 0)
        leat_yield();
    leat_close(r->c);
}

RACES(a_close_is_not_before_sends_into_a_buffer, MM9, ChanAsyncCloseSend, race_party,
      .parties = {closes_while_one_sends, sends_until_it_dies}, .cap = 10)

static void closes(struct race *r)
{
    leat_close(r->c);
}

RACES(two_closes_are_not_ordered, MM9, ChanCloseClose, race_party, .parties = {closes, closes})

static void sends_first(struct race *r)
{
    leat_send(r->c, 1);
    next(r);
}

static void closes_second(struct race *r)
{
    turn(r, 1);
    leat_close(r->c);
}

RACES(a_send_is_not_before_a_close, MM9, ChanSendClose, race_party, .cap = 1,
      .parties = {sends_first, closes_second})

static void closes_first(struct race *r)
{
    leat_close(r->c);
    next(r);
}

static void selects_a_send_too_late(struct race *r)
{
    turn(r, 1);
    leat_select(leat_case_send(r->c, 1), leat_case_recv(r->never, NULL));
}

RACES(a_close_is_not_before_a_send_of_a_select, MM9, ChanSendSelectClose, race_party, .cap = 1,
      .parties = {closes_first, selects_a_send_too_late})
RACES(a_close_is_not_before_a_send_with_room, MM9, ChanCloseSend, race_party, .cap = 10,
      .parties = {closes_first, sends_too_late})

/* ---- what only looks ---- */

static void writes_and_sends(struct race *r)
{
    WRITE(r, x);
    leat_send(r->c, 1);
}

static void writes_when_the_length_grew(struct race *r)
{
    while (leat_len(r->c) == 0)
        leat_yield();
    WRITE(r, x);
}

RACES(a_length_that_grew_is_no_order, MM10, ChanSendLen, race_write, .cap = 10,
      .parties = {writes_and_sends, writes_when_the_length_grew})

static void fills_one(struct race *r)
{
    leat_send(r->c, 1);
}

static void writes_and_receives(struct race *r)
{
    WRITE(r, x);
    leat_recv(r->c, NULL);
}

static void writes_when_the_length_shrank(struct race *r)
{
    while (leat_len(r->c) != 0)
        leat_yield();
    WRITE(r, x);
}

RACES(a_length_that_shrank_is_no_order, MM10, ChanRecvLen, race_write, .cap = 10,
      .prepare = fills_one, .parties = {writes_and_receives, writes_when_the_length_shrank})

/* ---- a send that did not happen, a receive of somebody else's value ---- */

static void tries_then_writes(struct race *r, struct word *own, struct word *other)
{
    race_write(&own->v);
    if (!leat_try_send(r->c, 1))
        race_write(&other->v);
}

static void tries_from_x(struct race *r)
{
    tries_then_writes(r, &r->x, &r->y);
}

static void tries_from_y(struct race *r)
{
    tries_then_writes(r, &r->y, &r->x);
}

RACES(a_send_is_not_before_a_try_that_fails, MM4, ChanSendSend, tries_then_writes, .cap = 1,
      .parties = {tries_from_x, tries_from_y})

static void writes_x_and_sends_0(struct race *r)
{
    WRITE(r, x);
    leat_send(r->c, 0);
    next(r);
}

static void writes_y_and_sends_1(struct race *r)
{
    turn(r, 1);
    WRITE(r, y);
    leat_send(r->c, 1);
    next(r);
}

static void receives_one_and_writes_the_others(struct race *r)
{
    int v;

    turn(r, 2);
    leat_recv(r->c, &v);
    race_write(v == 0 ? &r->y.v : &r->x.v);
}

RACES(a_receive_orders_its_own_sender_only, MM4, ChanWrongSend, race_write, .cap = 2,
      .parties = {writes_x_and_sends_0, writes_y_and_sends_1,
                  receives_one_and_writes_the_others})

static void writes_y_and_closes(struct race *r)
{
    turn(r, 1);
    WRITE(r, y);
    leat_close(r->c);
    next(r);
}

/* The send and the close are a race themselves, and they come first. */
RACES(a_value_does_not_order_the_close_behind_it, MM9, ChanWrongClose, race_party, .cap = 1,
      .parties = {writes_x_and_sends_0, writes_y_and_closes,
                  receives_one_and_writes_the_others})

/* ---- the variable that is sent, and received into, on two channels ---- */

static void fills_the_second(struct race *r)
{
    leat_send(r->c2, 1);
}

static void sends_the_variable(struct race *r)
{
    leat_send(r->c, READ(r, x));
}

static void receives_into_the_variable(struct race *r)
{
    leat_recv(r->c2, &r->x.v);
}

RACES(two_channels_do_not_order_a_variable, MM4, ChanReadWriteAsync, race_read, .cap = 10,
      .prepare = fills_the_second, .parties = {sends_the_variable, receives_into_the_variable})

static void takes_from_the_first(struct race *r)
{
    leat_recv(r->c, NULL);
}

RACES(two_unbuffered_channels_do_not_order_a_variable, MM4, ChanReadWriteSync, race_read,
      .parties = {takes_from_the_first, fills_the_second, sends_the_variable,
                  receives_into_the_variable})

static void selects_the_send(struct race *r)
{
    leat_select(leat_case_send(r->c, READ(r, x)), leat_case_send(r->never, 1));
}

static void selects_the_receive(struct race *r)
{
    leat_select(leat_case_recv(r->c2, &r->x.v), leat_case_send(r->never, 1));
}

RACES(two_selects_do_not_order_a_variable, MM8, SelectReadWriteAsync, race_read, .cap = 10,
      .prepare = fills_the_second, .parties = {selects_the_send, selects_the_receive})
RACES(two_unbuffered_selects_do_not_order_a_variable, MM8, SelectReadWriteSync, race_read,
      .parties = {takes_from_the_first, fills_the_second, selects_the_send,
                  selects_the_receive})

static void selects_a_send_to_the_other(struct race *r)
{
    leat_select(leat_case_send(r->c, READ(r, x)), leat_case_send(r->c2, 1));
}

static void selects_a_receive_from_the_other(struct race *r)
{
    leat_select(leat_case_recv(r->c, &r->x.v), leat_case_recv(r->c2, NULL));
}

ORDERED(two_selects_that_meet_order_a_variable, MM8, SelectReadWriteAsync,
        .parties = {selects_a_send_to_the_other, selects_a_receive_from_the_other})

/* ---- the variable that holds the channel ---- */

static void sends_by_the_variable(struct race *r)
{
    leat_send(r->c, 1);
    next(r);
}

static void receives_by_the_variable(struct race *r)
{
    leat_recv(r->c, NULL);
    next(r);
}

static void closes_by_the_variable(struct race *r)
{
    leat_close(r->c);
    next(r);
}

static void measures_by_the_variable(struct race *r)
{
    leat_len(r->c);
    next(r);
}

static void sizes_by_the_variable(struct race *r)
{
    leat_cap(r->c);
    next(r);
}

RACE_NOINLINE static void set_channel(struct race *r, leat_int_chan c)
{
    *(leat_int_chan volatile *)&r->c = c;
}

static void sets_the_variable(struct race *r)
{
    turn(r, 1);
    set_channel(r, r->c2);
}

static void clears_the_variable(struct race *r)
{
    turn(r, 1);
    set_channel(r, NULL);
}

RACES(a_channel_variable_is_set_beside_a_send, MM31, ChanItselfSend, set_channel, .cap = 10,
      .parties = {sends_by_the_variable, sets_the_variable})
RACES(a_channel_variable_is_set_beside_a_receive, MM31, ChanItselfRecv, set_channel, .cap = 10,
      .prepare = fills_one, .parties = {receives_by_the_variable, sets_the_variable})
RACES(a_channel_variable_is_cleared_beside_a_send, MM31, ChanItselfNil, set_channel, .cap = 10,
      .parties = {sends_by_the_variable, clears_the_variable})
RACES(a_channel_variable_is_set_beside_a_close, MM31, ChanItselfClose, set_channel,
      .parties = {closes_by_the_variable, sets_the_variable})
RACES(a_channel_variable_is_set_beside_a_look_at_the_length, MM31, ChanItselfLen, set_channel,
      .parties = {measures_by_the_variable, sets_the_variable})
RACES(a_channel_variable_is_set_beside_a_look_at_the_capacity, MM31, ChanItselfCap, set_channel,
      .parties = {sizes_by_the_variable, sets_the_variable})
