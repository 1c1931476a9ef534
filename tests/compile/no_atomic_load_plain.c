/* SPDX-License-Identifier: MIT */
// expect: not a structure or union | no member
#include <leat.h>

int wrong(int *a);

int wrong(int *a)
{
    return leat_atomic_load(a);
}
