/* SPDX-License-Identifier: MIT */
/* Wait groups, locks, conditions and once, in C++. */
#include <leat/sync.h>

struct table {
    leat_mutex lock;
    leat_once loaded;
    leat_waitgroup users;
    leat_rwmutex rw;
    leat_cond changed;
    int rows;
};

static table shared;

static void load()
{
    shared.rows = 1;
}

static int grow(table *t, int by)
{
    leat_lock_guard(&t->lock);
    {
        leat_lock_guard(&shared.lock);
        t->rows += by;
    }
    return t->rows;
}

static int look(table *t, leat_rwmutex *rw, leat_ctx *ctx)
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
    leat_cond_wait(&t->changed, &t->lock);
    leat_cond_wait_locker(&t->changed, leat_rwmutex_rlocker(rw));
    if (leat_cond_wait_locker_ctx(ctx, &t->changed, leat_rwmutex_locker(rw)))
        return leat_cond_wait_locker_until(&t->changed, leat_mutex_locker(&t->lock),
                                           leat_now());
    leat_cond_signal(&t->changed);
    leat_cond_broadcast(&shared.changed);
    return leat_mutex_lock_until(&t->lock, 0);
}

int use_table(table *t, int i);

int use_table(table *t, int i)
{
    leat_waitgroup wg = {};
    leat_mutex m = {};
    leat_once o = {};

    leat_waitgroup_add(&wg, 1);
    leat_waitgroup_done(&wg);
    leat_waitgroup_go(&wg, load);
    leat_waitgroup_go(&wg, grow, t, i++);
    leat_waitgroup_go(&wg, [t] { t->rows++; });
    leat_waitgroup_fork(&wg, load);
    leat_waitgroup_fork(&t->users, grow, &shared, i);
    leat_waitgroup_fork(
        &wg, [](int n) { (void)n; }, 3);
    leat_waitgroup_wait(&wg);
    if (look(t, &shared.rw, nullptr))
        return 0;
    if (leat_mutex_trylock(&m))
        leat_mutex_unlock(&m);
    leat_mutex_lock(&m);
    if (i)
        leat_once_do(&o, load);
    else
        leat_once_do(&t->loaded, grow, t, i++);
    leat_once_do(
        &o, [&](int n) { i += n; }, 4);
    return i;
}
