/* SPDX-License-Identifier: MIT */
/* map_test.c - concurrent maps: every operation, walking, keys of every kind, many at once. */
#include "golike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *mp_value(uintptr_t n)
{
    return (void *)(n + 1); /* not NULL */
}

/* TestMapMatchesRWMutex: random operations give what a plain table gives. */
enum { MP_KEYS = 64 };

struct mp_plain {
    void *value[MP_KEYS]; /* NULL: not there */
};

static void mp_random_step(leat_map *m, struct mp_plain *plain, leat_key key, unsigned k)
{
    void *want = plain->value[k], *got = NULL;
    void *v = mp_value(t_rand() % 4), *old = mp_value(t_rand() % 4);

    switch (t_rand() % 8) {
    case 0:
        T_EQ(leat_map_load(m, key, &got), want != NULL);
        break;
    case 1:
        leat_map_store(m, key, v);
        plain->value[k] = v;
        got = want;
        break;
    case 2:
        T_EQ(leat_map_load_or_store(m, key, v, &got), want != NULL);
        if (!want)
            want = plain->value[k] = v;
        break;
    case 3:
        T_EQ(leat_map_load_and_delete(m, key, &got), want != NULL);
        plain->value[k] = NULL;
        break;
    case 4:
        leat_map_delete(m, key);
        plain->value[k] = NULL;
        got = want;
        break;
    case 5:
        T_EQ(leat_map_swap(m, key, v, &got), want != NULL);
        plain->value[k] = v;
        break;
    case 6:
        T_EQ(leat_map_cas(m, key, old, v), want == old);
        plain->value[k] = want == old ? v : want;
        got = want;
        break;
    default:
        T_EQ(leat_map_compare_and_delete(m, key, old), want == old);
        plain->value[k] = want == old ? NULL : want;
        got = want;
    }
    T_EQ(got, want);
}

struct mp_seen {
    int count;
    int times[MP_KEYS];
};

static bool mp_see_int(leat_key key, void *value, void *arg)
{
    struct mp_seen *seen = arg;

    T_NE(value, NULL);
    seen->count++;
    seen->times[leat_key_to_int(key)]++;
    return true;
}

static int mp_count(leat_map *m)
{
    struct mp_seen seen = {0};

    leat_map_range(m, mp_see_int, &seen);
    return seen.count;
}

T_TEST(random_operations_on_integers_equal_those_on_a_plain_table)
{
    leat_map m = {0};
    struct mp_plain plain = {{NULL}};

    for (long i = t_scale(50000); i > 0; i--) {
        unsigned k = (unsigned)(t_rand() % MP_KEYS);
        mp_random_step(&m, &plain, leat_key_of(k), k);
    }
    struct mp_seen seen = {0};
    leat_map_range(&m, mp_see_int, &seen);
    for (int k = 0; k < MP_KEYS; k++)
        T_EQ(seen.times[k], plain.value[k] != NULL);
    leat_map_free(&m);
}

static void mp_name(char *to, unsigned k)
{
    int n = snprintf(to, 32, "k%u", k);

    memset(to + n, 'x', k / 4); /* of every length up to a few words */
    to[(unsigned)n + k / 4] = '\0';
}

T_TEST(random_operations_on_strings_equal_those_on_a_plain_table)
{
    leat_map m = {0};
    struct mp_plain plain = {{NULL}};
    char name[64];

    for (long i = t_scale(50000); i > 0; i--) {
        unsigned k = (unsigned)(t_rand() % MP_KEYS);
        mp_name(name, k);
        mp_random_step(&m, &plain, leat_key_of(name), k);
    }
    leat_map_free(&m);
}

/* Keys compared by functions; a bad hash makes one chain of all of them. */
struct mp_point {
    int x, y;
};

static uint64_t mp_bad_hash(const void *key)
{
    (void)key;
    return 0;
}

static bool mp_same_point(const void *a, const void *b)
{
    const struct mp_point *p = a, *q = b;

    return p->x == q->x && p->y == q->y;
}

T_TEST(random_operations_under_a_bad_hash_equal_those_on_a_plain_table)
{
    leat_map m = {.hash = mp_bad_hash, .equal = mp_same_point};
    struct mp_plain plain = {{NULL}};
    static struct mp_point twins[2][MP_KEYS];

    for (int k = 0; k < MP_KEYS; k++)
        twins[0][k] = twins[1][k] = (struct mp_point){k, -k};
    for (long i = t_scale(20000); i > 0; i--) {
        unsigned k = (unsigned)(t_rand() % MP_KEYS);
        mp_random_step(&m, &plain, leat_key_of(&twins[t_rand() % 2][k]), k);
    }
    leat_map_free(&m);
}

T_TEST(keys_of_different_kinds_are_different)
{
    leat_map m = {0};
    int object;
    void *v;
    const char bytes[3] = {'a', 0, 'b'};

    leat_map_store(&m, 1, mp_value(1));
    leat_map_store(&m, "1", mp_value(2));
    leat_map_store(&m, &object, mp_value(3));
    leat_map_store(&m, leat_key_bytes(bytes, 3), mp_value(4));
    leat_map_store(&m, leat_key_bytes(bytes, 2), mp_value(5));
    leat_map_store(&m, "", mp_value(6));
    leat_map_store(&m, (const void *)NULL, mp_value(7));
    T_TRUE(leat_map_load(&m, 1ULL, &v)); /* integers are equal by value, of any type */
    T_EQ(v, mp_value(1));
    T_TRUE(leat_map_load(&m, (char)1, NULL));
    T_FALSE(leat_map_load(&m, -1, NULL));
    char one[] = "1";
    T_TRUE(leat_map_load(&m, one, &v));
    T_EQ(v, mp_value(2));
    T_TRUE(leat_map_load(&m, &object, &v));
    T_EQ(v, mp_value(3));
    T_TRUE(leat_map_load(&m, leat_key_bytes("a\0b", 3), &v));
    T_EQ(v, mp_value(4));
    T_FALSE(leat_map_load(&m, "a", NULL));
    T_TRUE(leat_map_load(&m, "", &v));
    T_EQ(v, mp_value(6));
    T_TRUE(leat_map_load(&m, (const void *)NULL, &v));
    leat_map_free(&m);
    T_FALSE(leat_map_load(&m, 1, NULL));
    leat_map_free(&m);
}

/* TestCompareAndSwap_NonExistingKey. */
T_TEST(what_is_not_there_is_not_compared)
{
    leat_map m = {0};

    T_FALSE(leat_map_cas(&m, &m, NULL, mp_value(42)));
    T_FALSE(leat_map_compare_and_delete(&m, &m, NULL));
    T_FALSE(leat_map_load(&m, &m, NULL));
    leat_map_free(&m);
}

/* TestConcurrentRange: what is there all the time is seen exactly once. */
static void mp_changes_values(leat_map *m, uintptr_t from, atomic_int *stop)
{
    for (uintptr_t i = 0; !atomic_load(stop); i++) {
        leat_map_store(m, from + i % (MP_KEYS / 2), mp_value(i));
        leat_map_store(m, 1000 + from + i % 100, mp_value(i)); /* these come and go */
        leat_map_delete(m, 1000 + from + (i + 50) % 100);
        if (i % 64 == 0)
            leat_yield();
    }
}

static bool mp_see_lasting(leat_key key, void *value, void *arg)
{
    return leat_key_to_int(key) >= 1000 || mp_see_int(key, value, arg);
}

T_TEST(a_walk_sees_what_is_there_all_the_time_exactly_once)
{
    leat_map m = {0};
    atomic_int stop = 0;
    leat_waitgroup wg = {0};

    for (uintptr_t k = 0; k < MP_KEYS; k++)
        leat_map_store(&m, k, mp_value(k));
    leat_waitgroup_go(&wg, mp_changes_values, &m, 0, &stop);
    leat_waitgroup_go(&wg, mp_changes_values, &m, MP_KEYS / 2, &stop);
    for (long i = t_scale(300); i > 0; i--) {
        struct mp_seen seen = {0};
        leat_map_range(&m, mp_see_lasting, &seen);
        for (int k = 0; k < MP_KEYS; k++)
            T_EQ(seen.times[k], 1);
        leat_yield();
    }
    atomic_store(&stop, 1);
    leat_waitgroup_wait(&wg);
    leat_map_free(&m);
}

/* TestMapRangeNestedCall: the function may use the map, and walk it. */
static bool mp_inner(leat_key key, void *value, void *arg)
{
    leat_map *m = arg;
    void *v = NULL;

    T_TRUE(leat_map_load(m, key, &v));
    T_EQ(v, value);
    T_FALSE(leat_map_load_or_store(m, 42, mp_value(9), NULL));
    leat_map_store(m, 42, mp_value(10));
    T_TRUE(leat_map_load_and_delete(m, 42, &v));
    T_EQ(v, mp_value(10));
    return true;
}

static bool mp_outer(leat_key key, void *value, void *arg)
{
    (void)value;
    leat_map_range(arg, mp_inner, arg);
    leat_map_delete((leat_map *)arg, key);
    return true;
}

T_TEST(the_function_of_a_walk_may_use_the_map)
{
    leat_map m = {0};

    leat_map_store(&m, 0, mp_value(0));
    leat_map_store(&m, 1, mp_value(1));
    leat_map_store(&m, 2, mp_value(2));
    leat_map_range(&m, mp_outer, &m);
    T_EQ(mp_count(&m), 0);
    leat_map_free(&m);
}

static bool mp_stops(leat_key key, void *value, void *arg)
{
    (void)key;
    (void)value;
    return --*(int *)arg > 0;
}

static bool mp_string_is_whole(leat_key key, void *value, void *arg)
{
    T_STREQ(leat_key_to_pointer(key), value);
    return ++*(int *)arg > 0;
}

T_TEST(a_walk_stops_when_told_and_hands_strings_over)
{
    leat_map m = {0};
    static char text[] = "a string of more than sixteen bytes";
    int left = 3, strings = 0;

    for (int i = 0; i < 20; i++)
        leat_map_store(&m, i, mp_value(0));
    leat_map_range(&m, mp_stops, &left);
    T_EQ(left, 0);
    leat_map_clear(&m);
    leat_map_store(&m, text, text);
    leat_map_range(&m, mp_string_is_whole, &strings);
    T_EQ(strings, 1);
    leat_map_free(&m);
}

/* TestConcurrentClear. */
static void mp_stores(leat_map *m, uintptr_t n)
{
    for (uintptr_t i = 0; i < n; i++)
        leat_map_store(m, i % MP_KEYS, mp_value(i));
}

T_TEST(a_map_is_empty_after_clear_and_usable)
{
    leat_map m = {0};
    leat_waitgroup wg = {0};

    leat_map_clear(&m);
    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, mp_stores, &m, (uintptr_t)t_scale(5000));
    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, leat_map_clear, &m);
    leat_waitgroup_wait(&wg);
    leat_map_clear(&m);
    T_EQ(mp_count(&m), 0);
    leat_map_store(&m, 1, mp_value(1));
    T_EQ(mp_count(&m), 1);
    leat_map_free(&m);
}

/* All operations at once: each key's value says whose it is, so a mixed up slot shows. */
static void mp_owner(leat_map *m, unsigned me, long rounds)
{
    char name[64];

    for (long i = 0; i < rounds; i++) {
        unsigned k = (unsigned)(t_rand() % 50) * 4 + me; /* mine alone */
        void *v = mp_value(k), *got = NULL;
        mp_name(name, k);
        T_FALSE(leat_map_load_or_store(m, name, v, &got));
        T_FALSE(leat_map_load_or_store(m, k, v, NULL));
        T_TRUE(leat_map_load(m, name, &got));
        T_EQ(got, v);
        T_TRUE(leat_map_cas(m, k, v, name));
        T_FALSE(leat_map_compare_and_delete(m, k, v));
        T_TRUE(leat_map_load_and_delete(m, k, &got));
        T_EQ(got, (void *)name);
        T_TRUE(leat_map_compare_and_delete(m, name, v));
        T_FALSE(leat_map_load(m, name, NULL));
    }
}

static void mp_looker(leat_map *m, atomic_int *stop)
{
    char name[64];

    while (!atomic_load(stop)) {
        unsigned k = (unsigned)(t_rand() % 200);
        void *got;
        mp_name(name, k);
        if (leat_map_load(m, name, &got))
            T_EQ(got, mp_value(k));
        leat_yield();
    }
}

T_TEST(all_operations_at_once_keep_every_key_apart)
{
    leat_map m = {0};
    leat_waitgroup owners = {0}, lookers = {0};
    atomic_int stop = 0;

    for (unsigned i = 0; i < 4; i++)
        leat_waitgroup_go(&owners, mp_owner, &m, i, t_scale(5000));
    for (int i = 0; i < 2; i++)
        leat_waitgroup_go(&lookers, mp_looker, &m, &stop);
    leat_waitgroup_wait(&owners);
    atomic_store(&stop, 1);
    leat_waitgroup_wait(&lookers);
    T_EQ(mp_count(&m), 0);
    leat_map_free(&m);
}

/* LoadOrStore: of many that come at once exactly one stores, and all get its value. */
static void mp_race_to_store(leat_map *m, long keys, uintptr_t me, atomic_long *stored)
{
    for (long k = 0; k < keys; k++) {
        void *actual = NULL, *again = NULL;
        if (!leat_map_load_or_store(m, k, mp_value(me), &actual))
            atomic_fetch_add(stored, 1);
        T_TRUE(leat_map_load(m, k, &again));
        T_EQ(actual, again);
    }
}

T_TEST(exactly_one_stores_what_many_want_to)
{
    leat_map m = {0};
    leat_waitgroup wg = {0};
    atomic_long stored = 0;
    long keys = t_scale(20000); /* the tables grow many times */

    for (uintptr_t i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, mp_race_to_store, &m, keys, i, &stored);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&stored), keys);
    leat_map_free(&m);
}

/* MM21: what precedes a store is seen by who loads it. */
static void mp_publish(leat_map *m, long n)
{
    for (long i = 0; i < n; i++) {
        int *object = malloc(sizeof *object);
        *object = (int)i;
        leat_map_store(m, i, object);
    }
}

T_TEST(a_load_sees_what_came_before_the_store)
{
    leat_map m = {0};
    leat_waitgroup wg = {0};
    long n = t_scale(5000);
    void *object;

    leat_waitgroup_go(&wg, mp_publish, &m, n);
    for (long i = 0; i < n; i++) {
        while (!leat_map_load_and_delete(&m, i, &object))
            leat_yield();
        T_EQ(*(int *)object, i);
        free(object);
    }
    leat_waitgroup_wait(&wg);
    leat_map_free(&m);
}
