/* SPDX-License-Identifier: MIT */
// expect: leat: with more than six words of arguments each must be of exactly
#include <leat.h>

void many(int a, int b, int c, int d, int e, int f, int g);

void wrong(double d);

void wrong(double d)
{
    leat_go(many, 1, 2, 3, 4, 5, 6, d);
}
