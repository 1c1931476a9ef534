/* SPDX-License-Identifier: MIT */
/*
 * tls_peer_test.c - with others: openssl s_server, openssl s_client, Python's ssl; over TCP.
 *
 * The others run below timeout(1), so that none stays when a case is killed.
 */
#define _GNU_SOURCE
#include "tls_made.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MOST_SAID = 64 << 10 };

static const char *nobody_there(void)
{
    return access("/usr/bin/openssl", X_OK) == 0 && access("/usr/bin/timeout", X_OK) == 0
               ? NULL
               : "there is no openssl or no timeout command";
}

static const char *no_python(void)
{
    return access("/usr/bin/python3", X_OK) == 0 ? nobody_there() : "there is no python3";
}

/* ---- the other program ---- */

struct other {
    pid_t pid;
    leat_io *in, *out;
    char *said; /* all of its output so far */
    size_t len;
};

static void other_start(struct other *o, const char *const *argv)
{
    const char *full[40] = {"timeout", "-k", "5", "150"};
    posix_spawn_file_actions_t actions;
    int in[2], out[2], n = 4;

    while (*argv)
        full[n++] = *argv++;
    T_EQ(pipe2(in, O_CLOEXEC), 0);
    T_EQ(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, out[1], 2);
    T_EQ(posix_spawnp(&o->pid, "timeout", &actions, NULL, (char **)(uintptr_t)full, environ),
         0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    T_ERR(leat_io_adopt(&o->in, in[1]), 0);
    T_ERR(leat_io_adopt(&o->out, out[0]), 0);
    o->said = calloc(1, MOST_SAID);
    o->len = 0;
}

/* Until the other has said it; where the words begin. */
static const char *other_says(struct other *o, const char *words)
{
    const char *found;

    while (!(found = strstr(o->said, words))) {
        T_LT(o->len, MOST_SAID - 1);
        int64_t n = leat_read(o->out, o->said + o->len, MOST_SAID - 1 - o->len);
        if (n <= 0)
            T_FAIL("the other has ended without a word of \"%s\":\n%s", words, o->said);
        o->len += (size_t)n;
    }
    return found;
}

static void other_types(struct other *o, const char *line)
{
    T_EQ(leat_write(o->in, line, strlen(line)), (int64_t)strlen(line));
}

static void other_stop(struct other *o)
{
    int status;

    kill(o->pid, SIGTERM);
    T_EQ(leat_blocking(waitpid, o->pid, &status, 0), o->pid);
    leat_io_free(o->in);
    leat_io_free(o->out);
    free(o->said);
}

/* ---- files and sockets ---- */

struct files {
    char folder[40], authority[60], cert[60], key[60];
    struct made made_authority, made_cert;
};

static void put_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    T_TRUE(file);
    fputs(text, file);
    T_EQ(fclose(file), 0);
}

static void files_make(struct files *f)
{
    strcpy(f->folder, "/tmp/leat-tls-XXXXXX");
    T_TRUE(mkdtemp(f->folder));
    snprintf(f->authority, sizeof(f->authority), "%s/authority", f->folder);
    snprintf(f->cert, sizeof(f->cert), "%s/cert", f->folder);
    snprintf(f->key, sizeof(f->key), "%s/key", f->folder);
    f->made_authority = made_authority();
    f->made_cert = made_localhost(&f->made_authority);
    put_file(f->authority, f->made_authority.cert);
    put_file(f->cert, f->made_cert.cert);
    put_file(f->key, f->made_cert.key);
}

static void files_remove(struct files *f)
{
    T_EQ(unlink(f->authority), 0);
    T_EQ(unlink(f->cert), 0);
    T_EQ(unlink(f->key), 0);
    T_EQ(rmdir(f->folder), 0);
}

static leat_io *tcp_dial(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    leat_io *io;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    T_EQ(leat_blocking(connect, fd, (struct sockaddr *)&a, sizeof(a)), 0);
    T_ERR(leat_io_adopt(&io, fd), 0);
    return io;
}

static int tcp_listen(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    T_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    T_EQ(listen(fd, 5), 0);
    T_EQ(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static leat_io *tcp_accept(int fd)
{
    leat_io *io;

    T_GT(leat_wait_fd(fd, LEAT_READABLE, LEAT_FOREVER), 0);
    T_ERR(leat_io_adopt(&io, accept4(fd, NULL, NULL, SOCK_CLOEXEC)), 0);
    return io;
}

/* ---- our client ---- */

static leat_io *client_of(int port, leat_tls_config *config)
{
    leat_io *io = tcp_dial(port), *conn;

    if (leat_tls_client(&conn, io, config, "localhost", NULL) < 0)
        T_FAIL("no handshake: %s", leat_tls_error(NULL));
    return conn;
}

/* A line, and the same reversed. */
static void reverse(leat_io *conn)
{
    char got[7] = "";

    T_EQ(leat_write(conn, "hello\n", 6), 6);
    T_EQ(leat_read_full(conn, got, 6), 6);
    T_STREQ(got, "olleh\n");
}

static void talk_to_s_server(const char *option, int version)
{
    struct files f;
    struct other o;
    leat_tls_config *config;
    leat_tls_info info;
    const char *h2[] = {"h2"};

    files_make(&f);
    const char *argv[] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",   f.cert,
                          "-key",    f.key,      "-CAfile", f.authority,   "-Verify", "2",
                          "-alpn",   "h2",       "-rev",    option,        NULL};
    other_start(&o, argv);
    int port = atoi(other_says(&o, "ACCEPT 127.0.0.1:") + 17);
    config = made_client(&f.made_authority);
    T_ERR(leat_tls_config_alpn(config, h2, 1), 0);
    T_ERR(leat_tls_config_cert(config, f.cert, f.key), 0);
    for (int i = 0; i < 3; i++) {
        leat_io *conn = client_of(port, config);
        T_ERR(leat_tls_state(conn, &info), 0);
        T_EQ(info.version, version);
        T_EQ(info.resumed, i > 0);
        T_STREQ(info.alpn, "h2");
        reverse(conn);
        reverse(conn);
        leat_io_free(conn);
    }
    leat_tls_config_free(config);
    other_stop(&o);
    files_remove(&f);
}

T_TEST(openssl_is_the_server_in_1_3, .skip_if = nobody_there, .timeout_ms = 60000)
{
    talk_to_s_server("-tls1_3", LEAT_TLS_1_3);
}

T_TEST(openssl_is_the_server_in_1_2, .skip_if = nobody_there, .timeout_ms = 60000)
{
    talk_to_s_server("-tls1_2", LEAT_TLS_1_2);
}

T_TEST(openssl_refuses_a_client_without_certificate, .skip_if = nobody_there,
       .timeout_ms = 60000)
{
    struct files f;
    struct other o;
    char c;

    files_make(&f);
    const char *argv[] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
                          f.cert,    "-key",     f.key,     "-CAfile",     f.authority,
                          "-Verify", "2",        "-rev",    "-tls1_3",     NULL};
    other_start(&o, argv);
    int port = atoi(other_says(&o, "ACCEPT 127.0.0.1:") + 17);
    leat_tls_config *config = made_client(&f.made_authority);
    leat_io *conn = client_of(port, config);
    T_ERR(leat_read(conn, &c, 1), -EACCES);
    T_STRHAS(leat_tls_error(conn), "certificate required");
    leat_io_free(conn);
    leat_tls_config_free(config);
    other_stop(&o);
    files_remove(&f);
}

/* ---- our server ---- */

static leat_io *serve_one(int listener, leat_tls_config *config)
{
    leat_io *io = tcp_accept(listener), *conn;

    if (leat_tls_server(&conn, io, config, NULL) < 0)
        T_FAIL("no handshake: %s", leat_tls_error(NULL));
    return conn;
}

static void expect_line(leat_io *conn, const char *line)
{
    char got[100] = "";

    T_EQ(leat_read_full(conn, got, strlen(line)), (int64_t)strlen(line));
    T_STREQ(got, line);
    T_EQ(leat_write(conn, line, strlen(line)), (int64_t)strlen(line));
}

T_TEST(openssl_is_the_client_and_changes_keys, .skip_if = nobody_there, .timeout_ms = 60000)
{
    struct files f;
    struct other o;
    leat_tls_info info;
    int port, listener = tcp_listen(&port);
    char address[40], c;
    const char *h2[] = {"http/1.1", "h2"};

    files_make(&f);
    snprintf(address, sizeof(address), "127.0.0.1:%d", port);
    const char *argv[] = {"openssl",
                          "s_client",
                          "-connect",
                          address,
                          "-CAfile",
                          f.authority,
                          "-servername",
                          "localhost",
                          "-verify_hostname",
                          "localhost",
                          "-alpn",
                          "h2",
                          "-tls1_3",
                          "-verify_return_error",
                          NULL};
    leat_tls_config *config = leat_tls_config_make();
    T_ERR(leat_tls_config_cert(config, f.cert, f.key), 0);
    T_ERR(leat_tls_config_alpn(config, h2, 2), 0);
    other_start(&o, argv);
    leat_io *conn = serve_one(listener, config);
    T_ERR(leat_tls_state(conn, &info), 0);
    T_STREQ(info.server_name, "localhost");
    T_STREQ(info.alpn, "h2");
    other_says(&o, "Verification: OK");
    for (int i = 0; i < 5; i++) {
        char line[20];
        snprintf(line, sizeof(line), "ping %d\n", i);
        other_types(&o, line);
        expect_line(conn, line);
        other_says(&o, line);
        o.len = 0;
        memset(o.said, 0, MOST_SAID);
        other_types(&o, i % 2 ? "K\n" : "k\n");
        other_says(&o, "KEYUPDATE");
    }
    other_types(&o, "Q\n");
    T_EQ(leat_read(conn, &c, 1), 0);
    leat_io_free(conn);
    leat_tls_config_free(config);
    close(listener);
    other_stop(&o);
    files_remove(&f);
}

T_TEST(nobody_renegotiates, .skip_if = nobody_there, .timeout_ms = 60000)
{
    struct files f;
    struct other o;
    int port, listener = tcp_listen(&port);
    char address[40], c;

    files_make(&f);
    snprintf(address, sizeof(address), "127.0.0.1:%d", port);
    const char *argv[] = {"openssl", "s_client",  "-connect", address,
                          "-CAfile", f.authority, "-tls1_2",  NULL};
    leat_tls_config *config = made_server(&f.made_cert);
    other_start(&o, argv);
    leat_io *conn = serve_one(listener, config);
    other_types(&o, "ping\n");
    expect_line(conn, "ping\n");
    other_says(&o, "ping\n");
    other_types(&o, "R\n");
    other_says(&o, "RENEGOTIATING");
    int64_t n = leat_read(conn, &c, 1); /* it gives up, and says so or not */
    T_TRUE(n == 0 || n == -ENODATA || n == -EPROTO || n == -ECONNRESET);
    other_says(&o, "no renegotiation");
    leat_io_free(conn);
    leat_tls_config_free(config);
    close(listener);
    other_stop(&o);
    files_remove(&f);
}

/* ---- Python ---- */

static void write_blocks(leat_waitgroup *wg, leat_io *conn, size_t blocks)
{
    char block[10007];

    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (char)(i * 7);
    for (size_t i = 0; i < blocks; i++)
        T_EQ(leat_write(conn, block, sizeof(block)), (int64_t)sizeof(block));
    T_ERR(leat_io_shutdown(conn, LEAT_WRITE), 0);
    leat_waitgroup_done(wg);
}

static void agreed(struct other *o, const char *version)
{
    char words[40];

    snprintf(words, sizeof(words), "agreed TLSv%s there/1", version);
    other_says(o, words);
}

static leat_tls_config *for_python(leat_tls_config *config)
{
    const char *protocols[] = {"there/1", "there/0"};

    T_ERR(leat_tls_config_alpn(config, protocols, 2), 0);
    return config;
}

static void python_serves(const char *version)
{
    enum { BLOCKS = 100 };
    struct files f;
    struct other o;
    leat_waitgroup wg = {0};
    char got[10007];

    files_make(&f);
    const char *argv[] = {"python3", TLS_PEER, "server", version, f.cert, f.key, NULL};
    other_start(&o, argv);
    other_says(&o, " \n");
    int port = atoi(other_says(&o, "port ") + 5);
    leat_tls_config *config = for_python(made_client(&f.made_authority));
    leat_io *conn = client_of(port, config);
    leat_waitgroup_add(&wg, 1);
    leat_go(write_blocks, &wg, conn, BLOCKS);
    for (int i = 0; i < BLOCKS; i++) {
        T_EQ(leat_read_full(conn, got, sizeof(got)), (int64_t)sizeof(got));
        for (size_t j = 0; j < sizeof(got); j++)
            if (got[j] != (char)(j * 7))
                T_FAIL("block %d, byte %zu is wrong", i, j);
    }
    T_EQ(leat_read(conn, got, 1), 0);
    leat_waitgroup_wait(&wg);
    agreed(&o, version);
    leat_io_free(conn);
    leat_tls_config_free(config);
    other_stop(&o);
    files_remove(&f);
}

T_TEST(python_is_the_server, .skip_if = no_python, .timeout_ms = 60000)
{
    python_serves("1.3");
    python_serves("1.2");
}

static void python_visits(const char *version)
{
    struct files f;
    struct other o;
    int port, listener = tcp_listen(&port);
    char number[20], buf[3000];
    int64_t n;

    files_make(&f);
    snprintf(number, sizeof(number), "%d", port);
    const char *argv[] = {"python3", TLS_PEER, "client", version, number, f.authority, NULL};
    leat_tls_config *config = for_python(made_server(&f.made_cert));
    other_start(&o, argv);
    leat_io *conn = serve_one(listener, config);
    while ((n = leat_read(conn, buf, sizeof(buf))) > 0)
        T_EQ(leat_write(conn, buf, (size_t)n), n);
    T_ERR(n, 0);
    T_ERR(leat_io_shutdown(conn, LEAT_WRITE), 0);
    agreed(&o, version);
    leat_io_free(conn);
    leat_tls_config_free(config);
    close(listener);
    other_stop(&o);
    files_remove(&f);
}

T_TEST(python_is_the_client, .skip_if = no_python, .timeout_ms = 60000)
{
    python_visits("1.3");
    python_visits("1.2");
}
