/* SPDX-License-Identifier: MIT */
// expect: leat: the target is not a pointer to the type of the atomic value
#include <leat.h>

void wrong(int *to);

void wrong(int *to)
{
    static leat_atomic_value(double) a;
    (void)leat_atomic_value_load(&a, to);
}
