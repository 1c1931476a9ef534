/* SPDX-License-Identifier: MIT */
// expect: leat: the function of a goroutine may not return a struct, union, complex or
#include <leat.h>

__extension__ double _Complex root(double x);

void wrong(void);

void wrong(void)
{
    leat_go(root, 2.0);
}
