/* SPDX-License-Identifier: MIT */
/*
 * posix_hiredis_test.c - hiredis, as Debian builds it, on thousands of goroutines.
 *
 * Each has its own connection and calls the blocking interface. That their waits overlap is
 * counted by the server: it says how many clients are blocked.
 */
#include <leat/posix.h>

#include <leat.h>

#include <hiredis/hiredis.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "peer.h"
#include "t.h"
#include "tasks.h"

static const char *const places[] = {"/usr/bin/redis-server", "/usr/local/bin/redis-server",
                                     "/usr/bin/valkey-server", NULL};

static const char *no_server(void)
{
    return peer_find(places) ? NULL : "no redis-server (Debian: redis-server)";
}

static void start_redis(struct peer *p)
{
    char port[16];

    peer_prepare(p);
    snprintf(port, sizeof(port), "%d", p->port);
    const char *argv[] = {
        peer_find(places), "--port", port,           "--bind", "127.0.0.1",     "--save", "",
        "--appendonly",    "no",     "--maxclients", "9000",   "--tcp-backlog", "4096",   NULL};
    peer_start(p, "Ready to accept connections", argv);
}

static void allow_descriptors(void)
{
    struct rlimit lim;

    T_EQ(getrlimit(RLIMIT_NOFILE, &lim), 0);
    lim.rlim_cur = lim.rlim_max;
    T_EQ(setrlimit(RLIMIT_NOFILE, &lim), 0);
}

static redisContext *connect_redis(int port)
{
    redisContext *c = redisConnect("127.0.0.1", port);

    T_TRUE(c != NULL);
    if (c->err)
        T_FAIL("redisConnect: %s", c->errstr);
    return c;
}

static redisReply *reply_of(const redisContext *c, void *reply)
{
    if (!reply || c->err)
        T_FAIL("redisCommand: %d %s", c->err, c->errstr);
    return reply;
}

static long blocked_clients(redisContext *c)
{
    redisReply *r = reply_of(c, redisCommand(c, "INFO clients"));
    const char *at = strstr(r->str, "blocked_clients:");

    T_TRUE(at != NULL);
    long n = strtol(at + strlen("blocked_clients:"), NULL, 10);
    freeReplyObject(r);
    return n;
}

/* ---- round trips ---- */

static void talk(int port, int id, int rounds, leat_waitgroup *wg)
{
    redisContext *c = connect_redis(port);

    for (int i = 0; i < rounds; i++) {
        redisReply *r = reply_of(c, redisCommand(c, "SET key:%d value:%d:%d", id, id, i));
        T_STREQ(r->str, "OK");
        freeReplyObject(r);
        char want[64];
        snprintf(want, sizeof(want), "value:%d:%d", id, i);
        r = reply_of(c, redisCommand(c, "GET key:%d", id));
        T_STREQ(r->str, want);
        freeReplyObject(r);
    }
    redisFree(c);
    leat_waitgroup_done(wg);
}

T_TEST(round_trips, .skip_if = no_server, .timeout_ms = 60000)
{
    leat_waitgroup wg = {0};
    struct peer p;
    int n = (int)t_scale(2000);

    allow_descriptors();
    start_redis(&p);
    leat_waitgroup_add(&wg, n);
    for (int i = 0; i < n; i++)
        leat_go(talk, p.port, i, 5, &wg);
    leat_waitgroup_wait(&wg);
    T_LT(task_count(), 40);
    peer_stop(&p, SIGTERM);
}

/* ---- all wait at once ---- */

static void wait_for_item(int port, atomic_long *sum, leat_waitgroup *wg)
{
    redisContext *c = connect_redis(port);
    redisReply *r = reply_of(c, redisCommand(c, "BLPOP items 0"));

    T_EQ(r->type, REDIS_REPLY_ARRAY);
    atomic_fetch_add(sum, strtol(r->element[1]->str, NULL, 10));
    freeReplyObject(r);
    redisFree(c);
    leat_waitgroup_done(wg);
}

static void bounce(leat_int_chan in, leat_int_chan out)
{
    for (int v; leat_recv(in, &v);)
        leat_send(out, v + 1);
}

T_TEST(waits_overlap, .skip_if = no_server, .timeout_ms = 60000)
{
    leat_waitgroup wg = {0};
    atomic_long sum = 0;
    struct peer p;
    long n = t_scale(2000), want = 0;

    allow_descriptors();
    start_redis(&p);
    leat_waitgroup_add(&wg, (int)n);
    for (long i = 0; i < n; i++)
        leat_go(wait_for_item, p.port, &sum, &wg);
    redisContext *c = connect_redis(p.port);
    while (blocked_clients(c) < n)
        leat_yield();
    /* All wait, and others do not stand still. */
    leat_int_chan to = leat_chan_make(leat_int_chan, 0),
                  from = leat_chan_make(leat_int_chan, 0);
    leat_go(bounce, to, from);
    for (int i = 0, v; i < 1000; i++) {
        leat_send(to, i);
        T_TRUE(leat_recv(from, &v));
        T_EQ(v, i + 1);
    }
    T_LT(task_count(), 40);
    T_EQ(blocked_clients(c), n);
    for (long i = 0; i < n; i++, want += i) {
        redisReply *r = reply_of(c, redisCommand(c, "RPUSH items %ld", i + 1));
        freeReplyObject(r);
    }
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&sum), want);
    leat_close(to);
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_chan_free(to);
    leat_chan_free(from);
    redisFree(c);
    peer_stop(&p, SIGTERM);
}

/* ---- errno, as the library reports it ---- */

static void meet_errors(int port, int closed_port, leat_waitgroup *wg)
{
    redisContext *c = redisConnect("127.0.0.1", closed_port);

    T_EQ(c->err, REDIS_ERR_IO);
    T_STREQ(c->errstr, "Connection refused");
    redisFree(c);
    for (int i = 0; i < 3; i++) {
        c = connect_redis(port);
        T_EQ(redisSetTimeout(c, (struct timeval){0, 5000}), REDIS_OK);
        T_TRUE(redisCommand(c, "BLPOP nothing 0") == NULL);
        T_EQ(c->err, REDIS_ERR_IO);
        T_STREQ(c->errstr, "Resource temporarily unavailable");
        redisFree(c);
        c = connect_redis(port);
        redisReply *r = reply_of(c, redisCommand(c, "NONSENSE"));
        T_EQ(r->type, REDIS_REPLY_ERROR);
        freeReplyObject(r);
        freeReplyObject(redisCommand(c, "QUIT"));
        T_TRUE(redisCommand(c, "PING") == NULL);
        T_EQ(c->err == REDIS_ERR_EOF || c->err == REDIS_ERR_IO, 1);
        redisFree(c);
    }
    leat_waitgroup_done(wg);
}

T_TEST(errors_are_right, .skip_if = no_server, .timeout_ms = 60000)
{
    leat_waitgroup wg = {0};
    struct peer p, unused;
    int n = (int)t_scale(200);

    signal(SIGPIPE, SIG_IGN);
    allow_descriptors();
    start_redis(&p);
    peer_prepare(&unused);
    leat_waitgroup_add(&wg, n);
    for (int i = 0; i < n; i++)
        leat_go(meet_errors, p.port, unused.port, &wg);
    leat_waitgroup_wait(&wg);
    T_EQ(rmdir(unused.dir), 0);
    peer_stop(&p, SIGTERM);
}
