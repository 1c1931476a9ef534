/* SPDX-License-Identifier: MIT */
// expect: invalid conversion | cannot initialize | no matching function
#include <leat.h>

void wrong(leat_atomic_int32 *a, int *p);

void wrong(leat_atomic_int32 *a, int *p)
{
    leat_atomic_store(a, p);
}
