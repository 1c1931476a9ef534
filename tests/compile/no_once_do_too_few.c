/* SPDX-License-Identifier: MIT */
// expect: too few arguments
#include <leat.h>

void work(const char *name, int times);

void wrong(leat_once *n);

void wrong(leat_once *n)
{
    leat_once_do(n, work, "a");
}
