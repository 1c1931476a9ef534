/* SPDX-License-Identifier: MIT */
/* memory_model_test.c - what synchronizes with what: plain memory handed over by each rule.
 *
 * PICTURE      writer: x = i;  [ left side of the rule ]
 *              reader:         [ right side of the rule ]  must see x == i
 *   x is plain memory. In any mode a wrong value fails; under ThreadSanitizer so does an edge
 *   that exists only by luck. Each rule's other face, where there is no edge, is a program that
 *   ThreadSanitizer has to report: tests/race.
 */
#include "golike.h"

#include <stdlib.h>

enum { MM_ROUNDS = 2000 };

/* MM2: the go statement before the goroutine's start; what it points to is complete. */
static void mm_read_after_go(const int *x, int expected, leat_done_chan done)
{
    T_EQ(*x, expected);
    leat_send(done, LEAT_UNIT);
}

T_TEST(what_was_written_before_go_is_seen_by_the_goroutine)
{
    leat_done_chan done = leat_chan_make(leat_done_chan, 0);
    int x = 0;

    for (int i = 0; i < t_scale(MM_ROUNDS); i++) {
        x = i;
        leat_go(mm_read_after_go, &x, i, done);
        leat_recv(done, NULL);
    }
    leat_chan_free(done);
}

/* MM4, MM8: a send before the completion of the receive that gets its value. */
static void mm_write_and_send(int *x, leat_int_chan c, int n, bool by_select)
{
    for (int i = 0; i < n; i++) {
        x[i] = i + 1;
        if (by_select)
            leat_select(leat_case_send(c, i));
        else
            leat_send(c, i);
    }
}

static int mm_receive(leat_int_chan c, bool by_select, leat_int_chan never)
{
    int v;
    if (by_select)
        leat_select(leat_case_recv(c, &v), leat_case_recv(never, NULL));
    else
        leat_recv(c, &v);
    return v;
}

T_TEST(what_was_written_before_a_send_is_seen_after_the_receive)
{
    const int n = (int)t_scale(MM_ROUNDS);
    leat_int_chan never = leat_chan_make(leat_int_chan, 0);

    for (int form = 0; form < 16; form++) {
        static const int caps[] = {0, 1, 3, 50};
        leat_int_chan c = leat_chan_make(leat_int_chan, caps[form / 4]);
        int *x = calloc((size_t)n, sizeof *x);

        leat_go(mm_write_and_send, x, c, n, form % 2 != 0);
        for (int i = 0; i < n; i++) {
            int v = mm_receive(c, form / 2 % 2 != 0, never);
            T_EQ(v, i);
            T_EQ(x[v], i + 1);
        }
        free(x);
        leat_chan_free(c);
    }
    leat_chan_free(never);
}

/* The same for the forms that do not wait: a success is a send or a receive like any other. */
static void mm_write_and_try(int *x, leat_int_chan c, int n)
{
    for (int i = 0; i < n; i++) {
        x[i] = i + 1;
        while (!leat_try_send(c, i))
            leat_yield();
    }
}

T_TEST(what_was_written_before_a_try_send_is_seen_after_a_try_recv)
{
    const int n = (int)t_scale(MM_ROUNDS);
    leat_int_chan c = leat_chan_make(leat_int_chan, 4);
    int *x = calloc((size_t)n, sizeof *x);

    leat_go(mm_write_and_try, x, c, n);
    for (int i = 0, v; i < n; i++) {
        while (!leat_try_recv(c, &v))
            leat_yield();
        T_EQ(x[v], i + 1);
    }
    free(x);
    leat_chan_free(c);
}

/* MM5: a close before a receive that returns because of it. */
static void mm_write_and_close(int *x, leat_int_chan c, int value)
{
    *x = value;
    leat_close(c);
}

static void mm_see_close(const int *x, leat_int_chan c, int value, leat_waitgroup *wg)
{
    int v;
    bool ok = true;

    if (value % 3 == 0)
        T_FALSE(leat_recv(c, &v));
    else if (value % 3 == 1)
        leat_select(leat_case_recv_ok(c, &v, &ok));
    else
        while (leat_try_recv_ok(c, &v, &ok) || ok)
            leat_yield();
    T_EQ(*x, value);
    leat_waitgroup_done(wg);
}

T_TEST(what_was_written_before_a_close_is_seen_after_the_receive_that_fails)
{
    for (int i = 0; i < t_scale(MM_ROUNDS); i++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, i % 4);
        leat_waitgroup wg = {0};
        int x = -1;

        leat_waitgroup_add(&wg, 3);
        leat_go(mm_see_close, &x, c, i, &wg);
        if (i % 2)
            leat_yield();
        leat_go(mm_see_close, &x, c, i, &wg);
        mm_write_and_close(&x, c, i);
        leat_go(mm_see_close, &x, c, i, &wg);
        leat_waitgroup_wait(&wg);
        leat_chan_free(c);
    }
}

/* MM6, MM8: a receive from an unbuffered channel before the completion of the send. */
static void mm_write_and_receive(int *x, leat_int_chan c, int value, bool by_select)
{
    *x = value;
    mm_receive(c, by_select, NULL);
}

T_TEST(what_was_written_before_an_unbuffered_receive_is_seen_after_the_send)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_int_chan never = leat_chan_make(leat_int_chan, 0);
    int x = -1;

    for (int i = 0; i < t_scale(MM_ROUNDS); i++) {
        leat_go(mm_write_and_receive, &x, c, i, i % 2 != 0);
        if (i % 3 == 0)
            leat_yield();
        if (i / 2 % 2)
            leat_send(c, 1);
        else
            leat_select(leat_case_recv(never, NULL), leat_case_send(c, 1));
        T_EQ(x, i);
    }
    leat_chan_free(c);
    leat_chan_free(never);
}

/* MM7: receive k before the completion of send k+C; with C = 1 a channel is a mutex. */
static void mm_count_in_turn(leat_int_chan c, long *count, long n, bool by_select)
{
    for (long i = 0; i < n; i++) {
        if (by_select)
            leat_select(leat_case_send(c, 1));
        else
            leat_send(c, 1);
        ++*count;
        mm_receive(c, by_select, NULL);
    }
}

T_TEST(a_channel_of_one_is_a_mutex)
{
    const long n = t_scale(MM_ROUNDS * 5);
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);
    leat_waitgroup wg = {0};
    long count = 0;

    for (int i = 0; i < 6; i++)
        leat_waitgroup_go(&wg, mm_count_in_turn, c, &count, n, i % 2 != 0);
    leat_waitgroup_wait(&wg);
    T_EQ(count, 6 * n);
    leat_chan_free(c);
}

/* In general: the send that fills the place a receive has emptied completes after it. */
T_TEST(what_was_written_before_a_buffered_receive_is_seen_after_the_send_into_its_place)
{
    for (int i = 0; i < t_scale(MM_ROUNDS); i++) {
        const int cap = 1 + i % 5;
        leat_int_chan c = leat_chan_make(leat_int_chan, cap);
        int x = -1;

        for (int k = 0; k < cap; k++)
            leat_send(c, k);
        leat_go(mm_write_and_receive, &x, c, i, i % 2 != 0);
        if (i % 3 == 0)
            leat_send(c, cap);
        else if (i % 3 == 1)
            leat_select(leat_case_send(c, cap));
        else
            while (!leat_try_send(c, cap))
                leat_yield();
        T_EQ(x, i);
        leat_chan_free(c);
    }
}

/* MM11, MM14: an unlock before the lock, or the successful trylock, that follows it. */
static void mm_count_locked(leat_mutex *m, long *count, long n, bool by_trying)
{
    for (long i = 0; i < n; i++) {
        if (by_trying)
            while (!leat_mutex_trylock(m))
                leat_yield();
        else
            leat_mutex_lock(m);
        ++*count;
        leat_mutex_unlock(m);
    }
}

T_TEST(unlock_comes_before_the_next_lock_or_successful_trylock)
{
    const long n = t_scale(MM_ROUNDS * 5);
    leat_mutex m = {0};
    leat_waitgroup wg = {0};
    long count = 0;

    for (int i = 0; i < 6; i++)
        leat_waitgroup_go(&wg, mm_count_locked, &m, &count, n, i % 3 == 0);
    leat_waitgroup_wait(&wg);
    T_EQ(count, 6 * n);
}

/* MM15: what the function did is seen after every return of once. */
static void mm_init_once(int *x)
{
    *x = 77;
}

static void mm_use_once(leat_once *o, int *x)
{
    leat_once_do(o, mm_init_once, x);
    T_EQ(*x, 77);
}

T_TEST(what_once_did_is_seen_after_it_by_all)
{
    for (int i = 0; i < t_scale(MM_ROUNDS); i++) {
        leat_once o = {0};
        leat_waitgroup wg = {0};
        int x = 0;

        for (int k = 0; k < 5; k++)
            leat_waitgroup_go(&wg, mm_use_once, &o, &x);
        leat_waitgroup_wait(&wg);
        T_EQ(x, 77);
    }
}

/* MM16: done, or the end of a task, before the return of the wait it ends. */
static void mm_write_and_done(int *x, int value, leat_waitgroup *wg)
{
    *x = value;
    leat_waitgroup_done(wg);
}

static void mm_write_only(int *x, int value)
{
    *x = value;
}

static void mm_wait_and_read(leat_waitgroup *wg, const int *x, int n, leat_done_chan done)
{
    leat_waitgroup_wait(wg);
    for (int i = 0; i < n; i++)
        T_EQ(x[i], i);
    leat_send(done, LEAT_UNIT);
}

T_TEST(what_was_written_before_done_is_seen_after_wait_by_every_waiter)
{
    enum { TASKS = 6, WAITERS = 3 };
    leat_done_chan done = leat_chan_make(leat_done_chan, 0);

    for (int round = 0; round < t_scale(MM_ROUNDS); round++) {
        leat_waitgroup wg = {0};
        int x[TASKS];

        leat_waitgroup_add(&wg, TASKS);
        for (int i = 0; i < WAITERS; i++)
            leat_go(mm_wait_and_read, &wg, x, (int)TASKS, done);
        for (int i = 0; i < TASKS; i++) {
            if (i % 2) {
                leat_go(mm_write_and_done, &x[i], i, &wg);
            } else {
                leat_waitgroup_go(&wg, mm_write_only, &x[i], i);
                leat_waitgroup_done(&wg);
            }
        }
        for (int i = 0; i < WAITERS; i++)
            leat_recv(done, NULL);
    }
    leat_chan_free(done);
}

/* Edges add up: written by one, handed by a second that never looks at it, read by a third. */
static void mm_write_and_finish(int *x, leat_done_chan c, int value)
{
    *x = value;
    leat_send(c, LEAT_UNIT);
}

static void mm_pass_on(leat_done_chan in, leat_waitgroup *out)
{
    leat_recv(in, NULL);
    leat_waitgroup_done(out);
}

T_TEST(order_is_transitive_through_channel_and_group)
{
    for (int i = 0; i < t_scale(MM_ROUNDS); i++) {
        leat_done_chan c = leat_chan_make(leat_done_chan, 1);
        leat_waitgroup wg = {0};
        int x = 0;

        leat_waitgroup_add(&wg, 1);
        leat_go(mm_pass_on, c, &wg);
        leat_go(mm_write_and_finish, &x, c, i);
        leat_waitgroup_wait(&wg);
        T_EQ(x, i);
        leat_chan_free(c);
    }
}

/* A goroutine's own accesses stay ordered when it moves to another thread at a wake-up. */
static void mm_move_about(int rounds)
{
    int x = 0;
    for (int i = 0; i < rounds; i++) {
        T_EQ(x++, i);
        leat_yield();
    }
}

T_TEST(a_goroutine_sees_its_own_writes_wherever_it_runs)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < 20; i++)
        leat_waitgroup_go(&wg, mm_move_about, (int)t_scale(MM_ROUNDS));
    leat_waitgroup_wait(&wg);
}

/* Freed memory, too, is handed from goroutine to goroutine without a report. */
static void mm_free_what_comes(leat_ptr_chan c)
{
    leat_range(p, c) {
        *(int *)p += 1;
        free(p);
    }
}

T_TEST(heap_memory_is_handed_over_and_freed_by_the_receiver)
{
    leat_ptr_chan c = leat_chan_make(leat_ptr_chan, 2);
    leat_waitgroup wg = {0};

    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&wg, mm_free_what_comes, c);
    for (int i = 0; i < t_scale(MM_ROUNDS); i++) {
        int *p = malloc(sizeof *p);
        *p = i;
        leat_send(c, p);
    }
    leat_close(c);
    leat_waitgroup_wait(&wg);
    leat_chan_free(c);
}
