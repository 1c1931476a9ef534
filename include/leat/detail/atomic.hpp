/* SPDX-License-Identifier: MIT */
/*
 * leat/detail/atomic.hpp - atomic values for C++. Private.
 *
 * The functions take anything with a member leat__v: the structs that both languages name, and
 * leat::atomic<T>. Operands convert to the value's type as arguments do; only the atomic value
 * says what that is.
 */
#ifndef LEAT_DETAIL_ATOMIC_HPP
#define LEAT_DETAIL_ATOMIC_HPP

#include <leat/atomic.h>
#include <leat/detail/typed.hpp>

extern "C++" {
#include <cstring>

namespace leat
{

template <typename T> struct alignas(sizeof(T) < 4 ? 4 : alignof(T)) atomic {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T> || std::is_pointer_v<T>,
                  "leat: an atomic value is an integer or a pointer; for others there is "
                  "leat_atomic_value");
    T leat__v;
};

template <typename T> struct atomic_value {
    static_assert(std::is_trivially_copyable_v<T>,
                  "leat: an atomic value is copied as bytes: its type must be trivially "
                  "copyable");
    leat__value leat__guard;
    alignas(8) T leat__content;
};

namespace detail
{

template <typename A> using held_t = decltype(A::leat__v);
template <typename A> using content_t = decltype(A::leat__content);

template <typename A> constexpr void only_integers()
{
    static_assert(std::is_integral_v<held_t<A>> && !std::is_same_v<held_t<A>, bool>,
                  "leat: only atomic integers can be added to, and'ed and or'ed; this is a "
                  "pointer or bool");
}

template <typename A>
int atomic_wait(leat_ctx *ctx, const A *a, held_t<A> old, leat_duration deadline)
{
    uint64_t bits = 0;
    std::memcpy(&bits, &old, sizeof(old));
    return leat__atomic_wait(&a->leat__v, sizeof(old), bits, ctx, deadline);
}

} // namespace detail

} // namespace leat

#define LEAT__ATOMIC(...)       ::leat::atomic<__VA_ARGS__>
#define LEAT__ATOMIC_VALUE(...) ::leat::atomic_value<__VA_ARGS__>

template <typename A> leat::detail::held_t<A> leat_atomic_load(const A *a)
{
    return __atomic_load_n(&a->leat__v, __ATOMIC_SEQ_CST);
}

template <typename A> void leat_atomic_store(A *a, leat::detail::held_t<A> v)
{
    __atomic_store_n(&a->leat__v, v, __ATOMIC_SEQ_CST);
}

template <typename A> leat::detail::held_t<A> leat_atomic_swap(A *a, leat::detail::held_t<A> v)
{
    return __atomic_exchange_n(&a->leat__v, v, __ATOMIC_SEQ_CST);
}

template <typename A>
bool leat_atomic_cas(A *a, leat::detail::held_t<A> old, leat::detail::held_t<A> v)
{
    return __atomic_compare_exchange_n(&a->leat__v, &old, v, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

template <typename A>
leat::detail::held_t<A> leat_atomic_add(A *a, leat::detail::held_t<A> delta)
{
    leat::detail::only_integers<A>();
    return __atomic_add_fetch(&a->leat__v, delta, __ATOMIC_SEQ_CST);
}

template <typename A>
leat::detail::held_t<A> leat_atomic_and(A *a, leat::detail::held_t<A> mask)
{
    leat::detail::only_integers<A>();
    return __atomic_fetch_and(&a->leat__v, mask, __ATOMIC_SEQ_CST);
}

template <typename A> leat::detail::held_t<A> leat_atomic_or(A *a, leat::detail::held_t<A> mask)
{
    leat::detail::only_integers<A>();
    return __atomic_fetch_or(&a->leat__v, mask, __ATOMIC_SEQ_CST);
}

template <typename A> void leat_atomic_wait(const A *a, leat::detail::held_t<A> old)
{
    (void)leat::detail::atomic_wait(nullptr, a, old, LEAT_FOREVER);
}

template <typename A>
int leat_atomic_wait_ctx(leat_ctx *ctx, const A *a, leat::detail::held_t<A> old)
{
    return leat::detail::atomic_wait(ctx, a, old, LEAT_FOREVER);
}

template <typename A>
int leat_atomic_wait_until(const A *a, leat::detail::held_t<A> old, leat_duration deadline)
{
    return leat::detail::atomic_wait(nullptr, a, old, deadline);
}

template <typename A> void leat_atomic_notify_one(const A *a)
{
    leat__atomic_notify(&a->leat__v, false);
}

template <typename A> void leat_atomic_notify_all(const A *a)
{
    leat__atomic_notify(&a->leat__v, true);
}

template <typename V> bool leat_atomic_value_load(const V *a, leat::detail::content_t<V> *to)
{
    return leat__value_load(&a->leat__guard, &a->leat__content, to, sizeof(*to));
}

template <typename V> void leat_atomic_value_store(V *a, const leat::detail::content_t<V> &v)
{
    leat__value_swap(&a->leat__guard, &a->leat__content, &v, nullptr, sizeof(v));
}

template <typename V>
bool leat_atomic_value_swap(V *a, const leat::detail::content_t<V> &v,
                            leat::detail::content_t<V> *old)
{
    return leat__value_swap(&a->leat__guard, &a->leat__content, &v, old, sizeof(v));
}

template <typename V>
bool leat_atomic_value_cas(V *a, const leat::detail::content_t<V> &old,
                           const leat::detail::content_t<V> &v)
{
    return leat__value_cas(&a->leat__guard, &a->leat__content, &old, &v, sizeof(v));
}

} // extern "C++"

#endif
