/* SPDX-License-Identifier: MIT */
/* Goroutines of functions, lambdas, function objects and members. */
#include <leat/go.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

struct point {
    double x, y;
};

static void none(void)
{
}

static void one(int a)
{
    (void)a;
}

static int two(const char *name, double d)
{
    return name[0] + (int)d;
}

static void mixed(struct point p, bool b, unsigned char c, float f, const void *v)
{
    (void)p, (void)b, (void)c, (void)f, (void)v;
}

static void quiet() noexcept
{
}

static void by_const_reference(const std::string &text)
{
    (void)text;
}

static void by_value(std::string text, std::unique_ptr<int> p)
{
    (void)text, (void)p;
}

static void by_reference(int &i)
{
    i++;
}

static void reset(int *i)
{
    *i = 0;
}

struct object {
    int n;
    void add(int i)
    {
        n += i;
    }
    void operator()(int, const char *)
    {
    }
};

template <typename T> void start_in_template(T value)
{
    leat_go([value] { (void)value; });
    leat_go([](const T &copy) { (void)copy; }, value);
}

void start(int i, char *name, point *p);
int look();
int scoped(int *i);

void start(int i, char *name, point *p)
{
    static const leat_site here = {"file.c", "function", 1};
    leat_go_opts opts = {};
    void (*fn)(int) = one;
    object o = {1};

    opts.stack_size = 1 << 20;
    leat_go(none);
    leat_go(&none);
    leat_go(quiet);
    leat_go(one, i++);
    leat_go(fn, 'c');
    leat_go(two, "text", 1);
    leat_go(two, name, 1.5f);
    leat_go(mixed, *p, i, 2, 1.0f, p);
    leat_go(mixed, (point{1, 2}), true, 'c', 3.0f, NULL);
    leat_go(mixed, point{1, 2}, true, 'c', 3.0f, nullptr);
    leat_go(std::printf, "%d %g\n", i, p->x);
    leat_go(by_const_reference, "text");
    leat_go(by_value, "text", std::make_unique<int>(3));
    leat_go(by_reference, std::ref(i));
    leat_go([] {});
    leat_go([i, name] { (void)i, (void)name; });
    leat_go([&] { leat_go([&] { i++; }); });
    leat_go([](std::unique_ptr<int> q, auto... rest) { ((void)rest, ...), (void)q; },
            std::make_unique<int>(4), 1, "two");
    leat_go([u = std::make_unique<int>(5)]() mutable { u.reset(); });
    leat_go(o, 1, "text");
    leat_go(object(), 1, "text");
    leat_go(&object::add, &o, 3);
    if (i)
        leat_go(none);
    else
        leat_go(one, 1);
    leat_go_named("worker", one, i++);
    leat_go_named("worker", [&] { i++; });
    leat_go_with(&opts, one, 1);
    leat_go_with(opts, [] {});
    leat_go_with((leat_go_opts{"deep", 1 << 20, nullptr, nullptr}), none);
    leat_go_at(&here, two, "text", 2.0);
    if (leat_go_try(one, i) < 0 || leat_go_try([] {}) < 0)
        leat_panic("no memory for %d goroutines", i);
    start_in_template(std::string("text"));
    leat_go([] { throw std::runtime_error("nobody catches this"); });
}

int look()
{
    leat_yield();
    leat_lock_thread();
    leat_pin();
    leat_unpin();
    leat_unlock_thread();
    leat_dump();
    if (leat_name()[0] == '\0')
        leat_exit();
    return leat_num_goroutine() + leat_num_cpu() + leat_procs(0) + static_cast<int>(leat_id());
}

int scoped(int *i)
{
    leat_defer(reset, i);
    leat_defer([i] { (*i)++; });
    for (int n = 0; n < 2; n++) {
        leat_defer(reset, i + n);
        leat_defer([](int a, int b) { (void)a, (void)b; }, n, 2);
        if (n)
            continue;
    }
    leat_blocking(none);
    leat_blocking(one, (*i)++);
    leat_blocking([&] { (*i)++; });
    int &same = leat_blocking([&]() -> int & { return *i; });
    std::string text = leat_blocking([] { return std::string("text"); });
    return same + leat_blocking(two, text.c_str(), leat_blocking(two, "inner", 1));
}
