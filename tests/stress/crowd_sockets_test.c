/* SPDX-License-Identifier: MIT */
/*
 * crowd_sockets_test.c - ten thousand connections open at once on one listener; afterwards nothing
 * is left of them.
 *
 * The clients are a process of their own, so that each side needs one descriptor a connection.
 * The two take turns over a pair of pipes:
 *
 *     server   'a' ->                    -> 'c'                 -> 'a' once more, or 'z'
 *     clients          all connect, 'b' ->      all talk, close, 'd' ->
 *
 * Between b and c every goroutine of the server waits for bytes: what a reader costs is the
 * difference of resident memory to before, divided. The kernel's share of a socket is not in it.
 */
#include "../api/net_util.h"
#include "../api/sched_util.h"

#include <malloc.h>
#include <sys/resource.h>

enum { CROWD = 10000, SPARE = 200, DIAL_AT_ONCE = 100, TALKS = 3 };
enum { IDLE_READER = 5 << 10 }; /* bytes that a connection may cost while it waits */

static const char *too_few_descriptors(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max < CROWD + SPARE ? "the hard limit of descriptors is below 10200"
                                          : NULL;
}

static void allow_descriptors(void)
{
    struct rlimit limit;

    T_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    T_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static struct {
    int to_clients[2], to_server[2];
} turns;

static void say_turn(int fd, char what)
{
    T_EQ(leat_blocking(write, fd, &what, (size_t)1), 1);
}

static void await_turn(int fd, char what)
{
    char c = 0;

    T_EQ(leat_blocking(read, fd, &c, (size_t)1), 1);
    T_EQ(c, what);
}

/* ---- the clients ---- */

static struct {
    char at[LEAT_ADDR_TEXT];
    leat_semaphore dialling;
    leat_waitgroup open;
    leat_done_chan go_on;
} crowd;

static void talk(leat_io *conn)
{
    uint64_t said = t_rand(), heard;

    T_EQ(leat_write(conn, &said, sizeof said), (int64_t)sizeof said);
    T_EQ(leat_read_full(conn, &heard, sizeof heard), (int64_t)sizeof heard);
    T_EQ(said, heard);
}

static void be_client(void)
{
    leat_io *conn;

    leat_semaphore_acquire(&crowd.dialling, 1);
    T_ERR(leat_dial(&conn, "tcp", crowd.at), 0);
    talk(conn);
    leat_semaphore_release(&crowd.dialling, 1);
    leat_waitgroup_done(&crowd.open);
    leat_recv(crowd.go_on, NULL);
    for (int i = 0; i < TALKS; i++)
        talk(conn);
    T_ERR(leat_net_set(conn, LEAT_NET_LINGER, 0), 0); /* so that its port is free at once */
    leat_io_free(conn);
}

static void be_crowd(long n)
{
    leat_waitgroup all = {0};

    crowd.go_on = leat_chan_make(leat_done_chan, 0);
    leat_waitgroup_add(&crowd.open, (int)n);
    for (long i = 0; i < n; i++)
        leat_waitgroup_go(&all, be_client);
    leat_waitgroup_wait(&crowd.open);
    say_turn(turns.to_server[1], 'b');
    await_turn(turns.to_clients[0], 'c');
    leat_close(crowd.go_on);
    leat_waitgroup_wait(&all);
    leat_chan_free(crowd.go_on);
    say_turn(turns.to_server[1], 'd');
}

static void be_clients(long n)
{
    char c;

    allow_descriptors();
    leat_semaphore_init(&crowd.dialling, DIAL_AT_ONCE);
    while (read(turns.to_clients[0], &c, 1) == 1 && c == 'a') {
        T_EQ(read(turns.to_clients[0], crowd.at, sizeof crowd.at), (ssize_t)sizeof crowd.at);
        be_crowd(n);
    }
    T_EQ(c, 'z');
    exit(0);
}

/* ---- the server ---- */

static atomic_long present;

static void serve_client(leat_io *conn)
{
    char buf[64];
    int64_t n;

    while ((n = leat_read(conn, buf, sizeof buf)) > 0)
        T_EQ(leat_write(conn, buf, (size_t)n), n);
    T_TRUE(n == 0 || n == -ECONNRESET);
    leat_io_free(conn);
    atomic_fetch_sub(&present, 1);
}

static void accept_clients(leat_listener *l)
{
    leat_io *conn;
    int err;

    while ((err = leat_accept(l, &conn)) == 0) {
        atomic_fetch_add(&present, 1);
        leat_go(serve_client, conn);
    }
    T_ERR(err, -EBADF);
}

struct footprint {
    int sockets;
    size_t heap;
    long resident;
};

static struct footprint footprint_now(void)
{
    struct footprint f = {.sockets = open_sockets(), .heap = mallinfo2().uordblks};
    FILE *statm = fopen("/proc/self/statm", "re");

    T_TRUE(statm != NULL);
    T_EQ(fscanf(statm, "%*d %ld", &f.resident), 1);
    fclose(statm);
    f.resident *= sysconf(_SC_PAGESIZE);
    return f;
}

/* One round; returns what a connection that waits costs in resident memory, in bytes. */
static long receive_crowd(long n)
{
    long before = footprint_now().resident;

    say_turn(turns.to_clients[1], 'a');
    T_EQ(write(turns.to_clients[1], crowd.at, sizeof crowd.at), (ssize_t)sizeof crowd.at);
    await_turn(turns.to_server[0], 'b');
    T_EQ(atomic_load(&present), n);
    long each = (footprint_now().resident - before) / n;
    say_turn(turns.to_clients[1], 'c');
    await_turn(turns.to_server[0], 'd');
    while (atomic_load(&present) > 0 || leat_num_goroutine() > 2)
        leat_yield(); /* this one and the one that accepts are left */
    return each;
}

static void be_server(long n)
{
    leat_listener *l = listen_on("tcp", crowd.at);
    leat_waitgroup wg = {0};

    allow_descriptors();
    leat_waitgroup_go(&wg, accept_clients, l);
    long each = receive_crowd(n); /* and stacks and records stay for the next */
    struct footprint first = footprint_now();
    receive_crowd(n);
    struct footprint second = footprint_now();
    T_EQ(second.sockets, first.sockets);
    T_LOG("%ld connections: %ld bytes each", n, each);
    if (t_mode_is("plain")) {
        T_LT(second.heap, first.heap + (64 << 10));
        T_LT(second.resident, first.resident + (4 << 20));
        T_LE(each, IDLE_READER);
    }
    T_ERR(leat_listener_close(l), 0);
    leat_waitgroup_wait(&wg);
    leat_listener_free(l);
}

T_TEST(ten_thousand_connections_at_once_leave_nothing, .fresh = true, .timeout_ms = 120000,
       .skip_if = too_few_descriptors)
{
    long n = t_scale(CROWD);

    T_EQ(pipe(turns.to_clients), 0);
    T_EQ(pipe(turns.to_server), 0);
    pid_t pid = fork();
    T_GE(pid, 0);
    if (pid == 0)
        be_clients(n);
    be_server(n);
    say_turn(turns.to_clients[1], 'z');
    T_EQ(leat_blocking(util_wait_child, pid), 0);
    for (int i = 0; i < 2; i++) {
        close(turns.to_clients[i]);
        close(turns.to_server[i]);
    }
}
