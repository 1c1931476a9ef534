/* SPDX-License-Identifier: MIT */
/*
 * leat/detail/typed.hpp - what makes untyped channels typed, for C++. Private.
 *
 * Every call of leat/cxx.hpp converts leat::chan<T> to leat_chan_base * here, where T is
 * checked, and what it sends or where it receives to a pointer whose type was checked. A value
 * parameter takes no part in deduction: only the channel says what T is, and the value converts
 * to it.
 */
#ifndef LEAT_DETAIL_TYPED_HPP
#define LEAT_DETAIL_TYPED_HPP

#include <leat/chan.h>
#include <leat/select.h>

extern "C++" {
#include <cstddef>
#include <new>
#include <type_traits>

namespace leat::detail
{

/* A parameter that takes no part in deduction: its argument converts as in a plain call. */
template <typename T> struct same {
    using type = T;
};
template <typename T> using same_t = typename same<T>::type;

template <typename T> leat_chan_base *untyped(chan<T> c)
{
    static_assert(!std::is_array_v<T>,
                  "leat: a channel of arrays is not possible; wrap the array in a struct");
    static_assert(
        std::is_trivially_copyable_v<T>,
        "leat: the element of a channel must be trivially copyable; send a pointer to it");
    return reinterpret_cast<leat_chan_base *>(c);
}

template <typename T> struct element;
template <typename T> struct element<channel<T> *> {
    using type = T;
};

template <typename C>
C make(int64_t cap, const leat_site *site,
       leat_chan_base *(*make_base)(size_t, size_t, int64_t, const leat_site *))
{
    using T = typename element<C>::type;
    (void)untyped(C(nullptr));
    return reinterpret_cast<C>(
        make_base(std::is_empty_v<T> ? 0 : sizeof(T), alignof(T), cap, site));
}

/* Where a receive from a chan<T> may put the value: a T, a volatile T, anything, nowhere. */
template <typename T> class receive_target
{
  public:
    receive_target(std::nullptr_t) : place(nullptr)
    {
    }

    template <typename U>
    receive_target(U *target) : place(const_cast<std::remove_cv_t<U> *>(target))
    {
        static_assert(!std::is_const_v<U>, "leat: the target of a receive is const");
        static_assert(
            std::is_same_v<std::remove_volatile_t<U>, T> || std::is_void_v<U>,
            "leat: the target of a receive is not a pointer to the element type of the "
            "channel");
    }

    void *place;
};
template <typename T> using target = same_t<receive_target<T>>;

/* What leat_range walks: each step receives one value. */
template <typename T> class drain
{
  public:
    explicit drain(chan<T> c) : from(c)
    {
    }

    struct end_mark {
    };
    struct cursor {
        drain *all;
        bool more;
        bool operator!=(end_mark) const
        {
            return more;
        }
        void operator++()
        {
            more = all->next();
        }
        T operator*() const
        {
            return *std::launder(reinterpret_cast<T *>(all->slot));
        }
    };
    cursor begin()
    {
        return {this, next()};
    }
    end_mark end() const
    {
        return {};
    }

  private:
    bool next()
    {
        return leat_chan_base_recv(untyped<T>(from), slot);
    }

    chan<T> from;
    alignas(T) unsigned char slot[sizeof(T)];
};

/* ---- select ---- */

/* A send case carries its value: the array of cases may point to it while it lives. */
template <typename T> struct send_case {
    leat_chan_base *to;
    T value;
};

inline leat_case as_case(const leat_case &c)
{
    return c;
}

template <typename T> leat_case as_case(const send_case<T> &c)
{
    leat_case k = {};
    k.kind = LEAT_CASE_SEND;
    k.chan = c.to;
    k.elem = const_cast<T *>(&c.value);
    return k;
}

inline leat_case default_case()
{
    leat_case k = {};
    k.kind = LEAT_CASE_DEFAULT;
    return k;
}

/* The array of a select. Braces make it, because they evaluate from left to right. */
template <typename... C> struct cases {
    leat_case list[sizeof...(C) + 1];
    explicit cases(const C &...c) : list{as_case(c)..., leat_case{}}
    {
    }
};

} // namespace leat::detail

} // extern "C++"

#endif
