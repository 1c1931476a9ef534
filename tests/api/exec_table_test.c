/* SPDX-License-Identifier: MIT */
/*
 * exec_table_test.c - each call of leat/exec.h that waits, and the channels of leat/signal.h, ended
 * by each thing that can end them. What takes the place of closing is a signal for a child, and
 * leat_signal_stop with leat_close for a channel.
 */
#include <signal.h>

#include "exec_util.h"
#include "limit_table.h"

static const char *const sleeper[] = {"sleep", "1000", NULL};

/* A command knows a context only: a time is one with a deadline. */
static void set_command(struct stage *s)
{
    s->both = leat_ctx_with_deadline(s->limit.ctx, s->limit.until);
    s->cmd = (leat_cmd){.argv = sleeper, .ctx = s->both};
}

static void set_started(struct stage *s)
{
    set_command(s);
    s->err = leat_cmd_start(&s->cmd);
}

static int64_t run_wait(struct stage *s, const leat_limit *limit)
{
    (void)limit;
    return s->err ? s->err : leat_cmd_wait(&s->cmd); /* no time was left to start it */
}

static int64_t run_run(struct stage *s, const leat_limit *limit)
{
    (void)limit;
    return leat_cmd_run(&s->cmd);
}

static int64_t run_output(struct stage *s, const leat_limit *limit)
{
    char *text;

    (void)limit;
    int64_t err = leat_cmd_output(&s->cmd, &text, NULL);
    free(text);
    return err;
}

static int64_t run_combined(struct stage *s, const leat_limit *limit)
{
    char *text;

    (void)limit;
    int64_t err = leat_cmd_combined(&s->cmd, &text, NULL);
    free(text);
    return err;
}

/* Alone, for who signals must be done before the wait is. */
static void kill_it(struct stage *s)
{
    T_ERR(leat_cmd_signal(&s->cmd, SIGTERM), 0);
}

static const struct row commands[] = {
    {"cmd_wait", BY_CTX | BY_TIME, set_started, run_wait, NULL, 0},
    {"cmd_wait, signal", BY_CLOSE, set_started, run_wait, kill_it, 128 + SIGTERM},
    {"cmd_run", BY_CTX | BY_TIME, set_command, run_run, NULL, 0},
    {"cmd_output", BY_CTX | BY_TIME, set_command, run_output, NULL, 0},
    {"cmd_combined", BY_CTX | BY_TIME, set_command, run_combined, NULL, 0},
};

T_TEST(every_command_that_is_waited_for_is_ended_by_all_that_may_end_it, .timeout_ms = 60000)
{
    table_run(commands, sizeof commands / sizeof commands[0]);
    no_child_is_left();
}

/* ---- signals ---- */

static void set_notified(struct stage *s)
{
    s->signals = leat_chan_make(leat_int_chan, 1);
    T_ERR(leat_signal_notify(s->signals, SIGUSR1), 0);
}

static int64_t recv_plainly(leat_int_chan c)
{
    return leat_recv(c, NULL) ? 0 : -EPIPE;
}

static int64_t run_recv(struct stage *s, const leat_limit *limit)
{
    int64_t err = FORMS(limit, recv_plainly(s->signals),
                        leat_recv_ctx(limit->ctx, s->signals, NULL),
                        leat_recv_until(s->signals, NULL, limit->until));

    leat_signal_stop(s->signals);
    return err;
}

static void stop_and_close(struct stage *s)
{
    leat_signal_stop(s->signals);
    leat_close(s->signals);
}

static const struct row signals[] = {
    {"signal", BY_CTX | BY_TIME | BY_CLOSE | BY_EITHER, set_notified, run_recv, stop_and_close,
     -EPIPE},
};

T_TEST(a_wait_for_a_signal_is_ended_by_all_that_may_end_it)
{
    table_run(signals, 1);
}
