/* SPDX-License-Identifier: MIT */
/* leat/detail/map.hpp - what C++ makes a key of a map of, by its type. Private. */
#ifndef LEAT_DETAIL_MAP_HPP
#define LEAT_DETAIL_MAP_HPP

#include <leat/map.h>

extern "C++" {
#include <type_traits>

namespace leat::detail
{

inline leat_key key_of(leat_key key)
{
    return key;
}

inline leat_key key_of(const char *text)
{
    return leat_key_string(text);
}

inline leat_key key_of(const void *p)
{
    return leat_key_pointer(p);
}

template <typename T, std::enable_if_t<std::is_integral_v<T> || std::is_enum_v<T>, int> = 0>
leat_key key_of(T i)
{
    if constexpr (std::is_signed_v<T>)
        return leat__key_int(i);
    else
        return leat__key_uint(static_cast<uint64_t>(i));
}

} // namespace leat::detail

} // extern "C++"

#endif
