/* SPDX-License-Identifier: MIT */
/* posix_poll_test.c - poll, ppoll, select, pselect. */
#include <leat/posix.h>

#include <leat.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "t.h"
#include "tasks.h"
#include "trace.h"

enum { SHORT_MS = 3 };

static void polls(struct trace *t)
{
    struct timespec ts = {0, 1000000}, zero = {0, 0};
    int s[2], p[2], file = open("/proc/self/status", O_RDONLY);
    char buf[8];

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    T_EQ(pipe(p), 0);
    struct pollfd f[4] = {{.fd = s[0], .events = POLLIN}, {.fd = p[0], .events = POLLIN}};
    TRACE(t, poll(NULL, 0, 0));
    TRACE(t, poll(NULL, 0, SHORT_MS));
    TRACE(t, poll(f, 1, SHORT_MS));
    TRACE(t, poll(f, 2, SHORT_MS));
    TRACE(t, ppoll(f, 2, &ts, NULL));
    TRACE(t, ppoll(f, 2, &zero, NULL));
    f[2] = (struct pollfd){.fd = -1, .events = POLLIN};
    f[3] = f[0]; /* named twice */
    f[3].events = POLLPRI;
    TRACE(t, poll(f, 4, SHORT_MS));
    T_EQ(write(s[1], "x", 1), 1);
    TRACE(t, poll(f, 4, -1));
    TRACE(t, f[0].revents);
    TRACE(t, f[1].revents);
    TRACE(t, f[2].revents);
    T_EQ(read(s[0], buf, 8), 1);
    f[0].events = POLLOUT;
    TRACE(t, poll(f, 1, -1));
    f[0].events = POLLIN | POLLRDHUP;
    TRACE(t, poll(f, 1, SHORT_MS));
    T_EQ(shutdown(s[1], SHUT_WR), 0);
    TRACE(t, poll(f, 1, -1));
    TRACE(t, f[0].revents);
    f[1] = (struct pollfd){.fd = file, .events = POLLIN | POLLOUT};
    TRACE(t, poll(f, 2, -1));
    TRACE(t, f[1].revents & POLLIN);
    f[1].fd = 100000;
    TRACE(t, poll(f + 1, 1, -1));
    TRACE(t, f[1].revents);
    f[0] = (struct pollfd){.fd = p[0]};
    TRACE(t, poll(f, 1, SHORT_MS)); /* for nothing but errors */
    close(p[1]);
    TRACE(t, poll(f, 1, -1));
    TRACE(t, f[0].revents);
    ts.tv_nsec = 2000000000;
    TRACE(t, ppoll(f, 1, &ts, NULL));
    int all[] = {s[0], s[1], p[0], file};
    for (int i = 0; i < 4; i++)
        close(all[i]);
}

static void selects(struct trace *t)
{
    struct timeval tv = {0, 3000};
    struct timespec ts = {0, 3000000};
    fd_set in, out, bad;
    int s[2];

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    FD_ZERO(&in);
    FD_SET(s[0], &in);
    TRACE(t, select(s[0] + 1, &in, NULL, NULL, &tv));
    TRACE(t, FD_ISSET(s[0], &in));
    TRACE(t, tv.tv_sec + tv.tv_usec);
    TRACE(t, select(s[0] + 1, &in, NULL, NULL, &tv));
    FD_SET(s[0], &in);
    FD_ZERO(&out);
    FD_SET(s[1], &out);
    TRACE(t, select(s[1] + 1, &in, &out, NULL, NULL));
    TRACE(t, FD_ISSET(s[0], &in));
    TRACE(t, FD_ISSET(s[1], &out));
    T_EQ(write(s[1], "x", 1), 1);
    FD_SET(s[0], &in);
    FD_ZERO(&bad);
    FD_SET(s[0], &bad);
    TRACE(t, pselect(s[1] + 1, &in, NULL, &bad, NULL, NULL));
    TRACE(t, FD_ISSET(s[0], &in));
    TRACE(t, FD_ISSET(s[0], &bad));
    FD_ZERO(&in);
    FD_SET(s[1], &in);
    TRACE(t, pselect(s[1] + 1, &in, NULL, NULL, &ts, NULL));
    TRACE(t, ts.tv_nsec);
    tv = (struct timeval){0, 3000};
    TRACE(t, select(0, NULL, NULL, NULL, &tv));
    tv = (struct timeval){-1, 0};
    TRACE(t, select(0, NULL, NULL, NULL, &tv));
    TRACE(t, select(-1, NULL, NULL, NULL, NULL));
    FD_ZERO(&in);
    FD_SET(60, &in);
    TRACE(t, select(61, &in, NULL, NULL, NULL));
    close(s[0]);
    close(s[1]);
}

static void both(struct trace *t)
{
    polls(t);
    selects(t);
}

T_TEST(results_are_libcs)
{
    trace_both(both);
}

/* ---- parking ---- */

static void wait_in(int kind, int a, int b, leat_waitgroup *wg)
{
    struct pollfd f[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    fd_set in;

    if (kind == 0) {
        T_EQ(poll(f + 1, 1, -1), 1);
    } else if (kind == 1) {
        T_EQ(poll(f, 2, -1), 1);
        T_EQ(f[0].revents, 0);
        T_EQ(f[1].revents, POLLIN);
    } else {
        FD_ZERO(&in);
        FD_SET(a, &in);
        FD_SET(b, &in);
        T_EQ(select((a > b ? a : b) + 1, &in, NULL, NULL, NULL), 1);
        T_TRUE(FD_ISSET(b, &in));
        T_FALSE(FD_ISSET(a, &in));
    }
    leat_waitgroup_done(wg);
}

/* Hundreds wait in poll and select for one event. */
T_TEST(pollers_park)
{
    enum { WAITERS = 300 };
    leat_waitgroup wg = {0};
    int quiet[2], p[2];

    T_EQ(pipe(quiet), 0);
    T_EQ(pipe(p), 0);
    leat_waitgroup_add(&wg, WAITERS);
    for (int i = 0; i < WAITERS; i++)
        leat_go(wait_in, i % 3, quiet[0], p[0], &wg);
    for (int i = 0; i < 20; i++)
        leat_yield();
    T_EQ(write(p[1], "x", 1), 1);
    leat_waitgroup_wait(&wg);
    T_LT(task_count(), 40);
    close(quiet[0]);
    close(quiet[1]);
    close(p[0]);
    close(p[1]);
}

/* ---- sleeping ---- */

static long later(clockid_t clock, long ns, bool before_now)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    ts.tv_nsec += ns;
    ts.tv_sec += ts.tv_nsec / 1000000000 - (before_now ? 2 : 0);
    ts.tv_nsec %= 1000000000;
    long r = clock_nanosleep(clock, TIMER_ABSTIME, &ts, NULL);
    struct timespec now;
    clock_gettime(clock, &now);
    bool over = now.tv_sec > ts.tv_sec ||
                (now.tv_sec == ts.tv_sec && now.tv_nsec >= ts.tv_nsec);
    return over ? r : -100;
}

static void sleeps(struct trace *t)
{
    struct timespec ts = {0, 2000000}, zero = {0, 0}, wrong = {0, 1000000000};
    leat_duration before = leat_now();

    TRACE(t, nanosleep(&ts, NULL));
    TRACE(t, usleep(2000));
    TRACE(t, clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL));
    TRACE(t, clock_nanosleep(CLOCK_REALTIME, 0, &ts, NULL));
    TRACE(t, leat_now() - before >= 8 * LEAT_MILLISECOND);
    TRACE(t, later(CLOCK_MONOTONIC, 2000000, false));
    TRACE(t, later(CLOCK_REALTIME, 2000000, false));
    TRACE(t, later(CLOCK_BOOTTIME, 0, true));
    TRACE(t, nanosleep(&zero, NULL));
    TRACE(t, usleep(0));
    TRACE(t, sleep(0));
    TRACE(t, nanosleep(&wrong, NULL));
    TRACE(t, clock_nanosleep(CLOCK_MONOTONIC, 0, &wrong, NULL));
    TRACE(t, clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL));
    TRACE(t, clock_nanosleep(12345, 0, &ts, NULL));
    TRACE(t, sleep(1));
}

T_TEST(sleeps_are_libcs)
{
    trace_both(sleeps);
}

static void nap(int *sleeping, int *most, leat_waitgroup *wg)
{
    int now = __atomic_add_fetch(sleeping, 1, __ATOMIC_SEQ_CST);
    int seen = __atomic_load_n(most, __ATOMIC_SEQ_CST);

    while (now > seen && !__atomic_compare_exchange_n(most, &seen, now, false, __ATOMIC_SEQ_CST,
                                                      __ATOMIC_SEQ_CST))
        ;
    usleep(300000);
    __atomic_sub_fetch(sleeping, 1, __ATOMIC_SEQ_CST);
    leat_waitgroup_done(wg);
}

/* A thousand sleep at the same time, on a few threads. */
T_TEST(sleepers_park)
{
    leat_waitgroup wg = {0};
    int n = (int)t_scale(1000), sleeping = 0, most = 0;

    leat_waitgroup_add(&wg, n);
    for (int i = 0; i < n; i++)
        leat_go(nap, &sleeping, &most, &wg);
    leat_waitgroup_wait(&wg);
    T_GT(most, n / 2);
    T_LT(task_count(), 40);
}
