/* SPDX-License-Identifier: MIT */
/* race_chan_test.c - where channels and goroutines give no order, the race is reported. */
#include "race_util.h"

/* MM3: the end of a goroutine comes before nothing. */
static void exit_writer(int *x, atomic_int *done)
{
    race_write(x);
    race_note(done);
}

RACE_NOINLINE static void exit_spawner(int *x, atomic_int *done)
{
    leat_go(exit_writer, x, done);
}

T_TEST(an_exit_without_a_join_is_no_order, RACE_REPORTED(exit_spawner, exit_writer))
{
    static int x;
    static atomic_int done;

    exit_spawner(&x, &done);
    race_await(&done, 1);
    while (leat_num_goroutine() > 1)
        leat_yield();
    race_read(&x);
}

/* MM2's other side: what is written after the go statement is not ordered with the goroutine. */
static void late_reader(const int *x, atomic_int *go, atomic_int *done)
{
    race_await(go, 1);
    race_read(x);
    race_note(done);
}

RACE_NOINLINE static void late_spawner(int *x, atomic_int *go, atomic_int *done)
{
    leat_go(late_reader, x, go, done);
}

T_TEST(a_write_after_go_is_not_ordered, RACE_REPORTED(late_spawner, late_reader))
{
    static int x;
    static atomic_int go, done;

    late_spawner(&x, &go, &done);
    race_write(&x);
    race_note(&go);
    race_await(&done, 1);
}

/* One that starts on the stack of one that has ended comes after it: those two are to meet. */
static void meet(atomic_int *done)
{
    race_note(done);
    race_await(done, 2);
}

/* Turns are no order, not even on one proc, where they happen one after the other. */
static void turn_taker(int *x, atomic_int *done)
{
    meet(done);
    for (int i = 0; i < 10; i++) {
        race_write(x);
        leat_yield();
    }
    race_note(done);
}

RACE_NOINLINE static void turn_spawner(int *x, atomic_int *done)
{
    leat_go(turn_taker, x, done);
    leat_go(turn_taker, x, done);
}

T_TEST(yielding_is_no_order, RACE_REPORTED(turn_spawner, turn_taker))
{
    static int x;
    static atomic_int done;

    turn_spawner(&x, &done);
    race_await(&done, 4);
}

/* Nor is sleeping. */
static void sleep_writer(int *x, leat_duration d, atomic_int *done)
{
    meet(done);
    leat_sleep(d);
    race_write(x);
    race_note(done);
}

RACE_NOINLINE static void sleep_spawner(int *x, atomic_int *done)
{
    leat_go(sleep_writer, x, LEAT_MICROSECOND, done);
    leat_go(sleep_writer, x, 3 * LEAT_MILLISECOND, done);
}

T_TEST(sleeping_is_no_order, RACE_REPORTED(sleep_spawner, sleep_writer))
{
    static int x;
    static atomic_int done;

    sleep_spawner(&x, &done);
    race_await(&done, 4);
}

/* MM6: only an unbuffered receive comes before the end of its send. The value is there when the
 * receiver comes: whoever hands one to a receiver that waits has an edge from it (chan.c). */
static void buffered_receiver(int *x, leat_int_chan c, atomic_int *done)
{
    race_await(done, 1);
    race_write(x);
    leat_recv(c, NULL);
    race_note(done);
}

RACE_NOINLINE static void buffered_spawner(int *x, leat_int_chan c, atomic_int *done)
{
    leat_go(buffered_receiver, x, c, done);
}

T_TEST(a_buffered_receive_is_not_before_its_send,
       RACE_REPORTED(buffered_spawner, buffered_receiver))
{
    static int x;
    static atomic_int done;
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);

    buffered_spawner(&x, c, &done);
    leat_send(c, 1);
    race_note(&done);
    race_await(&done, 2);
    race_read(&x);
}

T_TEST(a_buffered_receive_of_a_select_is_not_before_its_send,
       RACE_REPORTED(buffered_spawner, buffered_receiver))
{
    static int x;
    static atomic_int done;
    leat_int_chan c = leat_chan_make(leat_int_chan, 2), nil = NULL;

    buffered_spawner(&x, c, &done);
    leat_select(leat_case_recv(nil, NULL), leat_case_send(c, 1));
    race_note(&done);
    race_await(&done, 2);
    race_read(&x);
}

/* MM10: len and cap look, they do not order. */
static void len_sender(int *x, leat_int_chan c)
{
    race_write(x);
    leat_send(c, 1);
}

RACE_NOINLINE static void len_spawner(int *x, leat_int_chan c)
{
    leat_go(len_sender, x, c);
}

T_TEST(len_is_no_order, RACE_REPORTED(len_spawner, len_sender))
{
    static int x;
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);

    len_spawner(&x, c);
    while (leat_len(c) == 0)
        leat_yield();
    T_EQ(leat_cap(c), 1);
    race_read(&x);
}

/* A try that fails orders nothing either, nor does a select that takes its default. */
T_TEST(a_failed_try_send_is_no_order, RACE_REPORTED(len_spawner, len_sender))
{
    static int x;
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);

    len_spawner(&x, c);
    while (leat_len(c) == 0)
        leat_yield();
    T_FALSE(leat_try_send(c, 2));
    T_EQ(leat_select(leat_case_send(c, 2), leat_case_default), 1);
    race_read(&x);
}

/* MM5 has no reverse: the closer does not learn what receivers did before they saw it. */
static void close_receiver(int *x, leat_int_chan c, atomic_int *done)
{
    race_write(x);
    leat_recv(c, NULL);
    race_note(done);
}

RACE_NOINLINE static void close_spawner(int *x, leat_int_chan c, atomic_int *done)
{
    leat_go(close_receiver, x, c, done);
}

T_TEST(a_receive_is_not_before_the_close_it_sees, RACE_REPORTED(close_spawner, close_receiver))
{
    static int x;
    static atomic_int done;
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    close_spawner(&x, c, &done);
    for (int i = 0; i < 100; i++)
        leat_yield();
    leat_close(c);
    race_await(&done, 1);
    race_read(&x);
}

/* Two that receive from one channel are each ordered with the sender, not with each other. */
static void pair_receiver(int *x, leat_int_chan c, atomic_int *done)
{
    leat_recv(c, NULL);
    race_write(x);
    race_note(done);
}

RACE_NOINLINE static void pair_spawner(int *x, leat_int_chan c, atomic_int *done)
{
    leat_go(pair_receiver, x, c, done);
    leat_go(pair_receiver, x, c, done);
}

T_TEST(two_receivers_are_not_ordered, RACE_REPORTED(pair_spawner, pair_receiver))
{
    static int x;
    static atomic_int done;
    leat_int_chan c = leat_chan_make(leat_int_chan, 2);

    pair_spawner(&x, c, &done);
    leat_send(c, 1);
    leat_send(c, 2);
    race_await(&done, 2);
}

/* MM8: the case that lost orders nothing. */
static void loser_writer(int *x, leat_int_chan c, atomic_int *done)
{
    race_write(x);
    race_note(done);
    leat_recv(c, NULL);
}

RACE_NOINLINE static void loser_spawner(int *x, leat_int_chan c, atomic_int *done)
{
    leat_go(loser_writer, x, c, done);
}

T_TEST(a_case_that_lost_is_no_order, RACE_REPORTED(loser_spawner, loser_writer))
{
    static int x;
    static atomic_int done;
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_int_chan ready = leat_chan_make(leat_int_chan, 1);

    leat_send(ready, 1);
    loser_spawner(&x, c, &done);
    race_await(&done, 1);
    T_EQ(leat_select_ordered(leat_case_recv(ready, NULL), leat_case_send(c, 1)), 0);
    race_read(&x);
    leat_send(c, 1);
}

/* The access is the runtime's, which is not instrumented: who calls it is missing in the report,
 * from the caller's caller on everybody is there. */
RACE_NOINLINE static void unordered_send(leat_int_chan c)
{
    leat_send(c, 1);
}

/* MM9: a send and a close that nothing orders are a race by themselves: it may panic. */
static void unordered_sender(leat_int_chan c, atomic_int *done)
{
    unordered_send(c);
    race_note(done);
}

RACE_NOINLINE static void unordered_spawner(leat_int_chan c, atomic_int *done)
{
    leat_go(unordered_sender, c, done);
}

T_TEST(a_send_and_a_close_unordered_are_a_race,
       RACE_REPORTED(unordered_spawner, unordered_sender))
{
    static atomic_int done;
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);

    unordered_spawner(c, &done);
    race_await(&done, 1);
    leat_close(c);
}

/* The stack of a goroutine that has ended is another's now: no report may come from that. */
static void frame_user(int value, leat_done_chan done)
{
    int frame[64];
    for (int i = 0; i < 64; i++)
        frame[i] = value;
    for (int i = 0; i < 64; i++)
        T_EQ(frame[i], value);
    leat_send(done, LEAT_UNIT);
}

T_TEST(a_recycled_stack_is_no_race, .modes = "tsan")
{
    leat_done_chan done = leat_chan_make(leat_done_chan, 8);

    for (int i = 0; i < 500; i++) {
        leat_go(frame_user, i, done);
        if (i >= 8)
            leat_recv(done, NULL);
    }
    for (int i = 0; i < 8; i++)
        leat_recv(done, NULL);
    leat_chan_free(done);
}
