/* SPDX-License-Identifier: MIT */
/*
 * 34 port-scanner: on which ports of a machine does somebody listen?
 *
 * To ask a port is to dial it: it opens, or the machine refuses, or nothing comes at all, and then
 * only a time can end it. A question is a goroutine of a few lines; what bounds all of them stands
 * outside:
 *
 *     how many at once       the limit of the group: a descriptor is not for free
 *     how many a second      a limiter, for the sake of the machine that is asked
 *     how long each          a context with a timeout, below that of the group
 *
 * An answer of any kind is a result. An error is what makes further questions pointless, such as a
 * network that is down: the group keeps the first one, and its context calls the others off.
 *
 *     34-port-scanner                          a scene, with servers of its own
 *     34-port-scanner localhost 22,8000-8100   ask these; 127.0.0.1 and [::1] will do as well
 *     34-port-scanner -r 50 -t 500 -n 20 ...   50 a second, 500 ms for each, 20 at once
 *
 * Ask machines that are yours, or whose owner has agreed.
 */
#include <leat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PORTS = 65536 };

enum state { LEFT_ALONE, WANTED, OPEN, CLOSED, SILENT };

struct scan {
    char host[LEAT_ADDR_TEXT];
    int at_once;
    leat_duration timeout;
    leat_limiter rate;
    enum state ports[PORTS]; /* by their numbers, and so in order and each once */
};

/* ---- the scan ---- */

/* Asks one port. Many of these run at once; each writes an element of its own, and so needs no
 * lock: the group's wait comes before the elements are read. */
static int ask(leat_ctx *ctx, struct scan *s, int port)
{
    leat_scoped_ctx(patience, leat_ctx_with_timeout(ctx, s->timeout));
    char address[LEAT_ADDR_TEXT + 8];
    leat_io *conn;

    snprintf(address, sizeof(address), "%s:%d", s->host, port);
    int err = leat_dial_ctx(patience, &conn, "tcp", address);
    if (err == 0)
        leat_io_free(conn);
    switch (err) {
    case 0:
        s->ports[port] = OPEN;
        return 0;
    case -ECONNREFUSED:
        s->ports[port] = CLOSED;
        return 0;
    case -ETIMEDOUT:
        s->ports[port] = SILENT; /* a firewall that drops, or a queue that is full */
        return leat_ctx_err(ctx);
    default:
        return err;
    }
}

static int scan(struct scan *s)
{
    leat_scoped_group(g, NULL);
    leat_ctx *ctx = leat_group_ctx(&g);

    leat_group_set_limit(&g, s->at_once);
    for (int port = 1; port < PORTS; port++) {
        if (s->ports[port] != WANTED)
            continue;
        if (leat_limiter_wait_ctx(ctx, &s->rate, 1) != 0)
            break; /* somebody has met an error: the wait below says which */
        leat_group_go(&g, ask, ctx, s, port);
    }
    return leat_group_wait(&g);
}

static int count(const struct scan *s, enum state state)
{
    int n = 0;

    for (int port = 1; port < PORTS; port++)
        n += s->ports[port] == state;
    return n;
}

/* ---- a real one ---- */

static LEAT_NORETURN LEAT_PRINTF(1, 2) void refuse(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("34-port-scanner: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\nusage: 34-port-scanner [-r A_SECOND] [-t MILLISECONDS] [-n AT_ONCE] HOST PORTS\n",
          stderr);
    exit(2);
}

/* The number that text begins with, at most max; *end is what follows. -1: it is none. */
static long number(const char *text, const char **end, long max)
{
    long n = 0;

    for (*end = text; **end >= '0' && **end <= '9'; ++*end)
        if ((n = n * 10 + (**end - '0')) > max)
            return -1;
    return *end == text ? -1 : n;
}

static long option(int letter, const char *text, long max)
{
    const char *end;
    long n = number(text, &end, max);

    if (n < 1 || *end != '\0')
        refuse("-%c %s: that is no number from 1 to %ld", letter, text, max);
    return n;
}

/* "22,80,8000-8100" */
static void want(struct scan *s, const char *text)
{
    const char *at = text, *end;

    for (;; at = end + 1) {
        long first = number(at, &end, PORTS - 1), last = first;
        if (*end == '-')
            last = number(end + 1, &end, PORTS - 1);
        if (first < 1 || last < first || (*end != ',' && *end != '\0'))
            refuse("%s: those are no ports; 22,80,8000-8100 would be", text);
        for (long port = first; port <= last; port++)
            s->ports[port] = WANTED;
        if (*end == '\0')
            return;
    }
}

/* The host is asked for once, not again with each port; the first of its addresses is taken. */
static int find_host(struct scan *s, const char *host)
{
    char text[LEAT_ADDR_TEXT + 100];
    leat_addr addr;

    if (snprintf(text, sizeof(text), "%s:1", host) >= (int)sizeof(text))
        return -ENAMETOOLONG;
    int n = leat_resolve(&addr, 1, "tcp", text);
    if (n < 0)
        return n;
    leat_addr_format(&addr, s->host, sizeof(s->host));
    *strrchr(s->host, ':') = '\0';
    return 0;
}

static int real(int argc, char **argv)
{
    static struct scan s = {.at_once = 100, .timeout = LEAT_SECOND};
    long rate = 1000;
    int letter, err;

    opterr = 0;
    while ((letter = getopt(argc, argv, "r:t:n:")) != -1) {
        if (letter == 'r')
            rate = option('r', optarg, 1000000);
        else if (letter == 't')
            s.timeout = option('t', optarg, 3600000) * LEAT_MILLISECOND;
        else if (letter == 'n')
            s.at_once = (int)option('n', optarg, 100000);
        else
            refuse("-%c: there is no such option, or it needs a number", optopt);
    }
    if (argc - optind != 2)
        refuse("a host and ports are needed");
    want(&s, argv[optind + 1]);
    leat_limiter_init(&s.rate, (double)rate, 1);
    if ((err = find_host(&s, argv[optind])) == 0)
        err = scan(&s);
    if (err) {
        fprintf(stderr, "34-port-scanner: %s: %s\n", argv[optind], leat_strerror(err));
        return 1;
    }
    for (int port = 1; port < PORTS; port++)
        if (s.ports[port] == OPEN || s.ports[port] == SILENT)
            printf("%5d %s\n", port, s.ports[port] == OPEN ? "open" : "silent");
    printf("%s: %d open, %d closed, %d silent\n", s.host, count(&s, OPEN), count(&s, CLOSED),
           count(&s, SILENT));
    return 0;
}

/* ---- the scene ---- */

enum { SERVERS = 20, A_SECOND = 500 };

static int open_port(leat_listener **l)
{
    leat_addr addr;

    if (leat_listen(l, "tcp", "127.0.0.1:0") < 0 || leat_listener_addr(*l, &addr) < 0)
        leat_panic("there is no port to listen on");
    return leat_addr_port(&addr);
}

/* Twenty servers, of which every second one has ended before anybody asks. */
static int scene(void)
{
    static struct scan s = {.host = "127.0.0.1",
                            .at_once = 4,
                            .timeout = 10 * LEAT_SECOND,
                            .rate = LEAT_LIMITER(A_SECOND, 1)};
    leat_listener *servers[SERVERS];
    int ports[SERVERS], right = 0;

    for (int i = 0; i < SERVERS; i++) {
        ports[i] = open_port(&servers[i]);
        s.ports[ports[i]] = WANTED;
    }
    for (int i = 1; i < SERVERS; i += 2)
        leat_listener_close(servers[i]);

    leat_duration begin = leat_now();
    int err = scan(&s);
    leat_duration took = leat_now() - begin;
    if (err)
        leat_panic("%s", leat_strerror(err));

    for (int i = 0; i < SERVERS; i++) {
        right += s.ports[ports[i]] == (i % 2 == 0 ? OPEN : CLOSED);
        leat_listener_free(servers[i]);
    }
    printf("%d ports: %d open, %d closed, and that is right for %d\n", SERVERS, count(&s, OPEN),
           count(&s, CLOSED), right);
    printf("%d a second, or faster? %s\n", A_SECOND,
           took < (SERVERS - 1) * LEAT_SECOND / A_SECOND ? "faster" : "no faster");
    return 0;
}

int main(int argc, char **argv)
{
    return argc > 1 ? real(argc, argv) : scene();
}
