/* SPDX-License-Identifier: MIT */
// expect: invalid type argument of '->' | is not a pointer
#include <leat.h>

void wrong(int i);

void wrong(int i)
{
    leat_send(i, 5);
}
