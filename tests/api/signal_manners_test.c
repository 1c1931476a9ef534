/* SPDX-License-Identifier: MIT */
/* signal_manners_test.c - signals beside everything else: handlers of others, forks, deadlocks. */
#include <leat.h>

#include <signal.h>
#include <sys/time.h>

#include "sched_util.h"

static volatile sig_atomic_t handled;

static void on_users(int sig)
{
    handled += sig == SIGUSR1;
}

static void expect_signal(leat_int_chan c, int want)
{
    int sig = 0;

    T_TRUE(leat_recv(c, &sig));
    T_EQ(sig, want);
}

static void (*handler_of(int sig))(int)
{
    struct sigaction now;

    T_EQ(sigaction(sig, NULL, &now), 0);
    return now.sa_handler;
}

/* ---- what can be asked for ---- */

T_TEST(what_cannot_be_asked_for)
{
    static const int wrong[] = {0,       -1,      65,     1000,   32,     33,      SIGKILL,
                                SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    leat_scoped_chan(leat_int_chan, c, 1);

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        T_EQ(leat_signal_notify(c, SIGUSR1, wrong[i]), -EINVAL);
        T_EQ(leat_signal_ignore(SIGUSR1, wrong[i]), -EINVAL);
        T_EQ(leat_signal_reset(wrong[i]), -EINVAL);
        T_FALSE(leat_signal_ignored(wrong[i]));
    }
    T_TRUE(handler_of(SIGUSR1) == SIG_DFL); /* nothing has changed */
}

T_TEST(real_time_signals)
{
    leat_scoped_chan(leat_int_chan, c, 4);

    T_EQ(leat_signal_notify(c, SIGRTMIN, SIGRTMAX), 0);
    raise(SIGRTMAX);
    expect_signal(c, SIGRTMAX);
    raise(SIGRTMIN);
    expect_signal(c, SIGRTMIN);
    leat_signal_stop(c);
}

T_TEST(notify_of_nil, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"os/signal: Notify using nil channel", "goroutine 1 [running]"})
{
    leat_signal_notify((leat_int_chan)NULL, SIGINT);
}

T_TEST(a_context_of_no_signal, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"no signal that can be asked for: 9"})
{
    leat_ctx_free(leat_signal_notify_ctx(NULL, SIGTERM, SIGKILL));
}

T_TEST(a_closed_channel, .procs = {1, 2}, .expect_exit = 2,
       .expect_stderr = {"send on closed channel"})
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);

    leat_signal_notify(c, SIGUSR1);
    leat_close(c);
    raise(SIGUSR1);
    for (;;)
        leat_yield();
}

/* The registration holds the channel. */
T_TEST(a_freed_channel_is_still_there)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);

    leat_signal_notify(c, SIGUSR1);
    leat_chan_free(c);
    raise(SIGUSR1);
    leat_signal_reset();
}

/* ---- others' handlers ---- */

T_TEST(a_users_handler_comes_back)
{
    leat_scoped_chan(leat_int_chan, c, 1);

    signal(SIGUSR1, on_users);
    leat_signal_notify(c, SIGUSR1);
    raise(SIGUSR1);
    expect_signal(c, SIGUSR1);
    T_EQ((int)handled, 0);
    leat_signal_stop(c);
    raise(SIGUSR1);
    T_EQ((int)handled, 1);
}

T_TEST(a_later_handler_is_left_alone)
{
    leat_scoped_chan(leat_int_chan, c, 1);

    leat_signal_notify(c, SIGUSR1);
    signal(SIGUSR1, on_users);
    leat_signal_stop(c);
    raise(SIGUSR1);
    T_EQ((int)handled, 1);
    leat_signal_ignore(SIGUSR1);
    signal(SIGUSR1, on_users);
    leat_signal_reset(SIGUSR1);
    raise(SIGUSR1);
    T_EQ((int)handled, 2);
}

/* Somebody saved our handler and puts it back when nobody wants the signal any more. */
/* TSan keeps handlers in a table of its own, where ours is not. */
T_TEST(our_handler_put_back_does_not_swallow, .modes = "!tsan", .expect_signal = SIGUSR1)
{
    leat_scoped_chan(leat_int_chan, c, 1);

    leat_signal_notify(c, SIGUSR1);
    void (*ours)(int) = signal(SIGUSR1, on_users);
    leat_signal_stop(c);
    signal(SIGUSR1, ours);
    raise(SIGUSR1);
    for (;;)
        leat_yield();
}

T_TEST(the_sigquit_dump_comes_back, .procs = {2}, .env = {"LEAT_DEBUG=sigquit=1"},
       .fresh = true, .expect_exit = 2, .expect_stderr = {"SIGQUIT: quit", "goroutine 1 ["},
       .expect_stdout = "came")
{
    signal(SIGQUIT, SIG_DFL);
    leat_scoped_chan(leat_int_chan, c, 1);
    leat_signal_notify(c, SIGQUIT);
    raise(SIGQUIT);
    expect_signal(c, SIGQUIT);
    printf("came\n");
    fflush(stdout);
    leat_signal_stop(c);
    raise(SIGQUIT);
}

/* A call that a signal interrupts goes on. */
T_TEST(calls_are_restarted, .procs = {2})
{
    leat_scoped_chan(leat_int_chan, c, 8);
    struct itimerval soon = {.it_value = {.tv_usec = 20000}};
    int ends[2];
    char byte = 0;

    T_EQ(pipe(ends), 0);
    leat_signal_notify(c, SIGALRM);
    pid_t writer = fork();
    if (writer == 0) {
        usleep(100000);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    T_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
    T_EQ(read(ends[0], &byte, 1), 1);
    T_EQ(byte, 'x');
    expect_signal(c, SIGALRM);
    T_EQ(util_wait_child(writer), 0);
    leat_signal_stop(c);
    close(ends[0]);
    close(ends[1]);
}

/* ---- whose goroutine ---- */

T_TEST(the_sender_is_no_goroutine_of_the_program)
{
    leat_scoped_chan(leat_int_chan, c, 1);

    leat_signal_notify(c, SIGUSR1);
    T_EQ(leat_num_goroutine(), 1);
    raise(SIGUSR1);
    expect_signal(c, SIGUSR1);
    T_EQ(leat_num_goroutine(), 1);
    leat_signal_stop(c);
}

static void dump_with_signals(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);

    leat_signal_notify(c, SIGUSR1);
    raise(SIGUSR1);
    expect_signal(c, SIGUSR1);
    leat_dump();
}

T_TEST(dumps_do_not_show_it, .fresh = true)
{
    static struct util_output out;

    util_capture(dump_with_signals, &out);
    T_EQ(out.status, 0);
    T_EQ(util_count(out.text, "goroutine "), 1);
    T_EQ(util_count(out.text, "signal.c"), 0);
}

T_TEST(who_waits_for_a_signal_is_not_deadlocked)
{
    leat_scoped_chan(leat_int_chan, c, 1);
    struct itimerval soon = {.it_value = {.tv_usec = 300000}};

    leat_signal_notify(c, SIGALRM);
    T_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
    expect_signal(c, SIGALRM);
    leat_signal_stop(c);
}

T_TEST(afterwards_a_deadlock_is_one_again, .procs = {1, 2}, .modes = "!tsan,!valgrind",
       .expect_exit = 2, .expect_stderr = "all goroutines are asleep - deadlock!")
{
    leat_scoped_chan(leat_int_chan, c, 1);

    leat_signal_notify(c, SIGALRM);
    raise(SIGALRM);
    expect_signal(c, SIGALRM);
    leat_signal_stop(c);
    leat_recv(c, NULL);
}

static void *receive_on_thread(void *arg)
{
    leat_scoped_chan(leat_int_chan, c, 1);

    leat_signal_notify(c, SIGUSR1);
    raise(SIGUSR1);
    expect_signal(c, SIGUSR1);
    leat_signal_stop(c);
    return arg;
}

T_TEST(foreign_threads_too)
{
    leat_num_goroutine();
    util_join(util_thread(receive_on_thread, NULL));
}

/* ---- fork ---- */

T_TEST(the_child_of_a_fork_has_asked_for_none)
{
    leat_scoped_chan(leat_int_chan, c, 1);

    leat_signal_notify(c, SIGUSR1);
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGUSR1);
        _exit(0);
    }
    T_EQ(util_wait_child(pid), UTIL_SIGNALLED + SIGUSR1);
    T_EQ(leat_len(c), 0);
    raise(SIGUSR1);
    expect_signal(c, SIGUSR1);
    leat_signal_stop(c);
}

/* One that may use leat asks anew. */
T_TEST(the_child_of_a_fork_asks_anew, .modes = "!tsan")
{
    leat_scoped_chan(leat_int_chan, c, 1);

    leat_signal_notify(c, SIGUSR1);
    pid_t pid = fork();
    if (pid == 0) {
        leat_int_chan mine = leat_chan_make(leat_int_chan, 1);
        int sig = 0;
        leat_signal_notify(mine, SIGUSR1);
        raise(SIGUSR1);
        leat_recv(mine, &sig);
        _exit(sig == SIGUSR1 ? 0 : 1);
    }
    T_EQ(util_wait_child(pid), 0);
    leat_signal_stop(c);
}

/* ---- zero wake-ups ---- */

T_TEST(signals_reach_a_program_in_deep_sleep, .procs = {1, 2})
{
    leat_scoped_chan(leat_int_chan, c, 1);
    struct itimerval soon = {.it_value = {.tv_usec = 700000}};

    leat_signal_notify(c, SIGALRM);
    for (int i = 0; i < 2; i++) { /* sysmon sleeps without a limit after 200 ms of rest */
        T_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
        expect_signal(c, SIGALRM);
    }
    leat_signal_stop(c);
}
