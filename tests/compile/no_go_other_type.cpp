/* SPDX-License-Identifier: MIT */
// expect: invalid conversion | no matching function
#include <leat.h>

void work(const char *name, int times);

void wrong(int *p);

void wrong(int *p)
{
    leat_go(work, "a", p);
}
