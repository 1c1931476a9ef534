/* SPDX-License-Identifier: MIT */
/*
 * leat/detail/signal.hpp - lists of signals, for C++. Private.
 *
 * The calls of <leat/signal.h> that take any number of signals; what they mean stands there.
 */
#ifndef LEAT_DETAIL_SIGNAL_HPP
#define LEAT_DETAIL_SIGNAL_HPP

#include <leat/detail/typed.hpp>
#include <leat/signal.h>

extern "C++" {

template <typename... S> int leat_signal_notify(leat::chan<int> c, S... signals)
{
    const int list[] = {LEAT__NO_SIGNAL, signals...};
    return leat__signal_notify(leat::detail::untyped<int>(c), list, 1 + sizeof...(S));
}

template <typename... S> leat_ctx *leat_signal_notify_ctx(leat_ctx *parent, S... signals)
{
    const int list[] = {LEAT__NO_SIGNAL, signals...};
    return leat__signal_notify_ctx(parent, list, 1 + sizeof...(S));
}

template <typename... S> int leat_signal_reset(S... signals)
{
    const int list[] = {LEAT__NO_SIGNAL, signals...};
    return leat__signal_reset(list, 1 + sizeof...(S));
}

template <typename... S> int leat_signal_ignore(S... signals)
{
    const int list[] = {LEAT__NO_SIGNAL, signals...};
    return leat__signal_ignore(list, 1 + sizeof...(S));
}

inline leat_chan_base *leat__signal_chan(leat::chan<int> c)
{
    return leat::detail::untyped<int>(c);
}

} // extern "C++"

#endif
