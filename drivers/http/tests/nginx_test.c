/* SPDX-License-Identifier: MIT */
/*
 * nginx_test.c - nginx as a server for our client, and as a proxy between our client and our
 * server.
 *
 * It gets sockets that listen already, whose numbers it reads from NGINX in the environment, as its
 * own successor does when it replaces itself: so ports are free ones, and who dials at once waits
 * in the queue.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <sys/stat.h>

#include "site_util.h"

enum { BIG = 10 << 20, SITE = 0, PROXY = 1 };

static const char config[] =
    "daemon off; worker_processes 1; %s pid nginx.pid; error_log error.log;\n"
    "events { worker_connections 500; }\n"
    "http {\n"
    "  access_log off; keepalive_requests 100000; client_max_body_size 64m;\n"
    "  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n"
    "  uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"
    "  upstream ours { server %s; keepalive 4; }\n"
    "  server {\n"
    "    listen 127.0.0.1:%d;\n"
    "    root .;\n"
    "    location /chunked/ { alias ./; ssi on; ssi_types *; }\n"
    "    location /moved { return 302 /text; }\n"
    "    location /count { return 200 'request $connection_requests\\n'; }\n"
    "    location /close { return 200 'bye'; keepalive_timeout 0; }\n"
    "  }\n"
    "  server {\n"
    "    listen 127.0.0.1:%d;\n"
    "    location / {\n"
    "      proxy_pass http://ours; proxy_http_version 1.1; proxy_set_header Connection '';\n"
    "      proxy_request_buffering off; proxy_buffering off;\n"
    "    }\n"
    "  }\n"
    "}\n";

struct nginx {
    leat_cmd cmd;
    const char *argv[8], *env[2];
    int fds[2]; /* where it listens */
    char dir[200], url[2][200];
    leat_http_client *client;
};

static const char *program(void)
{
    static char path[300];

    if (leat_look_path(path, sizeof path, "nginx") == 0)
        return path;
    return leat_look_path(path, sizeof path, "/usr/sbin/nginx") == 0 ? path : NULL;
}

static const char *no_nginx(void)
{
    return program() ? NULL : "nginx is not installed";
}

/* By system calls: a child gets it, and nobody else here uses it. */
static int listening_socket(int *port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    T_EQ(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    T_EQ(listen(fd, 100), 0);
    T_EQ(getsockname(fd, (struct sockaddr *)&addr, &size), 0);
    *port = ntohs(addr.sin_port);
    return fd;
}

static void put_file(const struct nginx *n, const char *name, const void *bytes, size_t size)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", n->dir, name);
    T_ERR(leat_write_file(path, bytes, size, 0600), 0);
}

static void nginx_configure(struct nginx *n, const char *ours)
{
    char text[sizeof config + 300];
    int ports[2];

    for (int i = 0; i < 2; i++) {
        n->fds[i] = listening_socket(&ports[i]);
        snprintf(n->url[i], sizeof n->url[i], "http://127.0.0.1:%d", ports[i]);
    }
    const char *user = geteuid() == 0 ? "user root;" : ""; /* who may read the directory */
    snprintf(text, sizeof text, config, user, ours, ports[SITE], ports[PROXY]);
    put_file(n, "nginx.conf", text, strlen(text));
}

static void nginx_begin(struct nginx *n, const char *ours)
{
    *n = (struct nginx){.client = client_here()};
    T_ERR(leat_temp_dir(n->dir, sizeof n->dir, NULL, "leat-nginx-"), 0);
    nginx_configure(n, ours);
    const char *const argv[] = {program(), "-p", n->dir, "-c", "nginx.conf", "-e", "error.log"};
    memcpy(n->argv, argv, sizeof argv);
    n->env[0] = "NGINX=3;4;";
    n->cmd = (leat_cmd){.argv = n->argv, .env = n->env, .fds = n->fds, .nfds = 2};
    T_ERR(leat_cmd_start(&n->cmd), 0);
    close(n->fds[0]);
    close(n->fds[1]);
}

static void nginx_end(struct nginx *n)
{
    const char *const rm[] = {"rm", "-rf", n->dir, NULL};

    leat_http_client_free(n->client);
    T_ERR(leat_cmd_signal(&n->cmd, SIGTERM), 0);
    T_ERR(leat_cmd_wait(&n->cmd), 0);
    free(said_by(rm));
}

static leat_http_answer *ask_nginx(struct nginx *n, int which, const char *path,
                                   const leat_http_call *like)
{
    leat_http_call call = like ? *like : (leat_http_call){0};
    leat_http_answer *answer;
    char url[300];

    snprintf(url, sizeof url, "%s%s", n->url[which], path);
    call.url = url;
    T_ERR(leat_http_do(NULL, n->client, &call, &answer), 0);
    return answer;
}

static char big[BIG];

static void make_big(void)
{
    for (size_t i = 0; i < BIG; i++)
        big[i] = (char)('a' + i * 2654435761u % 26);
}

/* An answer of so many bytes of big, from a place on. */
static void is_of_big(leat_http_answer *answer, int status, size_t from, size_t size)
{
    static char got[1 << 16];
    size_t all = 0;
    int64_t n;

    T_EQ(leat_http_answer_status(answer), status);
    while ((n = leat_http_answer_read(answer, got, sizeof got)) > 0) {
        T_LE(all + (size_t)n, size);
        T_MEMEQ(got, big + from + all, (size_t)n);
        all += (size_t)n;
    }
    T_ERR(n, 0);
    T_EQ(all, size);
    leat_http_answer_free(answer);
}

static void is_text(leat_http_answer *answer, int status, const char *text)
{
    char *body;

    T_EQ(leat_http_answer_status(answer), status);
    T_GE(leat_http_answer_read_all(answer, &body, 1 << 20), 0);
    T_STRHAS(body, text);
    free(body);
    leat_http_answer_free(answer);
}

/* ---- nginx is the server ---- */

static void a_range(struct nginx *n, size_t from, size_t size)
{
    char value[100];
    const leat_http_field field = {"Range", value};
    const leat_http_call call = {.fields = &field, .nfields = 1};

    snprintf(value, sizeof value, "bytes=%zu-%zu", from, from + size - 1);
    is_of_big(ask_nginx(n, SITE, "/big", &call), 206, from, size);
}

T_TEST(our_client_asks_nginx, .skip_if = no_nginx, .timeout_ms = 60000)
{
    const leat_http_call head = {.method = "HEAD"};
    leat_http_answer *answer;
    struct nginx n;

    make_big();
    nginx_begin(&n, "127.0.0.1:1");
    put_file(&n, "big", big, BIG);
    put_file(&n, "text", "some text", 9);
    is_text(ask_nginx(&n, SITE, "/text", NULL), 200, "some text");
    answer = ask_nginx(&n, SITE, "/big", NULL);
    T_EQ(leat_http_answer_length(answer), BIG);
    is_of_big(answer, 200, 0, BIG);
    answer = ask_nginx(&n, SITE, "/chunked/big", NULL);
    T_EQ(leat_http_answer_length(answer), -1);
    is_of_big(answer, 200, 0, BIG);
    for (int i = 0; i < 20; i++)
        a_range(&n, t_rand() % (BIG - 1000), 1 + t_rand() % 1000);
    answer = ask_nginx(&n, SITE, "/big", &head);
    T_EQ(leat_http_answer_length(answer), BIG);
    is_text(answer, 200, "");
    is_text(ask_nginx(&n, SITE, "/moved", NULL), 200, "some text");
    is_text(ask_nginx(&n, SITE, "/none", NULL), 404, "404 Not Found");
    is_text(ask_nginx(&n, SITE, "/count", NULL), 200, "request 28\n"); /* of one connection */
    is_text(ask_nginx(&n, SITE, "/close", NULL), 200, "bye");
    is_text(ask_nginx(&n, SITE, "/count", NULL), 200, "request 1\n");
    is_text(ask_nginx(&n, PROXY, "/", NULL), 502, "502 Bad Gateway");
    nginx_end(&n);
}

static void ask_often(leat_waitgroup *wg, struct nginx *n, int which)
{
    for (int i = 0; i < 20; i++)
        is_text(ask_nginx(n, which, "/text", NULL), 200, "some text");
    leat_waitgroup_done(wg);
}

static void ask_at_once(struct nginx *n, int which)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 16);
    for (int i = 0; i < 16; i++)
        leat_go(ask_often, &wg, n, which);
    leat_waitgroup_wait(&wg);
}

T_TEST(many_ask_nginx_at_once, .skip_if = no_nginx, .timeout_ms = 60000)
{
    struct nginx n;

    nginx_begin(&n, "127.0.0.1:1");
    put_file(&n, "text", "some text", 9);
    ask_at_once(&n, SITE);
    nginx_end(&n);
}

/* ---- nginx is the proxy ---- */

static int last_port, ports_seen;

/* Says what it is sent, or big, or some text; and counts the connections that it is asked on. */
static int answer_nginx(leat_http_request *req, leat_http_response *res, void *arg)
{
    const char *path = leat_http_path(req);
    leat_addr peer;
    char *body;

    (void)arg;
    T_ERR(leat_peer_addr(leat_http_stream(req), &peer), 0);
    if (strcmp(path, "/count") == 0) {
        ports_seen += leat_addr_port(&peer) != last_port;
        last_port = leat_addr_port(&peer);
    }
    int64_t n = leat_http_read_all(req, &body);
    if (n < 0)
        return (int)n;
    if (strcmp(path, "/big") == 0)
        n = leat_http_write(res, big, BIG);
    else if (n > 0)
        n = leat_http_write(res, body, (size_t)n);
    else
        n = leat_http_printf(res, "some text\n");
    free(body);
    return n < 0 ? (int)n : 0;
}

/* Pieces of big, whose size nobody is told. */
static int64_t next_piece(void *buf, size_t n, void *arg)
{
    size_t *sent = arg, left = BIG / 2 - *sent;

    n = n < left ? n : left;
    memcpy(buf, big + *sent, n);
    *sent += n;
    return (int64_t)n;
}

T_TEST(nginx_stands_before_our_server, .skip_if = no_nginx, .timeout_ms = 60000)
{
    leat_http_try handler = {.fn = answer_nginx};
    size_t sent = 0;
    const leat_http_call in_chunks = {.method = "POST", .read_body = next_piece, .arg = &sent};
    const leat_http_call whole = {.method = "PUT", .body = big, .body_len = BIG};
    struct nginx n;
    struct site s;

    make_big();
    site_begin(&s, leat_http_try_serve, &handler, NULL);
    nginx_begin(&n, s.address);
    for (int i = 0; i < 100; i++)
        is_text(ask_nginx(&n, PROXY, "/count", NULL), 200, "some text");
    T_EQ(ports_seen, 1);
    is_of_big(ask_nginx(&n, PROXY, "/big", NULL), 200, 0, BIG);
    is_of_big(ask_nginx(&n, PROXY, "/", &whole), 200, 0, BIG);
    is_of_big(ask_nginx(&n, PROXY, "/", &in_chunks), 200, 0, BIG / 2);
    ask_at_once(&n, PROXY);
    site_end(&s); /* ends the connections that nginx has kept */
    is_text(ask_nginx(&n, PROXY, "/", NULL), 502, "502 Bad Gateway");
    nginx_end(&n);
}
