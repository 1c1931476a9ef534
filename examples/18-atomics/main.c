/* SPDX-License-Identifier: MIT */
/*
 * 18 atomics: a server that counts, opens its door and changes its settings without a lock.
 *
 * An atomic value is one word that is read and changed in one piece. All operations are
 * sequentially consistent: there is one order of them that everybody agrees on, and what was
 * written before a store is there for whoever reads what it stored. That is why a pointer can
 * publish a whole struct.
 *
 * It is right for one value at a time: a count, a flag, a pointer. When two must change
 * together, there is a moment between them; then take a mutex.
 */
#include <leat.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 6, REQUESTS = 1000, VERSIONS = 5 };

/* Settings are complete before they are published, and nobody changes them after that. */
struct settings {
    int version, limit;
    struct settings *older;
};

static leat_atomic_bool door;
static leat_atomic(struct settings *) current;
static leat_atomic_int64 requests, bytes, largest;
static leat_atomic_int32 odd;

/* Read, compute, and store only if nobody was faster: else with what they stored. */
static void raise_to(leat_atomic_int64 *a, int64_t value)
{
    int64_t seen = leat_atomic_load(a);

    while (value > seen && !leat_atomic_cas(a, seen, value))
        seen = leat_atomic_load(a);
}

static void handle(int size)
{
    leat_atomic_add(&requests, 1); /* with ++ on a plain int some of them would be lost */
    leat_atomic_add(&bytes, size);
    raise_to(&largest, size);
}

static void worker(int number)
{
    int last = 0;

    /* The way to wait for a flag: asleep, and not by reading it over and over. */
    while (!leat_atomic_load(&door))
        leat_atomic_wait(&door, false);

    for (int i = 0; i < REQUESTS; i++) {
        /* Read the pointer once for each request: a second look may find other settings. */
        const struct settings *s = leat_atomic_load(&current);
        if (s->limit != 100 * s->version || s->version < last)
            leat_atomic_add(&odd, 1); /* half written, or older than before: never */
        last = s->version;
        handle((number * REQUESTS + i) % 1500);
    }

    /* And until the newest settings have come. */
    struct settings *s;
    while ((s = leat_atomic_load(&current))->version < VERSIONS)
        leat_atomic_wait(&current, s);
}

/* There is one who publishes; among several it would be a cas, as above. */
static void publish(int version)
{
    struct settings *s = malloc(sizeof(*s));

    if (!s)
        leat_panic("no memory for settings");
    *s = (struct settings){version, 100 * version, leat_atomic_load(&current)};
    leat_atomic_store(&current, s);
    leat_atomic_notify_all(&current);
}

int main(void)
{
    leat_waitgroup workers = {0};

    publish(1);
    for (int i = 0; i < WORKERS; i++)
        leat_waitgroup_go(&workers, worker, i);
    printf("before the door opens: %d requests\n", (int)leat_atomic_load(&requests));
    leat_atomic_store(&door, true);
    leat_atomic_notify_all(&door);
    for (int version = 2; version <= VERSIONS; version++) {
        leat_yield();
        publish(version);
    }
    leat_waitgroup_wait(&workers);

    printf("%d requests, %d bytes, the largest %d\n", (int)leat_atomic_load(&requests),
           (int)leat_atomic_load(&bytes), (int)leat_atomic_load(&largest));
    printf("everybody has seen version %d; odd settings: %d\n",
           leat_atomic_load(&current)->version, leat_atomic_load(&odd));

    /* When may the old ones go? A pointer does not say who still reads through it, so here they
     * stay until all have ended. leat_atomic_value copies instead, and has no such question. */
    for (struct settings *s = leat_atomic_load(&current), *older; s; s = older) {
        older = s->older;
        free(s);
    }
    return 0;
}
