/* SPDX-License-Identifier: MIT */
/*
 * fork_test.c - after a fork, a child whose only goroutine is main may use leat again; one that
 * had others, whose threads are gone, is told so when it tries.
 */
#include "sched_util.h"

#include <sys/socket.h>

static void squares(leat_int_chan out, int v)
{
    leat_yield();
    leat_send(out, v * v);
}

/* A bit of everything; the sum says that it worked. */
static int uses_leat(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};
    int sum = 0, v = 0;

    for (int i = 1; i <= 4; i++)
        leat_waitgroup_go(&wg, squares, c, i);
    for (int i = 1; i <= 4; i++) {
        T_TRUE(leat_recv(c, &v));
        sum += v;
    }
    leat_waitgroup_wait(&wg);
    leat_sleep(LEAT_MILLISECOND);
    T_EQ(leat_select(leat_case_recv(c, &v), leat_case_timeout(LEAT_MILLISECOND)), 1);
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_chan_free(c);
    return sum;
}

static int child_uses_leat(int generations)
{
    pid_t pid = fork();

    if (pid == 0) {
        T_EQ(leat_id(), 1u);
        int sum = uses_leat();
        if (generations > 1)
            T_EQ(child_uses_leat(generations - 1), 30);
        exit(sum);
    }
    return util_wait_child(pid);
}

T_TEST(a_child_of_main_alone_uses_leat_again)
{
    T_EQ(uses_leat(), 30);
    T_EQ(child_uses_leat(1), 30);
    T_EQ(uses_leat(), 30); /* the parent is none the worse */
}

static void send_later(leat_io *io)
{
    leat_sleep(LEAT_MILLISECOND);
    T_EQ(leat_write(io, "x", 1), 1);
}

/* Each waits for it, so that the poller watches. */
static void talks(leat_io *a, leat_io *b)
{
    leat_waitgroup wg = {0};
    char c;

    for (int i = 0; i < 3; i++) {
        leat_waitgroup_go(&wg, send_later, b);
        T_EQ(leat_read(a, &c, 1), 1);
    }
    leat_waitgroup_wait(&wg);
    while (leat_num_goroutine() > 1)
        leat_yield();
}

T_TEST(streams_go_on_in_a_child_of_main_alone)
{
    leat_io *a, *b;
    int fds[2];

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    T_ERR(leat_io_adopt(&a, fds[0]), 0);
    T_ERR(leat_io_adopt(&b, fds[1]), 0);
    talks(a, b);
    pid_t pid = fork();
    if (pid == 0) {
        talks(a, b);
        leat_io_free(a);
        leat_io_free(b);
        exit(30);
    }
    T_EQ(util_wait_child(pid), 30);
    talks(a, b); /* the parent's poller is its own */
    leat_io_free(a);
    leat_io_free(b);
}

T_TEST(a_child_of_a_process_that_never_used_leat_uses_it)
{
    T_EQ(child_uses_leat(1), 30);
    T_EQ(uses_leat(), 30);
}

T_TEST(grandchildren_use_leat_again)
{
    T_EQ(uses_leat(), 30);
    T_EQ(child_uses_leat(3), 30);
}

T_TEST(many_children_one_after_another_use_leat)
{
    for (long i = t_scale(30); i > 0; i--) {
        T_EQ(uses_leat(), 30);
        T_EQ(child_uses_leat(1), 30);
    }
}

static leat_done_chan gate;

static void waits_at_gate(atomic_long *here)
{
    atomic_fetch_add(here, 1);
    leat_recv(gate, NULL);
}

T_TEST(use_in_a_child_that_had_other_goroutines_is_fatal, .procs = {1, 2, 8})
{
    static struct util_output out;
    leat_waitgroup wg = {0};
    atomic_long here = 0;
    int ends[2];

    gate = leat_chan_make(leat_done_chan, 0);
    for (int i = 0; i < 5; i++)
        leat_waitgroup_go(&wg, waits_at_gate, &here);
    util_await(&here, 5);
    T_EQ(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        leat_go(waits_at_gate, &here);
        leat_yield();
        _exit(0);
    }
    close(ends[1]);
    T_EQ(util_wait_child(pid), 2);
    ssize_t n = read(ends[0], out.text, sizeof(out.text) - 1);
    T_GT(n, 0);
    out.text[n] = '\0';
    UTIL_MATCH(&out, "^fatal error: .*fork");
    close(ends[0]);
    leat_close(gate);
    leat_waitgroup_wait(&wg);
    leat_chan_free(gate);
}

static void forks_and_execs(int *status)
{
    pid_t pid = fork();

    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "exit 23", (char *)NULL);
        _exit(127);
    }
    *status = util_wait_child(pid);
}

T_TEST(a_child_may_exec_whatever_was_running)
{
    leat_waitgroup wg = {0}, waiters = {0};
    atomic_long here = 0;
    int status[8] = {0};

    gate = leat_chan_make(leat_done_chan, 0);
    for (int i = 0; i < 5; i++)
        leat_waitgroup_go(&waiters, waits_at_gate, &here);
    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, forks_and_execs, &status[i]);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < 8; i++)
        T_EQ(status[i], 23);
    leat_close(gate);
    leat_waitgroup_wait(&waiters);
    leat_chan_free(gate);
}

T_TEST(a_child_that_had_other_goroutines_can_still_exit)
{
    leat_waitgroup wg = {0};
    atomic_long here = 0;

    gate = leat_chan_make(leat_done_chan, 0);
    leat_waitgroup_go(&wg, waits_at_gate, &here);
    util_await(&here, 1);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        exit(12); /* runs atexit handlers, the runtime's among them */
    T_EQ(util_wait_child(pid), 12);
    leat_close(gate);
    leat_waitgroup_wait(&wg);
    leat_chan_free(gate);
}

static void dies_of_deadlock(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_recv(c, NULL);
}

T_TEST(deadlock_is_found_in_a_child_too)
{
    static struct util_output out;

    T_EQ(uses_leat(), 30);
    util_capture(dies_of_deadlock, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, "^fatal error: all goroutines are asleep - deadlock!$");
    UTIL_MATCH(&out, "^goroutine 1 \\[chan receive\\]:$");
}
