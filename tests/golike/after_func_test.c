/* SPDX-License-Identifier: MIT */
/* after_func_test.c - functions that are called after a while, each in a goroutine of its own. */
#include "golike.h"

#include <stdlib.h>

/* TestAfterFunc: it arms its successor, a dozen times. */
struct af_chain {
    int left;
    leat_done_chan done;
    leat_timer *t;
};

static void af_link(struct af_chain *c)
{
    leat_timer_free(c->t); /* its own timer, from inside its function */
    if (--c->left == 0) {
        leat_close(c->done);
        return;
    }
    c->t = leat_after_func(0, af_link, c);
}

T_TEST(a_function_may_arm_the_next_and_free_its_own_timer)
{
    leat_scoped_chan(leat_done_chan, done, 0);
    struct af_chain c = {.left = 12, .done = done};

    c.t = leat_after_func(0, af_link, &c);
    T_FALSE(leat_recv(done, NULL));
    T_EQ(c.left, 0);
}

/* The arguments are those of the place where it was written. */
struct af_seen {
    int a;
    double b;
    char c;
    leat_duration at;
};

static void af_note(struct af_seen *seen, int a, double b, char c, leat_done_chan done)
{
    *seen = (struct af_seen){a, b, c, leat_now()};
    leat_close(done);
}

T_TEST(the_call_is_the_one_that_was_written_and_it_is_not_early)
{
    leat_scoped_chan(leat_done_chan, done, 0);
    struct af_seen seen = {0};
    int a = 1;
    leat_duration before = leat_now();
    leat_timer *t = leat_after_func(2 * LEAT_MILLISECOND, af_note, &seen, a++, 2.5f, 300 - 200,
                                    done);

    a = 99;
    T_FALSE(leat_recv(done, NULL));
    T_EQ(seen.a, 1);
    T_TRUE(seen.b == 2.5);
    T_EQ(seen.c, 100);
    T_GE(seen.at - before, 2 * LEAT_MILLISECOND);
    T_TRUE(leat_timer_chan(t) == NULL);
    T_FALSE(leat_timer_stop(t));
    leat_timer_free(t);
}

/* The span is evaluated before the call is captured, whatever that takes. */
static leat_duration af_a_span(atomic_int *n)
{
    leat_go(golike_note, n);
    leat_yield();
    return LEAT_MILLISECOND;
}

static void af_note_two(atomic_int *n, long by)
{
    atomic_fetch_add(n, (int)by);
}

T_TEST(the_span_may_be_computed_by_goroutines)
{
    atomic_int spans = 0, n = 0;
    leat_timer *t = leat_after_func(af_a_span(&spans), af_note_two, &n, 7L);

    golike_await(&n, 7);
    golike_await(&spans, 1);
    leat_timer_free(t);
}

/* T5: false means that it has begun. */
T_TEST(stop_says_whether_the_function_will_run)
{
    atomic_int n = 0;
    int begun = 0;

    for (int i = 0; i < 300; i++) {
        leat_timer *t = leat_after_func((leat_duration)(t_rand() % 30) * LEAT_MICROSECOND,
                                        golike_note, &n);
        if (i % 3)
            leat_yield();
        begun += !leat_timer_stop(t);
        T_FALSE(leat_timer_stop(t));
        leat_timer_free(t);
    }
    golike_await(&n, begun);
    golike_alone();
    T_EQ(atomic_load(&n), begun);
}

/* T4. */
T_TEST(reset_calls_it_again)
{
    atomic_int n = 0;
    leat_timer *t = leat_after_func(LEAT_HOUR, golike_note, &n);

    T_TRUE(leat_timer_reset(t, 0));
    golike_await(&n, 1);
    for (int i = 2; i < 20; i++) {
        T_FALSE(leat_timer_reset(t, 0));
        golike_await(&n, i);
    }
    T_FALSE(leat_timer_reset(t, LEAT_HOUR));
    T_TRUE(leat_timer_stop(t));
    T_FALSE(leat_timer_reset(t, 0));
    golike_await(&n, 20);
    leat_timer_free(t);
    golike_alone();
    T_EQ(atomic_load(&n), 20);
}

static void af_block(atomic_int *begun, leat_done_chan gate)
{
    golike_note(begun);
    leat_recv(gate, NULL);
}

T_TEST(an_earlier_call_may_still_run_and_the_timer_may_be_gone)
{
    leat_scoped_chan(leat_done_chan, gate, 0);
    atomic_int begun = 0;
    leat_timer *t = leat_after_func(0, af_block, &begun, gate);

    golike_await(&begun, 1);
    T_FALSE(leat_timer_reset(t, 0));
    golike_await(&begun, 2);
    T_FALSE(leat_timer_stop(t)); /* does not wait for them */
    leat_timer_free(t);
    T_EQ(leat_num_goroutine(), 3);
    leat_close(gate);
    golike_alone();
}

/* MM24. ThreadSanitizer must have nothing to say here. */
static void af_sees(int *before, int *after, leat_done_chan done)
{
    T_EQ(*before, 1);
    *after = 1;
    leat_close(done);
}

T_TEST(what_was_written_before_it_was_armed_is_seen_by_the_function)
{
    for (int i = 0; i < 50; i++) {
        leat_scoped_chan(leat_done_chan, done, 0);
        int before = 0, after = 0;
        before = 1;
        leat_timer *t = leat_after_func(i % 3 * 50 * LEAT_MICROSECOND, af_sees, &before, &after,
                                        done);
        T_FALSE(leat_recv(done, NULL));
        T_EQ(after, 1);
        leat_timer_free(t);
    }
}

/* TestAfterFuncStarvation: one that arms itself without end must not keep others from running. */
struct af_hog {
    leat_timer *t;
    atomic_int stop, runs, over;
};

static void af_hog_runs(struct af_hog *h)
{
    atomic_fetch_add(&h->runs, 1);
    if (atomic_load(&h->stop))
        golike_note(&h->over);
    else
        leat_timer_reset(h->t, 0);
}

static void af_pass_on(leat_int_chan in, leat_int_chan out, int n)
{
    for (int i = 0; i < n; i++) {
        int v = 0;
        leat_recv(in, &v);
        leat_send(out, v + 1);
    }
}

T_TEST(a_function_that_arms_itself_without_end_starves_nobody)
{
    leat_scoped_chan(leat_int_chan, there, 0);
    leat_scoped_chan(leat_int_chan, back, 0);
    struct af_hog h = {0};
    int v = 0;

    h.t = leat_after_func(LEAT_HOUR, af_hog_runs, &h);
    leat_timer_reset(h.t, 0);
    leat_go(af_pass_on, there, back, 200);
    for (int i = 0; i < 200; i++) {
        leat_send(there, i);
        leat_recv(back, &v);
        T_EQ(v, i + 1);
    }
    golike_await(&h.runs, 10);
    golike_note(&h.stop);
    golike_await(&h.over, 1);
    leat_timer_free(h.t);
}

/* Many at one moment; each runs, or was stopped. */
T_TEST(a_thousand_functions_due_at_once_all_run)
{
    enum { N = 1000 };
    static leat_timer *t[N];
    atomic_int n = 0;
    int stopped = 0;

    for (int i = 0; i < N; i++)
        t[i] = leat_after_func(LEAT_MILLISECOND, golike_note, &n);
    for (int i = 0; i < N; i += 7)
        stopped += leat_timer_stop(t[i]);
    golike_await(&n, N - stopped);
    for (int i = 0; i < N; i++)
        leat_timer_free(t[i]);
    golike_alone();
    T_EQ(atomic_load(&n), N - stopped);
}

static void af_storm(leat_timer **t, int n, long rounds, atomic_long *sum)
{
    for (long i = 0; i < rounds; i++) {
        leat_timer *one = t[t_rand() % (uint64_t)n];
        if (t_rand() % 3 == 0)
            atomic_fetch_add(sum, -(long)leat_timer_stop(one));
        else
            atomic_fetch_add(sum,
                             1 - (long)leat_timer_reset(one, (leat_duration)(t_rand() % 3)));
    }
}

static void af_ran(atomic_long *runs)
{
    atomic_fetch_add(runs, 1);
}

/* Each arming runs once, or a stop or a reset says that it took it back. */
T_TEST(armings_and_calls_come_out_even, .timeout_ms = 60000)
{
    enum { N = 10 };
    leat_timer *t[N];
    leat_waitgroup wg = {0};
    atomic_long sum = N, runs = 0;

    for (int i = 0; i < N; i++)
        t[i] = leat_after_func(1, af_ran, &runs);
    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, af_storm, t, (int)N, t_scale(3000), &sum);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < N; i++) {
        atomic_fetch_add(&sum, -(long)leat_timer_stop(t[i]));
        leat_timer_free(t[i]);
    }
    golike_alone();
    T_EQ(atomic_load(&runs), atomic_load(&sum));
}

/* TestIssue5745: what a function does to the clock while it dies must not hang the report. */
static void af_panics(leat_timer **t)
{
    leat_timer_stop(*t);
    leat_panic("on time");
}

T_TEST(a_panic_in_a_function_names_who_asked_for_it, .expect_exit = 2,
       .expect_stderr = {"panic: on time\n", "af_panics(", "created by ", "in goroutine 1"})
{
    leat_timer *t = leat_timer_make(LEAT_HOUR);

    leat_after_func(0, af_panics, &t);
    leat_select_none();
}

static void af_ends_well(int status)
{
    exit(status);
}

T_TEST(a_function_to_come_is_no_deadlock, .ends_process = true)
{
    leat_after_func(10 * LEAT_MILLISECOND, af_ends_well, 0);
    leat_select_none();
}

T_TEST(after_func_of_nil_is_fatal, GOLIKE_FATAL("go of nil func value"))
{
    void (*none)(int) = NULL;

    leat_after_func(0, none, 1);
}
