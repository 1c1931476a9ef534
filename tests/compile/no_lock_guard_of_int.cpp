/* SPDX-License-Identifier: MIT */
// expect: cannot convert | invalid conversion | no matching
#include <leat.h>

void wrong(int *p);

void wrong(int *p)
{
    leat_lock_guard(p);
}
