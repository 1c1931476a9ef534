/* SPDX-License-Identifier: MIT */
/* closed_test.c - every operation on a closed channel, in every form it can be written.
 *
 * PICTURE
 *   operation: send, try_send, recv, recv with ok, try_recv, close
 *   form:      direct · select · select beside another channel · with default ·
 *              leat_select_ordered · leat_select_n
 *   Receiving forms are run from a table, on channels closed empty, closed full and unbuffered.
 *   Sending forms die, each in a process of its own.
 */
#include "golike.h"

struct closed_got {
    int value;
    bool ok;
};

static struct closed_got closed_recv(leat_int_chan c)
{
    struct closed_got got = {-1, true};
    got.ok = leat_recv(c, &got.value);
    return got;
}

static struct closed_got closed_try_recv_ok(leat_int_chan c)
{
    struct closed_got got = {-1, true};
    if (!leat_try_recv_ok(c, &got.value, &got.ok) && !got.ok)
        got.value = 0;
    return got;
}

static struct closed_got closed_range(leat_int_chan c)
{
    leat_range(v, c)
        return (struct closed_got){v, true};
    return (struct closed_got){0, false};
}

static struct closed_got closed_select(leat_int_chan c)
{
    struct closed_got got = {-1, true};
    T_EQ(leat_select(leat_case_recv_ok(c, &got.value, &got.ok)), 0);
    return got;
}

static struct closed_got closed_select_beside_nil(leat_int_chan c)
{
    struct closed_got got = {-1, true};
    leat_int_chan nil = NULL;
    T_EQ(leat_select(leat_case_recv(nil, NULL), leat_case_recv_ok(c, &got.value, &got.ok)), 1);
    return got;
}

static struct closed_got closed_select_beside_other(leat_int_chan c)
{
    struct closed_got got = {-1, true};
    leat_int_chan never = leat_chan_make(leat_int_chan, 0);
    T_EQ(leat_select(leat_case_recv_ok(c, &got.value, &got.ok), leat_case_recv(never, NULL),
                     leat_case_send(never, 1)),
         0);
    leat_chan_free(never);
    return got;
}

static struct closed_got closed_select_default(leat_int_chan c)
{
    struct closed_got got = {-1, true};
    T_EQ(leat_select(leat_case_recv_ok(c, &got.value, &got.ok), leat_case_default), 0);
    return got;
}

static struct closed_got closed_select_timeout(leat_int_chan c)
{
    struct closed_got got = {-1, true};
    T_EQ(leat_select(leat_case_timeout(LEAT_HOUR), leat_case_recv_ok(c, &got.value, &got.ok)),
         1);
    return got;
}

static struct closed_got closed_select_ordered(leat_int_chan c)
{
    struct closed_got got = {-1, true};
    leat_int_chan nil = NULL;
    T_EQ(leat_select_ordered(leat_case_recv(nil, NULL),
                             leat_case_recv_ok(c, &got.value, &got.ok), leat_case_default),
         1);
    return got;
}

static struct closed_got closed_select_n(leat_int_chan c)
{
    struct closed_got got = {-1, true};
    leat_case cases[2] = {{.kind = LEAT_CASE_RECV},
                          {.kind = LEAT_CASE_RECV,
                           .chan = (leat_chan_base *)(void *)c,
                           .elem = &got.value,
                           .ok = &got.ok}};
    T_EQ(leat_select_n(cases, 2), 1);
    return got;
}

static struct closed_got closed_untyped(leat_int_chan c)
{
    struct closed_got got = {-1, true};
    got.ok = leat_chan_base_recv((leat_chan_base *)(void *)c, &got.value);
    return got;
}

typedef struct closed_got closed_form(leat_int_chan c);
static closed_form *const closed_forms[] = {
    closed_recv,           closed_try_recv_ok,       closed_range,
    closed_select,         closed_select_beside_nil, closed_select_beside_other,
    closed_select_default, closed_select_timeout,    closed_select_ordered,
    closed_select_n,       closed_untyped,
};
enum { CLOSED_FORMS = sizeof closed_forms / sizeof *closed_forms };

T_TEST(every_form_of_receive_drains_a_closed_channel_then_gives_zero_and_false)
{
    for (size_t f = 0; f < CLOSED_FORMS; f++) {
        for (int cap = 0; cap < 4; cap++) {
            leat_int_chan c = leat_chan_make(leat_int_chan, cap);
            for (int i = 0; i < cap; i++)
                leat_send(c, i + 100);
            leat_close(c);
            for (int i = 0; i < cap + 2; i++) {
                struct closed_got got = closed_forms[f](c);
                T_EQ(got.ok, i < cap);
                T_EQ(got.value, i < cap ? i + 100 : 0);
            }
            leat_chan_free(c);
        }
    }
}

/* The same forms, waiting when the close comes. */
static void closed_wait(closed_form *form, leat_int_chan c, atomic_int *woken)
{
    struct closed_got got = form(c);
    T_FALSE(got.ok);
    T_EQ(got.value, 0);
    golike_note(woken);
}

static bool closed_waits(closed_form *form)
{
    return form != closed_try_recv_ok && form != closed_select_default &&
           form != closed_select_ordered;
}

T_TEST(every_form_of_receive_that_waits_is_woken_by_close)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 2);
    atomic_int woken = 0;
    int waiting = 0;

    for (size_t f = 0; f < CLOSED_FORMS; f++) {
        if (closed_waits(closed_forms[f])) {
            leat_go(closed_wait, closed_forms[f], c, &woken);
            waiting++;
        }
    }
    golike_turns();
    T_EQ(atomic_load(&woken), 0);
    leat_close(c);
    golike_await(&woken, waiting);
    leat_chan_free(c);
}

/* A channel that is closed with room left, so that only the close can be what a send meets. */
static leat_int_chan closed_with_room(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 4);
    leat_send(c, 1);
    leat_close(c);
    return c;
}

#define CLOSED_SEND_DIES(form, ...)                                          \
    T_TEST(form##_on_closed_panics, GOLIKE_PANICS("send on closed channel")) \
    {                                                                        \
        leat_int_chan c = closed_with_room(), nil = NULL;                    \
        leat_int_chan never = leat_chan_make(leat_int_chan, 0);              \
        (void)nil;                                                           \
        (void)never;                                                         \
        __VA_ARGS__;                                                         \
    }

CLOSED_SEND_DIES(send_with_room, leat_send(c, 2))
CLOSED_SEND_DIES(try_send, leat_try_send(c, 2))
CLOSED_SEND_DIES(select_send, leat_select(leat_case_send(c, 2)))
CLOSED_SEND_DIES(select_send_beside_nil,
                 leat_select(leat_case_recv(nil, NULL), leat_case_send(c, 2)))
CLOSED_SEND_DIES(select_send_beside_other,
                 leat_select(leat_case_send(c, 2), leat_case_recv(never, NULL)))
CLOSED_SEND_DIES(select_send_with_default, leat_select(leat_case_send(c, 2), leat_case_default))
CLOSED_SEND_DIES(select_send_beside_other_with_default,
                 leat_select(leat_case_send(never, 2), leat_case_send(c, 2), leat_case_default))
CLOSED_SEND_DIES(select_send_with_timeout,
                 leat_select(leat_case_send(c, 2), leat_case_timeout(LEAT_HOUR)))
CLOSED_SEND_DIES(select_ordered_send,
                 leat_select_ordered(leat_case_send(c, 2), leat_case_default))
CLOSED_SEND_DIES(select_n_send, int v = 2;
                 leat_case cases[] = {{.kind = LEAT_CASE_SEND,
                                       .chan = (leat_chan_base *)(void *)c,
                                       .elem = &v}};
                 leat_select_n(cases, 1))
CLOSED_SEND_DIES(untyped_send, int v = 2; leat_chan_base_send((leat_chan_base *)(void *)c, &v))

CLOSED_SEND_DIES(send_after_drain, leat_recv(c, NULL); leat_recv(c, NULL); leat_send(c, 2))

T_TEST(close_of_closed_with_room_panics, GOLIKE_PANICS("close of closed channel"))
{
    leat_close(closed_with_room());
}

/* Senders that the close finds waiting die of it, each in its own goroutine (C6). */
static void closed_blocked_sender(leat_int_chan c)
{
    leat_send(c, 1);
}

static void closed_blocked_select_sender(leat_int_chan c, leat_int_chan never)
{
    leat_select(leat_case_recv(never, NULL), leat_case_send(c, 1));
}

T_TEST(close_kills_a_blocked_sender, GOLIKE_CHILD_PANICS("send on closed channel"))
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go(closed_blocked_sender, c);
    golike_turns();
    leat_close(c);
    leat_select_none();
}

T_TEST(close_kills_a_blocked_select_sender, GOLIKE_CHILD_PANICS("send on closed channel"))
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);
    leat_int_chan never = leat_chan_make(leat_int_chan, 0);

    leat_send(c, 0);
    leat_go(closed_blocked_select_sender, c, never);
    golike_turns();
    leat_close(c);
    leat_select_none();
}

/* One report, whole, though fifty die at once; it shows one of them, at its send. */
T_TEST(close_with_many_blocked_senders_reports_one_death, .expect_exit = 2,
       .expect_stderr = {"panic: send on closed channel\n", "goroutine ",
                         "[running]:", "closed_blocked_sender", "created by "})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);

    leat_send(c, 0);
    for (int i = 0; i < 50; i++)
        leat_go(closed_blocked_sender, c);
    golike_turns();
    leat_close(c);
    leat_select_none();
}
