/* SPDX-License-Identifier: MIT */
// expect: leat: only atomic integers can be added to
#include <leat.h>

void wrong(leat_atomic_bool *a);

void wrong(leat_atomic_bool *a)
{
    leat_atomic_or(a, true);
}
