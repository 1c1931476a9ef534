/* SPDX-License-Identifier: MIT */
// expect: leat: the operand does not convert to the type of the atomic value
#include <leat.h>

void wrong(leat_atomic_pointer *a, int i);

void wrong(leat_atomic_pointer *a, int i)
{
    leat_atomic_store(a, i);
}
