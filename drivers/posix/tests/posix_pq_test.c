/* SPDX-License-Identifier: MIT */
/*
 * posix_pq_test.c - libpq, as Debian builds it, on goroutines: one connection each.
 *
 * A server process stands behind each connection, so there are fewer than with redis. That their
 * waits overlap is counted by the server: so many wait for a lock that somebody holds.
 */
#include <leat/posix.h>

#include <leat.h>

#include <libpq-fe.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"
#include "t.h"
#include "tasks.h"

static const char *const inits[] = {"/usr/lib/postgresql/*/bin/initdb", "/usr/bin/initdb",
                                    NULL};
static const char *const servers[] = {"/usr/lib/postgresql/*/bin/postgres", "/usr/bin/postgres",
                                      NULL};

static const char *no_server(void)
{
    return peer_find(inits) && peer_find(servers) ? NULL : "no postgres (Debian: postgresql)";
}

static void start_postgres(struct peer *p)
{
    char port[16], program[256];

    peer_prepare(p);
    snprintf(port, sizeof(port), "%d", p->port);
    snprintf(program, sizeof(program), "%s", peer_find(inits));
    const char *init[] = {program, "-D", "data",        "-A", "trust", "-U",
                          "leat",  "-N", "--no-locale", "-E", "UTF8",  NULL};
    peer_run(p, init);
    snprintf(program, sizeof(program), "%s", peer_find(servers));
    const char *serve[] = {program,     "-D",
                           "data",      "-p",
                           port,        "-h",
                           "127.0.0.1", "-k",
                           ".",         "-F",
                           "-c",        "max_connections=120",
                           "-c",        "shared_buffers=8MB",
                           NULL};
    peer_start(p, "ready to accept connections", serve);
}

static PGconn *connect_pg(int port)
{
    char info[200];

    snprintf(info, sizeof(info),
             "host=127.0.0.1 port=%d user=leat dbname=postgres sslmode=disable "
             "gssencmode=disable",
             port);
    PGconn *c = PQconnectdb(info);
    if (PQstatus(c) != CONNECTION_OK)
        T_FAIL("PQconnectdb: %s", PQerrorMessage(c));
    return c;
}

/* The first value of the first row; free it. */
static char *ask(PGconn *c, const char *query)
{
    PGresult *r = PQexec(c, query);

    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        T_FAIL("%s: %s", query, PQerrorMessage(c));
    char *value = strdup(PQgetvalue(r, 0, 0));
    PQclear(r);
    return value;
}

static void query(int port, int id, int rounds, leat_waitgroup *wg)
{
    PGconn *c = connect_pg(port);
    char text[100], want[32];

    for (int i = 0; i < rounds; i++) {
        snprintf(text, sizeof(text), "select %d * 1000 + %d", id, i);
        snprintf(want, sizeof(want), "%d", id * 1000 + i);
        char *got = ask(c, text);
        T_STREQ(got, want);
        free(got);
        PGresult *r = PQexec(c, "select nonsense");
        T_EQ(PQresultStatus(r), PGRES_FATAL_ERROR);
        T_STREQ(PQresultErrorField(r, PG_DIAG_SQLSTATE), "42703");
        PQclear(r);
    }
    PQfinish(c);
    leat_waitgroup_done(wg);
}

static void queue_up(int port, int *inside, leat_waitgroup *wg)
{
    PGconn *c = connect_pg(port);

    free(ask(c, "select pg_advisory_lock(7)"));
    T_EQ((*inside)++, 0);
    free(ask(c, "select 1"));
    T_EQ(--*inside, 0);
    free(ask(c, "select pg_advisory_unlock(7)"));
    PQfinish(c);
    leat_waitgroup_done(wg);
}

static void refused(int port, leat_waitgroup *wg)
{
    char info[100];

    snprintf(info, sizeof(info), "host=127.0.0.1 port=%d user=leat dbname=postgres", port);
    PGconn *c = PQconnectdb(info);
    T_EQ(PQstatus(c), CONNECTION_BAD);
    T_STRHAS(PQerrorMessage(c), "Connection refused");
    PQfinish(c);
    leat_waitgroup_done(wg);
}

/* One server for all, for it takes its time to start. */
T_TEST(queries_waits_and_errors, .skip_if = no_server, .timeout_ms = 120000)
{
    enum { CLIENTS = 80 };
    leat_waitgroup wg = {0};
    struct peer p, unused;
    int inside = 0;

    start_postgres(&p);
    peer_prepare(&unused);
    leat_waitgroup_add(&wg, CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        leat_go(query, p.port, i, 10, &wg);
    leat_waitgroup_wait(&wg);

    PGconn *c = connect_pg(p.port);
    free(ask(c, "select pg_advisory_lock(7)"));
    leat_waitgroup_add(&wg, CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        leat_go(queue_up, p.port, &inside, &wg);
    for (long waiting = 0; waiting < CLIENTS;) {
        char *n = ask(
            c, "select count(*) from pg_locks where locktype = 'advisory' and not granted");
        waiting = strtol(n, NULL, 10);
        free(n);
    }
    T_LT(task_count(), 40);
    free(ask(c, "select pg_advisory_unlock(7)"));
    leat_waitgroup_wait(&wg);
    PQfinish(c);

    leat_waitgroup_add(&wg, CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        leat_go(refused, unused.port, &wg);
    leat_waitgroup_wait(&wg);
    T_EQ(rmdir(unused.dir), 0);
    peer_stop(&p, SIGINT);
}
