/* SPDX-License-Identifier: MIT */
/*
 * net_fault_test.c - sockets without memory: a call says -ENOMEM, leaves no descriptor and no file
 * behind, and works again when there is memory.
 */
#include "refuse.h"

static const char *const networks[] = {"tcp", "unix", "unixpacket"};

static void say_enomem_or(int got, int otherwise)
{
    if (got != -ENOMEM)
        T_ERR(got, otherwise);
}

T_TEST(listeners_and_connections_say_enomem, .procs = {1})
{
    char at[LEAT_ADDR_TEXT];
    leat_listener *l, *other;
    leat_io *client, *server, *packets;
    leat_addr a;

    for (int i = 0; i < 3; i++) {
        T_ERR(leat_listen(&l, networks[i], networks[i][0] == 't' ? "127.0.0.1:0" : ""), 0);
        T_ERR(leat_listener_addr(l, &a), 0);
        leat_addr_format(&a, at, sizeof(at));
        for (int round = 0; round < 3; round++) {
            refuse_all();
            T_ERR(leat_dial(&client, networks[i], at), -ENOMEM);
            T_ERR(leat_listen(&other, networks[i], networks[i][0] == 't' ? "127.0.0.1:0" : ""),
                  -ENOMEM);
            T_ERR(leat_listen_packet(&packets, "udp", "127.0.0.1:0"), -ENOMEM);
            refuse_pass();
            T_ERR(leat_dial(&client, networks[i], at), 0);
            refuse_all();
            T_ERR(leat_accept(l, &server), -ENOMEM); /* and the connection is gone */
            refuse_pass();
            char c;
            say_enomem_or((int)leat_read(client, &c, 1), 0);
            leat_io_free(client);
            T_ERR(leat_dial(&client, networks[i], at), 0);
            T_ERR(leat_accept(l, &server), 0);
            leat_io_free(client);
            leat_io_free(server);
        }
        leat_listener_free(l);
    }
}

T_TEST(the_file_of_a_listener_without_memory_is_gone, .procs = {1})
{
    char dir[] = "net-fault-XXXXXX", path[64];
    leat_listener *l;

    T_TRUE(mkdtemp(dir) != NULL);
    snprintf(path, sizeof(path), "%s/s", dir);
    refuse_all();
    T_ERR(leat_listen(&l, "unix", path), -ENOMEM);
    refuse_pass();
    T_EQ(rmdir(dir), 0);
}

T_TEST(names_without_memory_say_enomem, .procs = {1})
{
    leat_addr addrs[4];
    leat_io *conn;

    refuse_all();
    T_ERR(leat_resolve(addrs, 4, "tcp", "localhost:80"), -ENOMEM);
    T_ERR(leat_dial(&conn, "tcp", "localhost:1"), -ENOMEM);
    refuse_pass();
}

/* What a server and its client do, with each request for memory refused in turn. */
static void a_conversation(void)
{
    char at[LEAT_ADDR_TEXT], got[8] = "";
    leat_listener *l = NULL;
    leat_io *client = NULL, *server = NULL;
    leat_addr a;

    int err = leat_listen(&l, "tcp", "127.0.0.1:0");
    if (!err)
        leat_listener_addr(l, &a);
    if (!err) {
        leat_addr_format(&a, at, sizeof(at));
        err = leat_dial(&client, "tcp", at);
    }
    if (!err)
        err = leat_accept(l, &server);
    if (!err) {
        T_EQ(leat_write(client, "hello", 5), 5);
        T_EQ(leat_read(server, got, sizeof(got)), 5);
        T_STREQ(got, "hello");
    }
    say_enomem_or(err, 0);
    leat_io_free(server);
    leat_io_free(client);
    leat_listener_free(l);
}
REFUSE_TEST(a_conversation)
