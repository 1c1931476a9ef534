/* SPDX-License-Identifier: MIT */
/* fd_test.c - streams on descriptors: waiting, deadlines, closing, many at once. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <leat.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t.h"

struct pair {
    leat_io *a, *b;
};

static struct pair pair_make(void)
{
    struct pair p;
    int fds[2];

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    T_ERR(leat_io_adopt(&p.a, fds[0]), 0);
    T_ERR(leat_io_adopt(&p.b, fds[1]), 0);
    return p;
}

static void pair_free(struct pair *p)
{
    leat_io_free(p->a);
    leat_io_free(p->b);
}

static void echo(leat_waitgroup *wg, leat_io *io)
{
    char buf[64];
    int64_t n;

    while ((n = leat_read(io, buf, sizeof buf)) > 0)
        T_EQ(leat_write(io, buf, (size_t)n), n);
    T_ERR(n, 0);
    leat_waitgroup_done(wg);
}

T_TEST(what_is_written_is_read)
{
    struct pair p = pair_make();
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 1);
    leat_go(echo, &wg, p.b);
    for (long i = 0; i < t_scale(2000); i++) {
        char got[16] = "";
        T_EQ(leat_write(p.a, "hello", 5), 5);
        T_EQ(leat_read_full(p.a, got, 5), 5);
        T_STREQ(got, "hello");
    }
    T_ERR(leat_io_shutdown(p.a, LEAT_WRITE), 0);
    leat_waitgroup_wait(&wg);
    pair_free(&p);
}

static void read_nothing(leat_int_chan results, leat_io *io)
{
    char c;

    leat_send(results, (int)leat_read(io, &c, 1));
}

T_TEST(close_wakes_a_reader)
{
    for (long i = 0; i < t_scale(500); i++) {
        struct pair p = pair_make();
        leat_scoped_chan(leat_int_chan, results, 0);
        int got;
        leat_go(read_nothing, results, p.a);
        if (i % 2)
            leat_sleep(20 * LEAT_MICROSECOND);
        T_ERR(leat_io_close(p.a), 0);
        leat_recv(results, &got);
        T_ERR(got, -EBADF);
        T_ERR(leat_io_close(p.a), -EBADF);
        pair_free(&p);
    }
}

T_TEST(a_deadline_wakes_a_reader)
{
    struct pair p = pair_make();
    leat_scoped_chan(leat_int_chan, results, 0);
    int got;

    leat_go(read_nothing, results, p.a);
    leat_sleep(LEAT_MILLISECOND);
    T_ERR(leat_io_set_deadline(p.a, LEAT_READ, leat_now() + LEAT_MILLISECOND), 0);
    leat_recv(results, &got);
    T_ERR(got, -ETIMEDOUT);
    leat_go(read_nothing, results, p.a); /* it holds until it is changed */
    leat_recv(results, &got);
    T_ERR(got, -ETIMEDOUT);
    leat_io_set_deadline(p.a, LEAT_READ, LEAT_FOREVER);
    leat_go(read_nothing, results, p.a);
    T_EQ(leat_write(p.b, "x", 1), 1);
    leat_recv(results, &got);
    T_EQ(got, 1);
    pair_free(&p);
}

T_TEST(a_context_ends_a_read)
{
    struct pair p = pair_make();
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, LEAT_MILLISECOND));
    char c;

    T_ERR(leat_read_ctx(ctx, p.a, &c, 1), -ETIMEDOUT);
    T_ERR(leat_read_until(p.a, &c, 1, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    pair_free(&p);
}

static void write_much(leat_waitgroup *wg, leat_io *io, size_t size)
{
    char block[4096];

    memset(block, 'x', sizeof block);
    for (size_t done = 0; done < size; done += sizeof block)
        T_EQ(leat_write(io, block, sizeof block), (int64_t)sizeof block);
    leat_waitgroup_done(wg);
}

T_TEST(writers_wait_for_room)
{
    struct pair p = pair_make();
    leat_waitgroup wg = {0};
    size_t size = (size_t)t_scale(64) << 16, got = 0;
    char buf[30000];

    leat_waitgroup_add(&wg, 2);
    leat_go(write_much, &wg, p.b, size);
    leat_go(write_much, &wg, p.b, size);
    while (got < 2 * size)
        got += (size_t)leat_read(p.a, buf, sizeof buf);
    T_EQ(got, 2 * size);
    leat_waitgroup_wait(&wg);
    pair_free(&p);
}

T_TEST(a_reader_that_has_gone_is_EPIPE_and_no_signal)
{
    struct pair p = pair_make();
    int fds[2];
    leat_io *pipe_end;

    leat_io_free(p.b);
    T_ERR(leat_write(p.a, "x", 1), -EPIPE);
    leat_io_free(p.a);
    T_EQ(pipe2(fds, O_CLOEXEC), 0);
    close(fds[0]);
    T_ERR(leat_io_adopt(&pipe_end, fds[1]), 0);
    T_ERR(leat_write(pipe_end, "x", 1), -EPIPE);
    leat_io_free(pipe_end);
}

enum { PAIRS = 200 };

T_TEST(many_talk_at_once)
{
    static struct pair pairs[PAIRS];
    leat_waitgroup wg = {0};

    for (int i = 0; i < PAIRS; i++) {
        pairs[i] = pair_make();
        leat_waitgroup_add(&wg, 1);
        leat_go(echo, &wg, pairs[i].b);
    }
    for (long round = 0; round < t_scale(50); round++) {
        char c = 'a';
        for (int i = 0; i < PAIRS; i++)
            T_EQ(leat_write(pairs[i].a, &c, 1), 1);
        for (int i = 0; i < PAIRS; i++)
            T_EQ(leat_read(pairs[i].a, &c, 1), 1);
    }
    for (int i = 0; i < PAIRS; i++)
        leat_io_shutdown(pairs[i].a, LEAT_WRITE);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < PAIRS; i++)
        pair_free(&pairs[i]);
}

T_TEST(who_waits_for_a_descriptor_is_not_deadlocked_but_one_without_is, .expect_exit = 2,
       .expect_stderr = {"all goroutines are asleep - deadlock!"})
{
    struct pair p = pair_make();
    leat_scoped_chan(leat_int_chan, results, 0);
    int got;

    leat_go(read_nothing, results, p.a);
    leat_sleep(20 * LEAT_MILLISECOND);
    leat_write(p.b, "x", 1);
    leat_recv(results, &got);
    T_EQ(got, 1);
    leat_recv(results, &got);
}
