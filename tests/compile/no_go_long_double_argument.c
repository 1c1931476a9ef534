/* SPDX-License-Identifier: MIT */
// expect: leat: an argument is larger than 16 bytes, or a long double or vector
#include <leat.h>

void show(long double x);

void wrong(long double x);

void wrong(long double x)
{
    leat_go(show, x);
}
