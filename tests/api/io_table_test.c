/* SPDX-License-Identifier: MIT */
/* io_table_test.c - each call of leat/io/ that waits, on each kind of stream, ended by each thing
 * that can end it. Sockets: net_table_test.c. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limit_table.h"

static char much[1 << 14];

/* ---- stages to read from: there is nothing ---- */

static void hold_ends(struct stage *s, leat_io *const ends[2], int waits)
{
    s->io = stage_hold(s, ends[waits]);
    s->other = stage_hold(s, ends[!waits]);
}

static void set_empty(struct stage *s)
{
    leat_io *ends[2];

    T_ERR(leat_pipe(ends), 0);
    hold_ends(s, ends, 0);
}

static void set_empty_memory(struct stage *s)
{
    leat_io *ends[2];

    T_ERR(leat_io_pipe(ends), 0);
    hold_ends(s, ends, 0);
}

static void set_empty_fifo(struct stage *s)
{
    char dir[] = "io-table-XXXXXX", path[32];

    T_TRUE(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/fifo", dir);
    T_EQ(mkfifo(path, 0600), 0);
    T_ERR(leat_open(&s->io, path, O_RDWR, 0), 0); /* both ends: opening waits for none */
    stage_hold(s, s->io);
    T_EQ(unlink(path), 0);
    T_EQ(rmdir(dir), 0);
}

/* Three bytes are there: what needs more finds them, and waits for the rest. */
static void set_begun(struct stage *s)
{
    set_empty(s);
    T_EQ(leat_write(s->other, "abc", 3), 3);
}

static int64_t run_read(struct stage *s, const leat_limit *limit)
{
    char c;

    return FORMS(limit, leat_read(s->io, &c, 1), leat_read_ctx(limit->ctx, s->io, &c, 1),
                 leat_read_until(s->io, &c, 1, limit->until));
}

static int64_t run_wait(struct stage *s, const leat_limit *limit)
{
    return leat_io_wait_readable(s->io, limit);
}

static int64_t run_readv(struct stage *s, const leat_limit *limit)
{
    char c[2];
    const leat_iovec two[2] = {{&c[0], 1}, {&c[1], 1}};

    return leat_readv(s->io, two, 2, limit);
}

static int64_t run_read_full(struct stage *s, const leat_limit *limit)
{
    char c[8];

    (void)limit;
    return leat_read_full(s->io, c, sizeof c);
}

/* ---- stages to write to: there is no room ---- */

static void fill(leat_io *io)
{
    while (write(leat_io_fd(io), much, 4096) > 0)
        continue;
    T_EQ(errno, EAGAIN);
}

static void set_full(struct stage *s)
{
    leat_io *ends[2];

    T_ERR(leat_pipe(ends), 0);
    T_GE(fcntl(leat_io_fd(ends[1]), F_SETPIPE_SZ, 4096), 0);
    fill(ends[1]);
    hold_ends(s, ends, 1);
}

static void set_full_memory(struct stage *s)
{
    leat_io *ends[2];

    T_ERR(leat_io_pipe(ends), 0);
    hold_ends(s, ends, 1);
}

static int64_t run_write(struct stage *s, const leat_limit *limit)
{
    return FORMS(limit, leat_write(s->io, much, sizeof much),
                 leat_write_ctx(limit->ctx, s->io, much, sizeof much),
                 leat_write_until(s->io, much, sizeof much, limit->until));
}

static int64_t run_writev(struct stage *s, const leat_limit *limit)
{
    const leat_iovec two[2] = {{much, 1}, {much, 1}};

    return leat_writev(s->io, two, 2, NULL, limit);
}

static const struct row streams[] = {
    {"read, pipe", BY_ALL | BY_EITHER, set_empty, run_read, NULL, 0},
    {"read, memory", BY_ALL | BY_EITHER, set_empty_memory, run_read, NULL, 0},
    {"read, fifo", BY_ALL | BY_EITHER, set_empty_fifo, run_read, NULL, 0},
    {"wait, pipe", BY_ALL, set_empty, run_wait, NULL, 0},
    {"wait, memory", BY_ALL, set_empty_memory, run_wait, NULL, 0},
    {"wait, fifo", BY_ALL, set_empty_fifo, run_wait, NULL, 0},
    {"readv, pipe", BY_ALL, set_empty, run_readv, NULL, 0},
    {"readv, memory", BY_ALL, set_empty_memory, run_readv, NULL, 0},
    {"read_full, pipe", BY_DEADLINE | BY_CLOSE, set_begun, run_read_full, NULL, 0},
    {"read_full, memory", BY_DEADLINE | BY_CLOSE, set_empty_memory, run_read_full, NULL, 0},
    {"write, pipe", BY_ALL | BY_EITHER, set_full, run_write, NULL, 0},
    {"write, memory", BY_ALL | BY_EITHER, set_full_memory, run_write, NULL, 0},
    {"writev, pipe", BY_ALL, set_full, run_writev, NULL, 0},
    {"writev, memory", BY_ALL, set_full_memory, run_writev, NULL, 0},
};

T_TEST(every_stream_that_waits_is_ended_by_all_that_may_end_it, .timeout_ms = 60000)
{
    table_run(streams, sizeof streams / sizeof streams[0]);
}

/* ---- buffers ---- */

static void set_reader(struct stage *s)
{
    set_begun(s);
    T_ERR(leat_reader_make(&s->r, s->io, 16), 0);
    leat_reader_set_limit(s->r, s->limit.ctx, s->limit.until);
}

static int64_t run_reader_read(struct stage *s, const leat_limit *limit)
{
    int64_t got;
    char c;

    (void)limit;
    while ((got = leat_reader_read(s->r, &c, 1)) > 0)
        continue;
    return got;
}

static int64_t run_reader_read_full(struct stage *s, const leat_limit *limit)
{
    char c[8];

    (void)limit;
    return leat_reader_read_full(s->r, c, sizeof c);
}

static int64_t run_reader_read_byte(struct stage *s, const leat_limit *limit)
{
    int64_t got;

    (void)limit;
    while ((got = leat_reader_read_byte(s->r)) >= 0)
        continue;
    return got;
}

static int64_t run_reader_peek(struct stage *s, const leat_limit *limit)
{
    const void *bytes;

    (void)limit;
    return leat_reader_peek(s->r, &bytes, 8);
}

static int64_t run_reader_discard(struct stage *s, const leat_limit *limit)
{
    (void)limit;
    return leat_reader_discard(s->r, 100);
}

static int64_t run_reader_until(struct stage *s, const leat_limit *limit)
{
    const void *bytes;

    (void)limit;
    return leat_reader_until(s->r, '.', &bytes);
}

static int64_t run_reader_line(struct stage *s, const leat_limit *limit)
{
    char line[64];

    (void)limit;
    return leat_reader_line(s->r, line, sizeof line);
}

static int64_t run_reader_getline(struct stage *s, const leat_limit *limit)
{
    char *line = NULL;
    size_t size = 0;

    (void)limit;
    int64_t got = leat_reader_getline(s->r, &line, &size, 1000);
    free(line);
    return got;
}

static int64_t run_reader_getdelim(struct stage *s, const leat_limit *limit)
{
    char *text = NULL;
    size_t size = 0;

    (void)limit;
    int64_t got = leat_reader_getdelim(s->r, &text, &size, '.', 1000);
    free(text);
    return got;
}

static int64_t run_reader_copy_to(struct stage *s, const leat_limit *limit)
{
    leat_io *to;

    (void)limit;
    T_ERR(leat_io_memory(&to), 0);
    int64_t got = leat_reader_copy_to(s->r, to);
    leat_io_free(to);
    return got;
}

static void set_writer(struct stage *s)
{
    set_full(s);
    T_ERR(leat_writer_make(&s->w, s->io, 16), 0);
    leat_writer_set_limit(s->w, s->limit.ctx, s->limit.until);
}

static int64_t run_writer_write(struct stage *s, const leat_limit *limit)
{
    (void)limit;
    return leat_writer_write(s->w, much, 100);
}

static int64_t run_writer_write_byte(struct stage *s, const leat_limit *limit)
{
    int64_t err;

    (void)limit;
    while ((err = leat_writer_write_byte(s->w, 'x')) == 0)
        continue;
    return err;
}

static int64_t run_writer_line(struct stage *s, const leat_limit *limit)
{
    (void)limit;
    return leat_writer_line(s->w, "longer than the memory of the writer");
}

static int64_t run_writer_printf(struct stage *s, const leat_limit *limit)
{
    (void)limit;
    return leat_writer_printf(s->w, "%100d", 1);
}

static int64_t run_writer_flush(struct stage *s, const leat_limit *limit)
{
    (void)limit;
    T_ERR(leat_writer_write_byte(s->w, 'x'), 0);
    return leat_writer_flush(s->w);
}

static int64_t run_writer_copy_from(struct stage *s, const leat_limit *limit)
{
    leat_io *from;

    (void)limit;
    T_ERR(leat_io_bytes(&from, much, 100), 0);
    int64_t put = leat_writer_copy_from(s->w, from);
    leat_io_free(from);
    return put;
}

static const struct row buffers[] = {
    {"reader_read", BY_ALL, set_reader, run_reader_read, NULL, 0},
    {"reader_read_full", BY_ALL, set_reader, run_reader_read_full, NULL, 0},
    {"reader_read_byte", BY_ALL, set_reader, run_reader_read_byte, NULL, 0},
    {"reader_peek", BY_ALL, set_reader, run_reader_peek, NULL, 0},
    {"reader_discard", BY_ALL, set_reader, run_reader_discard, NULL, 0},
    {"reader_until", BY_ALL, set_reader, run_reader_until, NULL, 0},
    {"reader_line", BY_ALL, set_reader, run_reader_line, NULL, 0},
    {"reader_getline", BY_ALL, set_reader, run_reader_getline, NULL, 0},
    {"reader_getdelim", BY_ALL, set_reader, run_reader_getdelim, NULL, 0},
    {"reader_copy_to", BY_ALL, set_reader, run_reader_copy_to, NULL, 0},
    {"writer_write", BY_ALL, set_writer, run_writer_write, NULL, 0},
    {"writer_write_byte", BY_ALL, set_writer, run_writer_write_byte, NULL, 0},
    {"writer_line", BY_ALL, set_writer, run_writer_line, NULL, 0},
    {"writer_printf", BY_ALL, set_writer, run_writer_printf, NULL, 0},
    {"writer_flush", BY_ALL, set_writer, run_writer_flush, NULL, 0},
    {"writer_copy_from", BY_ALL, set_writer, run_writer_copy_from, NULL, 0},
};

T_TEST(every_buffer_that_waits_is_ended_by_all_that_may_end_it, .timeout_ms = 60000)
{
    table_run(buffers, sizeof buffers / sizeof buffers[0]);
}

/* ---- copies, and streams made of streams: by whichever side waits ---- */

/* From s->io, which has nothing, to s->other. */
static void set_copy_empty(struct stage *s)
{
    leat_io *ends[2];

    set_empty(s);
    T_ERR(leat_pipe(ends), 0);
    stage_hold(s, ends[0]);
    s->other = stage_hold(s, ends[1]);
}

static void set_copy_empty_memory(struct stage *s)
{
    set_empty_memory(s);
    T_ERR(leat_io_memory(&s->other), 0);
    stage_hold(s, s->other);
}

/* From s->other to s->io, which is full. */
static void set_copy_full(struct stage *s)
{
    leat_io *ends[2];

    set_full(s);
    T_ERR(leat_pipe(ends), 0);
    s->other = stage_hold(s, ends[0]);
    stage_hold(s, ends[1]);
    T_EQ(leat_write(ends[1], "abc", 3), 3);
}

static void set_copy_full_file(struct stage *s)
{
    set_full(s);
    T_ERR(leat_open(&s->other, "/proc/self/exe", O_RDONLY, 0), 0);
    stage_hold(s, s->other);
}

static void set_copy_full_memory(struct stage *s)
{
    set_full_memory(s);
    T_ERR(leat_io_bytes(&s->other, much, 100), 0);
    stage_hold(s, s->other);
}

static int64_t copy_formed(leat_io *to, leat_io *from, const leat_limit *limit)
{
    return FORMS(limit, leat_copy(to, from), leat_copy_ctx(limit->ctx, to, from),
                 leat_copy_until(to, from, limit->until));
}

static int64_t run_copy_out(struct stage *s, const leat_limit *limit)
{
    return copy_formed(s->other, s->io, limit);
}

static int64_t run_copy_in(struct stage *s, const leat_limit *limit)
{
    return copy_formed(s->io, s->other, limit);
}

static int64_t run_copy_n_out(struct stage *s, const leat_limit *limit)
{
    return leat_copy_n(s->other, s->io, 100, NULL, limit);
}

static int64_t run_copy_n_in(struct stage *s, const leat_limit *limit)
{
    return leat_copy_n(s->io, s->other, 100, NULL, limit);
}

static int64_t read_composed(struct stage *s, const leat_limit *limit)
{
    char c[4];
    const leat_iovec one = {c, sizeof c};

    return leat_readv(s->other, &one, 1, limit);
}

static void set_limited(struct stage *s)
{
    set_empty(s);
    T_ERR(leat_io_limited(&s->other, s->io, 10), 0);
    stage_hold(s, s->other);
}

static void set_joined(struct stage *s)
{
    leat_io *parts[2];

    set_empty(s);
    T_ERR(leat_io_bytes(&parts[0], "", 0), 0);
    parts[1] = s->io;
    T_ERR(leat_io_joined(&s->other, parts, 2), 0);
    stage_hold(s, parts[0]);
    stage_hold(s, s->other);
}

static void set_tee_empty(struct stage *s)
{
    leat_io *to;

    set_empty(s);
    T_ERR(leat_io_memory(&to), 0);
    T_ERR(leat_io_tee(&s->other, s->io, to), 0);
    stage_hold(s, to);
    stage_hold(s, s->other);
}

static void set_tee_full(struct stage *s)
{
    leat_io *from;

    set_full(s);
    T_ERR(leat_io_bytes(&from, "abcd", 4), 0);
    T_ERR(leat_io_tee(&s->other, from, s->io), 0);
    stage_hold(s, from);
    stage_hold(s, s->other);
}

static const struct row composed[] = {
    {"copy, no bytes, kernel", BY_ALL | BY_EITHER, set_copy_empty, run_copy_out, NULL, 0},
    {"copy, no bytes", BY_ALL | BY_EITHER, set_copy_empty_memory, run_copy_out, NULL, 0},
    {"copy, no room, kernel", BY_ALL | BY_EITHER, set_copy_full, run_copy_in, NULL, 0},
    {"copy, no room, file", BY_ALL | BY_EITHER, set_copy_full_file, run_copy_in, NULL, 0},
    {"copy, no room", BY_ALL | BY_EITHER, set_copy_full_memory, run_copy_in, NULL, 0},
    {"copy_n, no bytes, kernel", BY_ALL, set_copy_empty, run_copy_n_out, NULL, 0},
    {"copy_n, no bytes", BY_ALL, set_copy_empty_memory, run_copy_n_out, NULL, 0},
    {"copy_n, no room, kernel", BY_ALL, set_copy_full, run_copy_n_in, NULL, 0},
    {"copy_n, no room, file", BY_ALL, set_copy_full_file, run_copy_n_in, NULL, 0},
    {"copy_n, no room", BY_ALL, set_copy_full_memory, run_copy_n_in, NULL, 0},
    {"limited", BY_ALL, set_limited, read_composed, NULL, 0},
    {"joined", BY_ALL, set_joined, read_composed, NULL, 0},
    {"tee, no bytes", BY_ALL, set_tee_empty, read_composed, NULL, 0},
    {"tee, no room", BY_ALL, set_tee_full, read_composed, NULL, 0},
};

T_TEST(every_copy_that_waits_is_ended_by_all_that_may_end_it, .timeout_ms = 60000)
{
    table_run(composed, sizeof composed / sizeof composed[0]);
}

/* ---- descriptors of others, walks ---- */

static int64_t run_wait_fd(struct stage *s, const leat_limit *limit)
{
    int fd = leat_io_fd(s->io);

    return limit->ctx ? leat_wait_fd_ctx(limit->ctx, fd, LEAT_READABLE)
                      : leat_wait_fd(fd, LEAT_READABLE, limit->until);
}

static void set_nothing(struct stage *s)
{
    (void)s;
}

static int visit_slowly(void *arg, const leat_walk_entry *e)
{
    (void)arg;
    (void)e;
    leat_yield();
    return 0;
}

static int64_t run_walk(struct stage *s, const leat_limit *limit)
{
    int err;

    (void)s;
    while ((err = leat_walk(limit->ctx, "/proc/self/fd", visit_slowly, NULL)) == 0)
        continue;
    return err;
}

static const struct row others[] = {
    {"wait_fd", BY_CTX | BY_TIME | BY_EITHER, set_empty, run_wait_fd, NULL, 0},
    {"walk", BY_CTX, set_nothing, run_walk, NULL, 0},
};

T_TEST(waits_for_descriptors_and_walks_are_ended_by_all_that_may_end_them)
{
    table_run(others, sizeof others / sizeof others[0]);
}

/* ---- standard streams ---- */

static void set_stdin(struct stage *s)
{
    leat_io *ends[2];
    int fds[2];

    T_EQ(pipe2(fds, O_CLOEXEC), 0);
    T_EQ(dup2(fds[0], 0), 0);
    close(fds[0]);
    T_ERR(leat_io_adopt(&ends[1], fds[1]), 0);
    stage_hold(s, ends[1]); /* freed, it ends the input of whoever comes next: a new pipe */
    s->io = leat_stdin();
    leat_io_set_deadline(s->io, LEAT_READ | LEAT_WRITE, LEAT_FOREVER);
}

static void set_stdout(struct stage *s)
{
    leat_io *end;
    int fds[2];

    T_EQ(pipe2(fds, O_CLOEXEC), 0);
    T_EQ(dup2(fds[1], 1), 1);
    close(fds[1]);
    T_ERR(leat_io_adopt(&end, fds[0]), 0);
    stage_hold(s, end);
    s->io = leat_stdout();
    leat_io_set_deadline(s->io, LEAT_READ | LEAT_WRITE, LEAT_FOREVER);
}

/* More than a pipe holds. */
static int64_t run_write_on(struct stage *s, const leat_limit *limit)
{
    int64_t put;

    do
        put = run_write(s, limit);
    while (put > 0);
    return put;
}

static const struct row standard[] = {
    {"stdin", BY_DEADLINE | BY_TIME | BY_CTX | BY_EITHER, set_stdin, run_read, NULL, 0},
    {"stdout", BY_DEADLINE | BY_TIME | BY_CTX | BY_EITHER, set_stdout, run_write_on, NULL, 0},
    {"wait, stdin", BY_DEADLINE | BY_TIME | BY_CTX, set_stdin, run_wait, NULL, 0},
};

T_TEST(standard_streams_that_wait_are_ended_by_all_that_may_end_them, .timeout_ms = 60000)
{
    table_run(standard, sizeof standard / sizeof standard[0]);
    for (int i = 0; i < 2; i++) { /* which works once */
        struct row closed = standard[i];
        closed.ends |= BY_CLOSE;
        table_one(&closed, BY_CLOSE, false);
    }
}
