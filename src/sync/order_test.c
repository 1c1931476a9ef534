/* SPDX-License-Identifier: MIT */
/*
 * order_test.c - who gets a reader-writer lock after whom, read off its state.
 *
 * Who waits is counted in the state before it sleeps; a test that awaits the count has an order
 * of arrival that no scheduler can change.
 */
#include <leat.h>
#include <stdatomic.h>

#include "base/util.h"
#include "sync/rwmutex.h"
#include "t.h"

struct rw_scene {
    leat_rwmutex rw;
    atomic_int inside, let_go, done;
};

static uint32_t scene_readers(struct rw_scene *s)
{
    return (uint32_t)load_seq(&s->rw.leat__state);
}

/* The reader stays inside until it is let go. */
static void scene_reads(struct rw_scene *s)
{
    leat_rwmutex_rlock(&s->rw);
    atomic_fetch_add(&s->inside, 1);
    while (!atomic_load(&s->let_go))
        leat_yield();
    atomic_fetch_sub(&s->inside, 1);
    leat_rwmutex_runlock(&s->rw);
    atomic_fetch_add(&s->done, 1);
}

static void scene_writes(struct rw_scene *s)
{
    leat_rwmutex_lock(&s->rw);
    T_EQ(atomic_load(&s->inside), 0);
    leat_rwmutex_unlock(&s->rw);
    atomic_fetch_add(&s->done, 1);
}

static void scene_await(atomic_int *what, int n)
{
    while (atomic_load(what) != n)
        leat_yield();
}

T_TEST(readers_that_queued_are_all_inside_before_the_next_writer)
{
    enum { READERS = 5 };
    struct rw_scene s = {.inside = 0};

    leat_rwmutex_lock(&s.rw);
    for (uint32_t i = 1; i <= READERS; i++) {
        leat_go(scene_reads, &s);
        while (scene_readers(&s) < i)
            leat_yield();
    }
    leat_go(scene_writes, &s);
    while (load_seq(&s.rw.leat__turn.leat__state) < 8) /* it waits for its turn */
        leat_yield();
    T_STREQ(rwmutex_check(&s.rw), NULL);
    leat_rwmutex_unlock(&s.rw);
    scene_await(&s.inside, READERS);
    T_EQ(atomic_load(&s.done), 0);
    atomic_store(&s.let_go, 1);
    scene_await(&s.done, READERS + 1);
    T_EQ(load_seq(&s.rw.leat__state), 0u);
    T_STREQ(rwmutex_check(&s.rw), NULL);
}

T_TEST(a_writer_waits_for_the_readers_it_met_only)
{
    enum { BEFORE = 3, AFTER = 4 };
    struct rw_scene before = {.inside = 0};

    for (int i = 0; i < BEFORE; i++)
        leat_go(scene_reads, &before);
    scene_await(&before.inside, BEFORE);
    leat_go(scene_writes, &before);
    while (!(load_seq(&before.rw.leat__state) >> 63))
        leat_yield();
    for (uint32_t i = 1; i <= AFTER; i++) {
        leat_go(scene_reads, &before);
        while (scene_readers(&before) < BEFORE + i)
            leat_yield();
    }
    T_EQ(load_seq(&before.rw.leat__state) >> 32 & 0x3fffffff, (unsigned)BEFORE);
    T_EQ(atomic_load(&before.inside), BEFORE);
    T_STREQ(rwmutex_check(&before.rw), NULL);
    atomic_store(&before.let_go, 1);
    scene_await(&before.done, BEFORE + AFTER + 1);
    T_EQ(load_seq(&before.rw.leat__state), 0u);
}

T_TEST(a_downgrade_lets_the_readers_in_and_the_writer_after_them)
{
    enum { READERS = 5 };
    struct rw_scene s = {.inside = 0};

    leat_rwmutex_lock(&s.rw);
    for (uint32_t i = 1; i <= READERS; i++) {
        leat_go(scene_reads, &s);
        while (scene_readers(&s) < i)
            leat_yield();
    }
    leat_go(scene_writes, &s);
    while (load_seq(&s.rw.leat__turn.leat__state) < 8) /* it waits for its turn */
        leat_yield();
    leat_rwmutex_downgrade(&s.rw);
    T_STREQ(rwmutex_check(&s.rw), NULL);
    scene_await(&s.inside, READERS);
    T_FALSE(leat_rwmutex_trylock(&s.rw));
    atomic_store(&s.let_go, 1);
    scene_await(&s.done, READERS);
    while (!(load_seq(&s.rw.leat__state) >> 63)) /* the writer waits for us now */
        leat_yield();
    T_EQ(load_seq(&s.rw.leat__state) >> 32 & 0x3fffffff, 1u);
    T_EQ(atomic_load(&s.done), READERS);
    leat_rwmutex_runlock(&s.rw);
    scene_await(&s.done, READERS + 1);
    T_EQ(load_seq(&s.rw.leat__state), 0u);
}
