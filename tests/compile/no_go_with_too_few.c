/* SPDX-License-Identifier: MIT */
// expect: too few arguments
#include <leat.h>

void work(const char *name, int times);

void wrong(const leat_go_opts *o);

void wrong(const leat_go_opts *o)
{
    leat_go_with(o, work, "a");
}
