/* SPDX-License-Identifier: MIT */
/*
 * 20 singleflight: a cache that asks the database once, however many want to know.
 *
 * When an entry is missing, everybody who comes meanwhile would ask the database: the stampede
 * that brings databases down. leat_singleflight_do lets the first one ask; the others wait for
 * its answer and get a copy.
 *
 * One gap is left: who has looked into the cache just before the entry came may ask just after.
 * So whoever is about to ask looks again, inside the shared call, where nobody else can be.
 */
#include <leat.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct user {
    char name[16];
    int age;
};

/* The database: slow, and it counts its customers. */
static atomic_int queries;

static int query(struct user *out, const char *name)
{
    static const struct user table[] = {{"ada", 36}, {"grace", 85}, {"ken", 83}};

    atomic_fetch_add(&queries, 1);
    leat_sleep(5 * LEAT_MILLISECOND);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].name, name) == 0) {
            *out = table[i];
            return 0;
        }
    }
    return -ENOENT;
}

/* The cache: three entries and a lock are enough here. */
static struct {
    leat_mutex lock;
    struct user entries[3];
    int n;
} cache;
static leat_singleflight flights;

static bool cache_get(struct user *out, const char *name)
{
    leat_lock_guard(&cache.lock);
    for (int i = 0; i < cache.n; i++) {
        if (strcmp(cache.entries[i].name, name) == 0) {
            *out = cache.entries[i];
            return true;
        }
    }
    return false;
}

static void cache_put(const struct user *u)
{
    leat_lock_guard(&cache.lock);
    cache.entries[cache.n++] = *u;
}

static int load(struct user *out, const char *name)
{
    if (cache_get(out, name)) /* it came while we were on the way */
        return 0;
    int err = query(out, name);
    if (!err)
        cache_put(out);
    return err;
}

static int get_user(struct user *out, const char *name)
{
    if (cache_get(out, name))
        return 0;
    return leat_singleflight_do(&flights, name, out, NULL, load, name);
}

static void client(const char *name, int age, atomic_int *right)
{
    struct user u;

    if (get_user(&u, name) == 0 && u.age == age)
        atomic_fetch_add(right, 1);
}

int main(void)
{
    leat_waitgroup wg = {0};
    atomic_int right = 0;
    struct user u;

    for (int i = 0; i < 100; i++) {
        leat_waitgroup_go(&wg, client, "ada", 36, &right);
        leat_waitgroup_go(&wg, client, "grace", 85, &right);
        leat_waitgroup_go(&wg, client, "ken", 83, &right);
    }
    leat_waitgroup_wait(&wg);
    printf("%d of 300 clients were served, by %d queries\n", atomic_load(&right),
           atomic_load(&queries));

    /* Errors are shared too, but not kept: the next one asks again. */
    int err = get_user(&u, "nobody");
    printf("nobody: %s\n", leat_strerror(err));
    return 0;
}
