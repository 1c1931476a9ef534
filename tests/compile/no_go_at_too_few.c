/* SPDX-License-Identifier: MIT */
// expect: too few arguments
#include <leat.h>

void work(const char *name, int times);

void wrong(const leat_site *s);

void wrong(const leat_site *s)
{
    leat_go_at(s, work, "a");
}
