/* SPDX-License-Identifier: MIT */
/* exec_test.c - child processes: what Go's os/exec promises. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec_util.h"

T_TEST(output_is_what_it_writes)
{
    output_is(LEAT_ARGV("echo", "foo bar", "baz"), "foo bar baz\n");
    output_is(LEAT_ARGV("true"), "");
    output_is(LEAT_ARGV("/bin/echo", "by path"), "by path\n");
    no_child_is_left();
}

T_TEST(how_it_ended)
{
    static const int codes[] = {0, 1, 42, 255};
    char script[32];

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        snprintf(script, sizeof(script), "exit %d", codes[i]);
        leat_cmd c = {.argv = SHELL(script)};
        T_EQ(leat_cmd_run(&c), codes[i]);
        T_EQ(c.code, codes[i]);
        T_EQ(c.signal, 0);
        T_GT(c.pid, 0);
    }
    leat_cmd killed = {.argv = SHELL("kill -USR1 $$")};
    T_EQ(leat_cmd_run(&killed), 128 + SIGUSR1);
    T_EQ(killed.code, -1);
    T_EQ(killed.signal, SIGUSR1);
    no_child_is_left();
}

/* Valgrind makes a vfork a fork: what stops the child does not get to us. */
T_TEST(what_cannot_be_started, .modes = "!valgrind")
{
    leat_cmd none = {.argv = LEAT_ARGV("no-such-program-here")};
    leat_cmd path = {.argv = LEAT_ARGV("/no/such/program")};
    leat_cmd dir = {.argv = LEAT_ARGV("/tmp")};
    leat_cmd where = {.argv = LEAT_ARGV("true"), .dir = "/no/such/directory"};
    leat_cmd empty = {.argv = (const char *const[]){NULL}}, nothing = {0};
    leat_cmd twice = {.argv = LEAT_ARGV("true"), .out_fd = LEAT_FD(1)};
    leat_cmd many = {.argv = LEAT_ARGV("true"), .nfds = 1000};
    leat_cmd blank = {.argv = LEAT_ARGV("")};
    leat_io *io;
    char *text;

    T_ERR(leat_cmd_run(&none), -ENOENT);
    T_ERR(leat_cmd_run(&path), -ENOENT);
    T_ERR(leat_cmd_run(&dir), -EACCES);
    T_ERR(leat_cmd_run(&where), -ENOENT);
    T_ERR(leat_cmd_run(&empty), -EINVAL);
    T_ERR(leat_cmd_run(&nothing), -EINVAL);
    T_ERR(leat_cmd_run(&many), -EINVAL);
    T_ERR(leat_cmd_run(&blank), -ENOENT);
    T_ERR(leat_cmd_output(&twice, &text, NULL), -EINVAL);
    T_ERR(leat_cmd_out_pipe(&twice, &io), -EINVAL);
    T_ERR(leat_cmd_output(&none, &text, NULL), -ENOENT);
    T_TRUE(text == NULL);
    T_ERR(leat_cmd_wait(&none), -EINVAL);
    T_ERR(leat_cmd_signal(&none, SIGTERM), -EINVAL);
    T_ERR(leat_io_memory(&io), 0);
    twice.out = io;
    T_ERR(leat_cmd_run(&twice), -EINVAL);
    leat_io_free(io);
    no_child_is_left();
}

T_TEST(a_failed_start_gives_the_pipes_back, .modes = "!valgrind")
{
    leat_cmd c = {.argv = LEAT_ARGV("/no/such/program")};
    leat_io *in, *out, *again;
    char buf;

    T_ERR(leat_cmd_in_pipe(&c, &in), 0);
    T_ERR(leat_cmd_in_pipe(&c, &again), -EINVAL);
    T_ERR(leat_cmd_out_pipe(&c, &out), 0);
    T_ERR(leat_cmd_start(&c), -ENOENT);
    T_EQ(leat_read(out, &buf, 1), 0);
    T_ERR(leat_write(in, "x", 1), -EPIPE);
    leat_io_free(in);
    leat_io_free(out);
    c.argv = LEAT_ARGV("true");
    T_ERR(leat_cmd_run(&c), 0); /* it can be used again */
}

T_TEST(look_path_finds_programs_only)
{
    char path[256];

    T_ERR(leat_look_path(path, sizeof(path), "sh"), 0);
    T_EQ(path[0], '/');
    T_ERR(leat_look_path(path, 2, "sh"), -ENAMETOOLONG);
    T_ERR(leat_look_path(path, sizeof(path), "/bin/sh"), 0);
    T_STREQ(path, "/bin/sh");
    T_ERR(leat_look_path(path, sizeof(path), "/etc/passwd"), -EACCES);
    T_ERR(leat_look_path(path, sizeof(path), "no-such-program"), -ENOENT);
    T_ERR(leat_look_path(path, sizeof(path), ""), -ENOENT);
    T_EQ(chdir("/bin"), 0);
    T_EQ(setenv("PATH", ".::bin", 1), 0);
    T_ERR(leat_look_path(path, sizeof(path), "sh"), -ENOENT);
    T_EQ(unsetenv("PATH"), 0);
    T_ERR(leat_look_path(path, sizeof(path), "sh"), -ENOENT);
}

T_TEST(directory_and_environment)
{
    static const char *const env[] = {"GREETING=hello", "PATH=/bin:/usr/bin", NULL};
    leat_cmd c = {.argv = SHELL("pwd; echo $GREETING $HOME"), .dir = "/", .env = env};
    char *text;

    T_ERR(leat_cmd_output(&c, &text, NULL), 0);
    T_STREQ(text, "/\nhello\n");
    free(text);
    T_EQ(setenv("LEAT_EXEC_TEST", "mine", 1), 0);
    output_is(SHELL("echo $LEAT_EXEC_TEST"), "mine\n");
}

/* ---- standard streams ---- */

T_TEST(both_outputs_are_kept_in_order)
{
    leat_cmd c = {.argv = SHELL("echo one; echo two >&2; echo three; echo four >&2; exit 3")};
    char *text;
    size_t n;

    T_EQ(leat_cmd_combined(&c, &text, &n), 3);
    T_STREQ(text, "one\ntwo\nthree\nfour\n");
    free(text);
    T_EQ(leat_cmd_output(&c, &text, &n), 3);
    T_STREQ(text, "one\nthree\n");
    free(text);
}

T_TEST(a_stream_is_its_input_and_output)
{
    static char big[300000];
    leat_io *in, *out, *err;
    const char *got;
    size_t n;

    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)('a' + i % 26);
    T_ERR(leat_io_bytes(&in, big, sizeof(big)), 0);
    T_ERR(leat_io_memory(&out), 0);
    T_ERR(leat_io_memory(&err), 0);
    leat_cmd c = {.argv = SHELL("cat; echo bye >&2"), .in = in, .out = out, .err = err};
    T_ERR(leat_cmd_run(&c), 0);
    got = leat_io_memory_bytes(out, &n);
    T_EQ(n, sizeof(big));
    T_MEMEQ(got, big, n);
    got = leat_io_memory_bytes(err, &n);
    T_EQ(n, 4);
    T_MEMEQ(got, "bye\n", 4);
    leat_io_free(in);
    leat_io_free(out);
    leat_io_free(err);
}

T_TEST(input_that_is_not_wanted_is_no_error)
{
    static char big[300000];
    leat_io *in;

    T_ERR(leat_io_bytes(&in, big, sizeof(big)), 0);
    leat_cmd c = {.argv = LEAT_ARGV("true"), .in = in};
    T_ERR(leat_cmd_run(&c), 0);
    leat_io_free(in);
}

T_TEST(nobody_waits_for_input_that_nobody_wants)
{
    int fds[2];
    leat_io *silent;

    T_EQ(pipe2(fds, O_CLOEXEC), 0);
    T_ERR(leat_io_adopt(&silent, fds[0]), 0);
    leat_cmd c = {.argv = LEAT_ARGV("true"), .in = silent};
    T_ERR(leat_cmd_run(&c), 0);
    leat_io_free(silent);
    close(fds[1]);
}

T_TEST(an_output_that_fails_is_the_error)
{
    int fds[2];
    leat_io *full;

    T_EQ(pipe2(fds, O_CLOEXEC), 0);
    close(fds[0]);
    T_ERR(leat_io_adopt(&full, fds[1]), 0);
    leat_cmd c = {.argv = SHELL("echo x; exit 0"), .out = full};
    T_ERR(leat_cmd_run(&c), -EPIPE);
    T_EQ(c.code, 0);
    leat_io_free(full);
}

T_TEST(descriptors_are_given_as_they_are)
{
    char text[32] = "", path[] = "/tmp/leat-exec-XXXXXX";
    int fd = mkstemp(path);

    unlink(path);
    leat_cmd c = {.argv = SHELL("echo out; echo err >&2"),
                  .out_fd = LEAT_FD(fd),
                  .err_fd = LEAT_FD(fd)};
    T_ERR(leat_cmd_run(&c), 0);
    T_EQ(pread(fd, text, sizeof(text), 0), 8);
    T_STREQ(text, "out\nerr\n");
    close(fd);
}

/* They may come in any order, and have each other's numbers. */
T_TEST(further_descriptors_become_3_and_4)
{
    int one[2], two[2];
    char got[8] = "";

    T_EQ(pipe2(one, O_CLOEXEC), 0);
    T_EQ(pipe2(two, O_CLOEXEC), 0);
    int low = fcntl(one[1], F_DUPFD_CLOEXEC, 3), high = fcntl(two[1], F_DUPFD_CLOEXEC, 3);
    leat_cmd c = {.argv = SHELL("echo three >&3; echo four >&4"),
                  .fds = (const int[]){high, low},
                  .nfds = 2};
    T_ERR(leat_cmd_run(&c), 0);
    T_EQ(read(two[0], got, 6), 6);
    T_STREQ(got, "three\n");
    T_EQ(read(one[0], got, 5), 5);
    T_MEMEQ(got, "four\n", 5);
    c.fds = (const int[]){4, 3};
    c.argv = SHELL("test -e /dev/fd/3 && test -e /dev/fd/4 && ! test -e /dev/fd/5");
    int three = fcntl(3, F_GETFD) < 0 ? fcntl(one[0], F_DUPFD_CLOEXEC, 3) : -1;
    int four = fcntl(4, F_GETFD) < 0 ? fcntl(one[0], F_DUPFD_CLOEXEC, 4) : -1;
    T_ERR(leat_cmd_run(&c), 0);
    if (three >= 0)
        close(three);
    if (four >= 0)
        close(four);
    close(low);
    close(high);
    for (int i = 0; i < 2; i++) {
        close(one[i]);
        close(two[i]);
    }
}

T_TEST(pipes_to_and_from_it)
{
    leat_cmd c = {.argv = LEAT_ARGV("cat")};
    leat_io *in, *out, *again;
    char got[16] = "";

    T_ERR(leat_cmd_in_pipe(&c, &in), 0);
    T_ERR(leat_cmd_out_pipe(&c, &out), 0);
    T_ERR(leat_cmd_start(&c), 0);
    T_ERR(leat_cmd_start(&c), -EINVAL);
    T_ERR(leat_cmd_in_pipe(&c, &again), -EINVAL);
    for (int i = 0; i < 10; i++) {
        T_EQ(leat_write(in, "hello", 5), 5);
        T_EQ(leat_read_full(out, got, 5), 5);
        T_STREQ(got, "hello");
    }
    T_EQ(leat_write(in, "rest", 4), 4);
    leat_io_free(in);
    T_ERR(leat_cmd_wait(&c), 0);
    T_EQ(leat_read_full(out, got, 4), 4); /* it can be read after the end, too */
    T_MEMEQ(got, "rest", 4);
    T_EQ(leat_read(out, got, 1), 0);
    leat_io_free(out);
}

T_TEST(a_pipeline_of_two)
{
    int fds[2];
    leat_io *out, *in;
    size_t n;

    T_EQ(pipe2(fds, O_CLOEXEC), 0);
    T_ERR(leat_io_memory(&out), 0);
    T_ERR(leat_io_bytes(&in, "b\na\nc\nb\n", 8), 0);
    leat_cmd sort = {.argv = LEAT_ARGV("sort"), .in = in, .out_fd = LEAT_FD(fds[1])};
    leat_cmd uniq = {.argv = LEAT_ARGV("uniq", "-c"), .in_fd = LEAT_FD(fds[0]), .out = out};
    T_ERR(leat_cmd_start(&sort), 0);
    T_ERR(leat_cmd_start(&uniq), 0);
    close(fds[0]);
    close(fds[1]);
    T_ERR(leat_cmd_wait(&sort), 0);
    T_ERR(leat_cmd_wait(&uniq), 0);
    const char *got = leat_io_memory_bytes(out, &n);
    T_EQ(n, 3 * (7 + 1 + 2));
    T_MEMEQ(got, "      1 a\n      2 b\n      1 c\n", n);
    leat_io_free(out);
    leat_io_free(in);
}

/* ---- being cancelled ---- */

T_TEST(the_end_of_its_context_kills_it)
{
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    leat_cmd c = {.argv = LEAT_ARGV("sleep", "1000"), .ctx = ctx};

    T_ERR(leat_cmd_start(&c), 0);
    leat_go(cancel_soon, ctx);
    T_ERR(leat_cmd_wait(&c), -ECANCELED);
    T_EQ(c.signal, SIGKILL);
    leat_scoped_ctx(timed, leat_ctx_with_timeout(NULL, LEAT_SECOND));
    leat_cmd d = {.argv = LEAT_ARGV("sleep", "1000"), .ctx = timed};
    T_ERR(leat_cmd_start(&d), 0);
    T_ERR(leat_cmd_wait(&d), -ETIMEDOUT);
    T_EQ(d.signal, SIGKILL);
    T_ERR(leat_cmd_run(&c), -ECANCELED);
    T_EQ(c.pid, 0); /* not started */
    no_child_is_left();
}

/* Its output ends although nobody waits for it yet. */
T_TEST(it_is_killed_while_its_output_is_read)
{
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    leat_cmd c = {.argv = LEAT_ARGV("sleep", "1000"), .ctx = ctx};
    leat_io *out;
    char byte;

    T_ERR(leat_cmd_out_pipe(&c, &out), 0);
    T_ERR(leat_cmd_start(&c), 0);
    leat_go(cancel_soon, ctx);
    T_EQ(leat_read(out, &byte, 1), 0);
    T_ERR(leat_cmd_wait(&c), -ECANCELED);
    leat_io_free(out);
}

T_TEST(a_gentle_signal_first)
{
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    leat_cmd c = {.argv = SHELL("trap 'echo ending; exit 7' TERM; echo up; read x"),
                  .ctx = ctx,
                  .cancel_signal = SIGTERM};
    leat_io *in, *out;
    char got[8] = "";

    T_ERR(leat_cmd_in_pipe(&c, &in), 0);
    T_ERR(leat_cmd_out_pipe(&c, &out), 0);
    T_ERR(leat_cmd_start(&c), 0);
    T_EQ(leat_read_full(out, got, 3), 3);
    leat_ctx_cancel(ctx);
    T_EQ(leat_read_full(out, got, 7), 7);
    T_STREQ(got, "ending\n");
    T_ERR(leat_cmd_wait(&c), -ECANCELED);
    T_EQ(c.code, 7);
    leat_io_free(in);
    leat_io_free(out);
}

T_TEST(who_does_not_heed_it_is_killed)
{
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    leat_cmd c = {.argv = SHELL("trap '' TERM; echo up; exec sleep 1000"),
                  .ctx = ctx,
                  .cancel_signal = SIGTERM,
                  .wait_delay = 10 * LEAT_MILLISECOND};
    leat_io *out;
    char got[3];

    T_ERR(leat_cmd_out_pipe(&c, &out), 0);
    T_ERR(leat_cmd_start(&c), 0);
    T_EQ(leat_read_full(out, got, 3), 3);
    leat_ctx_cancel(ctx);
    T_ERR(leat_cmd_wait(&c), -ECANCELED);
    T_EQ(c.signal, SIGKILL);
    leat_io_free(out);
}

T_TEST(a_grandchild_does_not_hold_the_wait_up)
{
    leat_cmd c = {.argv = SHELL("sleep 1000 & echo $!"), .wait_delay = 10 * LEAT_MILLISECOND};
    char *text;

    T_ERR(leat_cmd_output(&c, &text, NULL), -ETIME);
    T_EQ(c.code, 0);
    T_EQ(kill(atoi(text), SIGKILL), 0);
    free(text);
}

T_TEST(a_group_is_killed_whole)
{
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    leat_cmd c = {.argv = SHELL("sleep 1000 & sleep 1000 & echo up; wait"),
                  .ctx = ctx,
                  .group = true};
    leat_io *out;
    char got[3];

    T_ERR(leat_cmd_out_pipe(&c, &out), 0);
    T_ERR(leat_cmd_start(&c), 0);
    T_EQ(leat_read_full(out, got, 3), 3);
    leat_ctx_cancel(ctx);
    T_EQ(leat_read(out, got, 1), 0); /* all who had the pipe are gone */
    T_ERR(leat_cmd_wait(&c), -ECANCELED);
    leat_io_free(out);
}

static void signal_it(leat_cmd *c, leat_waitgroup *wg)
{
    T_ERR(leat_cmd_signal(c, SIGTERM), 0);
    leat_waitgroup_done(wg);
}

T_TEST(another_goroutine_may_signal_it)
{
    leat_cmd c = {.argv = LEAT_ARGV("sleep", "1000")};
    leat_waitgroup wg = {0};

    T_ERR(leat_cmd_start(&c), 0);
    leat_waitgroup_add(&wg, 1);
    leat_go(signal_it, &c, &wg);
    T_EQ(leat_cmd_wait(&c), 128 + SIGTERM);
    leat_waitgroup_wait(&wg);
    T_ERR(leat_cmd_signal(&c, SIGTERM), -EINVAL);
}

T_TEST(cancelling_races_with_ending)
{
    for (long i = 0; i < t_scale(60); i++) {
        leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, (leat_duration)(t_rand() % 4000000)));
        leat_cmd c = {.argv = LEAT_ARGV("true"), .ctx = ctx};
        int status = leat_cmd_run(&c);
        T_TRUE(status == 0 || status == -ETIMEDOUT);
        T_TRUE(status != 0 || c.code == 0);
    }
    no_child_is_left();
}
