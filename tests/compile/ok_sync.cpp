/* SPDX-License-Identifier: MIT */
/* Wait groups, mutexes and once, in C++. */
#include <leat/sync.h>

struct table {
    leat_mutex lock;
    leat_once loaded;
    leat_waitgroup users;
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
