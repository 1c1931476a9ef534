/* SPDX-License-Identifier: MIT */
/* app_sync.cpp - locks, conditions, atomics, maps, pools, meeting points and local values. */
#include "app.hpp"

#include <stdexcept>

namespace
{

void locks()
{
    leat_rwmutex rw = {};
    leat_mutex m = {};
    int n = 0;

    {
        leat_read_guard(&rw);
        CHECK(leat_rwmutex_tryrlock(&rw) && !leat_rwmutex_trylock(&rw));
        leat_rwmutex_runlock(&rw);
    }
    try {
        leat_write_guard(&rw);
        CHECK(!leat_rwmutex_tryrlock(&rw));
        throw std::runtime_error("out of the block");
    } catch (const std::runtime_error &) {
        CHECK(leat_rwmutex_trylock(&rw));
        leat_rwmutex_unlock(&rw);
    }
    leat_waitgroup wg = {};
    for (int i = 0; i < 20; i++)
        leat_waitgroup_go(&wg, [&] {
            leat_lock_guard(&m);
            int before = n;
            leat_yield();
            n = before + 1;
            leat_exit(); /* unlocks */
        });
    leat_waitgroup_wait(&wg);
    CHECK(n == 20);
    leat_mutex_lock(&m);
    CHECK(leat_mutex_lock_until(&m, leat_now()) == -ETIMEDOUT);
    leat_mutex_unlock(&m);
}

void conditions()
{
    leat_mutex m = {};
    leat_rwmutex rw = {};
    leat_cond changed = {};
    leat_waitgroup wg = {};
    bool ready = false, seen = false;

    leat_waitgroup_go(&wg, [&] {
        leat_lock_guard(&m);
        while (!ready)
            leat_cond_wait(&changed, &m);
        seen = true;
    });
    leat_mutex_lock(&m);
    ready = true;
    leat_cond_broadcast(&changed);
    leat_mutex_unlock(&m);
    leat_waitgroup_wait(&wg);
    CHECK(seen);
    leat_scoped_ctx(over, leat_ctx_with_cancel(nullptr));
    leat_ctx_cancel(over);
    leat_lock_guard(&m);
    CHECK(leat_cond_wait_ctx(over, &changed, &m) == -ECANCELED);
    leat_locker reading = leat_rwmutex_rlocker(&rw);
    reading.lock(reading.what);
    CHECK(!leat_rwmutex_trylock(&rw));
    reading.unlock(reading.what);
}

struct limits {
    double rate;
    long burst;
    char name[16];
};

void atomics()
{
    leat_atomic(int) n = {};
    leat_atomic(bool) ready = {};
    leat_atomic_value(limits) now = {};
    limits read = {};
    leat_waitgroup wg = {};

    CHECK(leat_atomic_add(&n, 5) == 5 && leat_atomic_swap(&n, 6) == 5);
    CHECK(leat_atomic_cas(&n, 6, 12) && !leat_atomic_cas(&n, 6, 1));
    CHECK(leat_atomic_and(&n, 8) == 12 && leat_atomic_or(&n, 1) == 8);
    CHECK(leat_atomic_load(&n) == 9);
    CHECK(!leat_atomic_value_load(&now, &read));
    leat_waitgroup_go(&wg, [&] {
        leat_atomic_value_store(&now, {2.5, 7, "from elsewhere"});
        leat_atomic_store(&ready, true);
        leat_atomic_notify_all(&ready);
    });
    leat_atomic_wait(&ready, false);
    CHECK(leat_atomic_value_load(&now, &read) && read.burst == 7 && read.rate == 2.5);
    CHECK(leat_atomic_wait_until(&ready, true, leat_now()) == -ETIMEDOUT);
    leat_waitgroup_wait(&wg);
}

enum colour { RED, GREEN };

void maps()
{
    leat_map m = {};
    std::string name = "a name";
    int values[8] = {}, visited = 0;
    void *v = nullptr;

    leat_map_store(&m, name.c_str(), &values[0]);
    leat_map_store(&m, GREEN, &values[1]);
    leat_map_store(&m, 1L << 40, &values[2]);
    leat_map_store(&m, static_cast<const void *>(&values[3]), &values[3]);
    name[0] = 'A'; /* the map has its own copy */
    CHECK(leat_map_load(&m, "a name", &v) && v == &values[0]);
    CHECK(leat_map_load(&m, 1, &v) && v == &values[1]);
    CHECK(leat_map_load(&m, 1UL << 40, &v) && v == &values[2]);
    CHECK(leat_map_load(&m, static_cast<const void *>(&values[3]), &v) && v == &values[3]);
    CHECK(!leat_map_load(&m, RED, &v));
    CHECK(leat_map_swap(&m, GREEN, &values[4], &v) && v == &values[1]);
    CHECK(leat_map_cas(&m, GREEN, &values[4], &values[5]));
    CHECK(!leat_map_compare_and_delete(&m, GREEN, &values[4]));
    CHECK(leat_map_load_and_delete(&m, GREEN, &v) && v == &values[5]);
    leat_map_range(
        &m,
        [](leat_key, void *, void *count) {
            ++*static_cast<int *>(count);
            return true;
        },
        &visited);
    CHECK(visited == 3);
    leat_map_free(&m);
}

void pools()
{
    leat_pool p = {};
    p.make = [](void *) -> void * { return new counted; };
    p.drop = [](void *item, void *) { delete static_cast<counted *>(item); };
    leat_waitgroup wg = {};

    for (int i = 0; i < 10; i++)
        leat_waitgroup_go(&wg, [&p] {
            auto *one = static_cast<counted *>(leat_pool_get(&p));
            leat_yield();
            CHECK(!one->text.empty());
            leat_pool_put(&p, one);
        });
    leat_waitgroup_wait(&wg);
    leat_pool_free(&p);
    CHECK(counted::none());
}

void meetings()
{
    static leat_barrier step = LEAT_BARRIER(3);
    leat_latch ready = LEAT_LATCH(2);
    leat_waitgroup wg = {};
    leat_atomic(int) last = {};

    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&wg, [&] {
            for (int round = 0; round < 5; round++)
                if (leat_barrier_wait(&step))
                    leat_atomic_add(&last, 1);
        });
    leat_waitgroup_wait(&wg);
    CHECK(leat_atomic_load(&last) == 5);
    CHECK(leat_latch_wait_until(&ready, leat_now()) == -ETIMEDOUT &&
          !leat_latch_is_open(&ready));
    leat_go([&ready] { leat_latch_count_down(&ready, 2); });
    leat_latch_wait(&ready);
}

void local_values()
{
    static const leat_local key = {true,
                                   [](void *value) { delete static_cast<counted *>(value); }};
    leat_waitgroup wg = {};

    leat_waitgroup_go(&wg, [] {
        leat_waitgroup inner = {};
        leat_local_set(&key, new counted);
        leat_label_set("user", "ann");
        leat_waitgroup_go(&inner, [] {
            CHECK(!static_cast<counted *>(leat_local_get(&key))->text.empty());
            CHECK(std::string("ann") == leat_label_get("user"));
        });
        leat_waitgroup_wait(&inner);
    });
    leat_waitgroup_wait(&wg);
    while (!counted::none())
        leat_yield();
}

} // namespace

void use_sync()
{
    locks();
    conditions();
    atomics();
    maps();
    pools();
    meetings();
    local_values();
}
