/* SPDX-License-Identifier: MIT */
/*
 * posix_curl_test.c - libcurl's easy interface, as Debian builds it, on goroutines.
 *
 * For single requests the server is python3's. That many wait at once is counted by a server of
 * the test's own, blocking code on goroutines as well: it answers nobody before all have asked.
 */
#include <leat/posix.h>

#include <leat.h>

#include <curl/curl.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"
#include "t.h"
#include "tasks.h"

static const char *const pythons[] = {"/usr/bin/python3", "/usr/local/bin/python3", NULL};

static const char *no_python(void)
{
    return peer_find(pythons) ? NULL : "no python3";
}

struct body {
    char text[256];
    size_t len;
};

static size_t take(char *data, size_t size, size_t n, void *arg)
{
    struct body *b = arg;

    if (b->len + size * n >= sizeof(b->text))
        return 0;
    memcpy(b->text + b->len, data, size * n);
    b->len += size * n;
    b->text[b->len] = '\0';
    return size * n;
}

static CURLcode fetch(const char *url, long timeout_ms, struct body *body, long *os_error)
{
    CURL *c = curl_easy_init();

    T_TRUE(c != NULL);
    body->len = 0;
    body->text[0] = '\0';
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, body);
    CURLcode r = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_OS_ERRNO, os_error);
    curl_easy_cleanup(c);
    return r;
}

/* ---- a server of our own ---- */

struct hold {
    int listener, port, wanted;
    atomic_int asked;
    leat_waitgroup all;
};

static void serve_one(struct hold *h, int fd)
{
    char head[2048], path[64], answer[256];
    size_t len = 0;

    do {
        ssize_t n = recv(fd, head + len, sizeof(head) - 1 - len, 0);
        T_GT(n, 0);
        len += (size_t)n;
        head[len] = '\0';
    } while (!strstr(head, "\r\n\r\n"));
    T_EQ(sscanf(head, "GET /%63s ", path), 1);
    atomic_fetch_add(&h->asked, 1);
    leat_waitgroup_done(&h->all);
    leat_waitgroup_wait(&h->all);
    int n = snprintf(answer, sizeof(answer),
                     "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                     strlen(path), path);
    T_EQ(send(fd, answer, (size_t)n, MSG_NOSIGNAL), n);
    close(fd);
}

static void serve_all(struct hold *h)
{
    for (int i = 0; i < h->wanted; i++) {
        int fd = accept(h->listener, NULL, NULL);
        T_GE(fd, 0);
        leat_go(serve_one, h, fd);
    }
    close(h->listener);
}

static void start_hold(struct hold *h, int wanted)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof(a);

    memset(h, 0, sizeof(*h));
    h->wanted = wanted;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    h->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    T_EQ(bind(h->listener, (struct sockaddr *)&a, sizeof(a)), 0);
    T_EQ(listen(h->listener, 4096), 0);
    T_EQ(getsockname(h->listener, (struct sockaddr *)&a, &len), 0);
    h->port = ntohs(a.sin_port);
    leat_waitgroup_add(&h->all, wanted);
    leat_go(serve_all, h);
}

static void get_held(const struct hold *h, int i, leat_waitgroup *wg)
{
    char url[100], want[32];
    struct body body;
    long err;

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/item-%d", h->port, i);
    snprintf(want, sizeof(want), "item-%d", i);
    CURLcode r = fetch(url, 0, &body, &err);
    if (r != CURLE_OK)
        T_FAIL("%s: %s", url, curl_easy_strerror(r));
    T_EQ(atomic_load(&h->asked), h->wanted); /* nobody was answered before */
    T_STREQ(body.text, want);
    leat_waitgroup_done(wg);
}

static void settle_down(void)
{
    while (leat_num_goroutine() > 1)
        leat_yield();
    curl_global_cleanup();
}

T_TEST(all_wait_at_once, .timeout_ms = 60000)
{
    struct rlimit lim;
    leat_waitgroup wg = {0};
    struct hold h;

    T_EQ(getrlimit(RLIMIT_NOFILE, &lim), 0);
    lim.rlim_cur = lim.rlim_max;
    T_EQ(setrlimit(RLIMIT_NOFILE, &lim), 0);
    T_EQ(curl_global_init(CURL_GLOBAL_ALL), 0);
    start_hold(&h, (int)t_scale(1000));
    leat_waitgroup_add(&wg, h.wanted);
    for (int i = 0; i < h.wanted; i++)
        leat_go(get_held, &h, i, &wg);
    leat_waitgroup_wait(&wg);
    T_LT(task_count(), 40);
    settle_down();
}

/* ---- errors ---- */

static void fail(int silent, int unused, leat_waitgroup *wg)
{
    char url[100];
    struct body body;
    long err = 0;

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", unused);
    T_EQ(fetch(url, 0, &body, &err), CURLE_COULDNT_CONNECT);
    T_EQ(err, ECONNREFUSED);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", silent);
    T_EQ(fetch(url, 20, &body, &err), CURLE_OPERATION_TIMEDOUT);
    leat_waitgroup_done(wg);
}

T_TEST(errors_are_right)
{
    leat_waitgroup wg = {0};
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof(a);
    struct peer unused;
    int n = (int)t_scale(100), silent = socket(AF_INET, SOCK_STREAM, 0);

    T_EQ(curl_global_init(CURL_GLOBAL_ALL), 0);
    peer_prepare(&unused);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    T_EQ(bind(silent, (struct sockaddr *)&a, sizeof(a)), 0);
    T_EQ(listen(silent, 1000), 0);
    T_EQ(getsockname(silent, (struct sockaddr *)&a, &len), 0);
    leat_waitgroup_add(&wg, n);
    for (int i = 0; i < n; i++)
        leat_go(fail, ntohs(a.sin_port), unused.port, &wg);
    leat_waitgroup_wait(&wg);
    close(silent);
    T_EQ(rmdir(unused.dir), 0);
    settle_down();
}

/* ---- a server that is not ours ---- */

static void get_file(int port, leat_waitgroup *wg)
{
    char url[100];
    struct body body;
    long err;

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/file", port);
    for (int i = 0; i < 5; i++) {
        T_EQ(fetch(url, 0, &body, &err), CURLE_OK);
        T_STREQ(body.text, "what python serves\n");
    }
    leat_waitgroup_done(wg);
}

T_TEST(from_python, .skip_if = no_python, .timeout_ms = 60000)
{
    leat_waitgroup wg = {0};
    struct peer p;
    char port[16], name[100];

    T_EQ(curl_global_init(CURL_GLOBAL_ALL), 0);
    peer_prepare(&p);
    snprintf(name, sizeof(name), "%s/file", p.dir);
    FILE *f = fopen(name, "w");
    T_TRUE(f != NULL);
    fputs("what python serves\n", f);
    fclose(f);
    snprintf(port, sizeof(port), "%d", p.port);
    const char *argv[] = {peer_find(pythons), "-u", "-m", "http.server", "-b",
                          "127.0.0.1",        port, NULL};
    peer_start(&p, "Serving HTTP", argv);
    leat_waitgroup_add(&wg, 20);
    for (int i = 0; i < 20; i++)
        leat_go(get_file, p.port, &wg);
    leat_waitgroup_wait(&wg);
    peer_stop(&p, SIGTERM);
    settle_down();
}
