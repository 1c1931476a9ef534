/* SPDX-License-Identifier: MIT */
/*
 * sockets_test.c - connections come and go: many in a row, resets, half-closes, slow readers,
 * storms of deadlines and of signals, and no descriptors left.
 */
#include "../api/net_util.h"

#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

/* ---- many in a row ---- */

static atomic_long dialled, served;

static void echo(leat_io *conn)
{
    char buf[64];
    int64_t n;

    while ((n = leat_read(conn, buf, sizeof buf)) > 0)
        if (leat_write(conn, buf, (size_t)n) < 0)
            break;
    leat_io_free(conn);
    atomic_fetch_add(&served, 1);
}

static void serve(leat_waitgroup *wg, leat_listener *l)
{
    leat_io *conn;
    int err;

    while ((err = leat_accept(l, &conn)) == 0)
        leat_go(echo, conn);
    T_ERR(err, -EBADF);
    leat_waitgroup_done(wg);
}

/* Most go by a reset, so that the machine's ports do not run out; of the others some end their
 * way first, and some are not even asked. */
static void visit(const char *network, const char *at)
{
    uint64_t how = t_rand() % 64;
    char got[8];
    leat_io *conn;

    T_ERR(leat_dial(&conn, network, at), 0);
    atomic_fetch_add(&dialled, 1);
    if (how > 1) {
        T_EQ(leat_write(conn, "hello", 5), 5);
        T_EQ(leat_read_full(conn, got, 5), 5);
        T_MEMEQ(got, "hello", 5);
    }
    if (how == 2) {
        T_ERR(leat_io_shutdown(conn, LEAT_WRITE), 0);
        T_EQ(leat_read(conn, got, 1), 0);
    }
    if (how > 3 && network[0] == 't')
        T_ERR(leat_net_set(conn, LEAT_NET_LINGER, 0), 0);
    leat_io_free(conn);
}

static void visit_often(leat_waitgroup *wg, const char *network, const char *at, long n)
{
    for (long i = 0; i < n; i++)
        visit(network, at);
    leat_waitgroup_done(wg);
}

static void visits(const char *network, const char *at, long n)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 4);
    for (int i = 0; i < 4; i++)
        leat_go(visit_often, &wg, network, at, n / 4);
    leat_waitgroup_wait(&wg);
    while (atomic_load(&served) < atomic_load(&dialled) || leat_num_goroutine() > 2)
        leat_yield(); /* this one and the server are left: the echoes have ended */
}

/* As many as a listener sees in a day; with one number of procs, since it takes half a minute. */
static void churn(const char *network)
{
    long n = t_scale(t_procs() == 2 ? 200000 : 20000);
    char at[LEAT_ADDR_TEXT];
    leat_listener *l = listen_on(network, at);
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 1);
    leat_go(serve, &wg, l);
    visits(network, at, t_scale(2000));
    int sockets = open_sockets();
    size_t heap = mallinfo2().uordblks;
    visits(network, at, n);
    T_EQ(open_sockets(), sockets);
    if (t_mode_is("plain"))
        T_LT(mallinfo2().uordblks, heap + (1 << 20));
    T_ERR(leat_listener_close(l), 0);
    leat_waitgroup_wait(&wg);
    leat_listener_free(l);
}

T_TEST(connections_in_a_row_leave_nothing_tcp, .timeout_ms = 300000)
{
    churn("tcp");
}

T_TEST(connections_in_a_row_leave_nothing_unix, .timeout_ms = 300000)
{
    churn("unix");
}

/* ---- slow readers, half-closes ---- */

enum { STREAM = 1 << 20 };

static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 2654435761u >> 13);
}

static void write_stream(leat_waitgroup *wg, leat_io *io)
{
    unsigned char buf[7000];
    size_t done = 0;

    while (done < STREAM) {
        size_t n = 1 + t_rand() % sizeof buf;
        if (n > STREAM - done)
            n = STREAM - done;
        for (size_t i = 0; i < n; i++)
            buf[i] = byte_at(done + i);
        T_EQ(leat_write(io, buf, n), (int64_t)n);
        done += n;
    }
    T_ERR(leat_io_shutdown(io, LEAT_WRITE), 0);
    leat_waitgroup_done(wg);
}

static void read_stream(leat_waitgroup *wg, leat_io *io, bool slow)
{
    unsigned char buf[9000];
    size_t done = 0;
    int64_t n;

    while ((n = leat_read(io, buf, 1 + t_rand() % (sizeof buf - 1))) > 0) {
        for (size_t i = 0; i < (size_t)n; i++)
            if (buf[i] != byte_at(done + i))
                T_FAIL("byte %zu is %d", done + i, buf[i]);
        done += (size_t)n;
        if (slow && t_rand() % 8 == 0)
            leat_sleep(20 * LEAT_MICROSECOND);
    }
    T_ERR(n, 0);
    T_EQ(done, STREAM);
    leat_waitgroup_done(wg);
}

/* Both ways at once, each ended by its writer while the other goes on. */
static void stream_both_ways(const char *network)
{
    struct pair p = pair_of(network);
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 4);
    leat_go(write_stream, &wg, p.a);
    leat_go(write_stream, &wg, p.b);
    leat_go(read_stream, &wg, p.a, false);
    leat_go(read_stream, &wg, p.b, true);
    leat_waitgroup_wait(&wg);
    pair_free(&p);
}

static const char *const stream_networks[] = {"tcp", "unix"};

T_TEST(slow_readers_get_every_byte_both_ways, .timeout_ms = 120000)
{
    for (long i = 0; i < t_scale(10); i++)
        stream_both_ways(stream_networks[i % 2]);
}

/* ---- signals ---- */

static atomic_long ticks;

static void tick(int sig)
{
    (void)sig;
    atomic_fetch_add(&ticks, 1);
}

static void tick_every(int microseconds)
{
    const struct itimerval period = {{0, microseconds}, {0, microseconds}};

    T_EQ(setitimer(ITIMER_REAL, &period, NULL), 0);
}

static void write_and_read_a_file(void)
{
    static char bytes[100000];
    char path[LEAT_ADDR_TEXT], *text;
    leat_io *file;
    size_t n;

    T_ERR(leat_temp_file(&file, path, sizeof path, NULL, "leat-sockets-"), 0);
    T_EQ(leat_write(file, bytes, sizeof bytes), (int64_t)sizeof bytes);
    leat_io_free(file);
    T_ERR(leat_read_file(path, &text, &n), 0);
    T_EQ(n, sizeof bytes);
    free(text);
    T_EQ(unlink(path), 0);
}

/* The handler is the program's own, and interrupts the calls of the kernel that it meets. */
T_TEST(a_signal_every_millisecond_disturbs_nobody, .timeout_ms = 120000)
{
    const struct sigaction counts = {.sa_handler = tick};

    T_EQ(sigaction(SIGALRM, &counts, NULL), 0);
    tick_every(1000);
    for (long i = 0; i < t_scale(60) || atomic_load(&ticks) < 20; i++) {
        leat_cmd c = {.argv = LEAT_ARGV("true")};
        stream_both_ways(stream_networks[i % 2]);
        write_and_read_a_file();
        T_ERR(leat_cmd_run(&c), 0);
    }
    tick_every(0);
}

/* ---- deadlines ---- */

enum { STORM = 40 };

static atomic_long read_so_far;

static void read_through(leat_waitgroup *wg, leat_io *io, long n)
{
    long value, expected = 0;

    while (expected < n) {
        int64_t got = leat_read(io, &value, sizeof value);
        if (got == -ETIMEDOUT) {
            leat_yield();
            continue;
        }
        T_EQ(got, (int64_t)sizeof value);
        T_EQ(value, expected++);
        atomic_fetch_add(&read_so_far, 1);
    }
    leat_waitgroup_done(wg);
}

static void storm(leat_waitgroup *wg, struct pair *pairs, long all)
{
    while (atomic_load(&read_so_far) < all) {
        leat_duration now = leat_now(), when[] = {0, now, now + 10000, now + LEAT_SECOND};
        leat_io_set_deadline(pairs[t_rand() % STORM].b, LEAT_READ, when[t_rand() % 4]);
        leat_io_set_deadline(pairs[t_rand() % STORM].b, LEAT_READ, LEAT_FOREVER);
        if (t_rand() % 16 == 0)
            leat_yield();
    }
    leat_waitgroup_done(wg);
}

T_TEST(a_storm_of_deadlines_loses_nothing, .timeout_ms = 120000)
{
    static struct pair pairs[STORM];
    leat_waitgroup wg = {0};
    long n = t_scale(200);

    leat_waitgroup_add(&wg, STORM + 2);
    for (int i = 0; i < STORM; i++) {
        pairs[i] = pair_of("unixpacket");
        leat_go(read_through, &wg, pairs[i].b, n);
    }
    for (int i = 0; i < 2; i++)
        leat_go(storm, &wg, (struct pair *)pairs, n * STORM);
    for (long value = 0; value < n; value++)
        for (int i = 0; i < STORM; i++)
            T_EQ(leat_write(pairs[i].a, &value, sizeof value), (int64_t)sizeof value);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < STORM; i++)
        pair_free(&pairs[i]);
}

/* ---- no descriptors left ---- */

enum { FEW = 200 };

/* Whether every number is taken for good: sysmon opens files of /proc for moments. */
static bool all_taken(void)
{
    for (int fd = 0; fd < FEW; fd++) {
        char link[32], target[8] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, target, sizeof target - 1) < 0 || strncmp(target, "/proc/", 6) == 0)
            return false;
    }
    return true;
}

/* Takes all that are left, however often some come back; returns how many. */
static int take_all(int held[FEW])
{
    int n = 0;

    do {
        while ((held[n] = dup(0)) >= 0)
            n++;
        T_EQ(errno, EMFILE);
        leat_yield();
    } while (!all_taken());
    return n;
}

T_TEST(a_listener_outlives_a_lack_of_descriptors)
{
    char at[LEAT_ADDR_TEXT];
    leat_listener *l = listen_on("tcp", at);
    leat_io *conn, *waiting, *other;
    const struct rlimit few = {FEW, FEW};
    int held[FEW];

    T_ERR(leat_accept_until(l, &conn, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    T_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    T_ERR(leat_dial(&waiting, "tcp", at), 0);
    int n = take_all(held);
    for (int i = 0; i < 3; i++) {
        T_ERR(leat_accept(l, &conn), -EMFILE);
        T_ERR(leat_dial(&other, "tcp", at), -EMFILE);
    }
    for (int i = 0; i < 4; i++) /* one for us, the others for sysmon */
        close(held[--n]);
    T_ERR(leat_accept(l, &conn), 0);
    T_EQ(leat_write(waiting, "x", 1), 1);
    char c;
    T_EQ(leat_read(conn, &c, 1), 1);
    leat_io_free(conn);
    leat_io_free(waiting);
    while (n > 0)
        close(held[--n]);
    leat_listener_free(l);
}

/* ---- closing under load ---- */

static void connect_until_closed(leat_waitgroup *wg, const char *at)
{
    leat_io *conn;
    int err;

    while ((err = leat_dial(&conn, "unix", at)) == 0) {
        leat_io_free(conn);
        leat_yield();
    }
    T_ERR(err, -ECONNREFUSED);
    leat_waitgroup_done(wg);
}

T_TEST(listeners_are_closed_under_load, .timeout_ms = 60000)
{
    for (long i = 0; i < t_scale(100); i++) {
        char at[LEAT_ADDR_TEXT];
        leat_listener *l = listen_on("unix", at);
        leat_waitgroup wg = {0};
        leat_waitgroup_add(&wg, 4);
        for (int k = 0; k < 2; k++) {
            leat_go(serve, &wg, l);
            leat_go(connect_until_closed, &wg, (const char *)at);
        }
        for (uint64_t k = t_rand() % 50; k > 0; k--)
            leat_yield();
        T_ERR(leat_listener_close(l), 0);
        leat_waitgroup_wait(&wg);
        leat_listener_free(l);
    }
}

/* A port that nobody has may be given to the very socket that dials it, and TCP lets it connect to
 * itself. The kernel gives one in two ports to those who dial: so it is one that a dialler had. */
T_TEST(no_connection_is_with_itself, .timeout_ms = 60000)
{
    struct pair p = pair_of("tcp4");
    char at[LEAT_ADDR_TEXT];
    leat_addr a;
    leat_io *conn;

    T_ERR(leat_local_addr(p.a, &a), 0);
    leat_addr_format(&a, at, sizeof at);
    T_ERR(leat_net_set(p.a, LEAT_NET_LINGER, 0), 0); /* the port is free at once */
    pair_free(&p);
    for (long i = 0; i < t_scale(30000); i++)
        T_ERR(leat_dial(&conn, "tcp", at), -ECONNREFUSED);
}
