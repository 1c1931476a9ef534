/* SPDX-License-Identifier: MIT */
/* http2_clients_test.c - HTTP/2 with programs of others: curl, nghttp, h2load, h2spec, nginx. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>

#include "commands_site.h"

static const char *no_curl(void)
{
    if (!has_program("curl"))
        return "curl is not installed";
    return system("curl --version | grep -q HTTP2") == 0 ? NULL : "this curl has no HTTP/2";
}

static const char *no_nghttp(void)
{
    return has_program("nghttp") && has_program("h2load") ? NULL : "nghttp is not installed";
}

static const char *no_h2spec(void)
{
    return has_program("h2spec") ? NULL : "h2spec is not installed";
}

static const char *no_nginx(void)
{
    return access("/usr/sbin/nginx", X_OK) == 0 ? NULL : "nginx is not installed";
}

/* h2spec asks for "/" with bodies that must be whole. */
static int read_and_greet(leat_http_request *req, leat_http_response *res, void *arg)
{
    char buf[5000];
    int64_t n;

    (void)arg;
    while ((n = leat_http_read(req, buf, sizeof buf)) > 0)
        continue;
    if (n == 0)
        leat_http_reply(res, 200, "text/plain", "hello\n", 6);
    return (int)n;
}

static leat_http_try greets = {.fn = read_and_greet};
static leat_http_files files = {.strip = "/files"};
static char folder[] = "/tmp/leat-http2-XXXXXX";

static void clients_begin(void)
{
    T_TRUE(mkdtemp(folder) != NULL);
    files.dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    commands_begin();
    leat_http_mux_handle(mux, "/{$}", leat_http_try_serve, &greets);
    leat_http_mux_handle(mux, "GET /files/", leat_http_files_serve, &files);
    commands_serve();
}

static void clients_end(void)
{
    char command[100];

    commands_end();
    close(files.dir);
    snprintf(command, sizeof command, "rm -r %s", folder);
    T_EQ(system(command), 0);
}

/* A command in the folder, where it may leave what it likes. */
static void says_there(const char *command, const char *want)
{
    char whole[2000];

    snprintf(whole, sizeof whole, "cd %s && { %s; }", folder, command);
    says(whole, want);
}

#define CURL2 CURL "--http2-prior-knowledge "

T_TEST(curl, .skip_if = no_curl, .procs = {1, 2, 8})
{
    clients_begin();
    says(CURL2 "--fail --write-out '%{http_version}' @/hello", "hello\n2");
    says(CURL2 "--fail --head @/hello", "content-length: 6");
    says(CURL2 "--fail --data 'some text' @/echo", "some text");
    says(CURL2 "--fail --compressed @/numbers/20000 | tail -1", "19999\n");
    says(CURL2 "--fail @/numbers/20000 | tail -1", "19999\n");
    says(CURL2 "--output /dev/null --write-out '%{http_code}' --request PATCH @/echo", "405");
    says_there("head -c 10000000 /dev/urandom > some; " CURL2
               "--fail --upload-file some @/echo | cmp - some && echo same",
               "same");
    says_there(CURL2 "--fail @/files/some | cmp - some && echo same", "same");
    says_there(CURL2 "--fail --range 5000000-5000999 @/files/some > part; "
                     "tail -c +5000001 some | head -c 1000 | cmp - part && echo same",
               "same");
    says(CURL2 "--fail --parallel --parallel-max 20 '@/numbers/[1-50]' | tail -1", "\n");
    clients_end();
}

T_TEST(nghttp, .skip_if = no_nghttp, .procs = {1, 2, 8}, .timeout_ms = 60000)
{
    clients_begin();
    says("nghttp --timeout=60 @/hello @/numbers/3", "hello\n");
    says_there("head -c 3000000 /dev/urandom > some; "
               "nghttp --timeout=60 --data=some @/echo | cmp - some && echo same",
               "same");
    /* Frames of one byte each way. */
    says("nghttp --timeout=60 --window-bits=1 --connection-window-bits=4 @/numbers/30", "29\n");
    clients_end();
}

static const char load[] = "h2load --requests=10000 --clients=10 --max-concurrent-streams=100 "
                           "--threads=1 --connection-inactivity-timeout=60 @/hello";

T_TEST(h2load, .skip_if = no_nghttp, .timeout_ms = 60000)
{
    clients_begin();
    says(load, "10000 total, 10000 started, 10000 done, 10000 succeeded, 0 failed, 0 errored, "
               "0 timeout");
    clients_end();
}

/* The suite of its name. One of its cases says something that is neither HTTP/2 nor HTTP/1, and is
 * answered 400 by HTTP/1 before the connection ends; it wants no answer. */
T_TEST(h2spec, .skip_if = no_h2spec, .procs = {1, 2}, .timeout_ms = 200000)
{
    int status;

    clients_begin();
    char *out = run_status("h2spec --strict --host 127.0.0.1 --port # --timeout 10 2>&1",
                           &status);
    const char *failures = strstr(out, "Failures:");
    if (!failures || !strstr(failures, "Sends invalid connection preface") ||
        !strstr(failures, "146 tests, 145 passed, 0 skipped, 1 failed"))
        T_FAIL("status %d: %s", status, failures ? failures : out);
    free(out);
    clients_end();
}

/* ---- the client ---- */

static const char nginx_conf[] =
    "daemon off; worker_processes 1; pid pid;\n"
    "events { worker_connections 64; }\n"
    "http { access_log off; client_body_temp_path body; proxy_temp_path proxy;\n"
    "  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"
    "  keepalive_requests 20; http2_max_concurrent_streams 5;\n"
    "  server { listen 127.0.0.1:%d http2; root .; client_max_body_size 20m;\n"
    "    location = /post { proxy_pass http://127.0.0.1:%d/size; } }\n"
    "  server { listen 127.0.0.1:%d; root .; client_max_body_size 20m;\n"
    "    location = /size { client_body_buffer_size 1m; return 200 $content_length; } } }\n";

static int free_port(void)
{
    leat_listener *l;
    leat_addr addr;
    char text[LEAT_ADDR_TEXT];

    T_ERR(leat_listen(&l, "tcp", "127.0.0.1:0"), 0);
    T_ERR(leat_listener_addr(l, &addr), 0);
    leat_addr_format(&addr, text, sizeof text);
    leat_listener_free(l);
    return atoi(strrchr(text, ':') + 1);
}

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 2654435761u >> 13);
}

static void nginx_files(int port, size_t size)
{
    char path[100];
    FILE *f;

    T_TRUE(mkdtemp(folder) != NULL);
    chmod(folder, 0755);
    snprintf(path, sizeof path, "%s/conf", folder);
    f = fopen(path, "we");
    int inner = free_port();
    fprintf(f, nginx_conf, port, inner, inner);
    fclose(f);
    snprintf(path, sizeof path, "%s/some", folder);
    f = fopen(path, "we");
    for (size_t i = 0; i < size; i++)
        fputc(byte_at(i), f);
    fclose(f);
}

/* Its address is in base. */
static void nginx_begin(leat_cmd *cmd, size_t size)
{
    int port = free_port();
    leat_io *io;

    nginx_files(port, size);
    snprintf(base, sizeof base, "http://127.0.0.1:%d", port);
    T_ERR(leat_cmd_start(cmd), 0);
    while (leat_dial(&io, "tcp", base + 7) != 0) /* it does not say when it is ready */
        leat_sleep(10 * LEAT_MILLISECOND);
    leat_io_free(io);
}

static void nginx_end(leat_cmd *cmd)
{
    char command[100];

    T_ERR(leat_cmd_signal(cmd, SIGTERM), 0);
    T_EQ(leat_cmd_wait(cmd), 0);
    snprintf(command, sizeof command, "rm -r %s", folder);
    T_EQ(system(command), 0);
}

static void fetch(leat_waitgroup *wg, leat_http_client *c, const char *url, size_t size)
{
    leat_http_answer *a;
    uint8_t buf[10000];
    size_t at = 0;
    int64_t n;

    T_ERR(leat_http_get(c, url, &a), 0);
    T_EQ(leat_http_answer_status(a), 200);
    while ((n = leat_http_answer_read(a, buf, sizeof buf)) > 0)
        for (int64_t i = 0; i < n; i++, at++)
            if (buf[i] != byte_at(at))
                T_FAIL("byte %zu is wrong", at);
    T_EQ(n, 0);
    T_EQ(at, size);
    leat_http_answer_free(a);
    leat_waitgroup_done(wg);
}

static int64_t read_zeros(void *buf, size_t n, void *arg)
{
    size_t *left = arg;

    n = n < *left ? n : *left;
    memset(buf, 0, n);
    *left -= n;
    return (int64_t)n;
}

/* A connection of nginx's takes 20 requests, 5 at once, and then says GOAWAY. */
T_TEST(nginx, .skip_if = no_nginx, .procs = {1, 2, 8}, .timeout_ms = 60000)
{
    size_t size = (size_t)t_scale(10 << 20), left = 3000000;
    const leat_http_client_opts opts = {.http2 = true, .no_proxy = true};
    char url[LEAT_ADDR_TEXT + 20], *body;
    leat_http_client *c;
    leat_http_answer *a;
    leat_waitgroup wg = {0};

    leat_cmd cmd = {.argv = LEAT_ARGV("nginx", "-p", folder, "-c", "conf", "-e", "error.log",
                                      "-g", "user root;"),
                    .path = "/usr/sbin/nginx"};
    nginx_begin(&cmd, size);
    T_ERR(leat_http_client_make(&c, &opts), 0);
    snprintf(url, sizeof url, "%s/some", base);
    leat_waitgroup_add(&wg, 50);
    for (int i = 0; i < 50; i++)
        leat_go(fetch, &wg, c, url, size);
    leat_waitgroup_wait(&wg);
    snprintf(url, sizeof url, "%s/post", base);
    leat_http_call call = {.url = url, .method = "POST", .read_body = read_zeros, .arg = &left};
    T_ERR(leat_http_do(NULL, c, &call, &a), 0);
    T_EQ(leat_http_answer_read_all(a, &body, 1000), 7);
    T_STREQ(body, "3000000");
    free(body);
    leat_http_answer_free(a);
    leat_http_client_free(c);
    nginx_end(&cmd);
}
