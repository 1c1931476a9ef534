/* SPDX-License-Identifier: MIT */
/* net_conn_test.c - dialling and accepting, addresses, what both ends promise. */
#include "net_util.h"

static const char *const networks[] = {"tcp", "tcp4", "tcp6", "unix", "unixpacket"};
enum { NETWORKS = sizeof networks / sizeof networks[0] };

T_TEST(what_one_end_writes_the_other_reads)
{
    for (int i = 0; i < NETWORKS; i++) {
        struct pair p = pair_of(networks[i]);
        char got[8] = "";

        T_EQ(leat_write(p.a, "hello", 5), 5);
        T_EQ(leat_read_full(p.b, got, 5), 5);
        T_STREQ(got, "hello");
        T_EQ(leat_write(p.b, "again", 5), 5);
        T_EQ(leat_read_full(p.a, got, 5), 5);
        T_STREQ(got, "again");
        T_ERR(leat_io_shutdown(p.a, LEAT_WRITE), 0);
        T_EQ(leat_read(p.b, got, sizeof got), 0);
        T_EQ(leat_write(p.b, "rest", 4), 4);
        T_EQ(leat_read_full(p.a, got, 4), 4);
        T_STRHAS(networks[i], leat_io_kind(p.a));
        pair_free(&p);
    }
}

static void read_to_end(leat_waitgroup *wg, leat_io *io)
{
    char got[8];

    T_EQ(leat_read(io, got, sizeof got), 1);
    T_EQ(leat_read(io, got, sizeof got), 0);
    leat_waitgroup_done(wg);
}

/* The kernel tells of both in one edge, when the reader waits and the poller is asked late. */
T_TEST(an_end_that_comes_with_the_last_bytes_is_not_missed)
{
    for (long i = 0; i < t_scale(200); i++) {
        struct pair p = pair_of("tcp");
        leat_waitgroup wg = {0};

        leat_waitgroup_add(&wg, 1);
        leat_go(read_to_end, &wg, p.b);
        leat_yield();
        T_EQ(leat_write(p.a, "x", 1), 1);
        T_ERR(leat_io_shutdown(p.a, LEAT_WRITE), 0);
        leat_waitgroup_wait(&wg);
        pair_free(&p);
    }
}

T_TEST(both_ends_know_both_addresses)
{
    struct pair p = pair_of("tcp");
    leat_addr local, peer;

    T_ERR(leat_local_addr(p.a, &local), 0);
    T_ERR(leat_peer_addr(p.b, &peer), 0);
    T_TRUE(leat_addr_equal(&local, &peer));
    T_ERR(leat_local_addr(p.b, &local), 0);
    T_ERR(leat_peer_addr(p.a, &peer), 0);
    T_TRUE(leat_addr_equal(&local, &peer));
    T_GT(leat_addr_port(&local), 0);
    leat_io_close(p.a);
    T_ERR(leat_local_addr(p.a, &local), -EBADF);
    T_ERR(leat_peer_addr(p.a, &peer), 0); /* kept */
    T_TRUE(leat_addr_equal(&local, &peer));
    pair_free(&p);
}

T_TEST(nobody_listens)
{
    char at[LEAT_ADDR_TEXT];
    leat_listener *l = listen_on("tcp4", at);
    leat_io *conn = NULL;

    leat_listener_free(l);
    T_ERR(leat_dial(&conn, "tcp", at), -ECONNREFUSED);
    T_ERR(leat_dial(&conn, "unix", "/nonexistent/socket"), -ENOENT);
    T_ERR(leat_dial(&conn, "tcp", "no port"), -EINVAL);
    T_ERR(leat_dial(&conn, "carrier", "pigeon:1"), -EPROTONOSUPPORT);
    T_TRUE(conn == NULL);
}

T_TEST(a_listener_of_tcp_takes_both_families)
{
    char at[LEAT_ADDR_TEXT], there[64];
    leat_addr a;
    leat_listener *l;
    const char *hosts[] = {"127.0.0.1", "[::1]", "", "0.0.0.0", "[::]"};

    T_ERR(leat_listen(&l, "tcp", ":0"), 0);
    T_ERR(leat_listener_addr(l, &a), 0);
    leat_addr_format(&a, at, sizeof at);
    for (int i = 0; i < 5; i++) {
        leat_io *client, *server;
        snprintf(there, sizeof there, "%s:%d", hosts[i], leat_addr_port(&a));
        T_ERR(leat_dial(&client, "tcp", there), 0);
        T_ERR(leat_accept(l, &server), 0);
        leat_io_free(client);
        leat_io_free(server);
    }
    leat_listener_free(l);
}

/* The end has come in the same news as the last bytes: no other news will wake the reader. */
T_TEST(an_end_that_came_with_the_last_bytes_is_read)
{
    for (long i = 0; i < t_scale(100); i++) {
        struct pair p = pair_of("tcp");
        char got[8];
        T_ERR(leat_read_until(p.b, got, 8, leat_now() + LEAT_MICROSECOND), -ETIMEDOUT);
        T_EQ(leat_write(p.a, "last", 4), 4);
        T_ERR(leat_io_shutdown(p.a, LEAT_WRITE), 0);
        if (i % 2)
            leat_sleep(100 * LEAT_MICROSECOND);
        T_EQ(leat_read(p.b, got, 8), 4);
        T_EQ(leat_read(p.b, got, 8), 0);
        T_EQ(leat_read(p.b, got, 8), 0);
        pair_free(&p);
    }
}
