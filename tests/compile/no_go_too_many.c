/* SPDX-License-Identifier: MIT */
// expect: too many arguments
#include <leat.h>

void work(const char *name, int times);

void wrong(void);

void wrong(void)
{
    leat_go(work, "a", 1, 2);
}
