/* SPDX-License-Identifier: MIT */
/*
 * cancel_test.c - each watch hears once or never, and a tree is over before its canceller
 * returns.
 */
#define _GNU_SOURCE 1
#include "park/cancel.h"

#include <errno.h>
#include <leat.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "arch/sanitize.h"
#include "t.h"

struct cancel_ear {
    struct watch watch;
    int heard; /* the error */
    int times;
};

static void cancel_heard(struct watch *w, int err)
{
    struct cancel_ear *ear = container_of(w, struct cancel_ear, watch);

    san_acquire(ear); /* the test's own edges: a watch as such orders nothing */
    ear->heard = err;
    ear->times++;
    san_release(ear);
    watch_let_go(w);
}

static void cancel_listen(struct cancel *c, struct cancel_ear *ear)
{
    *ear = (struct cancel_ear){.watch = {.fire = cancel_heard}};
    T_TRUE(cancel_watch(c, &ear->watch));
}

T_TEST(a_watch_hears_once, .procs = {1})
{
    enum { EARS = 5 };
    struct cancel c;
    struct cancel_ear ear[EARS];

    cancel_init(&c, NULL, NULL);
    T_EQ(cancel_err(&c), 0);
    for (int i = 0; i < EARS; i++)
        cancel_listen(&c, &ear[i]);
    T_TRUE(cancel_unwatch(&c, &ear[2].watch)); /* from the middle, and both ends */
    T_TRUE(cancel_unwatch(&c, &ear[0].watch));
    T_TRUE(cancel_unwatch(&c, &ear[4].watch));
    T_FALSE(cancel_unwatch(&c, &ear[4].watch));
    T_TRUE(cancel_now(&c, -ECANCELED, "why"));
    T_FALSE(cancel_now(&c, -ETIMEDOUT, "late"));
    T_EQ(cancel_err(&c), -ECANCELED);
    T_STREQ(c.cause, "why");
    for (int i = 0; i < EARS; i++) {
        T_EQ(ear[i].times, i % 2);
        T_EQ(ear[i].heard, i % 2 ? -ECANCELED : 0);
        T_FALSE(cancel_unwatch(&c, &ear[i].watch));
    }
}

T_TEST(nobody_watches_what_is_over, .procs = {1})
{
    struct cancel c;
    struct cancel_ear ear = {.watch = {.fire = cancel_heard}};

    cancel_init(&c, NULL, NULL);
    cancel_now(&c, -ETIMEDOUT, NULL);
    T_FALSE(cancel_watch(&c, &ear.watch));
    T_FALSE(cancel_unwatch(&c, &ear.watch));
    T_EQ(ear.times, 0);
}

T_TEST(a_parent_takes_its_descendants_along, .procs = {1})
{
    enum { CHILDREN = 4 };
    struct cancel root, child[CHILDREN], grandchild[CHILDREN];
    struct cancel_ear ear[CHILDREN];

    cancel_init(&root, NULL, NULL);
    for (int i = 0; i < CHILDREN; i++) {
        cancel_init(&child[i], &root, NULL);
        cancel_init(&grandchild[i], &child[i], NULL);
        cancel_listen(&grandchild[i], &ear[i]);
    }
    T_TRUE(cancel_now(&child[1], -ETIMEDOUT, "child"));
    cancel_detach(&child[1]);
    cancel_detach(&child[3]);
    T_TRUE(cancel_now(&root, -ECANCELED, "root"));
    for (int i = 0; i < CHILDREN; i++) {
        int err = i == 1 ? -ETIMEDOUT : i == 3 ? 0 : -ECANCELED;
        T_EQ(cancel_err(&child[i]), err);
        T_EQ(cancel_err(&grandchild[i]), err);
        T_EQ(ear[i].heard, err);
        T_STREQ(grandchild[i].cause, i == 1 ? "child" : i == 3 ? NULL : "root");
    }
    struct cancel late;
    cancel_init(&late, &grandchild[0], NULL);
    T_EQ(cancel_err(&late), -ECANCELED);
    T_STREQ(late.cause, "root");
    T_TRUE(root.watches == NULL);
}

T_TEST(a_long_chain_needs_no_stack, .procs = {1})
{
    enum { LINKS = 100000 };
    struct cancel *c = calloc(LINKS, sizeof(*c));
    struct cancel_ear ear;

    T_TRUE(c);
    for (int i = 0; i < LINKS; i++)
        cancel_init(&c[i], i ? &c[i - 1] : NULL, NULL);
    cancel_listen(&c[LINKS - 1], &ear);
    T_TRUE(cancel_now(c, -ECANCELED, NULL));
    for (int i = 0; i < LINKS; i++)
        T_EQ(cancel_err(&c[i]), -ECANCELED);
    T_EQ(ear.times, 1);
    free(c);
}

/* ---- several at once ---- */

enum { CANCEL_WIDTH = 8, CANCEL_DEPTH = 4 };

static struct {
    struct cancel node[CANCEL_DEPTH][CANCEL_WIDTH];
    leat_waitgroup done;
} cancel_tree;

/* When a call has returned, by whoever cancelled, everything below is over. */
static void cancel_at(int depth, int column)
{
    cancel_now(&cancel_tree.node[depth][column], -ECANCELED, NULL);
    for (int d = depth; d < CANCEL_DEPTH; d++)
        T_EQ(cancel_err(&cancel_tree.node[d][column]), -ECANCELED);
    leat_waitgroup_done(&cancel_tree.done);
}

static void *cancel_thread(void *column)
{
    cancel_at(1, (int)(intptr_t)column);
    return NULL;
}

T_TEST(every_canceller_returns_after_the_tree)
{
    for (long round = t_scale(300); round > 0; round--) {
        pthread_t thread;
        for (int i = 0; i < CANCEL_WIDTH; i++)
            for (int d = 0; d < CANCEL_DEPTH; d++)
                cancel_init(&cancel_tree.node[d][i], d ? &cancel_tree.node[d - 1][i] : NULL,
                            NULL);
        leat_waitgroup_add(&cancel_tree.done, 1 + CANCEL_DEPTH * CANCEL_WIDTH);
        T_EQ(pthread_create(&thread, NULL, cancel_thread, (void *)(intptr_t)0), 0);
        for (int d = CANCEL_DEPTH; d-- > 0;)
            for (int i = 0; i < CANCEL_WIDTH; i++)
                leat_go(cancel_at, d, i);
        leat_waitgroup_wait(&cancel_tree.done);
        T_EQ(pthread_join(thread, NULL), 0);
    }
}

static struct {
    struct cancel root;
    atomic_long heard, kept, refused;
    leat_waitgroup done;
} cancel_storm;

static void cancel_storm_ears(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        struct cancel child;
        struct cancel_ear ear = {.watch = {.fire = cancel_heard}};
        cancel_init(&child, &cancel_storm.root, NULL);
        san_release(&ear);
        struct cancel *at = i % 2 ? &child : &cancel_storm.root;
        if (cancel_watch(at, &ear.watch)) {
            if (t_rand() % 4 == 0)
                leat_yield();
            bool kept = cancel_unwatch(at, &ear.watch);
            san_acquire(&ear);
            (void)load_acquire(&ear.watch.state); /* which let_go, inlined here, has written */
            T_EQ(ear.times, kept ? 0 : 1);        /* one or the other, and it is decided */
            atomic_fetch_add(kept ? &cancel_storm.kept : &cancel_storm.heard, 1);
        } else {
            T_EQ(cancel_err(at), -ECANCELED);
            atomic_fetch_add(&cancel_storm.refused, 1);
        }
        if (t_rand() % 2)
            cancel_now(&child, -ETIMEDOUT, NULL);
        cancel_detach(&child); /* from here on the frame is ours alone */
    }
    leat_waitgroup_done(&cancel_storm.done);
}

T_TEST(a_watch_is_heard_or_kept_never_both)
{
    enum { GOROUTINES = 16 };
    long rounds = t_scale(200);

    for (int storm = 0; storm < 20; storm++) {
        cancel_init(&cancel_storm.root, NULL, NULL);
        leat_waitgroup_add(&cancel_storm.done, GOROUTINES);
        for (int i = 0; i < GOROUTINES; i++)
            leat_go(cancel_storm_ears, rounds);
        for (uint64_t n = t_rand() % 20; n > 0; n--)
            leat_yield();
        cancel_now(&cancel_storm.root, -ECANCELED, NULL);
        leat_waitgroup_wait(&cancel_storm.done);
        T_TRUE(cancel_storm.root.watches == NULL);
    }
    T_EQ(atomic_load(&cancel_storm.heard) + atomic_load(&cancel_storm.kept) +
             atomic_load(&cancel_storm.refused),
         20 * GOROUTINES * rounds);
}

/* ---- two who cancel: the second returns after the first ---- */

struct cancel_slow {
    struct watch watch;
    atomic_int told, go_on;
};

static void cancel_heard_slowly(struct watch *w, int err)
{
    struct cancel_slow *slow = container_of(w, struct cancel_slow, watch);

    (void)err;
    atomic_store(&slow->told, 1);
    while (!atomic_load(&slow->go_on))
        usleep(10);
    watch_let_go(w);
}

struct cancel_job {
    struct cancel *c;
    atomic_int begun, returned;
};

static void *cancel_on_a_thread(void *arg)
{
    struct cancel_job *job = arg;

    atomic_store(&job->begun, 1);
    cancel_now(job->c, -ECANCELED, NULL);
    atomic_store(&job->returned, 1);
    return NULL;
}

/* `first` is being cancelled, and one who watches it takes its time: who cancels `second`, which
 * is the same or above it, must not return yet. It gets time to do so wrongly. */
static void cancel_meanwhile(struct cancel *first, struct cancel *second)
{
    struct cancel_slow slow = {.watch = {.fire = cancel_heard_slowly}};
    struct cancel_job one = {.c = first}, other = {.c = second};
    pthread_t threads[2];

    T_TRUE(cancel_watch(first, &slow.watch));
    T_EQ(pthread_create(&threads[0], NULL, cancel_on_a_thread, &one), 0);
    while (!atomic_load(&slow.told))
        leat_yield();
    T_EQ(pthread_create(&threads[1], NULL, cancel_on_a_thread, &other), 0);
    while (!atomic_load(&other.begun))
        leat_yield();
    usleep(3000);
    T_FALSE(atomic_load(&other.returned));
    T_FALSE(atomic_load(&one.returned));
    atomic_store(&slow.go_on, 1);
    for (int i = 0; i < 2; i++)
        T_EQ(pthread_join(threads[i], NULL), 0);
    T_TRUE(atomic_load(&other.returned));
}

T_TEST(a_second_canceller_returns_after_the_first, .procs = {1})
{
    struct cancel c;

    cancel_init(&c, NULL, NULL);
    cancel_meanwhile(&c, &c);
}

T_TEST(who_cancels_a_tree_waits_for_who_cancels_a_part_of_it, .procs = {1})
{
    struct cancel root, child;

    cancel_init(&root, NULL, NULL);
    cancel_init(&child, &root, NULL);
    cancel_meanwhile(&child, &root);
    T_EQ(cancel_err(&root), -ECANCELED);
}
