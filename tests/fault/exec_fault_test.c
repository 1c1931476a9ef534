/* SPDX-License-Identifier: MIT */
/*
 * exec_fault_test.c - child processes without memory: a call says -ENOMEM or dies with a text, and
 * no child, no descriptor and no goroutine stays behind.
 */
#include "refuse.h"

#include "../api/exec_util.h"

/* Pipes and watched children that are open. */
static int ends_open(void)
{
    char name[32], to[64];
    int n = 0;

    for (int fd = 3; fd < 256; fd++) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        ssize_t len = readlink(name, to, sizeof to - 1);
        to[len > 0 ? len : 0] = '\0';
        n += strstr(to, "pipe:") || strstr(to, "pidfd");
    }
    return n;
}

static void nothing_is_left(int were_open)
{
    no_child_is_left();
    T_EQ(ends_open(), were_open);
}

/* A child whose output nobody could take may have noticed, and says so itself. */
static bool ran(int status)
{
    if (status < 0)
        T_ERR(status, -ENOMEM);
    T_TRUE(status == 0 || refuse_count() > 0);
    return status == 0;
}

static void output_of_a_command(void)
{
    leat_cmd c = {.argv = LEAT_ARGV("echo", "hello")};
    int were_open = ends_open();
    char *text;

    if (ran(leat_cmd_output(&c, &text, NULL)))
        T_STREQ(text, "hello\n");
    free(text);
    nothing_is_left(were_open);
}
REFUSE_TEST(output_of_a_command)

static void input_of_a_command(void)
{
    leat_io *in, *out = NULL;
    leat_cmd c = {.argv = LEAT_ARGV("cat")};
    int were_open = ends_open();
    size_t n;

    int err = leat_io_bytes(&in, "hello", 5);
    err = err ? err : leat_io_memory(&out);
    c.in = in;
    c.out = out;
    if (ran(err ? err : leat_cmd_run(&c)))
        T_EQ(memcmp(leat_io_memory_bytes(out, &n), "hello", 5), 0);
    leat_io_free(in);
    leat_io_free(out);
    nothing_is_left(were_open);
}
REFUSE_TEST(input_of_a_command)

static void pipes_of_a_command(void)
{
    leat_io *in = NULL, *out = NULL;
    leat_cmd c = {.argv = LEAT_ARGV("cat")};
    int were_open = ends_open();
    char got[8] = "";

    int err = leat_cmd_in_pipe(&c, &in);
    err = err ? err : leat_cmd_out_pipe(&c, &out);
    int started = leat_cmd_start(
        &c); /* also when there is no pipe: it gives back what there is */
    if (!err && !started) {
        int64_t n = leat_write(in, "hello", 5);
        leat_io_close(in);
        if (n == 5 && leat_read_full(out, got, 5) == 5)
            T_STREQ(got, "hello");
    }
    leat_io_free(in);
    leat_io_free(out);
    ran(started ? started : leat_cmd_wait(&c));
    nothing_is_left(were_open);
}
REFUSE_TEST(pipes_of_a_command)

/* It is killed, or was not started. */
static void end_of_a_context(void)
{
    leat_ctx *ctx = leat_ctx_with_timeout(NULL, 5 * LEAT_MILLISECOND);
    leat_cmd c = {.argv = LEAT_ARGV("sleep", "3"), .ctx = ctx};
    int were_open = ends_open();

    int err = leat_cmd_run(&c);
    if (err != -ENOMEM)
        T_ERR(err, -ETIMEDOUT);
    leat_ctx_free(ctx);
    nothing_is_left(were_open);
}
REFUSE_TEST(end_of_a_context)
