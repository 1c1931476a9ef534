/* SPDX-License-Identifier: MIT */
// expect: in something not a structure or union | is not a structure or union
#include <leat.h>

void wrong(int *p, int *v);

void wrong(int *p, int *v)
{
    leat_recv(p, v);
}
