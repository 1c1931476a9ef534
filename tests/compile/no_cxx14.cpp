/* SPDX-License-Identifier: MIT */
// expect: leat needs C++17 or later (-std=c++17); from C include <leat.h>
// flags: -std=c++14
#include <leat.h>

void wrong(void);

void wrong(void)
{
    leat_yield();
}
