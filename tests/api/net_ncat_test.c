/* SPDX-License-Identifier: MIT */
/*
 * net_ncat_test.c - our sockets with a program of others at the other end: ncat, as a client and as
 * a server, by TCP, Unix and UDP.
 */
#include "exec_util.h"
#include "net_util.h"

#include <stdatomic.h>
#include <unistd.h>

enum { LONG = 1 << 20, PIECE = 4096, DATAGRAM = 1000 };

static char sent[LONG], heard[LONG + 1];

static const char *no_ncat(void)
{
    char path[200];

    return leat_look_path(path, sizeof path, "ncat") == 0 ? NULL : "ncat is not installed";
}

static void make_text(size_t n)
{
    for (size_t i = 0; i < n; i++)
        sent[i] = (char)('a' + t_rand() % 26);
    memset(heard, 0, sizeof heard);
}

static void heard_is_sent(int64_t n, size_t want)
{
    T_EQ(n, (int64_t)want);
    T_MEMEQ(heard, sent, want);
}

/* What ncat is told of an address: "host", "port", or the path with -U. */
static void name_address(const char *at, bool local, char host[LEAT_ADDR_TEXT], char port[8])
{
    char *colon;

    snprintf(host, LEAT_ADDR_TEXT, "%s", at);
    port[0] = '\0';
    if (!local && (colon = strrchr(host, ':'))) {
        snprintf(port, 8, "%s", colon + 1);
        *colon = '\0';
    }
}

/* ---- ncat is the client ---- */

static void echo_one(leat_waitgroup *wg, leat_listener *l)
{
    char buf[7000];
    leat_io *conn;
    int64_t n;

    T_ERR(leat_accept(l, &conn), 0);
    while ((n = leat_read(conn, buf, sizeof buf)) > 0)
        T_EQ(leat_write(conn, buf, (size_t)n), n);
    T_ERR(n, 0); /* ncat ends its way when its input has ended */
    leat_io_free(conn);
    leat_waitgroup_done(wg);
}

static void ncat_asks(leat_listener *l, const char *const *argv)
{
    leat_cmd c = {.argv = argv};
    leat_waitgroup wg = {0};
    size_t n;

    make_text(LONG);
    T_ERR(leat_io_bytes(&c.in, sent, LONG), 0);
    T_ERR(leat_io_memory(&c.out), 0);
    leat_waitgroup_add(&wg, 1);
    leat_go(echo_one, &wg, l);
    T_ERR(leat_cmd_run(&c), 0);
    leat_waitgroup_wait(&wg);
    const char *text = leat_io_memory_bytes(c.out, &n);
    T_EQ(n, LONG);
    T_MEMEQ(text, sent, LONG);
    leat_io_free(c.in);
    leat_io_free(c.out);
    leat_listener_free(l);
}

T_TEST(ncat_is_a_client_of_tcp, .skip_if = no_ncat)
{
    char at[LEAT_ADDR_TEXT], host[LEAT_ADDR_TEXT], port[8];
    leat_listener *l = listen_on("tcp", at);

    name_address(at, false, host, port);
    ncat_asks(l, LEAT_ARGV("ncat", host, port));
}

T_TEST(ncat_is_a_client_of_unix, .skip_if = no_ncat)
{
    char dir[100], path[LEAT_ADDR_TEXT];
    leat_listener *l;

    T_ERR(leat_temp_dir(dir, sizeof dir, NULL, "leat-ncat-"), 0);
    snprintf(path, sizeof path, "%s/socket", dir);
    T_ERR(leat_listen(&l, "unix", path), 0);
    ncat_asks(l, LEAT_ARGV("ncat", "-U", path));
    T_EQ(rmdir(dir), 0);
}

/* It does not know when a datagram is the last one: it is killed. */
T_TEST(ncat_is_a_client_of_udp, .skip_if = no_ncat)
{
    char at[LEAT_ADDR_TEXT], host[LEAT_ADDR_TEXT], port[8];
    leat_io *socket, *in, *out;
    leat_addr addr;

    T_ERR(leat_listen_packet(&socket, "udp4", "127.0.0.1:0"), 0);
    T_ERR(leat_local_addr(socket, &addr), 0);
    leat_addr_format(&addr, at, sizeof at);
    name_address(at, false, host, port);
    leat_cmd c = {.argv = LEAT_ARGV("ncat", "-u", host, port)};
    T_ERR(leat_cmd_in_pipe(&c, &in), 0);
    T_ERR(leat_cmd_out_pipe(&c, &out), 0);
    T_ERR(leat_cmd_start(&c), 0);
    for (int i = 0; i < 20; i++) {
        make_text(DATAGRAM);
        T_EQ(leat_write(in, sent, DATAGRAM), DATAGRAM);
        int64_t n = leat_recv_from(socket, heard, sizeof heard, &addr);
        heard_is_sent(n, DATAGRAM);
        T_EQ(leat_send_to(socket, heard, DATAGRAM, &addr), DATAGRAM);
        n = leat_read_full(out, heard, DATAGRAM);
        heard_is_sent(n, DATAGRAM);
    }
    T_ERR(leat_cmd_signal(&c, SIGKILL), 0);
    T_EQ(leat_cmd_wait(&c), 128 + SIGKILL);
    leat_io_free(in);
    leat_io_free(out);
    leat_io_free(socket);
}

/* ---- ncat is the server ---- */

/* Started, and listening: it says so. Each connection gets a program that says what it hears. */
static void ncat_listens(leat_cmd *c, leat_io **said, const char *words)
{
    char line[300];
    leat_reader *r;
    int64_t n;

    T_ERR(leat_cmd_err_pipe(c, said), 0);
    T_ERR(leat_cmd_start(c), 0);
    T_ERR(leat_reader_make(&r, *said, 512), 0);
    do {
        n = leat_reader_line(r, line, sizeof line);
        if (n < 0)
            T_FAIL("ncat has ended, or says nothing: %s", leat_strerror((int)n));
    } while (!strstr(line, words));
    leat_reader_free(r);
}

static void ncat_ends(leat_cmd *c, leat_io *said)
{
    T_ERR(leat_cmd_signal(c, SIGKILL), 0);
    T_EQ(leat_cmd_wait(c), 128 + SIGKILL);
    leat_io_free(said);
}

/* In pieces: ncat waits for its program to take what came before it looks at what that says. */
static void ask_ncat(const char *network, const char *at)
{
    leat_io *conn;
    char more;

    make_text(LONG);
    T_ERR(leat_dial(&conn, network, at), 0);
    for (int done = 0; done < LONG; done += PIECE) {
        T_EQ(leat_write(conn, sent + done, PIECE), PIECE);
        T_EQ(leat_read_full(conn, heard + done, PIECE), PIECE);
    }
    T_MEMEQ(heard, sent, LONG);
    T_ERR(leat_io_shutdown(conn, LEAT_WRITE), 0);
    T_EQ(leat_read(conn, &more, 1), 0);
    leat_io_free(conn);
}

/* A port that was free a moment ago. */
static void free_port(const char *network, char at[LEAT_ADDR_TEXT], char port[8])
{
    char host[LEAT_ADDR_TEXT];
    leat_addr addr;
    leat_io *io;

    if (network[0] == 't') {
        leat_listener_free(listen_on(network, at));
    } else {
        T_ERR(leat_listen_packet(&io, network, "127.0.0.1:0"), 0);
        T_ERR(leat_local_addr(io, &addr), 0);
        leat_addr_format(&addr, at, LEAT_ADDR_TEXT);
        leat_io_free(io);
    }
    name_address(at, false, host, port);
}

T_TEST(ncat_is_a_server_of_tcp, .skip_if = no_ncat)
{
    char at[LEAT_ADDR_TEXT], port[8];
    leat_io *said;

    free_port("tcp4", at, port);
    leat_cmd c = {
        .argv = LEAT_ARGV("ncat", "-v", "-l", "-k", "-e", "/bin/cat", "127.0.0.1", port)};
    ncat_listens(&c, &said, "Listening on 127.0.0.1");
    for (int i = 0; i < 3; i++)
        ask_ncat("tcp", at);
    ncat_ends(&c, said);
}

T_TEST(ncat_is_a_server_of_unix, .skip_if = no_ncat)
{
    char dir[100], path[LEAT_ADDR_TEXT];
    leat_io *said;

    T_ERR(leat_temp_dir(dir, sizeof dir, NULL, "leat-ncat-"), 0);
    snprintf(path, sizeof path, "%s/socket", dir);
    leat_cmd c = {.argv = LEAT_ARGV("ncat", "-v", "-l", "-k", "-e", "/bin/cat", "-U", path)};
    ncat_listens(&c, &said, "Listening on");
    for (int i = 0; i < 3; i++)
        ask_ncat("unix", path);
    ncat_ends(&c, said);
    T_EQ(unlink(path), 0);
    T_EQ(rmdir(dir), 0);
}

T_TEST(ncat_is_a_server_of_udp, .skip_if = no_ncat)
{
    char at[LEAT_ADDR_TEXT], port[8];
    leat_io *said, *conn;

    free_port("udp4", at, port);
    leat_cmd c = {
        .argv = LEAT_ARGV("ncat", "-v", "-l", "-u", "-e", "/bin/cat", "127.0.0.1", port)};
    ncat_listens(&c, &said, "Listening on 127.0.0.1");
    T_ERR(leat_dial(&conn, "udp", at), 0);
    for (int i = 0; i < 20; i++) {
        make_text(DATAGRAM);
        T_EQ(leat_write(conn, sent, DATAGRAM), DATAGRAM);
        heard_is_sent(leat_read(conn, heard, sizeof heard), DATAGRAM);
    }
    ncat_ends(&c, said);
    leat_io_free(conn);
}
