/* SPDX-License-Identifier: MIT */
// expect: too few arguments
#include <leat.h>

void work(const char *name, int times);

void wrong(void);

void wrong(void)
{
    leat_after_func(LEAT_SECOND, work, "a");
}
