/* SPDX-License-Identifier: MIT */
/* io_readable_test.c - waiting for something to read, without a buffer. */
#include "net_util.h"

#include <fcntl.h>
#include <stdlib.h>

enum { PART = 64, MANY = 40 };

/* ---- each kind: what comes, in parts of any size, is waited for and read ---- */

static const char *const kinds[] = {"tcp",    "unix",    "unixpacket", "pipe",
                                    "memory", "limited", "tee"};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* a writes, b reads; `below` is what b is made of, and `copy` where it writes. */
struct ends {
    leat_io *a, *b, *below, *copy;
};

static struct ends pipe_ends(int err, leat_io *const io[2])
{
    T_ERR(err, 0);
    return (struct ends){.a = io[1], .b = io[0]};
}

static struct ends ends_of(const char *kind)
{
    leat_io *io[2];
    struct ends e;

    if (strcmp(kind, "pipe") == 0)
        return pipe_ends(leat_pipe(io), io);
    if (strcmp(kind, "memory") == 0)
        return pipe_ends(leat_io_pipe(io), io);
    struct pair p = pair_of(strchr("lt", kind[0]) && strcmp(kind, "tcp") != 0 ? "tcp" : kind);
    e = (struct ends){.a = p.a, .b = p.b};
    if (strcmp(kind, "limited") != 0 && strcmp(kind, "tee") != 0)
        return e;
    e.below = e.b;
    if (kind[0] == 'l') {
        T_ERR(leat_io_limited(&e.b, e.below, INT64_MAX - 1), 0);
    } else {
        T_ERR(leat_io_memory(&e.copy), 0);
        T_ERR(leat_io_tee(&e.b, e.below, e.copy), 0);
    }
    return e;
}

static void ends_free(struct ends *e)
{
    leat_io_free(e->b);
    leat_io_free(e->below);
    leat_io_free(e->copy);
}

static char byte_at(long i)
{
    return (char)(i * 7 + i / 251);
}

static void writes_parts(leat_io *io, long all)
{
    char part[PART];

    for (long done = 0, n; done < all; done += n) {
        n = 1 + (long)(t_rand() % PART);
        n = n < all - done ? n : all - done;
        for (long i = 0; i < n; i++)
            part[i] = byte_at(done + i);
        T_EQ(leat_write(io, part, (size_t)n), n);
        if (t_rand() % 4 == 0)
            leat_yield();
    }
    leat_io_free(io);
}

/* Reads fill their memory, as they leave something, or do not. */
static void reads_what_it_waited_for(leat_io *io, bool whole, long all)
{
    char part[PART];
    long done = 0;

    for (;;) {
        size_t room = whole ? PART : 1 + (size_t)(t_rand() % PART);
        T_ERR(leat_io_wait_readable(io, NULL), 0);
        int64_t n = leat_read(io, part, room);
        T_TRUE(n >= 0);
        if (n == 0)
            break;
        for (long i = 0; i < n; i++)
            T_EQ(part[i], byte_at(done + i));
        done += n;
    }
    T_EQ(done, all);
    T_ERR(leat_io_wait_readable(io, NULL), 0); /* the end is something too */
}

T_TEST(what_comes_is_waited_for_and_read)
{
    for (int i = 0; i < KINDS; i++) {
        struct ends e = ends_of(kinds[i]);
        long all = t_scale(100000);

        leat_go(writes_parts, e.a, all);
        reads_what_it_waited_for(e.b, strcmp(kinds[i], "unixpacket") == 0, all);
        ends_free(&e);
    }
}

static void writes_one(leat_io *io)
{
    T_EQ(leat_write(io, "x", 1), 1);
    leat_io_unref(io);
}

static void waits_and_tells(leat_io *io, leat_bool_chan over)
{
    T_ERR(leat_io_wait_readable(io, NULL), 0);
    leat_send(over, true);
}

static void lasts_until_there_is_something(struct ends *e)
{
    leat_scoped_chan(leat_bool_chan, over, 1);
    char c;

    leat_go(waits_and_tells, e->b, over);
    leat_sleep(2 * LEAT_MILLISECOND);
    T_TRUE(!leat_try_recv(over, NULL));
    leat_go(writes_one, leat_io_ref(e->a));
    T_TRUE(leat_recv(over, NULL));
    T_ERR(leat_io_wait_readable(e->b, NULL), 0); /* nothing was read */
    T_EQ(leat_read(e->b, &c, 1), 1);
    const leat_limit at_once = {NULL, leat_now()};
    T_ERR(leat_io_wait_readable(e->b, &at_once), -ETIMEDOUT);
}

T_TEST(a_wait_lasts_until_there_is_something)
{
    for (int i = 0; i < KINDS; i++) {
        struct ends e = ends_of(kinds[i]);

        lasts_until_there_is_something(&e);
        leat_io_free(e.a);
        ends_free(&e);
    }
}

/* ---- many share what they read into ---- */

static void *make_part(void *unused)
{
    (void)unused;
    return malloc(PART);
}

static void drop_part(void *part, void *unused)
{
    (void)unused;
    free(part);
}

static leat_pool buffers = {.make = make_part, .drop = drop_part};

static void echo(leat_io *io)
{
    while (leat_io_wait_readable(io, NULL) == 0) {
        char *buf = leat_pool_get(&buffers);
        int64_t n = leat_read(io, buf, PART);
        bool more = n > 0 && leat_write(io, buf, (size_t)n) == n;
        leat_pool_put(&buffers, buf);
        if (!more)
            break;
    }
    leat_io_free(io);
}

static void asks(leat_io *io, leat_waitgroup *wg, long times)
{
    char sent[PART], got[PART];

    for (long i = 0; i < times; i++) {
        size_t n = 1 + (size_t)(t_rand() % PART);
        memset(sent, (int)(t_rand() % 256), n);
        T_EQ(leat_write(io, sent, n), (int64_t)n);
        T_EQ(leat_read_full(io, got, n), (int64_t)n);
        T_TRUE(memcmp(sent, got, n) == 0);
    }
    leat_io_free(io);
    leat_waitgroup_done(wg);
}

T_TEST(connections_share_their_buffers)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, MANY);
    for (int i = 0; i < MANY; i++) {
        struct pair p = pair_of(i % 2 ? "tcp" : "unix");
        leat_go(echo, p.b);
        leat_go(asks, p.a, &wg, t_scale(200));
    }
    leat_waitgroup_wait(&wg);
    while (leat_num_goroutine() > 1)
        leat_yield(); /* echoes come to their ends too */
    leat_pool_free(&buffers);
}

/* ---- what is always ready, and what never is ---- */

T_TEST(files_and_memory_are_always_readable)
{
    leat_io *io;

    T_ERR(leat_open(&io, "/dev/null", O_RDONLY, 0), 0);
    T_ERR(leat_io_wait_readable(io, NULL), 0);
    leat_io_free(io);
    T_ERR(leat_open(&io, "/proc/self/status", O_RDONLY, 0), 0);
    T_ERR(leat_io_wait_readable(io, NULL), 0);
    leat_io_free(io);
    T_ERR(leat_io_memory(&io), 0);
    T_ERR(leat_io_wait_readable(io, NULL), 0);
    leat_io_free(io);
}

T_TEST(what_cannot_be_read_says_so)
{
    leat_io *ends[2];

    T_ERR(leat_io_pipe(ends), 0);
    T_ERR(leat_io_wait_readable(ends[1], NULL), -EOPNOTSUPP);
    T_ERR(leat_io_close(ends[0]), 0);
    T_ERR(leat_io_wait_readable(ends[0], NULL), -EBADF);
    leat_io_free(ends[0]);
    leat_io_free(ends[1]);
    T_ERR(leat_pipe(ends), 0);
    T_ERR(leat_io_wait_readable(ends[1], NULL), -EBADF); /* opened for writing */
    leat_io_free(ends[0]);
    leat_io_free(ends[1]);
}

/* Nothing more is to come of it, whatever the stream below has. */
T_TEST(a_limited_stream_at_its_limit_is_readable)
{
    leat_io *ends[2], *limited;
    char got[2];

    T_ERR(leat_io_pipe(ends), 0);
    T_ERR(leat_io_limited(&limited, ends[0], 0), 0);
    T_ERR(leat_io_wait_readable(limited, NULL), 0);
    T_EQ(leat_read(limited, got, 2), 0);
    leat_io_free(limited);
    leat_io_free(ends[0]);
    leat_io_free(ends[1]);
}
