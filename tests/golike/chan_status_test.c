/* SPDX-License-Identifier: MIT */
/*
 * chan_status_test.c - sends that report a closed channel, and operations with a deadline. Who
 * wins when several events meet is asserted inside: src/chan/chan_limit_test.c.
 */
#include "golike.h"

#include <stdlib.h>

typedef struct cs_point {
    int x, y;
} cs_point;
typedef leat_chan(cs_point) cs_chan;

T_TEST(a_send_tells_sent_from_closed)
{
    leat_scoped_chan(cs_chan, c, 2);
    cs_point p = {0};

    T_EQ(leat_send_status(c, (cs_point){1, 2}), 0);
    T_EQ(leat_try_send_status(c, (cs_point){3, 4}), 0);
    T_EQ(leat_try_send_status(c, (cs_point){5, 6}), -EAGAIN);
    T_EQ(leat_send_until(c, p, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    leat_close(c);
    T_EQ(leat_send_status(c, p), -EPIPE);
    T_EQ(leat_try_send_status(c, p), -EPIPE);
    T_EQ(leat_send_until(c, p, LEAT_FOREVER), -EPIPE);
    T_EQ(leat_send_ctx(NULL, c, (cs_point){7, 8}), -EPIPE);
    T_EQ(leat_recv_ctx(NULL, c, &p), 0);
    T_EQ(p.y, 2);
    T_EQ(leat_recv_until(c, NULL, LEAT_FOREVER), 0);
    T_EQ(leat_recv_until(c, &p, LEAT_FOREVER), -EPIPE);
    T_EQ(p.y, 0);
}

static void cs_sends(leat_int_chan c, atomic_int *closed)
{
    while (leat_send_status(c, 1) == 0)
        continue;
    golike_note(closed);
}

/* Go's wish: many senders, and whoever closes need not know of them. */
T_TEST(a_close_ends_senders_instead_of_the_program)
{
    for (int64_t cap = 0; cap < 3; cap++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, cap);
        leat_waitgroup wg = {0};
        atomic_int closed = 0;
        for (int i = 0; i < 10; i++)
            leat_waitgroup_go(&wg, cs_sends, c, &closed);
        for (int i = 0; i < 100; i++)
            T_TRUE(leat_recv(c, NULL));
        leat_close(c);
        leat_waitgroup_wait(&wg);
        T_EQ(atomic_load(&closed), 10);
        leat_chan_free(c);
    }
}

T_TEST(a_deadline_is_never_early_and_leaves_the_target_alone)
{
    leat_scoped_chan(leat_int_chan, c, 0);
    leat_duration deadline = leat_now() + 3 * LEAT_MILLISECOND;
    int v = 17;

    T_EQ(leat_recv_until(c, &v, deadline), -ETIMEDOUT);
    T_GE(leat_now(), deadline);
    T_EQ(v, 17);
    deadline = leat_now() + 3 * LEAT_MILLISECOND;
    T_EQ(leat_send_until(c, v, deadline), -ETIMEDOUT);
    T_GE(leat_now(), deadline);
    T_FALSE(leat_try_recv(c, NULL));
}

T_TEST(a_deadline_works_on_timers_and_backlogs)
{
    leat_scoped_chan(leat_int_chan, all, LEAT_UNBOUNDED);
    leat_time_chan late = leat_after(LEAT_HOUR), soon = leat_after(LEAT_MILLISECOND);

    T_EQ(leat_recv_until(late, NULL, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    T_EQ(leat_recv_until(soon, NULL, leat_now() + LEAT_HOUR), 0);
    leat_chan_free(late);
    leat_chan_free(soon);
    for (int i = 0; i < 3000; i++)
        T_EQ(leat_send_until(all, i, leat_now() + LEAT_HOUR), 0);
    T_EQ(leat_len(all), 3000);
    leat_close(all);
    T_EQ(leat_send_status(all, 1), -EPIPE);
}

T_TEST(sleep_until_keeps_a_rhythm)
{
    leat_duration next = leat_now();

    for (int i = 0; i < 20; i++) {
        next += LEAT_MILLISECOND / 4;
        leat_sleep_until(next);
        T_GE(leat_now(), next);
    }
    leat_sleep_until(0);
    leat_sleep_until(INT64_MIN);
}

static void cs_sleeps_for_ever(atomic_int *n)
{
    golike_note(n);
    leat_sleep_until(LEAT_FOREVER);
    T_FAIL("the end of time");
}

T_TEST(sleep_until_the_end_of_time_is_no_deadlock, .ends_process = true)
{
    static atomic_int n;

    leat_go(cs_sleeps_for_ever, &n);
    golike_await(&n, 1);
    leat_sleep(5 * LEAT_MILLISECOND);
    exit(0);
}

T_TEST(without_a_limit_a_status_send_blocks, GOLIKE_BLOCKS("chan send"))
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_send_status(c, 1);
}

T_TEST(without_a_limit_a_nil_channel_blocks, GOLIKE_BLOCKS("chan receive (nil chan)"))
{
    leat_recv_ctx(NULL, (leat_int_chan)NULL, NULL);
}
