/* SPDX-License-Identifier: MIT */
// expect: leat: the function cannot be called with copies of these arguments
#include <leat.h>

void count(int &i);

void wrong(int i);

void wrong(int i)
{
    leat_go(count, i);
}
