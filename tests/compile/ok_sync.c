/* SPDX-License-Identifier: MIT */
/* Wait groups, locks, conditions and once. */
#include <leat/sync.h>
#include <leat/time.h>

struct table {
    leat_mutex lock;
    leat_once loaded;
    leat_waitgroup users;
    leat_rwmutex rw;
    leat_cond changed;
    int rows;
};

static struct table shared;

static void load(void)
{
    shared.rows = 1;
}

static int grow(struct table *t, int by)
{
    leat_lock_guard(&t->lock);
    {
        leat_lock_guard(&shared.lock);
        t->rows += by;
    }
    return t->rows;
}

static int look(struct table *t, leat_rwmutex *rw, leat_ctx *ctx)
{
    if (t->rows) {
        leat_read_guard(rw);
        leat_write_guard(&t->rw);
    }
    if (leat_rwmutex_lock_ctx(ctx, rw) == 0) {
        leat_rwmutex_downgrade(rw);
        if (leat_rwmutex_try_upgrade(rw))
            leat_rwmutex_unlock(rw);
    }
    if (leat_rwmutex_rlock_until(rw, leat_now()) == 0 && leat_rwmutex_tryrlock(rw))
        leat_rwmutex_runlock(rw);
    leat_cond_wait(&t->changed, &t->lock);
    leat_cond_wait_locker(&t->changed, leat_rwmutex_rlocker(rw));
    if (leat_cond_wait_locker_ctx(ctx, &t->changed, leat_rwmutex_locker(rw)))
        return leat_cond_wait_locker_until(&t->changed, leat_mutex_locker(&t->lock),
                                           leat_now());
    leat_cond_signal(&t->changed);
    leat_cond_broadcast(&shared.changed);
    return leat_cond_wait_until(&t->changed, &t->lock, leat_now() + LEAT_SECOND);
}

int use_table(struct table *t, int i);

int use_table(struct table *t, int i)
{
    leat_waitgroup wg = {0};
    leat_mutex m = {0};
    leat_once o = {0};

    leat_waitgroup_add(&wg, 1);
    leat_waitgroup_done(&wg);
    leat_waitgroup_go(&wg, load);
    leat_waitgroup_go(&wg, grow, t, i++);
    leat_waitgroup_fork(&wg, load);
    leat_waitgroup_fork(&t->users, grow, &shared, i);
    leat_waitgroup_wait(&wg);
    if (leat_waitgroup_wait_ctx(NULL, &wg) || look(t, &shared.rw, NULL))
        return 0;
    if (leat_mutex_trylock(&m))
        leat_mutex_unlock(&m);
    leat_mutex_lock(&m);
    if (i)
        leat_once_do(&o, load);
    else
        leat_once_do(&t->loaded, grow, t, i++);
    return i;
}
