/* SPDX-License-Identifier: MIT */
/*
 * net_table_test.c - each call that waits, ended by each thing that can end it: a deadline, a
 * context, a close by another goroutine, in all combinations, before the call and during it.
 */
#include "net_util.h"

#include <stdlib.h>

enum { BY_DEADLINE = 1, BY_CTX = 2, BY_CLOSE = 4, BY_ALL = 7 };

/* What one row waits on. */
struct stage {
    leat_io *io, *other;
    leat_listener *l;
    leat_addr to;
    char at[LEAT_ADDR_TEXT];
    leat_io *fill[64];
    int nfill;
};

struct row {
    const char *name;
    int ends; /* BY_ bits that it knows */
    void (*set)(struct stage *s);
    int64_t (*run)(struct stage *s, leat_ctx *ctx);
};

/* ---- the rows ---- */

static void set_listener_tcp(struct stage *s)
{
    s->l = listen_on("tcp", s->at);
}

static void set_listener_unix(struct stage *s)
{
    s->l = listen_on("unix", s->at);
}

static int64_t run_accept(struct stage *s, leat_ctx *ctx)
{
    leat_io *conn;

    return leat_accept_ctx(ctx, s->l, &conn);
}

static void set_pair(struct stage *s, const char *network)
{
    struct pair p = pair_of(network);

    s->io = p.a;
    s->other = p.b;
}

static void set_tcp(struct stage *s)
{
    set_pair(s, "tcp");
}

static void set_unix(struct stage *s)
{
    set_pair(s, "unix");
}

static void set_packets(struct stage *s)
{
    set_pair(s, "unixpacket");
}

static int64_t run_read(struct stage *s, leat_ctx *ctx)
{
    char c;

    return leat_read_ctx(ctx, s->io, &c, 1);
}

static int64_t run_write(struct stage *s, leat_ctx *ctx)
{
    static char much[1 << 14];
    int64_t put;

    do
        put = leat_write_ctx(ctx, s->io, much, sizeof much);
    while (put > 0);
    return put;
}

static int64_t run_recv_from(struct stage *s, leat_ctx *ctx)
{
    leat_addr from;
    char c;

    return leat_recv_from_ctx(ctx, s->io, &c, 1, &from);
}

static int64_t run_recv_message(struct stage *s, leat_ctx *ctx)
{
    const leat_limit limit = {ctx, LEAT_FOREVER};
    char c;
    int fd;
    leat_message m = {.data = &c, .size = 1, .fds = &fd, .nfds = 1};

    return leat_recv_message(s->io, &m, &limit);
}

static void set_udp(struct stage *s)
{
    T_ERR(leat_listen_packet(&s->io, "udp", "127.0.0.1:0"), 0);
}

static void set_unixgram(struct stage *s)
{
    T_ERR(leat_listen_packet(&s->io, "unixgram", ""), 0);
    T_ERR(leat_listen_packet(&s->other, "unixgram", ""), 0);
    T_ERR(leat_local_addr(s->other, &s->to), 0);
}

static int64_t run_send_to(struct stage *s, leat_ctx *ctx)
{
    int64_t put;

    do
        put = leat_send_to_ctx(ctx, s->io, "x", 1, &s->to);
    while (put > 0);
    return put;
}

/* A listener that takes nobody, and whose queue is full. */
static void set_full(struct stage *s, const char *network)
{
    const leat_listen_options few = {.backlog = 1};
    leat_addr a;

    T_ERR(leat_listen_with(&s->l, network, net_free_address(network), &few), 0);
    T_ERR(leat_listener_addr(s->l, &a), 0);
    leat_addr_format(&a, s->at, sizeof s->at);
}

static int fill_one(struct stage *s, const char *network)
{
    T_LT(s->nfill, 64);
    int err = leat_dial_until(&s->fill[s->nfill], network, s->at,
                              leat_now() + 10 * LEAT_MILLISECOND);
    s->nfill += !err;
    return err;
}

static void set_full_tcp(struct stage *s)
{
    set_full(s, "tcp4");
    while (!queue_is_full(leat_listener_fd(s->l), 1))
        (void)fill_one(s, "tcp4");
}

static void set_full_unix(struct stage *s)
{
    int err;

    set_full(s, "unix");
    while ((err = fill_one(s, "unix")) == 0)
        continue;
    T_ERR(err, -ETIMEDOUT);
}

static int64_t run_dial_tcp(struct stage *s, leat_ctx *ctx)
{
    leat_io *conn;

    return leat_dial_ctx(ctx, &conn, "tcp4", s->at);
}

static int64_t run_dial_unix(struct stage *s, leat_ctx *ctx)
{
    leat_io *conn;

    return leat_dial_ctx(ctx, &conn, "unix", s->at);
}

static const struct row rows[] = {
    {"accept, tcp", BY_ALL, set_listener_tcp, run_accept},
    {"accept, unix", BY_ALL, set_listener_unix, run_accept},
    {"read, tcp", BY_ALL, set_tcp, run_read},
    {"read, unix", BY_ALL, set_unix, run_read},
    {"read, udp", BY_ALL, set_udp, run_read},
    {"write, tcp", BY_ALL, set_tcp, run_write},
    {"write, unix", BY_ALL, set_unix, run_write},
    {"write, unixpacket", BY_ALL, set_packets, run_write},
    {"recv_from, udp", BY_ALL, set_udp, run_recv_from},
    {"recv_message, unixpacket", BY_ALL, set_packets, run_recv_message},
    {"send_to, unixgram", BY_ALL, set_unixgram, run_send_to},
    {"dial, tcp", BY_CTX, set_full_tcp, run_dial_tcp},
    {"dial, unix", BY_CTX, set_full_unix, run_dial_unix},
};

/* ---- ending them ---- */

struct waiting {
    const struct row *row;
    struct stage stage;
    leat_ctx *ctx;
    leat_int_chan result;
};

static void waits(struct waiting *w)
{
    leat_send(w->result, (int)w->row->run(&w->stage, w->ctx));
}

static void end_by(struct waiting *w, int by)
{
    leat_duration when = t_rand() % 2 ? 0 : leat_now() + 100 * LEAT_MICROSECOND;
    struct stage *s = &w->stage;

    if (by == BY_CTX)
        leat_ctx_cancel(w->ctx);
    else if (by == BY_CLOSE)
        T_ERR(s->l ? leat_listener_close(s->l) : leat_io_close(s->io), 0);
    else if (s->l)
        leat_listener_set_deadline(s->l, when);
    else
        leat_io_set_deadline(s->io, LEAT_READ | LEAT_WRITE, when);
}

static void end_by_all(struct waiting *w, int ends)
{
    for (int left = ends; left;) {
        int by = 1 << t_rand() % 3;
        if (left & by)
            end_by(w, by);
        left &= ~by;
    }
}

static bool is_one_of(int err, int ends)
{
    return (err == -ETIMEDOUT && ends & BY_DEADLINE) || (err == -ECANCELED && ends & BY_CTX) ||
           (err == -EBADF && ends & BY_CLOSE);
}

static void stage_free(struct stage *s)
{
    leat_io_free(s->io);
    leat_io_free(s->other);
    leat_listener_free(s->l);
    for (int i = 0; i < s->nfill; i++)
        leat_io_free(s->fill[i]);
}

static void one(const struct row *row, int ends, bool early)
{
    struct waiting w = {.row = row, .ctx = leat_ctx_with_cancel(NULL)};
    int err;

    w.result = leat_chan_make(leat_int_chan, 0);
    row->set(&w.stage);
    if (early)
        end_by_all(&w, ends);
    leat_go(waits, &w);
    for (uint64_t i = t_rand() % 4; i > 0; i--)
        leat_yield();
    if (t_rand() % 4 == 0)
        leat_sleep(200 * LEAT_MICROSECOND);
    if (!early)
        end_by_all(&w, ends);
    leat_recv(w.result, &err);
    if (!is_one_of(err, ends))
        T_FAIL("%s: ended by %d %s, it says %s", row->name, ends,
               early ? "before" : "meanwhile", leat_strerror(err));
    leat_chan_free(w.result);
    leat_ctx_free(w.ctx);
    stage_free(&w.stage);
}

T_TEST(every_call_that_waits_is_ended_by_all_that_may_end_it, .timeout_ms = 60000)
{
    for (long round = 0; round < t_scale(10); round++)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            for (int ends = 1; ends <= BY_ALL; ends++)
                if ((ends & ~rows[i].ends) == 0)
                    one(&rows[i], ends, t_rand() % 3 == 0);
}

/* ---- and by times of their own ---- */

T_TEST(every_call_that_waits_ends_at_a_time)
{
    struct stage s = {0};
    leat_duration soon = LEAT_MILLISECOND;
    leat_io *conn;
    leat_addr from;
    char c;

    set_tcp(&s);
    T_ERR(leat_read_until(s.io, &c, 1, leat_now() + soon), -ETIMEDOUT);
    int64_t put = 1;
    static char much[1 << 14];
    while (put > 0)
        put = leat_write_until(s.io, much, sizeof much, leat_now() + soon);
    T_ERR(put, -ETIMEDOUT);
    stage_free(&s);
    s = (struct stage){0};
    set_full_tcp(&s);
    T_ERR(leat_dial_until(&conn, "tcp", s.at, leat_now() + soon), -ETIMEDOUT);
    stage_free(&s);
    s = (struct stage){0};
    set_udp(&s);
    T_ERR(leat_recv_from_until(s.io, &c, 1, &from, leat_now() + soon), -ETIMEDOUT);
    stage_free(&s);
}
