/* SPDX-License-Identifier: MIT */
/*
 * leat/detail/spawn.hpp - calls that are made elsewhere, for C++. Private.
 *
 * PICTURE  A closure is a tuple of a callable and its arguments. leat_go puts it on the heap
 *   and captures, as the C macros do, one call: trampoline(closure). leat_blocking and
 *   leat_defer need no heap: their caller's frame outlives the call.
 *
 * INVARIANTS
 *   X1  A closure is destroyed once: at the trampoline's end, or by leat_exit, which finds it
 *       in the goroutine's list of deferred calls, or by start() when there was no memory.
 *   X2  No exception leaves the trampoline: below it there are no frames to unwind.
 *   X3  Between capture() and the commit nothing else is captured on this thread.
 */
#ifndef LEAT_DETAIL_SPAWN_HPP
#define LEAT_DETAIL_SPAWN_HPP

#include <leat/context.h>
#include <leat/detail/typed.hpp>
#include <leat/go.h>
#include <leat/sync.h>
#include <leat/time.h>

extern "C++" {
#include <cxxabi.h>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

/* The static record of this place in the source, as a value. */
#define LEAT__SITE()                                                        \
    (__extension__({                                                        \
        static const leat_site leat__site = {__FILE__, __func__, __LINE__}; \
        &leat__site;                                                        \
    }))

namespace leat::detail
{

/* ---- panics ---- */

[[noreturn]] inline void panic_unknown()
{
#if defined(__cpp_rtti) && defined(__cpp_exceptions)
    if (const std::type_info *type = abi::__cxa_current_exception_type()) {
        int status = 0;
        const char *name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
        leat_panic("exception of type %s", name ? name : type->name());
    }
#endif
    leat_panic("exception of unknown type");
}

/* Runs f where nobody can catch what it throws. */
template <typename F> void guarded(F &&f)
{
#ifdef __cpp_exceptions
    try {
        (void)f();
    } catch (const std::exception &e) {
        leat_panic("%s", e.what());
    } catch (...) {
        panic_unknown();
    }
#else
    (void)f();
#endif
}

/* ---- goroutines ---- */

/*
 * A plain function is called like one: each argument converts to its parameter's type in the
 * caller, so that NULL and narrowing mean what they mean in C. Where a parameter is a reference
 * the argument must be copied first, as for every other callable.
 */
template <typename F> struct is_plain : std::false_type {
};
template <typename R, typename... P>
struct is_plain<R (*)(P...)> : std::bool_constant<!(std::is_reference_v<P> || ...)> {
};
template <typename R, typename... P>
struct is_plain<R (*)(P...) noexcept> : is_plain<R (*)(P...)> {
};
template <typename F> using if_plain = std::enable_if_t<is_plain<F>::value, int>;
template <typename F>
using unless_plain = std::enable_if_t<!is_plain<std::decay_t<F>>::value, int>;

/* A call to be made later: a callable and its arguments by value. */
template <typename F, typename... A> class call
{
  public:
    template <typename G, typename... B>
    explicit call(std::in_place_t, G &&f, B &&...args)
        : parts(std::forward<G>(f), std::forward<B>(args)...)
    {
        static_assert(std::is_invocable_v<F, A...>,
                      "leat: the function cannot be called with copies of these arguments");
    }

    decltype(auto) operator()()
    {
        return std::apply([](auto &...part)
                              -> decltype(auto) { return std::invoke(std::move(part)...); },
                          parts);
    }

  private:
    std::tuple<F, A...> parts;
};

template <typename T> void destroy(void *object)
{
    delete static_cast<T *>(object);
}

/* The goroutine. The closure goes also when the function ends by leat_exit. */
template <typename Call> void trampoline(void *closure)
{
    leat__defer end;
    leat__defer_push(&end, destroy<Call>, closure);
    guarded(*static_cast<Call *>(closure));
    leat__defer_run(&end);
}

/* One whose result is told to whoever waits for it. */
template <typename Call> int result_trampoline(void *closure)
{
    static_assert(std::is_same_v<decltype(std::declval<Call &>()()), int>,
                  "leat: the function must return int: 0 or a negative errno");
    leat__defer end;
    int result = 0;
    leat__defer_push(&end, destroy<Call>, closure);
    guarded([&] { result = (*static_cast<Call *>(closure))(); });
    leat__defer_run(&end);
    return result;
}

/* Stores one call with one pointer argument in the thread's record, as the C macros do. */
inline void capture(void *closure)
{
    reinterpret_cast<void (*)(void *)>(leat__capture_ints)(closure);
}

using entry = void (*)(void);

/* How a captured call becomes a goroutine: one class for each leat_go_ macro. */
struct commit_plain {
    const leat_site *site;
    int operator()(entry fn) const
    {
        leat__go_commit(fn, site);
        return 0;
    }
};

struct commit_try {
    const leat_site *site;
    int operator()(entry fn) const
    {
        return leat__go_commit_try(fn, site);
    }
};

struct commit_opts {
    const leat_site *site;
    leat_go_opts opts;
    commit_opts(const leat_site *place, const leat_go_opts &o) : site(place), opts(o)
    {
    }
    commit_opts(const leat_site *place, const leat_go_opts *o) : site(place), opts()
    {
        if (o)
            opts = *o;
    }
    int operator()(entry fn) const
    {
        leat__go_commit_opts(fn, site, &opts);
        return 0;
    }
};

inline leat_go_opts named(const char *name)
{
    leat_go_opts opts = {};
    opts.name = name;
    return opts;
}

inline leat_go_opts created_at(const leat_site *site)
{
    leat_go_opts opts = {};
    opts.site = site;
    return opts;
}

struct commit_group {
    const leat_site *site;
    leat_waitgroup *wg;
    int operator()(entry fn) const
    {
        leat__waitgroup_commit(fn, site, wg);
        return 0;
    }
};

struct commit_fork {
    const leat_site *site;
    leat_waitgroup *wg;
    int operator()(entry fn) const
    {
        leat__waitgroup_fork(fn, site, wg);
        return 0;
    }
};

/* Does a way to become a goroutine want its result? */
template <typename F, typename = void> struct wants_result : std::false_type {
};
template <typename F> struct wants_result<F, std::void_t<typename F::result>> : std::true_type {
};

template <typename F, typename Call> entry entry_of()
{
    if constexpr (wants_result<F>::value)
        return reinterpret_cast<entry>(result_trampoline<Call>);
    else
        return reinterpret_cast<entry>(trampoline<Call>);
}

template <typename F, typename... A> int start(const F &commit, A &&...parts)
{
    using closure = call<std::decay_t<A>...>;
    closure *c = new (std::nothrow) closure(std::in_place, std::forward<A>(parts)...);
    if (!c) {
        if (std::is_same_v<F, commit_try>)
            return -ENOMEM;
        leat_panic("out of memory for the arguments of a goroutine");
    }
    capture(c);
    int err = commit(entry_of<F, closure>());
    if (err < 0)
        delete c;
    return err;
}

template <typename C, typename R, typename... P, if_plain<R (*)(P...)> = 0>
int spawn(const C &commit, R (*fn)(P...), same_t<P>... args)
{
    return fn ? start(commit, fn, std::move(args)...) : commit(nullptr);
}

template <typename C, typename F, typename... A, unless_plain<F> = 0>
int spawn(const C &commit, F &&f, A &&...args)
{
    return start(commit, std::forward<F>(f), std::forward<A>(args)...);
}

/* ---- leat_after_func ---- */

/* A call that is made whenever its timer fires: its parts are lent to it, never moved away. */
template <typename F, typename... A> class repeated_call
{
  public:
    template <typename G, typename... B>
    explicit repeated_call(std::in_place_t, G &&f, B &&...args)
        : parts(std::forward<G>(f), std::forward<B>(args)...)
    {
        static_assert(std::is_invocable_v<F &, A &...>,
                      "leat: the function cannot be called with these arguments again and "
                      "again");
    }

    static void run(void *self)
    {
        guarded([&] {
            std::apply([](auto &...part) { (void)std::invoke(part...); },
                       static_cast<repeated_call *>(self)->parts);
        });
    }

  private:
    std::tuple<F, A...> parts;
};

template <typename... A> leat_timer *after(const leat_site *site, leat_duration d, A &&...parts)
{
    using closure = repeated_call<std::decay_t<A>...>;
    closure *c = new (std::nothrow) closure(std::in_place, std::forward<A>(parts)...);
    if (!c)
        leat_panic("out of memory for the arguments of a timer");
    return leat__after_closure(closure::run, destroy<closure>, c, site, d);
}

template <typename R, typename... P, if_plain<R (*)(P...)> = 0>
leat_timer *after_func(const leat_site *site, leat_duration d, R (*fn)(P...), same_t<P>... args)
{
    return fn ? after(site, d, fn, std::move(args)...) : leat__after_func(nullptr, site, d);
}

template <typename F, typename... A, unless_plain<F> = 0>
leat_timer *after_func(const leat_site *site, leat_duration d, F &&f, A &&...args)
{
    return after(site, d, std::forward<F>(f), std::forward<A>(args)...);
}

/* ---- leat_ctx_after_func ---- */

/* A call to be made when a context is over, or to be dropped: there is one goroutine at most. */
template <typename... A>
leat_ctx_after drop_or_call(const leat_site *site, leat_ctx *ctx, A &&...a)
{
    using closure = call<std::decay_t<A>...>;
    closure *c = new (std::nothrow) closure(std::in_place, std::forward<A>(a)...);
    if (!c)
        leat_panic("out of memory for the arguments of a goroutine");
    capture(c);
    return leat__ctx_after(reinterpret_cast<entry>(trampoline<closure>), site, ctx,
                           destroy<closure>, c);
}

template <typename R, typename... P, if_plain<R (*)(P...)> = 0>
leat_ctx_after when_over(const leat_site *site, leat_ctx *ctx, R (*fn)(P...), same_t<P>... args)
{
    return fn ? drop_or_call(site, ctx, fn, std::move(args)...)
              : leat__ctx_after(nullptr, site, ctx, nullptr, nullptr);
}

template <typename F, typename... A, unless_plain<F> = 0>
leat_ctx_after when_over(const leat_site *site, leat_ctx *ctx, F &&f, A &&...args)
{
    return drop_or_call(site, ctx, std::forward<F>(f), std::forward<A>(args)...);
}

/* ---- leat_blocking ---- */

/* A call on the thread's own stack. Its caller waits, so it may go by reference. */
template <typename F> struct blocking_call {
    F &run;
    std::exception_ptr error;

    static void enter(void *self)
    {
        blocking_call *call = static_cast<blocking_call *>(self);
#ifdef __cpp_exceptions
        try {
            call->run();
        } catch (...) {
            call->error = std::current_exception();
        }
#else
        call->run();
#endif
    }
};

template <typename F> void on_thread_stack(F &&f)
{
    using state = blocking_call<std::remove_reference_t<F>>;
    state call = {f, nullptr};
    capture(&call);
    leat__blocking_begin(reinterpret_cast<entry>(state::enter));
    leat__blocking_call();
    if (call.error)
        std::rethrow_exception(call.error);
}

template <typename F> auto blocking(F &&f) -> decltype(f())
{
    using result = decltype(f());
    if constexpr (std::is_void_v<result>) {
        on_thread_stack(f);
    } else if constexpr (std::is_reference_v<result>) {
        std::remove_reference_t<result> *r = nullptr;
        on_thread_stack([&] {
            auto &&value = f();
            r = std::addressof(value);
        });
        return static_cast<result>(*r);
    } else {
        std::optional<result> r;
        on_thread_stack([&] { r.emplace(f()); });
        return std::move(*r);
    }
}

/* ---- scopes ---- */

/* Runs its function when the block ends or the goroutine exits, whichever is first. */
class scope
{
  public:
    scope(const scope &) = delete;
    scope &operator=(const scope &) = delete;

  protected:
    scope(void (*end)(void *), void *arg)
    {
        leat__defer_push(&link, end, arg);
    }
    ~scope()
    {
        leat__defer_run(&link);
    }

  private:
    leat__defer link;
};

/* Holds a lock until then. */
template <typename L, void (*lock)(L *), void (*unlock)(void *)> class held : scope
{
  public:
    explicit held(L *l) : scope(unlock, locked(l))
    {
    }

  private:
    static void *locked(L *l)
    {
        lock(l);
        return l;
    }
};

using lock_scope = held<leat_mutex, leat_mutex_lock, leat__mutex_scope_end>;
using read_scope = held<leat_rwmutex, leat_rwmutex_rlock, leat__rwmutex_read_end>;
using write_scope = held<leat_rwmutex, leat_rwmutex_lock, leat__rwmutex_scope_end>;

class chan_scope : scope
{
  public:
    template <typename T>
    explicit chan_scope(chan<T> c) : scope(leat__chan_scope_end, static_cast<void *>(c))
    {
    }
};

class ctx_scope : scope
{
  public:
    explicit ctx_scope(leat_ctx *ctx) : scope(leat__ctx_scope_end, ctx)
    {
    }
};

/* The call is made before the scope that runs it, so that it still lives when it runs. */
template <typename F, typename... A> struct deferred_call {
    call<F, A...> what;
    static void run(void *self)
    {
        guarded(static_cast<deferred_call *>(self)->what);
    }
};

template <typename F, typename... A> class deferred : deferred_call<F, A...>, scope
{
  public:
    explicit deferred(F f, A... args)
        : deferred_call<F, A...>{call<F, A...>(std::in_place, std::move(f),
                                               std::move(args)...)},
          scope(deferred_call<F, A...>::run, static_cast<deferred_call<F, A...> *>(this))
    {
    }
};

/* ---- once ---- */

} // namespace leat::detail

namespace leat
{
template <typename T> struct once_value {
    leat_once leat__once;
    T leat__result;
};
} // namespace leat

namespace leat::detail
{

template <typename F> void once(leat_once *o, F &&f)
{
    if (leat__once_done(o))
        return;
    leat__defer end;
    if (!leat__once_slow(o, &end))
        return;
    std::unique_ptr<leat__defer, void (*)(leat__defer *)> done(&end, leat__defer_run);
    f();
}

} // namespace leat::detail

} // extern "C++"

#endif
