/* SPDX-License-Identifier: MIT */
/*
 * 16 reader-writer locks: a table of routes that all requests read and few change.
 *
 *     rlock     many at a time, to look            lock     alone, to change
 *
 * With a mutex every request would wait for every other, although none of them changes
 * anything. Two rules come with this lock. Who has locked for reading does not wait there to
 * write, for another might do the same: it unlocks, locks for writing, and looks again, as the
 * table may be another one by then. And nobody locks for reading twice: a writer that comes in
 * between waits for the first, and the second for it.
 */
#include <leat.h>
#include <stdio.h>
#include <string.h>

enum { MAX_ROUTES = 8, HOSTS = 4, CLIENTS = 20, REQUESTS = 50, MOVES = 40 };

static const char *const hosts[HOSTS] = {"mill", "weir", "sluice", "pond"};

static struct {
    leat_rwmutex lock; /* guards what follows */
    int n, backend;    /* the backend that all routes lead to */
    struct route {
        const char *host;
        int backend;
    } routes[MAX_ROUTES];
} table;

static leat_atomic_int32 learned, mixtures;

/* Call it with the lock, for reading or for writing. */
static int find(const char *host)
{
    for (int i = 0; i < table.n; i++)
        if (strcmp(table.routes[i].host, host) == 0)
            return i;
    return -1;
}

/* Routes are learned when they are first asked for. */
static int route(const char *host)
{
    {
        leat_read_guard(&table.lock); /* until the end of this block */
        int i = find(host);
        if (i >= 0)
            return table.routes[i].backend;
    }
    leat_write_guard(&table.lock);
    int i = find(host); /* another may have been here between the two locks */
    if (i < 0) {
        i = table.n++;
        table.routes[i] = (struct route){host, table.backend};
        leat_atomic_add(&learned, 1);
    }
    return table.routes[i].backend;
}

/* All routes move at once; no reader sees some that have moved and some that have not. */
static void move_to(int backend)
{
    leat_write_guard(&table.lock);
    table.backend = backend;
    for (int i = 0; i < table.n; i++)
        table.routes[i].backend = backend;
}

static void client(int number)
{
    for (int r = 0; r < REQUESTS; r++) {
        route(hosts[(number + r) % HOSTS]);
        leat_read_guard(&table.lock);
        for (int i = 0; i < table.n; i++)
            if (table.routes[i].backend != table.backend)
                leat_atomic_add(&mixtures, 1); /* the table is not ours to change, this is */
    }
}

/* Would wait for ever if the lock let only one of them in. */
static void meet_inside(leat_barrier *all)
{
    leat_read_guard(&table.lock);
    leat_barrier_wait(all);
}

static void readers_together(void)
{
    leat_barrier all = LEAT_BARRIER(3);
    leat_waitgroup wg = {0};

    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&wg, meet_inside, &all);
    leat_waitgroup_wait(&wg);
    puts("three readers met inside");
}

/* A writer that waits keeps new readers out: they could keep it waiting for ever, else. */
static void writer_first(void)
{
    leat_waitgroup wg = {0};

    leat_rwmutex_rlock(&table.lock);
    leat_waitgroup_go(&wg, move_to, 99);
    while (leat_rwmutex_tryrlock(&table.lock)) { /* until the writer stands in line */
        leat_rwmutex_runlock(&table.lock);
        leat_yield();
    }
    printf("a writer waits, new readers do too; still backend %d\n", table.backend);
    leat_rwmutex_runlock(&table.lock);
    leat_waitgroup_wait(&wg);
    printf("and now backend %d\n", route("mill"));
}

int main(void)
{
    leat_waitgroup clients = {0};

    for (int i = 0; i < CLIENTS; i++)
        leat_waitgroup_go(&clients, client, i);
    for (int i = 1; i <= MOVES; i++) {
        move_to(i);
        leat_yield();
    }
    leat_waitgroup_wait(&clients);
    printf("%d requests, %d routes learned, %d of them twice\n", CLIENTS * REQUESTS, table.n,
           leat_atomic_load(&learned) - table.n);
    printf("%d moves, seen half done: %d times\n", MOVES, leat_atomic_load(&mixtures));
    readers_together();
    writer_first();
    return 0;
}
