/* SPDX-License-Identifier: MIT */
/*
 * race_stream_test.c - streams between goroutines: a write is before the read of it, a close before
 * the errors that it causes, and nothing else is ordered.
 *
 * The 32 rules say nothing of streams; these are Go's, as its runtime tells its detector: what has
 * been written to a descriptor is before what reads any (leat does not tell them apart either).
 */
#include "race_util.h"

#include <sys/socket.h>

/* ---- pairs of ends: [0] reads what is written to [1] ---- */

static void pipe_ends(leat_io *ends[2])
{
    T_ERR(leat_pipe(ends), 0);
}

static void memory_ends(leat_io *ends[2])
{
    T_ERR(leat_io_pipe(ends), 0);
}

static void socket_ends(leat_io *ends[2])
{
    int fds[2];

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    T_ERR(leat_io_adopt(&ends[0], fds[0]), 0);
    T_ERR(leat_io_adopt(&ends[1], fds[1]), 0);
}

static void tcp_ends(leat_io *ends[2])
{
    char at[LEAT_ADDR_TEXT];
    leat_listener *l;
    leat_addr a;

    T_ERR(leat_listen(&l, "tcp", "127.0.0.1:0"), 0);
    T_ERR(leat_listener_addr(l, &a), 0);
    leat_addr_format(&a, at, sizeof at);
    T_ERR(leat_dial(&ends[1], "tcp", at), 0);
    T_ERR(leat_accept(l, &ends[0]), 0);
    leat_listener_free(l);
}

static void (*const kinds[])(leat_io *ends[2]) = {pipe_ends, memory_ends, socket_ends,
                                                  tcp_ends};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void ends_free(leat_io *const ends[2])
{
    leat_io_free(ends[0]);
    leat_io_free(ends[1]);
}

/* ---- must be silent ---- */

static void writes_then_sends(leat_io *io, int *x)
{
    race_write(x);
    T_EQ(leat_write(io, "x", 1), 1);
}

T_TEST(a_write_is_before_the_read_of_it)
{
    for (int round = 0; round < 20; round++)
        for (int kind = 0; kind < KINDS; kind++) {
            leat_waitgroup wg = {0};
            leat_io *ends[2];
            int x = 0;
            char c;
            kinds[kind](ends);
            leat_waitgroup_go(&wg, writes_then_sends, ends[1], &x);
            T_EQ(leat_read(ends[0], &c, 1), 1);
            T_EQ(race_read(&x), 1);
            leat_waitgroup_wait(&wg);
            ends_free(ends);
        }
}

/* Whether the kernel moves the bytes or memory does. */
static void touches_then_copies(leat_io *to, leat_io *from, int *x)
{
    race_write(x);
    T_EQ(leat_copy_n(to, from, 1, NULL, NULL), 1);
}

T_TEST(a_copy_is_before_the_read_of_it)
{
    for (int round = 0; round < 20; round++)
        for (int kind = 0; kind < KINDS; kind++) {
            leat_waitgroup wg = {0};
            leat_io *in[2], *out[2];
            int x = 0;
            char c;
            kinds[kind](in);
            pipe_ends(out);
            leat_waitgroup_go(&wg, touches_then_copies, out[1], in[0], &x);
            T_EQ(leat_write(in[1], "x", 1), 1);
            T_EQ(leat_read(out[0], &c, 1), 1);
            T_EQ(race_read(&x), 1);
            leat_waitgroup_wait(&wg);
            ends_free(in);
            ends_free(out);
        }
}

static void touches_then_reads(leat_io *io, int *x)
{
    char c;

    race_write(x);
    T_EQ(leat_read(io, &c, 1), 1);
}

/* A pipe in memory has no buffer: as a channel without one, and alone among streams. */
T_TEST(a_read_from_memory_is_before_the_end_of_its_write)
{
    for (int round = 0; round < 20; round++) {
        leat_waitgroup wg = {0};
        leat_io *ends[2];
        int x = 0;
        memory_ends(ends);
        leat_waitgroup_go(&wg, touches_then_reads, ends[0], &x);
        T_EQ(leat_write(ends[1], "x", 1), 1);
        T_EQ(race_read(&x), 1);
        leat_waitgroup_wait(&wg);
        ends_free(ends);
    }
}

static void writes_then_closes(leat_io *io, int *x)
{
    race_write(x);
    T_ERR(leat_io_close(io), 0);
}

/* Whether it waits already or comes too late. */
T_TEST(a_close_is_before_the_error_of_who_reads)
{
    for (int round = 0; round < 20; round++)
        for (int kind = 0; kind < KINDS; kind++) {
            leat_waitgroup wg = {0};
            leat_io *ends[2];
            int x = 0;
            char c;
            kinds[kind](ends);
            leat_waitgroup_go(&wg, writes_then_closes, ends[0], &x);
            if (round % 2)
                leat_yield();
            T_ERR(leat_read(ends[0], &c, 1), -EBADF);
            T_EQ(race_read(&x), 1);
            leat_waitgroup_wait(&wg);
            ends_free(ends);
        }
}

/* The calls that do not go by leat_io_ops have the edge as well. */
T_TEST(a_close_is_before_the_error_of_who_waits_for_a_message_or_copies)
{
    for (int round = 0; round < 20; round++)
        for (int copies = 0; copies < 2; copies++) {
            leat_waitgroup wg = {0};
            leat_io *ends[2], *more[2];
            int x = 0;
            char c;
            leat_message m = {.data = &c, .size = 1};
            socket_ends(ends);
            pipe_ends(more);
            leat_waitgroup_go(&wg, writes_then_closes, ends[0], &x);
            if (round % 2)
                leat_yield();
            T_ERR(copies ? leat_copy(more[1], ends[0]) : leat_recv_message(ends[0], &m, NULL),
                  -EBADF);
            T_EQ(race_read(&x), 1);
            leat_waitgroup_wait(&wg);
            ends_free(ends);
            ends_free(more);
        }
}

static void writes_then_stops(leat_listener *l, int *x)
{
    race_write(x);
    T_ERR(leat_listener_close(l), 0);
}

T_TEST(a_close_is_before_the_error_of_who_accepts)
{
    for (int round = 0; round < 20; round++) {
        leat_waitgroup wg = {0};
        leat_listener *l;
        leat_io *conn;
        int x = 0;
        T_ERR(leat_listen(&l, "tcp", "127.0.0.1:0"), 0);
        leat_waitgroup_go(&wg, writes_then_stops, l, &x);
        if (round % 2)
            leat_yield();
        T_ERR(leat_accept(l, &conn), -EBADF);
        T_EQ(race_read(&x), 1);
        leat_waitgroup_wait(&wg);
        leat_listener_free(l);
    }
}

/* ---- must be reported ---- */

/* What a party does with its end. */
struct race_ends {
    leat_io *io[2];
    char bytes[8];
};

static void receives_then_touches(struct race_ends *e, int *x, atomic_int *done)
{
    char c;

    T_EQ(leat_read(e->io[0], &c, 1), 1);
    race_await(done, 1);
    race_write(x);
    race_note(done);
}

RACE_NOINLINE static void receiver_spawner(struct race_ends *e, int *x, atomic_int *done)
{
    leat_go(receives_then_touches, e, x, done);
}

static void touches_behind_a_write(void (*kind)(leat_io *ends[2]))
{
    static struct race_ends e;
    static int x;
    static atomic_int done;

    kind(e.io);
    receiver_spawner(&e, &x, &done);
    T_EQ(leat_write(e.io[1], "x", 1), 1);
    race_write(&x);
    race_note(&done);
    race_await(&done, 2);
    ends_free(e.io);
}

T_TEST(what_follows_a_write_to_a_pipe_is_not_before_its_read,
       RACE_REPORTED(receiver_spawner, receives_then_touches))
{
    touches_behind_a_write(pipe_ends);
}

T_TEST(what_follows_a_write_to_a_socket_is_not_before_its_read,
       RACE_REPORTED(receiver_spawner, receives_then_touches))
{
    touches_behind_a_write(tcp_ends);
}

/* A pipe of the kernel's has a buffer: its reader is not before the end of the write. */
static void touches_then_receives(struct race_ends *e, int *x, atomic_int *done)
{
    char c;

    race_await(done, 1);
    race_write(x);
    T_EQ(leat_read(e->io[0], &c, 1), 1);
    race_note(done);
}

RACE_NOINLINE static void late_receiver_spawner(struct race_ends *e, int *x, atomic_int *done)
{
    leat_go(touches_then_receives, e, x, done);
}

T_TEST(a_read_is_not_before_the_end_of_its_write,
       RACE_REPORTED(late_receiver_spawner, touches_then_receives))
{
    static struct race_ends e;
    static int x;
    static atomic_int done;

    pipe_ends(e.io);
    late_receiver_spawner(&e, &x, &done);
    T_EQ(leat_write(e.io[1], "x", 1), 1);
    race_note(&done);
    race_await(&done, 2);
    race_read(&x);
    ends_free(e.io);
}

/* Two that only write are not ordered: each has a pipe of its own. */
static void writes_its_own(struct race_ends *e, int *x, atomic_int *done)
{
    T_EQ(leat_write(e->io[1], "x", 1), 1);
    race_write(x);
    T_EQ(leat_write(e->io[1], "x", 1), 1);
    race_note(done);
}

RACE_NOINLINE static void writer_spawner(struct race_ends *e, int *x, atomic_int *done)
{
    leat_go(writes_its_own, e, x, done);
}

T_TEST(two_writers_are_not_ordered, RACE_REPORTED(writer_spawner, writes_its_own))
{
    static struct race_ends e, mine;
    static int x;
    static atomic_int done;

    pipe_ends(e.io);
    pipe_ends(mine.io);
    writer_spawner(&e, &x, &done);
    race_await(&done, 1);
    T_EQ(leat_write(mine.io[1], "x", 1), 1);
    race_write(&x);
    ends_free(e.io);
    ends_free(mine.io);
}

/* What follows a close is not before the error. */
static void reads_until_closed(struct race_ends *e, int *x, atomic_int *done)
{
    char c;

    T_ERR(leat_read(e->io[0], &c, 1), -EBADF);
    race_await(done, 1);
    race_write(x);
    race_note(done);
}

RACE_NOINLINE static void closed_spawner(struct race_ends *e, int *x, atomic_int *done)
{
    leat_go(reads_until_closed, e, x, done);
}

T_TEST(what_follows_a_close_is_not_before_the_error,
       RACE_REPORTED(closed_spawner, reads_until_closed))
{
    static struct race_ends e;
    static int x;
    static atomic_int done;

    pipe_ends(e.io);
    closed_spawner(&e, &x, &done);
    T_ERR(leat_io_close(e.io[0]), 0);
    race_write(&x);
    race_note(&done);
    race_await(&done, 2);
    ends_free(e.io);
}

/* The memory that a call is given is the call's: it is read, or written, by it. Reports name
 * whoever touches it besides. */
static void touches_memory(struct race_ends *e, atomic_int *done)
{
    *(volatile char *)e->bytes = 'y';
    race_note(done);
}

RACE_NOINLINE static void toucher_spawner(struct race_ends *e, atomic_int *done)
{
    leat_go(touches_memory, e, done);
}

T_TEST(memory_that_is_read_into_is_the_call_s, RACE_REPORTED(toucher_spawner, touches_memory))
{
    static struct race_ends e;
    static atomic_int done;

    pipe_ends(e.io);
    T_EQ(leat_write(e.io[1], "x", 1), 1);
    toucher_spawner(&e, &done);
    race_await(&done, 1);
    T_EQ(leat_read(e.io[0], e.bytes, sizeof e.bytes), 1);
    ends_free(e.io);
}

T_TEST(memory_that_is_written_out_of_is_the_call_s,
       RACE_REPORTED(toucher_spawner, touches_memory))
{
    static struct race_ends e;
    static atomic_int done;

    pipe_ends(e.io);
    toucher_spawner(&e, &done);
    race_await(&done, 1);
    T_EQ(leat_write(e.io[1], e.bytes, sizeof e.bytes), sizeof e.bytes);
    ends_free(e.io);
}
