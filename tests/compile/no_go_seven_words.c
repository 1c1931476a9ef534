/* SPDX-License-Identifier: MIT */
// expect: leat: more arguments than fit in registers
#include <leat.h>

void seven(int a, int b, int c, int d, int e, int f, int g);

void wrong(void);

void wrong(void)
{
    leat_go(seven, 1, 2, 3, 4, 5, 6, 7);
}
