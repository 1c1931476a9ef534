/* SPDX-License-Identifier: MIT */
/*
 * io_fault_test.c - streams, files, walks and child processes with memory that ends at every point:
 * a call says -ENOMEM, and then nothing of what was begun is left: no descriptor, no child, no
 * file.
 */
#define _GNU_SOURCE
#include "refuse.h"

#include <sys/stat.h>

/* Pipes, files and processes that are open. What the runtime opens, some of it at its first use,
 * is of other kinds. */
static int descriptors(void)
{
    static const char *const kinds[] = {"pipe:", "anon_inode:[pidfd]", "/tmp/leat-io-fault-"};
    char link[64], target[64];
    int n = 0;

    for (int fd = 3; fd < 100; fd++) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t len = readlink(link, target, sizeof target);
        for (int i = 0; i < 3; i++)
            n += len > 0 && strncmp(target, kinds[i], strlen(kinds[i])) == 0;
    }
    return n;
}

/* Was it right, or was there no memory for it? */
static bool was_had(int64_t got, int64_t want)
{
    if (got != -ENOMEM)
        T_EQ(got, want);
    return got != -ENOMEM;
}

/* ---- memory, pipes, buffers ---- */

static void streams_of_memory(void)
{
    leat_io *memory = NULL, *bytes = NULL;

    if (was_had(leat_io_memory(&memory), 0) &&
        was_had(leat_io_bytes(&bytes, "hello, world", 12), 0) &&
        was_had(leat_copy(memory, bytes), 12)) {
        size_t n;
        const char *text = leat_io_memory_bytes(memory, &n);
        T_EQ(n, 12);
        T_MEMEQ(text, "hello, world", 12);
    }
    leat_io_free(memory);
    leat_io_free(bytes);
}
REFUSE_TEST(streams_of_memory)

static void composed_streams(void)
{
    leat_io *a = NULL, *b = NULL, *joined = NULL, *limited = NULL, *tee = NULL, *copy = NULL;
    char got[20];

    bool had = was_had(leat_io_bytes(&a, "hello, ", 7), 0) &&
               was_had(leat_io_bytes(&b, "world and others", 16), 0) &&
               was_had(leat_io_memory(&copy), 0) &&
               was_had(leat_io_joined(&joined, (leat_io *const[]){a, b}, 2), 0) &&
               was_had(leat_io_limited(&limited, joined, 12), 0) &&
               was_had(leat_io_tee(&tee, limited, copy), 0);
    if (had && was_had(leat_read_full(tee, got, 12), 12))
        T_MEMEQ(got, "hello, world", 12);
    leat_io *all[] = {a, b, joined, limited, tee, copy};
    for (int i = 0; i < 6; i++)
        leat_io_free(all[i]);
}
REFUSE_TEST(composed_streams)

/* The reader has gone when there was no memory for it. */
static bool was_said(int64_t got, int64_t want)
{
    return got != -EPIPE && was_had(got, want);
}

static void say_lines(leat_io *to, leat_waitgroup *wg)
{
    leat_writer *w = NULL;

    if (was_had(leat_writer_make(&w, to, 16), 0) && was_said(leat_writer_line(w, "one"), 4) &&
        was_said(leat_writer_printf(w, "%040d\n", 2), 41))
        was_said(leat_writer_flush(w), 0);
    leat_writer_free(w);
    leat_io_close(to);
    leat_waitgroup_done(wg);
}

/* A line that there is no memory for is not lost: it can be asked for again. */
static int64_t getline_at_last(leat_reader *r, char **line, size_t *size)
{
    int64_t n = leat_reader_getline(r, line, size, 1000);

    if (n != -ENOMEM)
        return n;
    refuse_pass();
    return leat_reader_getline(r, line, size, 1000);
}

static void lines_through_pipes(void)
{
    for (int kind = 0; kind < 2; kind++) {
        leat_io *ends[2];
        leat_reader *r = NULL;
        leat_waitgroup wg = {0};
        char *line = NULL;
        size_t size = 0;
        int before = descriptors();
        if (!was_had(kind ? leat_io_pipe(ends) : leat_pipe(ends), 0)) {
            T_EQ(descriptors(), before);
            continue;
        }
        leat_waitgroup_add(&wg, 1);
        leat_go(say_lines, ends[1], &wg);
        if (was_had(leat_reader_make(&r, ends[0], 16), 0)) {
            int64_t n = getline_at_last(r, &line, &size);
            T_TRUE(n == -ENODATA || (n == 3 && strcmp(line, "one") == 0));
            if (n == 3 && (n = getline_at_last(r, &line, &size)) != -ENODATA)
                T_EQ(n, 40);
        }
        leat_io_free(ends[0]);
        leat_waitgroup_wait(&wg);
        leat_io_free(ends[1]);
        leat_reader_free(r);
        free(line);
        T_EQ(descriptors(), before);
    }
}
REFUSE_TEST(lines_through_pipes)

static void waiting_for_descriptors(void)
{
    int fds[2];

    T_EQ(pipe(fds), 0);
    was_had(leat_wait_fd(fds[0], LEAT_READABLE, leat_now() + LEAT_MICROSECOND), -ETIMEDOUT);
    T_EQ(write(fds[1], "x", 1), 1);
    was_had(leat_wait_fd(fds[0], LEAT_READABLE, LEAT_FOREVER), LEAT_READABLE);
    close(fds[0]);
    close(fds[1]);
}
REFUSE_TEST(waiting_for_descriptors)

/* ---- files ---- */

/* A directory that there is no memory for is told, and passed over. */
static int count_entry(void *arg, const leat_walk_entry *e)
{
    if (!was_had(e->err, 0))
        return -ENOMEM;
    ++*(int *)arg;
    return 0;
}

static void files_in(const char *dir)
{
    char path[100], *text = NULL;
    int entries = 0;
    size_t n;

    snprintf(path, sizeof path, "%s/sub", dir);
    T_EQ(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/sub/file", dir);
    bool written = was_had(leat_write_file(path, "some text", 9, 0600), 0);
    if (!written)
        T_ERR(leat_stat(path, true, &(leat_file_info){0}), -ENOENT);
    else if (was_had(leat_read_file(path, &text, &n), 0)) {
        T_EQ(n, 9);
        T_STREQ(text, "some text");
        free(text);
    }
    if (was_had(leat_walk(NULL, dir, count_entry, &entries), 0))
        T_EQ(entries, written ? 3 : 2);
    T_EQ(unlink(path), written ? 0 : -1);
    snprintf(path, sizeof path, "%s/sub", dir);
    T_EQ(rmdir(path), 0); /* so there is no half of a file either */
}

static void files_and_walks(void)
{
    char dir[] = "/tmp/leat-io-fault-XXXXXX";
    int before = descriptors();

    T_TRUE(mkdtemp(dir) != NULL);
    files_in(dir);
    T_EQ(rmdir(dir), 0);
    T_EQ(descriptors(), before);
}
REFUSE_TEST(files_and_walks)

/* ---- child processes ---- */

static void no_child(void)
{
    siginfo_t info;

    T_EQ(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), -1);
    T_EQ(errno, ECHILD);
}

/* Did it run, and was its output taken? Whose is not dies of that. */
static bool has_run(int status)
{
    return status != 128 + SIGPIPE && was_had(status, 0);
}

static void commands(void)
{
    leat_cmd echo = {.argv = (const char *const[]){"echo", "hello", NULL}};
    leat_cmd cat = {.argv = (const char *const[]){"cat", NULL}};
    char *text = NULL;
    size_t n;
    int before = descriptors();

    if (has_run(leat_cmd_output(&echo, &text, NULL)))
        T_STREQ(text, "hello\n");
    free(text);
    no_child();
    if (was_had(leat_io_bytes(&cat.in, "a stream", 8), 0) &&
        was_had(leat_io_memory(&cat.out), 0) && has_run(leat_cmd_run(&cat)))
        T_MEMEQ(leat_io_memory_bytes(cat.out, &n), "a stream", 8);
    leat_io_free(cat.in);
    leat_io_free(cat.out);
    no_child();
    T_EQ(descriptors(), before);
}
REFUSE_TEST(commands)

static void ask_cat(leat_cmd *cat, leat_io *in, leat_io *out, leat_ctx *ctx)
{
    char got[8];

    T_EQ(leat_write(in, "question", 8), 8);
    if (out) {
        T_EQ(leat_read_full(out, got, 8), 8);
        T_MEMEQ(got, "question", 8);
    }
    leat_ctx_cancel(ctx);
    T_ERR(leat_cmd_wait(cat), -ECANCELED);
}

/* A command that has one pipe must be started, though there was no memory for the other. */
static void a_command_with_pipes_and_a_context(void)
{
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_cmd cat = {.argv = (const char *const[]){"cat", NULL}, .ctx = ctx};
    leat_io *in = NULL, *out = NULL;
    int before = descriptors();

    if (was_had(leat_cmd_in_pipe(&cat, &in), 0)) {
        was_had(leat_cmd_out_pipe(&cat, &out), 0);
        if (was_had(leat_cmd_start(&cat), 0))
            ask_cat(&cat, in, out, ctx);
    }
    leat_io_free(in);
    leat_io_free(out);
    leat_ctx_free(ctx);
    no_child();
    T_EQ(descriptors(), before);
}
REFUSE_TEST(a_command_with_pipes_and_a_context)
