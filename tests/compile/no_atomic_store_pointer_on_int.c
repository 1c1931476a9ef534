/* SPDX-License-Identifier: MIT */
// expect: leat: the operand does not convert to the type of the atomic value
#include <leat.h>

void wrong(leat_atomic_int32 *a, int *p);

void wrong(leat_atomic_int32 *a, int *p)
{
    leat_atomic_store(a, p);
}
