/* SPDX-License-Identifier: MIT */
/* rwmutex_test.c - from writer to reader and back: what Go's lock cannot do. */
#include "sched_util.h"

#define RWX_DIES(text) \
    .expect_exit = 2, .expect_stderr = {"fatal error: sync: " text " RWMutex not locked for "}

T_TEST(a_downgraded_lock_is_one_for_reading)
{
    leat_rwmutex rw = {0};

    leat_rwmutex_lock(&rw);
    T_FALSE(leat_rwmutex_tryrlock(&rw));
    leat_rwmutex_downgrade(&rw);
    T_FALSE(leat_rwmutex_trylock(&rw));
    T_TRUE(leat_rwmutex_tryrlock(&rw));
    leat_rwmutex_runlock(&rw);
    T_FALSE(leat_rwmutex_trylock(&rw));
    leat_rwmutex_runlock(&rw);
    T_TRUE(leat_rwmutex_trylock(&rw));
    leat_rwmutex_unlock(&rw);
}

T_TEST(the_only_reader_may_go_on_to_write)
{
    leat_rwmutex rw = {0};

    leat_rwmutex_rlock(&rw);
    T_TRUE(leat_rwmutex_try_upgrade(&rw));
    T_FALSE(leat_rwmutex_tryrlock(&rw));
    T_FALSE(leat_rwmutex_trylock(&rw));
    leat_rwmutex_downgrade(&rw);
    T_TRUE(leat_rwmutex_try_upgrade(&rw));
    leat_rwmutex_unlock(&rw);
    T_TRUE(leat_rwmutex_trylock(&rw));
    leat_rwmutex_unlock(&rw);
}

T_TEST(one_of_two_readers_goes_on_reading)
{
    leat_rwmutex rw = {0};

    leat_rwmutex_rlock(&rw);
    leat_rwmutex_rlock(&rw);
    T_FALSE(leat_rwmutex_try_upgrade(&rw));
    T_FALSE(leat_rwmutex_trylock(&rw));
    leat_rwmutex_runlock(&rw);
    T_TRUE(leat_rwmutex_try_upgrade(&rw));
    leat_rwmutex_unlock(&rw);
}

static void rwx_writes(leat_rwmutex *rw, atomic_int *written)
{
    leat_rwmutex_lock(rw);
    atomic_store(written, 1);
    leat_rwmutex_unlock(rw);
}

T_TEST(a_writer_that_waits_comes_before_an_upgrade)
{
    leat_rwmutex rw = {0};
    leat_waitgroup wg = {0};
    atomic_int written = 0;

    leat_rwmutex_rlock(&rw);
    leat_waitgroup_go(&wg, rwx_writes, &rw, &written);
    while (leat_rwmutex_tryrlock(&rw)) { /* until it waits */
        leat_rwmutex_runlock(&rw);
        leat_yield();
    }
    T_FALSE(leat_rwmutex_try_upgrade(&rw));
    T_EQ(atomic_load(&written), 0);
    leat_rwmutex_runlock(&rw);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&written), 1);
}

/* What a writer has made it finds as a reader, and what a reader has seen it finds as a writer. */
struct rwx_hammer {
    leat_rwmutex rw;
    long made, copy; /* rw: equal but inside of a writer */
    atomic_long writes, upgrades;
};

static void rwx_make(struct rwx_hammer *h)
{
    h->made++;
    if (t_rand() % 4 == 0)
        leat_yield();
    h->copy++;
    atomic_fetch_add(&h->writes, 1);
}

static void rwx_writes_and_reads(struct rwx_hammer *h)
{
    leat_rwmutex_lock(&h->rw);
    rwx_make(h);
    long made = h->made;
    leat_rwmutex_downgrade(&h->rw);
    if (t_rand() % 2)
        leat_yield();
    T_EQ(h->made, made);
    T_EQ(h->copy, made);
    leat_rwmutex_runlock(&h->rw);
}

static void rwx_reads_and_writes(struct rwx_hammer *h)
{
    leat_rwmutex_rlock(&h->rw);
    long made = h->made;
    T_EQ(h->copy, made);
    if (t_rand() % 4 == 0)
        leat_yield();
    if (!leat_rwmutex_try_upgrade(&h->rw)) {
        T_EQ(h->made, made);
        leat_rwmutex_runlock(&h->rw);
        return;
    }
    T_EQ(h->made, made);
    rwx_make(h);
    atomic_fetch_add(&h->upgrades, 1);
    leat_rwmutex_unlock(&h->rw);
}

static void rwx_hammers(struct rwx_hammer *h, long rounds)
{
    while (rounds-- > 0)
        if (t_rand() % 2)
            rwx_writes_and_reads(h);
        else
            rwx_reads_and_writes(h);
}

static void *rwx_thread(void *h)
{
    rwx_hammers(h, t_scale(2000));
    return NULL;
}

T_TEST(nobody_comes_in_between, .timeout_ms = 60000)
{
    static struct rwx_hammer h;
    leat_waitgroup wg = {0};
    pthread_t thread = util_thread(rwx_thread, &h);

    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, rwx_hammers, &h, t_scale(2000));
    leat_waitgroup_wait(&wg);
    util_join(thread);
    rwx_reads_and_writes(&h); /* alone, it gets its way */
    T_EQ(h.made, atomic_load(&h.writes));
    T_EQ(h.copy, h.made);
    T_GT(atomic_load(&h.upgrades), 0);
    T_TRUE(leat_rwmutex_trylock(&h.rw));
    leat_rwmutex_unlock(&h.rw);
}

T_TEST(downgrade_of_an_unlocked_one_is_fatal, RWX_DIES("downgrade of an"))
{
    leat_rwmutex rw = {0};

    leat_rwmutex_downgrade(&rw);
}

T_TEST(downgrade_of_a_read_one_is_fatal, RWX_DIES("downgrade of an"))
{
    leat_rwmutex rw = {0};

    leat_rwmutex_rlock(&rw);
    leat_rwmutex_downgrade(&rw);
}

T_TEST(upgrade_of_an_unlocked_one_is_fatal, RWX_DIES("upgrade of an"))
{
    leat_rwmutex rw = {0};

    T_FALSE(leat_rwmutex_try_upgrade(&rw));
}

T_TEST(upgrade_of_a_written_one_is_fatal, RWX_DIES("upgrade of an"))
{
    leat_rwmutex rw = {0};

    leat_rwmutex_lock(&rw);
    T_FALSE(leat_rwmutex_try_upgrade(&rw));
}
