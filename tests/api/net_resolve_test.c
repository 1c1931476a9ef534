/* SPDX-License-Identifier: MIT */
/*
 * net_resolve_test.c - names: asking, giving up, remembering; the race between their addresses.
 *
 * getaddrinfo is ours here: it knows the names below, and a gate holds it up.
 */
#include "net_util.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "limit_table.h"

static atomic_long asked, freed;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* "slow.test" passes it */

static struct addrinfo *answer(const char *host, int port, struct addrinfo *next)
{
    struct answer {
        struct addrinfo info;
        struct sockaddr_storage addr;
    } *a = calloc(1, sizeof *a);
    struct sockaddr_in *four = (struct sockaddr_in *)&a->addr;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&a->addr;
    bool is_six = inet_pton(AF_INET6, host, &six->sin6_addr) == 1;

    if (!is_six)
        T_EQ(inet_pton(AF_INET, host, &four->sin_addr), 1);
    a->addr.ss_family = is_six ? AF_INET6 : AF_INET;
    four->sin_port = htons((uint16_t)port);
    a->info = (struct addrinfo){.ai_family = a->addr.ss_family,
                                .ai_addrlen = is_six ? sizeof *six : sizeof *four,
                                .ai_addr = (struct sockaddr *)&a->addr,
                                .ai_next = next};
    return &a->info;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    int port = service && strcmp(service, "ours") == 0 ? 4321 : 0;

    atomic_fetch_add(&asked, 1);
    if (strcmp(host, "slow.test") == 0) {
        pthread_mutex_lock(&gate);
        pthread_mutex_unlock(&gate);
    }
    if (strcmp(host, "again.test") == 0)
        return EAI_AGAIN;
    if (strcmp(host, "broken.test") == 0)
        return EAI_FAIL;
    if (strcmp(host, "nobody.test") == 0 || (service && !port))
        return service ? EAI_SERVICE : EAI_NONAME;
    *found = NULL;
    if (hints->ai_family != AF_INET6)
        *found = answer("127.0.0.1", port,
                        strcmp(host, "many.test") == 0 ? answer("127.0.0.2", port, NULL)
                                                       : NULL);
    if (hints->ai_family != AF_INET)
        *found = answer("::1", port, *found);
    if (hints->ai_family == AF_UNSPEC && strcmp(host, "many.test") == 0)
        *found = answer("::2", port, *found);
    return 0;
}

void freeaddrinfo(struct addrinfo *found)
{
    while (found) {
        struct addrinfo *next = found->ai_next;
        free(found);
        found = next;
    }
    atomic_fetch_add(&freed, 1);
}

static void resolves(const char *network, const char *text, const char *shown)
{
    leat_addr addrs[8];
    char all[512] = "", one[LEAT_ADDR_TEXT];
    int n = leat_resolve(addrs, 8, network, text);

    T_GT(n, 0);
    for (int i = 0; i < n; i++) {
        leat_addr_format(&addrs[i], one, sizeof one);
        strcat(strcat(all, i ? " " : ""), one);
    }
    T_STREQ(all, shown);
}

T_TEST(names_have_addresses_and_families_take_turns)
{
    leat_addr a;

    resolves("tcp", "two.test:80", "[::1]:80 127.0.0.1:80");
    resolves("tcp4", "two.test:80", "127.0.0.1:80");
    resolves("udp6", "two.test.:http", "[::1]:80");
    resolves("tcp", "many.test:1", "[::2]:1 127.0.0.1:1 [::1]:1 127.0.0.2:1");
    resolves("tcp", "two.test:ours", "[::1]:4321 127.0.0.1:4321");
    T_EQ(atomic_load(&asked), 5);
    resolves("tcp", "9.8.7.6:5", "9.8.7.6:5");
    resolves("unix", "two.test:80", "two.test:80");
    T_EQ(atomic_load(&asked), 5); /* nobody is asked about numbers */
    T_EQ(atomic_load(&freed), 5);
    T_EQ(leat_resolve(&a, 1, "tcp", "many.test:1"), 1);
    T_EQ(leat_resolve(NULL, 0, "tcp", "many.test:1"), 0);
}

T_TEST(names_that_cannot_be_had)
{
    static char long_name[400];
    leat_addr a;
    leat_io *conn;

    memset(long_name, 'a', 300);
    strcat(long_name, ":80");
    T_ERR(leat_resolve(&a, 1, "tcp", "nobody.test:80"), -ENXIO);
    T_ERR(leat_resolve(&a, 1, "tcp", "two.test:no-such-port"), -ENXIO);
    T_ERR(leat_resolve(&a, 1, "tcp", "again.test:80"), -EAGAIN);
    T_ERR(leat_resolve(&a, 1, "tcp", "broken.test:80"), -EIO);
    T_ERR(leat_resolve(&a, 1, "tcp", long_name), -ENAMETOOLONG);
    T_ERR(leat_resolve(&a, 1, "tcp", "a b:80"), -EINVAL);
    T_ERR(leat_resolve(&a, 1, "tcp", "127.1:80"), -EINVAL);
    T_ERR(leat_resolve(&a, 1, "no", "two.test:80"), -EPROTONOSUPPORT);
    T_ERR(leat_dial(&conn, "tcp", "nobody.test:80"), -ENXIO);
}

/* The question ends behind the caller's back, and its memory with it. */
T_TEST(who_asks_may_give_up)
{
    leat_addr a;
    leat_io *conn;

    pthread_mutex_lock(&gate);
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, LEAT_MILLISECOND));
    T_ERR(leat_resolve_ctx(ctx, &a, 1, "tcp", "slow.test:80"), -ETIMEDOUT);
    T_ERR(leat_resolve_ctx(ctx, &a, 1, "tcp", "slow.test:80"), -ETIMEDOUT);
    T_ERR(leat_resolve_until(&a, 1, "tcp", "slow.test:80", leat_now() + LEAT_MILLISECOND),
          -ETIMEDOUT);
    T_ERR(leat_dial_until(&conn, "tcp", "slow.test:80", leat_now() + LEAT_MILLISECOND),
          -ETIMEDOUT);
    pthread_mutex_unlock(&gate);
    T_EQ(leat_resolve_until(&a, 1, "tcp", "slow.test:80", leat_now() + LEAT_MINUTE), 1);
    while (atomic_load(&freed) < atomic_load(&asked))
        leat_yield();
}

static void set_nothing(struct stage *s)
{
    (void)s;
}

static int64_t run_resolve(struct stage *s, const leat_limit *limit)
{
    leat_addr a;

    (void)s;
    return FORMS(limit, leat_resolve(&a, 1, "tcp", "slow.test:80"),
                 leat_resolve_ctx(limit->ctx, &a, 1, "tcp", "slow.test:80"),
                 leat_resolve_until(&a, 1, "tcp", "slow.test:80", limit->until));
}

static int64_t run_dial_by_name(struct stage *s, const leat_limit *limit)
{
    leat_io *conn;

    (void)s;
    return FORMS(limit, leat_dial(&conn, "tcp", "slow.test:80"),
                 leat_dial_ctx(limit->ctx, &conn, "tcp", "slow.test:80"),
                 leat_dial_until(&conn, "tcp", "slow.test:80", limit->until));
}

T_TEST(every_call_that_asks_for_a_name_is_ended_by_all_that_may_end_it)
{
    static const struct row rows[] = {
        {"resolve", BY_CTX | BY_TIME | BY_EITHER, set_nothing, run_resolve, NULL, 0},
        {"dial", BY_CTX | BY_TIME | BY_EITHER, set_nothing, run_dial_by_name, NULL, 0},
    };

    pthread_mutex_lock(&gate);
    table_run(rows, sizeof rows / sizeof rows[0]);
    pthread_mutex_unlock(&gate);
    while (atomic_load(&freed) < atomic_load(&asked))
        leat_yield();
}

static void ask_slow(leat_int_chan results)
{
    leat_addr a;

    leat_send(results, leat_resolve(&a, 1, "tcp", "slow.test:80"));
}

T_TEST(others_run_while_a_name_is_asked_for, .procs = {1})
{
    leat_scoped_chan(leat_int_chan, results, 0);
    int got;

    pthread_mutex_lock(&gate);
    leat_go(ask_slow, results);
    while (atomic_load(&asked) == 0)
        leat_yield();
    pthread_mutex_unlock(&gate);
    leat_recv(results, &got);
    T_EQ(got, 1);
}

T_TEST(names_are_remembered_if_asked_for)
{
    leat_addr a;

    T_EQ(leat_resolve_keep(LEAT_HOUR), 0);
    for (int i = 0; i < 5; i++)
        resolves("tcp", "two.test:80", "[::1]:80 127.0.0.1:80");
    resolves("tcp", "two.test:443", "[::1]:443 127.0.0.1:443");
    T_EQ(atomic_load(&asked), 1);
    resolves("tcp4", "two.test:80", "127.0.0.1:80");
    T_EQ(atomic_load(&asked), 2);
    for (int i = 0; i < 2; i++)
        T_ERR(leat_resolve(&a, 1, "tcp", "nobody.test:80"), -ENXIO);
    T_EQ(atomic_load(&asked), 4);
    for (int i = 0; i < 300; i++) { /* more than there is room for */
        char text[32];
        snprintf(text, sizeof text, "n%d.test:80", i);
        resolves("tcp", text, "[::1]:80 127.0.0.1:80");
    }
    T_EQ(leat_resolve_keep(1), LEAT_HOUR);
    T_EQ(leat_resolve_keep(0), 1);
    long before = atomic_load(&asked);
    resolves("tcp", "two.test:80", "[::1]:80 127.0.0.1:80");
    T_EQ(atomic_load(&asked), before + 1);
    T_EQ(leat_resolve_keep(0), 0);
}

/* ---- the race ---- */

/* A port of one family that answers nobody: a listener whose queue is full. */
struct blackhole {
    int listener, clients[8], port;
};

static int raw_socket(int type)
{
    int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);

    T_GE(fd, 0);
    return fd;
}

static void blackhole_make(struct blackhole *b, int port)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6,
                              .sin6_port = htons((uint16_t)port),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t size = sizeof at;

    b->listener = raw_socket(SOCK_STREAM);
    T_EQ(bind(b->listener, (struct sockaddr *)&at, size), 0);
    T_EQ(listen(b->listener, 1), 0);
    T_EQ(getsockname(b->listener, (struct sockaddr *)&at, &size), 0);
    b->port = ntohs(at.sin6_port);
    for (int i = 0; i < 8; i++) {
        b->clients[i] = raw_socket(SOCK_STREAM | SOCK_NONBLOCK);
        T_EQ(connect(b->clients[i], (struct sockaddr *)&at, size), -1);
        T_EQ(errno, EINPROGRESS);
    }
    while (!queue_is_full(b->listener, 1))
        leat_yield();
}

static void blackhole_free(struct blackhole *b)
{
    for (int i = 0; i < 8; i++)
        close(b->clients[i]);
    close(b->listener);
}

static leat_listener *listen_with_blackhole(struct blackhole *b, char at[64])
{
    leat_listener *l;

    blackhole_make(b, 0);
    snprintf(at, 64, "127.0.0.1:%d", b->port);
    int err = leat_listen(&l, "tcp4", at);
    for (int tries = 0; err == -EADDRINUSE && tries < 20; tries++) {
        blackhole_free(b);
        blackhole_make(b, 0);
        snprintf(at, 64, "127.0.0.1:%d", b->port);
        err = leat_listen(&l, "tcp4", at);
    }
    T_ERR(err, 0);
    return l;
}

static void family_is(leat_io *conn, char first)
{
    leat_addr a;
    char text[LEAT_ADDR_TEXT];

    T_ERR(leat_peer_addr(conn, &a), 0);
    leat_addr_format(&a, text, sizeof text);
    T_EQ(text[0], first);
}

T_TEST(the_next_address_is_tried_while_the_first_does_not_answer)
{
    struct blackhole b;
    char at[64];
    leat_listener *l = listen_with_blackhole(&b, at);
    leat_io *conn, *server;

    snprintf(at, sizeof at, "two.test:%d", b.port);
    T_ERR(leat_dial(&conn, "tcp", at), 0);
    family_is(conn, '1');
    T_ERR(leat_accept(l, &server), 0);
    leat_io_free(server);
    leat_io_free(conn);
    T_ERR(leat_dial_until(&conn, "tcp6", at, leat_now() + LEAT_MILLISECOND), -ETIMEDOUT);
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, LEAT_MILLISECOND));
    T_ERR(leat_dial_ctx(ctx, &conn, "tcp", at), -ETIMEDOUT); /* before the second one's turn */
    T_ERR(leat_dial_ctx(ctx, &conn, "tcp", at), -ETIMEDOUT);
    leat_listener_free(l);
    blackhole_free(&b);
}

static void cancel_soon(leat_waitgroup *wg, leat_ctx *ctx)
{
    leat_sleep(LEAT_MILLISECOND);
    leat_ctx_cancel(ctx);
    leat_waitgroup_done(wg);
}

T_TEST(a_dial_that_gets_no_answer_is_cancelled)
{
    struct blackhole b;
    leat_waitgroup wg = {0};
    leat_io *conn;
    char at[64];

    blackhole_make(&b, 0);
    const char *hosts[] = {"[::1]", "six.test"};
    for (int i = 0; i < 2; i++) {
        leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
        leat_waitgroup_add(&wg, 1);
        leat_go(cancel_soon, &wg, ctx);
        snprintf(at, sizeof at, "%s:%d", hosts[i], b.port);
        T_ERR(leat_dial_ctx(ctx, &conn, "tcp6", at), -ECANCELED);
        leat_waitgroup_wait(&wg);
    }
    blackhole_free(&b);
}

T_TEST(a_refusal_makes_the_next_one_start_and_the_first_error_is_told)
{
    char at[LEAT_ADDR_TEXT], there[64];
    leat_listener *l = listen_on("tcp4", at);
    leat_addr a;
    leat_io *conn, *server;

    T_ERR(leat_listener_addr(l, &a), 0);
    const char *hosts[] = {"two.test", ""};
    for (int i = 0; i < 2; i++) {
        snprintf(there, sizeof there, "%s:%d", hosts[i], leat_addr_port(&a));
        T_ERR(leat_dial(&conn, "tcp", there), 0);
        family_is(conn, '1');
        T_ERR(leat_accept(l, &server), 0);
        leat_io_free(server);
        leat_io_free(conn);
    }
    leat_listener_free(l);
    snprintf(there, sizeof there, "two.test:%d", leat_addr_port(&a));
    T_ERR(leat_dial(&conn, "tcp", there), -ECONNREFUSED);
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    leat_ctx_cancel(ctx);
    T_ERR(leat_dial_ctx(ctx, &conn, "tcp", there), -ECANCELED);
    T_ERR(leat_dial_until(&conn, "tcp", there, leat_now()), -ETIMEDOUT);
}
