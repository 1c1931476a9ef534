/* SPDX-License-Identifier: MIT */
/*
 * misuse_test.c - misuse dies with Go's words: panics say `panic:`, what cannot be recovered in
 * Go says `fatal error:`; either names the goroutine, and the status is 2.
 */
#include "../api/sched_util.h"

T_TEST(close_of_nil_channel, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"panic: close of nil channel\n\ngoroutine 1 [running]:\n"})
{
    leat_int_chan c = NULL;

    leat_close(c);
}

T_TEST(close_of_closed_channel, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"panic: close of closed channel\n\ngoroutine 1 [running]:\n"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_close(c);
    leat_close(c);
}

T_TEST(send_on_closed_channel, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"panic: send on closed channel\n\ngoroutine 1 [running]:\n"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 5);

    leat_close(c);
    leat_send(c, 1);
}

static void sends(leat_int_chan c)
{
    leat_send(c, 1);
}

T_TEST(a_blocked_sender_dies_of_the_close, .expect_exit = 2,
       .expect_stderr = {"panic: send on closed channel", "[running]:", "sends("})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go(sends, c);
    leat_yield();
    leat_close(c);
    leat_select_none();
}

T_TEST(a_size_that_is_none, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"panic: makechan: size out of range"})
{
    volatile int minus = -1;

    leat_chan_make(leat_int_chan, minus);
}

T_TEST(a_size_that_does_not_fit, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"panic: makechan: size out of range"})
{
    volatile int64_t huge = INT64_MAX;

    leat_chan_make(leat_int_chan, huge);
}

T_TEST(negative_counter, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"panic: sync: negative WaitGroup counter\n\ngoroutine 1 [running]:\n"})
{
    leat_waitgroup wg = {0};

    leat_waitgroup_done(&wg);
}

T_TEST(unlock_of_unlocked_mutex, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"fatal error: sync: unlock of unlocked mutex"})
{
    leat_mutex m = {0};

    leat_mutex_unlock(&m);
}

T_TEST(unlock_twice, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"fatal error: sync: unlock of unlocked mutex"})
{
    leat_mutex m = {0};

    leat_mutex_lock(&m);
    leat_mutex_unlock(&m);
    leat_mutex_unlock(&m);
}

static void panics(int n)
{
    leat_panic("it broke: %d of %s", n, "three");
}

T_TEST(panic_text_and_goroutine, .expect_exit = 2,
       .expect_stderr = {"panic: it broke: 2 of three\n\ngoroutine ", " [running]:\n",
                         "panics("})
{
    leat_go(panics, 2);
    leat_select_none();
}

T_TEST(panic_in_main, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"panic: it broke: 3 of three\n\ngoroutine 1 [running]:\n"})
{
    panics(3);
}

T_TEST(later_lines_of_a_panic_are_indented, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"panic: one\n\ttwo\n\tthree\n\ngoroutine 1 [running]:\n"})
{
    leat_panic("one\ntwo\nthree");
}

static void waits_for_ever(leat_int_chan c)
{
    leat_recv(c, NULL);
}

static void marks_and_waits(leat_int_chan c, atomic_long *here)
{
    atomic_fetch_add(here, 1);
    waits_for_ever(c);
}

T_TEST(freeing_a_channel_somebody_waits_on, .procs = {1}, .modes = "!hostile", .expect_exit = 2,
       .expect_stderr = {"fatal error: ", "chan", "[running]:"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    atomic_long here = 0;

    leat_go(marks_and_waits, c, &here);
    util_await(&here, 1); /* with one proc it has parked since */
    leat_yield();
    leat_chan_free(c);
}

/* Output must be whole and end the process, whatever the others do meanwhile. */

static atomic_long panicking;

static __attribute__((noinline)) void panics_together(int n)
{
    atomic_fetch_add(&panicking, 1);
    util_await(&panicking, n);
    leat_panic("all at once");
}

static void all_panic(void)
{
    for (int i = 0; i < 8; i++)
        leat_go(panics_together, 8);
    leat_select_none();
}

T_TEST(many_panics_at_once_print_one)
{
    static struct util_output out;

    for (int i = 0; i < 5; i++) {
        util_capture(all_panic, &out);
        T_EQ(out.status, 2);
        T_EQ(util_count(out.text, "panic: all at once\n"), 1);
        UTIL_MATCH(&out, "^panics_together\\(");
        UTIL_MATCH(&out, "^created by all_panic in goroutine 1$");
    }
}

static void yields_for_ever(void)
{
    for (;;)
        leat_yield();
}

static void blocks_in_the_kernel(void)
{
    for (;;)
        usleep(1000);
}

static __attribute__((noinline)) void panics_among_the_busy(void)
{
    for (int i = 0; i < 20; i++)
        leat_yield();
    leat_panic("while others run");
}

static void panic_among_the_busy(void)
{
    for (int i = 0; i < 4; i++) {
        leat_go(yields_for_ever);
        leat_go(blocks_in_the_kernel);
    }
    leat_go(panics_among_the_busy);
    leat_select_none();
}

T_TEST(a_panic_is_printed_whole_though_others_run)
{
    static struct util_output out;

    util_capture(panic_among_the_busy, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, "^panic: while others run$");
    UTIL_MATCH(&out, "^goroutine [0-9]+ \\[running\\]:$");
    UTIL_MATCH(&out, "^panics_among_the_busy\\(");
}

static void panics_on_a_thread(void)
{
    leat_panic("in a foreign thread");
}

static void *thread_panics(void *unused)
{
    panics_on_a_thread();
    return unused;
}

T_TEST(a_panic_on_a_foreign_thread_ends_the_process, .procs = {1, 8}, .expect_exit = 2,
       .expect_stderr = "panic: in a foreign thread")
{
    util_join(util_thread(thread_panics, NULL));
}
