/* SPDX-License-Identifier: MIT */
// expect: no matching function
#include <leat.h>

void work(const char *name, int times);

void wrong();

void wrong()
{
    leat_after_func(LEAT_SECOND, work, "a");
}
