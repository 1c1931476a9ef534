/* SPDX-License-Identifier: MIT */
// expect: incompatible pointer | makes integer from pointer | pointer to integer
// flags: -Werror
#include <leat.h>

void work(const char *name, int times);

void wrong(int *p);

void wrong(int *p)
{
    leat_go(work, "a", p);
}
