/* SPDX-License-Identifier: MIT */
/* net_packet_test.c - datagrams, packets, descriptors that go along. */
#include "net_util.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static leat_io *packets_on(const char *network, leat_addr *at)
{
    leat_io *io;

    T_ERR(leat_listen_packet(&io, network, net_free_address(network)), 0);
    T_ERR(leat_local_addr(io, at), 0);
    return io;
}

T_TEST(datagrams_go_to_addresses_and_come_from_them)
{
    const char *networks[] = {"udp", "udp4", "udp6", "unixgram"};

    for (int i = 0; i < 4; i++) {
        leat_addr at_a, at_b, from;
        leat_io *a = packets_on(networks[i], &at_a), *b = packets_on(networks[i], &at_b);
        char got[16] = "";
        T_EQ(leat_send_to(a, "one", 3, &at_b), 3);
        T_EQ(leat_send_to(a, "", 0, &at_b), 0);
        T_EQ(leat_send_to(a, "three", 5, &at_b), 5);
        T_EQ(leat_recv_from(b, got, sizeof got, &from), 3);
        T_STREQ(got, "one");
        T_TRUE(leat_addr_equal(&from, &at_a));
        T_EQ(leat_recv_from(b, got, sizeof got, &from), 0);
        T_EQ(leat_recv_from(b, got, 2, NULL), 2); /* the rest of it is lost */
        T_EQ(leat_send_to(b, "back", 4, &from), 4);
        T_EQ(leat_recv_from(a, got, sizeof got, &from), 4);
        T_TRUE(leat_addr_equal(&from, &at_b));
        leat_io_free(a);
        leat_io_free(b);
    }
}

T_TEST(a_socket_of_both_families_answers_in_the_senders)
{
    leat_io *server, *client;
    leat_addr at, from;
    char there[64], got[8];

    T_ERR(leat_listen_packet(&server, "udp", ":0"), 0);
    T_ERR(leat_local_addr(server, &at), 0);
    for (int six = 0; six < 2; six++) {
        snprintf(there, sizeof there, "%s:%d", six ? "[::1]" : "127.0.0.1",
                 leat_addr_port(&at));
        T_ERR(leat_dial(&client, "udp", there), 0);
        T_EQ(leat_write(client, "ping", 4), 4);
        T_EQ(leat_recv_from(server, got, sizeof got, &from), 4);
        char text[LEAT_ADDR_TEXT];
        leat_addr_format(&from, text, sizeof text);
        T_EQ(text[0] == '[', six);
        T_EQ(leat_send_to(server, "pong", 4, &from), 4);
        T_EQ(leat_read(client, got, sizeof got), 4);
        leat_io_free(client);
    }
    leat_io_free(server);
}

T_TEST(a_write_is_one_datagram_whatever_its_pieces)
{
    struct pair p = pair_of("unixpacket");
    char bytes[40], got[64];
    leat_iovec pieces[40];
    size_t done;

    for (int i = 0; i < 40; i++) {
        bytes[i] = (char)('a' + i % 26);
        pieces[i] = (leat_iovec){&bytes[i], 1};
    }
    T_EQ(leat_writev(p.a, pieces, 40, &done, NULL), 40);
    T_EQ(done, 40);
    T_EQ(leat_read(p.b, got, sizeof got), 40);
    T_MEMEQ(got, bytes, 40);
    pair_free(&p);
}

T_TEST(a_message_tells_that_it_was_cut)
{
    leat_addr at, from;
    leat_io *io = packets_on("udp4", &at);
    char got[4];
    leat_message m = {.data = got, .size = sizeof got, .addr = &from};

    T_EQ(leat_send_to(io, "12345", 5, &at), 5);
    T_EQ(leat_send_to(io, "1234", 4, &at), 4);
    T_EQ(leat_recv_message(io, &m, NULL), 4);
    T_TRUE(m.cut);
    T_EQ(leat_recv_message(io, &m, NULL), 4);
    T_FALSE(m.cut);
    static char large[70000];
    T_ERR(leat_send_to(io, large, sizeof large, &at), -EMSGSIZE);
    leat_io_free(io);
}

/* Each descriptor arrives once, closed by exec; those without room are closed. */
T_TEST(descriptors_go_along)
{
    const char *networks[] = {"unix", "unixpacket"};

    for (int i = 0; i < 2; i++) {
        struct pair p = pair_of(networks[i]);
        int ends[2], got[2] = {-1, -1};
        char byte;
        T_EQ(pipe2(ends, O_CLOEXEC), 0);
        int three[3] = {ends[0], ends[1], ends[0]};
        leat_message out = {.data = "x", .size = 1, .fds = three, .nfds = 2};
        leat_message in = {.data = &byte, .size = 1, .fds = got, .nfds = 2};
        T_EQ(leat_send_message(p.a, &out, NULL), 1);
        T_EQ(leat_recv_message(p.b, &in, NULL), 1);
        T_EQ(in.nfds, 2);
        T_FALSE(in.cut);
        T_TRUE(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
        T_EQ(write(got[1], "y", 1), 1);
        T_EQ(read(ends[0], &byte, 1), 1);
        T_EQ(byte, 'y');
        close(got[0]);
        close(got[1]);
        out.nfds = 3;
        T_EQ(leat_send_message(p.a, &out, NULL), 1);
        in.nfds = 1;
        T_EQ(leat_recv_message(p.b, &in, NULL), 1);
        T_EQ(in.nfds, 1);
        T_TRUE(in.cut);
        close(got[0]);
        out.size = 0;
        T_ERR(leat_send_message(p.a, &out, NULL), -EINVAL);
        close(ends[0]);
        close(ends[1]);
        pair_free(&p);
    }
}

static void send_many(leat_waitgroup *wg, leat_io *io, const leat_addr *to, long n)
{
    for (long i = 0; i < n; i++)
        T_EQ(leat_send_to(io, &i, sizeof i, to), (int64_t)sizeof i);
    leat_waitgroup_done(wg);
}

/* The sender has no peer, so no news tells it that there is room. */
T_TEST(a_full_receiver_is_waited_for)
{
    leat_addr at_a, at_b;
    leat_io *a = packets_on("unixgram", &at_a), *b = packets_on("unixgram", &at_b);
    leat_waitgroup wg = {0};
    long n = t_scale(2000), got;

    leat_waitgroup_add(&wg, 1);
    leat_go(send_many, &wg, a, (const leat_addr *)&at_b, n);
    for (long i = 0; i < n; i++) {
        T_EQ(leat_recv_from(b, &got, sizeof got, NULL), (int64_t)sizeof got);
        T_EQ(got, i);
    }
    leat_waitgroup_wait(&wg);
    leat_io_free(a);
    leat_io_free(b);
}

static void fill_up(leat_int_chan results, leat_io *io, const leat_addr *to)
{
    int64_t put;

    while ((put = leat_send_to(io, "x", 1, to)) > 0)
        continue;
    leat_send(results, (int)put);
}

T_TEST(who_waits_for_a_full_receiver_is_woken_by_close_and_limits)
{
    leat_addr at_a, at_b;
    leat_io *a = packets_on("unixgram", &at_a), *b = packets_on("unixgram", &at_b);
    leat_scoped_chan(leat_int_chan, results, 0);
    int got;

    leat_go(fill_up, results, a, (const leat_addr *)&at_b);
    leat_yield();
    T_ERR(leat_io_set_deadline(a, LEAT_WRITE, leat_now() + LEAT_MILLISECOND), 0);
    leat_recv(results, &got);
    T_ERR(got, -ETIMEDOUT);
    leat_io_set_deadline(a, LEAT_WRITE, LEAT_FOREVER);
    T_ERR(leat_send_to_until(a, "x", 1, &at_b, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, LEAT_MILLISECOND));
    T_ERR(leat_send_to_ctx(ctx, a, "x", 1, &at_b), -ETIMEDOUT);
    leat_go(fill_up, results, a, (const leat_addr *)&at_b);
    leat_yield();
    T_ERR(leat_io_close(a), 0);
    leat_recv(results, &got);
    T_ERR(got, -EBADF);
    leat_io_free(a);
    leat_io_free(b);
}

T_TEST(what_is_no_socket_sends_no_datagrams)
{
    int ends[2];
    leat_io *io;
    leat_addr at;
    char c;

    T_EQ(pipe2(ends, O_CLOEXEC), 0);
    T_ERR(leat_io_adopt(&io, ends[0]), 0);
    T_ERR(leat_recv_from(io, &c, 1, NULL), -ENOTSOCK);
    T_ERR(leat_send_to(io, &c, 1, NULL), -ENOTSOCK);
    T_ERR(leat_local_addr(io, &at), -ENOTSOCK);
    leat_io_free(io);
    close(ends[1]);
    T_ERR(leat_listen_packet(&io, "tcp", "127.0.0.1:0"), -EOPNOTSUPP);
}
