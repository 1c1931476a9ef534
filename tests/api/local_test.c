/* SPDX-License-Identifier: MIT */
/*
 * local_test.c - values and labels of goroutines: who has them, who inherits them, when they go.
 */
#include "sched_util.h"

static const leat_local local_own, local_second;
static const leat_local local_shared = {.inherited = true};

static atomic_long local_drops;

static void local_drop(void *value)
{
    leat_yield(); /* it may block */
    atomic_fetch_add(&local_drops, *(long *)value);
}

static const leat_local local_own_dropped = {.drop = local_drop};
static const leat_local local_shared_dropped = {.inherited = true, .drop = local_drop};

static void local_alone(void)
{
    while (leat_num_goroutine() > 1)
        leat_yield();
}

/* ---- values ---- */

static void local_has_its_own(long *mine, int rounds)
{
    T_TRUE(leat_local_get(&local_own) == NULL);
    for (int i = 0; i < rounds; i++) {
        leat_local_set(&local_own, mine + i % 2);
        leat_local_set(&local_second, mine + 1);
        leat_yield();
        T_TRUE(leat_local_get(&local_own) == mine + i % 2);
        T_TRUE(leat_local_get(&local_second) == mine + 1);
    }
    leat_local_set(&local_own, NULL);
    T_TRUE(leat_local_get(&local_own) == NULL);
    T_TRUE(leat_local_get(&local_second) == mine + 1);
}

T_TEST(each_goroutine_has_its_own_value_wherever_it_runs)
{
    static long values[100];
    leat_waitgroup wg = {0};

    leat_local_set(&local_own, values);
    for (int i = 0; i < 99; i++)
        leat_waitgroup_go(&wg, local_has_its_own, &values[i], 50);
    leat_waitgroup_wait(&wg);
    T_TRUE(leat_local_get(&local_own) == values);
    T_TRUE(leat_local_get(&local_second) == NULL);
}

static void local_many_keys(void)
{
    static leat_local keys[50];
    long value = 0;

    for (int i = 0; i < 50; i++) {
        keys[i].inherited = i % 5 == 0;
        leat_local_set(&keys[i], &value + i % 2);
    }
    for (int i = 0; i < 50; i++)
        T_TRUE(leat_local_get(&keys[i]) == &value + i % 2);
}

T_TEST(many_keys_are_kept_apart)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, local_many_keys);
    leat_waitgroup_wait(&wg);
    local_many_keys();
}

static void local_grandchild(long *want)
{
    T_TRUE(leat_local_get(&local_shared) == want);
    T_TRUE(leat_local_get(&local_own) == NULL);
}

static void local_child(long *values, leat_waitgroup *wg)
{
    local_grandchild(&values[0]);
    leat_waitgroup_go(wg, local_grandchild, &values[0]);
    leat_local_set(&local_own, &values[2]); /* something of its own is not passed on */
    leat_waitgroup_go(wg, local_grandchild, &values[0]);
    leat_local_set(&local_shared, &values[1]);
    leat_waitgroup_go(wg, local_grandchild, &values[1]);
    T_TRUE(leat_local_get(&local_shared) == &values[1]);
    leat_local_set(&local_shared, NULL);
    leat_waitgroup_go(wg, local_grandchild, NULL);
}

T_TEST(what_is_inherited_is_what_the_starter_had_at_the_start)
{
    static long values[3];
    leat_waitgroup wg = {0};

    leat_local_set(&local_own, &values[2]);
    leat_local_set(&local_shared, &values[0]);
    for (int i = 0; i < 20; i++)
        leat_waitgroup_go(&wg, local_child, values, &wg);
    leat_waitgroup_go(&wg, local_grandchild, &values[0]);
    leat_local_set(&local_shared, &values[1]); /* those that have not run yet do not see it */
    leat_waitgroup_wait(&wg);
    T_TRUE(leat_local_get(&local_shared) == &values[1]);
}

static void local_try_child(atomic_long *n)
{
    T_TRUE(leat_local_get(&local_shared) == n);
    atomic_fetch_add(n, 1);
}

T_TEST(every_way_to_start_a_goroutine_inherits)
{
    static atomic_long n;
    leat_waitgroup wg = {0};

    leat_local_set(&local_shared, &n);
    leat_go(local_try_child, &n);
    T_EQ(leat_go_try(local_try_child, &n), 0);
    leat_go_named("named", local_try_child, &n);
    leat_waitgroup_go(&wg, local_try_child, &n);
    leat_waitgroup_fork(&wg, local_try_child, &n);
    leat_timer *t = leat_after_func(LEAT_MILLISECOND, local_try_child, &n);
    leat_timer *u = leat_after_func(LEAT_MICROSECOND, local_try_child, &n);
    leat_local_set(&local_shared, NULL);
    util_await(&n, 7);
    leat_timer_reset(u, 0);
    util_await(&n, 8);
    leat_timer_free(t);
    leat_timer_free(u);
    leat_waitgroup_wait(&wg);
    local_alone();
}

/* ---- when values go ---- */

static void local_sets_and_ends(long *value, bool by_exit)
{
    leat_local_set(&local_own_dropped, value);
    leat_local_set(&local_own_dropped, value); /* the same: nothing goes */
    if (by_exit)
        leat_exit();
}

T_TEST(a_value_of_its_own_is_dropped_before_the_join)
{
    long value = 1;

    for (long i = 1; i <= 100; i++) {
        leat_waitgroup wg = {0};
        leat_waitgroup_go(&wg, local_sets_and_ends, &value, i % 2 == 0);
        leat_waitgroup_wait(&wg);
        T_EQ(atomic_load(&local_drops), i);
    }
}

static void local_replaces(long *values)
{
    leat_local_set(&local_own_dropped, &values[0]);
    leat_local_set(&local_own_dropped, &values[1]);
    T_EQ(atomic_load(&local_drops), 1);
    leat_local_set(&local_own_dropped, NULL);
    T_EQ(atomic_load(&local_drops), 11);
    leat_local_set(&local_shared_dropped, &values[2]);
    leat_local_set(&local_shared_dropped, &values[2]);
    T_EQ(atomic_load(&local_drops), 11);
    leat_local_set(&local_shared_dropped, &values[0]);
    T_EQ(atomic_load(&local_drops), 111);
}

T_TEST(a_value_that_is_replaced_is_dropped)
{
    long values[] = {1, 10, 100};
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, local_replaces, values);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&local_drops), 112);
}

static void local_family(int depth, leat_waitgroup *wg)
{
    T_EQ(atomic_load(&local_drops), 0);
    T_EQ(*(long *)leat_local_get(&local_shared_dropped), 1);
    if (depth % 2)
        leat_label_set("depth", "odd"); /* another set, the same value in it */
    for (int i = 0; i < 2 && depth > 0; i++)
        leat_waitgroup_go(wg, local_family, depth - 1, wg);
    leat_yield();
    T_EQ(atomic_load(&local_drops), 0);
}

static void local_founder(long *value, leat_waitgroup *wg)
{
    leat_local_set(&local_shared_dropped, value);
    local_family(6, wg);
}

T_TEST(a_shared_value_is_dropped_once_with_the_last_that_has_it)
{
    static long value = 1;

    for (int i = 0; i < 20; i++) {
        leat_waitgroup wg = {0};
        leat_waitgroup_go(&wg, local_founder, &value, &wg);
        leat_waitgroup_wait(&wg);
        T_EQ(atomic_exchange(&local_drops, 0), 1);
    }
}

static void *local_on_a_thread(void *value)
{
    T_TRUE(leat_local_get(&local_own_dropped) == NULL);
    leat_local_set(&local_own_dropped, value);
    leat_label_set("thread", "foreign");
    T_STREQ(leat_label_get("thread"), "foreign");
    T_TRUE(leat_local_get(&local_own_dropped) == value);
    return NULL;
}

T_TEST(a_foreign_thread_has_values_until_it_ends)
{
    long value = 1;

    for (int i = 1; i <= 5; i++) { /* its record is used again: nothing may be left in it */
        util_join(util_thread(local_on_a_thread, &value));
        T_EQ(atomic_load(&local_drops), i);
    }
}

static void local_drop_again(void *value);

static const leat_local local_stubborn = {.drop = local_drop_again};

static void local_drop_again(void *value)
{
    if (--*(long *)value > 0)
        leat_local_set(&local_stubborn, value);
}

static void local_sets_stubborn(long *value)
{
    leat_local_set(&local_stubborn, value);
    leat_label_set("a", "b");
}

T_TEST(a_drop_may_set_a_value_that_is_dropped_in_its_turn)
{
    long value = 3;
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, local_sets_stubborn, &value);
    leat_waitgroup_wait(&wg);
    T_EQ(value, 0);
}

/* ---- labels ---- */

static void local_labels(void)
{
    T_STREQ(leat_label_get("user"), "ann");
    leat_label_set("user", "bob");
    leat_label_set("a", "1");
    leat_label_set("z", "");
    T_STREQ(leat_label_get("user"), "bob");
    T_STREQ(leat_label_get("z"), "");
    leat_label_set("a", NULL);
    leat_label_set("none", NULL);
    T_TRUE(leat_label_get("a") == NULL);
    T_STREQ(leat_label_get("user"), "bob");
}

T_TEST(labels_are_copied_inherited_and_changed_alone)
{
    leat_waitgroup wg = {0};
    char key[] = "user", value[] = "ann";

    T_TRUE(leat_label_get("user") == NULL);
    leat_label_set(key, value);
    key[0] = value[0] = 'x';
    for (int i = 0; i < 20; i++)
        leat_waitgroup_go(&wg, local_labels);
    leat_waitgroup_wait(&wg);
    T_STREQ(leat_label_get("user"), "ann");
    T_TRUE(leat_label_get("z") == NULL);
}

static void local_checks_options(atomic_long *n)
{
    T_STREQ(leat_label_get("job"), "7");
    T_STREQ(leat_label_get("user"), "carl");
    T_STREQ(leat_label_get("kind"), "test");
    T_STREQ(leat_name(), "worker");
    atomic_fetch_add(n, 1);
}

T_TEST(options_label_a_goroutine_besides_what_it_inherits)
{
    atomic_long n = 0;
    const char *labels[] = {"user", "carl", "job", "7", NULL};

    leat_label_set("user", "ann");
    leat_label_set("kind", "test");
    leat_go_with((&(leat_go_opts){.name = "worker", .labels = labels}), local_checks_options,
                 &n);
    labels[1] = "x";
    util_await(&n, 1);
    T_STREQ(leat_name(), "");
    local_alone();
}

/* ---- what dumps show ---- */

static void local_waits(leat_int_chan c)
{
    leat_recv(c, NULL);
}

/* Ends in the report of a deadlock: everybody certainly waits. */
static void local_all_wait(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_label_set("user", "ann");
    leat_label_set("path", "a\"b\\\n\xc3\xa9");
    leat_go(local_waits, c);
    leat_go_named("named", local_waits, c);
    leat_label_set("path", NULL);
    leat_label_set("user", NULL);
    leat_go(local_waits, c);
    leat_recv(c, NULL);
}

T_TEST(a_dump_shows_name_and_labels_in_order_and_escaped)
{
    static struct util_output out;

    util_capture(local_all_wait, &out);
    UTIL_MATCH(&out, "^goroutine [0-9]+ \\[chan receive\\] "
                     "\\{\"path\": \"a\\\\x22b\\\\x5c\\\\x0a\\\\xc3\\\\xa9\", "
                     "\"user\": \"ann\"\\}:$");
    UTIL_MATCH(&out, "^goroutine [0-9]+ \\[chan receive\\] "
                     "\\{\"name\": \"named\", \"path\": \".*\", \"user\": \"ann\"\\}:$");
    UTIL_MATCH(&out, "^goroutine [0-9]+ \\[chan receive\\]:$");
    UTIL_MATCH(&out, "^goroutine 1 \\[chan receive\\]:$");
}

/* Dumps while everybody changes labels: what they read is not freed under them. */
static void local_relabels(atomic_long *stop)
{
    char text[40];

    for (int i = 0; !atomic_load(stop); i++) {
        snprintf(text, sizeof(text), "value number %d", i % 1000);
        leat_label_set("counter", text);
        if (leat_num_goroutine() < 50)
            leat_go_named(text, leat_yield);
        leat_yield();
    }
}

static void local_dump_and_relabel(void)
{
    atomic_long stop = 0;
    leat_waitgroup wg = {0};

    for (int i = 0; i < 4; i++)
        leat_waitgroup_go(&wg, local_relabels, &stop);
    for (int i = 0; i < 10; i++) {
        leat_dump();
        leat_yield();
    }
    atomic_store(&stop, 1);
    leat_waitgroup_wait(&wg);
    fprintf(stderr, "all well\n");
}

T_TEST(dumps_beside_changes_read_what_is_there, .timeout_ms = 60000)
{
    static struct util_output out;

    util_capture(local_dump_and_relabel, &out);
    T_EQ(out.status, 0);
    UTIL_MATCH(&out, "^all well$");
}
