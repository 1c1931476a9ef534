/* SPDX-License-Identifier: MIT */
/*
 * leat/detail/flow.hpp - groups, shared calls, rates and patterns, for C++. Private.
 *
 * The names of leat/group.h, singleflight.h, rate.h and pattern.h. What the C macros check,
 * templates deduce: the channels and the argument say what the function must look like, and a
 * lambda without captures converts to it.
 */
#ifndef LEAT_DETAIL_FLOW_HPP
#define LEAT_DETAIL_FLOW_HPP

#include <leat/cxx.hpp>

extern "C++" {
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

namespace leat::detail
{

/* ---- ways to become a goroutine whose result counts ---- */

struct commit_member {
    using result = int;
    const leat_site *site;
    leat_group *g;
    int operator()(entry fn) const
    {
        leat__group_commit(fn, site, g);
        return 0;
    }
};

struct commit_member_try {
    using result = int;
    const leat_site *site;
    leat_group *g;
    int operator()(entry fn) const
    {
        return leat__group_commit_try(fn, site, g);
    }
};

struct commit_member_ctx {
    using result = int;
    const leat_site *site;
    leat_group *g;
    leat_ctx *ctx;
    int operator()(entry fn) const
    {
        return leat__group_commit_ctx(fn, site, g, ctx);
    }
};

struct commit_task {
    using result = int;
    const leat_site *site;
    leat_workers *w;
    int (*submit)(entry fn, const leat_site *site, leat_workers *w);
    int operator()(entry fn) const
    {
        return submit(fn, site, w);
    }
};

struct commit_task_ctx {
    using result = int;
    const leat_site *site;
    leat_workers *w;
    leat_ctx *ctx;
    int operator()(entry fn) const
    {
        return leat__workers_commit_ctx(fn, site, w, ctx);
    }
};

struct commit_flight {
    using result = int;
    const leat_site *site;
    leat__flight *flight;
    int operator()(entry fn) const
    {
        leat__flight_commit(fn, site, flight);
        return 0;
    }
};

class group_scope : scope
{
  public:
    group_scope(leat_group *g, leat_ctx *parent)
        : scope(leat__group_scope_end, leat__group_scope(g, parent))
    {
    }
};

/* A deferred call that the C side has pushed: run when the block is left. */
class pushed
{
  public:
    explicit pushed(leat__defer *d) : link(d)
    {
    }
    pushed(const pushed &) = delete;
    pushed &operator=(const pushed &) = delete;
    ~pushed()
    {
        leat__defer_run(link);
    }

  private:
    leat__defer *link;
};

/* ---- shared calls ---- */

/* Lands the flight if the function is left by an exception. */
class landing
{
  public:
    explicit landing(leat__flight *f) : flight(f)
    {
    }
    landing(const landing &) = delete;
    landing &operator=(const landing &) = delete;
    int land(int err)
    {
        leat__flight *f = flight;
        flight = nullptr;
        return leat__flight_end(f, err);
    }
    ~landing()
    {
        if (flight)
            leat__flight_end(flight, -ECANCELED);
    }

  private:
    leat__flight *flight;
};

template <typename T, typename F, typename... A>
int flight(leat_ctx *ctx, leat_singleflight *g, const char *key, T *out, bool *shared, F &&fn,
           A &&...args)
{
    static_assert(std::is_trivially_copyable_v<T>,
                  "leat: the result of a shared call must be trivially copyable");
    leat__flight f;
    f.out = out;
    f.size = sizeof(T);
    f.shared = shared;
    int r = leat__flight_begin(&f, ctx, g, key);
    if (r != LEAT__FLIGHT_LEAD)
        return r;
    landing at_end(&f);
    return at_end.land(std::invoke(std::forward<F>(fn), out, std::forward<A>(args)...));
}

template <typename E, typename F, typename... A>
void flight_chan(const leat_site *site, leat_singleflight *g, const char *key, chan<E> c,
                 F &&fn, A &&...args)
{
    using value = decltype(E::value);
    static const leat__flight_layout layout = {sizeof(E), sizeof(value), offsetof(E, value),
                                               offsetof(E, err), offsetof(E, shared)};
    leat__flight *f = leat__flight_open(g, key, untyped<E>(c), &layout);
    if (f)
        (void)spawn(commit_flight{site, f}, std::forward<F>(fn), static_cast<value *>(f->out),
                    std::forward<A>(args)...);
}

/* ---- patterns ---- */

template <typename F> entry any_fn(F *fn)
{
    return reinterpret_cast<entry>(fn);
}

template <typename A> void *any_arg(A *arg)
{
    return const_cast<void *>(static_cast<const volatile void *>(arg));
}

template <typename T> leat__part part_in(chan<T> in)
{
    leat__part p = {};
    p.in = untyped<T>(in);
    p.in_size = sizeof(T);
    return p;
}

template <typename T> void part_out(leat__part *p, chan<T> out)
{
    p->out = untyped<T>(out);
    p->out_size = sizeof(T);
}

template <typename F, typename A> void part_call(leat__part *p, F *fn, A *arg)
{
    p->fn = any_fn(fn);
    p->arg = any_arg(arg);
}

template <typename T> leat_chan_base *const *untyped_all(const chan<T> *all)
{
    return reinterpret_cast<leat_chan_base *const *>(all);
}

/* A loop over any callable: its address is the argument. */
template <typename F> int call_range(int64_t from, int64_t to, void *fn)
{
    int result = 0;
    guarded([&] { result = (*static_cast<F *>(fn))(from, to); });
    return result;
}

template <typename T> struct message;
template <typename T> struct message<topic_of<T> *> {
    using type = T;
};

template <typename T> leat__topic *untyped_topic(topic<T> t)
{
    static_assert(std::is_trivially_copyable_v<T>,
                  "leat: what a topic publishes must be trivially copyable");
    return reinterpret_cast<leat__topic *>(t);
}

template <typename T> chan<T> subscribe(topic<T> t, chan<T> c, leat_slow slow)
{
    return reinterpret_cast<chan<T>>(leat__subscribe(untyped_topic<T>(t), untyped<T>(c), slow));
}

} // namespace leat::detail

/* ---- groups ---- */

#define leat_group_go(g, ...) \
    ((void)::leat::detail::spawn(::leat::detail::commit_member{LEAT__SITE(), (g)}, __VA_ARGS__))
#define leat_group_go_ctx(ctx, g, ...)                                                  \
    (::leat::detail::spawn(::leat::detail::commit_member_ctx{LEAT__SITE(), (g), (ctx)}, \
                           __VA_ARGS__))
#define leat_group_try_go(g, ...)                                                \
    (::leat::detail::spawn(::leat::detail::commit_member_try{LEAT__SITE(), (g)}, \
                           __VA_ARGS__) == 0)
#define leat_scoped_group(name, parent) \
    leat_group name = {};               \
    ::leat::detail::group_scope LEAT__CAT(leat__scope_, __COUNTER__)(&name, (parent))

/* ---- shared calls and rates ---- */

template <typename T, typename F, typename... A>
int leat_singleflight_do(leat_singleflight *g, const char *key, T *out, bool *shared, F &&fn,
                         A &&...args)
{
    return leat::detail::flight(nullptr, g, key, out, shared, std::forward<F>(fn),
                                std::forward<A>(args)...);
}

template <typename T, typename F, typename... A>
int leat_singleflight_do_ctx(leat_ctx *ctx, leat_singleflight *g, const char *key, T *out,
                             bool *shared, F &&fn, A &&...args)
{
    return leat::detail::flight(ctx, g, key, out, shared, std::forward<F>(fn),
                                std::forward<A>(args)...);
}

#define leat_singleflight_do_chan(g, key, c, ...) \
    (::leat::detail::flight_chan(LEAT__SITE(), (g), (key), (c), __VA_ARGS__))

template <typename F, typename... A>
void leat_sometimes_do(leat_sometimes *s, F &&fn, A &&...args)
{
    leat__defer end;
    if (!leat__sometimes_begin(s, &end))
        return;
    leat::detail::pushed at_end(&end);
    (void)std::invoke(std::forward<F>(fn), std::forward<A>(args)...);
}

/* ---- pools and throttles ---- */

#define leat_workers_submit(w, ...)                                           \
    (::leat::detail::spawn(::leat::detail::commit_task{LEAT__SITE(), (w),     \
                                                       leat__workers_commit}, \
                           __VA_ARGS__))
#define leat_workers_submit_ctx(ctx, w, ...)                                          \
    (::leat::detail::spawn(::leat::detail::commit_task_ctx{LEAT__SITE(), (w), (ctx)}, \
                           __VA_ARGS__))
#define leat_workers_try_submit(w, ...)                                           \
    (::leat::detail::spawn(::leat::detail::commit_task{LEAT__SITE(), (w),         \
                                                       leat__workers_commit_try}, \
                           __VA_ARGS__))

template <typename F, typename... A>
int leat_throttle_do_ctx(leat_ctx *ctx, leat_throttle *t, F &&fn, A &&...args)
{
    leat__defer end;
    int err = leat__throttle_begin(ctx, t, &end);
    if (err)
        return err;
    leat::detail::pushed at_end(&end);
    return std::invoke(std::forward<F>(fn), std::forward<A>(args)...);
}

template <typename F, typename... A> int leat_throttle_do(leat_throttle *t, F &&fn, A &&...args)
{
    return leat_throttle_do_ctx(nullptr, t, std::forward<F>(fn), std::forward<A>(args)...);
}

/* ---- pipelines ---- */

template <typename T, typename A>
void leat_source(leat_group *g, leat::chan<T> out, leat::detail::same_t<int (*)(T *, A *)> fn,
                 A *arg)
{
    leat__part p = {};
    leat::detail::part_out(&p, out);
    leat::detail::part_call(&p, fn, arg);
    leat__source(g, &p);
}

template <typename T, typename U, typename A>
void leat_stage(leat_group *g, int workers, leat::chan<T> in, leat::chan<U> out,
                leat::detail::same_t<int (*)(const T *, U *, A *)> fn, A *arg)
{
    leat__part p = leat::detail::part_in(in);
    leat::detail::part_out(&p, out);
    leat::detail::part_call(&p, fn, arg);
    leat__stage(g, workers, &p);
}

template <typename T, typename U, typename A>
void leat_ordered_stage(leat_group *g, int workers, int window, leat::chan<T> in,
                        leat::chan<U> out,
                        leat::detail::same_t<int (*)(const T *, U *, A *)> fn, A *arg)
{
    leat__part p = leat::detail::part_in(in);
    leat::detail::part_out(&p, out);
    leat::detail::part_call(&p, fn, arg);
    leat__ordered(g, workers, window, &p);
}

template <typename T, typename A>
void leat_sink(leat_group *g, int workers, leat::chan<T> in,
               leat::detail::same_t<int (*)(const T *, A *)> fn, A *arg)
{
    leat__part p = leat::detail::part_in(in);
    leat::detail::part_call(&p, fn, arg);
    leat__stage(g, workers, &p);
}

template <typename T, typename A>
void leat_batch(leat_group *g, leat::chan<T> in, size_t max, leat_duration wait,
                leat::detail::same_t<int (*)(const T *, size_t, A *)> fn, A *arg)
{
    leat__part p = leat::detail::part_in(in);
    leat::detail::part_call(&p, fn, arg);
    leat__batch(g, max, wait, &p);
}

/* ---- routes ---- */

template <typename T>
void leat_fan_in(leat_group *g, const leat::chan<T> *in, size_t n, leat::chan<T> out)
{
    leat__fan_in(g, leat::detail::untyped_all<T>(in), n, leat::detail::untyped<T>(out),
                 sizeof(T));
}

template <typename T>
void leat_fan_out(leat_group *g, leat::chan<T> in, const leat::chan<T> *out, size_t n)
{
    leat__fan_out(g, leat::detail::untyped<T>(in), leat::detail::untyped_all<T>(out), n,
                  sizeof(T), false);
}

template <typename T>
void leat_tee(leat_group *g, leat::chan<T> in, const leat::chan<T> *out, size_t n)
{
    leat__fan_out(g, leat::detail::untyped<T>(in), leat::detail::untyped_all<T>(out), n,
                  sizeof(T), true);
}

template <typename T> void leat_or_done(leat_group *g, leat::chan<T> in, leat::chan<T> out)
{
    leat_fan_in(g, &in, 1, out);
}

template <typename T>
void leat_bridge(leat_group *g, leat::chan<leat::chan<T>> in, leat::chan<T> out)
{
    leat__bridge(g, leat::detail::untyped<leat::chan<T>>(in), leat::detail::untyped<T>(out),
                 sizeof(T));
}

/* ---- all processors ---- */

template <typename A>
int leat_parallel_for_ctx(leat_ctx *ctx, int64_t from, int64_t to, int64_t grain,
                          leat::detail::same_t<int (*)(int64_t, int64_t, A *)> fn, A *arg)
{
    return leat__parallel_for(ctx, from, to, grain, leat::detail::any_fn(fn),
                              leat::detail::any_arg(arg));
}

template <typename A>
int leat_parallel_for(int64_t from, int64_t to, int64_t grain,
                      leat::detail::same_t<int (*)(int64_t, int64_t, A *)> fn, A *arg)
{
    return leat_parallel_for_ctx(nullptr, from, to, grain, fn, arg);
}

/* Any callable of (from, to), which is shared and not copied. */
template <typename F> int leat_parallel_for(int64_t from, int64_t to, int64_t grain, F &&fn)
{
    using callable = std::remove_reference_t<F>;
    return leat__parallel_for(nullptr, from, to, grain,
                              leat::detail::any_fn(leat::detail::call_range<callable>),
                              leat::detail::any_arg(&fn));
}

template <typename R, typename A>
int leat_parallel_reduce_ctx(leat_ctx *ctx, int64_t from, int64_t to, int64_t grain, R *result,
                             leat::detail::same_t<int (*)(int64_t, int64_t, R *, A *)> fn,
                             leat::detail::same_t<void (*)(R *, const R *)> join, A *arg)
{
    static_assert(std::is_trivially_copyable_v<R>,
                  "leat: the value of a reduction must be trivially copyable");
    leat__reduction r = {from,
                         to,
                         grain,
                         result,
                         sizeof(R),
                         leat::detail::any_fn(fn),
                         leat::detail::any_fn(join),
                         leat::detail::any_arg(arg)};
    return leat__parallel_reduce(ctx, &r);
}

template <typename R, typename A>
int leat_parallel_reduce(int64_t from, int64_t to, int64_t grain, R *result,
                         leat::detail::same_t<int (*)(int64_t, int64_t, R *, A *)> fn,
                         leat::detail::same_t<void (*)(R *, const R *)> join, A *arg)
{
    return leat_parallel_reduce_ctx(nullptr, from, to, grain, result, fn, join, arg);
}

template <typename T>
int leat_parallel_sort_ctx(leat_ctx *ctx, T *base, size_t n, size_t grain,
                           leat::detail::same_t<int (*)(const T *, const T *)> cmp)
{
    static_assert(std::is_trivially_copyable_v<T>,
                  "leat: elements that are sorted must be trivially copyable");
    return leat__parallel_sort(ctx, base, n, sizeof(T), grain, leat::detail::any_fn(cmp));
}

template <typename T>
void leat_parallel_sort(T *base, size_t n, size_t grain,
                        leat::detail::same_t<int (*)(const T *, const T *)> cmp)
{
    leat_parallel_sort_ctx(nullptr, base, n, grain, cmp);
}

/* ---- topics ---- */

#define leat_topic_make(type) \
    ((void)sizeof(::leat::detail::message<type>), reinterpret_cast<type>(leat__topic_make()))
#define leat_subscribe(t, type, cap, slow) \
    (::leat::detail::subscribe((t), leat_chan_make(type, (cap)), (slow)))

template <typename T> void leat_topic_close(leat::topic<T> t)
{
    leat__topic_close(leat::detail::untyped_topic<T>(t));
}

template <typename T> void leat_topic_free(leat::topic<T> t)
{
    leat__topic_free(leat::detail::untyped_topic<T>(t));
}

template <typename T> int64_t leat_topic_subscribers(leat::topic<T> t)
{
    return leat__topic_subscribers(leat::detail::untyped_topic<T>(t));
}

template <typename T> void leat_unsubscribe(leat::topic<T> t, leat::chan<T> c)
{
    leat__unsubscribe(leat::detail::untyped_topic<T>(t), leat::detail::untyped<T>(c));
}

template <typename T>
int leat_publish_ctx(leat_ctx *ctx, leat::topic<T> t, const leat::detail::same_t<T> &value)
{
    return leat__publish(ctx, leat::detail::untyped_topic<T>(t), &value);
}

template <typename T> int leat_publish(leat::topic<T> t, const leat::detail::same_t<T> &value)
{
    return leat_publish_ctx(nullptr, t, value);
}

} // extern "C++"

#endif
