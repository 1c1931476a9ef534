/* SPDX-License-Identifier: MIT */
// expect: too few arguments
#include <leat/group.h>

static int work(int i, const char *s)
{
    return i + (s != 0);
}

void f(leat_group *g);

void f(leat_group *g)
{
    leat_group_go(g, work, 1);
}
