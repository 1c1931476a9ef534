/* SPDX-License-Identifier: MIT */
/*
 * app.cpp - the C++ half, used for real: what app.c is to C. With an argument it ends by a panic
 * of that kind, and the script looks at how.
 */
#include "app.hpp"

#include <cstring>
#include <memory>
#include <stdexcept>

extern "C" int c_part(leat_int_chan in, leat_int_chan out);

namespace
{

struct point {
    double x, y;
};

int plain(const char *name, double d, unsigned char c)
{
    return static_cast<int>(std::strlen(name)) + static_cast<int>(d) + c;
}

void by_reference(int &i)
{
    i += 1;
}

void store(int *to, int what)
{
    *to = what;
}

void goroutines()
{
    leat_waitgroup wg = {};
    int n = 0, evaluated = 0;
    double big_enough = 3.7;
    counted object;
    auto big = std::make_unique<int>(40);

    leat_waitgroup_go(
        &wg, [&n](std::unique_ptr<int> p, int more) { n = *p + more; }, std::move(big),
        ++evaluated + 1);
    leat_waitgroup_wait(&wg);
    CHECK(n == 42 && evaluated == 1 && !big);
    leat_waitgroup_go(
        &wg, [object](const counted &copy) { CHECK(copy.text == object.text); }, object);
    leat_waitgroup_wait(&wg);
    leat_waitgroup_go(&wg, by_reference, std::ref(n));
    leat_waitgroup_fork(&wg, [&] { evaluated++; });
    leat_waitgroup_wait(&wg);
    CHECK(n == 43 && evaluated == 2);
    leat_waitgroup_go(&wg, store, &n, big_enough);
    leat_waitgroup_wait(&wg);
    CHECK(n == 3);
    leat_waitgroup_go(&wg, [object] { leat_exit(); });
    leat_waitgroup_wait(&wg);
    CHECK(leat_go_try([] {}) == 0);
    leat_go_named(
        "named",
        [&wg](const std::string &expected) {
            CHECK(expected == leat_name());
            leat_waitgroup_done(&wg);
        },
        "named");
    leat_waitgroup_add(&wg, 1);
    leat_waitgroup_wait(&wg);
}

void channels()
{
    auto points = leat_chan_make(leat::chan<point>, 1);
    leat_scoped_chan(leat::chan<int>, numbers, 0);
    leat_done_chan done = leat_chan_make(leat_done_chan, 0);
    point p = {0, 0};
    int sum = 0, v = 0;
    bool ok = true;

    leat_go([=] {
        for (int i = 0; i < 100; i++)
            leat_send(numbers, i);
        leat_close(numbers);
        leat_send(done, LEAT_UNIT);
    });
    leat_range(n, numbers) {
        if (n % 2)
            continue;
        sum += n;
    }
    CHECK(sum == 2450 && leat_recv(done, nullptr));
    CHECK(leat_select(leat_case_send(points, {1, 2}), leat_case_default) == 0);
    CHECK(leat_select(leat_case_recv(points, &p), leat_case_timeout(LEAT_HOUR)) == 0);
    CHECK(p.x == 1 && p.y == 2);
    CHECK(leat_select_ordered(leat_case_recv_ok(numbers, &v, &ok), leat_case_default) == 0);
    CHECK(!ok && !leat_recv(numbers, &v) && v == 0);
    leat_chan_free(points);
    leat_chan_free(done);
}

void with_c()
{
    leat_int_chan in = leat_chan_make(leat::chan<int>, 0);
    leat::chan<int> out = leat_chan_make(leat_int_chan, 0);
    int v = 0;

    leat_go(c_part, in, out);
    leat_send(in, 20);
    CHECK(leat_recv(out, &v) && v == 41);
    leat_chan_free(in);
    leat_chan_free(out);
}

void scopes()
{
    std::string order;
    leat_mutex m = {};
    leat_once once = {};
    int calls = 0;

    {
        leat_defer([&] { order += "1"; });
        leat_defer([&](const char *s) { order += s; }, "2");
        leat_lock_guard(&m);
        CHECK(!leat_mutex_trylock(&m));
    }
    CHECK(order == "21" && leat_mutex_trylock(&m));
    try {
        leat_defer([&] { order += "3"; });
        leat_once_do(&once, [&] {
            calls++;
            throw std::runtime_error("once");
        });
    } catch (const std::runtime_error &e) {
        order += e.what();
    }
    leat_once_do(&once, [&] { calls++; });
    CHECK(order == "213once" && calls == 1);
}

void blocking()
{
    leat_waitgroup wg = {};
    std::string caught;
    int depth = 1, wide = 256 + 1;

    leat_waitgroup_go(&wg, [&] {
        CHECK(leat_blocking(plain, "four", 2.5, wide) == 7);
        CHECK(leat_blocking([&] { return std::string("text") + "s"; }) == "texts");
        leat_blocking([&]() -> int & { return depth; }) = 2;
        try {
            leat_blocking([] { throw std::runtime_error("from the other stack"); });
        } catch (const std::exception &e) {
            caught = e.what();
        }
    });
    leat_waitgroup_wait(&wg);
    CHECK(depth == 2 && caught == "from the other stack");
    CHECK(leat_blocking(plain, "on main", 1, 1) == 9);
}

/* Every goroutine has exceptions of its own, also when it parks in a handler. */
void exceptions()
{
    leat_waitgroup wg = {};
    int right = 0;

    for (int i = 0; i < 50; i++) {
        leat_waitgroup_go(
            &wg,
            [&right](int me) {
                try {
                    throw std::runtime_error(std::to_string(me));
                } catch (const std::exception &e) {
                    for (int n = 0; n < 10; n++)
                        leat_yield();
                    try {
                        leat_sleep(1);
                        throw; /* the one this goroutine caught */
                    } catch (const std::runtime_error &again) {
                        if (again.what() == std::to_string(me) && e.what() == again.what())
                            __atomic_add_fetch(&right, 1, __ATOMIC_RELAXED);
                    }
                }
            },
            i);
    }
    leat_waitgroup_wait(&wg);
    CHECK(right == 50);
}

/* A function of a context is called or dropped; either way its copies go, once. */
void contexts()
{
    leat_int_chan called = leat_chan_make(leat_int_chan, 1);
    int n = 0;

    {
        leat_scoped_ctx(ctx, leat_ctx_with_cancel(nullptr));
        counted object;
        leat_ctx_after stopped = leat_ctx_after_func(ctx, [object] { CHECK(false); });
        leat_ctx_after_func(
            ctx, [called, object](int v) { leat_send(called, v); }, 7);
        leat_ctx_after_func(nullptr, [object] { CHECK(false); });
        CHECK(leat_ctx_after_stop(stopped));
        CHECK(!leat_ctx_after_stop(stopped));
        CHECK(leat_select(leat_case_done(ctx), leat_case_default) == 1);
    }
    CHECK(leat_recv(called, &n));
    CHECK(n == 7);
    while (!counted::none())
        leat_yield();
    leat_chan_free(called);
}

/* The closure of a timer is called again after a reset, and outlives a timer that was freed. */
void timers()
{
    leat_int_chan called = leat_chan_make(leat_int_chan, LEAT_UNBOUNDED);
    int n = 0;

    {
        counted object;
        leat_timer *t = leat_after_func(
            0,
            [called, calls = 0, object](int by, const std::string &text) mutable {
                calls += by;
                leat_send_status(called, calls + static_cast<int>(text.size()));
            },
            10, "four");
        CHECK(leat_recv(called, &n) && n == 14);
        CHECK(!leat_timer_reset(t, 0));
        CHECK(leat_recv_until(called, &n, LEAT_FOREVER) == 0 && n == 24);
        leat_timer_free(t);
        t = leat_after_func(LEAT_HOUR, [object] { CHECK(false); });
        CHECK(leat_timer_stop(t));
        leat_timer_free(t);
        t = leat_after_func(0, [called, object] {
            leat_send(called, 1);
            leat_sleep(LEAT_MILLISECOND);
            leat_send(called, object.text.empty() ? 0 : 2);
            leat_exit();
        });
        CHECK(leat_recv(called, &n) && n == 1);
        leat_timer_free(t);
        CHECK(leat_recv_ctx(nullptr, called, &n) == 0 && n == 2);
    }
    while (!counted::none())
        leat_yield();
    leat_close(called);
    CHECK(leat_send_ctx(nullptr, called, 3) == -EPIPE);
    leat_chan_free(called);
}

int panic(const char *kind)
{
    leat_waitgroup wg = {};

    if (std::strcmp(kind, "what") == 0)
        leat_waitgroup_go(&wg, [] { throw std::runtime_error("nobody caught this"); });
    else
        leat_waitgroup_go(&wg, [] { throw point{1, 2}; });
    leat_waitgroup_wait(&wg);
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc > 1)
        return panic(argv[1]);
    goroutines();
    CHECK(counted::none());
    channels();
    use_flow();
    use_sync();
    with_c();
    scopes();
    blocking();
    exceptions();
    contexts();
    timers();
    std::printf("leat %s works\n", leat_version());
    return 0;
}
