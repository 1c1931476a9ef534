/* SPDX-License-Identifier: MIT */
/* net_listen_test.c - listeners: closing, deadlines, options, files of Unix addresses. */
#include "net_util.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void accept_one(leat_int_chan results, leat_listener *l)
{
    leat_io *conn;
    int err = leat_accept(l, &conn);

    if (!err)
        leat_io_free(conn);
    leat_send(results, err);
}

T_TEST(close_wakes_all_who_accept)
{
    enum { WAITING = 3 };

    for (long i = 0; i < t_scale(300); i++) {
        char at[LEAT_ADDR_TEXT];
        leat_listener *l = listen_on(i % 2 ? "tcp" : "unix", at);
        leat_scoped_chan(leat_int_chan, results, 0);
        for (int k = 0; k < WAITING; k++)
            leat_go(accept_one, results, l);
        if (i % 3)
            leat_yield();
        T_ERR(leat_listener_close(l), 0);
        for (int k = 0, got; k < WAITING; k++) {
            leat_recv(results, &got);
            T_ERR(got, -EBADF);
        }
        T_ERR(leat_listener_close(l), -EBADF);
        T_ERR(leat_listener_set_deadline(l, leat_now()), -EBADF);
        T_ERR(leat_listener_fd(l), -EBADF);
        leat_listener_free(l);
    }
}

T_TEST(a_deadline_ends_an_accept_and_can_be_taken_back)
{
    char at[LEAT_ADDR_TEXT];
    leat_listener *l = listen_on("tcp", at);
    leat_scoped_chan(leat_int_chan, results, 0);
    leat_io *conn;
    int got;

    leat_go(accept_one, results, l);
    leat_yield();
    T_ERR(leat_listener_set_deadline(l, leat_now()), 0);
    leat_recv(results, &got);
    T_ERR(got, -ETIMEDOUT);
    T_ERR(leat_accept(l, &conn), -ETIMEDOUT);
    T_ERR(leat_listener_set_deadline(l, LEAT_FOREVER), 0);
    struct pair p = pair_at(l, "tcp", at);
    pair_free(&p);
    T_ERR(leat_accept_until(l, &conn, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, LEAT_MILLISECOND));
    T_ERR(leat_accept_ctx(ctx, l, &conn), -ETIMEDOUT);
    leat_listener_free(l);
}

T_TEST(the_file_of_a_listener_goes_with_it)
{
    char dir[] = "net-listen-XXXXXX", path[64];
    leat_listener *l, *other;
    struct stat st;

    T_TRUE(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/s", dir);
    T_ERR(leat_listen(&l, "unix", path), 0);
    T_EQ(stat(path, &st), 0);
    T_ERR(leat_listen(&other, "unix", path), -EADDRINUSE);
    T_EQ(stat(path, &st), 0);
    struct pair p = pair_at(l, "unix", path);
    leat_addr a;
    char text[LEAT_ADDR_TEXT];
    T_ERR(leat_peer_addr(p.a, &a), 0);
    leat_addr_format(&a, text, sizeof text);
    T_STREQ(text, path);
    pair_free(&p);
    leat_listener_ref(l);
    leat_listener_free(l);
    T_EQ(stat(path, &st), -1);
    T_ERR(leat_listen(&other, "unix", path), 0);
    leat_listener_unref(l); /* closed long ago: the other's file stays */
    T_EQ(stat(path, &st), 0);
    leat_listener_unref(other);
    T_EQ(stat(path, &st), -1);
    T_EQ(rmdir(dir), 0);
}

T_TEST(ports_are_shared_when_asked)
{
    const leat_listen_options shared = {.reuse_port = true, .backlog = 4};
    char at[LEAT_ADDR_TEXT];
    leat_listener *l, *other;
    leat_addr a;

    T_ERR(leat_listen_with(&l, "tcp", "127.0.0.1:0", &shared), 0);
    T_ERR(leat_listener_addr(l, &a), 0);
    leat_addr_format(&a, at, sizeof at);
    T_ERR(leat_listen(&other, "tcp", at), -EADDRINUSE);
    T_ERR(leat_listen_with(&other, "tcp", at, &shared), 0);
    leat_listener_free(other);
    leat_listener_free(l);
    T_ERR(leat_listen(&l, "udp", "127.0.0.1:0"), -EOPNOTSUPP);
}
