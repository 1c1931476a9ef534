/* SPDX-License-Identifier: MIT */
// expect: invalid conversion | no matching function
#include <leat.h>

void wrong(leat::chan<int> c, int *p);

void wrong(leat::chan<int> c, int *p)
{
    leat_send(c, p);
}
