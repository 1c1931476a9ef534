/* SPDX-License-Identifier: MIT */
// expect: too few arguments
#include <leat.h>

void work(const char *name, int times);

void wrong(void);

void wrong(void)
{
    leat_blocking(work, "a");
}
