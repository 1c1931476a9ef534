/* SPDX-License-Identifier: MIT */
// expect: incompatible pointer type
// flags: -Werror
#include <leat.h>

void wrong(int *p);

void wrong(int *p)
{
    leat_lock_guard(p);
}
