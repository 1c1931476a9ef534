/* SPDX-License-Identifier: MIT */
/* net_option_test.c - options of sockets, groups. */
#include "net_util.h"

#include <net/if.h>
#include <unistd.h>

static int option_of(leat_io *io, leat_net_option option)
{
    int value = -12345;

    T_ERR(leat_net_get(io, option, &value), 0);
    return value;
}

T_TEST(connections_start_as_in_go_at_both_ends, .procs = {1})
{
    struct pair p = pair_of("tcp");
    leat_io *ends[] = {p.a, p.b};

    for (int i = 0; i < 2; i++) {
        T_EQ(option_of(ends[i], LEAT_NET_NODELAY), 1);
        T_EQ(option_of(ends[i], LEAT_NET_KEEPALIVE), 15);
        T_EQ(option_of(ends[i], LEAT_NET_LINGER), -1);
    }
    pair_free(&p);
}

T_TEST(what_is_set_is_there, .procs = {1})
{
    const struct {
        leat_net_option option;
        int value;
    } all[] = {
        {LEAT_NET_NODELAY, 0},   {LEAT_NET_NODELAY, 1}, {LEAT_NET_KEEPALIVE, 77},
        {LEAT_NET_KEEPALIVE, 0}, {LEAT_NET_LINGER, 3},  {LEAT_NET_LINGER, 0},
        {LEAT_NET_LINGER, -1},   {LEAT_NET_TTL, 7},     {LEAT_NET_BROADCAST, 1},
    };
    const char *networks[] = {"tcp4", "tcp6"};

    for (int n = 0; n < 2; n++) {
        struct pair p = pair_of(networks[n]);
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
            T_ERR(leat_net_set(p.a, all[i].option, all[i].value), 0);
            T_EQ(option_of(p.a, all[i].option), all[i].value);
        }
        T_ERR(leat_net_set(p.a, LEAT_NET_READ_BUFFER, 30000), 0);
        T_GE(option_of(p.a, LEAT_NET_READ_BUFFER), 30000);
        T_ERR(leat_net_set(p.a, LEAT_NET_WRITE_BUFFER, 30000), 0);
        T_GE(option_of(p.a, LEAT_NET_WRITE_BUFFER), 30000);
        pair_free(&p);
    }
}

T_TEST(options_that_are_not_there, .procs = {1})
{
    struct pair p = pair_of("unix");
    int ends[2], value = 5;
    leat_io *pipe_end;

    T_ERR(leat_net_set(p.a, LEAT_NET_NODELAY, 1), -EOPNOTSUPP);
    T_ERR(leat_net_set(p.a, (leat_net_option)99, 1), -EINVAL);
    T_ERR(leat_net_get(p.a, (leat_net_option)-1, &value), -EINVAL);
    T_ERR(leat_io_close(p.a), 0);
    T_ERR(leat_net_get(p.a, LEAT_NET_LINGER, &value), -EBADF);
    T_EQ(value, 5);
    pair_free(&p);
    T_EQ(pipe(ends), 0);
    T_ERR(leat_io_adopt(&pipe_end, ends[0]), 0);
    T_ERR(leat_net_set(pipe_end, LEAT_NET_LINGER, 1), -ENOTSOCK);
    leat_io_free(pipe_end);
    close(ends[1]);
    p = pair_of("tcp");
    T_ERR(leat_net_set(p.a, LEAT_NET_KEEPALIVE, -1), -EINVAL);
    pair_free(&p);
}

/* To lingering for no time closing is a reset: the peer's address is known all the same. */
T_TEST(a_reset_is_an_error_for_the_peer)
{
    struct pair p = pair_of("tcp");
    leat_addr a;
    char c;

    T_ERR(leat_net_set(p.a, LEAT_NET_LINGER, 0), 0);
    leat_io_free(p.a);
    T_ERR(leat_read(p.b, &c, 1), -ECONNRESET);
    T_ERR(leat_peer_addr(p.b, &a), 0);
    T_GT(leat_addr_port(&a), 0);
    leat_io_free(p.b);
}

static void group_gets(const char *network, const char *group_text, const char *any)
{
    unsigned lo = if_nametoindex("lo");
    leat_io *io;
    leat_addr group, at;
    char got[8] = "", to[LEAT_ADDR_TEXT];

    T_ERR(leat_listen_packet(&io, network, any), 0);
    T_ERR(leat_local_addr(io, &at), 0);
    snprintf(to, sizeof to, "%s:%d", group_text, leat_addr_port(&at));
    T_ERR(leat_addr_parse(&group, network, to), 0);
    T_ERR(leat_multicast_join(io, &group, lo), 0);
    T_ERR(leat_multicast_join(io, &group, lo), -EADDRINUSE);
    T_ERR(leat_net_set(io, LEAT_NET_MULTICAST_INTERFACE, (int)lo), 0);
    T_ERR(leat_net_set(io, LEAT_NET_MULTICAST_LOOP, 1), 0);
    T_ERR(leat_net_set(io, LEAT_NET_MULTICAST_TTL, 0), 0);
    int64_t put = leat_send_to(io, "all", 3, &group);
    if (put == 3) {
        T_EQ(leat_recv_from(io, got, sizeof got, NULL), 3);
        T_STREQ(got, "all");
    } else {
        T_ERR(put, -ENETUNREACH); /* no route there, in some containers */
    }
    T_ERR(leat_multicast_leave(io, &group, lo), 0);
    T_ERR(leat_multicast_leave(io, &group, lo), -EADDRNOTAVAIL);
    leat_io_free(io);
}

T_TEST(groups_have_members, .procs = {1})
{
    leat_addr none = {0};
    struct pair p = pair_of("tcp");

    group_gets("udp4", "239.255.7.7", "0.0.0.0:0");
    group_gets("udp6", "[ff11::7:7%lo]", "[::]:0");
    T_ERR(leat_multicast_join(p.a, &none, 0), -EINVAL);
    pair_free(&p);
}
