/* SPDX-License-Identifier: MIT */
/*
 * leat/cxx.hpp - the C++17 half of leat: the same names, made of templates.
 *
 *     leat::chan<job> jobs = leat_chan_make(leat::chan<job>, 100);
 *     leat_go([=](int id) { leat_range(j, jobs) run(id, j); }, 1);
 *     leat_send(jobs, {42, "paint"});
 *
 * The headers of leat include this file by themselves when the compiler compiles C++; what each
 * name means is said where C declares it. This page says only what differs.
 *
 * PICTURE
 *   leat_chan(T), leat::chan<T>   one type, a pointer, in C++; C sees a pointer as well, so a
 *                                 channel goes through an extern "C" function either way.
 *                                 T must be trivially copyable: the runtime moves it as bytes.
 *   leat_go(f, args...)           f is anything callable. f and its arguments are copied (or
 *                                 moved) into a closure on the heap, and one function of ours,
 *                                 the trampoline, calls it: the stub that captures a C call
 *                                 copies registers, which C++ objects do not fit.
 *   leat_after_func(d, f, ...)    the closure is called each time, its arguments are lent to it.
 *   leat_defer, leat_lock_guard   objects whose destructors end the scope; they stand on the
 *                                 goroutine's list too, so that leat_exit runs them.
 *   leat_select(cases...)         the cases are temporaries of one full expression, which ends
 *                                 when the choice has been made. They are evaluated in order;
 *                                 the channel and the value of one case in either order.
 *
 * EXCEPTIONS
 *   One that leaves a goroutine's function is a panic, as nobody is there to catch it. One that
 *   leaves leat_blocking reaches the caller; one that leaves leat_once_do counts as done; one
 *   that leaves leat_singleflight_do reaches the one that made the call, and the others get
 *   -ECANCELED.
 *   leat_exit is no exception: it runs what leat_defer and the guards registered, but not the
 *   destructors of other automatic objects.
 *
 * REJECTED  the union of the C half (anonymous types have no linkage: functions that take them
 *   cannot be called from another file); throwing to implement leat_exit (it cannot cross C).
 *
 * PROOF tests/compile (every name, two compilers), tests/consume/app.cpp (they run).
 */
#ifndef LEAT_CXX_HPP
#define LEAT_CXX_HPP

#if !defined(__cplusplus) || __cplusplus < 201703L
#error "leat needs C++17 or later (-std=c++17); from C include <leat.h>"
#endif

#include <leat/atomic.h>
#include <leat/base.h>
#include <leat/chan.h>
#include <leat/context.h>
#include <leat/exec.h>
#include <leat/go.h>
#include <leat/group.h>
#include <leat/io.h>
#include <leat/local.h>
#include <leat/net.h>
#include <leat/pattern.h>
#include <leat/rate.h>
#include <leat/select.h>
#include <leat/semaphore.h>
#include <leat/signal.h>
#include <leat/singleflight.h>
#include <leat/sync.h>
#include <leat/time.h>

#include <leat/detail/atomic.hpp>
#include <leat/detail/map.hpp>
#include <leat/detail/spawn.hpp>
#include <leat/detail/typed.hpp>

extern "C++" {

/* ---- the names of the C half: macros where they need the place, else functions ---- */

#define leat_go(...) \
    ((void)::leat::detail::spawn(::leat::detail::commit_plain{LEAT__SITE()}, __VA_ARGS__))
#define leat_go_try(...) \
    (::leat::detail::spawn(::leat::detail::commit_try{LEAT__SITE()}, __VA_ARGS__))
#define LEAT__GO_OPTS(opts, ...) \
    ((void)::leat::detail::spawn(::leat::detail::commit_opts(LEAT__SITE(), opts), __VA_ARGS__))
#define leat_go_with(opts, ...)  LEAT__GO_OPTS((opts), __VA_ARGS__)
#define leat_go_named(name, ...) LEAT__GO_OPTS(::leat::detail::named(name), __VA_ARGS__)
#define leat_go_at(site, ...)    LEAT__GO_OPTS(::leat::detail::created_at(site), __VA_ARGS__)
#define leat_waitgroup_go(wg, ...) \
    ((void)::leat::detail::spawn(::leat::detail::commit_group{LEAT__SITE(), (wg)}, __VA_ARGS__))
#define leat_waitgroup_fork(wg, ...) \
    ((void)::leat::detail::spawn(::leat::detail::commit_fork{LEAT__SITE(), (wg)}, __VA_ARGS__))

#define leat_after_func(d, ...) (::leat::detail::after_func(LEAT__SITE(), (d), __VA_ARGS__))
#define leat_ctx_after_func(ctx, ...) \
    (::leat::detail::when_over(LEAT__SITE(), (ctx), __VA_ARGS__))

template <typename R, typename... P, leat::detail::if_plain<R (*)(P...)> = 0>
R leat_blocking(R (*fn)(P...), leat::detail::same_t<P>... args)
{
    return leat::detail::blocking([&]() -> R { return fn(std::move(args)...); });
}

template <typename F, typename... A, leat::detail::unless_plain<F> = 0>
auto leat_blocking(F &&f, A &&...args) -> std::invoke_result_t<F, A...>
{
    return leat::detail::blocking([&]() -> std::invoke_result_t<F, A...> {
        return std::invoke(std::forward<F>(f), std::forward<A>(args)...);
    });
}

template <typename R, typename... P, leat::detail::if_plain<R (*)(P...)> = 0>
void leat_once_do(leat_once *o, R (*fn)(P...), leat::detail::same_t<P>... args)
{
    leat::detail::once(o, [&] { (void)fn(std::move(args)...); });
}

template <typename F, typename... A, leat::detail::unless_plain<F> = 0>
void leat_once_do(leat_once *o, F &&f, A &&...args)
{
    leat::detail::once(o, [&] {
        (void)std::invoke(std::forward<F>(f), std::forward<A>(args)...);
    });
}

#define LEAT__ONCE_VALUE(...) ::leat::once_value<__VA_ARGS__>

template <typename T, typename F, typename... A>
T leat_once_get(leat::once_value<T> *o, F &&f, A &&...args)
{
    leat::detail::once(&o->leat__once, [&] {
        o->leat__result = std::invoke(std::forward<F>(f), std::forward<A>(args)...);
    });
    return o->leat__result;
}

/* Any callable and its arguments, copied; the C half takes a function and one pointer. */
#define leat_defer(...) \
    ::leat::detail::deferred LEAT__CAT(leat__defer_, __COUNTER__)(__VA_ARGS__)
#define leat_lock_guard(m) ::leat::detail::lock_scope LEAT__CAT(leat__guard_, __COUNTER__)((m))
#define leat_read_guard(rw) \
    ::leat::detail::read_scope LEAT__CAT(leat__guard_, __COUNTER__)((rw))
#define leat_write_guard(rw) \
    ::leat::detail::write_scope LEAT__CAT(leat__guard_, __COUNTER__)((rw))
#define leat_scoped_chan(type, name, cap)    \
    type name = leat_chan_make(type, (cap)); \
    ::leat::detail::chan_scope LEAT__CAT(leat__scope_, __COUNTER__)((name))

#define leat_scoped_ctx(name, made) \
    leat_ctx *name = (made);        \
    ::leat::detail::ctx_scope LEAT__CAT(leat__scope_, __COUNTER__)((name))

#define leat_chan_make(type, cap) \
    (::leat::detail::make<type>((cap), LEAT__SITE(), leat__chan_make))
#define leat_chan_try_make(type, cap) \
    (::leat::detail::make<type>((cap), LEAT__SITE(), leat__chan_try_make))

template <typename T> void leat_chan_free(leat::chan<T> c)
{
    leat_chan_base_free(leat::detail::untyped<T>(c));
}

template <typename T> leat::chan<T> leat_chan_ref(leat::chan<T> c)
{
    return reinterpret_cast<leat::chan<T>>(leat_chan_base_ref(leat::detail::untyped<T>(c)));
}

template <typename T> void leat_chan_unref(leat::chan<T> c)
{
    leat_chan_base_unref(leat::detail::untyped<T>(c));
}

template <typename T> void leat_close(leat::chan<T> c)
{
    leat_chan_base_close(leat::detail::untyped<T>(c));
}

template <typename T> int64_t leat_len(leat::chan<T> c)
{
    return leat_chan_base_len(leat::detail::untyped<T>(c));
}

template <typename T> int64_t leat_cap(leat::chan<T> c)
{
    return leat_chan_base_cap(leat::detail::untyped<T>(c));
}

template <typename T> void leat_send(leat::chan<T> c, const leat::detail::same_t<T> &value)
{
    leat_chan_base_send(leat::detail::untyped<T>(c), &value);
}

template <typename T> bool leat_try_send(leat::chan<T> c, const leat::detail::same_t<T> &value)
{
    return leat_chan_base_try_send(leat::detail::untyped<T>(c), &value);
}

template <typename T> bool leat_recv(leat::chan<T> c, leat::detail::target<T> to)
{
    return leat_chan_base_recv(leat::detail::untyped<T>(c), to.place);
}

template <typename T> bool leat_try_recv(leat::chan<T> c, leat::detail::target<T> to)
{
    return leat_chan_base_try_recv(leat::detail::untyped<T>(c), to.place, nullptr);
}

template <typename T>
bool leat_try_recv_ok(leat::chan<T> c, leat::detail::target<T> to, bool *open)
{
    return leat_chan_base_try_recv(leat::detail::untyped<T>(c), to.place, open);
}

template <typename T>
int leat_send_status(leat::chan<T> c, const leat::detail::same_t<T> &value)
{
    return leat_chan_base_send_status(leat::detail::untyped<T>(c), &value);
}

template <typename T>
int leat_try_send_status(leat::chan<T> c, const leat::detail::same_t<T> &value)
{
    return leat_chan_base_try_send_status(leat::detail::untyped<T>(c), &value);
}

template <typename T>
int leat_send_ctx(leat_ctx *ctx, leat::chan<T> c, const leat::detail::same_t<T> &value)
{
    return leat_chan_base_send_ctx(ctx, leat::detail::untyped<T>(c), &value);
}

template <typename T>
int leat_send_until(leat::chan<T> c, const leat::detail::same_t<T> &value,
                    leat_duration deadline)
{
    return leat_chan_base_send_until(leat::detail::untyped<T>(c), &value, deadline);
}

template <typename T>
int leat_recv_ctx(leat_ctx *ctx, leat::chan<T> c, leat::detail::target<T> to)
{
    return leat_chan_base_recv_ctx(ctx, leat::detail::untyped<T>(c), to.place);
}

template <typename T>
int leat_recv_until(leat::chan<T> c, leat::detail::target<T> to, leat_duration deadline)
{
    return leat_chan_base_recv_until(leat::detail::untyped<T>(c), to.place, deadline);
}

#define leat_range(v, c) for (auto v : ::leat::detail::drain{c})

template <typename T>
leat_case leat_case_recv_ok(leat::chan<T> c, leat::detail::target<T> to, bool *ok)
{
    leat_case k = {};
    k.kind = LEAT_CASE_RECV;
    k.chan = leat::detail::untyped<T>(c);
    k.elem = to.place;
    k.ok = ok;
    return k;
}

template <typename T> leat_case leat_case_recv(leat::chan<T> c, leat::detail::target<T> to)
{
    return leat_case_recv_ok(c, to, nullptr);
}

template <typename T>
leat::detail::send_case<T> leat_case_send(leat::chan<T> c, const leat::detail::same_t<T> &value)
{
    return {leat::detail::untyped<T>(c), value};
}

inline leat_case leat_case_timeout(leat_duration d)
{
    leat_case k = {};
    k.kind = LEAT_CASE_TIMEOUT;
    k.timeout = d;
    return k;
}

inline leat_case leat_case_done(leat_ctx *ctx)
{
    leat_case k = {};
    k.kind = LEAT_CASE_RECV;
    k.chan = leat::detail::untyped<leat_unit>(leat_ctx_done(ctx));
    return k;
}

#define leat_case_default        (::leat::detail::default_case())
#define leat_select(...)         (leat__select(::leat::detail::cases{__VA_ARGS__}.list))
#define leat_select_ordered(...) (leat__select_ordered(::leat::detail::cases{__VA_ARGS__}.list))

inline int leat_select_none()
{
    leat_case end[1] = {};
    return leat__select(end);
}

} // extern "C++"

#include <leat/detail/flow.hpp>
#include <leat/detail/signal.hpp>

#endif
