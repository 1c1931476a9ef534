/* SPDX-License-Identifier: MIT */
// expect: no matching function
#include <leat.h>

void wrong(int *p);

void wrong(int *p)
{
    leat_send(p, 5);
}
