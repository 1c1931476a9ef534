/* SPDX-License-Identifier: MIT */
// expect: no matching function
#include <leat.h>

void work(const char *name, int times);

void wrong(void);

void wrong(void)
{
    leat_blocking(work, "a");
}
