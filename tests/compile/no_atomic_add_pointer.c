/* SPDX-License-Identifier: MIT */
// expect: leat: only atomic integers can be added to
#include <leat.h>

void wrong(leat_atomic_pointer *a);

void wrong(leat_atomic_pointer *a)
{
    leat_atomic_add(a, 1);
}
