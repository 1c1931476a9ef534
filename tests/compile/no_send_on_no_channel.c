/* SPDX-License-Identifier: MIT */
// expect: in something not a structure or union | is not a structure or union
#include <leat.h>

void wrong(int *p);

void wrong(int *p)
{
    leat_send(p, 5);
}
