/* SPDX-License-Identifier: MIT */
/*
 * race_time_test.c - that time passes is no order: what follows the arming of a timer is not
 * before what the timer brings about.
 *
 * Who arms is a thread that leat did not make, and waits outside of leat meanwhile: a goroutine
 * might run the very scheduler that finds the timer due, and be ordered with it by that.
 */
#include "race_util.h"

#include <pthread.h>
#include <sched.h>

struct race_armed {
    int x;
    leat_timer *t;
    atomic_int written, over;
};

static void race_hold(struct race_armed *a)
{
    race_note(&a->written);
    while (atomic_load_explicit(&a->over, memory_order_relaxed) == 0)
        sched_yield();
}

static void function_reads(struct race_armed *a)
{
    race_await(&a->written, 1);
    race_read(&a->x);
    race_note(&a->over);
}

static void *arms_a_function(void *arg)
{
    struct race_armed *a = arg;

    a->t = leat_after_func(LEAT_MILLISECOND, function_reads, a);
    race_write(&a->x);
    race_hold(a);
    return NULL;
}

/* MM24: the call is before the function begins, what follows the call is not. */
T_TEST(what_follows_after_func_is_not_before_the_function,
       RACE_REPORTED(arms_a_function, function_reads))
{
    static struct race_armed a;
    pthread_t thread;

    T_EQ(pthread_create(&thread, NULL, arms_a_function, &a), 0);
    race_await(&a.over, 1);
    pthread_join(thread, NULL);
    leat_timer_free(a.t);
}

static void receiver_reads(struct race_armed *a)
{
    T_TRUE(leat_recv(leat_timer_chan(a->t), NULL));
    race_await(&a->written, 1);
    race_read(&a->x);
    race_note(&a->over);
}

RACE_NOINLINE static void spawns_receiver(struct race_armed *a)
{
    leat_go(receiver_reads, a);
}

static void *arms_a_timer(void *arg)
{
    struct race_armed *a = arg;

    leat_timer_reset(a->t, LEAT_MILLISECOND);
    race_write(&a->x);
    race_hold(a);
    return NULL;
}

T_TEST(what_follows_a_reset_is_not_before_the_receive,
       RACE_REPORTED(spawns_receiver, receiver_reads))
{
    static struct race_armed a;
    pthread_t thread;

    a.t = leat_timer_make(LEAT_HOUR);
    spawns_receiver(&a);
    T_EQ(pthread_create(&thread, NULL, arms_a_timer, &a), 0);
    race_await(&a.over, 1);
    pthread_join(thread, NULL);
    leat_timer_free(a.t);
}

/* No receive of an unbounded channel is before a send of it, as one of a buffered channel is. */
static void unbounded_sender(leat_int_chan c, int *x, atomic_int *received)
{
    race_await(received, 1);
    leat_send(c, 2);
    race_write(x);
    race_note(received);
}

RACE_NOINLINE static void spawns_sender(leat_int_chan c, int *x, atomic_int *received)
{
    leat_go(unbounded_sender, c, x, received);
}

T_TEST(a_receive_of_an_unbounded_channel_is_before_no_send,
       RACE_REPORTED(spawns_sender, unbounded_sender))
{
    static int x;
    static atomic_int received;
    leat_int_chan c = leat_chan_make(leat_int_chan, LEAT_UNBOUNDED);

    leat_send(c, 1);
    spawns_sender(c, &x, &received);
    race_write(&x);
    T_TRUE(leat_recv(c, NULL));
    race_note(&received);
    race_await(&received, 2);
    leat_chan_free(c);
}
