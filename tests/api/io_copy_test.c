/* SPDX-License-Identifier: MIT */
/* io_copy_test.c - copies of streams: through memory, and where the kernel moves the bytes. */
#define _GNU_SOURCE
#include "io_kinds.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEXT = 1000 };

static const size_t steps[] = {1, 2, 7, 500, 5000};

/* "0123..." of the given length. */
static void digits(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('0' + i % 75);
}

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

/* ---- between descriptors ---- */

enum { MOVED = 3 << 20, KINDS = 3 };

/* Something that reads what is written to the other: a pipe, a Unix and a TCP connection. */
static void two_ends(int kind, leat_io *ends[2])
{
    int fds[2];

    if (kind == 0) {
        T_ERR(leat_pipe(ends), 0);
        return;
    }
    if (kind == 1) {
        T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    } else {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof(at);
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        T_EQ(bind(listener, (struct sockaddr *)&at, size), 0);
        T_EQ(listen(listener, 1), 0);
        T_EQ(getsockname(listener, (struct sockaddr *)&at, &size), 0);
        T_EQ(connect(fds[1], (struct sockaddr *)&at, size), 0);
        fds[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        T_GE(fds[0], 0);
        close(listener);
    }
    T_ERR(leat_io_adopt(&ends[0], fds[0]), 0);
    T_ERR(leat_io_adopt(&ends[1], fds[1]), 0);
}

static void feed(leat_waitgroup *wg, leat_io *to, const char *text, size_t n)
{
    for (size_t at = 0; at < n;) {
        size_t part = (size_t)(t_rand() % 100000) + 1;
        part = part < n - at ? part : n - at;
        T_EQ(leat_write(to, text + at, part), (int64_t)part);
        at += part;
    }
    leat_io_close(to);
    leat_waitgroup_done(wg);
}

static void check_all(leat_waitgroup *wg, leat_io *from, const char *text, size_t n)
{
    char *got = malloc(n + 1);

    T_EQ(leat_read_full(from, got, n), (int64_t)n);
    T_MEMEQ(got, text, n);
    T_EQ(leat_read(from, got, 1), 0);
    free(got);
    leat_waitgroup_done(wg);
}

static void copy_between(int from, int to, const char *text)
{
    leat_io *in[2], *out[2];
    leat_waitgroup wg = {0};
    int64_t done;

    two_ends(from, in);
    two_ends(to, out);
    leat_waitgroup_add(&wg, 2);
    leat_go(feed, &wg, in[1], text, (size_t)MOVED);
    leat_go(check_all, &wg, out[0], text, (size_t)MOVED);
    T_EQ(leat_copy_n(out[1], in[0], 1000, &done, NULL), 1000);
    char byte;
    T_EQ(leat_read(in[0], &byte, 1), 1); /* reads in between find what comes next */
    T_EQ(byte, text[1000]);
    T_EQ(leat_write(out[1], &byte, 1), 1);
    T_EQ(leat_copy(out[1], in[0]), MOVED - 1001);
    leat_io_close(out[1]);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < 2; i++) {
        leat_io_free(in[i]);
        leat_io_free(out[i]);
    }
}

T_TEST(copies_between_descriptors_are_whole)
{
    char *text = malloc(MOVED);

    for (size_t i = 0; i < MOVED; i++)
        text[i] = (char)(i * 7 / 3);
    for (int from = 0; from < KINDS; from++)
        for (int to = 0; to < KINDS; to++)
            copy_between(from, to, text);
    free(text);
}

T_TEST(copies_between_descriptors_begin_with_a_file)
{
    char *text = malloc(MOVED), path[128];
    leat_io *f, *out[2];

    for (size_t i = 0; i < MOVED; i++)
        text[i] = (char)(i * 5 / 3);
    T_ERR(leat_temp_file(&f, path, sizeof(path), NULL, "leat-copy-"), 0);
    T_EQ(unlink(path), 0);
    T_EQ(leat_write(f, text, MOVED), MOVED);
    for (int to = 0; to < KINDS; to++) {
        leat_waitgroup wg = {0};
        two_ends(to, out);
        T_EQ(leat_seek(f, 0, SEEK_SET), 0);
        leat_waitgroup_add(&wg, 1);
        leat_go(check_all, &wg, out[0], text, (size_t)MOVED);
        T_EQ(leat_copy_n(out[1], f, 77777, NULL, NULL), 77777);
        T_EQ(leat_seek(f, 0, SEEK_CUR), 77777);
        T_EQ(leat_copy(out[1], f), MOVED - 77777);
        leat_io_close(out[1]);
        leat_waitgroup_wait(&wg);
        leat_io_free(out[0]);
        leat_io_free(out[1]);
    }
    leat_io_free(f);
    free(text);
}

/* A file that is open for appending takes nothing from a pipe, nor does the kernel from a
 * directory: what has moved by then is not lost. */
T_TEST(copies_between_descriptors_that_the_kernel_refuses)
{
    char *text = malloc(MOVED), path[128], *got;
    leat_io *f, *in[2];
    leat_waitgroup wg = {0};
    size_t n;

    for (size_t i = 0; i < MOVED; i++)
        text[i] = (char)(i * 3 / 2);
    T_ERR(leat_temp_file(&f, path, sizeof(path), NULL, "leat-copy-"), 0);
    leat_io_free(f);
    for (int from = 0; from < KINDS; from++) {
        two_ends(from, in);
        T_ERR(leat_io_adopt(&f, open(path, O_WRONLY | O_APPEND | O_TRUNC | O_CLOEXEC)), 0);
        leat_waitgroup_add(&wg, 1);
        leat_go(feed, &wg, in[1], text, (size_t)MOVED);
        T_EQ(leat_copy(f, in[0]), MOVED);
        leat_waitgroup_wait(&wg);
        T_ERR(leat_read_file(path, &got, &n), 0);
        T_EQ(n, MOVED);
        T_MEMEQ(got, text, n);
        free(got);
        leat_io_free(f);
        leat_io_free(in[0]);
        leat_io_free(in[1]);
    }
    T_EQ(unlink(path), 0);
    two_ends(0, in);
    T_ERR(leat_open(&f, "/", O_RDONLY, 0), 0);
    T_ERR(leat_copy(in[1], f), -EISDIR);
    leat_io_free(f);
    leat_io_free(in[0]);
    leat_io_free(in[1]);
    free(text);
}

static void copy_checked(leat_int_chan results, leat_io *to, leat_io *from)
{
    leat_send(results, (int)leat_copy(to, from));
}

/* Closing either side, a context, and a reader that has gone. */
T_TEST(copies_between_descriptors_end_early)
{
    static char big[1 << 20];

    for (int from = 0; from < KINDS; from++)
        for (int to = 0; to < KINDS; to++)
            for (int how = 0; how < 4; how++) {
                leat_io *in[2], *out[2];
                leat_scoped_chan(leat_int_chan, results, 1);
                int got;
                two_ends(from, in);
                two_ends(to, out);
                leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, LEAT_MILLISECOND));
                if (how == 0)
                    T_ERR(leat_copy_ctx(ctx, out[1], in[0]), -ETIMEDOUT);
                if (how == 1) {
                    leat_go(copy_checked, results, out[1], in[0]);
                    leat_yield();
                    T_ERR(leat_io_close(in[0]), 0);
                    T_TRUE(leat_recv(results, &got));
                    T_ERR(got, -EBADF);
                }
                if (how == 2) {
                    leat_go(copy_checked, results, out[1], in[0]);
                    leat_write_until(in[1], big, 1 << 20, leat_now() + LEAT_MILLISECOND);
                    T_ERR(leat_io_close(out[1]), 0);
                    T_ERR(leat_io_close(in[1]), 0);
                    T_TRUE(leat_recv(results, &got));
                    T_TRUE(got == -EBADF || got > 0); /* or there was room for all of it */
                }
                if (how == 3 && to < 2) {
                    leat_io_close(out[0]);
                    T_EQ(leat_write(in[1], "x", 1), 1);
                    T_ERR(leat_copy(out[1], in[0]), -EPIPE);
                }
                for (int i = 0; i < 2; i++) {
                    leat_io_free(in[i]);
                    leat_io_free(out[i]);
                }
            }
}

/* ---- streams made of streams ---- */

static void read_is(leat_io *io, const char *want)
{
    char got[64] = "";
    size_t n = 0;
    int64_t part;

    while ((part = leat_read(io, got + n, sizeof(got) - 1 - n)) > 0)
        n += (size_t)part;
    T_ERR(part, 0);
    T_STREQ(got, want);
    T_ERR(leat_read(io, got, 1), 0);
}

T_TEST(a_limited_stream_ends_early)
{
    for (int64_t n = 0; n < 14; n++) {
        struct scripted s = scripted_of("0123456789", 10, 3);
        leat_io *io;
        char want[16] = "";
        T_ERR(leat_io_limited(&io, &s.io, n), 0);
        memcpy(want, "0123456789", n < 10 ? (size_t)n : 10);
        read_is(io, want);
        T_EQ(s.at, n < 10 ? (size_t)n : 10); /* nothing beyond was read */
        T_ERR(leat_write(io, "x", 1), -EOPNOTSUPP);
        leat_io_free(io);
    }
    struct scripted s = scripted_of("0123456789", 10, 10);
    leat_io *io;
    char a[2], b[20];
    const leat_iovec to[] = {{NULL, 0}, {a, 2}, {b, 20}};
    T_ERR(leat_io_limited(&io, &s.io, -1), -EINVAL);
    T_ERR(leat_io_limited(&io, &s.io, 5), 0);
    T_EQ(leat_readv(io, to, 3, NULL), 2);
    T_MEMEQ(a, "01", 2);
    T_EQ(leat_readv(io, to + 2, 1, NULL), 3);
    T_MEMEQ(b, "234", 3);
    leat_io_free(io);
}

T_TEST(a_tee_writes_what_it_reads)
{
    struct scripted from = scripted_of("0123456789", 10, 4), to = scripted_of("", 0, 1);
    leat_io *io;

    T_ERR(leat_io_tee(&io, &from.io, &to.io), 0);
    read_is(io, "0123456789");
    T_STREQ(to.got, "0123456789");
    leat_io_free(io);
    from.at = 0;
    to.room = 12;
    T_ERR(leat_io_tee(&io, &from.io, &to.io), 0);
    char c[8];
    T_ERR(leat_read(io, c, 8), -ENOSPC);
    T_STREQ(to.got, "012345678901");
    leat_io_free(io);
    free(to.got);
}

T_TEST(joined_streams_are_read_in_turn)
{
    struct scripted a = scripted_of("one ", 4, 3), b = scripted_of("", 0, 1);
    struct scripted c = scripted_of("two", 3, 1);
    leat_io *parts[] = {&a.io, &b.io, &c.io}, *io;

    T_ERR(leat_io_joined(&io, parts, -1), -EINVAL);
    T_ERR(leat_io_joined(&io, NULL, 0), 0);
    read_is(io, "");
    leat_io_free(io);
    T_ERR(leat_io_joined(&io, parts, 3), 0);
    read_is(io, "one two");
    leat_io_free(io);
    a.at = 0;
    a.end = -EIO;
    T_ERR(leat_io_joined(&io, parts, 3), 0);
    char got[8];
    T_EQ(leat_read_full(io, got, 4), 4);
    T_ERR(leat_read(io, got, 1), -EIO);
    T_ERR(leat_io_close(io), 0);
    T_ERR(leat_read(io, got, 1), -EBADF);
    T_ERR(leat_io_close(io), -EBADF);
    leat_io_free(io);
}

/* What they are made of lives as long as they do. */
T_TEST(composed_streams_hold_their_parts)
{
    leat_io *part, *limited, *tee, *kept, *joined;
    size_t n;

    T_ERR(leat_io_bytes(&part, "abcdef", 6), 0);
    T_ERR(leat_io_memory(&kept), 0);
    T_ERR(leat_io_limited(&limited, part, 4), 0);
    leat_io_unref(part);
    T_ERR(leat_io_tee(&tee, limited, kept), 0);
    leat_io_unref(limited);
    T_ERR(leat_io_joined(&joined, &tee, 1), 0);
    leat_io_unref(tee);
    read_is(joined, "abcd");
    leat_io_free(joined);
    T_MEMEQ(leat_io_memory_bytes(kept, &n), "abcd", 4);
    T_EQ(n, 4);
    leat_io_free(kept);
}
