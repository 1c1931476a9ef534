/* SPDX-License-Identifier: MIT */
/*
 * signal_go_test.c - what the tests of Go's os/signal assert, row G15.
 *
 * raise() runs the handler before it returns. So two signals raised one after the other by one
 * goroutine are delivered in that order or together, and "no signal has come" needs no clock:
 * the one raised later has.
 */
#include <leat.h>

#include <signal.h>

#include "sched_util.h"

enum { MARK = SIGUSR2 };

static void expect_signal(leat_int_chan c, int want)
{
    int sig = 0;

    T_TRUE(leat_recv(c, &sig));
    T_EQ(sig, want);
}

/* Whatever was raised until now has been delivered. */
static void quiesce(leat_int_chan mark)
{
    raise(MARK);
    expect_signal(mark, MARK);
}

static leat_int_chan make_mark(void)
{
    leat_int_chan mark = leat_chan_make(leat_int_chan, 1);

    T_EQ(leat_signal_notify(mark, MARK), 0);
    return mark;
}

static void end_mark(leat_int_chan mark)
{
    leat_signal_stop(mark);
    leat_chan_free(mark);
}

/* TestSignal */
T_TEST(signals_arrive)
{
    leat_scoped_chan(leat_int_chan, c, 1);
    leat_scoped_chan(leat_int_chan, all, 10);

    T_EQ(leat_signal_notify(c, SIGHUP), 0);
    kill(getpid(), SIGHUP);
    expect_signal(c, SIGHUP);
    T_EQ(leat_signal_notify(all), 0);
    kill(getpid(), SIGWINCH);
    expect_signal(all, SIGWINCH);
    kill(getpid(), SIGHUP);
    expect_signal(all, SIGHUP);
    kill(getpid(), SIGHUP);
    expect_signal(all, SIGHUP);
    expect_signal(c, SIGHUP); /* the first one; the second found the channel full */
    leat_signal_stop(all);
    leat_signal_stop(c);
    T_EQ(leat_len(c), 0);
}

/* TestStress, TestTime */
static void raise_many(leat_int_chan c, long n)
{
    for (long i = 0; i < n; i++) {
        raise(SIGUSR1);
        kill(getpid(), SIGWINCH);
        (void)leat_now();
        leat_yield();
    }
    leat_signal_stop(c);
    leat_close(c); /* a send after this would be fatal */
}

T_TEST(stop_and_close_under_a_storm)
{
    leat_scoped_chan(leat_int_chan, c, 1);
    long got = 0;

    T_EQ(leat_signal_notify(c, SIGUSR1, SIGWINCH), 0);
    leat_go(raise_many, c, t_scale(5000));
    leat_range(sig, c)
        got += sig == SIGUSR1 || sig == SIGWINCH;
    T_GT(got, 0);
}

/* TestReset, TestIgnore */
static void cancel_both(bool ignore)
{
    leat_scoped_chan(leat_int_chan, winch, 1);
    leat_scoped_chan(leat_int_chan, hup, 1);
    leat_int_chan mark = make_mark();

    leat_signal_notify(winch, SIGWINCH);
    leat_signal_notify(hup, SIGHUP);
    raise(SIGWINCH);
    expect_signal(winch, SIGWINCH);
    raise(SIGHUP);
    expect_signal(hup, SIGHUP);
    if (ignore)
        T_EQ(leat_signal_ignore(SIGWINCH, SIGHUP), 0);
    else
        T_EQ(leat_signal_reset(SIGWINCH, SIGHUP), 0);
    raise(SIGWINCH);
    if (ignore)
        raise(SIGHUP);
    quiesce(mark);
    T_EQ(leat_len(winch), 0);
    T_EQ(leat_len(hup), 0);
    end_mark(mark);
}

T_TEST(reset_ends_all_registrations)
{
    cancel_both(false);
}

T_TEST(ignore_ends_all_registrations)
{
    cancel_both(true);
}

/* TestIgnored */
T_TEST(ignored_is_what_is_so_now)
{
    leat_scoped_chan(leat_int_chan, c, 1);

    leat_signal_notify(c, SIGWINCH);
    T_FALSE(leat_signal_ignored(SIGWINCH));
    leat_signal_stop(c);
    leat_signal_ignore(SIGWINCH);
    T_TRUE(leat_signal_ignored(SIGWINCH));
    leat_signal_reset();
    T_FALSE(leat_signal_ignored(SIGWINCH));
}

/* TestDetectNohup, TestNohup */
T_TEST(under_nohup_a_hangup_is_ignored_again, .fresh = true)
{
    signal(SIGHUP, SIG_IGN);
    T_TRUE(leat_signal_ignored(SIGHUP));
    leat_scoped_chan(leat_int_chan, c, 1);
    leat_signal_notify(c, SIGHUP);
    T_FALSE(leat_signal_ignored(SIGHUP));
    raise(SIGHUP);
    expect_signal(c, SIGHUP);
    leat_signal_stop(c);
    T_TRUE(leat_signal_ignored(SIGHUP));
    raise(SIGHUP);
}

T_TEST(without_nohup_a_hangup_kills_after_stop, .expect_signal = SIGHUP)
{
    leat_scoped_chan(leat_int_chan, c, 1);

    signal(SIGHUP, SIG_DFL);
    leat_signal_notify(c, SIGHUP);
    raise(SIGHUP);
    expect_signal(c, SIGHUP);
    leat_signal_stop(c);
    raise(SIGHUP);
}

/* TestStop */
T_TEST(stop_ends_the_channels_registrations)
{
    leat_scoped_chan(leat_int_chan, c, 4);
    leat_scoped_chan(leat_int_chan, other, 4);
    leat_int_chan mark = make_mark();

    leat_signal_notify(c, SIGWINCH);
    leat_signal_notify(c, SIGUSR1);
    leat_signal_notify(other, SIGUSR1);
    raise(SIGWINCH);
    expect_signal(c, SIGWINCH);
    raise(SIGUSR1);
    expect_signal(c, SIGUSR1);
    expect_signal(other, SIGUSR1);
    leat_signal_stop(c);
    leat_signal_stop(c); /* does nothing */
    leat_signal_stop((leat_int_chan)NULL);
    raise(SIGWINCH);
    raise(SIGUSR1);
    expect_signal(other, SIGUSR1);
    quiesce(mark);
    T_EQ(leat_len(c), 0);
    leat_signal_stop(other);
    end_mark(mark);
}

/* What was raised before a stop is sent, not lost. */
T_TEST(stop_delivers_what_has_come)
{
    leat_scoped_chan(leat_int_chan, c, 1);

    for (long i = 0; i < t_scale(300); i++) {
        leat_signal_notify(c, SIGUSR1);
        raise(SIGUSR1);
        leat_signal_stop(c);
        T_EQ(leat_len(c), 1);
        expect_signal(c, SIGUSR1);
    }
}

/* TestSIGCONT */
T_TEST(sigcont)
{
    leat_scoped_chan(leat_int_chan, c, 1);

    leat_signal_notify(c, SIGCONT);
    kill(getpid(), SIGCONT);
    expect_signal(c, SIGCONT);
    leat_signal_stop(c);
}

/* TestAtomicStop: the child dies of the signal, or gets it; it is never lost. */
static void stop_it(leat_waitgroup *wg, leat_int_chan c)
{
    leat_signal_stop(c);
    leat_waitgroup_done(wg);
}

static void stop_while_it_comes(void)
{
    signal(SIGINT, SIG_DFL);
    for (int i = 0; i < 20; i++) {
        leat_waitgroup wg = {0};
        leat_scoped_chan(leat_int_chan, c, 1);
        leat_signal_notify(c, SIGINT);
        leat_waitgroup_add(&wg, 1);
        leat_go(stop_it, &wg, c);
        kill(getpid(), SIGINT);
        expect_signal(c, SIGINT); /* if it is lost, this waits for ever */
        leat_waitgroup_wait(&wg);
    }
}

T_TEST(a_signal_is_delivered_or_kills, .fresh = true)
{
    static struct util_output out;
    int killed = 0;

    for (int i = 0; i < 10; i++) {
        util_capture(stop_while_it_comes, &out);
        T_STREQ(out.text, "");
        T_TRUE(out.status == 0 || out.status == UTIL_SIGNALLED + SIGINT);
        killed += out.status != 0;
    }
    T_LOG("%d of 10 were killed", killed);
}

/* TestNotifyContextNotifications, TestNotifyContextCause */
static void interrupt_us(leat_waitgroup *wg)
{
    kill(getpid(), SIGINT);
    leat_waitgroup_done(wg);
}

static void notified(int n)
{
    leat_waitgroup wg = {0};
    leat_scoped_ctx(ctx, leat_signal_notify_ctx(NULL, SIGINT));
    leat_scoped_ctx(below, leat_ctx_with_cancel(ctx));

    T_EQ(leat_signal_caught(ctx), 0);
    leat_waitgroup_add(&wg, n);
    for (int i = 0; i < n; i++)
        leat_go(interrupt_us, &wg);
    leat_waitgroup_wait(&wg);
    leat_recv(leat_ctx_done(ctx), NULL);
    T_STREQ(leat_ctx_cause_text(ctx), "interrupt signal received");
    T_EQ(leat_ctx_cause(ctx), -ECANCELED);
    T_EQ(leat_ctx_err(ctx), -ECANCELED);
    T_EQ(leat_signal_caught(ctx), SIGINT);
    T_EQ(leat_signal_caught(below), SIGINT);
    raise(SIGINT); /* taken and dropped: the context has not been freed */
}

T_TEST(notify_context_once)
{
    notified(1);
}

T_TEST(notify_context_many_times)
{
    notified(10);
}

T_TEST(a_second_interrupt_kills_once_the_context_is_freed, .expect_signal = SIGINT)
{
    signal(SIGINT, SIG_DFL);
    leat_ctx *ctx = leat_signal_notify_ctx(NULL, SIGINT);
    raise(SIGINT);
    leat_recv(leat_ctx_done(ctx), NULL);
    leat_ctx_free(ctx);
    raise(SIGINT);
}

/* TestNotifyContextStop */
T_TEST(notify_context_stop)
{
    leat_signal_ignore(SIGHUP);
    T_TRUE(leat_signal_ignored(SIGHUP));
    leat_scoped_ctx(parent, leat_ctx_with_cancel(NULL));
    leat_ctx *ctx = leat_signal_notify_ctx(parent, SIGHUP);
    leat_ctx_ref(ctx);
    T_FALSE(leat_signal_ignored(SIGHUP));
    leat_ctx_free(ctx);
    leat_recv(leat_ctx_done(ctx), NULL);
    T_EQ(leat_ctx_err(ctx), -ECANCELED);
    T_EQ(leat_ctx_cause(ctx), -ECANCELED);
    T_EQ(leat_signal_caught(ctx), 0);
    leat_ctx_unref(ctx);
}

/* TestNotifyContextCancelParent, TestNotifyContextPrematureCancelParent */
static void cancel_parent(bool before)
{
    leat_scoped_ctx(parent, leat_ctx_with_cancel_cause(NULL));
    if (before)
        leat_ctx_cancel_cause(parent, -EIO, "parent canceled");
    leat_scoped_ctx(ctx, leat_signal_notify_ctx(parent, SIGINT));
    if (!before)
        leat_ctx_cancel_cause(parent, -EIO, "parent canceled");
    leat_recv(leat_ctx_done(ctx), NULL);
    T_EQ(leat_ctx_err(ctx), -ECANCELED);
    T_EQ(leat_ctx_cause(ctx), -EIO);
    T_STREQ(leat_ctx_cause_text(ctx), "parent canceled");
}

T_TEST(notify_context_cancel_parent)
{
    cancel_parent(false);
}

T_TEST(notify_context_premature_cancel_parent)
{
    cancel_parent(true);
}

/* TestNotifyContextSimultaneousStop */
static void cancel_it(leat_waitgroup *wg, leat_ctx *ctx)
{
    leat_ctx_cancel(ctx);
    leat_waitgroup_done(wg);
}

T_TEST(notify_context_simultaneous_stop)
{
    leat_scoped_ctx(ctx, leat_signal_notify_ctx(NULL, SIGINT));
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 10);
    for (int i = 0; i < 10; i++)
        leat_go(cancel_it, &wg, ctx);
    leat_waitgroup_wait(&wg);
    leat_recv(leat_ctx_done(ctx), NULL);
    T_EQ(leat_ctx_err(ctx), -ECANCELED);
}
