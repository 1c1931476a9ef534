/* SPDX-License-Identifier: MIT */
/* io_buffer_test.c - buffered readers and writers, and copies: what Go's bufio and io promise. */
#define _GNU_SOURCE
#include "io_kinds.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEXT = 1000 };

static const size_t sizes[] = {0, 16, 23, 32, 46, 64, 93, 128, 1024};
static const size_t steps[] = {1, 2, 7, 500, 5000};

/* "0123..." of the given length. */
static void digits(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('0' + i % 75);
}

static leat_reader *reader_of(struct scripted *s, size_t size)
{
    leat_reader *r;

    T_ERR(leat_reader_make(&r, &s->io, size), 0);
    return r;
}

static leat_writer *writer_of(struct scripted *s, size_t size)
{
    leat_writer *w;

    T_ERR(leat_writer_make(&w, &s->io, size), 0);
    return w;
}

/* ---- reading ---- */

static void read_whole(leat_reader *r, const char *text, size_t n, size_t piece)
{
    char got[TEXT + 1];
    size_t done = 0;
    int64_t part;

    while ((part = leat_reader_read(r, got + done, piece)) > 0) {
        T_LE((size_t)part, piece);
        done += (size_t)part;
        T_LE(done, n);
        piece = piece > n - done && done < n ? n - done : piece;
    }
    T_ERR(part, 0);
    T_EQ(done, n);
    T_MEMEQ(got, text, n);
    T_ERR(leat_reader_read(r, got, 1), 0);
}

T_TEST(what_is_read_is_the_text_however_it_comes)
{
    char text[TEXT];

    digits(text, TEXT);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++)
            for (size_t piece = 1; piece < 40; piece += 13) {
                struct scripted s = scripted_of(text, 401, steps[k]);
                leat_reader *r = reader_of(&s, sizes[i]);
                read_whole(r, text, 401, piece);
                leat_reader_free(r);
            }
}

T_TEST(bytes_are_read_one_by_one_and_taken_back_once)
{
    struct scripted s = scripted_of("abc", 3, 1);
    leat_reader *r = reader_of(&s, 16);

    T_ERR(leat_reader_unread_byte(r), -EINVAL);
    T_EQ(leat_reader_read_byte(r), 'a');
    T_ERR(leat_reader_unread_byte(r), 0);
    T_ERR(leat_reader_unread_byte(r), -EINVAL);
    T_EQ(leat_reader_read_byte(r), 'a');
    T_EQ(leat_reader_read_byte(r), 'b');
    T_EQ(leat_reader_read_byte(r), 'c');
    T_EQ(leat_reader_read_byte(r), -ENODATA);
    T_ERR(leat_reader_unread_byte(r), 0);
    T_EQ(leat_reader_read_byte(r), 'c');
    T_EQ(leat_reader_read_byte(r), -ENODATA);
    leat_reader_free(r);
}

T_TEST(a_byte_of_a_read_past_the_buffer_is_taken_back)
{
    char big[64];
    const void *p;
    struct scripted s = scripted_of("0123456789abcdefghijklmnop", 26, 20);
    leat_reader *r = reader_of(&s, 16);

    T_EQ(leat_reader_read(r, big, sizeof(big)), 20);
    T_EQ(leat_reader_buffered(r), 0);
    T_ERR(leat_reader_unread_byte(r), 0);
    T_EQ(leat_reader_buffered(r), 1);
    T_EQ(leat_reader_peek(r, &p, 3), 3);
    T_MEMEQ(p, "jkl", 3);
    T_ERR(leat_reader_unread_byte(r), -EINVAL);
    leat_reader_free(r);
}

T_TEST(peek_waits_for_as_much_and_reads_nothing)
{
    const void *p;
    char got[16];
    struct scripted s = scripted_of("abcdefghijklmnop", 16, 3);
    leat_reader *r = reader_of(&s, 0);

    leat_reader_free(r);
    r = reader_of(&s, 16);
    T_EQ(leat_reader_peek(r, &p, 0), 0);
    T_EQ(leat_reader_peek(r, &p, 1), 1);
    T_MEMEQ(p, "a", 1);
    T_EQ(leat_reader_peek(r, &p, 4), 4);
    T_MEMEQ(p, "abcd", 4);
    T_ERR(leat_reader_peek(r, &p, 17), -EMSGSIZE);
    T_EQ(leat_reader_read_full(r, got, 3), 3);
    T_MEMEQ(got, "abc", 3);
    T_EQ(leat_reader_peek(r, &p, 13), 13);
    T_MEMEQ(p, "defghijklmnop", 13);
    T_EQ(leat_reader_peek(r, &p, 14), 13); /* the end: less than was asked for */
    T_EQ(leat_reader_discard(r, 20), 13);
    T_EQ(leat_reader_peek(r, &p, 1), 0);
    leat_reader_free(r);
}

T_TEST(an_error_comes_after_the_bytes_before_it_and_is_not_kept)
{
    const void *p;
    char got[16];
    struct scripted s = scripted_of("abcdef", 6, 4);
    leat_reader *r = reader_of(&s, 16);

    s.end = -ETIMEDOUT;
    T_ERR(leat_reader_peek(r, &p, 7), -ETIMEDOUT);
    T_EQ(leat_reader_buffered(r), 6);
    T_EQ(leat_reader_read(r, got, 16), 6);
    T_MEMEQ(got, "abcdef", 6);
    T_ERR(leat_reader_read(r, got, 16), -ETIMEDOUT);
    s.end = 0;
    T_ERR(leat_reader_read(r, got, 16), 0);
    T_ERR(leat_reader_read_full(r, got, 16), 0);
    s.text = "xyz";
    s.at = 0;
    s.len = 3;
    T_ERR(leat_reader_read_full(r, got, 16), -ENODATA);
    leat_reader_free(r);
}

T_TEST(discard_counts_what_it_drops)
{
    char text[TEXT];
    static const size_t asked[] = {0, 1, 15, 16, 17, 100, 400, 401, 5000};

    digits(text, TEXT);
    for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
        struct scripted s = scripted_of(text, 401, 7);
        leat_reader *r = reader_of(&s, 16);
        size_t want = asked[i] < 401 ? asked[i] : 401;
        T_EQ(leat_reader_discard(r, asked[i]), (int64_t)want);
        T_EQ(leat_reader_read_byte(r), want < 401 ? text[want] : -ENODATA);
        leat_reader_free(r);
    }
    struct scripted s = scripted_of(text, 20, 7);
    leat_reader *r = reader_of(&s, 16);
    s.end = -EIO;
    T_ERR(leat_reader_discard(r, 21), -EIO);
    leat_reader_free(r);
}

T_TEST(until_finds_within_its_memory)
{
    const void *p;
    struct scripted s = scripted_of("ab,cdefghijklmnopqrs,tail", 25, 3);
    leat_reader *r = reader_of(&s, 16);

    T_EQ(leat_reader_until(r, ',', &p), 3);
    T_MEMEQ(p, "ab,", 3);
    T_ERR(leat_reader_until(r, ',', &p), -EMSGSIZE);
    T_EQ(leat_reader_buffered(r), 16);
    T_ERR(leat_reader_until(r, ',', &p), -EMSGSIZE);
    T_EQ(leat_reader_discard(r, 10), 10);
    T_EQ(leat_reader_until(r, ',', &p), 8);
    T_MEMEQ(p, "mnopqrs,", 8);
    T_EQ(leat_reader_until(r, ',', &p), 4);
    T_MEMEQ(p, "tail", 4);
    T_EQ(leat_reader_until(r, ',', &p), 0);
    leat_reader_free(r);
}

T_TEST(lines_end_as_lines_do)
{
    static const char text[] = "one\ntwo\r\n\n\r\n\rthree\r\rx\r\r\nlast\r";
    static const char *const want[] = {"one", "two", "", "", "\rthree\r\rx\r", "last\r"};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++) {
            struct scripted s = scripted_of(text, sizeof(text) - 1, steps[k]);
            leat_reader *r = reader_of(&s, sizes[i]);
            char line[64];
            for (size_t n = 0; n < sizeof(want) / sizeof(*want); n++) {
                T_EQ(leat_reader_line(r, line, sizeof(line)), (int64_t)strlen(want[n]));
                T_STREQ(line, want[n]);
            }
            T_ERR(leat_reader_line(r, line, sizeof(line)), -ENODATA);
            T_STREQ(line, "");
            leat_reader_free(r);
        }
}

static void line_is(leat_reader *r, size_t size, int64_t result, const char *text)
{
    char line[32] = "unchanged";

    T_EQ(leat_reader_line(r, line, size), result);
    T_STREQ(line, text);
}

T_TEST(a_line_may_be_as_long_as_there_is_room_for)
{
    static const char text[] = "hello\nhello\r\nhello!\nhell\r\r\nhello\rx\nhello\r";

    for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++) {
        struct scripted s = scripted_of(text, sizeof(text) - 1, steps[k]);
        leat_reader *r = reader_of(&s, 16);
        line_is(r, 6, 5, "hello");
        line_is(r, 6, 5, "hello");
        line_is(r, 6, -EMSGSIZE, "hello");
        line_is(r, 6, 1, "!");
        line_is(r, 6, 5, "hell\r");
        line_is(r, 6, -EMSGSIZE, "hello");
        line_is(r, 6, 2, "\rx");
        line_is(r, 6, -EMSGSIZE, "hello");
        line_is(r, 1, -EMSGSIZE, "");
        line_is(r, 6, 1, "\r");
        line_is(r, 1, -ENODATA, "");
        line_is(r, 0, -EINVAL, "unchanged");
        leat_reader_free(r);
    }
}

T_TEST(lines_longer_than_the_buffer_grow_up_to_their_limit)
{
    char text[TEXT], *line = NULL;
    size_t size = 0;

    memset(text, 'x', TEXT);
    text[300] = '\n';
    text[800] = '\n';
    for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++) {
        struct scripted s = scripted_of(text, TEXT, steps[k]);
        leat_reader *r = reader_of(&s, 16);
        T_EQ(leat_reader_getline(r, &line, &size, SIZE_MAX), 300);
        T_EQ(strlen(line), 300);
        T_EQ(leat_reader_getline(r, &line, &size, 498), -EMSGSIZE);
        T_EQ(strlen(line), 498);
        T_EQ(leat_reader_getline(r, &line, &size, 498), 1);
        T_EQ(leat_reader_getline(r, &line, &size, 199), 199);
        T_EQ(strlen(line), 199);
        T_EQ(leat_reader_getline(r, &line, &size, 199), -ENODATA);
        leat_reader_free(r);
    }
    free(line);
}

T_TEST(getdelim_keeps_the_delimiter)
{
    static const char text[] = "a\0bcdefghijklmnopqrstuvwxyz\0tail";
    char *piece = NULL;
    size_t size = 0;

    for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++) {
        struct scripted s = scripted_of(text, sizeof(text) - 1, steps[k]);
        leat_reader *r = reader_of(&s, 16);
        T_EQ(leat_reader_getdelim(r, &piece, &size, '\0', 100), 2);
        T_MEMEQ(piece, "a\0", 3);
        T_ERR(leat_reader_getdelim(r, &piece, &size, '\0', 20), -EMSGSIZE);
        T_STREQ(piece, "bcdefghijklmnopqrstu");
        T_EQ(leat_reader_getdelim(r, &piece, &size, '\0', 6), 6);
        T_STREQ(piece, "vwxyz");
        T_EQ(leat_reader_getdelim(r, &piece, &size, '\0', 100), 4);
        T_STREQ(piece, "tail");
        T_EQ(leat_reader_getdelim(r, &piece, &size, '\0', 100), 0);
        leat_reader_free(r);
    }
    free(piece);
}

T_TEST(an_error_in_a_line_leaves_what_came)
{
    struct scripted s = scripted_of("whole\nhal", 9, 2);
    leat_reader *r = reader_of(&s, 16);

    s.end = -ECONNRESET;
    line_is(r, 32, 5, "whole");
    line_is(r, 32, -ECONNRESET, "hal");
    line_is(r, 32, -ECONNRESET, "");
    leat_reader_free(r);
}

T_TEST(a_reader_without_a_stream_is_closed_until_it_gets_one)
{
    struct scripted a = scripted_of("aaaa", 4, 4), b = scripted_of("bb", 2, 2);
    leat_reader *r;
    char got[4];

    T_ERR(leat_reader_make(&r, NULL, 0), 0);
    T_ERR(leat_reader_read(r, got, 1), -EBADF);
    leat_reader_reset(r, &a.io);
    T_EQ(leat_reader_read(r, got, 1), 1);
    leat_reader_reset(r, &b.io);
    T_EQ(leat_reader_buffered(r), 0);
    T_ERR(leat_reader_unread_byte(r), -EINVAL);
    T_EQ(leat_reader_read(r, got, 4), 2);
    T_MEMEQ(got, "bb", 2);
    leat_reader_free(r);
}

T_TEST(memory_that_cannot_be_had_is_an_error)
{
    struct scripted s = scripted_of("", 0, 1);
    leat_reader *r;
    leat_writer *w;

    T_ERR(leat_reader_make(&r, &s.io, SIZE_MAX), -ENOMEM);
    T_ERR(leat_writer_make(&w, &s.io, SIZE_MAX), -ENOMEM);
}

/* ---- writing ---- */

T_TEST(what_is_written_arrives_in_order)
{
    char text[TEXT];

    digits(text, TEXT);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        for (size_t piece = 1; piece < 300; piece = piece * 2 + 1) {
            struct scripted s = scripted_of("", 0, 1);
            leat_writer *w = writer_of(&s, sizes[i]);
            size_t size = sizes[i] ? sizes[i] : 4096;
            for (size_t at = 0; at < TEXT; at += piece) {
                size_t part = TEXT - at < piece ? TEXT - at : piece;
                T_EQ(leat_writer_write(w, text + at, part), (int64_t)part);
                T_LE(leat_writer_buffered(w), size);
                T_EQ(leat_writer_buffered(w) + s.got_len, at + part);
            }
            T_ERR(leat_writer_flush(w), 0);
            T_EQ(s.got_len, TEXT);
            T_MEMEQ(s.got, text, TEXT);
            leat_writer_free(w);
            free(s.got);
        }
}

T_TEST(small_writes_are_collected)
{
    struct scripted s = scripted_of("", 0, 1);
    leat_writer *w = writer_of(&s, 100);

    for (int i = 0; i < 100; i++)
        T_ERR(leat_writer_write_byte(w, 'a' + i % 26), 0);
    T_EQ(s.writes, 0);
    T_EQ(leat_writer_write(w, "!", 1), 1);
    T_EQ(s.writes, 1);
    T_EQ(s.got_len, 101);
    T_ERR(leat_writer_flush(w), 0);
    T_EQ(s.writes, 1); /* nothing left to be flushed */
    leat_writer_free(w);
    free(s.got);
}

T_TEST(the_first_error_stays)
{
    struct scripted s = scripted_of("", 0, 1), other = scripted_of("", 0, 1);
    leat_writer *w = writer_of(&s, 16);

    s.room = 10;
    T_EQ(leat_writer_write(w, "0123456789abcdef", 16), 16);
    T_ERR(leat_writer_flush(w), -ENOSPC);
    T_EQ(leat_writer_buffered(w), 6);
    s.room = 100;
    T_ERR(leat_writer_flush(w), -ENOSPC);
    T_ERR(leat_writer_write(w, "x", 1), -ENOSPC);
    T_ERR(leat_writer_write_byte(w, 'x'), -ENOSPC);
    T_ERR(leat_writer_line(w, "x"), -ENOSPC);
    T_ERR(leat_writer_printf(w, "%d", 1), -ENOSPC);
    T_ERR(leat_writer_copy_from(w, &other.io), -ENOSPC);
    T_EQ(s.writes, 1);
    leat_writer_reset(w, &other.io);
    T_EQ(leat_writer_write(w, "y", 1), 1);
    T_ERR(leat_writer_flush(w), 0);
    T_STREQ(other.got, "y");
    leat_writer_free(w);
    free(s.got);
    free(other.got);
}

T_TEST(printf_prints_into_the_buffer_or_beside_it)
{
    struct scripted s = scripted_of("", 0, 1);
    leat_writer *w = writer_of(&s, 16);
    char want[128];

    T_EQ(leat_writer_printf(w, "%s-%d", "abc", 42), 6);
    T_EQ(leat_writer_printf(w, "%010d", 7), 10); /* exactly full */
    T_EQ(leat_writer_buffered(w), 16);
    T_EQ(leat_writer_printf(w, "%s", ""), 0);
    T_EQ(leat_writer_printf(w, "%40s|", "right"), 41);
    T_EQ(leat_writer_line(w, "done"), 5);
    T_ERR(leat_writer_flush(w), 0);
    snprintf(want, sizeof(want), "abc-420000000007%40s|done\n", "right");
    T_STREQ(s.got, want);
    leat_writer_free(w);
    free(s.got);
}

/* ---- limits ---- */

T_TEST(the_limit_of_a_reader_and_a_writer)
{
    int fds[2];
    leat_io *a, *b;
    leat_reader *r;
    leat_writer *w;
    char c, *big = calloc(1, 8 << 20);
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, 2 * LEAT_MILLISECOND));

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    T_ERR(leat_io_adopt(&a, fds[0]), 0);
    T_ERR(leat_io_adopt(&b, fds[1]), 0);
    T_ERR(leat_reader_make(&r, a, 0), 0);
    T_ERR(leat_writer_make(&w, a, 0), 0);
    leat_reader_set_limit(r, ctx, LEAT_FOREVER);
    T_ERR(leat_reader_read(r, &c, 1), -ETIMEDOUT);
    leat_reader_set_limit(r, NULL, leat_now() + LEAT_MILLISECOND);
    T_ERR(leat_reader_read_byte(r), -ETIMEDOUT);
    T_ERR(leat_reader_line(r, &c, 1), -ETIMEDOUT);
    leat_reader_set_limit(r, NULL, LEAT_FOREVER);
    T_EQ(leat_write(b, "z", 1), 1);
    T_EQ(leat_reader_read_byte(r), 'z');
    leat_writer_set_limit(w, NULL, leat_now() + LEAT_MILLISECOND);
    T_ERR(leat_writer_write(w, big, 8 << 20), -ETIMEDOUT);
    T_ERR(leat_writer_flush(w), -ETIMEDOUT);
    leat_writer_reset(w, a);
    leat_writer_set_limit(w, ctx, LEAT_FOREVER);
    T_ERR(leat_writer_write(w, big, 8 << 20), -ETIMEDOUT);
    leat_reader_free(r);
    leat_writer_free(w);
    leat_io_free(a);
    leat_io_free(b);
    free(big);
}

static void read_a_line(leat_int_chan results, leat_reader *r)
{
    char line[16];

    leat_send(results, (int)leat_reader_line(r, line, sizeof(line)));
}

T_TEST(closing_the_stream_ends_a_buffered_read)
{
    for (long i = 0; i < t_scale(200); i++) {
        int fds[2], got;
        leat_io *a;
        leat_reader *r;
        leat_scoped_chan(leat_int_chan, results, 0);
        T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        T_ERR(leat_io_adopt(&a, fds[0]), 0);
        T_ERR(leat_reader_make(&r, a, 0), 0);
        T_EQ(write(fds[1], "no end", 6), 6);
        leat_go(read_a_line, results, r);
        if (i % 2)
            leat_yield();
        T_ERR(leat_io_close(a), 0);
        leat_recv(results, &got);
        T_ERR(got, -EBADF);
        leat_reader_free(r);
        leat_io_free(a);
        close(fds[1]);
    }
}

/* ---- copying ---- */

T_TEST(a_copy_is_whole_or_as_long_as_asked)
{
    char text[TEXT];
    int64_t done;

    digits(text, TEXT);
    for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++) {
        struct scripted from = scripted_of(text, TEXT, steps[k]), to = scripted_of("", 0, 1);
        T_EQ(leat_copy_n(&to.io, &from.io, 0, &done, NULL), 0);
        T_EQ(from.reads, 0);
        T_EQ(leat_copy_n(&to.io, &from.io, 501, &done, NULL), 501);
        T_EQ(done, 501);
        T_EQ(from.at, 501);
        T_EQ(leat_copy(&to.io, &from.io), TEXT - 501);
        T_EQ(leat_copy_n(&to.io, &from.io, 7, &done, NULL), 0);
        T_EQ(to.got_len, TEXT);
        T_MEMEQ(to.got, text, TEXT);
        T_ERR(leat_copy_n(&to.io, &from.io, -1, NULL, NULL), -EINVAL);
        free(to.got);
    }
}

T_TEST(a_copy_says_what_went_wrong)
{
    struct scripted from = scripted_of("0123456789", 10, 4), to = scripted_of("", 0, 1);
    int64_t done;
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));

    to.room = 6;
    T_ERR(leat_copy_n(&to.io, &from.io, 100, &done, NULL), -ENOSPC);
    T_EQ(done, 6);
    to.room = 100;
    from.at = 0;
    from.end = -EIO;
    T_ERR(leat_copy_n(&to.io, &from.io, INT64_MAX, &done, NULL), -EIO);
    T_EQ(done, 10);
    leat_ctx_cancel(ctx);
    T_ERR(leat_copy_ctx(ctx, &to.io, &from.io), -ECANCELED);
    free(to.got);
}

T_TEST(readers_and_writers_copy_what_they_hold_first)
{
    struct scripted from = scripted_of("0123456789abcdefghijklmnop", 26, 20);
    struct scripted to = scripted_of("", 0, 1);
    leat_reader *r = reader_of(&from, 32);
    leat_writer *w = writer_of(&to, 32);

    T_EQ(leat_reader_read_byte(r), '0');
    T_EQ(leat_reader_copy_to(r, &to.io), 25);
    T_STREQ(to.got, "123456789abcdefghijklmnop");
    from.at = 10;
    T_EQ(leat_writer_write(w, "<<", 2), 2);
    T_EQ(leat_writer_copy_from(w, &from.io), 16);
    T_EQ(leat_writer_write(w, ">>", 2), 2);
    from.at = 10;
    from.end = -EIO;
    T_ERR(leat_writer_copy_from(w, &from.io), -EIO);
    T_ERR(leat_writer_flush(w), 0); /* the reading side's error is not the writer's */
    T_STREQ(to.got + 25, "<<abcdefghijklmnop>>abcdefghijklmnop");
    to.room = to.got_len;
    from.at = 10;
    T_ERR(leat_writer_copy_from(w, &from.io), -ENOSPC);
    T_ERR(leat_writer_flush(w), -ENOSPC);
    leat_reader_free(r);
    leat_writer_free(w);
    free(to.got);
}
