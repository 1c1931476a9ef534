/* SPDX-License-Identifier: MIT */
/*
 * load.c - makes echo requests on many connections, as fast as they are answered or at a pace.
 *
 *     load PORT CONNECTIONS SIZE SECONDS [PACE]
 *
 * Each connection has one request under way at most. At a pace, requests are due at fixed times
 * and the latency counts from then, so that a server that stalls does not hide it. Prints one
 * line: requests, requests a second, and the latencies p50, p99, p99.9 in microseconds. The first
 * fifth of the time is not counted: a line "warm" says that it is over, for those who read the
 * server's clock.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, MAX_SIZE = 1 << 20, BUCKETS = 64 * 32 };

struct conn {
    int fd;
    int busy;
    size_t got;
    int64_t since;
};

static struct conn *conns;
static int nconns, poller;
static size_t size;
static char *block;
static uint64_t histogram[BUCKETS], counted;
static int counting;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Thirty-two buckets for each power of two: three percent. */
static int bucket_of(int64_t ns)
{
    uint64_t v = ns < 32 ? 32 : (uint64_t)ns;
    int shift = 58 - __builtin_clzll(v);

    return shift * 32 + (int)(v >> shift) - 32;
}

static double percentile(double p)
{
    uint64_t want = (uint64_t)((double)counted * p), seen = 0;

    for (int i = 0; i < BUCKETS; i++) {
        seen += histogram[i];
        if (seen > want)
            return (double)((uint64_t)(i % 32 + 32) << (i / 32)) / 1000;
    }
    return 0;
}

static void connect_all(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;

    for (int i = 0; i < nconns; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
            die("connect");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        conns[i].fd = fd;
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    }
}

static void request(struct conn *c, int64_t due)
{
    size_t done = 0;

    c->busy = 1;
    c->got = 0;
    c->since = due;
    while (done < size) {
        ssize_t n = send(c->fd, block + done, size - done, MSG_NOSIGNAL);
        if (n < 0)
            die("send");
        done += (size_t)n;
    }
}

/* True: its answer is there. */
static int answer(struct conn *c)
{
    ssize_t n = recv(c->fd, block, size - c->got, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0)
        die("recv");
    c->got += (size_t)n;
    if (c->got < size)
        return 0;
    c->busy = 0;
    if (counting) {
        histogram[bucket_of(now() - c->since)]++;
        counted++;
    }
    return 1;
}

static int64_t interval, next_due;
static int next_conn;

/* Requests that are due, on connections that are free. */
static void keep_pace(void)
{
    for (int64_t t = now(); next_due <= t; next_due += interval) {
        int tries = 0;
        while (conns[next_conn].busy && tries++ < nconns)
            next_conn = (next_conn + 1) % nconns;
        if (conns[next_conn].busy)
            return;
        request(&conns[next_conn], next_due);
        next_conn = (next_conn + 1) % nconns;
    }
}

static void run_until(int64_t end)
{
    struct epoll_event events[EVENTS];

    while (now() < end) {
        int n = epoll_wait(poller, events, EVENTS, interval ? 0 : 100);
        for (int i = 0; i < n; i++) {
            struct conn *c = &conns[events[i].data.u32];
            if (c->busy && answer(c) && !interval)
                request(c, now());
        }
        if (interval)
            keep_pace();
    }
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: load PORT CONNECTIONS SIZE SECONDS [PACE]\n");
        return 2;
    }
    nconns = atoi(argv[2]);
    size = (size_t)atol(argv[3]);
    double seconds = atof(argv[4]), pace = argc > 5 ? atof(argv[5]) : 0;
    struct rlimit files = {(rlim_t)nconns + 64, (rlim_t)nconns + 64};
    setrlimit(RLIMIT_NOFILE, &files);
    conns = calloc((size_t)nconns, sizeof(*conns));
    block = calloc(1, size);
    poller = epoll_create1(EPOLL_CLOEXEC);
    connect_all(atoi(argv[1]));
    interval = pace > 0 ? (int64_t)(1e9 / pace) : 0;
    int64_t began = now();
    next_due = began;
    for (int i = 0; i < nconns && !interval; i++)
        request(&conns[i], began);
    run_until(began + (int64_t)(seconds * 0.2e9));
    printf("warm\n");
    fflush(stdout);
    counting = 1;
    int64_t from = now();
    run_until(began + (int64_t)(seconds * 1e9));
    double took = (double)(now() - from) / 1e9;
    printf("%llu %.0f %.1f %.1f %.1f\n", (unsigned long long)counted, (double)counted / took,
           percentile(0.5), percentile(0.99), percentile(0.999));
    return 0;
}
