/* SPDX-License-Identifier: MIT */
/* app.hpp - what the parts of the C++ program share. */
#ifndef APP_HPP
#define APP_HPP

#include <leat.h>

#include <cstdio>
#include <cstdlib>
#include <string>

inline void check(bool ok, const char *file, int line, const char *what)
{
    if (ok)
        return;
    std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    std::exit(1);
}
#define CHECK(ok) check((ok), __FILE__, __LINE__, #ok)

/* Counts the objects that live, to see that closures are destroyed, once. */
struct counted {
    static inline int alive;
    std::string text = "a text that is too long for the small string optimisation";
    counted()
    {
        __atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    }
    counted(const counted &other) : text(other.text)
    {
        __atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    }
    counted &operator=(const counted &) = delete;
    ~counted()
    {
        __atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    }
    static bool none()
    {
        return __atomic_load_n(&alive, __ATOMIC_SEQ_CST) == 0;
    }
};

void use_sync();
void use_flow();

#endif
