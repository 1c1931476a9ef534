/* SPDX-License-Identifier: MIT */
/* io_pipe_test.c - pipes in memory, as Go's io.Pipe, and the kernel's; streams of memory. */
#include <leat.h>
#include <stdlib.h>
#include <string.h>

#include "t.h"

static void write_checked(leat_int_chan results, leat_io *w, const char *text)
{
    leat_send(results, (int)leat_write(w, text, strlen(text)));
}

static void ends_free(leat_io *ends[2])
{
    leat_io_free(ends[0]);
    leat_io_free(ends[1]);
}

T_TEST(a_write_waits_until_it_is_read)
{
    leat_io *ends[2];
    leat_scoped_chan(leat_int_chan, results, 1);
    char got[64] = "";
    int n;

    T_ERR(leat_io_pipe(ends), 0);
    leat_go(write_checked, results, ends[1], "hello, world");
    T_EQ(leat_read(ends[0], got, 5), 5);
    T_MEMEQ(got, "hello", 5);
    T_FALSE(leat_try_recv(results, &n));
    T_EQ(leat_read(ends[0], got, sizeof(got)), 7);
    T_MEMEQ(got, ", world", 7);
    T_TRUE(leat_recv(results, &n));
    T_EQ(n, 12);
    T_ERR(leat_write(ends[0], "x", 1), -EOPNOTSUPP);
    T_ERR(leat_read(ends[1], got, 1), -EOPNOTSUPP);
    T_EQ(leat_write(ends[1], "", 0), 0);
    ends_free(ends);
}

T_TEST(pieces_are_taken_into_pieces)
{
    leat_io *ends[2];
    leat_scoped_chan(leat_int_chan, results, 0);
    char a[3], b[4], c[20];
    int n;

    T_ERR(leat_io_pipe(ends), 0);
    leat_go(write_checked, results, ends[1], "0123456789");
    const leat_iovec to[] = {{a, 3}, {NULL, 0}, {b, 4}};
    T_EQ(leat_readv(ends[0], to, 3, NULL), 7);
    T_MEMEQ(a, "012", 3);
    T_MEMEQ(b, "3456", 4);
    T_EQ(leat_read(ends[0], c, sizeof(c)), 3);
    T_MEMEQ(c, "789", 3);
    T_TRUE(leat_recv(results, &n));
    T_EQ(n, 10);
    ends_free(ends);
}

static void write_pieces(leat_int_chan results, leat_io *w)
{
    const leat_iovec from[] = {{"ab", 2}, {"", 0}, {"cdef", 4}, {"g", 1}};
    size_t done;

    T_EQ(leat_writev(w, from, 4, &done, NULL), 7);
    leat_send(results, (int)done);
}

T_TEST(pieces_are_written_as_one)
{
    for (size_t step = 1; step < 9; step++) {
        leat_io *ends[2];
        leat_scoped_chan(leat_int_chan, results, 0);
        char got[16] = "";
        size_t at = 0;
        int n;
        T_ERR(leat_io_pipe(ends), 0);
        leat_go(write_pieces, results, ends[1]);
        while (at < 7) {
            int64_t part = leat_read(ends[0], got + at, step);
            T_EQ(part, (int64_t)(step < 7 - at ? step : 7 - at));
            at += (size_t)part;
        }
        T_STREQ(got, "abcdefg");
        T_TRUE(leat_recv(results, &n));
        T_EQ(n, 7);
        ends_free(ends);
    }
}

static void write_many(leat_waitgroup *wg, leat_io *w, char c, long times)
{
    char piece[7];

    memset(piece, c, sizeof(piece));
    for (long i = 0; i < times; i++)
        T_EQ(leat_write(w, piece, sizeof(piece)), (int64_t)sizeof(piece));
    leat_waitgroup_done(wg);
}

T_TEST(writes_do_not_mix)
{
    leat_io *ends[2];
    leat_waitgroup wg = {0};
    long times = t_scale(1000), count[4] = {0};
    char got[7];

    T_ERR(leat_io_pipe(ends), 0);
    leat_waitgroup_add(&wg, 4);
    for (int i = 0; i < 4; i++)
        leat_go(write_many, &wg, ends[1], (char)('a' + i), times);
    for (long i = 0; i < 4 * times; i++) {
        T_EQ(leat_read_full(ends[0], got, sizeof(got)), (int64_t)sizeof(got));
        for (size_t k = 1; k < sizeof(got); k++)
            T_EQ(got[k], got[0]);
        count[got[0] - 'a']++;
    }
    for (int i = 0; i < 4; i++)
        T_EQ(count[i], times);
    leat_waitgroup_wait(&wg);
    ends_free(ends);
}

/* ---- ends that are closed ---- */

static void read_checked(leat_int_chan results, leat_io *r)
{
    char c;

    leat_send(results, (int)leat_read(r, &c, 1));
}

enum how { CLOSE_READER, CLOSE_WRITER, FAIL_READER, FAIL_WRITER };

static void close_end(leat_io *ends[2], enum how how)
{
    if (how == CLOSE_READER)
        T_ERR(leat_io_close(ends[0]), 0);
    if (how == CLOSE_WRITER)
        T_ERR(leat_io_close(ends[1]), 0);
    if (how == FAIL_READER)
        T_ERR(leat_io_pipe_fail(ends[0], -EIO), 0);
    if (how == FAIL_WRITER)
        T_ERR(leat_io_pipe_fail(ends[1], -EIO), 0);
}

/* What a read, and a write, gets by each. */
static const int read_gets[] = {-EBADF, 0, -EBADF, -EIO};
static const int write_gets[] = {-EPIPE, -EBADF, -EIO, -EBADF};

T_TEST(closing_ends_who_waits_and_who_comes)
{
    for (long i = 0; i < t_scale(400); i++) {
        leat_io *ends[2];
        leat_scoped_chan(leat_int_chan, results, 0);
        enum how how = (enum how)(i % 4);
        bool reads = i / 4 % 2;
        int got;
        char c;
        T_ERR(leat_io_pipe(ends), 0);
        if (reads)
            leat_go(read_checked, results, ends[0]);
        else
            leat_go(write_checked, results, ends[1], "text");
        if (i % 3)
            leat_yield();
        close_end(ends, how);
        T_TRUE(leat_recv(results, &got));
        T_EQ(got, reads ? read_gets[how] : write_gets[how]);
        T_EQ(leat_read(ends[0], &c, 1), read_gets[how]);
        T_EQ(leat_write(ends[1], "x", 1), write_gets[how]);
        T_ERR(leat_io_close(ends[how == CLOSE_WRITER || how == FAIL_WRITER]), -EBADF);
        ends_free(ends);
    }
}

T_TEST(only_ends_of_such_pipes_fail)
{
    leat_io *ends[2], *other;

    T_ERR(leat_io_pipe(ends), 0);
    T_ERR(leat_io_pipe_fail(ends[0], 1), -EINVAL);
    T_ERR(leat_io_memory(&other), 0);
    T_ERR(leat_io_pipe_fail(other, -EIO), -EINVAL);
    T_ERR(leat_io_pipe_fail(ends[0], 0), 0);
    T_ERR(leat_write(ends[1], "x", 1), -EPIPE);
    leat_io_free(other);
    ends_free(ends);
}

/* ---- limits ---- */

static void cancel_later(leat_ctx *ctx)
{
    leat_yield();
    leat_ctx_cancel(ctx);
}

T_TEST(contexts_times_and_deadlines_end_both_ways)
{
    leat_io *ends[2];
    char c;
    size_t done;

    T_ERR(leat_io_pipe(ends), 0);
    for (int i = 0; i < 20; i++) {
        leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
        leat_go(cancel_later, ctx);
        if (i % 2)
            T_ERR(leat_read_ctx(ctx, ends[0], &c, 1), -ECANCELED);
        else
            T_ERR(leat_write_ctx(ctx, ends[1], "x", 1), -ECANCELED);
    }
    leat_duration soon = leat_now() + LEAT_MILLISECOND;
    T_ERR(leat_read_until(ends[0], &c, 1, soon), -ETIMEDOUT);
    T_ERR(leat_write_until(ends[1], "x", 1, soon), -ETIMEDOUT);
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    const leat_limit both = {ctx, leat_now() + LEAT_MILLISECOND};
    const leat_iovec one = {&c, 1};
    T_ERR(leat_readv(ends[0], &one, 1, &both), -ETIMEDOUT);
    T_ERR(leat_writev(ends[1], &one, 1, &done, &both), -ETIMEDOUT);
    T_EQ(done, 0);
    T_ERR(leat_io_set_deadline(ends[0], LEAT_READ, leat_now() + LEAT_MILLISECOND), 0);
    T_ERR(leat_read(ends[0], &c, 1), -ETIMEDOUT);
    T_ERR(leat_read(ends[0], &c, 1), -ETIMEDOUT);
    T_ERR(leat_io_set_deadline(ends[1], LEAT_WRITE, leat_now() - 1), 0);
    T_ERR(leat_write(ends[1], "x", 1), -ETIMEDOUT);
    T_ERR(leat_io_set_deadline(ends[0], LEAT_READ | LEAT_WRITE, LEAT_FOREVER), 0);
    T_ERR(leat_io_set_deadline(ends[1], LEAT_READ | LEAT_WRITE, LEAT_FOREVER), 0);
    leat_scoped_chan(leat_int_chan, results, 0);
    leat_go(read_checked, results, ends[0]);
    T_EQ(leat_write(ends[1], "x", 1), 1);
    int n;
    T_TRUE(leat_recv(results, &n));
    T_EQ(n, 1);
    ends_free(ends);
}

T_TEST(a_deadline_that_is_moved_reaches_who_waits)
{
    leat_io *ends[2];
    leat_scoped_chan(leat_int_chan, results, 0);
    int n;

    T_ERR(leat_io_pipe(ends), 0);
    leat_io_set_deadline(ends[0], LEAT_READ, leat_now() + LEAT_HOUR);
    leat_go(read_checked, results, ends[0]);
    leat_yield();
    leat_io_set_deadline(ends[0], LEAT_READ, leat_now());
    T_TRUE(leat_recv(results, &n));
    T_ERR(n, -ETIMEDOUT);
    ends_free(ends);
}

static void wait_turn(leat_ctx *ctx, leat_int_chan results, leat_io *w)
{
    leat_send(results, (int)leat_write_ctx(ctx, w, "x", 1));
}

T_TEST(who_waits_for_its_turn_can_give_up)
{
    leat_io *ends[2];
    leat_scoped_chan(leat_int_chan, results, 2);
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    int first, second;

    T_ERR(leat_io_pipe(ends), 0);
    leat_go(wait_turn, ctx, results, ends[1]);
    leat_go(wait_turn, ctx, results, ends[1]);
    leat_yield();
    leat_ctx_cancel(ctx);
    T_TRUE(leat_recv(results, &first));
    T_TRUE(leat_recv(results, &second));
    T_ERR(first, -ECANCELED);
    T_ERR(second, -ECANCELED);
    ends_free(ends);
}

/* ---- the kernel's, and memory ---- */

T_TEST(the_kernels_pipe)
{
    leat_io *ends[2];
    char got[8] = "";

    T_ERR(leat_pipe(ends), 0);
    T_EQ(leat_write(ends[1], "hello", 5), 5);
    T_ERR(leat_io_close(ends[1]), 0);
    T_EQ(leat_read(ends[0], got, sizeof(got)), 5);
    T_STREQ(got, "hello");
    T_EQ(leat_read(ends[0], got, 1), 0);
    ends_free(ends);
}

T_TEST(memory_keeps_what_is_written)
{
    leat_io *m, *copy;
    char got[8] = "", *all;
    size_t n;

    T_ERR(leat_io_memory(&m), 0);
    T_EQ(leat_read(m, got, 1), 0);
    T_EQ(leat_write(m, "hello ", 6), 6);
    T_EQ(leat_write(m, "world", 5), 5);
    T_EQ(leat_read(m, got, 4), 4);
    T_STREQ(got, "hell");
    T_MEMEQ(leat_io_memory_bytes(m, &n), "o world", 7);
    T_EQ(n, 7);
    all = leat_io_memory_take(m, &n);
    T_STREQ(all, "o world");
    T_EQ(n, 7);
    free(all);
    all = leat_io_memory_take(m, NULL);
    T_STREQ(all, "");
    free(all);
    T_EQ(leat_write(m, "again", 5), 5);
    T_ERR(leat_io_memory(&copy), 0);
    T_EQ(leat_copy(copy, m), 5);
    T_ERR(leat_io_close(m), 0);
    T_ERR(leat_write(m, "x", 1), -EBADF);
    T_ERR(leat_read(m, got, 1), -EBADF);
    T_ERR(leat_io_close(m), -EBADF);
    T_ERR(leat_io_set_deadline(m, LEAT_READ, 0), -EOPNOTSUPP);
    T_STREQ(leat_io_kind(m), "memory");
    leat_io_free(m);
    T_MEMEQ(leat_io_memory_bytes(copy, &n), "again", 5);
    leat_io_free(copy);
}

T_TEST(memory_is_first_in_first_out_at_any_size)
{
    leat_io *m;
    unsigned char piece[700];
    unsigned char in = 0, out = 0;
    size_t held = 0, most = 0;

    T_ERR(leat_io_memory(&m), 0);
    for (long i = 0; i < t_scale(3000); i++) {
        size_t n = t_rand() % sizeof(piece);
        for (size_t k = 0; k < n; k++)
            piece[k] = in++;
        T_EQ(leat_write(m, piece, n), (int64_t)n);
        held += n;
        most = held > most ? held : most;
        n = t_rand() % sizeof(piece);
        int64_t got = leat_read(m, piece, n);
        T_EQ(got, (int64_t)(n < held ? n : held));
        held -= (size_t)got;
        for (int64_t k = 0; k < got; k++)
            T_EQ(piece[k], out++);
    }
    T_GT(most, 0);
    leat_io_free(m);
}

T_TEST(given_bytes_are_read_and_not_written)
{
    leat_io *b;
    char got[8] = "";
    size_t n;

    T_ERR(leat_io_bytes(&b, "text", 4), 0);
    T_ERR(leat_write(b, "x", 1), -EOPNOTSUPP);
    T_EQ(leat_read(b, got, 3), 3);
    T_MEMEQ(leat_io_memory_bytes(b, &n), "t", 1);
    T_EQ(n, 1);
    T_EQ(leat_read(b, got, 3), 1);
    T_EQ(leat_read(b, got, 3), 0);
    leat_io_free(b);
    T_ERR(leat_io_bytes(&b, NULL, 0), 0);
    T_EQ(leat_read(b, got, 3), 0);
    leat_io_free(b);
}

T_TEST(what_is_no_memory_has_no_bytes, .procs = {1}, .expect_exit = 2,
       .expect_stderr = {"leat: no stream of memory"})
{
    leat_io *ends[2];
    size_t n;

    T_ERR(leat_io_pipe(ends), 0);
    leat_io_memory_bytes(ends[0], &n);
}
