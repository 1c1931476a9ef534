/* SPDX-License-Identifier: MIT */
/*
 * time_fault_test.c - timers, channels without a limit, labels and local values without memory:
 * a status where there is one, else a fatal text that says what to raise, and nothing half done.
 */
#include "refuse.h"

static const leat_local refuse_own, refuse_inherited = {.inherited = true};

#define REFUSE_CASE(name, body, text)                                       \
    T_TEST(name, .procs = {1}, .expect_exit = 2,                            \
           .expect_stderr = {"fatal error: out of memory: " text, "raise"}) \
    {                                                                       \
        leat_int_chan c = leat_chan_make(leat_int_chan, LEAT_UNBOUNDED);    \
        (void)c;                                                            \
        refuse_all();                                                       \
        body;                                                               \
        T_FAIL("it came back");                                             \
    }

REFUSE_CASE(timer_without_memory, leat_timer_make(1), "cannot allocate a channel")
REFUSE_CASE(ticker_without_memory, leat_ticker_make(1), "cannot allocate a channel")
REFUSE_CASE(after_without_memory, leat_after(1), "cannot allocate a channel")
REFUSE_CASE(function_without_memory, leat_after_func(1, leat_yield), "cannot allocate a timer")
REFUSE_CASE(send_without_memory, leat_send(c, 1), "an unbounded channel cannot grow")
REFUSE_CASE(try_send_without_memory, leat_try_send(c, 1), "an unbounded channel cannot grow")
REFUSE_CASE(select_without_memory, leat_select(leat_case_send(c, 1), leat_case_default),
            "an unbounded channel cannot grow")
REFUSE_CASE(value_without_memory, leat_local_set(&refuse_own, &c),
            "cannot allocate a goroutine")
REFUSE_CASE(inherited_without_memory, leat_local_set(&refuse_inherited, &c),
            "cannot allocate a goroutine")
REFUSE_CASE(label_without_memory, leat_label_set("a", "b"), "cannot allocate a goroutine")

T_TEST(a_status_send_says_enomem_and_the_channel_is_as_before, .procs = {1})
{
    leat_scoped_chan(leat_int_chan, c, LEAT_UNBOUNDED);
    int sent = 0, v = 0;

    for (int round = 0; round < 5; round++) {
        refuse_all();
        while (leat_send_status(c, sent) == 0)
            sent++;
        T_EQ(leat_try_send_status(c, sent), -ENOMEM);
        T_EQ(leat_send_ctx(NULL, c, sent), -ENOMEM);
        T_EQ(leat_send_until(c, sent, LEAT_FOREVER), -ENOMEM);
        T_EQ(leat_len(c), sent);
        refuse_pass();
        T_EQ(leat_send_status(c, sent), 0); /* goes on where it stood */
        sent++;
    }
    T_GT(sent, 100);
    for (int i = 0; i < sent; i++) {
        T_TRUE(leat_recv(c, &v));
        T_EQ(v, i);
    }
}

static void refuse_names(atomic_long *n)
{
    T_STREQ(leat_name(), "");
    T_TRUE(leat_label_get("a") == NULL);
    atomic_fetch_add(n, 1);
}

/* A goroutine without a name is better than none. */
T_TEST(a_goroutine_starts_without_its_name_and_labels, .procs = {1})
{
    static const char *const labels[] = {"a", "b", NULL};
    atomic_long n = 0;

    leat_go(leat_yield); /* the caches have been filled */
    leat_yield();
    refuse_all();
    leat_go_with((&(leat_go_opts){.name = "x", .labels = labels}), refuse_names, &n);
    util_await(&n, 1);
    refuse_pass();
    while (leat_num_goroutine() > 1)
        leat_yield();
}

T_TEST(stopping_and_freeing_timers_needs_no_memory, .procs = {1})
{
    leat_timer *t = leat_timer_make(LEAT_HOUR);
    leat_timer *f = leat_after_func(LEAT_HOUR, leat_yield);
    leat_ticker *k = leat_ticker_make(LEAT_MILLISECOND);

    refuse_all();
    T_TRUE(leat_timer_reset(t, LEAT_MILLISECOND));
    T_TRUE(leat_recv(leat_timer_chan(t), NULL));
    T_TRUE(leat_recv(leat_ticker_chan(k), NULL));
    T_TRUE(leat_timer_stop(f));
    leat_timer_free(t);
    leat_timer_free(f);
    leat_ticker_free(k);
    refuse_pass();
}
