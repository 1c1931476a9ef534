/* SPDX-License-Identifier: MIT */
// expect: incompatible pointer type
// flags: -Werror
#include <leat.h>

void work(const char *name, int times);

void wrong(leat_mutex *m);

void wrong(leat_mutex *m)
{
    leat_waitgroup_go(m, work, "a", 1);
}
