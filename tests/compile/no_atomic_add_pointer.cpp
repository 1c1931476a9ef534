/* SPDX-License-Identifier: MIT */
// expect: leat: only atomic integers can be added to | invalid conversion | no matching function
#include <leat.h>

void wrong(leat_atomic_pointer *a);

void wrong(leat_atomic_pointer *a)
{
    leat_atomic_add(a, nullptr);
}
