/* SPDX-License-Identifier: MIT */
/* rwmutex_test.c - reader-writer locks: exclusion, preference of writers, trying, misuse. */
#include "golike.h"

#include <pthread.h>
#include <stdlib.h>

/* TestParallelReaders: all readers are inside at once, else none gets on. */
static void rw_reader_meets(leat_rwmutex *rw, atomic_int *inside, int all, atomic_int *out)
{
    leat_rwmutex_rlock(rw);
    golike_note(inside);
    golike_await(inside, all);
    leat_rwmutex_runlock(rw);
    golike_note(out);
}

T_TEST(readers_are_inside_together)
{
    for (int all = 1; all <= 5; all++) {
        leat_rwmutex rw = {0};
        atomic_int inside = 0, out = 0;

        for (int i = 0; i < all; i++)
            leat_go(rw_reader_meets, &rw, &inside, all, &out);
        golike_await(&out, all);
        T_TRUE(leat_rwmutex_trylock(&rw));
        leat_rwmutex_unlock(&rw);
        golike_alone();
    }
}

/* TestRWMutex: readers add 1 to what is going on, writers 10000. */
enum { RW_WRITER = 10000 };

struct rw_hammer {
    leat_rwmutex rw;
    atomic_int active;
    long reads, writes; /* guarded by the lock, the first by an atomic too */
};

static void rw_read(struct rw_hammer *h, long rounds)
{
    for (long i = 0; i < rounds; i++) {
        if (i % 5 == 4) {
            if (!leat_rwmutex_tryrlock(&h->rw))
                continue;
        } else {
            leat_rwmutex_rlock(&h->rw);
        }
        int n = atomic_fetch_add(&h->active, 1) + 1;
        T_GE(n, 1);
        T_LT(n, RW_WRITER);
        __atomic_fetch_add(&h->reads, 1, __ATOMIC_RELAXED);
        if (i % 11 == 0)
            leat_yield();
        atomic_fetch_sub(&h->active, 1);
        leat_rwmutex_runlock(&h->rw);
    }
}

static void rw_write(struct rw_hammer *h, long rounds)
{
    for (long i = 0; i < rounds; i++) {
        if (i % 5 == 4) {
            if (!leat_rwmutex_trylock(&h->rw))
                continue;
        } else {
            leat_rwmutex_lock(&h->rw);
        }
        T_EQ(atomic_fetch_add(&h->active, RW_WRITER), 0);
        h->writes++;
        if (i % 7 == 0)
            leat_yield();
        T_EQ(atomic_fetch_sub(&h->active, RW_WRITER), RW_WRITER);
        leat_rwmutex_unlock(&h->rw);
    }
}

static void rw_hammer(int readers, long rounds)
{
    struct rw_hammer h = {.reads = 0};
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, rw_write, &h, rounds);
    for (int i = 0; i < readers; i++) {
        leat_waitgroup_go(&wg, rw_read, &h, rounds);
        if (i == readers / 2)
            leat_waitgroup_go(&wg, rw_write, &h, rounds);
    }
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&h.active), 0);
    T_GE(h.reads, readers * (rounds - rounds / 5 - 1));
    T_GE(h.writes, rounds - rounds / 5 - 1);
}

T_TEST(readers_and_writers_hammering_exclude_each_other)
{
    rw_hammer(1, t_scale(5000));
    rw_hammer(3, t_scale(5000));
    rw_hammer(10, t_scale(2000));
}

static void *rw_thread_reads(void *h)
{
    rw_read(h, t_scale(1000));
    return NULL;
}

static void *rw_thread_writes(void *h)
{
    rw_write(h, t_scale(1000));
    return NULL;
}

T_TEST(threads_and_goroutines_exclude_each_other)
{
    struct rw_hammer h = {.reads = 0};
    leat_waitgroup wg = {0};
    pthread_t reader, writer;

    T_EQ(pthread_create(&reader, NULL, rw_thread_reads, &h), 0);
    T_EQ(pthread_create(&writer, NULL, rw_thread_writes, &h), 0);
    for (int i = 0; i < 4; i++) {
        leat_waitgroup_go(&wg, rw_read, &h, t_scale(1000));
        leat_waitgroup_go(&wg, rw_write, &h, t_scale(1000));
    }
    leat_waitgroup_wait(&wg);
    T_EQ(pthread_join(reader, NULL), 0);
    T_EQ(pthread_join(writer, NULL), 0);
    T_EQ(atomic_load(&h.active), 0);
}

T_TEST(try_forms_fail_while_another_excludes_them)
{
    leat_rwmutex rw = {0};

    leat_rwmutex_lock(&rw);
    T_FALSE(leat_rwmutex_trylock(&rw));
    T_FALSE(leat_rwmutex_tryrlock(&rw));
    leat_rwmutex_unlock(&rw);
    T_TRUE(leat_rwmutex_trylock(&rw));
    leat_rwmutex_unlock(&rw);
    leat_rwmutex_rlock(&rw);
    T_TRUE(leat_rwmutex_tryrlock(&rw));
    T_FALSE(leat_rwmutex_trylock(&rw));
    leat_rwmutex_runlock(&rw);
    T_FALSE(leat_rwmutex_trylock(&rw));
    leat_rwmutex_runlock(&rw);
    T_TRUE(leat_rwmutex_trylock(&rw));
    leat_rwmutex_unlock(&rw);
}

/* RW1: a writer that waits stops readers that come after it; they go before the next writer. */
struct rw_order {
    leat_rwmutex rw;
    atomic_int queued, events;
    int order[16];
};

static void rw_note_event(struct rw_order *o, int what)
{
    o->order[atomic_fetch_add(&o->events, 1)] = what;
}

static void rw_ordered_writer(struct rw_order *o, int name)
{
    leat_rwmutex_lock(&o->rw);
    rw_note_event(o, name);
    leat_rwmutex_unlock(&o->rw);
}

static void rw_ordered_reader(struct rw_order *o, int name)
{
    leat_rwmutex_rlock(&o->rw);
    rw_note_event(o, name);
    leat_rwmutex_runlock(&o->rw);
}

/* Until a writer waits, trying to read works. */
static void rw_until_a_writer_waits(leat_rwmutex *rw)
{
    while (leat_rwmutex_tryrlock(rw)) {
        leat_rwmutex_runlock(rw);
        leat_yield();
    }
}

T_TEST(a_waiting_writer_stops_new_readers)
{
    struct rw_order o = {.events = 0};

    leat_rwmutex_rlock(&o.rw);
    leat_go(rw_ordered_writer, &o, 1);
    rw_until_a_writer_waits(&o.rw);
    for (int i = 0; i < 3; i++)
        leat_go(rw_ordered_reader, &o, 2);
    golike_turns();
    T_EQ(atomic_load(&o.events), 0);
    leat_rwmutex_runlock(&o.rw);
    golike_await(&o.events, 4);
    T_EQ(o.order[0], 1);
    golike_alone();
}

/* A recursive read with a writer in between: the deadlock that Go documents. */
static void rw_writer_comes(leat_rwmutex *rw)
{
    leat_rwmutex_lock(rw);
    leat_rwmutex_unlock(rw);
}

T_TEST(a_recursive_read_around_a_writer_is_a_deadlock, .expect_exit = 2,
       .expect_stderr = {"fatal error: all goroutines are asleep - deadlock!\n",
                         "goroutine 1 [sync.RWMutex.RLock]:", "[sync.RWMutex.Lock]:"})
{
    static leat_rwmutex rw;

    leat_rwmutex_rlock(&rw);
    leat_go(rw_writer_comes, &rw);
    rw_until_a_writer_waits(&rw);
    leat_rwmutex_rlock(&rw);
}

T_TEST(a_second_write_lock_is_a_deadlock, GOLIKE_BLOCKS("sync.Mutex.Lock"))
{
    leat_rwmutex rw = {0};
    leat_rwmutex_lock(&rw);
    leat_rwmutex_lock(&rw);
}

T_TEST(an_upgrade_is_a_deadlock, GOLIKE_BLOCKS("sync.RWMutex.Lock"))
{
    leat_rwmutex rw = {0};
    leat_rwmutex_rlock(&rw);
    leat_rwmutex_lock(&rw);
}

/* RW2: nobody owns it. */
static void rw_unlocks(leat_rwmutex *rw)
{
    leat_rwmutex_unlock(rw);
}

static void rw_runlocks(leat_rwmutex *rw)
{
    leat_rwmutex_runlock(rw);
}

T_TEST(another_goroutine_may_unlock)
{
    leat_rwmutex rw = {0};

    for (int i = 0; i < 100; i++) {
        leat_rwmutex_lock(&rw);
        leat_go(rw_unlocks, &rw);
        leat_rwmutex_rlock(&rw);
        leat_go(rw_runlocks, &rw);
    }
    leat_rwmutex_lock(&rw);
    leat_rwmutex_unlock(&rw);
    golike_alone();
}

/* TestRLocker: a writer and a locker for reading in turns. */
static void rw_rlocker_reads(leat_rwmutex *rw, leat_int_chan wlocked, leat_int_chan rlocked,
                             int n)
{
    leat_locker rl = leat_rwmutex_rlocker(rw);

    for (int i = 0; i < n; i++) {
        rl.lock(rl.what);
        rl.lock(rl.what);
        leat_send(rlocked, 1);
        leat_recv(wlocked, NULL);
    }
}

T_TEST(a_locker_for_reading_reads)
{
    enum { ROUNDS = 10 };
    leat_rwmutex rw = {0};
    leat_int_chan wlocked = leat_chan_make(leat_int_chan, 1);
    leat_int_chan rlocked = leat_chan_make(leat_int_chan, 1);
    leat_locker rl = leat_rwmutex_rlocker(&rw);

    leat_go(rw_rlocker_reads, &rw, wlocked, rlocked, ROUNDS);
    for (int i = 0; i < ROUNDS; i++) {
        leat_recv(rlocked, NULL);
        rl.unlock(rl.what);
        T_FALSE(leat_rwmutex_trylock(&rw));
        rl.unlock(rl.what);
        leat_rwmutex_lock(&rw);
        T_FALSE(leat_rwmutex_tryrlock(&rw));
        leat_rwmutex_unlock(&rw);
        leat_send(wlocked, 1);
    }
    golike_alone();
    leat_chan_free(wlocked);
    leat_chan_free(rlocked);
}

static int rw_guarded(leat_rwmutex *rw, bool write)
{
    if (write) {
        leat_write_guard(rw);
        T_FALSE(leat_rwmutex_tryrlock(rw));
        return 1;
    }
    leat_read_guard(rw);
    T_FALSE(leat_rwmutex_trylock(rw));
    T_TRUE(leat_rwmutex_tryrlock(rw));
    leat_rwmutex_runlock(rw);
    return 2;
}

T_TEST(guards_unlock_at_the_end_of_their_block)
{
    leat_rwmutex rw = {0};

    T_EQ(rw_guarded(&rw, true), 1);
    T_EQ(rw_guarded(&rw, false), 2);
    T_TRUE(leat_rwmutex_trylock(&rw));
    leat_rwmutex_unlock(&rw);
}

/* The last to leave, reader or writer, frees it while the one before may be in its unlock. */
struct rw_shared {
    leat_rwmutex rw;
    atomic_int users;
};

static void rw_leave(struct rw_shared *s, bool write)
{
    if (write)
        leat_rwmutex_lock(&s->rw);
    else
        leat_rwmutex_rlock(&s->rw);
    atomic_fetch_sub(&s->users, 1);
    if (write)
        leat_rwmutex_unlock(&s->rw);
    else
        leat_rwmutex_runlock(&s->rw);
}

static void rw_leave_last(struct rw_shared *s)
{
    for (;;) {
        leat_rwmutex_lock(&s->rw);
        bool last = atomic_load(&s->users) == 1;
        leat_rwmutex_unlock(&s->rw);
        if (last)
            break;
        leat_yield();
    }
    free(s);
}

T_TEST(who_locks_last_may_free_it)
{
    const long rounds = t_scale(5000);

    for (long i = 0; i < rounds; i++) {
        struct rw_shared *s = calloc(1, sizeof *s);
        leat_waitgroup wg = {0};
        atomic_store(&s->users, 4);
        leat_rwmutex_rlock(&s->rw);
        leat_waitgroup_go(&wg, rw_leave, s, false);
        leat_waitgroup_go(&wg, rw_leave, s, true);
        leat_waitgroup_go(&wg, rw_leave, s, false);
        leat_waitgroup_go(&wg, rw_leave_last, s);
        leat_rwmutex_runlock(&s->rw);
        leat_waitgroup_wait(&wg);
    }
}

/* RW3: misuse. */
T_TEST(runlock_of_an_unlocked_one_is_fatal, GOLIKE_FATAL("sync: RUnlock of unlocked RWMutex"))
{
    leat_rwmutex rw = {0};
    leat_rwmutex_runlock(&rw);
}

T_TEST(runlock_of_a_written_one_is_fatal, GOLIKE_FATAL("sync: RUnlock of unlocked RWMutex"))
{
    leat_rwmutex rw = {0};
    leat_rwmutex_lock(&rw);
    leat_rwmutex_runlock(&rw);
}

T_TEST(a_second_runlock_is_fatal, GOLIKE_FATAL("sync: RUnlock of unlocked RWMutex"))
{
    leat_rwmutex rw = {0};
    leat_rwmutex_rlock(&rw);
    leat_rwmutex_runlock(&rw);
    leat_rwmutex_runlock(&rw);
}

T_TEST(unlock_of_an_unlocked_one_is_fatal, GOLIKE_FATAL("sync: Unlock of unlocked RWMutex"))
{
    leat_rwmutex rw = {0};
    leat_rwmutex_unlock(&rw);
}

T_TEST(unlock_of_a_read_one_is_fatal, GOLIKE_FATAL("sync: Unlock of unlocked RWMutex"))
{
    leat_rwmutex rw = {0};
    leat_rwmutex_rlock(&rw);
    leat_rwmutex_unlock(&rw);
}

T_TEST(a_second_unlock_is_fatal, GOLIKE_FATAL("sync: Unlock of unlocked RWMutex"))
{
    leat_rwmutex rw = {0};
    leat_rwmutex_lock(&rw);
    leat_rwmutex_unlock(&rw);
    leat_rwmutex_unlock(&rw);
}
