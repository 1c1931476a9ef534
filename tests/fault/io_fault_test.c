/* SPDX-License-Identifier: MIT */
/*
 * io_fault_test.c - streams without memory: a call says -ENOMEM, leaves no descriptor behind and
 * has lost nothing of what it was given before; what was written whole is read whole.
 */
#include "refuse.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Is it what was wanted? If not, there was no memory for it. */
static bool fine(int64_t got, int64_t want)
{
    if (got != -ENOMEM)
        T_EQ(got, want);
    return got == want;
}

/* ---- streams ---- */

static void pipes_of_the_kernel(void)
{
    leat_io *ends[2];
    char got[8] = "";

    if (!fine(leat_pipe(ends), 0))
        return;
    T_EQ(leat_write(ends[1], "hello", 5), 5);
    T_EQ(leat_read(ends[0], got, sizeof got), 5);
    T_STREQ(got, "hello");
    leat_io_free(ends[0]);
    leat_io_free(ends[1]);
}
REFUSE_TEST(pipes_of_the_kernel)

/* A write that says -ENOMEM has written nothing. */
static void streams_of_memory(void)
{
    leat_io *m;
    char got[10];
    size_t written = 0, held;

    if (!fine(leat_io_memory(&m), 0))
        return;
    for (int i = 0; i < 400; i++)
        written += fine(leat_write(m, "0123456789", 10), 10) ? 10 : 0;
    (void)leat_io_memory_bytes(m, &held);
    T_EQ(held, written);
    while (held >= 20) {
        T_EQ(leat_read_full(m, got, 10), 10);
        T_TRUE(memcmp(got, "0123456789", 10) == 0);
        held -= 10;
    }
    char *rest = leat_io_memory_take(m, &held);
    T_EQ(held, written < 10 ? written : 10);
    if (held)
        T_STREQ(rest, "0123456789");
    free(rest);
    leat_io_free(m);
}
REFUSE_TEST(streams_of_memory)

static void written_by(leat_writer *w)
{
    T_EQ(leat_writer_line(w, "one line"), 9);
    if (fine(leat_writer_printf(w, "%200d\n", 7), 201))
        T_EQ(leat_writer_write(w, "end", 3), 3);
    (void)fine(leat_writer_flush(w), 0);
}

static void read_by(leat_reader *r)
{
    char *line = NULL;
    size_t size = 0;

    if (fine(leat_reader_getline(r, &line, &size, 1000), 8)) {
        T_STREQ(line, "one line");
        if (fine(leat_reader_getdelim(r, &line, &size, '\n', 1000), 201))
            T_EQ(line[199], '7');
    }
    free(line);
}

/* The line that does not fit into the writer is printed aside, or not at all. */
static void buffers(void)
{
    leat_io *m;
    leat_writer *w;
    leat_reader *r;

    if (!fine(leat_io_memory(&m), 0))
        return;
    if (fine(leat_writer_make(&w, m, 64), 0)) {
        written_by(w);
        leat_writer_free(w);
    }
    size_t held;
    (void)leat_io_memory_bytes(m, &held);
    if (held == 9 + 201 + 3 && fine(leat_reader_make(&r, m, 32), 0)) {
        read_by(r);
        leat_reader_free(r);
    }
    leat_io_free(m);
}
REFUSE_TEST(buffers)

static void composed_streams(void)
{
    leat_io *abc = NULL, *tee = NULL, *limited = NULL, *joined = NULL, *copy = NULL;
    char got[8] = "";

    if (fine(leat_io_bytes(&abc, "abc", 3), 0) && fine(leat_io_memory(&copy), 0) &&
        fine(leat_io_tee(&tee, abc, copy), 0) && fine(leat_io_limited(&limited, tee, 2), 0) &&
        fine(leat_io_joined(&joined, &limited, 1), 0) &&
        fine(leat_read(joined, got, sizeof got), 2))
        T_STREQ(got, "ab");
    leat_io_free(joined);
    leat_io_free(limited);
    leat_io_free(tee);
    leat_io_free(copy);
    leat_io_free(abc);
}
REFUSE_TEST(composed_streams)

/* Through memory, by splice and by sendfile. */
static void copies(void)
{
    leat_io *from = NULL, *file = NULL, *in[2] = {NULL}, *out[2] = {NULL};
    int64_t done = 0;

    if (fine(leat_io_bytes(&from, "abc", 3), 0) && fine(leat_pipe(in), 0)) {
        if (fine(leat_copy_n(in[1], from, INT64_MAX, &done, NULL), 3) &&
            fine(leat_pipe(out), 0)) {
            T_EQ(leat_copy_n(out[1], in[0], 3, &done, NULL), 3);
            if (fine(leat_open(&file, "/proc/self/exe", O_RDONLY, 0), 0))
                T_EQ(leat_copy_n(out[1], file, 100, &done, NULL), 100);
            leat_io_free(file);
            leat_io_free(out[0]);
            leat_io_free(out[1]);
        }
        leat_io_free(in[0]);
        leat_io_free(in[1]);
    }
    leat_io_free(from);
}
REFUSE_TEST(copies)

/* ---- the file system ---- */

static void one_file(const char *path)
{
    leat_io *io;
    char *text = NULL, got[8] = "";

    if (!fine(leat_write_file(path, "hello", 5, 0600), 0))
        return;
    if (fine(leat_read_file(path, &text, NULL), 0))
        T_STREQ(text, "hello");
    free(text);
    if (fine(leat_open(&io, path, O_RDONLY, 0), 0)) {
        T_EQ(leat_pread(io, got, 4, 1), 4);
        T_STREQ(got, "ello");
        leat_io_free(io);
    }
    T_EQ(unlink(path), 0);
}

static void files(void)
{
    char dir[64], path[96];
    leat_io *io;

    if (!fine(leat_temp_dir(dir, sizeof dir, ".", "io-fault-*"), 0))
        return;
    snprintf(path, sizeof path, "%s/f", dir);
    one_file(path);
    if (fine(leat_temp_file(&io, path, sizeof path, dir, "t-*"), 0)) {
        leat_io_free(io);
        T_EQ(unlink(path), 0);
    } else {
        unlink(path); /* the name was there before its stream */
    }
    T_EQ(rmdir(dir), 0);
}
REFUSE_TEST(files)

struct seen {
    int names, failed;
};

static int count_entry(void *arg, const leat_walk_entry *e)
{
    struct seen *s = arg;

    if (e->err)
        T_ERR(e->err, -ENOMEM);
    s->names += !e->err;
    s->failed += e->err != 0;
    return 0;
}

/* Three directories, one in another, with a file in each. */
static void tree(const char *root, char paths[3][96], bool make)
{
    char file[128];

    for (int i = 0; i < 3; i++)
        snprintf(paths[i], 96, "%s%s%s", root, i > 0 ? "/d" : "", i > 1 ? "/d" : "");
    for (int i = make ? 0 : 2; make ? i < 3 : i >= 0; i += make ? 1 : -1) {
        snprintf(file, sizeof file, "%s/f", paths[i]);
        if (make) {
            T_TRUE(mkdir(paths[i], 0700) == 0);
            close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        } else {
            unlink(file);
            rmdir(paths[i]);
        }
    }
}

/* A directory whose names cannot be held is told of, or the walk ends: none is passed over. */
static void walks(void)
{
    char root[64], paths[3][96];
    struct seen s = {0, 0};

    snprintf(root, sizeof root, "io-fault-walk-%d", (int)getpid());
    tree(root, paths, true);
    if (fine(leat_walk(NULL, root, count_entry, &s), 0))
        T_TRUE(s.names == 6 || s.failed > 0);
    tree(root, paths, false);
}
REFUSE_TEST(walks)

/* ---- those who wait ---- */

static void write_in_pieces(leat_io *io)
{
    leat_yield();
    for (int i = 0; i < 5; i++)
        if (!fine(leat_write(io, &"hello"[i], 1), 1))
            break;
    leat_io_free(io);
}

static void read_to_the_end(leat_io *io)
{
    char got[8] = "";
    size_t n = 0;
    int64_t part;

    while ((part = leat_read(io, got + n, sizeof got - 1 - n)) > 0)
        n += (size_t)part;
    (void)fine(part, 0);
    T_TRUE(strncmp(got, "hello", n) == 0);
    leat_io_free(io);
}

static void readers_of_a_pipe(void)
{
    leat_io *ends[2];

    if (!fine(leat_pipe(ends), 0))
        return;
    leat_go(write_in_pieces, ends[1]);
    read_to_the_end(ends[0]);
}
REFUSE_TEST(readers_of_a_pipe)

static void readers_of_a_pipe_in_memory(void)
{
    leat_io *ends[2];

    if (!fine(leat_io_pipe(ends), 0))
        return;
    leat_go(write_in_pieces, ends[1]);
    read_to_the_end(ends[0]);
}
REFUSE_TEST(readers_of_a_pipe_in_memory)

static void limited_readers(void)
{
    leat_io *ends[2];
    char c;

    for (int memory = 0; memory < 2; memory++) {
        if (!fine((memory ? leat_io_pipe : leat_pipe)(ends), 0))
            return;
        leat_ctx *ctx = leat_ctx_with_timeout(NULL, LEAT_MILLISECOND);
        (void)fine(leat_read_ctx(ctx, ends[0], &c, 1), -ETIMEDOUT);
        leat_ctx_free(ctx);
        (void)fine(leat_read_until(ends[0], &c, 1, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
        T_ERR(leat_io_set_deadline(ends[0], LEAT_READ, leat_now()), 0);
        (void)fine(leat_read(ends[0], &c, 1), -ETIMEDOUT);
        leat_io_free(ends[0]);
        leat_io_free(ends[1]);
    }
}
REFUSE_TEST(limited_readers)

static void write_to(int fd)
{
    leat_yield();
    T_EQ(write(fd, "x", 1), 1);
}

static void waits_for_descriptors(void)
{
    int fds[2];

    T_EQ(pipe(fds), 0);
    leat_go(write_to, fds[1]);
    (void)fine(leat_wait_fd(fds[0], LEAT_READABLE, LEAT_FOREVER), LEAT_READABLE);
    while (leat_num_goroutine() > 1)
        leat_yield();
    close(fds[0]);
    close(fds[1]);
}
REFUSE_TEST(waits_for_descriptors)

/* ---- nothing is left ---- */

/* The framework counts the descriptors. */
static void leaves_nothing(void (*scenario)(void))
{
    long before, k = 1;

    scenario();
    do {
        before = refuse_count();
        refuse_plan(REFUSE_HEAP | REFUSE_MAIN_ONLY, k, k);
        scenario();
        refuse_pass();
        k++;
    } while (refuse_count() > before);
    T_GT(k, 2);
}

T_TEST(no_descriptor_is_left, .procs = {1})
{
    leaves_nothing(pipes_of_the_kernel);
    leaves_nothing(composed_streams);
    leaves_nothing(copies);
    leaves_nothing(files);
    leaves_nothing(walks);
}

/* ---- what never needs any ---- */

static void wait_in_vain(leat_ctx *ctx, leat_io *io)
{
    char c;

    T_ERR(leat_io_set_deadline(io, LEAT_READ, leat_now() + LEAT_MILLISECOND), 0);
    T_EQ(leat_read_ctx(ctx, io, &c, 1), -ETIMEDOUT);
}

/* What was needed once is there since the first wait. */
static void waits_for_nothing(leat_io *io)
{
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);

    wait_in_vain(ctx, io);
    refuse_all();
    wait_in_vain(ctx, io);
    T_EQ(refuse_asked(), 0);
    refuse_pass();
    leat_ctx_free(ctx);
}

T_TEST(a_wait_with_a_context_and_a_time_needs_no_memory, .modes = "!tsan")
{
    leat_io *ends[2];
    int gate[2];

    T_ERR(leat_io_pipe(ends), 0);
    waits_for_nothing(ends[0]);
    leat_io_free(ends[0]);
    leat_io_free(ends[1]);

    T_EQ(pipe(gate), 0);
    T_EQ(dup2(gate[0], 0), 0);
    waits_for_nothing(leat_stdin());
    close(gate[0]);
    close(gate[1]);
}
