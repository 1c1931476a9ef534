/* SPDX-License-Identifier: MIT */
/* net_table_test.c - each call of leat/net.h that waits, ended by each thing that can end it; those
 * that wait for a name: net_resolve_test.c. */
#include "net_util.h"

#include "limit_table.h"

/* ---- listeners ---- */

static void set_listener_tcp(struct stage *s)
{
    s->l = listen_on("tcp", s->at);
}

static void set_listener_unix(struct stage *s)
{
    s->l = listen_on("unix", s->at);
}

static int64_t run_accept(struct stage *s, const leat_limit *limit)
{
    leat_io *conn;

    return FORMS(limit, leat_accept(s->l, &conn), leat_accept_ctx(limit->ctx, s->l, &conn),
                 leat_accept_until(s->l, &conn, limit->until));
}

/* ---- connections ---- */

static void set_pair(struct stage *s, const char *network)
{
    struct pair p = pair_of(network);

    s->io = stage_hold(s, p.a);
    s->other = stage_hold(s, p.b);
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

static char much[1 << 14];

static int64_t run_write(struct stage *s, const leat_limit *limit)
{
    int64_t put;

    do
        put = FORMS(limit, leat_write(s->io, much, sizeof much),
                    leat_write_ctx(limit->ctx, s->io, much, sizeof much),
                    leat_write_until(s->io, much, sizeof much, limit->until));
    while (put > 0);
    return put;
}

/* ---- datagrams ---- */

static void set_udp(struct stage *s)
{
    T_ERR(leat_listen_packet(&s->io, "udp", "127.0.0.1:0"), 0);
    stage_hold(s, s->io);
}

static void set_unixgram(struct stage *s)
{
    T_ERR(leat_listen_packet(&s->io, "unixgram", ""), 0);
    T_ERR(leat_listen_packet(&s->other, "unixgram", ""), 0);
    T_ERR(leat_local_addr(s->other, &s->to), 0);
    stage_hold(s, s->io);
    stage_hold(s, s->other);
}

static int64_t run_recv_from(struct stage *s, const leat_limit *limit)
{
    leat_addr from;
    char c;

    return FORMS(limit, leat_recv_from(s->io, &c, 1, &from),
                 leat_recv_from_ctx(limit->ctx, s->io, &c, 1, &from),
                 leat_recv_from_until(s->io, &c, 1, &from, limit->until));
}

static int64_t run_send_to(struct stage *s, const leat_limit *limit)
{
    int64_t put;

    do
        put = FORMS(limit, leat_send_to(s->io, "x", 1, &s->to),
                    leat_send_to_ctx(limit->ctx, s->io, "x", 1, &s->to),
                    leat_send_to_until(s->io, "x", 1, &s->to, limit->until));
    while (put > 0);
    return put;
}

static int64_t run_recv_message(struct stage *s, const leat_limit *limit)
{
    char c;
    int fd;
    leat_message m = {.data = &c, .size = 1, .fds = &fd, .nfds = 1};

    return leat_recv_message(s->io, &m, limit);
}

static int64_t run_send_message(struct stage *s, const leat_limit *limit)
{
    const leat_message m = {.data = much, .size = sizeof much};
    int64_t put;

    do
        put = leat_send_message(s->io, &m, limit);
    while (put > 0);
    return put;
}

/* ---- dialling ---- */

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
    leat_io *conn;
    int err = leat_dial_until(&conn, network, s->at, leat_now() + 10 * LEAT_MILLISECOND);

    if (!err)
        stage_hold(s, conn);
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

static int64_t run_dial(struct stage *s, const leat_limit *limit, const char *network)
{
    leat_io *conn;

    return FORMS(limit, leat_dial(&conn, network, s->at),
                 leat_dial_ctx(limit->ctx, &conn, network, s->at),
                 leat_dial_until(&conn, network, s->at, limit->until));
}

static int64_t run_dial_tcp(struct stage *s, const leat_limit *limit)
{
    return run_dial(s, limit, "tcp4");
}

static int64_t run_dial_unix(struct stage *s, const leat_limit *limit)
{
    return run_dial(s, limit, "unix");
}

#define FORMED (BY_ALL | BY_EITHER)
#define DIALS  (BY_CTX | BY_TIME | BY_EITHER)

static const struct row rows[] = {
    {"accept, tcp", FORMED, set_listener_tcp, run_accept, NULL, 0},
    {"accept, unix", FORMED, set_listener_unix, run_accept, NULL, 0},
    {"read, tcp", FORMED, set_tcp, run_read, NULL, 0},
    {"read, unix", FORMED, set_unix, run_read, NULL, 0},
    {"read, udp", FORMED, set_udp, run_read, NULL, 0},
    {"wait, tcp", BY_ALL, set_tcp, run_wait, NULL, 0},
    {"wait, unix", BY_ALL, set_unix, run_wait, NULL, 0},
    {"wait, udp", BY_ALL, set_udp, run_wait, NULL, 0},
    {"write, tcp", FORMED, set_tcp, run_write, NULL, 0},
    {"write, unix", FORMED, set_unix, run_write, NULL, 0},
    {"write, unixpacket", FORMED, set_packets, run_write, NULL, 0},
    {"recv_from, udp", FORMED, set_udp, run_recv_from, NULL, 0},
    {"recv_message, unixpacket", BY_ALL, set_packets, run_recv_message, NULL, 0},
    {"send_to, unixgram", FORMED, set_unixgram, run_send_to, NULL, 0},
    {"send_message, tcp", BY_ALL, set_tcp, run_send_message, NULL, 0},
    {"send_message, unixpacket", BY_ALL, set_packets, run_send_message, NULL, 0},
    {"dial, tcp", DIALS, set_full_tcp, run_dial_tcp, NULL, 0},
    {"dial, unix", DIALS, set_full_unix, run_dial_unix, NULL, 0},
};

T_TEST(every_call_that_waits_is_ended_by_all_that_may_end_it, .timeout_ms = 60000)
{
    table_run(rows, sizeof rows / sizeof rows[0]);
}
